#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "obcore/units.hpp"

namespace obcore {

// Sizes by key in a moving window of keys: one bit a key says where a level is, and only those
// parts have memory for sizes that hold levels.
//
// A ring of words of 64 keys, and pages of 16 sizes in one pool. A key and the key one window
// away share a place, so the owner must drop what leaves the window. Page 0 is nobody's and all
// zeros: a key without a page reads as 0 like every other key without a level. Pages that hold
// no level any more are found again before a pool of some size grows, so it stays below 32 KB
// or three times what the levels need, or once needed. Finding the next level costs O(gap /
// 64): one word at a busy touch. Not thread-safe.
template <std::int64_t window>
class LevelRing {
    static_assert(window >= 128, "at least two words");
    static_assert(std::has_single_bit(static_cast<std::uint64_t>(window)));

public:
    [[nodiscard]] Lots at(std::int64_t key) const noexcept {
        return pool_[slot(word_of(key), key)];
    }

    // Sets a size, 0 removes the level; its size before.
    //
    // Whether a level comes or goes nobody can predict: a branch on it would cost more than all
    // the rest.
    Lots exchange(std::int64_t key, Lots size) {
        Word& word = word_of(key);
        if (word.pages[page_in_word(key)] == 0) [[unlikely]] {
            if (size == 0) return 0;
            add_page(word, key);
        }
        const auto bit = key & 63;
        word.bits = (word.bits & ~(std::uint64_t{1} << bit)) |
                    (static_cast<std::uint64_t>(size != 0) << bit);
        Lots& held = pool_[slot(word, key)];
        const Lots before = held;
        held = size;
        return before;
    }

    // Takes the pages of keys [base, base + 64) back, none of which holds a level.
    void drop_pages(std::int64_t base) noexcept {
        for (PageNumber& page : word_of(base).pages) drop(page);
    }

    // The highest key with a level in [low, key]; `absent` if there is none. `low` starts a
    // word.
    [[nodiscard]] std::int64_t at_or_below(std::int64_t key, std::int64_t low) const noexcept {
        if (key < low) return absent;
        std::uint64_t bits = word_of(key).bits & (~std::uint64_t{0} >> (63 - (key & 63)));
        std::int64_t base = key & ~std::int64_t{63};
        while (bits == 0) {
            base -= 64;
            if (base < low) return absent;
            bits = word_of(base).bits;
        }
        return base + 63 - std::countl_zero(bits);
    }

    // Which of the keys [base, base + 64) hold a level, a bit each; `base` is a multiple of 64.
    [[nodiscard]] std::uint64_t bits(std::int64_t base) const noexcept {
        return word_of(base).bits;
    }

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        return words_.capacity() * sizeof(Word) + pool_.capacity() * sizeof(Lots) +
               free_.capacity() * sizeof(PageNumber);
    }

private:
    using PageNumber = std::uint16_t;
    static constexpr std::size_t page_size = 16;
    static constexpr std::size_t word_count = window / 64;
    static_assert(3 * std::size_t{window} / page_size <= std::numeric_limits<PageNumber>::max(),
                  "a page number holds every page of the largest pool");

    struct Word {
        std::uint64_t bits = 0;
        std::array<PageNumber, 4> pages{};
    };
    static_assert(sizeof(Word) == 16);

    [[nodiscard]] const Word& word_of(std::int64_t key) const noexcept {
        return words_[static_cast<std::size_t>(key >> 6) & (word_count - 1)];
    }
    [[nodiscard]] Word& word_of(std::int64_t key) noexcept {
        return words_[static_cast<std::size_t>(key >> 6) & (word_count - 1)];
    }
    [[nodiscard]] static std::size_t page_in_word(std::int64_t key) noexcept {
        return static_cast<std::size_t>(key >> 4) & 3;
    }
    [[nodiscard]] static std::size_t slot(const Word& word, std::int64_t key) noexcept {
        return std::size_t{word.pages[page_in_word(key)]} * page_size +
               (static_cast<std::size_t>(key) & (page_size - 1));
    }

    // Looking for pages costs microseconds, so it waits until there are some, and then has to
    // find many.
    void add_page(Word& word, std::int64_t key) {
        constexpr std::size_t many = 256;
        const std::size_t pages = pool_.size() / page_size;
        if (free_.empty()) {
            if (pages >= many) reclaim();
            if (free_.size() <= pages / 2) grow();
        }
        word.pages[page_in_word(key)] = free_.back();
        free_.pop_back();
    }

    void drop(PageNumber& page) noexcept {
        if (page == 0) return;
        free_.push_back(page);  // within what grow() reserved
        page = 0;
    }

    void reclaim() noexcept {
        constexpr std::uint64_t page_bits = 0xFFFF;
        for (Word& word : words_) {
            if (std::bit_cast<std::uint64_t>(word.pages) == 0) continue;
            for (std::size_t i = 0; i < word.pages.size(); ++i) {
                if ((word.bits >> (page_size * i) & page_bits) == 0) drop(word.pages[i]);
            }
        }
    }

    // By a half, so that looking for pages is rare.
    void grow() {
        const std::size_t pages = pool_.size() / page_size;
        const std::size_t more = std::max<std::size_t>(16, pages / 2);
        free_.reserve(pages + more);
        pool_.reserve((pages + more) * page_size);  // or resizing would double it
        pool_.resize((pages + more) * page_size);
        for (std::size_t page = pages + more; page-- > pages;) {
            free_.push_back(static_cast<PageNumber>(page));
        }
    }

    std::vector<Word> words_ = std::vector<Word>(word_count);
    std::vector<Lots> pool_ = std::vector<Lots>(page_size);
    std::vector<PageNumber> free_;  // the one to be used next last
};

}  // namespace obcore
