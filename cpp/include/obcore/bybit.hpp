#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "obcore/event.hpp"
#include "obcore/frame.hpp"
#include "obcore/integer.hpp"
#include "obcore/json.hpp"
#include "obcore/json_fields.hpp"
#include "obcore/levels.hpp"

// Bybit v5 public streams of spot, linear, inverse and options.
// Document: bybit-exchange/docs, v5/websocket/public/orderbook and trade.
namespace obcore::bybit {

// Decodes one frame, whatever the order of its keys. Throws DecodeError; the frame is then
// worthless, and nothing else happened.
class Decoder {
public:
    void decode(std::string_view json, Grids& grids, Frame& frame) {
        frame.clear();
        outer_.read(json);
        if (!outer_.has(Outer::topic)) {
            frame.add(Kind::control, outer_.has(Outer::op) ? outer_.string(Outer::op) : "");
            return;
        }
        const std::string_view topic = outer_.string(Outer::topic);
        if (is_book(topic)) {
            read_book(grids, frame.add());
        } else if (topic.starts_with("publicTrade.")) {
            read_trades(grids, frame);
        } else {
            frame.add(Kind::unknown, topic.substr(0, topic.rfind('.')));
        }
    }

private:
    enum class Outer : std::uint8_t { topic, op, type, ts, cts, data, key_count };
    enum class Book : std::uint8_t { symbol, bids, asks, id, key_count };
    enum class Fill : std::uint8_t { time, symbol, side, size, price, id, block, key_count };

    // "orderbook.200.BTCUSDT". The full book begins with a snapshot that is asked for apart,
    // and the one with retail price improvement is another book: neither is merged into this
    // one.
    [[nodiscard]] static bool is_book(std::string_view topic) {
        return topic.starts_with("orderbook.") && topic.size() > 10 &&
               detail::is_digit(topic[10]);
    }

    void read_book(Grids& grids, Event& event) {
        book_.read(outer_.object(Outer::data));
        event.symbol = book_.string(Book::symbol);
        const std::string_view type = outer_.string(Outer::type);
        if (type != "snapshot" && type != "delta") {
            throw DecodeError("type", "snapshot or delta", type);
        }
        event.rule = IdRule::consecutive;
        event.ids.first = event.ids.last = book_.integer(Book::id);
        // u == 1: the service has restarted, and this is its new book.
        const bool replaces = type == "snapshot" || event.ids.last == 1;
        event.kind = replaces ? Kind::snapshot : Kind::delta;
        event.enveloped = true;
        // The matching engine's time where it is told, the time of the push where not.
        const Outer time = outer_.has(Outer::cts) ? Outer::cts : Outer::ts;
        event.ts_event_ns = decode_time(outer_.integer(time), outer_.name(time));
        if (const Grid* grid = grids.find(event.symbol)) {
            read_side(Book::bids, *grid, event.bids);
            read_side(Book::asks, *grid, event.asks);
        }
    }

    void read_side(Book key, const Grid& grid, std::vector<Level>& out) const {
        JsonReader reader(book_.array(key));
        read_levels(reader, book_.name(key), grid, out);
    }

    void read_trades(Grids& grids, Frame& frame) {
        JsonReader reader(outer_.array(Outer::data));
        reader.array([&](std::size_t) {
            fill_.read(reader);
            read_trade(grids, frame.add());
        });
    }

    void read_trade(Grids& grids, Event& event) {
        event.symbol = fill_.string(Fill::symbol);
        event.kind = Kind::trade;
        event.enveloped = true;
        event.ts_event_ns = decode_time(fill_.integer(Fill::time), "T");
        const Grid* grid = grids.find(event.symbol);
        if (grid == nullptr) return;
        if (fill_[Fill::block].text == "true") {  // a block trade was never in the book
            event.kind = Kind::off_book;
            event.name = "block";
            return;
        }
        event.trade.price = decode_price(fill_.number(Fill::price), *grid, {"p"});
        event.trade.size = decode_size(fill_.number(Fill::size), *grid, {"v"});
        const std::string_view taker = fill_.string(Fill::side);
        if (taker != "Buy" && taker != "Sell") throw DecodeError("S", "Buy or Sell", taker);
        event.trade.taker = taker == "Buy" ? Side::bid : Side::ask;
        // Numbers on spot; elsewhere names, which obcore has no use for.
        if (!read_integer(fill_[Fill::id].text, event.trade.id)) event.trade.id = absent;
    }

    JsonFields<Outer> outer_{{"topic", "op", "type", "ts", "cts", "data"}};
    JsonFields<Book> book_{{"s", "b", "a", "u"}};
    JsonFields<Fill> fill_{{"T", "s", "S", "v", "p", "i", "BT"}};
};

}  // namespace obcore::bybit
