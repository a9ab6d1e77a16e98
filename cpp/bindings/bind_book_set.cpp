#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bind.hpp"
#include "depth_format.hpp"
#include "levels.hpp"
#include "obcore/book_set.hpp"
#include "thin.hpp"

namespace obcore::bindings {

namespace {

std::string text_of(const py::object& object, const char* attribute) {
    return py::str(py::getattr(object, attribute, py::str())).cast<std::string>();
}

BookSet make(const py::iterable& instruments, const py::object& features, std::size_t depth,
             const std::string& kind) {
    std::vector<BookSet::Instrument> members;
    for (const py::handle item : instruments) {
        const auto instrument = py::reinterpret_borrow<py::object>(item);
        members.push_back(
            {grid_of(instrument), text_of(instrument, "symbol"), text_of(instrument, "name")});
    }
    return {members, FeatureSet(comma_separated(features), depth), depth_format(kind)};
}

// ---- One message --------------------------------------------------------------------------

constexpr thin::Signature<3> apply_json_signature{
    "apply_json", {"index", "message", "ts_recv_ns"}, 1};

PyObject* apply_json(PyObject* self, const thin::Values<3>& values) {
    auto& books = thin::held<BookSet>(self);
    const std::size_t index = thin::index(values[0], books.size(), "index");
    const thin::Message message(values[1]);
    const Nanos ts_recv_ns = thin::optional_integer(values[2], "ts_recv_ns");
    return thin::Members<Verdict>::get(books.apply_json(index, message.text(), ts_recv_ns));
}

std::size_t require_index(const BookSet& books, std::int64_t index) {
    if (index < 0 || static_cast<std::size_t>(index) >= books.size()) {
        throw py::index_error("index: expected 0 to " + std::to_string(books.size()) +
                              " exclusive, received " + std::to_string(index));
    }
    return static_cast<std::size_t>(index);
}

void apply_snapshot(BookSet& books, std::int64_t index, const Levels& bids, const Levels& asks,
                    std::optional<Sequence> sequence, std::optional<Nanos> ts_event_ns,
                    std::optional<Nanos> ts_recv_ns) {
    books.apply_snapshot(require_index(books, index), view(bids), view(asks),
                         told(sequence, ts_event_ns, ts_recv_ns));
}

void apply_delta(BookSet& books, std::int64_t index, const Levels& bids, const Levels& asks,
                 std::optional<Sequence> sequence, std::optional<Nanos> ts_event_ns,
                 std::optional<Nanos> ts_recv_ns) {
    books.apply_delta(require_index(books, index), view(bids), view(asks),
                      told(sequence, ts_event_ns, ts_recv_ns));
}

// ---- Many ---------------------------------------------------------------------------------

using Verdicts = py::array_t<std::uint8_t, py::array::c_style>;

// The texts of many messages, kept alive by a tuple that nobody else can change.
class Texts {
public:
    explicit Texts(const py::object& messages) : messages_(py::tuple(messages)) {
        views_.reserve(messages_.size());
        for (const py::handle message : messages_) {
            PyObject* const object = message.ptr();
            if (PyBytes_Check(object)) [[likely]] {
                views_.emplace_back(PyBytes_AS_STRING(object),
                                    static_cast<std::size_t>(PyBytes_GET_SIZE(object)));
            } else {
                views_.push_back(others_.emplace_back(object).text());
            }
        }
    }

    [[nodiscard]] std::span<const std::string_view> views() const noexcept { return views_; }

private:
    py::tuple messages_;
    std::vector<std::string_view> views_;
    std::deque<thin::Message> others_;
};

// An array of integers of one dimension, of any width and kind.
class Integers {
public:
    Integers(const py::object& values, std::size_t size, const char* name) {
        const py::array array = py::array::ensure(values);
        if (!array ||
            (array.size() > 0 && array.dtype().kind() != 'i' && array.dtype().kind() != 'u')) {
            throw py::type_error(std::string(name) + ": expected an array of integers");
        }
        if (array.ndim() != 1 || static_cast<std::size_t>(array.size()) != size) {
            throw py::value_error(std::string(name) + ": expected shape (" +
                                  std::to_string(size) + ",), one for each message, received " +
                                  py::repr(array.attr("shape")).cast<std::string>());
        }
        array_ = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>(array);
    }

    [[nodiscard]] std::span<const std::int64_t> values() const noexcept {
        return {array_.data(), static_cast<std::size_t>(array_.size())};
    }

private:
    py::array_t<std::int64_t, py::array::c_style> array_;
};

Verdicts verdicts_for(std::size_t size, std::optional<Verdicts> out) {
    if (!out) return Verdicts(static_cast<py::ssize_t>(size));
    if (out->ndim() != 1 || static_cast<std::size_t>(out->size()) != size) {
        throw py::value_error("out: expected shape (" + std::to_string(size) + ",), received " +
                              py::repr(out->attr("shape")).cast<std::string>());
    }
    return *std::move(out);
}

Verdicts apply_json_many(BookSet& books, const py::object& ids, const py::object& messages,
                         const py::object& ts_recv_ns, std::size_t threads,
                         std::optional<Verdicts> out) {
    const Texts texts(messages);
    const std::size_t size = texts.views().size();
    const Integers numbers(ids, size, "ids");
    for (const std::int64_t id : numbers.values()) {
        if (id >= 0 && static_cast<std::size_t>(id) < books.size()) continue;
        throw py::index_error("ids: expected 0 to " + std::to_string(books.size()) +
                              " exclusive, received " + std::to_string(id));
    }
    const std::optional<Integers> times =
        ts_recv_ns.is_none()
            ? std::nullopt
            : std::optional<Integers>(std::in_place, ts_recv_ns, size, "ts_recv_ns");
    Verdicts verdicts = verdicts_for(size, std::move(out));
    books.apply_json_many({numbers.values(), texts.views(),
                           times ? times->values() : std::span<const std::int64_t>()},
                          {verdicts.mutable_data(), static_cast<std::size_t>(verdicts.size())},
                          threads);
    return verdicts;
}

using Matrix = py::array_t<double, py::array::c_style>;

Matrix compute(BookSet& books, std::optional<Matrix> out, std::size_t threads) {
    auto rows = matrix_for(books.size(), books.feature_set().size(), std::move(out));
    books.compute({rows.mutable_data(), static_cast<std::size_t>(rows.size())}, threads);
    return rows;
}

constexpr const char* book_set_doc =
    R"doc(Thousands of books in one process: updated by number, their features in one matrix.

Parameters
----------
instruments : iterable of Instrument
    One a book, which is known by its place among them.
features : str or iterable of str, optional
    Names as in `FeatureSet`.
depth : int, optional
    Levels a side where a formula has a depth, 1 to 1,000.
kind : {"auto", "diff", "topn"}, optional
    What the depth is, where the messages do not say it, as in `LiveBook`.

Attributes
----------
names : list of str
    The columns of ``features()``.
symbols : list of str
    Of the books, in their order; empty for one that no message has named yet.

Notes
-----
A book is kept from JSON messages, and is in sync by proof as a `LiveBook` is, or from levels that
the caller decoded, and is UNVERIFIED: the first of either decides, and the other one raises
`ObcoreError` from then on. ``books[i]`` is a `BookView` that stays true as messages come.

Every call holds the GIL to its end. The threads that it may start, ``threads`` with the calling
one, never touch Python and end with it; each book is touched by one of them. They are started
only where there is work for them: 32 KiB of messages, or 128 rows, each.

A book holds 130 KB, and of each level 12 bytes where they lie side by side, some 200 where each
is alone.

Examples
--------
>>> import obcore
>>> books = obcore.BookSet(
...     [obcore.Instrument(symbol, "0.01", "0.001") for symbol in ("BTCUSDT", "ETHUSDT")],
...     features="mid_price, spread",
... )
>>> messages = [
...     b'{"e":"depthUpdate","E":1720000000001,"T":1720000000000,"s":"ETHUSDT","U":10,"u":12,'
...     b'"pu":9,"b":[["3425.01","0.350"]],"a":[]}',
...     b'{"lastUpdateId":11,"E":1720000000002,"T":1720000000001,'
...     b'"bids":[["3425.00","1.000"]],"asks":[["3425.02","2.000"]]}',
... ]
>>> eth = books.index("ETHUSDT")
>>> [obcore.Verdict(value).name for value in books.apply_json_many([eth, eth], messages)]
['BUFFER', 'APPLY']
>>> books[eth].state.name, books[eth].best_bid
('SYNCED', (342501, 350))
>>> books.features().tolist()
[[nan, nan], [3425.015, 0.01]]
)doc";

void bind_calls(py::class_<BookSet>& type) {
    thin::add_method<apply_json_signature, &apply_json>(
        type,
        "apply_json($self, index, message, ts_recv_ns=None)\n--\n\n"
        "Take one message of one book, as `LiveBook.apply_json` does; what it means.");
    type.def("apply_snapshot", &apply_snapshot, "index"_a, "bids"_a, "asks"_a,
             "sequence"_a = py::none(), py::kw_only(), "ts_event_ns"_a = py::none(),
             "ts_recv_ns"_a = py::none(),
             "Replace both sides of one book, as `Book.apply_snapshot` does.\n\n"
             "Raises ObcoreError where the book is kept from JSON messages.")
        .def("apply_delta", &apply_delta, "index"_a, "bids"_a, "asks"_a,
             "sequence"_a = py::none(), py::kw_only(), "ts_event_ns"_a = py::none(),
             "ts_recv_ns"_a = py::none(),
             "Set levels of one book to absolute sizes, as `Book.apply_delta` does.\n\n"
             "Raises ObcoreError where the book is kept from JSON messages.")
        .def("apply_json_many", &apply_json_many, "ids"_a, "messages"_a,
             "ts_recv_ns"_a = py::none(), "threads"_a = 1, "out"_a.noconvert() = py::none(),
             "Take n messages, message i for book ids[i]; the value of each one's Verdict.\n\n"
             "Parameters\n"
             "----------\n"
             "ids : (n,) array of integers\n"
             "messages : sequence of n bytes-like or str\n"
             "    Those of one book are applied in their order.\n"
             "ts_recv_ns : (n,) array of integers, optional\n"
             "threads : int, optional\n"
             "    At most so many, 1 to 256.\n"
             "out : (n,) uint8 array, optional\n"
             "    To be filled and returned.\n\n"
             "Returns\n"
             "-------\n"
             "(n,) uint8 array\n\n"
             "Raises\n"
             "------\n"
             "DecodeError, ObcoreError\n"
             "    As apply_json does, for the first message that fails, once all others are\n"
             "    applied: it names the message and says how many fail. Of those that do "
             "nothing\n"
             "    is applied, and `out` holds 255 for each. Wrong arguments raise before "
             "anything\n"
             "    is applied.")
        .def("features", &compute, "out"_a.noconvert() = py::none(), "threads"_a = 1,
             "Work out every book's features, as a (len, k) float64 matrix, in `out` if "
             "given.\n\n"
             "The row of a book that is neither SYNCED nor UNVERIFIED is NaN.");
}

}  // namespace

void bind_book_set(py::module_& m) {
    auto type = py::class_<BookSet>(m, "BookSet", book_set_doc);
    type.def(py::init(&make), "instruments"_a, "features"_a = "standard", "depth"_a = 10,
             py::kw_only(), "kind"_a = "auto");
    bind_calls(type);
    type.def_property_readonly("names",
                               [](const BookSet& books) { return books.feature_set().names(); })
        .def_property_readonly("symbols",
                               [](const BookSet& books) {
                                   std::vector<std::string> symbols;
                                   for (std::size_t i = 0; i < books.size(); ++i) {
                                       symbols.push_back(books[i].symbol());
                                   }
                                   return symbols;
                               })
        .def("index", &BookSet::index, "symbol"_a,
             "Return the number of the book of a symbol, or of a \"venue:SYMBOL\".\n\n"
             "Raises ObcoreError where there is none, or several venues have it.")
        .def("__len__", &BookSet::size)
        .def(
            "__getitem__",
            [](const BookSet& books, std::int64_t index) -> const Book& {
                const auto size = static_cast<std::int64_t>(books.size());
                return books[require_index(books, index < 0 ? index + size : index)].book();
            },
            py::return_value_policy::reference_internal)
        .def("__iter__",
             [](const py::object& books) {
                 return py::reinterpret_steal<py::object>(PySeqIter_New(books.ptr()));
             })
        .def("memory_usage", &BookSet::memory_usage, "Bytes held.")
        .def("__repr__", [](const BookSet& books) {
            return "<BookSet of " + std::to_string(books.size()) + " books, " +
                   std::to_string(books.feature_set().size()) + " features>";
        });
}

}  // namespace obcore::bindings
