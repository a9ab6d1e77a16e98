#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "obcore/error.hpp"
#include "obcore/units.hpp"

namespace obcore {

inline constexpr int max_decimals = 18;

inline constexpr auto powers_of_ten = [] {
    std::array<std::uint64_t, max_decimals + 2> powers{1};
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
}();

// The same as doubles; the largest that is exact is 10^22.
inline constexpr auto powers_of_ten_real = [] {
    std::array<double, powers_of_ten.size()> powers{};
    for (std::size_t i = 0; i < powers.size(); ++i) {
        powers[i] = static_cast<double>(powers_of_ten[i]);
    }
    return powers;
}();

// Decimal text, read exactly: value = ± mantissa / 10^decimals, without trailing zeros behind
// the point. `decimals` may be negative (an exponent).
struct Decimal {
    enum class Fault : std::uint8_t { none, not_a_number, too_large };

    std::uint64_t mantissa = 0;
    int decimals = 0;
    bool negative = false;
    Fault fault = Fault::none;

    friend bool operator==(const Decimal&, const Decimal&) = default;

    [[nodiscard]] Int128 signed_mantissa() const noexcept {
        return negative ? -Int128{mantissa} : Int128{mantissa};
    }
};

namespace detail {

[[nodiscard]] constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

// mantissa · 10^shift + digit; false where 64 bits do not hold it.
[[nodiscard]] inline bool push_digit(std::uint64_t& mantissa, int shift, char digit) noexcept {
    if (mantissa == 0) {
        mantissa = static_cast<std::uint64_t>(digit - '0');
        return true;
    }
    if (shift > max_decimals + 1) return false;
    const std::uint64_t power = powers_of_ten[static_cast<std::size_t>(shift)];
    return !__builtin_mul_overflow(mantissa, power, &mantissa) &&
           !__builtin_add_overflow(mantissa, static_cast<std::uint64_t>(digit - '0'),
                                   &mantissa);
}

// The exponent behind 'e'; JavaScript and Python print small numbers as 1e-7.
[[nodiscard]] inline bool read_exponent(const char*& p, const char* end,
                                        int& exponent) noexcept {
    const bool negative = p != end && *p == '-';
    if (p != end && (*p == '-' || *p == '+')) ++p;
    if (p == end || !is_digit(*p)) return false;
    int value = 0;
    for (; p != end && is_digit(*p); ++p) value = value > 999 ? value : value * 10 + (*p - '0');
    exponent = negative ? -value : value;
    return true;
}

}  // namespace detail

// Reads all of `text`; surrounding space, '+', NaN, Infinity and hexadecimal are not numbers.
[[nodiscard]] inline Decimal read_decimal(std::string_view text) noexcept {
    using detail::is_digit;
    constexpr Decimal not_a_number{.fault = Decimal::Fault::not_a_number};
    constexpr Decimal too_large{.fault = Decimal::Fault::too_large};

    const char* p = text.data();
    const char* const end = p + text.size();
    Decimal out;
    if (p != end && *p == '-') {
        out.negative = true;
        ++p;
    }

    const char* const digits = p;
    for (; p != end && is_digit(*p); ++p) {
        if (!detail::push_digit(out.mantissa, 1, *p)) return too_large;
    }
    auto seen = p - digits;

    if (p != end && *p == '.') {
        ++p;
        const char* const fraction = p;
        int pending = 0;  // zeros count only when a digit follows
        for (; p != end && is_digit(*p); ++p) {
            ++pending;
            if (*p == '0') continue;
            if (!detail::push_digit(out.mantissa, pending, *p)) return too_large;
            out.decimals += pending;
            pending = 0;
        }
        seen += p - fraction;
    }
    if (seen == 0) return not_a_number;

    if (p != end && (*p == 'e' || *p == 'E')) {
        ++p;
        int exponent = 0;
        if (!detail::read_exponent(p, end, exponent)) return not_a_number;
        out.decimals -= exponent;
        while (out.decimals > 0 && out.mantissa != 0 && out.mantissa % 10 == 0) {
            out.mantissa /= 10;
            --out.decimals;
        }
    }
    if (p != end) return not_a_number;
    if (out.mantissa == 0) out.decimals = 0;
    return out;
}

// The grid of an instrument's prices or sizes: multiples of units / 10^decimals.
struct Step {
    std::int64_t units = 1;
    int decimals = 0;
    int text_decimals = 0;  // how many a venue prints; "0.10" keeps its zero

    friend bool operator==(const Step&, const Step&) = default;

    [[nodiscard]] double power() const noexcept {
        return powers_of_ten_real[static_cast<std::size_t>(decimals)];
    }

    // Divides, because multiplying by 0.1 differs from dividing by 10 for a third of all
    // prices.
    [[nodiscard]] double to_double(double count) const noexcept {
        return (units == 1 ? count : count * static_cast<double>(units)) / power();
    }

    [[nodiscard]] double to_double(Int128 count) const noexcept {
        return to_double(obcore::to_double(count));
    }

    [[nodiscard]] static Step from_text(std::string_view text) {
        const Decimal value = read_decimal(text);
        if (value.fault != Decimal::Fault::none || value.negative || value.mantissa == 0 ||
            value.decimals > max_decimals || value.mantissa > (std::uint64_t{1} << 62)) {
            throw DecodeError("step", "a positive decimal with at most 18 decimals", text);
        }
        Step step;
        step.units = static_cast<std::int64_t>(value.mantissa);
        step.decimals = value.decimals;
        for (; step.decimals < 0; ++step.decimals) {
            if (__builtin_mul_overflow(step.units, 10, &step.units)) {
                throw DecodeError("step", "a step that fits int64", text);
            }
        }
        const auto point = text.find('.');
        const bool plain = text.find_first_of("eE") == std::string_view::npos;
        const bool fraction = plain && point != std::string_view::npos;
        step.text_decimals = step.decimals;
        if (fraction) {
            step.text_decimals =
                std::min(static_cast<int>(text.size() - point - 1), max_decimals);
        }
        return step;
    }
};

enum class GridFault : std::uint8_t { none, not_a_number, too_large, off_grid };

struct Count {
    std::int64_t value = 0;
    GridFault fault = GridFault::none;
    int decimals = 0;  // the text's own, where it is off the grid
};

// Decimal text to a whole number of steps, digit by digit, never through a double.
[[nodiscard]] inline Count to_count(std::string_view text, const Step& step) noexcept {
    const Decimal value = read_decimal(text);
    if (value.fault == Decimal::Fault::not_a_number) return {.fault = GridFault::not_a_number};
    if (value.fault == Decimal::Fault::too_large) return {.fault = GridFault::too_large};
    if (value.mantissa == 0) return {};
    if (value.decimals > step.decimals) {
        return {.fault = GridFault::off_grid, .decimals = value.decimals};
    }

    const int shift = step.decimals - value.decimals;
    std::uint64_t scaled = value.mantissa;
    if (shift > max_decimals + 1 ||
        __builtin_mul_overflow(scaled, powers_of_ten[static_cast<std::size_t>(shift)],
                               &scaled)) {
        return {.fault = GridFault::too_large};
    }
    if (step.units != 1) {
        const auto units = static_cast<std::uint64_t>(step.units);
        if (scaled % units != 0) {
            return {.fault = GridFault::off_grid, .decimals = value.decimals};
        }
        scaled /= units;
    }
    if (scaled > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return {.fault = GridFault::too_large};
    }
    const auto count = static_cast<std::int64_t>(scaled);
    return {.value = value.negative ? -count : count};
}

// The exact decimal text of a number of steps, with as many decimals as the venue prints.
[[nodiscard]] inline std::string to_text(Int128 count, const Step& step) {
    Int128 value = count * step.units;
    const bool negative = value < 0;
    if (negative) value = -value;

    std::string digits;
    for (; value != 0; value /= 10) {
        digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    }
    digits.insert(0, static_cast<std::size_t>(step.text_decimals - step.decimals), '0');
    const auto decimals = static_cast<std::size_t>(step.text_decimals);
    if (digits.size() <= decimals) digits.append(decimals + 1 - digits.size(), '0');
    if (decimals > 0) digits.insert(decimals, 1, '.');
    if (negative) digits.push_back('-');
    return {digits.rbegin(), digits.rend()};
}

[[nodiscard]] inline std::string to_text(const Step& step) {
    return to_text(Int128{1}, step);
}

// Prices and sizes of one instrument, as integers.
struct Grid {
    Step tick;
    Step lot;
    bool nonpositive_prices = false;  // spreads and some power contracts trade at or below zero

    friend bool operator==(const Grid&, const Grid&) = default;
};

}  // namespace obcore
