#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace obcore {

namespace detail {

inline constexpr std::size_t crc32_slices = 8;

// Row 0 carries one byte further, row k a byte that k more follow.
inline constexpr auto crc32_tables = [] {
    constexpr std::uint32_t polynomial = 0xEDB88320U;  // of IEEE 802.3, its bits reversed
    std::array<std::array<std::uint32_t, 256>, crc32_slices> rows{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t rest = byte;
        for (int bit = 0; bit < 8; ++bit) {
            rest = (rest >> 1) ^ ((rest & 1U) != 0 ? polynomial : 0U);
        }
        rows[0][byte] = rest;
    }
    for (std::size_t row = 1; row < crc32_slices; ++row) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t before = rows[row - 1][byte];
            rows[row][byte] = (before >> 8) ^ rows[0][before & 0xFFU];
        }
    }
    return rows;
}();

}  // namespace detail

// The CRC-32 of zlib, PNG and Ethernet, eight bytes at a time.
[[nodiscard]] constexpr std::uint32_t crc32(std::string_view bytes) noexcept {
    const auto& rows = detail::crc32_tables;
    const auto byte = [&](std::size_t i) {
        return std::uint32_t{static_cast<unsigned char>(bytes[i])};
    };
    std::uint32_t rest = 0xFFFFFFFFU;
    std::size_t i = 0;
    for (; i + detail::crc32_slices <= bytes.size(); i += detail::crc32_slices) {
        rest ^= byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24;
        rest = rows[7][rest & 0xFFU] ^ rows[6][(rest >> 8) & 0xFFU] ^
               rows[5][(rest >> 16) & 0xFFU] ^ rows[4][rest >> 24] ^ rows[3][byte(i + 4)] ^
               rows[2][byte(i + 5)] ^ rows[1][byte(i + 6)] ^ rows[0][byte(i + 7)];
    }
    for (; i < bytes.size(); ++i) rest = (rest >> 8) ^ rows[0][(rest ^ byte(i)) & 0xFFU];
    return ~rest;
}

}  // namespace obcore
