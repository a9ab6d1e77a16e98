#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "obcore/auto_grid.hpp"
#include "obcore/book.hpp"
#include "obcore/book_change.hpp"
#include "obcore/decimal.hpp"
#include "obcore/event.hpp"
#include "obcore/trade_flow.hpp"
#include "obcore/units.hpp"

namespace obcore {

// One side of some changes: the levels of change i lie in [offsets[i], offsets[i + 1]).
struct LevelColumns {
    std::vector<std::int64_t> offsets{0};
    std::vector<Ticks> price;
    std::vector<Lots> size;

    void add(std::span<const Level> levels) {
        for (const auto& [ticks, lots] : levels) {
            price.push_back(ticks);
            size.push_back(lots);
        }
        offsets.push_back(static_cast<std::int64_t>(price.size()));
    }
};

// Changes of one book on one grid, a row each. `position` counts all that happened to the
// symbol, trades too, so that both can be put in their order again.
struct ChangeColumns {
    Grid grid;
    std::vector<std::int64_t> position;
    std::vector<Nanos> time;
    std::vector<Sequence> id;
    std::vector<std::uint8_t> kind;
    std::vector<std::uint8_t> state;
    std::vector<std::int32_t> reason;  // of `reasons`
    std::vector<Nanos> ts_event_ns;
    std::vector<Nanos> ts_recv_ns;
    std::vector<Sequence> sequence;
    std::vector<Ticks> horizon_bid;
    std::vector<Ticks> horizon_ask;
    std::vector<std::int32_t> depth;
    LevelColumns bids;
    LevelColumns asks;
    std::vector<std::string> reasons;

    [[nodiscard]] std::size_t size() const noexcept { return time.size(); }
    [[nodiscard]] std::size_t levels() const noexcept {
        return bids.price.size() + asks.price.size();
    }

    void add(const BookChange& change, std::int64_t place) {
        position.push_back(place);
        time.push_back(change.time);
        id.push_back(change.id);
        kind.push_back(static_cast<std::uint8_t>(change.kind));
        state.push_back(static_cast<std::uint8_t>(change.state));
        reason.push_back(code_of(change.reason));
        ts_event_ns.push_back(change.ts_event_ns);
        ts_recv_ns.push_back(change.ts_recv_ns);
        sequence.push_back(change.sequence);
        horizon_bid.push_back(change.horizon.bid);
        horizon_ask.push_back(change.horizon.ask);
        depth.push_back(static_cast<std::int32_t>(change.depth));
        bids.add(change.bids);
        asks.add(change.asks);
    }

    void rescale(const Grid& finer) {
        const Rescale factors = factors_between(grid, finer);
        scale(bids.price, factors.price);
        scale(asks.price, factors.price);
        scale(horizon_bid, factors.price);
        scale(horizon_ask, factors.price);
        scale(bids.size, factors.size);
        scale(asks.size, factors.size);
        grid = finer;
    }

    static void scale(std::vector<std::int64_t>& values, std::int64_t factor) {
        if (factor == 1) return;
        for (std::int64_t& value : values) {
            if (value != absent) Rescale::multiply(value, factor);
        }
    }

private:
    [[nodiscard]] std::int32_t code_of(std::string_view text) {
        if (!reason.empty() && reasons[static_cast<std::size_t>(reason.back())] == text) {
            return reason.back();
        }
        const auto found = std::ranges::find(reasons, text);
        const auto code = static_cast<std::int32_t>(found - reasons.begin());
        if (found == reasons.end()) reasons.emplace_back(text);
        return code;
    }
};

struct TradeColumns {
    Grid grid;
    std::vector<std::int64_t> position;
    std::vector<Nanos> time;
    std::vector<Nanos> ts_event_ns;
    std::vector<Nanos> ts_recv_ns;
    std::vector<Ticks> price;
    std::vector<Lots> size;
    std::vector<std::uint8_t> taker_is_buyer;
    std::vector<std::uint8_t> is_aggregate;
    std::vector<std::int64_t> id;

    [[nodiscard]] std::size_t count() const noexcept { return time.size(); }

    void add(const TimedTrade& timed, Nanos when, std::int64_t place) {
        position.push_back(place);
        time.push_back(when);
        ts_event_ns.push_back(timed.times.ts_event_ns);
        ts_recv_ns.push_back(timed.times.ts_recv_ns);
        price.push_back(timed.trade.price);
        size.push_back(timed.trade.size);
        taker_is_buyer.push_back(timed.trade.taker == Side::bid ? 1 : 0);
        is_aggregate.push_back(timed.trade.is_aggregate ? 1 : 0);
        id.push_back(timed.trade.id);
    }

    void rescale(const Grid& finer) {
        const Rescale factors = factors_between(grid, finer);
        ChangeColumns::scale(price, factors.price);
        ChangeColumns::scale(size, factors.size);
        grid = finer;
    }
};

// Writes what happens to one book into columns, part by part: each part of changes begins with
// the whole book, lies within one UTC day, and is much longer than that book, so that it costs
// little to have it there.
//
// Parts are taken out whenever the caller likes; they are all on the grid of the last one, but
// for those taken before a finer grid turned up.
class ColumnSink final : public ChangeSink {
public:
    static constexpr std::size_t default_levels = 65'536;

    // `first_position`: of the first row, where a store goes on.
    explicit ColumnSink(std::size_t levels_a_part = default_levels,
                        std::int64_t first_position = 0)
        : levels_a_part_(levels_a_part), position_(first_position) {}

    void before_message(Nanos time, const Book& book) override {
        last_seen_ = time;
        if (changes_.size() == 0 || time == absent) return;
        const std::int64_t day = day_of(time);
        if (day_ == absent) day_ = day;
        if (day == day_) return;
        close_changes();
        follow(book.grid);
        day_ = day;
        add_key(book, first_moment(day));
    }

    void on_change(const BookChange& change, const Book& after) override {
        follow(after.grid);
        if (day_ == absent && change.time != absent) day_ = day_of(change.time);
        last_ = change;
        last_.reason = {};
        changes_.add(change, position_++);
        levels_ += change.bids.size() + change.asks.size();
        const std::size_t whole = after.bids.count() + after.asks.count();
        const std::size_t enough = std::max(levels_a_part_, whole_books_a_part * whole);
        // A message without levels costs as much as some levels.
        if (day_ == absent || levels_ + changes_.size() * row_as_levels < enough) return;
        close_changes();
        add_key(after, change.time);
    }

    void on_trade(const TimedTrade& trade, Nanos time, const Grid& grid) override {
        follow(grid);
        const std::int64_t day = time == absent ? absent : day_of(time);
        const bool next_day = trades_day_ != absent && day != trades_day_;
        if (next_day || trades_.count() >= trades_a_part) close_trades();
        trades_day_ = day;
        trades_.add(trade, time, position_++);
    }

    // Nothing comes any more. Whoever asks for a later time is told so, not shown the last book
    // as if it still were.
    void finish() {
        if (changes_.size() > 0) {
            if (last_seen_ != absent && is_trusted(last_.state)) add_end();
            close_changes();
        }
        close_trades();
    }

    [[nodiscard]] std::vector<ChangeColumns> take_changes() {
        return std::exchange(closed_changes_, {});
    }
    [[nodiscard]] std::vector<TradeColumns> take_trades() {
        return std::exchange(closed_trades_, {});
    }
    [[nodiscard]] std::int64_t next_position() const noexcept { return position_; }

private:
    static constexpr std::size_t whole_books_a_part = 4;
    static constexpr std::size_t row_as_levels = 4;
    static constexpr std::size_t trades_a_part = 65'536;
    static constexpr Nanos ns_a_day = 86'400'000'000'000;

    [[nodiscard]] static std::int64_t day_of(Nanos time) noexcept {
        return time / ns_a_day - (time % ns_a_day < 0 ? 1 : 0);
    }
    [[nodiscard]] static Nanos first_moment(std::int64_t day) noexcept {
        return day * ns_a_day;
    }

    // The whole book as it is, as of a time by which it was so.
    void add_key(const Book& book, Nanos time) {
        bids_.resize(book.bids.count());
        asks_.resize(book.asks.count());
        book.bids.top(bids_);
        book.asks.top(asks_);
        changes_.add({.kind = BookChange::Kind::key,
                      .state = book.state,
                      .reason = book.reason,
                      .time = time,
                      .id = last_.id,
                      .ts_event_ns = book.ts_event_ns,
                      .ts_recv_ns = book.ts_recv_ns,
                      .sequence = book.sequence,
                      .horizon = book.horizon,
                      .depth = 0,
                      .bids = bids_,
                      .asks = asks_},
                     position_++);
    }

    void add_end() {
        BookChange end = last_;
        end.kind = BookChange::Kind::state;
        end.state = BookState::stale;
        end.reason = "the recording ends";
        end.time = last_seen_ + 1;
        end.depth = 0;
        end.bids = end.asks = {};
        changes_.add(end, position_++);
    }

    void close_changes() {
        ChangeColumns next;
        next.grid = changes_.grid;
        closed_changes_.push_back(std::exchange(changes_, std::move(next)));
        levels_ = 0;
    }
    void close_trades() {
        if (trades_.count() == 0) return;
        TradeColumns next;
        next.grid = trades_.grid;
        closed_trades_.push_back(std::exchange(trades_, std::move(next)));
    }

    void follow(const Grid& grid) {
        if (grid == grid_) return;
        const bool is_first = changes_.size() == 0 && trades_.count() == 0;
        grid_ = grid;
        if (is_first && closed_changes_.empty() && closed_trades_.empty()) {
            changes_.grid = trades_.grid = grid;
            return;
        }
        changes_.rescale(grid);
        trades_.rescale(grid);
        for (ChangeColumns& part : closed_changes_) part.rescale(grid);
        for (TradeColumns& part : closed_trades_) part.rescale(grid);
    }

    std::size_t levels_a_part_;
    std::int64_t position_;
    std::int64_t day_ = absent;
    std::int64_t trades_day_ = absent;
    Grid grid_;
    std::size_t levels_ = 0;  // of changes, in the open part
    Nanos last_seen_ = absent;
    BookChange last_;
    ChangeColumns changes_;
    TradeColumns trades_;
    std::vector<ChangeColumns> closed_changes_;
    std::vector<TradeColumns> closed_trades_;
    std::vector<Level> bids_;
    std::vector<Level> asks_;
};

}  // namespace obcore
