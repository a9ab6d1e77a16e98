#pragma once

#include <cmath>

#include "obcore/units.hpp"

namespace obcore {

// ln(a / b) of two integers of one sign, neither 0. Near 1 it is taken from the exact
// difference, which keeps the digits that the quotient would lose.
[[nodiscard]] inline double log_ratio(Int128 a, Int128 b) noexcept {
    const double base = to_double(b);
    const double change = to_double(a - b) / base;
    return change > -0.5 && change < 1.0 ? std::log1p(change) : std::log(to_double(a) / base);
}

}  // namespace obcore
