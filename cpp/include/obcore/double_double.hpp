#pragma once

#include <cmath>
#include <concepts>
#include <optional>

#include "obcore/units.hpp"

namespace obcore {

// A number as the unevaluated sum of two doubles: about 32 significant digits.
//
// An adjusted mid on a wide spread subtracts nearly equal numbers, where plain doubles keep
// only half of their digits. Dekker, "A floating-point technique for extending the available
// precision", 1971; the products use fma as in Hida, Li and Bailey, 2001. Needs arithmetic that
// the compiler does not contract (-ffp-contract=off).
struct DoubleDouble {
    double high = 0.0;
    double low = 0.0;

    constexpr DoubleDouble() = default;
    constexpr DoubleDouble(double h, double l) : high(h), low(l) {}
    // NOLINTBEGIN(google-explicit-constructor): numbers are what they are written as
    DoubleDouble(double value) : high(value) {}
    DoubleDouble(Int128 value) : high(to_double(value)) {
        constexpr Int128 every_integer = Int128{1} << 53;  // up to here is a double
        if (value >= -every_integer && value <= every_integer) [[likely]]
            return;
        // The rounded part of a value near the end of the range may not fit back.
        constexpr double limit = 0x1p126;
        if (std::abs(high) < limit) low = to_double(value - static_cast<Int128>(high));
    }
    // NOLINTEND(google-explicit-constructor)

    [[nodiscard]] double value() const noexcept { return high + low; }

    // Of two doubles, exact.
    [[nodiscard]] static DoubleDouble exact_sum(double a, double b) noexcept {
        return two_sum(a, b);
    }
    [[nodiscard]] DoubleDouble squared() const noexcept {
        const double product = high * high;
        const double error = std::fma(high, high, -product);
        return fast_two_sum(product, error + 2.0 * (high * low));
    }

    // Twenty operations that a call would cost half as much again.
    [[gnu::always_inline]] friend DoubleDouble operator+(DoubleDouble a,
                                                         DoubleDouble b) noexcept {
        const DoubleDouble sum = two_sum(a.high, b.high);
        const DoubleDouble rest = two_sum(a.low, b.low);
        const DoubleDouble first = fast_two_sum(sum.high, sum.low + rest.high);
        return fast_two_sum(first.high, first.low + rest.low);
    }
    [[gnu::always_inline]] friend DoubleDouble operator-(DoubleDouble a,
                                                         DoubleDouble b) noexcept {
        return a + DoubleDouble{-b.high, -b.low};
    }
    friend DoubleDouble operator*(DoubleDouble a, DoubleDouble b) noexcept {
        const double product = a.high * b.high;
        const double error = std::fma(a.high, b.high, -product);
        return fast_two_sum(product, error + (a.high * b.low + a.low * b.high));
    }
    [[gnu::always_inline]] friend DoubleDouble operator/(DoubleDouble a,
                                                         DoubleDouble b) noexcept {
        const double first = a.high / b.high;
        const double rest = remainder(a, b * first);
        return fast_two_sum(first, rest / b.high);  // to about 31 digits
    }

    // The same with a number that has no low part. A template, so that no integer becomes one.
    template <std::same_as<double> Real>
    friend DoubleDouble operator+(DoubleDouble a, Real b) noexcept {
        const DoubleDouble sum = two_sum(a.high, b);
        return fast_two_sum(sum.high, sum.low + a.low);
    }
    template <std::same_as<double> Real>
    friend DoubleDouble operator-(DoubleDouble a, Real b) noexcept {
        return a + -b;
    }
    template <std::same_as<double> Real>
    friend DoubleDouble operator*(DoubleDouble a, Real b) noexcept {
        const double product = a.high * b;
        const double error = std::fma(a.high, b, -product);
        return fast_two_sum(product, error + a.low * b);
    }
    template <std::same_as<double> Real>
    [[gnu::always_inline]] friend DoubleDouble operator/(DoubleDouble a, Real b) noexcept {
        const double first = a.high / b;
        const double product = first * b;
        const double rest = remainder(a, {product, std::fma(first, b, -product)});
        return fast_two_sum(first, rest / b);
    }

private:
    [[nodiscard]] static DoubleDouble two_sum(double a, double b) noexcept {
        const double sum = a + b;
        const double part = sum - a;
        return {sum, (a - (sum - part)) + (b - part)};
    }
    // For |a| >= |b|.
    [[nodiscard]] static DoubleDouble fast_two_sum(double a, double b) noexcept {
        const double sum = a + b;
        return {sum, b - (sum - a)};
    }
    // a − b, rounded to a double, for numbers that differ by less than their last digits.
    [[nodiscard]] static double remainder(DoubleDouble a, DoubleDouble b) noexcept {
        const DoubleDouble rest = two_sum(a.low, -b.low);
        const DoubleDouble first = fast_two_sum(a.high - b.high, rest.high);
        return first.high + (first.low + rest.low);
    }
};

// a + b rounded to a double, where b is known to within `error`: none where that leaves open
// which double it is. Ziv, "Fast evaluation of elementary mathematical functions with correctly
// rounded last bit", 1991.
[[nodiscard]] inline std::optional<double> rounded_sum(double a, double b,
                                                       double error) noexcept {
    const DoubleDouble sum = DoubleDouble::exact_sum(a, b);
    const double least = sum.high + (sum.low - error);
    const double most = sum.high + (sum.low + error);
    return least == most ? std::optional(least) : std::nullopt;
}

// A difference of numbers as large as `scale`: 0 where it is no larger than what rounding them
// may have left, so that what is equal differs by exactly 0.
[[nodiscard]] inline DoubleDouble without_noise(DoubleDouble difference,
                                                double scale) noexcept {
    constexpr double noise = 0x1p-97;
    return std::abs(difference.value()) <= noise * std::abs(scale) ? DoubleDouble()
                                                                   : difference;
}

// a − b, exactly 0 where they are equal but for noise.
template <typename Real>
[[nodiscard]] DoubleDouble difference(DoubleDouble a, Real b) noexcept {
    return without_noise(a - b, std::abs(a.value()) + std::abs(DoubleDouble(b).value()));
}

template <typename Real>
[[nodiscard]] inline Real to_real(Int128 value) noexcept {
    return Real(value);
}
template <>
[[nodiscard]] inline double to_real<double>(Int128 value) noexcept {
    return to_double(value);
}

}  // namespace obcore
