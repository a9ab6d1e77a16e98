#pragma once

#include <cstddef>
#include <cstdlib>
#include <vector>

#include "obcore/ladder.hpp"
#include "obcore/units.hpp"

// Ends the run: the fuzzer keeps the input that led here.
inline void require(bool holds) {
    if (!holds) std::abort();
}

// The levels of a side, which has to agree with itself in every way that it can be read.
template <obcore::Side side>
std::vector<obcore::Level> check_ladder(const obcore::Ladder<side>& ladder) {
    std::vector<obcore::Level> levels(ladder.count() + 1);
    levels.resize(ladder.top(levels));
    require(levels.size() == ladder.count() && ladder.empty() == levels.empty());
    obcore::Int128 total = 0;
    for (std::size_t i = 0; i < levels.size(); ++i) {
        const auto& [price, size] = levels[i];
        require(size > 0 && std::abs(price) <= obcore::max_price_ticks);
        require(ladder.size_at(price) == size && ladder.at(i) == levels[i]);
        const bool ordered =
            i == 0 || (side == obcore::Side::bid ? price < levels[i - 1].price
                                                 : price > levels[i - 1].price);
        require(ordered);
        total += size;
    }
    require(ladder.total_lots() == total);
    return levels;
}
