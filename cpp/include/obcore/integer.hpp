#pragma once

#include <charconv>
#include <string_view>
#include <system_error>

namespace obcore {

// Reads all of `text` as an integer in base 10: digits and a minus, nothing else.
template <typename Integer>
[[nodiscard]] bool read_integer(std::string_view text, Integer& out) noexcept {
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, out);
    return result.ec == std::errc{} && result.ptr == end;
}

}  // namespace obcore
