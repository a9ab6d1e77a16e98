#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "obcore/eight_bytes.hpp"

namespace obcore {

// Reads all of `text` as an integer in base 10: digits and a minus, nothing else.
template <typename Integer>
[[nodiscard]] bool read_integer(std::string_view text, Integer& out) noexcept {
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, out);
    return result.ec == std::errc{} && result.ptr == end;
}

// Times and ids have 9 to 19 digits: two words of eight, and what is before them.
[[nodiscard]] inline bool read_integer(std::string_view text, std::int64_t& out) noexcept {
    constexpr std::uint64_t eight_digits = 100'000'000;
    if (text.size() < 9 || text.size() > 19) return read_integer<std::int64_t>(text, out);

    const int front_count = static_cast<int>(text.size()) - 16;
    const char* const last_eight = text.data() + text.size() - 8;
    const int middle_count = front_count > 0 ? 8 : 8 + front_count;
    const std::uint64_t middle = eight_bytes::load(last_eight - middle_count);
    const std::uint64_t last = eight_bytes::load(last_eight);
    std::uint64_t front = 0;
    for (int i = 0; i < front_count; ++i) {
        const auto digit = static_cast<unsigned>(text[static_cast<std::size_t>(i)] - '0');
        if (digit > 9) return read_integer<std::int64_t>(text, out);
        front = front * 10 + digit;
    }
    constexpr std::uint64_t largest_front = 921;  // 2^63 begins with 922
    const bool are_digits =
        front <= largest_front &&
        eight_bytes::count_before(eight_bytes::find_no_digits(middle)) >= middle_count &&
        eight_bytes::find_no_digits(last) == 0;
    if (!are_digits) return read_integer<std::int64_t>(text, out);
    out = static_cast<std::int64_t>(
        (front * eight_digits + eight_bytes::to_number(middle, middle_count)) * eight_digits +
        eight_bytes::to_number(last, 8));
    return true;
}

}  // namespace obcore
