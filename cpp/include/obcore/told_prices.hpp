#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "obcore/event.hpp"
#include "obcore/units.hpp"

namespace obcore::tardis {

// The prices that a run of snapshot rows has told, to notice one that is told twice.
//
// A hash table that forgets a run in O(1) and keeps its memory. Past `limit` prices a run is no
// longer watched: a file in which every row is a snapshot row must not fill the memory.
class ToldPrices {
public:
    static constexpr std::size_t limit = std::size_t{1} << 17;

    void clear() noexcept {
        ++run_;
        count_ = 0;
    }

    // False where the run has told this price of this side before.
    [[nodiscard]] bool insert(Side side, Ticks price) {
        if (count_ == limit) return true;
        if (2 * count_ >= slots_.size()) grow();
        return insert_key(2 * price + (side == Side::ask ? 1 : 0));
    }

    void rescale(const Rescale& factors) {
        std::vector<Slot> old(slots_.size());
        old.swap(slots_);
        count_ = 0;
        for (const Slot& slot : old) {
            if (slot.run != run_) continue;
            Level level{.price = slot.key >> 1};
            factors.apply(level);
            static_cast<void>(insert_key(2 * level.price + (slot.key & 1)));
        }
    }

private:
    struct Slot {
        std::int64_t key = 0;
        std::uint64_t run = 0;  // free where this is not the current run
    };

    [[nodiscard]] bool insert_key(std::int64_t key) noexcept {
        const std::size_t mask = slots_.size() - 1;
        // Neighbouring prices must not share a slot; the high bits of the product mix best.
        const std::uint64_t hash = static_cast<std::uint64_t>(key) * 0x9E37'79B9'7F4A'7C15U;
        for (std::size_t i = (hash >> 32U) & mask;; i = (i + 1) & mask) {
            Slot& slot = slots_[i];
            if (slot.run != run_) {
                slot = {.key = key, .run = run_};
                ++count_;
                return true;
            }
            if (slot.key == key) return false;
        }
    }

    void grow() {
        std::vector<Slot> old(std::max(2 * slots_.size(), std::size_t{4096}));
        old.swap(slots_);
        count_ = 0;
        for (const Slot& slot : old) {
            if (slot.run == run_) static_cast<void>(insert_key(slot.key));
        }
    }

    std::vector<Slot> slots_;
    std::size_t count_ = 0;
    std::uint64_t run_ = 1;
};

}  // namespace obcore::tardis
