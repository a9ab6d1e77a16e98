#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bind.hpp"
#include "engine.hpp"
#include "exclusive.hpp"
#include "obcore/change_columns.hpp"
#include "obcore/change_player.hpp"
#include "own_book.hpp"
#include "rows.hpp"

namespace obcore::bindings {

namespace {

// ---- From C++ into columns ----------------------------------------------------------------

template <typename T>
py::array_t<T> column(std::vector<T>& values) {
    const auto n = static_cast<py::ssize_t>(values.size());
    return to_array(std::move(values), {n});
}

py::dict to_dict(ChangeColumns part) {
    py::dict out;
    out["grid"] = part.grid;
    out["position"] = column(part.position);
    out["time_ns"] = column(part.time);
    out["id"] = column(part.id);
    out["kind"] = column(part.kind);
    out["state"] = column(part.state);
    out["reason"] = column(part.reason);
    out["ts_event_ns"] = column(part.ts_event_ns);
    out["ts_recv_ns"] = column(part.ts_recv_ns);
    out["sequence"] = column(part.sequence);
    out["horizon_bid"] = column(part.horizon_bid);
    out["horizon_ask"] = column(part.horizon_ask);
    out["depth"] = column(part.depth);
    out["bid_offsets"] = column(part.bids.offsets);
    out["bid_price"] = column(part.bids.price);
    out["bid_size"] = column(part.bids.size);
    out["ask_offsets"] = column(part.asks.offsets);
    out["ask_price"] = column(part.asks.price);
    out["ask_size"] = column(part.asks.size);
    py::list reasons;
    for (const std::string& reason : part.reasons) reasons.append(readable(reason));
    out["reasons"] = reasons;
    return out;
}

py::dict to_dict(TradeColumns part) {
    py::dict out;
    out["grid"] = part.grid;
    out["position"] = column(part.position);
    out["time_ns"] = column(part.time);
    out["ts_event_ns"] = column(part.ts_event_ns);
    out["ts_recv_ns"] = column(part.ts_recv_ns);
    out["price"] = column(part.price);
    out["size"] = column(part.size);
    out["taker_is_buyer"] = column(part.taker_is_buyer);
    out["is_aggregate"] = column(part.is_aggregate);
    out["id"] = column(part.id);
    return out;
}

template <typename Parts>
py::list to_list(Parts parts) {
    py::list out;
    for (auto& part : parts) out.append(to_dict(std::move(part)));
    return out;
}

// ---- From columns into C++ ----------------------------------------------------------------

// Views of the arrays of a batch, which are kept alive as long.
class Columns {
public:
    explicit Columns(const py::object& batch) : batch_(batch) {}

    template <typename T>
    std::span<const T> get(const char* name) {
        using Array = py::array_t<T, py::array::c_style>;
        const py::object value = batch_.attr(name);
        if (!py::isinstance<Array>(value)) {
            throw py::type_error(std::string(name) + ": expected a contiguous array of " +
                                 py::str(py::dtype::of<T>()).cast<std::string>());
        }
        const auto array = py::reinterpret_borrow<Array>(value);
        if (array.ndim() != 1)
            throw py::value_error(std::string(name) + ": expected shape (n,)");
        require_aligned(array.data(), name);
        arrays_.push_back(array);
        return {array.data(), static_cast<std::size_t>(array.size())};
    }

private:
    py::object batch_;
    std::vector<py::object> arrays_;
};

ChangeView::Side side_of(Columns& columns, const char* offsets, const char* price,
                         const char* size) {
    return {columns.get<std::int64_t>(offsets), columns.get<std::int64_t>(price),
            columns.get<std::int64_t>(size)};
}

// A batch of changes that was checked.
struct ChangesOf {
    explicit ChangesOf(const py::object& batch)
        : columns(batch), reasons(batch.attr("reasons").cast<std::vector<std::string>>()) {
        view = {.position = columns.get<std::int64_t>("position"),
                .time = columns.get<std::int64_t>("time_ns"),
                .id = columns.get<std::int64_t>("id"),
                .kind = columns.get<std::uint8_t>("kind"),
                .state = columns.get<std::uint8_t>("state"),
                .reason = columns.get<std::int32_t>("reason"),
                .ts_event_ns = columns.get<std::int64_t>("ts_event_ns"),
                .ts_recv_ns = columns.get<std::int64_t>("ts_recv_ns"),
                .sequence = columns.get<std::int64_t>("sequence"),
                .horizon_bid = columns.get<std::int64_t>("horizon_bid"),
                .horizon_ask = columns.get<std::int64_t>("horizon_ask"),
                .depth = columns.get<std::int32_t>("depth"),
                .bids = side_of(columns, "bid_offsets", "bid_price", "bid_size"),
                .asks = side_of(columns, "ask_offsets", "ask_price", "ask_size"),
                .reasons = reasons};
        view.check();
    }

    Columns columns;
    std::vector<std::string> reasons;
    ChangeView view;
};

struct TradesOf {
    explicit TradesOf(const py::object& batch) : columns(batch) {
        view = {.position = columns.get<std::int64_t>("position"),
                .ts_event_ns = columns.get<std::int64_t>("ts_event_ns"),
                .ts_recv_ns = columns.get<std::int64_t>("ts_recv_ns"),
                .price = columns.get<std::int64_t>("price"),
                .size = columns.get<std::int64_t>("size"),
                .taker_is_buyer = columns.get<std::uint8_t>("taker_is_buyer"),
                .is_aggregate = columns.get<std::uint8_t>("is_aggregate"),
                .id = columns.get<std::int64_t>("id")};
        view.check();
    }

    Columns columns;
    TradeView view;
};

// A ChangePlayer for one thread at a time.
class Player {
public:
    explicit Player(const Grid& grid) : player_(grid) {}
    Player(const Grid& grid, const FeatureOptions& features, Every every)
        : engine_(std::make_shared<FeatureEngine>(features)), player_(grid, engine_, every) {}

    template <typename Work>
    auto use(Work&& work) {
        const Exclusive::Claim claim(exclusive_);
        return work(player_);
    }
    template <typename Work>
    auto run(Work&& work) {
        const Exclusive::Claim claim(exclusive_);
        const py::gil_scoped_release unlocked;
        return work(player_);
    }

    [[nodiscard]] const FeatureEngine* engine() const noexcept { return engine_.get(); }

private:
    std::shared_ptr<FeatureEngine> engine_;
    ChangePlayer player_;
    Exclusive exclusive_{"player"};
};

// The best bid and offer behind states, ABSENT where a side is empty.
class Touches {
public:
    void add(std::size_t row, const Book& book) {
        const Level none{absent, absent};
        const Level bid = book.bids.best().value_or(none);
        const Level ask = book.asks.best().value_or(none);
        for (const std::int64_t value :
             {static_cast<std::int64_t>(row), bid.price, bid.size, ask.price, ask.size}) {
            values_.push_back(value);
        }
    }

    [[nodiscard]] py::array_t<std::int64_t> take() {
        const auto n = static_cast<py::ssize_t>(values_.size() / 5);
        return to_array(std::move(values_), {n, 5});
    }

private:
    std::vector<std::int64_t> values_;
};

std::unique_ptr<Player> make_player(const Grid& grid, std::optional<std::string> features,
                                    std::size_t depth, const std::string& mode,
                                    std::optional<std::vector<double>> ofi_weights,
                                    Every::Mode every, std::int64_t every_n) {
    if (!features) return std::make_unique<Player>(grid);
    if (every_n < 1) throw py::value_error("every_n: expected 1 or more");
    return std::make_unique<Player>(
        grid, feature_options(*std::move(features), depth, mode, std::move(ofi_weights)),
        Every{every, every_n, every_n});
}

}  // namespace

void bind_store(py::module_& m) {
    py::class_<ColumnSink, ChangeSink, std::shared_ptr<ColumnSink>>(
        m, "ColumnSink", "Writes what happens to a book into columns, part by part.")
        .def(py::init<std::size_t, std::int64_t>(),
             "levels_a_part"_a = ColumnSink::default_levels, "first_position"_a = 0)
        .def(
            "take_changes", [](ColumnSink& self) { return to_list(self.take_changes()); },
            "Parts that are whole since the last call, each a dict of arrays.")
        .def(
            "take_trades", [](ColumnSink& self) { return to_list(self.take_trades()); },
            "The same of trades.")
        .def("finish", &ColumnSink::finish, "is_end"_a = true,
             "Nothing comes any more: the open parts are whole.")
        .def_property_readonly("next_position", &ColumnSink::next_position);

    py::class_<Player>(m, "ChangePlayer", "Makes a book of columns of changes again.")
        .def(py::init(&make_player), "grid"_a, py::kw_only(), "features"_a = py::none(),
             "depth"_a = 10, "mode"_a = "causal", "ofi_weights"_a = py::none(),
             "every"_a = Every::Mode::event, "every_n"_a = 1)
        .def(
            "play",
            [](Player& self, const py::object& changes, std::size_t first,
               std::optional<Nanos> until_ns, std::optional<Sequence> until_id) {
                const ChangesOf rows(changes);
                ChangePlayer::Until until;
                if (until_ns) until.time = *until_ns;
                if (until_id) until.id = *until_id;
                return self.run(
                    [&](ChangePlayer& player) { return player.play(rows.view, first, until); });
            },
            "changes"_a, "first"_a = 0, py::kw_only(), "until_ns"_a = py::none(),
            "until_id"_a = py::none(),
            "Apply rows from `first` on; the first one that is later than `until`.")
        .def(
            "tell",
            [](Player& self, const py::object& changes,
               const std::shared_ptr<ChangeSink>& sink) {
                const ChangesOf rows(changes);
                self.run([&](ChangePlayer& player) { player.tell(rows.view, *sink); });
            },
            "changes"_a, "sink"_a, "Tell a sink all rows.")
        .def(
            "touches",
            [](Player& self, const py::object& changes) {
                const ChangesOf rows(changes);
                Touches found;
                self.run([&](ChangePlayer& player) {
                    player.each_state(rows.view, [&](std::size_t row, const Book& book) {
                        found.add(row, book);
                    });
                    return 0;
                });
                return found.take();
            },
            "changes"_a,
            "All rows: (n, 5) of row, bid ticks, bid lots, ask ticks and ask lots, a state "
            "each.")
        .def(
            "play_with_trades",
            [](Player& self, const py::object& changes, const py::object& trades,
               std::size_t first_trade) {
                const ChangesOf rows(changes);
                const TradesOf prints(trades);
                return self.run([&](ChangePlayer& player) {
                    return player.play(rows.view, prints.view, first_trade);
                });
            },
            "changes"_a, "trades"_a, "first_trade"_a,
            "All rows, with the trades among them; the first trade that is later.")
        .def(
            "play_trades",
            [](Player& self, const py::object& trades, std::size_t first_trade,
               std::int64_t until_position) {
                const TradesOf prints(trades);
                return self.run([&](ChangePlayer& player) {
                    return player.trade_until(prints.view, first_trade, until_position);
                });
            },
            "trades"_a, "first_trade"_a, "until_position"_a,
            "Trades that happened before a position; the first one that did not.")
        .def(
            "finish", [](Player& self) { self.use([](ChangePlayer& p) { p.finish(); }); },
            "There are no more rows.")
        .def(
            "take_rows",
            [](Player& self) {
                return self.use([&](ChangePlayer& player) {
                    const FeatureEngine* engine = self.engine();
                    return to_arrays(player.take_rows(),
                                     engine != nullptr ? engine->size() : 0);
                });
            },
            "Rows of features since the last call: ts_event_ns, ts_recv_ns, sequence, values.")
        .def(
            "book",
            [](Player& self) {
                return self.use([](ChangePlayer& player) { return OwnBook(player.book()); });
            },
            "A copy of the book as it is now.")
        .def_property_readonly(
            "states",
            [](Player& self) {
                return self.use([](ChangePlayer& player) { return player.states(); });
            })
        .def_property_readonly("names", [](const Player& self) {
            return self.engine() != nullptr ? self.engine()->names()
                                            : std::vector<std::string>{};
        });
}

}  // namespace obcore::bindings
