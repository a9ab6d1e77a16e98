#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "obcore/book.hpp"
#include "obcore/book_change.hpp"
#include "obcore/error.hpp"
#include "obcore/feature_engine.hpp"
#include "obcore/sampler.hpp"
#include "obcore/trade_flow.hpp"
#include "obcore/units.hpp"

namespace obcore {

// Columns of changes that lie somewhere else, as `ChangeColumns` writes them.
struct ChangeView {
    struct Side {
        std::span<const std::int64_t> offsets;
        std::span<const Ticks> price;
        std::span<const Lots> size;
    };

    std::span<const std::int64_t> position;
    std::span<const Nanos> time;
    std::span<const Sequence> id;
    std::span<const std::uint8_t> kind;
    std::span<const std::uint8_t> state;
    std::span<const std::int32_t> reason;
    std::span<const Nanos> ts_event_ns;
    std::span<const Nanos> ts_recv_ns;
    std::span<const Sequence> sequence;
    std::span<const Ticks> horizon_bid;
    std::span<const Ticks> horizon_ask;
    std::span<const std::int32_t> depth;
    Side bids;
    Side asks;
    std::span<const std::string> reasons;

    [[nodiscard]] std::size_t size() const noexcept { return time.size(); }

    // Files may be damaged: nothing of them is used before it was looked at.
    void check() const {
        const std::size_t n = size();
        for (const std::size_t length :
             {position.size(), id.size(), kind.size(), state.size(), reason.size(),
              ts_event_ns.size(), ts_recv_ns.size(), sequence.size(), horizon_bid.size(),
              horizon_ask.size(), depth.size()}) {
            require(length == n, "columns", "of one length");
        }
        check_side(bids, "bids");
        check_side(asks, "asks");
        for (std::size_t i = 0; i < n; ++i) {
            require(kind[i] <= static_cast<std::uint8_t>(BookChange::Kind::key), "kind",
                    "0 to 4");
            require(state[i] <= static_cast<std::uint8_t>(BookState::gap), "state", "0 to 5");
            require(static_cast<std::uint32_t>(reason[i]) < reasons.size(), "reason",
                    "one of the reasons");
            require(depth[i] >= 0, "depth", "0 or more");
            require(i == 0 || time[i] >= time[i - 1], "time", "times that never fall");
        }
    }

private:
    static void require(bool holds, std::string_view field, std::string_view expected) {
        if (!holds) throw DecodeError(field, expected, "something else");
    }

    void check_side(const Side& side, std::string_view name) const {
        require(side.offsets.size() == size() + 1 && side.price.size() == side.size.size(),
                name, "a price and a size of every level");
        require(
            side.offsets.front() == 0 && std::cmp_equal(side.offsets.back(), side.price.size()),
            name, "offsets from the first to the last level");
        for (std::size_t i = 0; i < size(); ++i) {
            require(side.offsets[i] <= side.offsets[i + 1], name, "offsets that never fall");
        }
        for (std::size_t i = 0; i < side.price.size(); ++i) {
            require(side.size[i] >= 0, name, "sizes of 0 or more lots");
            require(side.price[i] <= max_price_ticks && side.price[i] >= -max_price_ticks, name,
                    "prices of at most 2^60 ticks");
        }
    }
};

struct TradeView {
    std::span<const std::int64_t> position;
    std::span<const Nanos> ts_event_ns;
    std::span<const Nanos> ts_recv_ns;
    std::span<const Ticks> price;
    std::span<const Lots> size;
    std::span<const std::uint8_t> taker_is_buyer;
    std::span<const std::uint8_t> is_aggregate;
    std::span<const std::int64_t> id;

    void check() const {
        for (const std::size_t length :
             {ts_event_ns.size(), ts_recv_ns.size(), price.size(), size.size(),
              taker_is_buyer.size(), is_aggregate.size(), id.size()}) {
            if (length == position.size()) continue;
            throw DecodeError("trades", "columns of one length", "others");
        }
    }

    [[nodiscard]] TimedTrade operator[](std::size_t i) const noexcept {
        return {.trade = {.price = price[i],
                          .size = size[i],
                          .taker = taker_is_buyer[i] != 0 ? Side::bid : Side::ask,
                          .id = id[i],
                          .is_aggregate = is_aggregate[i] != 0},
                .times = {ts_event_ns[i], ts_recv_ns[i]}};
    }
};

// Makes a book of columns of changes again, and rows of its features where they are asked for.
// Not thread-safe.
class ChangePlayer {
public:
    struct Until {
        Nanos time = std::numeric_limits<Nanos>::max();
        Sequence id = std::numeric_limits<Sequence>::max();
    };

    explicit ChangePlayer(const Grid& grid) { book_.grid = grid; }
    ChangePlayer(const Grid& grid, std::shared_ptr<FeatureEngine> engine, Every every)
        : sampler_(std::in_place, std::move(engine), every) {
        book_.grid = grid;
    }

    [[nodiscard]] const Book& book() const noexcept { return book_; }
    [[nodiscard]] std::int64_t states() const noexcept { return states_; }

    // Applies rows from `first` on; the first one that is later than `until`.
    std::size_t play(const ChangeView& changes, std::size_t first, const Until& until) {
        std::size_t i = first;
        for (; i < changes.size(); ++i) {
            if (changes.time[i] > until.time || changes.id[i] > until.id) break;
            step(changes, i);
        }
        return i;
    }

    // All rows; `visit(row, book)` sees each new state of the market.
    template <typename Visit>
    void each_state(const ChangeView& changes, Visit&& visit) {
        for (std::size_t i = 0; i < changes.size(); ++i) {
            const std::int64_t before = states_;
            step(changes, i);
            if (states_ != before) visit(i, std::as_const(book_));
        }
    }

    // Tells a sink all rows.
    void tell(const ChangeView& changes, ChangeSink& sink) {
        for (std::size_t i = 0; i < changes.size(); ++i) {
            const BookChange change = read(changes, i);
            const bool is_known = change.kind == BookChange::Kind::key && has_begun_;
            has_begun_ = true;
            if (is_known) continue;
            apply(change, book_);
            sink.on_change(change, book_);
        }
    }

    // All rows, with the trades that happened among them; the number of trades that did.
    std::size_t play(const ChangeView& changes, const TradeView& trades,
                     std::size_t first_trade) {
        std::size_t next = first_trade;
        for (std::size_t i = 0; i < changes.size(); ++i) {
            next = trade_until(trades, next, changes.position[i]);
            step(changes, i);
        }
        return next;
    }
    std::size_t trade_until(const TradeView& trades, std::size_t next, std::int64_t position) {
        for (; next < trades.position.size() && trades.position[next] < position; ++next) {
            if (sampler_) sampler_->on_trade(trades[next], book_);
        }
        return next;
    }

    void finish() {
        if (sampler_) sampler_->finish(book_);
    }
    [[nodiscard]] Rows take_rows() { return sampler_ ? sampler_->take() : Rows{}; }

    // Row i as a change; its levels last until the next one is read.
    [[nodiscard]] BookChange read(const ChangeView& changes, std::size_t i) {
        return {.kind = static_cast<BookChange::Kind>(changes.kind[i]),
                .state = static_cast<BookState>(changes.state[i]),
                .reason = changes.reasons[static_cast<std::size_t>(changes.reason[i])],
                .time = changes.time[i],
                .id = changes.id[i],
                .ts_event_ns = changes.ts_event_ns[i],
                .ts_recv_ns = changes.ts_recv_ns[i],
                .sequence = changes.sequence[i],
                .horizon = {changes.horizon_bid[i], changes.horizon_ask[i]},
                .depth = static_cast<std::size_t>(changes.depth[i]),
                .bids = levels(changes.bids, i, bids_),
                .asks = levels(changes.asks, i, asks_)};
    }

private:
    void step(const ChangeView& changes, std::size_t i) {
        const BookChange change = read(changes, i);
        // Where reading begins, the book is put there; behind that it is so already.
        const bool is_known = change.kind == BookChange::Kind::key && has_begun_;
        has_begun_ = true;
        if (is_known) return;
        if (sampler_) {
            const Nanos now = change.is_new_state() ? change.ts_recv_ns : change.time;
            sampler_->before_change(book_, {change.ts_event_ns, now});
        }
        apply(change, book_);
        states_ += change.is_new_state();
        if (!sampler_) return;
        if (!is_trusted(book_.state)) {
            sampler_->on_break();
        } else if (change.is_new_state()) {
            sampler_->on_state(book_);
        }
    }

    [[nodiscard]] static std::span<const Level> levels(const ChangeView::Side& side,
                                                       std::size_t i, std::vector<Level>& out) {
        const auto begin = static_cast<std::size_t>(side.offsets[i]);
        const auto end = static_cast<std::size_t>(side.offsets[i + 1]);
        out.resize(end - begin);
        for (std::size_t at = begin; at < end; ++at) {
            out[at - begin] = {side.price[at], side.size[at]};
        }
        return out;
    }

    Book book_;
    std::optional<Sampler> sampler_;
    bool has_begun_ = false;
    std::int64_t states_ = 0;
    std::vector<Level> bids_;
    std::vector<Level> asks_;
};

}  // namespace obcore
