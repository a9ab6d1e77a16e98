#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exclusive.hpp"
#include "obcore/decimal.hpp"
#include "obcore/feature_engine.hpp"

namespace obcore::bindings {

// A FeatureEngine of one instrument; a replay on another thread may be using it.
struct Engine {
    Engine(const FeatureOptions& options, Grid the_grid, std::string the_symbol)
        : features(options), grid(std::move(the_grid)), symbol(std::move(the_symbol)) {}

    FeatureEngine features;
    Grid grid;
    std::string symbol;  // empty where nobody named the instrument
    Exclusive exclusive{"engine"};
};

// What users have added to the catalogue of this process.
[[nodiscard]] Registry& user_features();

// What Python asks for, the user's features among it.
[[nodiscard]] FeatureOptions feature_options(std::string features, std::size_t depth,
                                             const std::string& mode,
                                             std::optional<std::vector<double>> ofi_weights);

}  // namespace obcore::bindings
