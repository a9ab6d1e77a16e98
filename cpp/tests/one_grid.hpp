#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "obcore/decimal.hpp"
#include "obcore/frame.hpp"

// One grid for all symbols that are meant, and none for the others.
class OneGrid final : public obcore::Grids {
public:
    OneGrid(obcore::Grid grid, std::initializer_list<std::string> meant)
        : grid_(grid), meant_(meant) {}

    const obcore::Grid* find(std::string_view symbol) override {
        return std::ranges::find(meant_, symbol) == meant_.end() ? nullptr : &grid_;
    }

private:
    obcore::Grid grid_;
    std::vector<std::string> meant_;
};
