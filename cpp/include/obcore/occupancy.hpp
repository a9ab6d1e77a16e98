#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "obcore/units.hpp"

namespace obcore {

// Which keys of a moving window hold a level: one bit a key, in a ring of as many bits.
//
// A key and the key one window away share a bit, so the owner must clear what leaves the
// window. Finding the next level costs O(gap / 64): one word at a busy touch.
class Occupancy {
public:
    // `window` is a power of two of at least 64.
    explicit Occupancy(std::int64_t window)
        : words_(static_cast<std::size_t>(window) / 64), mask_(words_.size() - 1) {}

    void set(std::int64_t key, bool is_occupied) noexcept {
        std::uint64_t& word = words_[word_of(key)];
        const auto bit = key & 63;
        word = (word & ~(std::uint64_t{1} << bit)) |
               (static_cast<std::uint64_t>(is_occupied) << bit);
    }
    void clear() noexcept { std::ranges::fill(words_, 0); }

    // The highest occupied key in [low, key]; `absent` if there is none. `low` starts a word.
    [[nodiscard]] std::int64_t at_or_below(std::int64_t key, std::int64_t low) const noexcept {
        if (key < low) return absent;
        std::uint64_t bits = words_[word_of(key)] & (~std::uint64_t{0} >> (63 - (key & 63)));
        std::int64_t base = key & ~std::int64_t{63};
        while (bits == 0) {
            base -= 64;
            if (base < low) return absent;
            bits = words_[word_of(base)];
        }
        return base + 63 - std::countl_zero(bits);
    }

    // The bits of keys [base, base + 64); `base` is a multiple of 64.
    [[nodiscard]] std::uint64_t word(std::int64_t base) const noexcept {
        return words_[word_of(base)];
    }

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        return words_.capacity() * sizeof(std::uint64_t);
    }

private:
    [[nodiscard]] std::size_t word_of(std::int64_t key) const noexcept {
        return static_cast<std::size_t>(key >> 6) & mask_;
    }

    std::vector<std::uint64_t> words_;
    std::size_t mask_;
};

}  // namespace obcore
