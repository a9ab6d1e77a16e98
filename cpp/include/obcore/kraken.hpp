#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "obcore/decimal.hpp"
#include "obcore/event.hpp"
#include "obcore/frame.hpp"
#include "obcore/integer.hpp"
#include "obcore/json.hpp"
#include "obcore/json_fields.hpp"
#include "obcore/levels.hpp"
#include "obcore/pictures.hpp"

// Kraken spot, WebSocket v2.
// Documents: docs.kraken.com, "Book (Level 2)", "Trade" and "Book checksum (WebSocket v2)".
namespace obcore::kraken {

namespace detail {

// The checksum is taken of the digits that the venue prints, zeros included: a number with more
// of them than the grid has needs a finer grid, even where they are zeros. A number with fewer
// is fine: a deletion's size may be "0", and a writer may have dropped zeros.
inline void check_printed(std::string_view text, const Step& step,
                          PrecisionError::Quantity quantity, const Where& where) {
    const auto point = text.find('.');
    if (point == std::string_view::npos) return;
    const auto printed = static_cast<int>(text.size() - point - 1);
    if (printed <= step.decimals) return;
    // Of a number with an exponent the digits are not told, and what is none says so itself.
    const bool plain = text.find_first_of("eE") == std::string_view::npos;
    if (!plain || read_decimal(text).fault != Decimal::Fault::none) return;
    const GridFault fault = printed > max_decimals ? GridFault::too_large : GridFault::off_grid;
    obcore::detail::fail_number({.fault = fault, .decimals = printed}, text, step, quantity,
                                where);
}

[[nodiscard]] inline Level decode_printed_level(std::string_view price, std::string_view size,
                                                const Grid& grid, const Where& where) {
    check_printed(price, grid.tick, PrecisionError::Quantity::price, where);
    check_printed(size, grid.lot, PrecisionError::Quantity::size, where);
    return {decode_price(price, grid, where), decode_size(size, grid, where)};
}

[[nodiscard]] inline Checksum to_checksum(std::int64_t value, std::string_view field) {
    if (!std::in_range<std::uint32_t>(value)) {
        throw DecodeError(field, "an unsigned integer of 32 bits", std::to_string(value));
    }
    return {Checksum::Rule::kraken, static_cast<std::uint32_t>(value)};
}

// How many levels a side each symbol was subscribed with: Kraken tells no deletion of what lies
// beyond, so a book has to be cut off there.
class Depths {
public:
    explicit Depths(std::size_t of_all) : of_all_(of_all) {}

    [[nodiscard]] std::size_t of(std::string_view symbol) const noexcept {
        if (of_all_ != 0) return of_all_;
        const auto found = std::ranges::find(known_, symbol, &Known::symbol);
        return found == known_.end() ? 0 : found->depth;
    }

    // Said by the venue, which no guess overrides.
    void tell(std::string_view symbol, std::size_t depth) { set(symbol, depth, true); }
    void guess(std::string_view symbol, std::size_t depth) { set(symbol, depth, false); }

    // The depth that a snapshot was subscribed with where nobody told: the smallest that Kraken
    // has and that holds its longer side. This does not see that a thin book was subscribed
    // deeper: 80 levels of 1000 look like 80 of 100, and the book is cut off at 100 when it
    // grows. 0, all of them, where a side is longer than Kraken has.
    [[nodiscard]] std::size_t of_snapshot(const Event& event) const noexcept {
        const auto found = std::ranges::find(known_, event.symbol, &Known::symbol);
        const bool told = found != known_.end() && found->told;
        if (of_all_ != 0 || told) return of(event.symbol);
        constexpr std::array<std::size_t, 5> offered{10, 25, 100, 500, 1000};
        const std::size_t longer = std::max(event.bids.size(), event.asks.size());
        const auto* const depth = std::ranges::lower_bound(offered, longer);
        return depth == offered.end() ? 0 : *depth;
    }

    void clear() noexcept { known_.clear(); }

private:
    struct Known {
        std::string symbol;
        std::size_t depth = 0;
        bool told = false;
    };

    void set(std::string_view symbol, std::size_t depth, bool told) {
        const auto found = std::ranges::find(known_, symbol, &Known::symbol);
        if (found == known_.end()) {
            known_.push_back({std::string(symbol), depth, told});
        } else if (told || !found->told) {
            found->depth = depth;
            found->told = told;
        }
    }

    std::size_t of_all_;
    std::vector<Known> known_;  // few: the books of one connection
};

}  // namespace detail

// Decodes the frames of one connection, whatever the order of their keys. Throws DecodeError;
// the frame is then worthless, and nothing else happened.
class Decoder {
public:
    // The depth that every book was subscribed with; 0 where acknowledgements or snapshots have
    // to tell it.
    explicit Decoder(std::size_t depth = 0) : depths_(depth) {}

    void decode(std::string_view json, Grids& grids, Frame& frame) {
        frame.clear();
        outer_.read(json);
        if (outer_.has(Outer::method)) {
            read_reply(frame);
            return;
        }
        const std::string_view channel = outer_.string(Outer::channel);
        if (channel == "book") {
            read_books(grids, frame);
        } else if (channel == "trade") {
            read_trades(grids, frame);
        } else if (channel == "heartbeat" || channel == "status") {
            frame.add(Kind::control, channel);
        } else {
            frame.add(Kind::unknown, channel);
        }
    }

    // A new connection begins: its books may be subscribed with other depths.
    void reset() noexcept { depths_.clear(); }

private:
    enum class Outer : std::uint8_t { method, error, result, channel, type, data, key_count };
    enum class Reply : std::uint8_t { channel, depth, symbol, key_count };
    enum class Book : std::uint8_t { symbol, bids, asks, checksum, timestamp, key_count };
    enum class Fields : std::uint8_t { price, qty, key_count };
    enum class Fill : std::uint8_t { symbol, side, price, qty, trade_id, timestamp, key_count };

    void read_reply(Frame& frame) {
        const std::string_view method = outer_.string(Outer::method);
        frame.add(Kind::control, outer_.has(Outer::error) ? "error" : method);
        if (method != "subscribe" || !outer_[Outer::result].is(JsonToken::Type::object)) return;
        reply_.read(outer_.object(Outer::result));
        if (reply_[Reply::channel].text != "book" || !reply_.has(Reply::depth)) return;
        const std::int64_t depth = reply_.integer(Reply::depth);
        if (depth <= 0) throw DecodeError("depth", "more than 0", reply_[Reply::depth].text);
        depths_.tell(reply_.string(Reply::symbol), static_cast<std::size_t>(depth));
    }

    [[nodiscard]] bool is_snapshot() const {
        const std::string_view type = outer_.string(Outer::type);
        if (type != "snapshot" && type != "update") {
            throw DecodeError("type", "snapshot or update", type);
        }
        return type == "snapshot";
    }

    void read_books(Grids& grids, Frame& frame) {
        const bool snapshot = is_snapshot();
        JsonReader reader(outer_.array(Outer::data));
        reader.array([&](std::size_t) {
            book_.read(reader);
            Event& event = frame.add();
            event.kind = snapshot ? Kind::snapshot : Kind::delta;
            read_book(grids, event);
        });
        if (!snapshot) return;
        for (std::size_t i = 0; i < frame.size(); ++i) {
            if (frame[i].depth != 0) depths_.guess(frame[i].symbol, frame[i].depth);
        }
    }

    void read_book(Grids& grids, Event& event) {
        event.rule = IdRule::checksum;
        event.enveloped = true;
        event.symbol = book_.string(Book::symbol);
        if (book_.has(Book::timestamp)) {  // a snapshot may have none
            event.ts_event_ns =
                pictures::decode_time_text(book_.string(Book::timestamp), "timestamp");
        }
        event.checksum = detail::to_checksum(book_.integer(Book::checksum), "checksum");
        event.depth = depths_.of(event.symbol);
        const Grid* grid = grids.find(event.symbol);
        if (grid == nullptr) return;
        read_side(Book::bids, *grid, event.bids);
        read_side(Book::asks, *grid, event.asks);
        if (event.kind == Kind::snapshot) event.depth = depths_.of_snapshot(event);
    }

    void read_side(Book key, const Grid& grid, std::vector<Level>& out) {
        JsonReader reader(book_.array(key));
        reader.array([&](std::size_t i) {
            level_.read(reader);
            out.push_back(detail::decode_printed_level(level_.number(Fields::price),
                                                       level_.number(Fields::qty), grid,
                                                       {book_.name(key), i}));
        });
    }

    void read_trades(Grids& grids, Frame& frame) {
        if (is_snapshot()) {  // the last 50 of before, told again at each subscription
            frame.add(Kind::unknown, "trade snapshot");
            return;
        }
        JsonReader reader(outer_.array(Outer::data));
        reader.array([&](std::size_t) {
            fill_.read(reader);
            read_trade(grids, frame.add());
        });
    }

    void read_trade(Grids& grids, Event& event) {
        event.kind = Kind::trade;
        event.enveloped = true;
        event.symbol = fill_.string(Fill::symbol);
        event.ts_event_ns =
            pictures::decode_time_text(fill_.string(Fill::timestamp), "timestamp");
        const Grid* grid = grids.find(event.symbol);
        if (grid == nullptr) return;
        event.trade.price = decode_price(fill_.number(Fill::price), *grid, {"price"});
        event.trade.size = decode_size(fill_.number(Fill::qty), *grid, {"qty"});
        const std::string_view taker = fill_.string(Fill::side);
        if (taker != "buy" && taker != "sell") throw DecodeError("side", "buy or sell", taker);
        event.trade.taker = taker == "buy" ? Side::bid : Side::ask;
        if (!read_integer(fill_[Fill::trade_id].text, event.trade.id)) event.trade.id = absent;
    }

    detail::Depths depths_;
    JsonFields<Outer> outer_{{"method", "error", "result", "channel", "type", "data"}};
    JsonFields<Reply> reply_{{"channel", "depth", "symbol"}};
    JsonFields<Book> book_{{"symbol", "bids", "asks", "checksum", "timestamp"}};
    JsonFields<Fields> level_{{"price", "qty"}};
    JsonFields<Fill> fill_{{"symbol", "side", "price", "qty", "trade_id", "timestamp"}};
};

}  // namespace obcore::kraken
