#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "obcore/event.hpp"
#include "obcore/feature_engine.hpp"
#include "obcore/source_tape.hpp"
#include "obcore/trade_flow.hpp"
#include "obcore/units.hpp"

namespace obcore {

// When a row is taken.
struct Every {
    enum class Mode : std::uint8_t {
        event,  // after every nth state
        time,  // at each multiple of `interval` of receive time: the last state at or before it
        trade,  // at each trade: the last state strictly before it
    };

    Mode mode = Mode::event;
    std::int64_t count = 1;
    Nanos interval_ns = 0;
};

// Rows of features, one column after the other in each: values is (n, k), row-major.
//
// ts_recv_ns is the moment the row speaks of: the state's, the grid's or the trade's;
// ts_event_ns is the state's venue time, in mode trade the trade's. sequence names the state.
struct Rows {
    std::vector<Nanos> ts_event_ns;
    std::vector<Nanos> ts_recv_ns;
    std::vector<Sequence> sequence;
    std::vector<double> values;

    [[nodiscard]] std::size_t size() const noexcept { return sequence.size(); }
};

// Turns the states that a book goes through into rows of features.
class Sampler {
public:
    Sampler(std::shared_ptr<FeatureEngine> engine, Every every)
        : engine_(std::move(engine)), every_(every) {
        if (every.mode == Every::Mode::trade && !follows_tape()) recent_.resize(max_recent);
    }

    [[nodiscard]] const FeatureEngine& engine() const noexcept { return *engine_; }
    [[nodiscard]] std::int64_t trades_without_state() const noexcept { return orphans_; }

    // Hands the rows over; the sampler starts new ones.
    [[nodiscard]] Rows take() { return std::exchange(rows_, {}); }

    // Before the book changes: its present state is the last one at or before these grid times.
    void before_change(const Book& book, const Times& next) {
        const Nanos now = next.ts_recv_ns;
        if (follows_tape()) close_tape(book, next.best());
        if (every_.mode != Every::Mode::time || !visible_) return;
        require_receive_time(now);
        if (now > next_grid_ns_ &&
            (now - next_grid_ns_) / every_.interval_ns >= max_grid_jump) {
            throw DecodeError("receive time",
                              "a jump of less than a million rows of the time grid",
                              "one of " + std::to_string(now - next_grid_ns_) + " ns");
        }
        for (; next_grid_ns_ < now; next_grid_ns_ = later(next_grid_ns_, every_.interval_ns)) {
            take_grid_row(book);
        }
    }

    // After a whole message: the book shows a new state.
    void on_state(const Book& book) {
        if (!started_) engine_->require_later(book);
        started_ = true;
        engine_->on_state(book);
        switch (every_.mode) {
            case Every::Mode::event:
                if (++states_ % every_.count == 0) {
                    append({book.ts_event_ns, book.ts_recv_ns}, book.sequence, book);
                }
                break;
            case Every::Mode::time:
                start_grid(book);
                break;
            case Every::Mode::trade:
                if (!follows_tape()) remember(book);
                break;
        }
        visible_ = true;
    }

    // Later rows may not speak of states before this point: a gap, or a stale book.
    void on_break() {
        if (visible_) engine_->reset();
        visible_ = false;
        remembered_ = 0;
        tape_ = {};
    }

    // `book` is the present one, which the trade may turn out to be later than.
    void on_trade(const TimedTrade& trade, const Book& book) {
        if (follows_tape()) {
            close_tape(book, trade.times.best());
            tape_.add(trade);
            return;
        }
        engine_->on_trade(trade);
        if (every_.mode != Every::Mode::trade) return;
        for (std::size_t back = 1; back <= std::min(remembered_, max_recent); ++back) {
            const State& state = recent_[(remembered_ - back) % max_recent];
            const Times& then = state.times;
            if (!then.shares_clock(trade.times) || !then.before(trade.times)) continue;
            append_times(trade.times, state.sequence);
            rows_.values.insert(rows_.values.end(), state.values.begin(), state.values.end());
            return;
        }
        if (remembered_ > max_recent) {
            throw DecodeError(
                "trade",
                "one among the depth messages of its time (for --every trade; a file of trades "
                "alone goes to --trades)",
                "one behind more than " + std::to_string(max_recent) + " later states");
        }
        ++orphans_;
    }

    // A finer grid: what waits moves onto it; `book` is there already.
    void rescale(const Rescale& factors, const Book& book) {
        tape_.rescale(factors);
        engine_->rescale(factors, book);
    }

    // The end of the recording: a grid time on the very last state still has its row.
    void finish(const Book& book) {
        if (follows_tape()) close_tape(book, std::numeric_limits<Nanos>::max());
        if (every_.mode == Every::Mode::time && visible_ && next_grid_ns_ == book.ts_recv_ns) {
            take_grid_row(book);
        }
    }

private:
    // States kept to look back from a trade. A trade overtaken by more states than this has
    // none.
    static constexpr std::size_t max_recent = 1024;

    // A clock that leaps by years must not fill the memory with rows of one state.
    static constexpr std::int64_t max_grid_jump = 1'000'000;

    struct State {
        Times times;
        Sequence sequence = absent;
        std::vector<double> values;
    };

    static void require_receive_time(Nanos time) {
        if (time == absent) {
            throw DecodeError("--every", "receive times, for a time grid",
                              "a recording without; --every event needs none");
        }
    }

    void start_grid(const Book& book) {
        require_receive_time(book.ts_recv_ns);
        if (visible_) return;
        const Nanos behind = book.ts_recv_ns % every_.interval_ns;
        const Nanos next =
            behind == 0 ? book.ts_recv_ns : later(book.ts_recv_ns, every_.interval_ns - behind);
        next_grid_ns_ = std::max(next_grid_ns_, next);  // a grid time comes once
    }

    // A grid time past the end of int64 never comes.
    [[nodiscard]] static Nanos later(Nanos time, Nanos by) noexcept {
        constexpr Nanos never = std::numeric_limits<Nanos>::max();
        return time > never - by ? never : time + by;
    }

    void take_grid_row(const Book& book) {
        append({book.ts_event_ns, next_grid_ns_}, book.sequence, book);
    }

    void remember(const Book& book) {
        State& state = recent_[remembered_++ % max_recent];
        state.times = {book.ts_event_ns, book.ts_recv_ns};
        state.sequence = book.sequence;
        state.values.resize(engine_->size());
        engine_->fill(book, state.values);
    }

    void append(const Times& times, Sequence sequence, const Book& book) {
        append_times(times, sequence);
        const std::size_t filled = rows_.values.size();
        rows_.values.resize(filled + engine_->size());
        engine_->fill(book, std::span(rows_.values).subspan(filled));
    }

    void append_times(const Times& times, Sequence sequence) {
        rows_.ts_event_ns.push_back(times.ts_event_ns);
        rows_.ts_recv_ns.push_back(times.ts_recv_ns);
        rows_.sequence.push_back(sequence);
    }

    // In mode "source" a row at trades is a merged trade, and contains it.
    [[nodiscard]] bool follows_tape() const noexcept {
        return engine_->is_source() && every_.mode == Every::Mode::trade;
    }

    // Rows of the merged trades before `next`: the book is the last one at or before them.
    void close_tape(const Book& book, Nanos next) {
        tape_.close(next, [&](const TimedTrade& merged, const TimedTrade& last) {
            engine_->on_source_trade(merged, last);
            const Times state{book.ts_event_ns, book.ts_recv_ns};
            if (visible_ && state.best() <= merged.times.best()) {
                append(merged.times, book.sequence, book);
            } else {
                ++orphans_;
            }
        });
    }

    std::shared_ptr<FeatureEngine> engine_;
    Every every_;
    Rows rows_;
    bool started_ = false;
    bool visible_ = false;  // the book shows a state that rows may speak of
    std::int64_t states_ = 0;
    Nanos next_grid_ns_ = 0;
    std::vector<State> recent_;  // a ring
    std::size_t remembered_ = 0;
    std::int64_t orphans_ = 0;
    SourceTape tape_;
};

}  // namespace obcore
