#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

// Eight characters at a time, in an integer: what every machine can do. The first character is
// the lowest byte.
namespace obcore::eight_bytes {

inline constexpr std::uint64_t ones = 0x0101010101010101;
inline constexpr std::uint64_t high_bits = 0x8080808080808080;
inline constexpr std::uint64_t zeros = ones * '0';

[[nodiscard]] inline std::uint64_t load(const char* text) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, text, sizeof(word));
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
}

// A high bit in the first byte that equals `wanted`; what lies above it means nothing.
[[nodiscard]] constexpr std::uint64_t find(std::uint64_t word, char wanted) noexcept {
    const std::uint64_t same_is_zero = word ^ (ones * static_cast<unsigned char>(wanted));
    return (same_is_zero - ones) & ~same_is_zero & high_bits;
}

// A high bit in each byte that is no digit.
[[nodiscard]] constexpr std::uint64_t find_no_digits(std::uint64_t word) noexcept {
    const std::uint64_t digits = word ^ zeros;
    constexpr std::uint64_t above_nine = ones * (0x80 - 10);
    return (((digits & ~high_bits) + above_nine) | digits) & high_bits;
}

// How many bytes come before the first high bit; 8 where there is none.
[[nodiscard]] constexpr int count_before(std::uint64_t found) noexcept {
    return std::countr_zero(found) / 8;
}

// The value of the first `count` characters, all of them digits; 0 to 8 of them.
[[nodiscard]] constexpr std::uint64_t to_number(std::uint64_t word, int count) noexcept {
    if (count == 0) return 0;
    std::uint64_t digits = (word ^ zeros) << (64 - 8 * count);  // zeros in front
    digits = digits * 10 + (digits >> 8);                       // pairs, in every other byte
    constexpr std::uint64_t pairs = 0x000000FF000000FF;
    return ((digits & pairs) * (100 + (std::uint64_t{1'000'000} << 32)) +
            ((digits >> 16) & pairs) * (1 + (std::uint64_t{10'000} << 32))) >>
           32;
}

}  // namespace obcore::eight_bytes
