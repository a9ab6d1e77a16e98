#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "obcore/auto_grid.hpp"
#include "obcore/book.hpp"
#include "obcore/book_change.hpp"
#include "obcore/depth_kind.hpp"
#include "obcore/error.hpp"
#include "obcore/event.hpp"
#include "obcore/feature_engine.hpp"
#include "obcore/format.hpp"
#include "obcore/handover.hpp"
#include "obcore/input_context.hpp"
#include "obcore/input_error.hpp"
#include "obcore/sampler.hpp"
#include "obcore/splitter.hpp"
#include "obcore/statistics.hpp"
#include "obcore/symbol.hpp"
#include "obcore/sync.hpp"
#include "obcore/trade_flow.hpp"
#include "obcore/trade_input.hpp"
#include "obcore/trade_stream.hpp"

namespace obcore {

// A place where messages are missing. A checksum that is wrong tells no ids.
struct Gap {
    std::string source;
    std::int64_t line = 0;
    Sequence expected = absent;
    Sequence received = absent;
    Nanos ts_recv_ns = absent;
    std::string reason;
};

// Where a replay pauses: after a whole message that changed the book.
struct StopAt {
    Nanos time = absent;         // the last state at or before this time
    Sequence sequence = absent;  // the last state that ends at or before this update id
};

struct ReplayOptions {
    FeatureOptions features;
    std::shared_ptr<FeatureEngine> engine;  // instead of `features`: goes on from its memory
    TradeInput::Pull
        trades;  // trades from inputs of their own; those among the depth are ignored
    Every every;
    Format format = Format::automatic;
    std::string symbol;        // empty: the recording may hold only one
    std::optional<Grid> grid;  // none: the fewest decimals that lose nothing, found on the way
    bool uncross = false;
    bool strict = false;  // a gap is an error
    StopAt stop;
    std::shared_ptr<ChangeSink> sink;  // is told what happens to the book, and the trades
};

// Recorded bytes → events → book → rows of features, in one pass and in bounded memory.
//
// Bytes are pushed in, in chunks of any size, input after input; rows are taken out whenever
// the caller likes. Several inputs are one continuous recording. Not thread-safe.
class Replay {
public:
    static constexpr std::size_t max_gaps_listed = 1000;

    explicit Replay(ReplayOptions options)
        : options_(std::move(options)),
          engine_(options_.engine ? options_.engine
                                  : std::make_shared<FeatureEngine>(options_.features)),
          sampler_(engine_, options_.every),
          decoder_(options_.format, Wanted(options_.symbol)),
          depth_kind_(options_.format) {
        sync_.uncross = options_.uncross;
        if (options_.grid) book_.grid = *options_.grid;
        if (options_.trades) trades_.emplace(options_.trades, Wanted(options_.symbol));
    }

    // The input that is being read, for the place of an error.
    [[nodiscard]] const std::string& source() const noexcept { return source_; }
    [[nodiscard]] std::int64_t line() const noexcept { return splitter_.line(); }

    // Starts the next input; `name` is what errors call it.
    void begin(std::string name, InputContext context = {}) {
        source_ = std::move(name);
        splitter_ = {};
        last_line_ = 0;
        decoder_.begin_input(std::move(context));
    }

    void feed(std::string_view bytes) {
        statistics_.bytes += static_cast<std::int64_t>(bytes.size());
        with_place(*this,
                   [&] { splitter_.feed(bytes, [&](std::string_view text) { read(text); }); });
    }

    // The end of one input: nothing may be left half read. `format` is what it was, where its
    // bytes were rewritten on the way here.
    void end(std::string format = {}) {
        with_place(*this, [&] {
            splitter_.finish([&](std::string_view text) { read(text); });
            if (decoder_.finish(event_)) take(event_);
            statistics_.other_symbols += decoder_.take_passed_over();
            formats_.push_back(format.empty() ? decoder_.name() : std::move(format));
        });
    }

    // Behind the last depth: takes the next trades that have inputs of their own. False where
    // none are left.
    bool drain() {
        const std::int64_t before = statistics_.by_kind[static_cast<std::size_t>(Kind::trade)];
        take_trades_before(end_of_time, true, max_drained);
        trades_behind_ += statistics_.by_kind[static_cast<std::size_t>(Kind::trade)] - before;
        return trades_ && !trades_->is_empty();
    }

    // The end of the recording.
    void finish() {
        while (drain()) {
        }
        with_place(*this, [&] {
            depth_kind_.finish();
            sampler_.finish(book_);
        });
    }

    [[nodiscard]] Rows take_rows() { return sampler_.take(); }

    [[nodiscard]] const Book& book() const noexcept { return book_; }
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }
    [[nodiscard]] const FeatureEngine& engine() const noexcept { return *engine_; }
    [[nodiscard]] const Statistics& statistics() const noexcept { return statistics_; }
    [[nodiscard]] const Synchronizer::Counters& sync() const noexcept {
        return sync_.counters();
    }
    [[nodiscard]] const std::vector<Gap>& gaps() const noexcept { return gaps_; }
    [[nodiscard]] const std::vector<std::string>& formats() const noexcept { return formats_; }
    [[nodiscard]] const std::string& symbol() const noexcept { return symbol_; }
    // Binance's futures have the messages of spot, but ids and names of their own.
    [[nodiscard]] std::string venue() const {
        std::string venue = decoder_.venue();
        if (venue != "binance" || rule_ != IdRule::binance_futures) return venue;
        return symbol_.find("USD_") != std::string::npos ? "binance-coin" : "binance-futures";
    }
    [[nodiscard]] std::int64_t states() const noexcept { return states_; }
    [[nodiscard]] std::int64_t regrids() const noexcept { return regrids_; }
    // Times that a source said that messages may be missing, and a book in use was given up.
    [[nodiscard]] std::int64_t interruptions() const noexcept { return interruptions_; }
    [[nodiscard]] std::int64_t trades_behind_depth() const noexcept { return trades_behind_; }
    [[nodiscard]] std::int64_t trades_without_state() const noexcept {
        return sampler_.trades_without_state();
    }

private:
    using Part = capture::Decoder::Part;

    static constexpr std::int64_t max_drained = 65'536;
    static constexpr Nanos last_moment = std::numeric_limits<Nanos>::max();
    static constexpr Times end_of_time{last_moment, last_moment};

    void read(std::string_view text) {
        if (stopped_) return;
        const std::int64_t line = splitter_.line();
        if (line - last_line_ > 1) [[unlikely]] {
            read_empty_line();
        }
        last_line_ = line;
        if (!decode(decoder_, text, event_)) return;
        do {
            take(event_);
        } while (decoder_.next(event_) && !stopped_);
    }

    void read_empty_line() {
        const bool between_lines = splitter_.is_lines() && last_line_ > 0;
        if (between_lines && decoder_.read_empty_line(event_)) take(event_);
    }

    // On the present grid, or on a finer one where it was not given.
    template <typename Decoder>
    bool decode(Decoder& decoder, std::string_view text, Event& event) {
        while (true) {
            try {
                return decoder.decode(text, book_.grid, event);
            } catch (const PrecisionError& error) {
                if (options_.grid || !can_widen(error)) throw;
                widen(error);
            }
        }
    }

    // ---- The grid, where it is found on the way ---------------------------------------------

    // Everything already decoded moves onto the finer grid, so nothing is ever rounded. Where a
    // part of it does not fit, the book stays as it was and the replay ends.
    void widen(const PrecisionError& error) {
        Book book = book_;
        Synchronizer sync = sync_;
        const Rescale factors = factors_to_hold(book.grid, error);
        book.rescale(factors);
        sync.rescale(factors);
        decoder_.rescale(factors);
        if (trades_) trades_->rescale(factors);
        handover_.rescale(factors);
        obcore::widen(book.grid, error);
        sampler_.rescale(factors, book);
        book_ = std::move(book);
        sync_ = std::move(sync);
        if (states_ > 0) ++regrids_;
    }

    // ---- One event --------------------------------------------------------------------------

    void take(Event& event) {
        const capture::Decoder* const capture = decoder_.capture();
        const Part* const from = capture != nullptr ? capture->from() : nullptr;
        if (from != nullptr && from->is_renewed) [[unlikely]] {
            take_of_two(event, *capture);
            return;
        }
        if (event.kind == Kind::lost) {
            if (from == nullptr) handover_.reset();
            lose(event);
            return;
        }
        take_one(event);
    }

    void take_one(Event& event) {
        if (!belongs(event)) return;
        statistics_.see(event);
        if (event.kind == Kind::trade) {
            // Where trades have inputs of their own, those among the depth are none.
            take_trade(event, !trades_);
        } else if (event.is_depth()) {
            take_meant_depth(event);
        }
    }

    void take_meant_depth(Event& event) {
        if (!depth_kind_.is_meant(event)) {
            ++statistics_.ignored_depth;
            return;
        }
        if (is_past_stop(event)) return;
        const Times times{event.ts_event_ns, event.ts_recv_ns};
        if (trades_) {
            const Grid decoded_on = book_.grid;
            take_trades_before(times, event.kind != Kind::snapshot);
            follow_grid(event, decoded_on);
        }
        take_depth(event, times);
    }

    // ---- Two connections, of which one replaces the other -----------------------------------

    // By the rules of a feed, so that the recording of one gives the same books.
    void take_of_two(Event& event, const capture::Decoder& capture) {
        const Part& from = *capture.from();
        if (const Part* const old = capture.beside(); old != nullptr) {
            if (old->brings_depth) handover_.follow(old->number);
            if (old->brings_trades) told_trades_.begin(old->number, event.ts_recv_ns);
            if (old->brings_trades) told_trades_.begin(from.number, event.ts_recv_ns);
        }
        if (capture.has_gone()) {
            told_trades_.leave(from.number);
            if (from.brings_depth) leave(event, from.number);
        } else if (event.kind == Kind::lost) {
            if (handover_.follows(from.number)) lose(event);
        } else if (event.is_depth() && is_of_symbol(event)) {
            take_in_turn(event, from.number);
        } else if (event.kind != Kind::trade ||
                   told_trades_.is_news(from.number, event.trade, event.ts_recv_ns)) {
            take_one(event);
        }
    }

    [[nodiscard]] bool is_of_symbol(const Event& event) const noexcept {
        return event.symbol.empty() || event.symbol == symbol_;
    }

    void take_in_turn(Event& event, std::size_t from) {
        if (handover_.on(from, event, book_, is_trusted()) != Handover::Turn::take) return;
        take_one(event);
        take_kept(handover_.release(book_));
    }

    void leave(Event& event, std::size_t gone) {
        if (!handover_.leave(gone)) return;
        std::vector<Event> kept = handover_.release_all();
        if (kept.empty() || !sync_.sees_holes()) lose(event);
        take_kept(std::move(kept));
    }

    void take_kept(std::vector<Event> kept) {
        const Grid decoded_on = book_.grid;
        for (Event& event : kept) {
            follow_grid(event, decoded_on);
            if (!stopped_) take_one(event);
        }
    }

    void take_trade(const Event& event, bool is_meant) {
        if (!is_meant || !is_chosen_tape(event)) {
            ++statistics_.ignored_trades;
            return;
        }
        const TimedTrade trade{event.trade, {event.ts_event_ns, event.ts_recv_ns}};
        if (options_.sink) watch_.trade(trade, book_.grid, *options_.sink);
        sampler_.on_trade(trade, book_);
    }

    // From inputs of their own, in their place among the depth. A snapshot that was asked for
    // may share no clock with them; the stream behind it must.
    void take_trades_before(const Times& depth, bool must_share_clock,
                            std::int64_t at_most = std::numeric_limits<std::int64_t>::max()) {
        if (!trades_) return;
        with_place(*trades_, [&] {
            const auto read_trade = [&](std::string_view text, Event& event) {
                return decode(*trades_, text, event);
            };
            for (; at_most > 0; --at_most) {
                const Event* trade = trades_->next_before(depth, must_share_clock, read_trade);
                if (trade == nullptr) return;
                if (belongs(*trade)) {
                    statistics_.see(*trade);
                    take_trade(*trade, true);
                }
                trades_->pop();
            }
        });
    }

    // A trade may have needed a finer grid than the event in hand was decoded on.
    void follow_grid(Event& event, const Grid& decoded_on) const {
        const Rescale factors = factors_between(decoded_on, book_.grid);
        if (factors.price != 1 || factors.size != 1) obcore::rescale(event, factors);
    }

    void take_depth(const Event& event, const Times& times) {
        sampler_.before_change(book_, times);
        rule_ = event.rule;
        const Verdict verdict = sync_.on(event, book_);
        tell_change(event, verdict);
        if (verdict == Verdict::gap) note_gap(event);
        if (!is_trusted()) {
            sampler_.on_break();
        } else if (verdict == Verdict::apply) {
            ++states_;
            sampler_.on_state(book_);
        }
    }

    void tell_change(const Event& event, Verdict verdict) {
        if (!options_.sink) return;
        watch_.after(event, verdict, sync_.touched(), book_, *options_.sink);
    }

    [[nodiscard]] bool is_trusted() const noexcept { return obcore::is_trusted(book_.state); }

    // Messages are missing, or may be.
    void lose(Event& event) {
        if (!event.symbol.empty() && event.symbol != symbol_) return;
        const std::string reason = std::exchange(event.name, {});  // no kind that was skipped
        statistics_.see(event);
        if (is_past_stop(event)) return;
        event.name = reason;
        if (event.ts_recv_ns != absent) {
            sampler_.before_change(book_, {event.ts_event_ns, event.ts_recv_ns});
        }
        const bool was_trusted = is_trusted();
        const Verdict verdict = sync_.lose(event, book_);
        tell_change(event, verdict);
        if (verdict == Verdict::gap) {
            note_gap(event);
        } else if (was_trusted && !is_trusted()) {
            ++interruptions_;
            // Where deltas join by their ids, the next one tells whether anything is missing.
            if (options_.strict && !needs_join(rule_)) throw GapError(place(), reason);
        }
        if (!is_trusted()) sampler_.on_break();
    }

    void note_gap(const Event& event) {
        const Synchronizer::Gap& hole = sync_.last_gap();
        if (options_.strict) {
            if (hole.expected == absent) throw GapError(place(), book_.reason);
            throw GapError(place(), hole.expected, hole.received);
        }
        if (gaps_.size() < max_gaps_listed) {
            gaps_.push_back({source_, splitter_.line(), hole.expected, hole.received,
                             event.ts_recv_ns, book_.reason});
        }
    }

    [[nodiscard]] std::string place() const {
        return source_ + " line " + std::to_string(splitter_.line());
    }

    // True where the event lies past the moment asked for: the book stays as it was then.
    [[nodiscard]] bool is_past_stop(const Event& event) {
        const StopAt& stop = options_.stop;
        const Nanos time = event.ts_recv_ns != absent ? event.ts_recv_ns : event.ts_event_ns;
        const bool late = stop.time != absent && time != absent && time > stop.time;
        const bool beyond = stop.sequence != absent && event.ids.last != absent &&
                            event.kind != Kind::snapshot && event.ids.last > stop.sequence;
        stopped_ = stopped_ || late || beyond;
        if (!stopped_ && options_.sink) watch_.before(event, book_, *options_.sink);
        return stopped_;
    }

    // ---- Which messages are meant -----------------------------------------------------------

    [[nodiscard]] bool belongs(const Event& event) {
        // What obcore has no use for is skipped, whatever it is about.
        if (event.kind == Kind::unknown || event.kind == Kind::control) return true;
        if (event.symbol.empty()) {
            bare_snapshots_ += event.kind == Kind::snapshot;
            if (event.kind == Kind::snapshot) throw_if_mixed("");
            return true;
        }
        if (event.symbol == last_symbol_) return last_symbol_belongs_;
        last_symbol_ = event.symbol;
        if (symbol_.empty() && SymbolFilter(options_.symbol).accepts(event.symbol)) {
            symbol_ = event.symbol;
        }
        last_symbol_belongs_ = event.symbol == symbol_;
        return last_symbol_belongs_ || is_other_symbol(event);
    }

    [[nodiscard]] bool is_other_symbol(const Event& event) {
        last_symbol_.clear();  // count each one
        if (options_.symbol.empty()) {
            throw DecodeError("symbol",
                              symbol_ + " as before (mixed symbols: choose with --symbol)",
                              event.symbol);
        }
        ++statistics_.other_symbols;
        throw_if_mixed(event.symbol);
        return false;
    }

    // A snapshot without a symbol belongs to any of several, so to none.
    void throw_if_mixed(std::string_view other) const {
        if (bare_snapshots_ == 0 || statistics_.other_symbols == 0) return;
        if (symbol_.empty()) {
            throw DecodeError("symbol", options_.symbol + " (--symbol)",
                              other.empty() ? "only other ones so far" : std::string(other));
        }
        throw DecodeError("snapshot", "one that names its symbol, in a recording of several",
                          "one without");
    }

    // The same trades may be told singly and as aggregates: the kind that comes first is the
    // tape.
    [[nodiscard]] bool is_chosen_tape(const Event& event) {
        if (!aggregates_.has_value()) aggregates_ = event.trade.is_aggregate;
        return *aggregates_ == event.trade.is_aggregate;
    }

    ReplayOptions options_;
    std::shared_ptr<FeatureEngine> engine_;
    Sampler sampler_;
    FormatDecoder decoder_;
    std::optional<TradeInput> trades_;
    Splitter splitter_;
    Synchronizer sync_;
    ChangeWatch watch_;
    Book book_;
    Event event_;
    Statistics statistics_;
    std::string source_ = "input";
    std::string symbol_;
    std::string last_symbol_;
    bool last_symbol_belongs_ = false;
    std::int64_t bare_snapshots_ = 0;
    DepthKind depth_kind_;
    std::optional<bool> aggregates_;
    Handover handover_;           // while two connections bring the book
    TradeStream told_trades_;     // while they bring its trades
    IdRule rule_ = IdRule::none;  // of the last depth
    std::int64_t last_line_ = 0;  // where the message before this one began
    std::vector<Gap> gaps_;
    std::int64_t interruptions_ = 0;
    std::vector<std::string> formats_;
    std::int64_t states_ = 0;
    std::int64_t regrids_ = 0;
    std::int64_t trades_behind_ = 0;  // of inputs of their own, behind the last depth
    bool stopped_ = false;
};

}  // namespace obcore
