#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "obcore/book.hpp"
#include "obcore/decimal.hpp"
#include "obcore/event.hpp"
#include "obcore/horizon.hpp"
#include "obcore/sync.hpp"
#include "obcore/trade_flow.hpp"
#include "obcore/units.hpp"
#include "obcore/verdict.hpp"

namespace obcore {

// What one message did to a book, behind the synchronizer: applied one after the other, changes
// give the same book again, with its state and its reason.
//
// Views last until the next change.
struct BookChange {
    enum class Kind : std::uint8_t {
        state,    // no level changed
        delta,    // absolute new sizes of some levels; size 0 removes
        picture,  // the whole book anew
        refresh,  // the same, but not by a message of the market: it shows no new state
        key,      // the whole book once more, as it was: where a store can begin to read
    };

    Kind kind = Kind::state;
    BookState state = BookState::empty;
    std::string_view reason;
    // The moment that it belongs to, which never falls: a book "as of" a time has every change
    // up to it. The greatest receive time so far, the venue's where there is none.
    Nanos time = absent;
    Sequence id = absent;  // the same for update ids
    Nanos ts_event_ns = absent;
    Nanos ts_recv_ns = absent;
    Sequence sequence = absent;
    Horizon horizon = {};
    std::size_t depth = 0;  // levels a side that are left behind it; 0: all of them
    std::span<const Level> bids;
    std::span<const Level> asks;

    [[nodiscard]] bool is_whole() const noexcept { return kind >= Kind::picture; }
    // Whether a row of features belongs to it.
    [[nodiscard]] bool is_new_state() const noexcept {
        return (kind == Kind::delta || kind == Kind::picture) && is_trusted(state);
    }
};

inline void apply(const BookChange& change, Book& book) {
    if (change.is_whole()) {
        book.replace(change.bids, change.asks);
    } else {
        book.update(change.bids, change.asks);
    }
    if (change.depth != 0) book.cut(change.depth);
    book.state = change.state;
    if (book.reason != change.reason) book.reason = change.reason;
    book.ts_event_ns = change.ts_event_ns;
    book.ts_recv_ns = change.ts_recv_ns;
    book.sequence = change.sequence;
    book.horizon = change.horizon;
}

// Takes what happens to one book, in order. Numbers are on the grid of the book.
class ChangeSink {
public:
    ChangeSink() = default;
    virtual ~ChangeSink() = default;
    ChangeSink(const ChangeSink&) = delete;
    ChangeSink& operator=(const ChangeSink&) = delete;
    ChangeSink(ChangeSink&&) = delete;
    ChangeSink& operator=(ChangeSink&&) = delete;

    // A message comes that may change the book.
    virtual void before_message(Nanos time, const Book& book) {
        static_cast<void>(time);
        static_cast<void>(book);
    }
    // `after` is the book behind the change; a change on a new grid is whole.
    virtual void on_change(const BookChange& change, const Book& after) = 0;
    // `time` is the trade's own, so far as it does not fall.
    virtual void on_trade(const TimedTrade& trade, Nanos time, const Grid& grid) = 0;
};

// Sees each message that may change a book, and tells what it did.
class ChangeWatch {
public:
    // Before the message is applied, and whatever becomes of it.
    void before(const Event& event, const Book& book, ChangeSink& sink) {
        raise(time_, best_time(event.ts_event_ns, event.ts_recv_ns));
        if (event.kind != Kind::snapshot) raise(id_, event.ids.last);
        sink.before_message(time_, book);
    }

    // Behind it.
    void after(const Event& event, Verdict verdict, Synchronizer::Touched touched,
               const Book& book, ChangeSink& sink) {
        const bool is_new_grid = !(book.grid == grid_);
        BookChange change{.kind = BookChange::Kind::state,
                          .state = book.state,
                          .reason = book.reason,
                          .time = time_,
                          .id = id_,
                          .ts_event_ns = book.ts_event_ns,
                          .ts_recv_ns = book.ts_recv_ns,
                          .sequence = book.sequence,
                          .horizon = book.horizon,
                          .depth = 0,
                          .bids = {},
                          .asks = {}};
        if (touched == Synchronizer::Touched::everything || is_new_grid) {
            change.kind = verdict == Verdict::apply ? BookChange::Kind::picture
                                                    : BookChange::Kind::refresh;
            change.bids = copy(book.bids, bids_);
            change.asks = copy(book.asks, asks_);
        } else if (touched == Synchronizer::Touched::levels) {
            change.kind = BookChange::Kind::delta;
            change.depth = Synchronizer::kept_levels(event);
            change.bids = event.bids;
            change.asks = event.asks;
        } else if (is_known(change)) {
            return;
        }
        remember(change, book.grid);
        sink.on_change(change, book);
    }

    void trade(const TimedTrade& trade, const Grid& grid, ChangeSink& sink) {
        raise(trade_time_, best_time(trade.times.ts_event_ns, trade.times.ts_recv_ns));
        sink.on_trade(trade, trade_time_, grid);
    }

private:
    [[nodiscard]] static Nanos best_time(Nanos ts_event_ns, Nanos ts_recv_ns) noexcept {
        return ts_recv_ns != absent ? ts_recv_ns : ts_event_ns;
    }
    static void raise(std::int64_t& greatest, std::int64_t value) noexcept {
        greatest = std::max(greatest, value);  // absent is less than anything
    }

    template <Side side>
    [[nodiscard]] static std::span<const Level> copy(const Ladder<side>& ladder,
                                                     std::vector<Level>& out) {
        out.resize(ladder.count());
        ladder.top(out);
        return out;
    }

    [[nodiscard]] bool is_known(const BookChange& now) const noexcept {
        return now.state == last_.state && now.reason == reason_ &&
               now.ts_event_ns == last_.ts_event_ns && now.ts_recv_ns == last_.ts_recv_ns &&
               now.sequence == last_.sequence && now.horizon == last_.horizon;
    }
    void remember(const BookChange& change, const Grid& grid) {
        last_ = change;
        if (reason_ != change.reason) reason_ = change.reason;
        grid_ = grid;
    }

    Nanos time_ = absent;
    Nanos trade_time_ = absent;
    Sequence id_ = absent;
    BookChange last_;  // its views are not looked at
    std::string reason_;
    Grid grid_;
    std::vector<Level> bids_;
    std::vector<Level> asks_;
};

}  // namespace obcore
