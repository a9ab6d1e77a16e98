#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "obcore/occupancy.hpp"
#include "obcore/units.hpp"

namespace obcore {

// All levels of one side of a book.
//
// The levels near the best lie in a flat ring indexed by tick; those worse than the ring's
// reach lie beside it, exactly, in a sorted vector. The ring follows the best, so an update
// near the touch costs O(1) and a far one O(log n) plus a move of the vector. 270 KB a side at
// the start.
//
// Inside, a level is found by its key: the price for bids, the negated price for asks, so that
// on both sides a higher key is a better price. Not thread-safe.
//
// `window` is how many ticks the ring reaches; docs/decisions/0002-flat-ladder.md has the
// measurements behind the default.
template <Side side, std::int64_t window = std::int64_t{1} << 15>
class Ladder {
public:
    Ladder() : sizes_(static_cast<std::size_t>(window)) {}

    // Sets a level to an absolute size; size 0 removes it, also where there is none.
    void set(Level level) {
        const std::int64_t key = key_of(level.price);
        if (key > high_ || (key < low() && empty())) [[unlikely]] {
            if (level.size == 0) return;
            move_window(key + headroom);
        }
        if (key < low()) [[unlikely]] {
            set_far(key, level.size);
            return;
        }
        set_near(key, level.size);
        if (level.size != 0) {
            best_ = std::max(best_, key);
        } else if (key == best_) {
            find_next_best();
        }
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
        for (const Level& level : levels) {
            const std::int64_t key = key_of(level.price);
            if (key > high_) continue;  // only a size 0 lies above the best
            if (key >= low()) {
                set_near(key, level.size);
            } else {
                far_.push_back({key, level.size});
            }
        }
        tidy_far();
        best_ = high_;
        find_next_best();
    }

    void clear() noexcept {
        for (std::int64_t base = best_ & ~std::int64_t{63}; near_count_ > 0; base -= 64) {
            for (std::uint64_t bits = occupied_.word(base); bits != 0; bits &= bits - 1) {
                near(base + std::countr_zero(bits)) = 0;
                --near_count_;
            }
        }
        occupied_.clear();
        far_.clear();
        total_ = 0;
        best_ = absent;
    }

    [[nodiscard]] bool empty() const noexcept { return best_ == absent; }
    [[nodiscard]] std::size_t count() const noexcept { return near_count_ + far_.size(); }
    [[nodiscard]] Int128 total_lots() const noexcept { return total_; }

    [[nodiscard]] std::optional<Level> best() const noexcept {
        if (empty()) return std::nullopt;
        return Level{price_of(best_), near(best_)};
    }

    // The nth level counted from 0 at the best.
    [[nodiscard]] std::optional<Level> at(std::size_t index) const noexcept {
        if (index >= count()) return std::nullopt;
        if (index >= near_count_) {
            const Far& far = far_[far_.size() - 1 - (index - near_count_)];
            return Level{price_of(far.key), far.size};
        }
        std::int64_t base = best_ & ~std::int64_t{63};
        std::uint64_t bits = occupied_.word(base);
        for (auto here = static_cast<std::size_t>(std::popcount(bits)); index >= here;
             here = static_cast<std::size_t>(std::popcount(bits))) {
            index -= here;
            base -= 64;
            bits = occupied_.word(base);
        }
        for (; index > 0; --index) bits ^= std::bit_floor(bits);
        const std::int64_t key = base + 63 - std::countl_zero(bits);
        return Level{price_of(key), near(key)};
    }

    [[nodiscard]] Lots size_at(Ticks price) const noexcept {
        const std::int64_t key = key_of(price);
        if (key > high_) return 0;
        if (key >= low()) return near(key);
        const auto found = find_far(key);
        return found != far_.end() && found->key == key ? found->size : 0;
    }

    // Copies the best levels, best first, and returns how many there were.
    // NOLINTNEXTLINE(modernize-use-nodiscard): who asks for all of them knows the count
    std::size_t top(std::span<Level> out) const noexcept {
        if (out.empty() || empty()) return 0;
        std::size_t filled = 0;
        for (std::int64_t base = best_ & ~std::int64_t{63}; base >= low(); base -= 64) {
            for (std::uint64_t bits = occupied_.word(base); bits != 0;) {
                const int bit = 63 - std::countl_zero(bits);
                const std::int64_t key = base + bit;
                out[filled] = {price_of(key), near(key)};
                if (++filled == out.size()) return filled;
                bits ^= std::uint64_t{1} << bit;
            }
            if (filled == near_count_) break;
        }
        for (auto far = far_.rbegin(); far != far_.rend() && filled < out.size(); ++far) {
            out[filled++] = {price_of(far->key), far->size};
        }
        return filled;
    }

    // The worst price held; none where the side is empty.
    [[nodiscard]] std::optional<Level> worst() const noexcept {
        return empty() ? std::nullopt : at(count() - 1);
    }

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        return sizeof(*this) + sizes_.capacity() * sizeof(Lots) + far_.capacity() * sizeof(Far);
    }

private:
    struct Far {
        std::int64_t key;
        Lots size;
    };

    // Room above the best, so that a market that moves a little leaves the window in place.
    static constexpr std::int64_t headroom = window / 4;
    static_assert(headroom + 63 < window,
                  "the best lies inside, also with its word rounded up");

    [[nodiscard]] static std::int64_t key_of(Ticks price) noexcept {
        return side == Side::bid ? price : -price;
    }
    [[nodiscard]] static Ticks price_of(std::int64_t key) noexcept { return key_of(key); }

    [[nodiscard]] std::int64_t low() const noexcept { return high_ - window + 1; }

    [[nodiscard]] Lots& near(std::int64_t key) noexcept {
        return sizes_[static_cast<std::size_t>(key & (window - 1))];
    }
    [[nodiscard]] Lots near(std::int64_t key) const noexcept {
        return sizes_[static_cast<std::size_t>(key & (window - 1))];
    }

    void set_near(std::int64_t key, Lots size) {
        Lots& held = near(key);
        total_ += size - Int128{held};
        if (size != 0) {
            if (held == 0) {
                occupied_.set(key);
                ++near_count_;
            }
            held = size;
        } else if (held != 0) {
            held = 0;
            occupied_.reset(key);
            --near_count_;
        }
    }

    // The best is gone: the next one lies in the ring below it, or beside the ring.
    void find_next_best() {
        best_ = occupied_.at_or_below(best_, low());
        if (best_ == absent) {
            if (far_.empty()) return;
            best_ = far_.back().key;
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
        if (near_count_ == 0) return;
        for (std::int64_t base = from; base <= to; base += 64) {
            for (std::uint64_t bits = occupied_.word(base); bits != 0; bits &= bits - 1) {
                const std::int64_t key = base + std::countr_zero(bits);
                far_.push_back({key, near(key)});
                near(key) = 0;
                occupied_.reset(key);
                --near_count_;
            }
        }
    }

    void pull_in() {
        for (; !far_.empty() && far_.back().key >= low(); far_.pop_back()) {
            near(far_.back().key) = far_.back().size;
            occupied_.set(far_.back().key);
            ++near_count_;
        }
    }

    [[nodiscard]] auto find_far(std::int64_t key) const noexcept {
        return std::lower_bound(far_.begin(), far_.end(), key,
                                [](const Far& far, std::int64_t k) { return far.key < k; });
    }

    void set_far(std::int64_t key, Lots size) {
        const auto found = far_.begin() + (find_far(key) - far_.cbegin());
        const bool held = found != far_.end() && found->key == key;
        if (size == 0) {
            if (!held) return;
            total_ -= found->size;
            far_.erase(found);
        } else if (held) {
            total_ += size - Int128{found->size};
            found->size = size;
        } else {
            total_ += size;
            far_.insert(found, {key, size});
        }
    }

    // Snapshots come best first, so the usual work is one reversal.
    void tidy_far() {
        const auto by_key = [](const Far& a, const Far& b) { return a.key < b.key; };
        const auto strictly_descending = [](const Far& a, const Far& b) {
            return a.key <= b.key;
        };
        if (std::adjacent_find(far_.begin(), far_.end(), strictly_descending) == far_.end()) {
            std::reverse(far_.begin(), far_.end());
        } else {
            std::stable_sort(far_.begin(), far_.end(), by_key);
        }
        std::size_t kept = 0;
        for (const Far& far : far_) {
            if (kept > 0 && far_[kept - 1].key == far.key) --kept;
            far_[kept++] = far;
        }
        far_.resize(kept);
        std::erase_if(far_, [](const Far& far) { return far.size == 0; });
        for (const Far& far : far_) total_ += far.size;
    }

    std::vector<Lots> sizes_;  // a ring: the slot of a key is key mod window
    Occupancy<window> occupied_;
    std::vector<Far> far_;  // below the window, the best at the back
    std::size_t near_count_ = 0;
    Int128 total_ = 0;
    std::int64_t best_ = absent;
    std::int64_t high_ = -(std::int64_t{1} << 61) - 1;  // the window's upper end: 64·k − 1
};

}  // namespace obcore
