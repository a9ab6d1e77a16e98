#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "obcore/occupancy.hpp"
#include "obcore/units.hpp"

namespace obcore {

// Sizes by key in a moving window of keys, with memory only for those parts that hold levels.
//
// A ring of page numbers, and pages of 16 sizes in one pool. A key and the key one window away
// share a place, so the owner must drop what leaves the window. Page 0 is nobody's and all
// zeros: a key without a page reads as 0 like every other key without a level. Pages that hold
// no level any more are found again before the pool grows, so it stays below three times what
// the levels at hand need, or what they needed once.
class PagedSizes {
public:
    static constexpr std::int64_t page_size = 16;
    static constexpr int page_shift = 4;
    static_assert(page_size == 1 << page_shift);

    // `window` is a power of two, of at most 2^20 for the page numbers.
    explicit PagedSizes(std::int64_t window)
        : page_numbers_(static_cast<std::size_t>(window / page_size)),
          mask_(page_numbers_.size() - 1) {}

    [[nodiscard]] Lots at(std::int64_t key) const noexcept { return pool_[slot(key)]; }

    [[nodiscard]] bool has_page(std::int64_t key) const noexcept {
        return page_numbers_[place(key)] != 0;
    }

    // The size of a key that has a page, to be written.
    [[nodiscard]] Lots& operator[](std::int64_t key) noexcept { return pool_[slot(key)]; }

    // Gives a key a page; `occupied` says which other pages hold no level.
    void add_page(std::int64_t key, const Occupancy& occupied) {
        if (free_.empty()) {
            reclaim(occupied);
            if (free_.size() <= pool_.size() / page_size / 4) grow();
        }
        page_numbers_[place(key)] = free_.back();
        free_.pop_back();
    }

    // Takes the page of a key away, which holds no level.
    void drop_page(std::int64_t key) noexcept { drop(place(key)); }

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        return page_numbers_.capacity() * sizeof(PageNumber) + pool_.capacity() * sizeof(Lots) +
               free_.capacity() * sizeof(PageNumber);
    }

private:
    using PageNumber = std::uint16_t;

    [[nodiscard]] std::size_t place(std::int64_t key) const noexcept {
        return static_cast<std::size_t>(key >> page_shift) & mask_;
    }
    [[nodiscard]] std::size_t slot(std::int64_t key) const noexcept {
        return std::size_t{page_numbers_[place(key)]} * page_size +
               (static_cast<std::size_t>(key) & (page_size - 1));
    }

    void drop(std::size_t place) noexcept {
        if (page_numbers_[place] == 0) return;
        free_.push_back(page_numbers_[place]);  // within what grow() reserved
        page_numbers_[place] = 0;
    }

    void reclaim(const Occupancy& occupied) noexcept {
        constexpr std::uint64_t page_bits = 0xFFFF;
        for (std::size_t i = 0; i <= mask_; ++i) {
            const std::int64_t key = static_cast<std::int64_t>(i) * page_size;
            if ((occupied.word(key) >> (key & 63) & page_bits) == 0) drop(i);
        }
    }

    // By a half, so that finding pages again is rare.
    void grow() {
        const std::size_t pages = pool_.size() / page_size;
        const std::size_t more = std::max<std::size_t>(16, pages / 2);
        free_.reserve(pages + more);
        pool_.resize((pages + more) * page_size);
        for (std::size_t page = pages + more; page-- > pages;) {
            free_.push_back(static_cast<PageNumber>(page));
        }
    }

    std::vector<PageNumber> page_numbers_;
    std::size_t mask_;
    std::vector<Lots> pool_ = std::vector<Lots>(page_size);
    std::vector<PageNumber> free_;  // the next one to be used last
};

}  // namespace obcore
