#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "bind.hpp"
#include "engine.hpp"
#include "exclusive.hpp"
#include "obcore/replay.hpp"
#include "own_book.hpp"
#include "rows.hpp"

namespace obcore::bindings {

namespace {

// A Replay, and the engine that it shares with the caller, for one thread at a time.
class GuardedReplay {
public:
    GuardedReplay(ReplayOptions options, std::shared_ptr<Engine> engine)
        : engine_(std::move(engine)), replay_(std::move(options)) {}

    template <typename Work>
    auto use(Work&& work) {
        const Exclusive::Claim claim(exclusive_);
        return work(replay_);
    }

    template <typename Work>
    void run(Work&& work) {
        const Exclusive::Claim claim(exclusive_);
        std::optional<Exclusive::Claim> engine_claim;
        if (engine_) {
            engine_claim.emplace(engine_->exclusive);
            require_alone();
        }
        const py::gil_scoped_release unlocked;
        work(replay_);
        if (engine_) changes_ = engine_->features.changes();
    }

private:
    // Two replays at once, or a replay and a feed, would be one stream to the engine.
    void require_alone() const {
        if (changes_ && *changes_ != engine_->features.changes()) {
            throw Error("engine: something else used it while this recording was replayed");
        }
    }

    std::optional<std::uint64_t> changes_;
    std::shared_ptr<Engine> engine_;
    Replay replay_;
    Exclusive exclusive_{"replay"};
};

// Asks Python for the next (name, bytes, begins) of trades, or None; the replay runs without
// the GIL.
TradeInput::Pull pull_from(py::function next) {
    return [next = std::move(next)]() -> std::optional<TradeInput::Chunk> {
        const py::gil_scoped_acquire locked;
        const py::object chunk = next();
        if (chunk.is_none()) return std::nullopt;
        auto [name, bytes, begins] = chunk.cast<std::tuple<std::string, std::string, bool>>();
        return TradeInput::Chunk{std::move(name), std::move(bytes), begins};
    };
}

py::dict clock_dict(const Statistics::Clock& clock) {
    return py::dict("first_ns"_a = or_none(clock.first), "last_ns"_a = or_none(clock.last),
                    "regressions"_a = clock.regressions);
}

py::dict summary(const Replay& replay) {
    const Statistics& seen = replay.statistics();
    const Synchronizer::Counters& sync = replay.sync();
    const Book& book = replay.book();
    py::dict kinds;
    constexpr std::array<const char*, Statistics::kinds> names{
        "snapshot", "delta", "topn", "bbo", "trade", "off_book", "control", "lost", "unknown"};
    for (std::size_t i = 0; i < names.size(); ++i) kinds[names[i]] = seen.by_kind[i];
    py::dict skipped;
    for (const auto& [name, count] : seen.skipped_names) skipped[readable(name)] = count;
    py::list gaps;
    for (const Gap& gap : replay.gaps()) {
        gaps.append(py::dict(
            "source"_a = gap.source, "line"_a = gap.line, "expected"_a = or_none(gap.expected),
            "received"_a = or_none(gap.received), "ts_recv_ns"_a = or_none(gap.ts_recv_ns),
            "reason"_a = readable(gap.reason)));
    }
    py::dict out;
    out["formats"] = replay.formats();
    out["symbol"] = readable(replay.symbol());
    out["venue"] = readable(replay.venue());
    out["tick"] = to_text(book.grid.tick);
    out["lot"] = to_text(book.grid.lot);
    out["grid_refinements"] = replay.regrids();
    out["bytes"] = seen.bytes;
    out["messages"] = seen.messages;
    out["levels"] = seen.levels;
    out["kinds"] = kinds;
    out["skipped_kinds"] = skipped;
    out["other_symbols"] = seen.other_symbols;
    out["ignored_depth"] = seen.ignored_depth;
    out["ignored_trades"] = seen.ignored_trades;
    out["repeated_prices"] = seen.repeated_prices;
    out["recv_clock"] = clock_dict(seen.recv);
    out["event_clock"] = clock_dict(seen.event);
    out["trade_clock"] = clock_dict(seen.trade);
    out["min_latency_ns"] = or_none(seen.min_latency_ns);
    out["max_latency_ns"] = or_none(seen.max_latency_ns);
    out["state"] = to_string(book.state);
    out["reason"] = readable(book.reason);
    out["states"] = replay.states();
    out["joins"] = sync.joins;
    out["joined_deltas"] = sync.joined_deltas;
    out["applied"] = sync.applied;
    out["skipped_old"] = sync.skipped;
    out["stale_snapshots"] = sync.stale_snapshots;
    out["buffer_overflows"] = sync.buffer_overflows;
    out["gap_count"] = sync.gaps;
    out["gaps"] = gaps;
    out["checksums"] = sync.checksums;
    out["interruptions"] = replay.interruptions();
    out["crossed"] = sync.crossed;
    out["locked"] = sync.locked;
    out["uncrossed_levels"] = sync.uncrossed_levels;
    out["trades_without_state"] = replay.trades_without_state();
    out["trades_behind_depth"] = replay.trades_behind_depth();
    out["trades_unseen"] = replay.engine().waiting_trades();
    out["reads_trades"] = replay.engine().reads_trades();
    return out;
}

std::unique_ptr<GuardedReplay> make(
    std::string features, std::size_t depth, const std::string& mode,
    std::optional<std::vector<double>> ofi_weights, std::shared_ptr<Engine> engine,
    std::optional<py::function> trades, Every::Mode every, std::int64_t every_n, Format format,
    std::string symbol, const std::optional<Grid>& grid, bool uncross, bool strict,
    std::optional<Nanos> stop_time_ns, std::optional<Sequence> stop_sequence,
    std::shared_ptr<ChangeSink> sink) {
    if (every_n < 1) throw py::value_error("every_n: expected 1 or more");
    ReplayOptions options;
    options.features =
        feature_options(std::move(features), depth, mode, std::move(ofi_weights));
    if (engine) {
        if (!grid || !(*grid == engine->grid)) {
            throw Error(
                "engine: expected a recording of its instrument, with its tick and lot");
        }
        options.engine = {engine, &engine->features};
    }
    if (trades) options.trades = pull_from(*std::move(trades));
    options.every = {every, every_n, every_n};
    options.format = format;
    options.symbol = std::move(symbol);
    options.grid = grid;
    options.uncross = uncross;
    options.strict = strict;
    options.stop = {stop_time_ns.value_or(absent), stop_sequence.value_or(absent)};
    options.sink = std::move(sink);
    return std::make_unique<GuardedReplay>(std::move(options), std::move(engine));
}

}  // namespace

void bind_replay(py::module_& m) {
    py::native_enum<Format>(m, "Format", "enum.Enum", "What an input holds.")
        .value("AUTO", Format::automatic)
        .value("DIFF", Format::diff)
        .value("TOPN", Format::topn)
        .value("PICTURES", Format::pictures)
        .value("TARDIS", Format::tardis)
        .value("RESEARCH", Format::research)
        .value("LOBSTER", Format::lobster)
        .finalize();
    py::native_enum<Every::Mode>(m, "Every", "enum.Enum", "When a row is taken.")
        .value("EVENT", Every::Mode::event)
        .value("TIME", Every::Mode::time)
        .value("TRADE", Every::Mode::trade)
        .finalize();

    py::class_<ChangeSink, std::shared_ptr<ChangeSink>>(
        m, "ChangeSink", "Is told what happens to a book, change by change.");

    py::class_<GuardedReplay>(m, "Replay", "Recorded bytes to rows of features, in one pass.")
        .def(py::init(&make), py::kw_only(), "features"_a = "standard", "depth"_a = 10,
             "mode"_a = "causal", "ofi_weights"_a = py::none(), "engine"_a = py::none(),
             "trades"_a = py::none(), "every"_a = Every::Mode::event, "every_n"_a = 1,
             "kind"_a = Format::automatic, "symbol"_a = "", "grid"_a = py::none(),
             "uncross"_a = false, "strict"_a = false, "stop_time_ns"_a = py::none(),
             "stop_sequence"_a = py::none(), "sink"_a = py::none())
        .def(
            "begin",
            [](GuardedReplay& self, std::string name, std::string symbol,
               std::optional<Nanos> midnight_ns, std::string opening_book) {
                InputContext context{.symbol = std::move(symbol),
                                     .midnight_ns = midnight_ns.value_or(absent),
                                     .opening_book = std::move(opening_book)};
                self.run(
                    [&](Replay& replay) { replay.begin(std::move(name), std::move(context)); });
            },
            "name"_a, py::kw_only(), "symbol"_a = "", "midnight_ns"_a = py::none(),
            "opening_book"_a = "",
            "Start the next input; what its bytes do not tell is told here.")
        .def(
            "feed",
            [](GuardedReplay& self, const py::buffer& bytes) {
                const py::buffer_info info = bytes.request();
                const std::string_view view(
                    static_cast<const char*>(info.ptr),
                    static_cast<std::size_t>(info.size * info.itemsize));
                self.run([&](Replay& replay) { replay.feed(view); });
            },
            "data"_a, "Read the next bytes of the input; the GIL is free meanwhile.")
        .def(
            "end",
            [](GuardedReplay& self, std::string format) {
                self.run([&](Replay& replay) { replay.end(std::move(format)); });
            },
            "format_name"_a = "",
            "The input is at its end; `format_name` is what it was, if what was fed is "
            "another.")
        .def(
            "drain",
            [](GuardedReplay& self) {
                bool goes_on = false;
                self.run([&](Replay& replay) { goes_on = replay.drain(); });
                return goes_on;
            },
            "Take the next trades behind the last depth; False where none are left.")
        .def(
            "finish",
            [](GuardedReplay& self) { self.run([](Replay& replay) { replay.finish(); }); },
            "The recording is at its end.")
        .def(
            "take_rows",
            [](GuardedReplay& self) {
                return self.use([](Replay& replay) {
                    return to_arrays(replay.take_rows(), replay.engine().size());
                });
            },
            "Rows since the last call: ts_event_ns, ts_recv_ns, sequence, values (n, k).")
        .def(
            "book",
            [](GuardedReplay& self) {
                return self.use([](Replay& replay) { return OwnBook(replay.book()); });
            },
            "A copy of the book as it is now.")
        .def(
            "summary", [](GuardedReplay& self) { return self.use(summary); },
            "Counts, clocks, gaps and the state of the book so far.")
        .def_property_readonly(
            "stopped",
            [](GuardedReplay& self) {
                return self.use([](Replay& replay) { return replay.stopped(); });
            })
        .def_property_readonly("names", [](GuardedReplay& self) {
            return self.use([](Replay& replay) { return replay.engine().names(); });
        });
}

}  // namespace obcore::bindings
