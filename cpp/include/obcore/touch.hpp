#pragma once

#include "obcore/decimal.hpp"
#include "obcore/units.hpp"

namespace obcore {

// The best level of both sides.
struct Touch {
    Level bid;
    Level ask;

    [[nodiscard]] double mid(const Grid& grid) const noexcept {
        return grid.tick.to_double(static_cast<double>(bid.price + ask.price)) / 2.0;
    }
    // mid + spread·I/2 (Gatheral and Oomen): much size on the bid puts it near the ask.
    [[nodiscard]] double microprice(const Grid& grid) const noexcept {
        const Int128 weighted = Int128{bid.price} * ask.size + Int128{ask.price} * bid.size;
        const Int128 weight = Int128{bid.size} + ask.size;
        return grid.tick.to_double(to_double(weighted) / to_double(weight));
    }
};

}  // namespace obcore
