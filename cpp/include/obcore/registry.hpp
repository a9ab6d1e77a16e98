#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>

#include "obcore/error.hpp"
#include "obcore/feature_set.hpp"
#include "obcore/stateful.hpp"
#include "obcore/stateful_catalog.hpp"

namespace obcore {

// Features that users add to the catalogue of those that remember.
//
// A shared library with one function of this name and type can be loaded from Python; the
// number changes when the headers do, so that a library built for others is refused:
//
//     extern "C" void obcore_features_2(obcore::Registry& registry) {
//         registry.add<TouchAge>({.name = "touch_age", .formula = "…", .unit = "ms",
//                                 .source = "…"});
//     }
class Registry {
public:
    static constexpr const char* entry_point = "obcore_features_2";

    // `Feature` derives from StatefulFeature and is constructed from Arguments. The texts of
    // the row must outlive the registry, as literals do.
    template <typename Feature>
    void add(StatefulRow row) {
        row.make = make_feature<Feature>;
        row.levels = std::max<std::size_t>(row.levels, 1);  // no numbered ones
        add(row);
    }

    // A deque: rows stay where they are.
    [[nodiscard]] const std::deque<StatefulRow>& rows() const noexcept { return rows_; }

private:
    void add(const StatefulRow& row) {
        constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789_";
        const std::string name(row.name);
        if (name.empty() || name.find_first_not_of(allowed) != std::string::npos ||
            name.front() < 'a' || name.back() == '_') {
            throw Error(
                "feature: expected a name of a-z, 0-9 and _ that begins with a letter "
                "and does not end in _, received '" +
                name + "'");
        }
        const auto same = [&](const StatefulRow& other) { return other.is_named(name); };
        if (FeatureSet::knows(name) || FeatureSet::is_set(name) || name == "stateful" ||
            std::ranges::any_of(stateful_catalog, same) || std::ranges::any_of(rows_, same)) {
            throw Error("feature: expected a name that is not taken, received '" + name + "'");
        }
        rows_.push_back(row);
    }

    std::deque<StatefulRow> rows_;
};

}  // namespace obcore
