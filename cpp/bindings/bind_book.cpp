#include <optional>
#include <span>
#include <utility>

#include "bind.hpp"
#include "levels.hpp"
#include "obcore/book.hpp"
#include "obcore/delta_batch.hpp"
#include "obcore/vouched.hpp"
#include "own_book.hpp"
#include "thin.hpp"

namespace obcore::bindings {

namespace {

// A level as (ticks, lots), or None.
std::optional<std::pair<Ticks, Lots>> pair_of(const std::optional<Level>& level) {
    if (!level) return std::nullopt;
    return std::pair{level->price, level->size};
}

PyObject* best(const std::optional<Level>& level) {
    if (!level) Py_RETURN_NONE;
    const py::int_ ticks(level->price);
    const py::int_ lots(level->size);
    return PyTuple_Pack(2, ticks.ptr(), lots.ptr());
}

PyObject* best_bid(PyObject* self) {
    return best(thin::held<Book>(self).bids.best());
}
PyObject* best_ask(PyObject* self) {
    return best(thin::held<Book>(self).asks.best());
}

PyObject* integer_or_none(std::int64_t value) {
    if (value == absent) Py_RETURN_NONE;
    return PyLong_FromLongLong(value);
}

PyObject* sequence(PyObject* self) {
    return integer_or_none(thin::held<Book>(self).sequence);
}
PyObject* ts_event_ns(PyObject* self) {
    return integer_or_none(thin::held<Book>(self).ts_event_ns);
}
PyObject* ts_recv_ns(PyObject* self) {
    return integer_or_none(thin::held<Book>(self).ts_recv_ns);
}
PyObject* state(PyObject* self) {
    return thin::Members<BookState>::get(thin::held<Book>(self).state);
}

PyObject* mid(PyObject* self) {
    const Book& book = thin::held<Book>(self);
    const auto touch = book.touch();
    return PyFloat_FromDouble(touch ? touch->mid(book.grid) : Py_NAN);
}

PyObject* microprice(PyObject* self) {
    const Book& book = thin::held<Book>(self);
    const auto touch = book.touch();
    return PyFloat_FromDouble(touch ? touch->microprice(book.grid) : Py_NAN);
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

OwnBook make_book(const py::object& instrument) {
    OwnBook book;
    book.grid = grid_of(instrument);
    return book;
}

void replace(OwnBook& book, const Levels& bids, const Levels& asks,
             std::optional<Sequence> sequence, std::optional<Nanos> ts_event_ns,
             std::optional<Nanos> ts_recv_ns) {
    apply_snapshot(book, view(bids), view(asks), told(sequence, ts_event_ns, ts_recv_ns));
}

void update(OwnBook& book, const Levels& bids, const Levels& asks,
            std::optional<Sequence> sequence, std::optional<Nanos> ts_event_ns,
            std::optional<Nanos> ts_recv_ns) {
    apply_delta(book, view(bids), view(asks), told(sequence, ts_event_ns, ts_recv_ns));
}

// ---- Many deltas --------------------------------------------------------------------------

const DeltaBatch& require_grid(const Book& book, const DeltaBatch& batch) {
    if (!(batch.grid() == book.grid)) {
        throw Error("batch: expected the tick and lot of the book, " + to_text(book.grid.tick) +
                    " and " + to_text(book.grid.lot) + ", received " +
                    to_text(batch.grid().tick) + " and " + to_text(batch.grid().lot));
    }
    return batch;
}

void apply_batch(OwnBook& book, const DeltaBatch& batch, std::size_t start,
                 std::optional<std::size_t> stop) {
    require_grid(book, batch);
    const std::size_t end = std::min(stop.value_or(batch.size()), batch.size());
    for (std::size_t i = start; i < end; ++i) book.update(batch[i].bids, batch[i].asks);
    if (start < end) vouch_for(book);
}

constexpr thin::Signature<2> apply_message_signature{"apply_message", {"batch", "index"}};

PyObject* apply_message(PyObject* self, const thin::Values<2>& values) {
    Book& book = thin::held<Book>(self);
    const DeltaBatch& batch =
        require_grid(book, thin::argument<DeltaBatch>(values[0], "batch"));
    const auto [bids, asks] = batch[thin::index(values[1], batch.size(), "index")];
    book.update(bids, asks);
    vouch_for(book);
    Py_RETURN_NONE;
}

template <typename T>
std::span<const T> view(const py::array_t<T, py::array::c_style>& array, const char* name) {
    if (array.ndim() != 1) {
        throw py::value_error(std::string(name) + ": expected one dimension, received " +
                              std::to_string(array.ndim()));
    }
    require_aligned(array.data(), name);
    return {array.data(), static_cast<std::size_t>(array.size())};
}

constexpr const char* batch_doc =
    R"doc(Many deltas of one instrument, checked once, to be applied again and again.

Parameters
----------
instrument : Instrument
    Whose tick and lot the levels are counted in.
sides : (n,) uint8 array
    0 for a bid, 1 for an ask, as in `Side`.
prices, sizes : (n,) int64 arrays
    Ticks, and absolute lots; size 0 removes the level.
offsets : (m + 1,) int64 array
    Message ``i`` is the rows from ``offsets[i]`` to ``offsets[i + 1]``.

Attributes
----------
levels : (n,) LEVEL_DTYPE array
    All of them, of each message the bids before the asks; a read-only view, not a copy.
updates : int
    How many levels that are; ``len()`` counts messages.

Raises
------
DecodeError
    Where a size is negative, a price is one that the instrument forbids, or the offsets do not
    divide the rows.

Examples
--------
>>> import numpy as np
>>> import obcore
>>> btc = obcore.Instrument("BTCUSDT", "0.10", "0.001")
>>> batch = obcore.DeltaBatch(
...     btc,
...     sides=np.array([0, 1, 0], np.uint8),
...     prices=np.array([642501, 642502, 642501]),
...     sizes=np.array([350, 1200, 0]),
...     offsets=np.array([0, 2, 3]),
... )
>>> book = obcore.Book(btc)
>>> book.apply_batch(batch, 0, 1)
>>> book.mid, book.microprice
(64250.15, 64250.12258064516)
>>> book.apply_message(batch, 1)
>>> book.best_bid is None
True
)doc";

void bind_batch(py::module_& m) {
    using Ints = py::array_t<std::int64_t, py::array::c_style>;
    using Sides = py::array_t<std::uint8_t, py::array::c_style>;
    auto type = py::class_<DeltaBatch>(m, "DeltaBatch", batch_doc);
    type.def(py::init([](const py::object& instrument, const Sides& sides, const Ints& prices,
                         const Ints& sizes, const Ints& offsets) {
                 return DeltaBatch(grid_of(instrument), view(sides, "sides"),
                                   view(prices, "prices"), view(sizes, "sizes"),
                                   view(offsets, "offsets"));
             }),
             "instrument"_a, "sides"_a.noconvert(), "prices"_a.noconvert(),
             "sizes"_a.noconvert(), "offsets"_a.noconvert())
        .def("__len__", &DeltaBatch::size)
        .def_property_readonly("updates", &DeltaBatch::updates)
        .def_property_readonly("levels",
                               [](const py::object& self) {
                                   const auto& levels = self.cast<DeltaBatch&>().levels();
                                   Levels view(static_cast<py::ssize_t>(levels.size()),
                                               levels.data(), self);
                                   view.attr("flags").attr("writeable") = false;
                                   return view;
                               })
        .def("__repr__", [](const DeltaBatch& batch) {
            return "<DeltaBatch of " + std::to_string(batch.size()) + " messages, " +
                   std::to_string(batch.updates()) + " updates>";
        });
    thin::type_of<DeltaBatch> = reinterpret_cast<PyTypeObject*>(type.ptr());
}

constexpr const char* view_doc =
    R"doc(What an L2 book shows, in integer ticks and lots, and how far it can be trusted.

Somebody else keeps it: a `LiveBook`, a `BookSet`. A `Book` is one that its owner fills.

Attributes
----------
best_bid, best_ask : (int, int) or None
    Ticks and lots of level 1; None where the side is empty.
mid, microprice : float
    In units of price; NaN while a side is empty.
state, reason : BookState, str
    Whether the book is in sync by proof, and why or why not. A book that the caller fills by
    hand is UNVERIFIED.
sequence, ts_event_ns, ts_recv_ns : int or None
    Final update id and times of the last message; None where the source has none.

Notes
-----
Levels are `LEVEL_DTYPE` arrays of (price in ticks, size in lots). Arrays handed out are copies.
Every call holds the GIL to its end, so no thread sees half a message.
)doc";

constexpr const char* book_doc =
    R"doc(An L2 book that its owner fills, in integer ticks and lots.

Parameters
----------
instrument : Instrument
    Whose tick and lot the levels are counted in.

Notes
-----
A message is all or nothing: an invalid level raises `DecodeError` and leaves the book as it
was. The caller vouches for the sequence, so the book is UNVERIFIED; a `LiveBook` proves it.

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
    thin::Members<BookState>::bind(m.attr("BookState"), BookState::gap);

    bind_batch(m);

    auto view = py::class_<Book>(m, "BookView", view_doc);
    thin::type_of<Book> = reinterpret_cast<PyTypeObject*>(view.ptr());
    thin::add_property<&best_bid>(view, "best_bid", "Ticks and lots, or None.");
    thin::add_property<&best_ask>(view, "best_ask", "Ticks and lots, or None.");
    thin::add_property<&state>(view, "state", "How far the book can be trusted.");
    thin::add_property<&sequence>(view, "sequence", "Final update id, or None.");
    thin::add_property<&ts_event_ns>(view, "ts_event_ns", "Venue time, or None.");
    thin::add_property<&ts_recv_ns>(view, "ts_recv_ns", "Receive time, or None.");
    thin::add_property<&mid>(view, "mid", "(bid + ask) / 2; NaN while a side is empty.");
    thin::add_property<&microprice>(
        view, "microprice",
        "The mid weighted by the opposite sizes; NaN while a side is empty.");

    auto own = py::class_<OwnBook, Book>(m, "Book", book_doc);
    thin::add_method<apply_message_signature, &apply_message>(
        own,
        "apply_message($self, batch, index)\n--\n\n"
        "Apply one message of a batch, as apply_delta does.");
    own.def(py::init(&make_book), "instrument"_a)
        .def("apply_snapshot", &replace, "bids"_a, "asks"_a, "sequence"_a = py::none(),
             py::kw_only(), "ts_event_ns"_a = py::none(), "ts_recv_ns"_a = py::none(),
             "Replace both sides with (n,) LEVEL_DTYPE arrays, in any order.\n\n"
             "A price told twice keeps its last size; size 0 is no level. `sequence` is the "
             "final\n"
             "update id; it and the times are kept for the reader. Raises DecodeError on a "
             "negative size or a price\n"
             "that the instrument forbids; the book is then as it was.")
        .def("apply_delta", &update, "bids"_a, "asks"_a, "sequence"_a = py::none(),
             py::kw_only(), "ts_event_ns"_a = py::none(), "ts_recv_ns"_a = py::none(),
             "Set levels to absolute sizes, as (n,) LEVEL_DTYPE arrays; size 0 removes.\n\n"
             "The caller vouches for the sequence: the book is UNVERIFIED. Raises DecodeError "
             "as\n"
             "apply_snapshot does; the book is then as it was.")
        .def("apply_batch", &apply_batch, "batch"_a, "start"_a = 0, "stop"_a = py::none(),
             "Apply the messages from `start` to `stop`, exclusive, as apply_delta does.")
        .def("clear", [](OwnBook& book) {
            book.clear();
            book.state = BookState::empty;
            book.reason = "cleared";
        });

    view.def("__repr__",
             [](const Book& book) {
                 return std::string("<Book ") + to_string(book.state) + ": " +
                        std::to_string(book.bids.count()) + " bids, " +
                        std::to_string(book.asks.count()) + " asks>";
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
        .def_property_readonly("is_crossed", &Book::is_crossed)
        .def_property_readonly("is_locked", &Book::is_locked)
        .def_readonly("grid", &Book::grid)
        .def_readonly("reason", &Book::reason)
        .def("is_complete_to", &Book::is_complete_to, "levels"_a,
             "Whether the best `levels` of both sides are known to be all there.\n\n"
             "False behind the horizon of a snapshot that was cut off: what has not changed "
             "since\n"
             "is unknown there.")
        .def_property_readonly("horizon",
                               [](const Book& book) {
                                   return py::make_tuple(or_none(book.horizon.bid),
                                                         or_none(book.horizon.ask));
                               })
        .def("memory_usage", &Book::memory_usage, "Bytes held.")
        .def("__copy__", [](const Book& book) { return OwnBook(book); });
}

}  // namespace obcore::bindings
