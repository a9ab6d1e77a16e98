#include "engine.hpp"

#include <dlfcn.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bind.hpp"
#include "obcore/delta_batch.hpp"
#include "obcore/vouched.hpp"
#include "own_book.hpp"
#include "thin.hpp"

namespace obcore::bindings {

Registry& user_features() {
    static Registry registry;
    return registry;
}

FeatureOptions feature_options(std::string features, std::size_t depth, const std::string& mode,
                               std::optional<std::vector<double>> ofi_weights) {
    if (mode != "causal" && mode != "source") {
        throw py::value_error("mode: expected causal or source, received '" + mode + "'");
    }
    if (ofi_weights && ofi_weights->empty()) {
        throw Error("ofi_weights: expected 1 to 10 finite numbers, received 0");
    }
    return {.features = std::move(features),
            .depth = depth,
            .source = mode == "source",
            .ofi_weights = std::move(ofi_weights).value_or(std::vector<double>()),
            .registry = &user_features()};
}

namespace {

std::shared_ptr<Engine> make(const py::object& instrument, const py::object& features,
                             std::size_t depth, const std::string& mode,
                             std::optional<std::vector<double>> ofi_weights) {
    return std::make_shared<Engine>(
        feature_options(comma_separated(features), depth, mode, std::move(ofi_weights)),
        grid_of(instrument),
        py::isinstance<Grid>(instrument)
            ? ""
            : py::str(py::getattr(instrument, "symbol", py::str())).cast<std::string>());
}

void require_grid(const Engine& engine, const Grid& grid, const char* what) {
    if (grid == engine.grid) return;
    throw Error(std::string(what) + ": expected the tick and lot of the engine's instrument, " +
                to_text(engine.grid.tick) + " and " + to_text(engine.grid.lot) + ", received " +
                to_text(grid.tick) + " and " + to_text(grid.lot));
}

constexpr thin::Signature<2> on_book_signature{"on_book", {"book", "out"}, 1};

PyObject* on_book(PyObject* self, const thin::Values<2>& values) {
    auto& engine = thin::held<Engine>(self);
    const Book& book = thin::argument<Book>(values[0], "book");
    const Exclusive::Claim claim(engine.exclusive);
    if (book.state != BookState::synced && book.state != BookState::unverified) {
        throw Error(std::string("book: expected one in sync, received ") +
                    to_string(book.state) + " (" + book.reason +
                    "); reset() the engine and go on at the next join");
    }
    require_grid(engine, book.grid, "book");
    const thin::Vector out(values[1], engine.features.size());  // throws first
    engine.features.on_state(book);
    engine.features.fill(book, out.values());
    return out.release();
}

// Messages have no times here, so features of windows in time refuse them before anything is
// applied.
py::array_t<double> replay(Engine& engine, OwnBook& book, const DeltaBatch& batch,
                           std::optional<py::array_t<double, py::array::c_style>> out) {
    const Exclusive::Claim claim(engine.exclusive);
    require_grid(engine, book.grid, "book");
    require_grid(engine, batch.grid(), "batch");
    engine.features.require_no_clock();
    const std::size_t width = engine.features.size();
    auto rows = matrix_for(batch.size(), width, std::move(out));
    const std::span values(rows.mutable_data(), batch.size() * width);
    if (batch.size() > 0) vouch_for(book);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        book.update(batch[i].bids, batch[i].asks);
        engine.features.on_state(book);
        engine.features.fill(book, values.subspan(i * width, width));
    }
    return rows;
}

void on_trade(Engine& engine, Ticks price, Lots size, Side taker,
              std::optional<Nanos> ts_event_ns, std::optional<Nanos> ts_recv_ns) {
    const Exclusive::Claim claim(engine.exclusive);
    if (!ts_event_ns && !ts_recv_ns) {
        throw DecodeError("trade", "a venue time or a receive time", "neither");
    }
    const Level traded{price, size};
    check_levels({&traded, 1}, engine.grid, "trade");
    engine.features.on_trade({{.price = price, .size = size, .taker = taker},
                              {ts_event_ns.value_or(absent), ts_recv_ns.value_or(absent)}});
}

std::int64_t states(Engine& engine) {
    const Exclusive::Claim claim(engine.exclusive);
    return engine.features.states();
}

py::dict missing(Engine& engine) {
    const Exclusive::Claim claim(engine.exclusive);
    py::dict out;
    for (const auto& [feature, what] : engine.features.missing()) {
        out[py::str(feature)] = what;
    }
    return out;
}

py::bytes save(Engine& engine) {
    const Exclusive::Claim claim(engine.exclusive);
    return py::bytes(engine.features.save(engine.grid, engine.symbol));
}

void restore(Engine& engine, const py::bytes& state) {
    const Exclusive::Claim claim(engine.exclusive);
    engine.features.restore(std::string_view(state), engine.grid, engine.symbol);
}

// Adds the features of a shared library to the catalogue; all of them or none.
std::vector<std::string> load_features(const std::string& path) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw Error("features: " + std::string(dlerror()));
    using Register = void (*)(Registry&);
    auto* const add =
        reinterpret_cast<Register>(dlsym(library, Registry::entry_point));  // NOLINT: dlsym
    if (add == nullptr) {
        dlclose(library);
        throw Error("features: expected " + path + " to define " + Registry::entry_point +
                    ", for the headers of this version; rebuild it with obcore.get_include()");
    }
    Registry all = user_features();
    add(all);  // the library stays loaded: its code is in use from now on
    std::vector<std::string> names;
    for (std::size_t i = user_features().rows().size(); i < all.rows().size(); ++i) {
        names.emplace_back(all.rows()[i].name);
    }
    user_features() = std::move(all);
    return names;
}

constexpr const char* engine_doc =
    R"doc(Features of one book state and features that remember, one vector a state.

Parameters
----------
instrument : Instrument
    Whose tick and lot prices and sizes are counted in.
features : str or iterable of str, optional
    Names and sets, as a list or with commas between them: ``"standard"``, ``"all"``,
    ``"collector"``, ``"stateful"``, ``["oi", "ofi_1", "z_score(obi_1, window=1s)"]``. See
    `obcore.features.catalog`.
depth : int, optional
    Levels a side where a formula has a depth, 1 to 1,000.
mode : {"causal", "source"}, optional
    ``"source"`` takes over signs and lags of the article that the adjusted mids come from, and
    with them its look ahead: for parity with it, and for nothing else.
ofi_weights : sequence of float, optional
    Weights of ``integrated_ofi`` from level 1 on, at most ten; equal ones by default.

Attributes
----------
names : list of str
    Of the vector's values, in order.
states : int
    States since the last reset.
waiting_trades : int
    Trades that no state has seen yet, for none was later.
missing : dict of str to str
    What each feature that is not warm yet waits for; empty once all are.
ready : bool
    Whether nothing is missing.

Raises
------
ObcoreError
    If a name or a parameter is not in the catalogue.

Notes
-----
States and trades are one stream, in order of arrival. A trade is seen at the first state that
is strictly later than it on every clock that both carry, and never before: a trade may arrive
with the depth that it caused. Undefined values, and those not warm yet, are NaN. Give it to
`Recording.features` to warm it up: live and batch give the same bits. Not thread-safe.

Examples
--------
>>> import obcore
>>> btc = obcore.Instrument("BTCUSDT", "0.10", "0.001")
>>> engine = obcore.FeatureEngine(btc, ["ofi", "last_trade_price", "mean(spread, window=2)"])
>>> book = obcore.Book(btc)
>>> bids, asks = btc.levels([("100.00", "2")]), btc.levels([("100.20", "1")])
>>> book.apply_snapshot(bids, asks, ts_event_ns=1_000)
>>> engine.on_book(book).tolist()
[nan, nan, nan]
>>> engine.missing["ofi"], engine.missing["last_trade_price"]
('0 of 1 states', 'a trade')
>>> engine.on_trade(btc.to_ticks("100.20"), 400, obcore.Side.BID, ts_event_ns=1_500)
>>> book.apply_delta(btc.levels([]), btc.levels([("100.20", "0.6")]), ts_event_ns=2_000)
>>> engine.on_book(book).tolist()
[0.4, 100.2, 0.2]
>>> engine.ready
True
)doc";

}  // namespace

void bind_engine(py::module_& m) {
    auto type = py::class_<Engine, std::shared_ptr<Engine>>(m, "FeatureEngine", engine_doc);
    thin::add_method<on_book_signature, &on_book>(
        type,
        "on_book($self, book, out=None)\n--\n\n"
        "Take the book's new state; return its vector, in `out` if given.\n\n"
        "Raises ObcoreError where the book is not in sync, or of another instrument.");
    type.def(py::init(&make), "instrument"_a, "features"_a = "stateful", py::kw_only(),
             "depth"_a = 10, "mode"_a = "causal", "ofi_weights"_a = py::none())
        .def_property_readonly("names",
                               [](const Engine& engine) { return engine.features.names(); })
        .def_property_readonly("grid", [](const Engine& engine) { return engine.grid; })
        .def_property_readonly("symbol", [](const Engine& engine) { return engine.symbol; })
        .def_property_readonly("states", &states)
        .def_property_readonly("waiting_trades",
                               [](Engine& engine) {
                                   const Exclusive::Claim claim(engine.exclusive);
                                   return engine.features.waiting_trades();
                               })
        .def_property_readonly("missing", &missing)
        .def_property_readonly("ready",
                               [](Engine& engine) { return py::len(missing(engine)) == 0; })
        .def("__len__", [](const Engine& engine) { return engine.features.size(); })
        .def("__repr__",
             [](Engine& engine) {
                 return "<FeatureEngine of " + std::to_string(engine.features.size()) +
                        " features after " + std::to_string(states(engine)) + " states>";
             })
        .def(
            "replay", &replay, "book"_a, "batch"_a, "out"_a.noconvert() = py::none(),
            "Apply each message of a batch to the book and take its vector: (m, k) float64.\n\n"
            "In `out` if given. Raises ObcoreError where a feature needs the times that a "
            "batch\n"
            "does not have; the book is then as it was.")
        .def("on_trade", &on_trade, "price"_a, "size"_a, "taker"_a, py::kw_only(),
             "ts_event_ns"_a = py::none(), "ts_recv_ns"_a = py::none(),
             "Take a trade: ticks, lots and the aggressor, BID where the buyer was it.\n\n"
             "It is seen at the first state that is later. Raises DecodeError where it has no\n"
             "time, a negative size or a price that the instrument forbids.")
        .def(
            "reset",
            [](Engine& engine) {
                const Exclusive::Claim claim(engine.exclusive);
                engine.features.reset();
            },
            "Forget everything, as behind a gap.")
        .def("save", &save, "Return all that it remembers as bytes.")
        .def("restore", &restore, "state"_a,
             "Go on from what save() returned, to the same bits.\n\n"
             "Raises ObcoreError where that was of other features or another instrument,\n"
             "DecodeError where it is damaged; the engine is then as it was.");

    m.def(
        "feature_names",
        [](std::string features, std::size_t depth,
           std::optional<std::vector<double>> ofi_weights) {
            return FeatureEngine(feature_options(std::move(features), depth, "causal",
                                                 std::move(ofi_weights)))
                .names();
        },
        "features"_a, "depth"_a = 10, "ofi_weights"_a = py::none(),
        "The columns that a choice of features gives; ObcoreError where it is none.");
    m.def("load_features", &load_features, "path"_a,
          "Add the features of a shared library to the catalogue; their names.");
}

}  // namespace obcore::bindings
