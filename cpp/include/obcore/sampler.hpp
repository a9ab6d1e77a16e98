#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "obcore/event.hpp"
#include "obcore/feature_set.hpp"
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
    Sampler(FeatureSet features, Every every) : features_(std::move(features)), every_(every) {
        if (every.mode == Every::Mode::trade) recent_.resize(max_recent);
    }

    [[nodiscard]] const FeatureSet& features() const noexcept { return features_; }
    [[nodiscard]] std::int64_t trades_without_state() const noexcept { return orphans_; }

    // Hands the rows over; the sampler starts new ones.
    [[nodiscard]] Rows take() { return std::exchange(rows_, {}); }

    // Before the book changes: its present state is the last one at or before these grid times.
    void before_change(const Book& book, Nanos now) {
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
        switch (every_.mode) {
            case Every::Mode::event:
                if (++states_ % every_.count == 0) {
                    append(book.ts_event_ns, book.ts_recv_ns, book.sequence, book);
                }
                break;
            case Every::Mode::time:
                start_grid(book);
                break;
            case Every::Mode::trade:
                remember(book);
                break;
        }
        visible_ = true;
    }

    // Later rows may not speak of states before this point: a gap, or a stale book.
    void on_break() {
        visible_ = false;
        remembered_ = 0;
    }

    void on_trade(const Event& trade) {
        if (every_.mode != Every::Mode::trade) return;
        for (std::size_t back = 1; back <= std::min(remembered_, max_recent); ++back) {
            const State& state = recent_[(remembered_ - back) % max_recent];
            if (!is_before(state, trade)) continue;
            append_times(trade.ts_event_ns, trade.ts_recv_ns, state.sequence);
            rows_.values.insert(rows_.values.end(), state.values.begin(), state.values.end());
            return;
        }
        if (remembered_ > max_recent) {
            throw DecodeError(
                "trade",
                "one among the depth messages of its time (for --every trade; "
                "trades in a file of their own cannot be placed)",
                "one behind more than " + std::to_string(max_recent) + " later states");
        }
        ++orphans_;
    }

    // The end of the recording: a grid time on the very last state still has its row.
    void finish(const Book& book) {
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
        Nanos ts_event_ns = absent;
        Nanos ts_recv_ns = absent;
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
        append(book.ts_event_ns, next_grid_ns_, book.sequence, book);
    }

    void remember(const Book& book) {
        State& state = recent_[remembered_++ % max_recent];
        state.ts_event_ns = book.ts_event_ns;
        state.ts_recv_ns = book.ts_recv_ns;
        state.sequence = book.sequence;
        state.values.resize(features_.size());
        features_.compute(book, state.values);
    }

    // On both clocks: by receive order alone, a state that already contains the trade's own
    // effect can come before the trade.
    [[nodiscard]] static bool is_before(const State& state, const Event& trade) noexcept {
        const bool both_received = state.ts_recv_ns != absent && trade.ts_recv_ns != absent;
        const bool both_told = state.ts_event_ns != absent && trade.ts_event_ns != absent;
        return (both_received || both_told) &&
               (!both_received || state.ts_recv_ns < trade.ts_recv_ns) &&
               (!both_told || state.ts_event_ns < trade.ts_event_ns);
    }

    void append(Nanos event, Nanos receive, Sequence sequence, const Book& book) {
        append_times(event, receive, sequence);
        const std::size_t filled = rows_.values.size();
        rows_.values.resize(filled + features_.size());
        features_.compute(book, std::span(rows_.values).subspan(filled));
    }

    void append_times(Nanos event, Nanos receive, Sequence sequence) {
        rows_.ts_event_ns.push_back(event);
        rows_.ts_recv_ns.push_back(receive);
        rows_.sequence.push_back(sequence);
    }

    FeatureSet features_;
    Every every_;
    Rows rows_;
    bool visible_ = false;  // the book shows a state that rows may speak of
    std::int64_t states_ = 0;
    Nanos next_grid_ns_ = 0;
    std::vector<State> recent_;  // a ring
    std::size_t remembered_ = 0;
    std::int64_t orphans_ = 0;
};

}  // namespace obcore
