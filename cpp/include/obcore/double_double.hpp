#pragma once

#include <cmath>

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
        // The rounded part of a value near the end of the range may not fit back.
        constexpr double limit = 0x1p126;
        if (std::abs(high) < limit) low = to_double(value - static_cast<Int128>(high));
    }
    // NOLINTEND(google-explicit-constructor)

    [[nodiscard]] double value() const noexcept { return high + low; }

    friend DoubleDouble operator+(DoubleDouble a, DoubleDouble b) noexcept {
        const DoubleDouble sum = two_sum(a.high, b.high);
        const DoubleDouble rest = two_sum(a.low, b.low);
        const DoubleDouble first = fast_two_sum(sum.high, sum.low + rest.high);
        return fast_two_sum(first.high, first.low + rest.low);
    }
    friend DoubleDouble operator-(DoubleDouble a, DoubleDouble b) noexcept {
        return a + DoubleDouble{-b.high, -b.low};
    }
    friend DoubleDouble operator*(DoubleDouble a, DoubleDouble b) noexcept {
        const double product = a.high * b.high;
        const double error = std::fma(a.high, b.high, -product);
        return fast_two_sum(product, error + (a.high * b.low + a.low * b.high));
    }
    friend DoubleDouble operator/(DoubleDouble a, DoubleDouble b) noexcept {
        const double first = a.high / b.high;
        const DoubleDouble rest = a - b * first;
        return fast_two_sum(first, rest.high / b.high);  // to about 31 digits
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
};

// A difference of numbers as large as `scale`: 0 where it is no larger than what rounding them
// may have left, so that what is equal differs by exactly 0.
[[nodiscard]] inline DoubleDouble without_noise(DoubleDouble difference,
                                                double scale) noexcept {
    constexpr double noise = 0x1p-97;
    return std::abs(difference.value()) <= noise * std::abs(scale) ? DoubleDouble()
                                                                   : difference;
}

// a − b, exactly 0 where they are equal but for noise.
[[nodiscard]] inline DoubleDouble difference(DoubleDouble a, DoubleDouble b) noexcept {
    return without_noise(a - b, std::abs(a.value()) + std::abs(b.value()));
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
