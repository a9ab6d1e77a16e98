#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "obcore/decimal.hpp"
#include "obcore/decimal_reader.hpp"
#include "obcore/error.hpp"
#include "obcore/units.hpp"

namespace obcore {

enum class Kind : std::uint8_t {
    snapshot,  // replaces the whole book
    delta,     // absolute new sizes of some levels; size 0 removes
    topn,      // the whole top of the book; replaces what was there
    bbo,       // best bid and offer only; never merged into a book
    trade,     // a match in the order book
    off_book,  // insurance fund, ADL and the like: no part of the tape
    control,   // acknowledgements and errors of the venue's control channel
    lost,      // messages are missing from here on, or the source says that they may be
    unknown,   // a kind that obcore has no use for
};

// What proves that one message follows another.
enum class IdRule : std::uint8_t {
    none,             // the format has no ids
    binance_spot,     // U == previous u + 1
    binance_futures,  // pu == previous u
    clock,            // the venue's time alone: a snapshot is joined, a hole is not seen
    chained,          // each message names the id that the one before it ended at
    consecutive,      // the previous id + 1
    connection,       // numbers of the whole connection; its decoder tells a hole as `lost`
    checksum,         // of the book behind the message
    orders,           // nothing; sums of single orders, of which some rest unseen
};

// True where snapshots are asked for apart, and have to be joined; elsewhere the stream itself
// begins with one, and any later one replaces the book.
[[nodiscard]] constexpr bool needs_join(IdRule rule) noexcept {
    return rule == IdRule::binance_spot || rule == IdRule::binance_futures ||
           rule == IdRule::clock;
}

// True where a book that follows the rule is in sync by proof.
[[nodiscard]] constexpr bool is_proof(IdRule rule) noexcept {
    return rule != IdRule::none && rule != IdRule::clock && rule != IdRule::orders;
}

// The span of update ids that a message folds together: Binance's U, u and pu.
struct Ids {
    Sequence first = absent;
    Sequence last = absent;
    Sequence previous = absent;
};

struct Trade {
    Ticks price = 0;
    Lots size = 0;
    Side taker = Side::bid;  // bid where the buyer was the aggressor
    std::int64_t id = absent;
    bool is_aggregate = false;  // several fills of one order at one price, told as one
};

// What a venue says that the top of the book adds up to, behind the message.
struct Checksum {
    enum class Rule : std::uint8_t {
        none,
        kraken,  // ten levels a side, digits without the point and without leading zeros
        okx,     // 25 levels a side, bid and ask in turn, shortest decimals
    };

    Rule rule = Rule::none;
    std::uint32_t value = 0;
};

// One decoded message. The same object is filled again and again, so that decoding allocates
// nothing once its vectors have grown.
struct Event {
    Kind kind = Kind::unknown;
    IdRule rule = IdRule::none;
    Ids ids;
    Nanos ts_event_ns = absent;  // when the venue matched; its push time where that is all
    Nanos ts_recv_ns = absent;
    std::vector<Level> bids;  // a bbo has at most one level a side
    std::vector<Level> asks;
    Trade trade;
    Checksum checksum;
    std::size_t depth = 0;       // levels a side that the venue keeps behind it; 0: all of them
    std::string symbol;          // empty where the message does not say
    std::string name;            // the venue's word for a kind that was skipped; why it is lost
    bool enveloped = false;      // a stream name told the kind
    bool repeats_price = false;  // a snapshot in parts told one price twice

    void reset() noexcept {
        kind = Kind::unknown;
        rule = IdRule::none;
        ids = {};
        ts_event_ns = ts_recv_ns = absent;
        bids.clear();
        asks.clear();
        trade = {};
        checksum = {};
        depth = 0;
        symbol.clear();
        name.clear();
        enveloped = repeats_price = false;
    }

    // Bytes held besides the object itself.
    [[nodiscard]] std::size_t memory_usage() const noexcept {
        return (bids.capacity() + asks.capacity()) * sizeof(Level) + symbol.capacity() +
               name.capacity();
    }

    [[nodiscard]] bool is_depth() const noexcept {
        return kind == Kind::snapshot || kind == Kind::delta || kind == Kind::topn;
    }
};

// How many new steps make an old one, where a finer grid took over.
struct Rescale {
    std::int64_t price = 1;
    std::int64_t size = 1;

    // For totals: 128 bits hold every level, but not every sum of them.
    static void multiply(Int128& total, std::int64_t factor) {
        if (__builtin_mul_overflow(total, factor, &total)) fail();
    }
    static void multiply(std::int64_t& value, std::int64_t factor) {
        if (__builtin_mul_overflow(value, factor, &value)) fail();
    }

    void apply(Level& level) const {
        if (__builtin_mul_overflow(level.price, price, &level.price) ||
            level.price > max_price_ticks || level.price < -max_price_ticks ||
            __builtin_mul_overflow(level.size, size, &level.size)) {
            fail();
        }
    }

private:
    [[noreturn]] static void fail() {
        throw PrecisionError(PrecisionError::Quantity::price, 0,
                             "grid: expected prices and sizes that fit int64 on the finer "
                             "grid that a later message needs, received one that does not");
    }
};

inline void rescale(Trade& trade, const Rescale& factors) {
    Level traded{trade.price, trade.size};
    factors.apply(traded);
    trade.price = traded.price;
    trade.size = traded.size;
}

inline void rescale(Event& event, const Rescale& factors) {
    for (Level& level : event.bids) factors.apply(level);
    for (Level& level : event.asks) factors.apply(level);
    rescale(event.trade, factors);
}

// Names a value inside a message for error texts; built only when something is wrong.
struct Where {
    std::string_view field;
    std::size_t index = no_index;

    static constexpr std::size_t no_index = static_cast<std::size_t>(-1);

    [[nodiscard]] std::string text(std::string_view part) const {
        std::string out(field);
        if (index != no_index) out += '[' + std::to_string(index) + ']';
        if (!part.empty()) out += (out.empty() ? "" : " ") + std::string(part);
        return out;
    }
};

namespace detail {

[[noreturn]] inline void fail_number(const Count& count, std::string_view text,
                                     const Step& step, PrecisionError::Quantity quantity,
                                     const Where& where) {
    const bool price = quantity == PrecisionError::Quantity::price;
    const std::string field = where.text(price ? "price" : "size");
    if (count.fault == GridFault::not_a_number) throw DecodeError(field, "a decimal", text);
    const std::string received = ", received " + DecodeError::shortened(text);
    if (count.fault == GridFault::too_large) {
        throw PrecisionError(quantity, 0,
                             field + ": expected a number within int64 at " +
                                 (price ? "tick " : "lot ") + to_text(step) + received);
    }
    throw PrecisionError(quantity, count.decimals,
                         field + ": expected a multiple of the " + (price ? "tick " : "lot ") +
                             to_text(step) + received);
}

}  // namespace detail

[[nodiscard]] inline Ticks decode_price(std::string_view text, const Grid& grid,
                                        const Where& where) {
    using enum PrecisionError::Quantity;
    Ticks ticks = 0;
    if (read_usual_decimal(text, grid.tick, ticks) && ticks > 0) [[likely]] {
        return ticks;
    }
    Count count = to_count(text, grid.tick);
    if (count.fault == GridFault::none &&
        (count.value > max_price_ticks || count.value < -max_price_ticks)) {
        count.fault = GridFault::too_large;
    }
    if (count.fault != GridFault::none) [[unlikely]] {
        detail::fail_number(count, text, grid.tick, price, where);
    }
    if (count.value <= 0 && !grid.nonpositive_prices) [[unlikely]] {
        throw DecodeError(where.text("price"), "a price above 0", text);
    }
    return count.value;
}

[[nodiscard]] inline Lots decode_size(std::string_view text, const Grid& grid,
                                      const Where& where) {
    using enum PrecisionError::Quantity;
    Lots lots = 0;
    if (read_usual_decimal(text, grid.lot, lots)) [[likely]] {
        return lots;
    }
    const Count count = to_count(text, grid.lot);
    if (count.fault != GridFault::none) [[unlikely]] {
        detail::fail_number(count, text, grid.lot, size, where);
    }
    if (count.value < 0) [[unlikely]] {
        throw DecodeError(where.text("size"), "a size of 0 or more", text);
    }
    return count.value;
}

// The unit is told by the magnitude: s, ms, µs and ns of this century do not overlap.
[[nodiscard]] inline Nanos decode_time(std::int64_t value, std::string_view field) {
    constexpr std::int64_t first = 100'000'000;  // 1973 in seconds
    const std::int64_t factor = value < first * 1'000           ? 1'000'000'000
                                : value < first * 1'000'000     ? 1'000'000
                                : value < first * 1'000'000'000 ? 1'000
                                                                : 1;
    Nanos time = 0;
    if (value >= first && !__builtin_mul_overflow(value, factor, &time)) return time;
    throw DecodeError(field, "a time since 1970 in s, ms, µs or ns", std::to_string(value));
}

}  // namespace obcore
