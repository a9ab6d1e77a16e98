#include <optional>
#include <span>
#include <utility>

#include "bind.hpp"
#include "obcore/book.hpp"

namespace obcore::bindings {

namespace {

using Levels = py::array_t<Level, py::array::c_style>;

std::span<const Level> view(const Levels& levels) {
    return {levels.data(), static_cast<std::size_t>(levels.size())};
}

// A best level as (ticks, lots), or None.
using Best = std::optional<std::pair<Ticks, Lots>>;

Best pair_of(const std::optional<Level>& level) {
    if (!level) return std::nullopt;
    return std::pair{level->price, level->size};
}

template <typename Function>
auto on_side(const Book& book, Side side, Function&& function) {
    return side == Side::bid ? function(book.bids) : function(book.asks);
}

Levels top(const Book& book, Side side, std::optional<std::size_t> n) {
    return on_side(book, side, [&](const auto& ladder) {
        Levels out{
            static_cast<py::ssize_t>(std::min(n.value_or(ladder.count()), ladder.count()))};
        ladder.top({out.mutable_data(), static_cast<std::size_t>(out.size())});
        return out;
    });
}

std::size_t top_into(const Book& book, Side side, Levels& out) {
    return on_side(book, side, [&](const auto& ladder) {
        return ladder.top({out.mutable_data(), static_cast<std::size_t>(out.size())});
    });
}

Book make_book(const py::object& instrument) {
    Book book;
    book.grid = grid_of(instrument);
    return book;
}

void check(const Book& book, const Levels& bids, const Levels& asks) {
    check_levels(view(bids), book.grid, "bids");
    check_levels(view(asks), book.grid, "asks");
}

// What the caller says of a message.
struct Told {
    std::optional<Sequence> sequence;
    std::optional<Nanos> ts_event_ns;
    std::optional<Nanos> ts_recv_ns;
};

void finish(Book& book, const Told& told) {
    book.sequence = told.sequence.value_or(absent);
    book.ts_event_ns = told.ts_event_ns.value_or(absent);
    book.ts_recv_ns = told.ts_recv_ns.value_or(absent);
    book.state = BookState::unverified;
    book.reason = "applied by the caller, who vouches for the sequence";
}

void apply_snapshot(Book& book, const Levels& bids, const Levels& asks,
                    std::optional<Sequence> sequence, std::optional<Nanos> ts_event_ns,
                    std::optional<Nanos> ts_recv_ns) {
    check(book, bids, asks);
    book.replace(view(bids), view(asks));
    finish(book, {sequence, ts_event_ns, ts_recv_ns});
}

void apply_delta(Book& book, const Levels& bids, const Levels& asks,
                 std::optional<Sequence> sequence, std::optional<Nanos> ts_event_ns,
                 std::optional<Nanos> ts_recv_ns) {
    check(book, bids, asks);
    book.update(view(bids), view(asks));
    finish(book, {sequence, ts_event_ns, ts_recv_ns});
}

constexpr const char* book_doc =
    R"doc(An L2 book in integer ticks and lots, and how far it can be trusted.

Parameters
----------
instrument : Instrument
    Whose tick and lot the levels are counted in.

Attributes
----------
best_bid, best_ask : (int, int) or None
    Ticks and lots of level 1; None where the side is empty.
state, reason : BookState, str
    Whether the book is in sync by proof, and why or why not. A book that the caller fills by
    hand is UNVERIFIED.
sequence, ts_event_ns, ts_recv_ns : int or None
    Final update id and times of the last message; None where the source has none.

Notes
-----
Levels are `LEVEL_DTYPE` arrays of (price in ticks, size in lots). A message is all or nothing:
an invalid level raises `DecodeError` and leaves the book as it was. Arrays handed out are
copies. Not thread-safe.

Examples
--------
>>> import obcore
>>> btc = obcore.Instrument("BTCUSDT", "0.10", "0.001")
>>> book = obcore.Book(btc)
>>> book.apply_snapshot(btc.levels([("64250.10", "0.35")]), btc.levels([("64250.20", "1.2")]))
>>> book.best_bid, book.best_ask
((642501, 350), (642502, 1200))
>>> book.apply_delta(btc.levels([("64250.10", "0")]), btc.levels([]))
>>> book.best_bid is None, book.state.name
(True, 'UNVERIFIED')
)doc";

}  // namespace

void bind_book(py::module_& m) {
    py::native_enum<BookState>(
        m, "BookState", "enum.Enum",
        "How far a book can be trusted.\n\n"
        "EMPTY: nothing was loaded. BUFFERING: deltas wait for a snapshot that joins them, or "
        "a\n"
        "snapshot for its proof. SYNCED: proved by the venue's ids. UNVERIFIED: complete by "
        "the\n"
        "format's or the caller's word. STALE: crossed, or silent. GAP: deltas are missing.")
        .value("EMPTY", BookState::empty)
        .value("BUFFERING", BookState::buffering)
        .value("SYNCED", BookState::synced)
        .value("UNVERIFIED", BookState::unverified)
        .value("STALE", BookState::stale)
        .value("GAP", BookState::gap)
        .finalize();

    py::class_<Book>(m, "Book", book_doc)
        .def(py::init(&make_book), "instrument"_a)
        .def("apply_snapshot", &apply_snapshot, "bids"_a, "asks"_a, "sequence"_a = py::none(),
             py::kw_only(), "ts_event_ns"_a = py::none(), "ts_recv_ns"_a = py::none(),
             "Replace both sides with (n,) LEVEL_DTYPE arrays, in any order.\n\n"
             "A price told twice keeps its last size; size 0 is no level. `sequence` is the "
             "final\n"
             "update id; it and the times are kept for the reader. Raises DecodeError on a "
             "negative size or a price\n"
             "that the instrument forbids; the book is then as it was.")
        .def("apply_delta", &apply_delta, "bids"_a, "asks"_a, "sequence"_a = py::none(),
             py::kw_only(), "ts_event_ns"_a = py::none(), "ts_recv_ns"_a = py::none(),
             "Set levels to absolute sizes, as (n,) LEVEL_DTYPE arrays; size 0 removes.\n\n"
             "The caller vouches for the sequence: the book is UNVERIFIED. Raises DecodeError "
             "as\n"
             "apply_snapshot does; the book is then as it was.")
        .def("__repr__",
             [](const Book& book) {
                 return std::string("<Book ") + to_string(book.state) + ": " +
                        std::to_string(book.bids.count()) + " bids, " +
                        std::to_string(book.asks.count()) + " asks>";
             })
        .def("clear",
             [](Book& book) {
                 book.clear();
                 book.state = BookState::empty;
                 book.reason = "cleared";
             })
        .def("top", &top, "side"_a, "n"_a = py::none(), "Copy of the best levels, best first.")
        .def("top_into", &top_into, "side"_a, "out"_a.noconvert(),
             "Fill a caller's array with the best levels; how many there were.")
        .def(
            "level",
            [](const Book& book, Side side, std::size_t n) {
                if (n == 0) throw py::value_error("n: expected 1 at the best, received 0");
                return on_side(book, side,
                               [&](const auto& ladder) { return pair_of(ladder.at(n - 1)); });
            },
            "side"_a, "n"_a,
            "Level n, from 1 at the best, as (ticks, lots); None past the last.")
        .def(
            "size_at",
            [](const Book& book, Side side, Ticks ticks) {
                if (ticks > max_price_ticks || ticks < -max_price_ticks) return Lots{0};
                return on_side(book, side,
                               [&](const auto& ladder) { return ladder.size_at(ticks); });
            },
            "side"_a, "ticks"_a, "Lots resting at a price; 0 where none do.")
        .def(
            "count",
            [](const Book& book, Side side) {
                return on_side(book, side, [](const auto& ladder) { return ladder.count(); });
            },
            "side"_a, "Number of levels.")
        .def(
            "total_lots",
            [](const Book& book, Side side) {
                return to_python(on_side(
                    book, side, [](const auto& ladder) { return ladder.total_lots(); }));
            },
            "side"_a, "Lots of the whole side, exact.")
        .def_property_readonly("best_bid",
                               [](const Book& book) { return pair_of(book.bids.best()); })
        .def_property_readonly("best_ask",
                               [](const Book& book) { return pair_of(book.asks.best()); })
        .def_property_readonly("is_crossed", &Book::is_crossed)
        .def_property_readonly("is_locked", &Book::is_locked)
        .def_readonly("grid", &Book::grid)
        .def_readonly("state", &Book::state)
        .def_readonly("reason", &Book::reason)
        .def_property_readonly("sequence",
                               [](const Book& book) { return or_none(book.sequence); })
        .def_property_readonly("ts_event_ns",
                               [](const Book& book) { return or_none(book.ts_event_ns); })
        .def_property_readonly("ts_recv_ns",
                               [](const Book& book) { return or_none(book.ts_recv_ns); })
        .def("memory_usage", &Book::memory_usage, "Bytes held.")
        .def("__copy__", [](const Book& book) { return Book(book); });
}

}  // namespace obcore::bindings
