#include <span>
#include <string>
#include <string_view>

#include "bind.hpp"
#include "engine.hpp"
#include "obcore/feature_set.hpp"
#include "obcore/stateful_catalog.hpp"
#include "thin.hpp"

namespace obcore::bindings {

namespace {

constexpr thin::Signature<2> compute_signature{"compute", {"book", "out"}, 1};

PyObject* compute(PyObject* self, const thin::Values<2>& values) {
    auto& features = thin::held<FeatureSet>(self);
    const Book& book = thin::argument<Book>(values[0], "book");
    const thin::Vector out(values[1], features.size());
    features.compute(book, out.values());
    return out.release();
}

py::dict to_dict(const Feature& feature) {
    const bool numbered =
        feature.naming == Naming::from_zero || feature.naming == Naming::from_one;
    py::dict parameters;
    if (feature.naming == Naming::levels) {
        parameters["levels"] = feature.default_levels == 0
                                   ? py::object(py::str("depth"))
                                   : py::object(py::int_(feature.default_levels));
    }
    if (!feature.weight_name.empty()) {
        parameters[py::str(std::string(feature.weight_name))] =
            py::float_(py::str(std::string(feature.default_weight)));
    }
    return py::dict("name"_a = std::string(feature.name) + (numbered ? "{n}" : ""),
                    "formula"_a = std::string(feature.formula),
                    "unit"_a = std::string(feature.unit),
                    "source"_a = std::string(feature.source), "parameters"_a = parameters,
                    "remembers"_a = false);
}

py::dict to_dict(const StatefulRow& row) {
    py::dict parameters;
    for (const auto& setting : row.settings) {
        if (setting.key.empty()) continue;
        parameters[py::str(std::string(setting.key))] = std::string(setting.preset);
    }
    const std::string suffix = row.levels == 0 ? "{n}" : row.reads_feature ? "(feature)" : "";
    return py::dict("name"_a = std::string(row.name) + suffix,
                    "formula"_a = std::string(row.formula), "unit"_a = std::string(row.unit),
                    "source"_a = std::string(row.source), "parameters"_a = parameters,
                    "remembers"_a = true);
}

constexpr const char* feature_set_doc =
    R"doc(Chosen features of one book state, in order, as one vector of float64.

Parameters
----------
features : str or iterable of str, optional
    Names and the sets ``"standard"``, ``"all"``, ``"collector"``, as a list or with commas
    between them. Parameters go in parentheses: ``"obi_5, vwap(levels=10)"``. See
    `obcore.features.catalog`.
depth : int, optional
    Levels a side where a formula has a depth, 1 to 1,000.

Raises
------
ObcoreError
    If a name or a parameter is not in the catalogue.

Examples
--------
>>> import obcore
>>> features = obcore.FeatureSet("spread, obi_5, vwap(levels=10)")
>>> features.names
['spread', 'obi_5', 'vwap(levels=10)']
>>> len(obcore.FeatureSet("standard", depth=10))
58
)doc";

}  // namespace

void bind_features(py::module_& m) {
    auto type = py::class_<FeatureSet>(m, "FeatureSet", feature_set_doc);
    thin::add_method<compute_signature, &compute>(
        type,
        "compute($self, book, out=None)\n--\n\n"
        "The vector of a book's present state, in `out` if given.");
    type.def(py::init([](const py::object& features, std::size_t depth) {
                 return FeatureSet(comma_separated(features), depth);
             }),
             "features"_a = "standard", "depth"_a = 10)
        .def_property_readonly("names", &FeatureSet::names)
        .def_property_readonly("depth", &FeatureSet::depth)
        .def("__len__", &FeatureSet::size)
        .def("__repr__", [](const FeatureSet& set) {
            return "<FeatureSet of " + std::to_string(set.size()) + " features>";
        });

    m.def(
        "catalog",
        [] {
            py::list rows;
            for (const Feature& feature : catalog) rows.append(to_dict(feature));
            for (const StatefulRow& row : stateful_catalog) rows.append(to_dict(row));
            for (const StatefulRow& row : user_features().rows()) rows.append(to_dict(row));
            return rows;
        },
        "Every feature: name, formula, unit, source, parameters, whether it remembers.");
}

}  // namespace obcore::bindings
