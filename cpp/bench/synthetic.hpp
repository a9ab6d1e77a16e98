#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "dice.hpp"
#include "obcore/units.hpp"
#include "quoted_side.hpp"

namespace obcore::bench {

struct SyntheticSettings {
    std::int64_t levels = 1000;  // a side, about
    std::int64_t updates = 0;    // at least; the last message is whole
    std::uint64_t seed = 0;
    std::int64_t spacing = 1;  // every price is a multiple of it: above 1 the book is sparse
    std::int64_t drift = 0;    // of the mid a message, in 2^−16 of the spacing
};

// A snapshot and the messages that follow it: message i is updates offsets[i] … offsets[i + 1].
struct SyntheticStream {
    std::vector<Level> bids;
    std::vector<Level> asks;
    std::vector<std::uint8_t> sides;
    std::vector<Ticks> prices;
    std::vector<Lots> sizes;
    std::vector<std::int64_t> offsets{0};
};

// A market whose diffs look like those of a busy perpetual: about 19 updates a message, three
// in ten of them deletions, four in five within 20 ticks of the touch, a mid that walks and
// drifts. What it tells is consistent: a message names a level once and never leaves the book
// crossed.
class SyntheticMarket {
public:
    explicit SyntheticMarket(const SyntheticSettings& settings)
        : settings_(checked(settings)), dice_(settings.seed), drift_(settings.drift) {
        open(bids_, bid_key(opening_mid - 1));
        open(asks_, ask_key(opening_mid));
    }

    [[nodiscard]] SyntheticStream stream() {
        SyntheticStream out;
        out.bids = levels_of(bids_, Side::bid);
        out.asks = levels_of(asks_, Side::ask);
        reserve(out);
        while (std::cmp_less(out.prices.size(), settings_.updates)) {
            bids_.begin_message();
            asks_.begin_message();
            move_mid();
            touch_levels();
            follow_the_book();
            tell(bids_, Side::bid, out);
            tell(asks_, Side::ask, out);
            out.offsets.push_back(static_cast<std::int64_t>(out.prices.size()));
        }
        return out;
    }

private:
    using Key = QuotedSide::Key;

    // Prices are the range's ticks counted from its lower end, each times the spacing.
    static constexpr Key range = Key{1} << 18;
    static constexpr Key margin = 40'000;  // the mid turns this far from the ends
    static constexpr Ticks opening_mid = 650'000;
    static constexpr Ticks lowest = opening_mid - range / 2;
    static constexpr std::int64_t fewest_levels = 12;
    static constexpr std::int64_t one = std::int64_t{1} << 16;  // a tick of the mid

    [[nodiscard]] static SyntheticSettings checked(const SyntheticSettings& settings) {
        const auto require = [](const char* name, std::int64_t value, std::int64_t first,
                                std::int64_t last) {
            if (value >= first && value <= last) return;
            throw std::invalid_argument(std::string(name) + ": expected " +
                                        std::to_string(first) + " to " + std::to_string(last) +
                                        ", received " + std::to_string(value));
        };
        require("levels", settings.levels, 20, 10'000);
        require("updates", settings.updates, 0, 1'000'000'000);
        require("spacing", settings.spacing, 1, 1'000'000);
        require("drift", settings.drift, -one, one);
        return settings;
    }

    [[nodiscard]] static Key bid_key(Ticks tick) noexcept { return tick - lowest; }
    [[nodiscard]] static Key ask_key(Ticks tick) noexcept {
        return range - 1 - (tick - lowest);
    }
    [[nodiscard]] Ticks price(Key key, Side side) const noexcept {
        const Key above_lowest = side == Side::bid ? key : range - 1 - key;
        return (lowest + above_lowest) * settings_.spacing;
    }

    // Without gaps at the touch, with ever more of them behind it.
    void open(QuotedSide& side, Key best) {
        for (Key key = best; side.count() < settings_.levels; --key) {
            side.quote(key, dice_.lots());
            const std::int64_t gap_share = 250 + (best - key) * 2 / 3;
            if (dice_.per_mille(std::min<std::int64_t>(850, gap_share)))
                key -= dice_.decaying(1);
        }
    }

    [[nodiscard]] std::vector<Level> levels_of(const QuotedSide& quoted, Side side) const {
        std::vector<Level> out;
        for (Key key = quoted.best(); key >= quoted.worst(); --key) {
            if (quoted.lots(key) > 0) out.push_back({price(key, side), quoted.lots(key)});
        }
        return out;
    }

    void reserve(SyntheticStream& out) const {
        const auto updates = static_cast<std::size_t>(settings_.updates) + 4'096;
        out.sides.reserve(updates);
        out.prices.reserve(updates);
        out.sizes.reserve(updates);
        out.offsets.reserve(updates / 16);
    }

    // The levels that the mid passes are consumed, and both sides quote around it.
    void move_mid() {
        if (!dice_.per_mille(450)) return;
        mid_ += drift_ * 20 / 9 + dice_.bell() * one * 3 / 8;
        if (mid_ < (lowest + margin) * one || mid_ > (lowest + range - margin) * one) {
            drift_ = -drift_;
            mid_ = std::clamp(mid_, (lowest + margin) * one, (lowest + range - margin) * one);
        }
        const Ticks bid = mid_ / one - 1;
        const Ticks ask = bid + (dice_.per_mille(100) ? 2 : 1);
        lead(bids_, bid_key(bid));
        lead(asks_, ask_key(ask));
    }

    void lead(QuotedSide& side, Key key) {
        if (side.lots(key) == 0) side.quote(key, dice_.lots());
        side.lead_with(key);
        while (side.count() < fewest_levels) side.quote(side.worst() - 1, dice_.lots());
    }

    void touch_levels() {
        const std::int64_t wanted = std::min<std::int64_t>(200, 6 + dice_.decaying(9));
        for (std::int64_t tries = 4 * wanted; tries > 0; --tries) {
            if (std::cmp_greater_equal(bids_.touches() + asks_.touches(), wanted)) return;
            touch(dice_.per_mille(500) ? bids_ : asks_);
        }
    }

    void touch(QuotedSide& side) {
        const Key key = must_shrink(side) ? side.worst() : side.best() - distance();
        if (key < 0 || side.is_touched(key)) return;
        if (side.lots(key) > 0) {
            const bool leaves = key == side.worst() || dice_.per_mille(leaving_share(side));
            if (leaves && side.count() > fewest_levels) {
                side.remove(key);
            } else {
                side.quote(key, dice_.lots());
            }
        } else if (dice_.per_mille(20)) {
            side.remove(key);
        } else if (side.count() < settings_.levels * 103 / 100 + 2) {
            side.quote(key, dice_.lots());
        }
    }

    // A feed of few levels drops the farthest at once, a deep one forgets it some day.
    [[nodiscard]] bool must_shrink(const QuotedSide& side) {
        if (settings_.levels <= 64) return side.count() > settings_.levels;
        return side.count() > settings_.levels * 51 / 50 && dice_.per_mille(500);
    }
    [[nodiscard]] Key distance() {
        const bool deep = dice_.per_mille(60);
        return dice_.decaying(deep ? std::max<std::int64_t>(7, settings_.levels / 2) : 5);
    }
    [[nodiscard]] std::int64_t leaving_share(const QuotedSide& side) const noexcept {
        return side.count() * 50 > settings_.levels * 49 ? 420 : 300;
    }

    // Deletions at the touch move the best prices; the mid does not stay behind.
    void follow_the_book() noexcept {
        const std::int64_t bid = (lowest + bids_.best()) * one;
        const std::int64_t ask = (lowest + range - 1 - asks_.best()) * one;
        mid_ = std::max(mid_, bid + one);
        if (const auto ahead = ask - 12 * one - mid_; ahead > 0) mid_ += ahead / 4;
        if (const auto behind = mid_ - 13 * one - bid; behind > 0) mid_ -= behind / 4;
    }

    void tell(QuotedSide& quoted, Side side, SyntheticStream& out) const {
        for (const Key key : quoted.sorted_touches()) {
            out.sides.push_back(static_cast<std::uint8_t>(side));
            out.prices.push_back(price(key, side));
            out.sizes.push_back(quoted.lots(key));
        }
    }

    SyntheticSettings settings_;
    Dice dice_;
    QuotedSide bids_{range};
    QuotedSide asks_{range};
    std::int64_t mid_ = opening_mid * one;
    std::int64_t drift_;
};

}  // namespace obcore::bench
