#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bind.hpp"
#include "obcore/history.hpp"
#include "own_book.hpp"

namespace obcore::bindings {

namespace {

py::dict dropped_dict(const HistoryDropped& dropped) {
    return py::dict("events"_a = dropped.events, "bytes"_a = dropped.bytes,
                    "until_ns"_a = or_none(dropped.until_ns));
}

// A tape lives no longer than its history, which Python may let go of first.
struct Tape {
    std::shared_ptr<History> history;
    std::shared_ptr<HistoryTape> tape;
};

OwnBook* book_at(const Tape& self, std::optional<Nanos> time, std::optional<Sequence> id,
                 OwnBook& out) {
    const py::gil_scoped_release unlocked;
    const bool found = time ? self.tape->state_at(*time, out)
                            : self.tape->state_at_id(id.value_or(absent), out);
    return found ? &out : nullptr;
}

}  // namespace

void bind_history(py::module_& m) {
    py::class_<Tape>(m, "HistoryTape", "What happened to one book.")
        .def_property_readonly(
            "sink",
            [](const Tape& self) -> std::shared_ptr<ChangeSink> {
                return {self.history, self.tape.get()};
            },
            "What a replay tells.")
        .def(
            "book_at",
            [](const Tape& self, std::optional<Nanos> time,
               std::optional<Sequence> id) -> py::object {
                OwnBook book;
                if (book_at(self, time, id, book) == nullptr) return py::none();
                return py::cast(std::move(book));
            },
            "time_ns"_a, "sequence"_a, "The book as of a time or an id; None before the first.")
        .def(
            "book_into",
            [](const Tape& self, std::optional<Nanos> time, std::optional<Sequence> id,
               OwnBook& out) { return book_at(self, time, id, out) != nullptr; },
            "time_ns"_a, "sequence"_a, "out"_a,
            "The same into a book that is there; False before the first.")
        .def(
            "tell",
            [](const Tape& self, Nanos start, Nanos end,
               const std::shared_ptr<ChangeSink>& sink) {
                const py::gil_scoped_release unlocked;
                self.tape->tell(start, end, *sink);
            },
            "start_ns"_a, "end_ns"_a, "sink"_a, "Tell what happened.")
        .def_property_readonly("span",
                               [](const Tape& self) {
                                   const auto [first, last] = self.tape->span();
                                   return py::make_tuple(or_none(first), or_none(last));
                               })
        .def_property_readonly("grid", [](const Tape& self) { return self.tape->grid(); })
        .def_property_readonly(
            "dropped", [](const Tape& self) { return dropped_dict(self.tape->dropped()); });

    py::class_<History, std::shared_ptr<History>>(m, "History",
                                                  "What happened to several books, bounded.")
        .def(py::init([](std::optional<std::size_t> bytes, std::optional<std::int64_t> events,
                         std::optional<Nanos> age_ns) {
                 HistoryLimits limits;
                 if (bytes) limits.bytes = *bytes;
                 if (events) limits.events = *events;
                 if (age_ns) limits.age_ns = *age_ns;
                 return std::make_shared<History>(limits);
             }),
             py::kw_only(), "max_bytes"_a = py::none(), "max_events"_a = py::none(),
             "max_age_ns"_a = py::none())
        .def(
            "tape",
            [](const std::shared_ptr<History>& self, const std::string& symbol) {
                return Tape{self, self->tape(symbol)};
            },
            "symbol"_a, "The tape of a book, made where there is none.")
        .def_property_readonly("symbols", &History::symbols)
        .def_property_readonly("dropped",
                               [](const History& self) { return dropped_dict(self.dropped()); })
        .def_property_readonly("events", &History::events)
        .def("memory_usage", &History::memory_usage, "Bytes held.");
}

}  // namespace obcore::bindings
