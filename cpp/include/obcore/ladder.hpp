#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "obcore/far_levels.hpp"
#include "obcore/level_ring.hpp"
#include "obcore/units.hpp"

namespace obcore {

// All levels of one side of a book.
//
// The levels near the best lie in a ring indexed by tick, which has memory only where levels
// are; those worse than the ring's reach lie beside it, exactly, in sorted chunks. The ring
// follows the best, so an update within its reach costs O(1) and a far one O(log n). 64 KB a
// side at the start, 9 bytes a level where they lie side by side, 160 where each is alone.
//
// Inside, a level is found by its key: the price for bids, the negated price for asks, so that
// on both sides a higher key is a better price. Not thread-safe.
//
// `window` is how many ticks the ring reaches, a power of two from 128 to 2^18;
// docs/decisions/0002-flat-ladder.md has the measurements behind the default.
template <Side side, std::int64_t window = std::int64_t{1} << 18>
class Ladder {
public:
    // Sets a level to an absolute size; size 0 removes it, also where there is none.
    //
    // Whether a level comes or goes nobody can predict: branches on it would cost more than all
    // the rest, so the conditions are computed.
    void set(Level level) {
        const std::int64_t key = key_of(level.price);
        if (!is_near(key)) [[unlikely]] {
            set_outside(key, level.size);
            return;
        }
        set_near(key, level.size);
        const auto is_left = static_cast<unsigned>(level.size == 0);
        const auto is_better = static_cast<unsigned>(key > best_) & ~is_left;
        best_ = is_better != 0 ? key : best_;
        if ((static_cast<unsigned>(key == best_) & is_left) != 0) [[unlikely]]
            find_next_best();
    }

    // Replaces everything. A price that comes twice keeps its last size; size 0 is no level.
    void assign(std::span<const Level> levels) {
        clear();
        std::int64_t best = absent;
        for (const Level& level : levels) {
            if (level.size != 0) best = std::max(best, key_of(level.price));
        }
        if (best == absent) return;
        move_window(best + headroom);
        std::vector<Far> far;
        for (const Level& level : levels) {
            const std::int64_t key = key_of(level.price);
            if (key > high_) continue;  // only a size 0 lies above the best
            if (key >= low()) {
                set_near(key, level.size);
            } else {
                far.push_back({key, level.size});
            }
        }
        assign_far(far);
        best_ = high_;
        find_next_best();
    }

    void clear() noexcept {
        for (std::int64_t base = best_ & ~std::int64_t{63}; near_count_ > 0; base -= 64) {
            for (std::uint64_t bits = ring_.bits(base); bits != 0; bits &= bits - 1) {
                ring_.exchange(base + std::countr_zero(bits), 0);
                --near_count_;
            }
        }
        far_.clear();
        total_ = 0;
        best_ = absent;
    }

    [[nodiscard]] bool empty() const noexcept { return best_ == absent; }
    [[nodiscard]] std::size_t count() const noexcept { return near_count_ + far_.count(); }
    [[nodiscard]] Int128 total_lots() const noexcept { return total_; }

    [[nodiscard]] std::optional<Level> best() const noexcept {
        if (empty()) return std::nullopt;
        return Level{price_of(best_), ring_.at(best_)};
    }

    // The nth level counted from 0 at the best.
    [[nodiscard]] std::optional<Level> at(std::size_t index) const noexcept {
        if (index >= count()) return std::nullopt;
        if (index >= near_count_) {
            const Far& far = far_.at(index - near_count_);
            return Level{price_of(far.key), far.size};
        }
        std::int64_t base = best_ & ~std::int64_t{63};
        std::uint64_t bits = ring_.bits(base);
        for (auto here = static_cast<std::size_t>(std::popcount(bits)); index >= here;
             here = static_cast<std::size_t>(std::popcount(bits))) {
            index -= here;
            base -= 64;
            bits = ring_.bits(base);
        }
        for (; index > 0; --index) bits ^= std::bit_floor(bits);
        const std::int64_t key = base + 63 - std::countl_zero(bits);
        return Level{price_of(key), ring_.at(key)};
    }

    [[nodiscard]] Lots size_at(Ticks price) const noexcept {
        const std::int64_t key = key_of(price);
        if (key > high_) return 0;
        return key >= low() ? ring_.at(key) : far_.size_at(key);
    }

    // Copies the best levels, best first, and returns how many there were.
    // NOLINTNEXTLINE(modernize-use-nodiscard): who asks for all of them knows the count
    std::size_t top(std::span<Level> out) const noexcept {
        if (out.empty() || empty()) return 0;
        std::size_t filled = 0;
        for (std::int64_t base = best_ & ~std::int64_t{63}; base >= low(); base -= 64) {
            for (std::uint64_t bits = ring_.bits(base); bits != 0;) {
                const int bit = 63 - std::countl_zero(bits);
                const std::int64_t key = base + bit;
                out[filled] = {price_of(key), ring_.at(key)};
                if (++filled == out.size()) return filled;
                bits ^= std::uint64_t{1} << bit;
            }
            if (filled == near_count_) break;
        }
        far_.from_best([&](const Far& far) {
            out[filled++] = {price_of(far.key), far.size};
            return filled < out.size();
        });
        return filled;
    }

    // The worst price held; none where the side is empty.
    [[nodiscard]] std::optional<Level> worst() const noexcept {
        return empty() ? std::nullopt : at(count() - 1);
    }

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        return sizeof(*this) + ring_.memory_usage() + far_.memory_usage();
    }

private:
    using Far = FarLevels::Far;

    // Room above the best, so that a market that moves a little leaves the window in place.
    static constexpr std::int64_t headroom = window / 4;

    [[nodiscard]] static std::int64_t key_of(Ticks price) noexcept {
        return side == Side::bid ? price : -price;
    }
    [[nodiscard]] static Ticks price_of(std::int64_t key) noexcept { return key_of(key); }

    [[nodiscard]] std::int64_t low() const noexcept { return high_ - window + 1; }
    // Whether a key lies in [low, high]; one comparison, for a negative number wraps.
    [[nodiscard]] bool is_near(std::int64_t key) const noexcept {
        return static_cast<std::uint64_t>(high_ - key) < static_cast<std::uint64_t>(window);
    }

    void set_near(std::int64_t key, Lots size) {
        const Lots before = ring_.exchange(key, size);
        total_ += size - before;  // both are 0 or more
        near_count_ +=
            static_cast<std::size_t>(size != 0) - static_cast<std::size_t>(before != 0);
    }

    void set_outside(std::int64_t key, Lots size) {
        if (key < high_ && !empty()) {
            total_ += size - far_.exchange(key, size);
        } else if (size != 0) {
            move_window(key + headroom);
            set_near(key, size);
            best_ = key;
        }
    }

    // The best is gone: the next one lies in the ring below it, or beside the ring.
    void find_next_best() {
        best_ = ring_.at_or_below(best_, low());
        if (best_ == absent) {
            if (far_.empty()) return;
            best_ = far_.best().key;
        }
        if (best_ < high_ - window / 2) [[unlikely]]
            move_window(best_ + headroom);
    }

    // Bounds on whole words, so that no word of the bitmap straddles the window's edge.
    void move_window(std::int64_t high) {
        high |= 63;
        const std::int64_t old_low = low();
        const std::int64_t new_low = high - window + 1;
        if (new_low > old_low) push_out(old_low, std::min(new_low - 1, high_));
        high_ = high;
        if (new_low < old_low) pull_in();
    }

    // Moves the levels in [from, to] beside the ring. They are better than all that lies there.
    void push_out(std::int64_t from, std::int64_t to) {
        for (std::int64_t base = from; base <= to; base += 64) {
            for (std::uint64_t bits = ring_.bits(base); bits != 0; bits &= bits - 1) {
                const std::int64_t key = base + std::countr_zero(bits);
                far_.push_best({key, ring_.exchange(key, 0)});
                --near_count_;
            }
            ring_.drop_pages(base);
        }
    }

    void pull_in() {
        for (; !far_.empty() && far_.best().key >= low(); far_.pop_best()) {
            const Far level = far_.best();
            total_ -= level.size;  // which is about to be counted again
            set_near(level.key, level.size);
        }
    }

    // Of one price the last size counts. Snapshots come best first, so the usual work is one
    // reversal.
    void assign_far(std::vector<Far>& levels) {
        std::ranges::reverse(levels);
        const auto by_key = [](const Far& a, const Far& b) { return a.key < b.key; };
        if (!std::is_sorted(levels.begin(), levels.end(), by_key)) {
            std::stable_sort(levels.begin(), levels.end(), by_key);
        }
        for (std::size_t i = 0; i < levels.size(); ++i) {
            const bool is_repeated = i > 0 && levels[i - 1].key == levels[i].key;
            if (is_repeated || levels[i].size == 0) continue;
            far_.push_best(levels[i]);
            total_ += levels[i].size;
        }
    }

    LevelRing<window> ring_;
    FarLevels far_;  // below the window
    std::size_t near_count_ = 0;
    Int128 total_ = 0;
    std::int64_t best_ = absent;
    std::int64_t high_ = -(std::int64_t{1} << 61) - 1;  // the window's upper end: 64·k − 1
};

}  // namespace obcore
