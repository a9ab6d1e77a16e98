#pragma once

#include <cstddef>
#include <cstdint>

#include "obcore/decimal.hpp"
#include "obcore/error.hpp"
#include "obcore/event.hpp"

namespace obcore {

// A grid that is found on the way: the fewest decimals that lose nothing so far.

// Whether a finer grid would hold the number that did not fit.
[[nodiscard]] inline bool can_widen(const PrecisionError& error) noexcept {
    return error.decimals > 0 && error.decimals <= max_decimals;
}

// What makes the grid hold it; the grid itself stays as it is.
[[nodiscard]] inline Rescale factors_to_hold(const Grid& grid, const PrecisionError& error) {
    const bool price = error.quantity == PrecisionError::Quantity::price;
    const Step& step = price ? grid.tick : grid.lot;
    const auto factor = static_cast<std::int64_t>(
        powers_of_ten[static_cast<std::size_t>(error.decimals - step.decimals)]);
    return {.price = price ? factor : 1, .size = price ? 1 : factor};
}

// What makes numbers on one grid such on a finer one.
[[nodiscard]] inline Rescale factors_between(const Grid& from, const Grid& to) noexcept {
    const auto factor = [](const Step& coarse, const Step& fine) {
        return static_cast<std::int64_t>(
            powers_of_ten[static_cast<std::size_t>(fine.decimals - coarse.decimals)]);
    };
    return {.price = factor(from.tick, to.tick), .size = factor(from.lot, to.lot)};
}

// The grid that holds it.
inline void widen(Grid& grid, const PrecisionError& error) noexcept {
    Step& step = error.quantity == PrecisionError::Quantity::price ? grid.tick : grid.lot;
    step.decimals = step.text_decimals = error.decimals;
}

}  // namespace obcore
