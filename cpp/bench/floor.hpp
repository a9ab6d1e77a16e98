#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "bare_json.hpp"
#include "bare_ladder.hpp"
#include "bare_vector.hpp"
#include "instruction_set.hpp"
#include "obcore/units.hpp"

namespace obcore::bench {

// Messages as they lie in memory: message i is rows offsets[i] … offsets[i + 1].
struct Updates {
    std::span<const std::uint8_t> sides;
    std::span<const std::int64_t> prices;
    std::span<const std::int64_t> sizes;
    std::span<const std::int64_t> offsets;

    [[nodiscard]] std::size_t messages() const noexcept { return offsets.size() - 1; }
};

// What one core can do at best: a book without sync, far levels or validation. The prices of
// all that it is given lie between the first and the last tick that it was made for.
class BareBook {
public:
    BareBook(std::int64_t first_tick, std::int64_t last_tick, Instructions instructions)
        : instructions_(instructions) {
        if (last_tick < first_tick || last_tick - first_tick >= widest) {
            throw std::invalid_argument(
                "ticks: expected a range of 1 to " + std::to_string(widest) + ", received " +
                std::to_string(first_tick) + " to " + std::to_string(last_tick));
        }
        const std::int64_t ticks = last_tick - first_tick + 1;
        ladder_.first_tick = first_tick;
        ladder_.side_keys = (ticks / BareLadder::block + 1) * BareLadder::block;
    }

    void load(std::span<const std::int64_t> bids, std::span<const std::int64_t> asks) {
        const auto keys = static_cast<std::size_t>(2 * ladder_.side_keys);
        lots_.assign(keys, 0.0);
        words_.assign(keys / 64, 0);
        blocks_.assign(keys / BareLadder::block, 0);
        ladder_.lots = lots_.data();
        ladder_.words = words_.data();
        ladder_.blocks = blocks_.data();
        ladder_.best_bid = ladder_.side_keys;
        ladder_.best_ask = 2 * ladder_.side_keys;
        bid_total_ = set_all(false, bids);
        ask_total_ = set_all(true, asks);
    }

    void apply(const Updates& updates) {
        run_on(instructions_, [this, &updates]() __attribute__((always_inline)) {
            BareLadder ladder = ladder_;
            for (std::size_t i = 0; i < updates.messages(); ++i) {
                for (auto row = at(updates.offsets[i]); row < at(updates.offsets[i + 1]);
                     ++row) {
                    ladder.set(updates.sides[row] != 0, updates.prices[row],
                               updates.sizes[row]);
                }
                ladder.settle();
            }
            ladder_ = ladder;
        });
    }

    // A row of 58 numbers after each message; false where a state had fewer than ten levels.
    [[nodiscard]] bool replay(const Updates& updates, const BareVector& vector, double* rows) {
        bool deep = true;
        run_on(instructions_, [&, this]() __attribute__((always_inline)) {
            BareLadder ladder = ladder_;
            BareState state{};
            double both_totals = bid_total_ + ask_total_;
            double ask_total = ask_total_;
            double* out = rows;
            bool all_deep = true;
            for (std::size_t i = 0; i < updates.messages(); ++i) {
                for (auto row = at(updates.offsets[i]); row < at(updates.offsets[i + 1]);
                     ++row) {
                    const bool ask = updates.sides[row] != 0;
                    const double growth =
                        ladder.set(ask, updates.prices[row], updates.sizes[row]);
                    both_totals += growth;
                    ask_total += growth * updates.sides[row];
                }
                ladder.settle();
                all_deep &= read_side(ladder, ladder.best_bid, ladder.side_keys, state.bid);
                all_deep &= read_side(ladder, ladder.best_ask, 2 * ladder.side_keys, state.ask);
                state.bid.total = both_totals - ask_total;
                state.ask.total = ask_total;
                vector.compute(state, out);
                out += BareVector::size;
            }
            ladder_ = ladder;
            bid_total_ = both_totals - ask_total;
            ask_total_ = ask_total;
            deep = all_deep;
        });
        return deep;
    }

    // Message i is bytes offsets[i] … offsets[i + 1] of texts, behind which 8 more can be read.
    void scan(const char* texts, std::span<const std::int64_t> offsets, BareScanner scanner) {
        run_on(instructions_, [=, this]() __attribute__((always_inline)) {
            BareLadder ladder = ladder_;
            const auto on_level =
                [&ladder](bool ask, std::int64_t ticks, std::int64_t lots)
                    __attribute__((always_inline)) { ladder.set(ask, ticks, lots); };
            for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
                scanner.scan(texts + offsets[i], texts + offsets[i + 1], on_level);
                ladder.settle();
            }
            ladder_ = ladder;
        });
    }

    // Best first.
    [[nodiscard]] std::vector<Level> levels(bool ask) const {
        std::vector<Level> out;
        const BareLadder::Key end = (ask ? 2 : 1) * ladder_.side_keys;
        BareLadder::Key key = end - ladder_.side_keys;
        while ((key = ladder_.first_quoted(key, end)) < end) {
            out.push_back({static_cast<Ticks>(ladder_.tick(key)),
                           static_cast<Lots>(lots_[static_cast<std::size_t>(key)])});
            ++key;
        }
        return out;
    }

private:
    static constexpr std::int64_t widest = std::int64_t{1} << 28;

    [[nodiscard]] static std::size_t at(std::int64_t offset) noexcept {
        return static_cast<std::size_t>(offset);
    }

    [[nodiscard, gnu::always_inline]] static bool read_side(const BareLadder& ladder,
                                                            BareLadder::Key best,
                                                            BareLadder::Key end,
                                                            BareState::Side& side) noexcept {
        std::array<BareLadder::Key, BareLadder::depth> keys{};
        const std::size_t count = ladder.top(best, end, keys);
        for (std::size_t i = 0; i < BareLadder::depth; ++i) {
            side.ticks[i] = ladder.tick(keys[i]);
            side.lots[i] = ladder.lots[keys[i]];
        }
        return count == BareLadder::depth;
    }

    [[nodiscard]] double set_all(bool ask, std::span<const std::int64_t> rows) {
        double total = 0.0;
        for (std::size_t i = 0; i + 1 < rows.size(); i += 2) {
            total += ladder_.set(ask, rows[i], rows[i + 1]);
        }
        return total;
    }

    Instructions instructions_;
    std::vector<double> lots_;
    std::vector<std::uint64_t> words_;
    std::vector<std::uint64_t> blocks_;
    BareLadder ladder_{};
    double bid_total_ = 0.0;
    double ask_total_ = 0.0;
};

// Reads every byte once; the sum is there so that no compiler leaves the reading out.
[[nodiscard]] inline std::uint64_t sum_of(std::span<const std::uint64_t> values,
                                          Instructions instructions) {
    std::uint64_t out = 0;
    run_on(instructions, [&out, values]() __attribute__((always_inline)) {
        std::uint64_t sum = 0;
        for (const std::uint64_t value : values) sum += value;
        out = sum;
    });
    return out;
}

}  // namespace obcore::bench
