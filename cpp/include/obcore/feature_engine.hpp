#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "obcore/book.hpp"
#include "obcore/feature_plan.hpp"
#include "obcore/rolling_features.hpp"
#include "obcore/saved_state.hpp"
#include "obcore/stateful.hpp"
#include "obcore/trade_flow.hpp"
#include "obcore/units.hpp"

namespace obcore {

// Features of one book state and features that remember, as one vector for each state.
//
// Shown the states and trades of one stream in order of arrival. A trade is seen at the first
// state that is later than it on every clock that both carry, never before: it may arrive with
// the depth that it caused. A recording and a live feed drive the same object, so both give
// the same bits. O(1) a state; allocates nothing once its windows are full. Not thread-safe.
class FeatureEngine {
    using Column = FeaturePlan::Column;

public:
    explicit FeatureEngine(const FeatureOptions& options)
        : plan_(options),
          values_(plan_.slots(), undefined),
          source_(options.source),
          waiting_(options.source ? TradeQueue::Rule::not_after
                                  : TradeQueue::Rule::strictly_before) {}

    [[nodiscard]] const std::vector<std::string>& names() const noexcept {
        return plan_.names();
    }
    [[nodiscard]] std::size_t size() const noexcept { return plan_.names().size(); }
    [[nodiscard]] bool is_source() const noexcept { return source_; }
    [[nodiscard]] std::int64_t states() const noexcept { return number_; }  // since a reset
    [[nodiscard]] std::size_t waiting_trades() const noexcept { return waiting_.waiting(); }
    // Whether a feature of the catalogue looks at trades.
    [[nodiscard]] bool reads_trades() const {
        return std::ranges::any_of(plan_.features(), [](const Column& column) {
            return column.feature->reads() != Reads::everything;
        });
    }

    // ---- Events -----------------------------------------------------------------------------

    // Throws DecodeError on a trade without any time.
    void on_trade(const TimedTrade& trade) {
        if (plan_.features().empty()) return;
        if (trade.times.best() == absent) {
            throw DecodeError("trade", "a venue time or a receive time", "neither");
        }
        ++changes_;
        or_forget([&] {
            waiting_.arrive(trade, [this](const TimedTrade& early) { see(early); });
            if (!source_) return;
            lagged_waiting_.arrive(trade,
                                   [this](const TimedTrade& early) { lagged_.see(early); });
        });
    }

    // The book shows a new state. Throws before anything is remembered, unless a feature of
    // the user throws: then everything is forgotten.
    void on_state(const Book& book) {
        ++changes_;
        if (plan_.features().empty()) {
            ++number_;
            return;
        }
        const Times times{book.ts_event_ns, book.ts_recv_ns};
        // Rather forget everything than have seen a trade before its time.
        if (waiting_.leaks_at(times) || lagged_waiting_.leaks_at(times)) forget();
        const Nanos now = clock_at(times);
        if (now == absent) require_no_clock();
        now_ = now;
        if (++number_ == 1) first_ = now_;
        or_forget([&] {
            waiting_.release(times, [this](const TimedTrade& trade) { see(trade); });
            if (source_) {
                lagged_waiting_.release(
                    times, [this](const TimedTrade& trade) { lagged_.see(trade); });
            }
            knows_trades_ = knows_trades_ && plan_.state().view().grid == book.grid;
            plan_.state().compute(book, values_);
            const Situation situation = at(times);
            plan_.shared().move(situation, plan_.state().size());
            if (!knows_trades_) ask(plan_.of_trades(), situation);
            knows_trades_ = true;
            ask(plan_.of_states(), situation);
        });
    }

    // For states that are known to have no times. Throws where a window of a duration needs
    // them.
    void require_no_clock() const {
        if (!plan_.needs_clock()) return;
        throw DecodeError("window", "states with times, for a window of a duration",
                          "a state without");
    }

    // Another recording begins with this state: one that goes on, or none that this engine can
    // take without a reset.
    void require_later(const Book& book) const {
        const Nanos time = on_venue_clock_ ? book.ts_event_ns : book.ts_recv_ns;
        if (number_ == 0 || now_ == absent || time == absent || time >= now_) return;
        throw Error("engine: expected a recording that goes on from its last state, at " +
                    std::to_string(now_) + " ns, received one that begins at " +
                    std::to_string(time) + " ns; reset() it first");
    }

    // Grows with every event, so that two users of one engine notice each other.
    [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }

    // For mode "source", where rows are trades: the merged trade is part of its own row, the
    // article's lagged features see those before it. `last` is the last that was merged.
    // Instead of on_trade().
    void on_source_trade(const TimedTrade& trade, const TimedTrade& last) {
        ++changes_;
        lagged_ = trades_;
        trades_.see(trade, last);
        knows_trades_ = false;
        or_forget([&] { tell_users(trade); });
        const Situation situation = at(trade.times);
        for (std::size_t i = 0; i < plan_.features().size(); ++i) {
            StatefulFeature& feature = *plan_.features()[i].feature;
            if (feature.reads() == Reads::everything) continue;
            values_[plan_.state().size() + i] = feature.on_state(situation);
        }
    }

    // Fills out[0 … size()) with the vector of the last state, which is the book's present one.
    void fill(const Book& book, std::span<double> out) {
        if (plan_.features().empty()) {
            plan_.state().compute(book, out);
            return;
        }
        auto end = out.begin();
        for (const FeaturePlan::Piece& piece : plan_.pieces()) {
            end = std::copy_n(values_.begin() + static_cast<std::ptrdiff_t>(piece.slot),
                              piece.size, end);
        }
    }

    // Forgets everything, trades that wait included: behind a gap nothing goes on.
    void reset() {
        ++changes_;
        forget();
        waiting_.clear();
        lagged_waiting_.clear();
    }

    // A finer grid: what is remembered moves onto it, all of it or nothing.
    // `book` is there already.
    void rescale(const Rescale& factors, const Book& book) {
        const std::string before = memory();
        knows_trades_ = false;
        try {
            trades_.rescale(factors);
            lagged_.rescale(factors);
            waiting_.rescale(factors);
            lagged_waiting_.rescale(factors);
            plan_.shared().rescale(factors);
            for (Column& column : plan_.features()) column.feature->rescale(factors);
        } catch (...) {
            load(before);
            throw;
        }
        plan_.state().load(book);
    }

    // ---- Warm-up ----------------------------------------------------------------------------

    struct Missing {
        std::string feature;
        std::string what;  // "12 of 20 states"
    };

    // The features that are not warm yet, and what they wait for.
    [[nodiscard]] std::vector<Missing> missing() const {
        std::vector<Missing> out;
        for (std::size_t i = 0; i < names().size(); ++i) {
            std::string what = number_ == 0 ? "a first state" : missing_at(plan_.outputs()[i]);
            if (!what.empty()) out.push_back({names()[i], std::move(what)});
        }
        return out;
    }

    // ---- Saved state ------------------------------------------------------------------------

    // All that it remembers. What restores it goes on to the same bits.
    [[nodiscard]] std::string save(const Grid& grid, std::string_view symbol = {}) const {
        StateWriter out;
        out.text(description(grid, symbol));
        out.text(memory());
        out.put(checksum(out.bytes()));
        return out.bytes();
    }

    // Throws and stays as it was where the bytes are damaged or of another engine.
    void restore(std::string_view bytes, const Grid& grid, std::string_view symbol = {}) {
        if (bytes.size() < sizeof(std::uint64_t)) StateReader::fail("fewer");
        const auto body = bytes.substr(0, bytes.size() - sizeof(std::uint64_t));
        if (StateReader(bytes.substr(body.size())).get<std::uint64_t>() != checksum(body)) {
            StateReader::fail("damaged ones");
        }
        StateReader in(body);
        const std::string_view saved = in.text();
        if (saved != description(grid, symbol)) {
            throw Error("saved state: expected " + description(grid, symbol) + ", received " +
                        std::string(saved));
        }
        ++changes_;
        const std::string before = memory();
        try {
            load(in.text());
        } catch (...) {
            load(before);
            throw;
        }
    }

private:
    // ---- Running ----------------------------------------------------------------------------

    void see(const TimedTrade& trade) {
        trades_.see(trade);
        knows_trades_ = false;
        tell_users(trade);
    }

    void tell_users(const TimedTrade& trade) {
        for (StatefulFeature* feature : plan_.users()) feature->on_trade(trade);
    }

    void ask(const std::vector<FeaturePlan::Run>& runs, const Situation& situation) {
        for (const FeaturePlan::Run& run : runs) {
            StatefulFeature& first = *run.features.front();
            if (run.features.size() == 1) {
                values_[run.slot] = first.on_state(situation);
            } else {
                first.on_states(situation, run.features, &values_[run.slot]);
            }
        }
    }

    // Half an event must not be remembered.
    template <typename Work>
    void or_forget(Work&& work) {
        try {
            work();
        } catch (...) {
            reset();
            throw;
        }
    }

    void forget() {
        number_ = 0;
        on_venue_clock_ = false;
        now_ = first_ = absent;
        trades_ = {};
        lagged_ = {};
        knows_trades_ = false;
        plan_.shared().reset();
        for (Column& column : plan_.features()) column.feature->reset();
        std::ranges::fill(values_, undefined);
    }

    // The clock of windows: the venue's where the first state has it, else ours; it never runs
    // back, and stands still where a state lacks it.
    [[nodiscard]] Nanos clock_at(const Times& times) {
        if (number_ == 0) on_venue_clock_ = times.ts_event_ns != absent;
        if (number_ > 0 && now_ == absent) return absent;  // the first state had no time
        return std::max(now_, on_venue_clock_ ? times.ts_event_ns : times.ts_recv_ns);
    }

    [[nodiscard]] Situation at(const Times& times) const {
        return {plan_.state().view(),        trades_, values_, times, now_, first_, number_,
                source_ ? &lagged_ : nullptr};
    }

    [[nodiscard]] std::string missing_at(std::size_t slot) const {
        if (slot < plan_.state().size()) return {};
        const Column& column = plan_.features()[slot - plan_.state().size()];
        std::string what = column.feature->missing(at({now_, now_}));
        if (what.empty() && column.input) what = missing_at(*column.input);
        return what;
    }

    // ---- Memory -----------------------------------------------------------------------------

    [[nodiscard]] std::string description(const Grid& grid, std::string_view symbol) const {
        std::string text = "obcore features 2 of " + std::string(symbol) + ": ";
        for (const std::string& name : names()) text += name + ", ";
        text += "depth " + std::to_string(plan_.state().depth()) + ", tick " +
                to_text(grid.tick) + ", lot " + to_text(grid.lot) +
                (source_ ? ", mode source" : "");
        StateWriter weights;
        for (const double weight : plan_.weights()) weights.put(weight);
        return text + ", weights " + std::to_string(checksum(weights.bytes()));
    }

    [[nodiscard]] std::string memory() const {
        StateWriter out;
        out.put(number_);
        out.put(now_);
        out.put(first_);
        out.put(on_venue_clock_);
        trades_.save(out);
        lagged_.save(out);
        waiting_.save(out);
        lagged_waiting_.save(out);
        plan_.shared().save(out);
        for (const Column& column : plan_.features()) column.feature->save(out);
        for (const double value : values_) out.put(value);
        return out.bytes();
    }

    void load(std::string_view bytes) {
        knows_trades_ = false;
        StateReader in(bytes);
        in.get(number_);
        in.get(now_);
        in.get(first_);
        in.get(on_venue_clock_);
        trades_.load(in);
        lagged_.load(in);
        waiting_.load(in);
        lagged_waiting_.load(in);
        plan_.shared().load(in);
        for (Column& column : plan_.features()) column.feature->load(in);
        for (double& value : values_) in.get(value);
        if (!in.at_end()) StateReader::fail("more");
    }

    FeaturePlan plan_;
    std::vector<double> values_;  // of the last state, by slot
    bool source_;

    TradeQueue waiting_;
    TradeFlow trades_;
    TradeQueue lagged_waiting_{TradeQueue::Rule::strictly_before};
    TradeFlow lagged_;
    bool knows_trades_ = false;  // values_ has what the trades say
    std::uint64_t changes_ = 0;
    std::int64_t number_ = 0;  // states since the last reset
    Nanos now_ = absent;
    Nanos first_ = absent;
    bool on_venue_clock_ = false;
};

}  // namespace obcore
