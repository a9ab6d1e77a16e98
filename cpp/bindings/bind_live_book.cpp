#include <string>

#include "bind.hpp"
#include "depth_format.hpp"
#include "obcore/live_book.hpp"
#include "thin.hpp"

namespace obcore::bindings {

namespace {

// With the reader that it decodes by.
struct Live {
    LiveBook book;
    MessageReader reader;
};

constexpr thin::Signature<2> apply_json_signature{"apply_json", {"message", "ts_recv_ns"}, 1};

PyObject* apply_json(PyObject* self, const thin::Values<2>& values) {
    auto& live = thin::held<Live>(self);
    const thin::Message message(values[0]);
    const Nanos ts_recv_ns = thin::optional_integer(values[1], "ts_recv_ns");
    return thin::Members<Verdict>::get(
        live.book.apply_json(message.text(), ts_recv_ns, live.reader));
}

Live make(const py::object& instrument, const std::string& kind) {
    const Format format = depth_format(kind);
    const auto symbol = py::str(py::getattr(instrument, "symbol", py::str()));
    return {LiveBook(grid_of(instrument), symbol.cast<std::string>(), format),
            MessageReader(format)};
}

constexpr const char* live_book_doc =
    R"doc(The book of one instrument, kept from its Binance messages as they arrive.

In sync by proof, or it says that it is not: the decoder and the state machine of a replay.

Parameters
----------
instrument : Instrument
    Whose messages these are; those of another symbol are errors.
kind : {"auto", "diff", "topn"}, optional
    What the depth is, where the messages do not say it: the futures' partial depth without a
    stream name looks like diffs.

Attributes
----------
book : BookView
    The book: one object, to be kept; its ``state`` and ``reason`` say how far it can be trusted.
symbol : str
    Of the messages; of the first one where the instrument has none.

Notes
-----
Diffs of the spot and futures markets, REST snapshots and partial depth, raw or in the combined
stream's envelope. Where the verdict is GAP or RESYNC, the book needs a REST snapshot, which goes
the same way.

Examples
--------
>>> import obcore
>>> live = obcore.LiveBook(obcore.Instrument("BTCUSDT", "0.10", "0.001"))
>>> live.apply_json(
...     b'{"e":"depthUpdate","E":1720000000001,"T":1720000000000,"s":"BTCUSDT","U":10,"u":12,'
...     b'"pu":9,"b":[["64250.10","0.350"]],"a":[]}'
... ).name
'BUFFER'
>>> live.apply_json(
...     b'{"lastUpdateId":11,"E":1720000000002,"T":1720000000001,'
...     b'"bids":[["64250.00","1.000"]],"asks":[["64250.20","2.000"]]}'
... ).name
'APPLY'
>>> live.book.state.name, live.book.best_bid, live.book.mid
('SYNCED', (642501, 350), 64250.15)
)doc";

}  // namespace

void bind_live_book(py::module_& m) {
    thin::Members<Verdict>::bind(m.attr("Verdict"), Verdict::resync);
    auto type = py::class_<Live>(m, "LiveBook", live_book_doc);
    thin::add_method<apply_json_signature, &apply_json>(
        type,
        "apply_json($self, message, ts_recv_ns=None)\n--\n\n"
        "Take one message, as bytes or text; what it means for the book.\n\n"
        "SKIP where it is older than the book, or no depth. Raises DecodeError where it is\n"
        "malformed or of another symbol, PrecisionError where it needs a finer tick or lot; "
        "the\n"
        "book is then as it was.");
    type.def(py::init(&make), "instrument"_a, "kind"_a = "auto")
        .def_property_readonly(
            "book", [](const Live& live) -> const Book& { return live.book.book(); },
            py::return_value_policy::reference_internal)
        .def_property_readonly("symbol",
                               [](const Live& live) { return readable(live.book.symbol()); })
        .def("__repr__", [](const Live& live) {
            return readable("<LiveBook of " + live.book.symbol() + ": " +
                            to_string(live.book.book().state) + ">");
        });
}

}  // namespace obcore::bindings
