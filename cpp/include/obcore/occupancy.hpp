#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "obcore/units.hpp"

namespace obcore {

// Which keys of a moving window hold a level: one bit a key, in a ring of `Window` bits.
//
// A key and the key one window away share a bit, so the owner must clear what leaves the
// window. Finding the next level costs O(gap / 64): one word at a busy touch.
template <std::int64_t Window>
class Occupancy {
    static_assert(Window >= 64 && std::has_single_bit(static_cast<std::uint64_t>(Window)));

public:
    void set(std::int64_t key) noexcept { words_[word_of(key)] |= mask(key); }
    void reset(std::int64_t key) noexcept { words_[word_of(key)] &= ~mask(key); }
    void clear() noexcept { words_.fill(0); }

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

private:
    [[nodiscard]] static std::size_t word_of(std::int64_t key) noexcept {
        return static_cast<std::size_t>((key & (Window - 1)) >> 6);
    }
    [[nodiscard]] static std::uint64_t mask(std::int64_t key) noexcept {
        return std::uint64_t{1} << (key & 63);
    }

    std::array<std::uint64_t, Window / 64> words_{};
};

}  // namespace obcore
