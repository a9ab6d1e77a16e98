#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "obcore/book_change.hpp"
#include "obcore/event.hpp"
#include "obcore/trade_flow.hpp"
#include "obcore/units.hpp"

// Changes and trades in few bytes: each number as its difference from the one before, small
// numbers in one byte (LEB128, zigzag). Differences wrap, so that nothing is out of reach.
namespace obcore::change_code {

// What the next number is counted from.
struct Last {
    Nanos time = 0;
    Nanos trade_time = 0;
    Nanos ts_event_ns = 0;
    Nanos ts_recv_ns = 0;
    Sequence id = 0;
    Sequence sequence = 0;
    Horizon horizon{0, 0};
    BookState state = BookState::empty;
    std::uint32_t reason = 0;
    std::size_t depth = 0;
    Ticks trade_price = 0;
    std::int64_t trade_id = 0;
};

// The first byte of an entry: what it is, and what comes with it.
constexpr std::uint8_t kind_mask = 7;
constexpr std::uint8_t is_trade = 7;        // instead of a kind
constexpr std::uint8_t has_state = 1 << 3;  // state, reason, horizon and depth are new
constexpr std::uint8_t taker_bought = 1 << 4;
constexpr std::uint8_t is_aggregate = 1 << 5;

class Writer {
public:
    void change(const BookChange& change, std::uint32_t reason) {
        const bool is_new = change.state != last_.state || reason != last_.reason ||
                            !(change.horizon == last_.horizon) || change.depth != last_.depth;
        bytes_.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(change.kind) |
                                                   (is_new ? has_state : 0U)));
        difference(change.time, last_.time);
        difference(change.ts_event_ns, last_.ts_event_ns);
        difference(change.ts_recv_ns, last_.ts_recv_ns);
        difference(change.id, last_.id);
        difference(change.sequence, last_.sequence);
        if (is_new) {
            bytes_.push_back(static_cast<std::uint8_t>(change.state));
            number(reason);
            difference(change.horizon.bid, last_.horizon.bid);
            difference(change.horizon.ask, last_.horizon.ask);
            number(change.depth);
            last_.state = change.state;
            last_.reason = reason;
            last_.depth = change.depth;
        }
        side(change.bids);
        side(change.asks);
    }

    void trade(const TimedTrade& timed, Nanos time) {
        const Trade& trade = timed.trade;
        bytes_.push_back(static_cast<std::uint8_t>(
            is_trade | (trade.taker == Side::bid ? taker_bought : 0U) |
            (trade.is_aggregate ? is_aggregate : 0U)));
        difference(time, last_.trade_time);
        difference(timed.times.ts_event_ns, last_.ts_event_ns);
        difference(timed.times.ts_recv_ns, last_.ts_recv_ns);
        difference(trade.price, last_.trade_price);
        number(static_cast<std::uint64_t>(trade.size));
        difference(trade.id, last_.trade_id);
    }

    [[nodiscard]] std::vector<std::uint8_t>& bytes() noexcept { return bytes_; }
    [[nodiscard]] const std::vector<std::uint8_t>& bytes() const noexcept { return bytes_; }

private:
    void number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) {
            bytes_.push_back(static_cast<std::uint8_t>(value | 0x80));
        }
        bytes_.push_back(static_cast<std::uint8_t>(value));
    }
    void difference(std::int64_t value, std::int64_t& from) {
        const auto apart = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) -
                                                     static_cast<std::uint64_t>(from));
        number(static_cast<std::uint64_t>(apart) << 1 ^
               static_cast<std::uint64_t>(apart >> 63));
        from = value;
    }
    void side(std::span<const Level> levels) {
        number(levels.size());
        std::int64_t price = 0;
        for (const Level& level : levels) {
            difference(level.price, price);
            number(static_cast<std::uint64_t>(level.size));
        }
    }

    std::vector<std::uint8_t> bytes_;
    Last last_;
};

// Reads what a Writer wrote, in memory of its own. The bytes are never foreign.
class Reader {
public:
    explicit Reader(std::span<const std::uint8_t> bytes)
        : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }
    [[nodiscard]] bool is_at_trade() const noexcept { return (*at_ & kind_mask) == is_trade; }

    // The next change, but for its levels; they are read by levels() or left out by skip().
    [[nodiscard]] BookChange head(const std::vector<std::string>& reasons) {
        const std::uint8_t first = *at_++;
        difference(last_.time);
        difference(last_.ts_event_ns);
        difference(last_.ts_recv_ns);
        difference(last_.id);
        difference(last_.sequence);
        if ((first & has_state) != 0) {
            last_.state = static_cast<BookState>(*at_++);
            last_.reason = static_cast<std::uint32_t>(number());
            difference(last_.horizon.bid);
            difference(last_.horizon.ask);
            last_.depth = number();
        }
        return {.kind = static_cast<BookChange::Kind>(first & kind_mask),
                .state = last_.state,
                .reason = reasons[last_.reason],
                .time = last_.time,
                .id = last_.id,
                .ts_event_ns = last_.ts_event_ns,
                .ts_recv_ns = last_.ts_recv_ns,
                .sequence = last_.sequence,
                .horizon = last_.horizon,
                .depth = last_.depth,
                .bids = {},
                .asks = {}};
    }

    void levels(BookChange& change) {
        change.bids = side(bids_);
        change.asks = side(asks_);
    }

    // A trade, and the moment that it belongs to.
    [[nodiscard]] TimedTrade trade(Nanos& time) {
        const std::uint8_t first = *at_++;
        TimedTrade out;
        difference(last_.trade_time);
        difference(last_.ts_event_ns);
        difference(last_.ts_recv_ns);
        difference(last_.trade_price);
        out.trade.size = static_cast<Lots>(number());
        difference(last_.trade_id);
        time = last_.trade_time;
        out.times = {last_.ts_event_ns, last_.ts_recv_ns};
        out.trade.price = last_.trade_price;
        out.trade.id = last_.trade_id;
        out.trade.taker = (first & taker_bought) != 0 ? Side::bid : Side::ask;
        out.trade.is_aggregate = (first & is_aggregate) != 0;
        return out;
    }

private:
    [[nodiscard]] std::uint64_t number() noexcept {
        std::uint64_t value = *at_++;
        if (value < 0x80) [[likely]]
            return value;
        value &= 0x7F;
        for (int shift = 7;; shift += 7) {
            const std::uint64_t next = *at_++;
            value |= (next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
    }
    void difference(std::int64_t& value) noexcept {
        const std::uint64_t zigzag = number();
        const std::uint64_t apart = zigzag >> 1 ^ (~(zigzag & 1) + 1);
        value = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) + apart);
    }
    [[nodiscard]] std::span<const Level> side(std::vector<Level>& out) {
        out.resize(number());
        std::int64_t price = 0;
        for (Level& level : out) {
            difference(price);
            level = {price, static_cast<Lots>(number())};
        }
        return out;
    }

    const std::uint8_t* at_;
    const std::uint8_t* end_;
    Last last_;
    std::vector<Level> bids_;
    std::vector<Level> asks_;
};

}  // namespace obcore::change_code
