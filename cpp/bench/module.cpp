#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "arrays.hpp"
#include "floor.hpp"
#include "synthetic.hpp"

namespace obcore::bench {

namespace {

using namespace pybind11::literals;  // NOLINT(google-build-using-namespace): "name"_a

py::tuple synthesize(std::int64_t levels, std::int64_t updates, std::uint64_t seed,
                     std::int64_t spacing, std::int64_t drift) {
    SyntheticStream stream;
    {
        const py::gil_scoped_release unlocked;
        stream = SyntheticMarket({levels, updates, seed, spacing, drift}).stream();
    }
    return py::make_tuple(to_rows(stream.bids), to_rows(stream.asks),
                          to_array(std::move(stream.sides)), to_array(std::move(stream.prices)),
                          to_array(std::move(stream.sizes)),
                          to_array(std::move(stream.offsets)));
}

Updates updates_of(const Array<std::uint8_t>& sides, const Array<std::int64_t>& prices,
                   const Array<std::int64_t>& sizes, const Array<std::int64_t>& offsets) {
    if (offsets.size() == 0)
        throw std::invalid_argument("offsets: expected one, received none");
    return {view(sides), view(prices), view(sizes), view(offsets)};
}

BareBook make_book(std::int64_t first_tick, std::int64_t last_tick, std::string_view name) {
    return {first_tick, last_tick, instruction_set(name)};
}

void load(BareBook& book, const Array<std::int64_t>& bids, const Array<std::int64_t>& asks) {
    book.load(view(bids), view(asks));
}

void apply(BareBook& book, const Array<std::uint8_t>& sides, const Array<std::int64_t>& prices,
           const Array<std::int64_t>& sizes, const Array<std::int64_t>& offsets) {
    const Updates updates = updates_of(sides, prices, sizes, offsets);
    const py::gil_scoped_release unlocked;
    book.apply(updates);
}

void replay(BareBook& book, const Array<std::uint8_t>& sides, const Array<std::int64_t>& prices,
            const Array<std::int64_t>& sizes, const Array<std::int64_t>& offsets,
            double tick_size, double lot_size, Array<double>& out) {
    const Updates updates = updates_of(sides, prices, sizes, offsets);
    if (static_cast<std::size_t>(out.size()) != updates.messages() * BareVector::size) {
        throw std::invalid_argument("out: expected 58 values a message");
    }
    double* const rows = out.mutable_data();
    const py::gil_scoped_release unlocked;
    if (!book.replay(updates, {tick_size, lot_size}, rows)) {
        throw std::invalid_argument("updates: expected ten levels a side after each message");
    }
}

void scan(BareBook& book, std::string_view texts, const Array<std::int64_t>& offsets,
          std::pair<int, int> price_digits, std::pair<int, int> size_digits) {
    const std::span<const std::int64_t> places = view(offsets);
    constexpr std::int64_t read_behind = 8;
    if (places.empty() ||
        places.back() + read_behind > static_cast<std::int64_t>(texts.size())) {
        throw std::invalid_argument("texts: expected 8 bytes behind the last message");
    }
    const BareScanner scanner({price_digits.first, price_digits.second},
                              {size_digits.first, size_digits.second});
    const py::gil_scoped_release unlocked;
    book.scan(texts.data(), places, scanner);
}

std::uint64_t read_memory(const Array<std::uint64_t>& values, std::string_view name) {
    const Instructions instructions = instruction_set(name);
    const std::span<const std::uint64_t> read = view(values);
    const py::gil_scoped_release unlocked;
    return sum_of(read, instructions);
}

}  // namespace

}  // namespace obcore::bench

PYBIND11_MODULE(_bench, m) {
    using namespace obcore::bench;  // NOLINT(google-build-using-namespace)

    pybind11::options options;
    options.disable_function_signatures();

    m.doc() = "What obcore is measured with and against; use it through obcore.bench.";
    m.def("synthesize", &synthesize, "levels"_a, "updates"_a, "seed"_a, "spacing"_a, "drift"_a);
    m.def("instruction_sets", &instruction_sets);
    m.def("read_memory", &read_memory, "values"_a.noconvert(), "instruction_set"_a = "");
    py::class_<BareBook>(m, "BareBook", "The least that a book has to do; see floor.hpp.")
        .def(py::init(&make_book), "first_tick"_a, "last_tick"_a, "instruction_set"_a = "")
        .def("load", &load, "bids"_a, "asks"_a)
        .def("apply", &apply, "sides"_a.noconvert(), "prices"_a.noconvert(),
             "sizes"_a.noconvert(), "offsets"_a.noconvert())
        .def("replay", &replay, "sides"_a.noconvert(), "prices"_a.noconvert(),
             "sizes"_a.noconvert(), "offsets"_a.noconvert(), "tick_size"_a, "lot_size"_a,
             "out"_a.noconvert())
        .def("scan", &scan, "texts"_a, "offsets"_a, "price_digits"_a, "size_digits"_a)
        .def(
            "levels", [](const BareBook& book, bool ask) { return to_rows(book.levels(ask)); },
            "ask"_a);
}
