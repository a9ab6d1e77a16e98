#include <string_view>

#include "bind.hpp"
#include "obcore/decimal.hpp"
#include "obcore/event.hpp"

namespace obcore::bindings {

namespace {

Grid make_grid(std::string_view tick, std::string_view lot, bool nonpositive_prices) {
    return {Step::from_text(tick), Step::from_text(lot), nonpositive_prices};
}

double price(const Grid& grid, std::int64_t ticks) {
    return grid.tick.to_double(Int128{ticks});
}

double size(const Grid& grid, std::int64_t lots) {
    return grid.lot.to_double(Int128{lots});
}

}  // namespace

void bind_units(py::module_& m) {
    PYBIND11_NUMPY_DTYPE(Level, price, size);
    m.attr("LEVEL_DTYPE") = py::dtype::of<Level>();
    m.attr("ABSENT") = absent;
    m.attr("MAX_PRICE_TICKS") = max_price_ticks;

    py::native_enum<Side>(m, "Side", "enum.Enum", "Which side of the book.")
        .value("BID", Side::bid)
        .value("ASK", Side::ask)
        .finalize();

    py::class_<Grid>(m, "Grid", "The tick and the lot that prices and sizes are counted in.")
        .def(py::init(&make_grid), "tick"_a, "lot"_a, py::kw_only(),
             "nonpositive_prices"_a = false)
        .def_property_readonly("tick", [](const Grid& grid) { return to_text(grid.tick); })
        .def_property_readonly("lot", [](const Grid& grid) { return to_text(grid.lot); })
        .def(
            "ticks",
            [](const Grid& grid, std::string_view text) {
                return decode_price(text, grid, {});
            },
            "price"_a)
        .def(
            "lots",
            [](const Grid& grid, std::string_view text) { return decode_size(text, grid, {}); },
            "size"_a)
        .def("price", &price, "ticks"_a)
        .def("size", &size, "lots"_a)
        .def(
            "price_text",
            [](const Grid& grid, std::int64_t ticks) {
                return to_text(Int128{ticks}, grid.tick);
            },
            "ticks"_a)
        .def(
            "size_text",
            [](const Grid& grid, std::int64_t lots) { return to_text(Int128{lots}, grid.lot); },
            "lots"_a)
        .def("__eq__", [](const Grid& a, const Grid& b) { return a == b; }, py::is_operator());
}

}  // namespace obcore::bindings
