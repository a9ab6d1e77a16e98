#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "obcore/event.hpp"
#include "obcore/frame.hpp"
#include "obcore/json.hpp"
#include "obcore/json_fields.hpp"
#include "obcore/levels.hpp"

// Bitstamp's streams and REST order books.
// Documents: bitstamp.net/websocket/v2 ("Live full order book", "Live order book", "Live
// ticker") and bitstamp.net/api, "Order book".
namespace obcore::bitstamp {

// Decodes one frame, whatever the order of its keys. Throws DecodeError; the frame is then
// worthless, and nothing else happened.
class Decoder {
public:
    void decode(std::string_view json, Grids& grids, Frame& frame) {
        frame.clear();
        outer_.read(json);
        if (!outer_.has(Outer::event)) {  // an answer of REST, which names no symbol
            book_.read(json);
            Event& event = frame.add();
            event.kind = Kind::snapshot;
            read_clock(event);
            read_book(grids, event);
            return;
        }
        const std::string_view name = outer_.string(Outer::event);
        if (name.starts_with("bts:")) {
            frame.add(Kind::control, name);
            return;
        }
        const std::string_view channel = outer_.string(Outer::channel);
        if (name == "data" && channel.starts_with(diffs)) {
            Event& event = start(frame, Kind::delta, channel.substr(diffs.size()));
            book_.read(outer_.object(Outer::data));
            read_clock(event);
            read_book(grids, event);
        } else if (name == "data" && channel.starts_with(pictures)) {
            Event& event = start(frame, Kind::topn, channel.substr(pictures.size()));
            book_.read(outer_.object(Outer::data));
            read_book(grids, event);
        } else if (name == "trade" && channel.starts_with(trades)) {
            read_trade(grids, start(frame, Kind::trade, channel.substr(trades.size())));
        } else {
            frame.add(Kind::unknown, name == "data" ? channel : name);
        }
    }

private:
    enum class Outer : std::uint8_t { event, channel, data, key_count };
    enum class Book : std::uint8_t { microtimestamp, bids, asks, key_count };
    enum class Fill : std::uint8_t {
        id,
        microtimestamp,
        price_str,
        price,
        amount_str,
        amount,
        type,
        key_count
    };

    static constexpr std::string_view diffs = "diff_order_book_";
    static constexpr std::string_view pictures = "order_book_";  // the 100 best of each side
    static constexpr std::string_view trades = "live_trades_";

    // The channel's tail is the symbol, in lower case.
    static Event& start(Frame& frame, Kind kind, std::string_view tail) {
        Event& event = frame.add();
        event.kind = kind;
        event.enveloped = true;
        event.symbol = tail;
        for (char& c : event.symbol) {
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        }
        return event;
    }

    // There are no ids: a snapshot is joined by its time, and a hole is not seen.
    void read_clock(Event& event) const {
        event.rule = IdRule::clock;
        event.ids.first = event.ids.last = book_.integer(Book::microtimestamp);
    }

    void read_book(Grids& grids, Event& event) const {
        event.ts_event_ns = decode_time(book_.integer(Book::microtimestamp), "microtimestamp");
        const Grid* grid = grids.find(event.symbol);
        if (grid == nullptr) return;
        read_side(Book::bids, *grid, event.bids);
        read_side(Book::asks, *grid, event.asks);
    }

    void read_side(Book key, const Grid& grid, std::vector<Level>& out) const {
        JsonReader reader(book_.array(key));
        read_levels(reader, book_.name(key), grid, out);
    }

    void read_trade(Grids& grids, Event& event) {
        fill_.read(outer_.object(Outer::data));
        event.ts_event_ns = decode_time(fill_.integer(Fill::microtimestamp), "microtimestamp");
        event.trade.id = fill_.integer(Fill::id);
        const Grid* grid = grids.find(event.symbol);
        if (grid == nullptr) return;
        // Numbers went through a double at the venue; the texts did not.
        const Fill price = fill_.has(Fill::price_str) ? Fill::price_str : Fill::price;
        const Fill amount = fill_.has(Fill::amount_str) ? Fill::amount_str : Fill::amount;
        event.trade.price = decode_price(fill_.number(price), *grid, {fill_.name(price)});
        event.trade.size = decode_size(fill_.number(amount), *grid, {fill_.name(amount)});
        const std::int64_t taker = fill_.integer(Fill::type);
        if (taker != 0 && taker != 1) {
            throw DecodeError("type", "0 for buy or 1 for sell", fill_[Fill::type].text);
        }
        event.trade.taker = taker == 0 ? Side::bid : Side::ask;
    }

    JsonFields<Outer> outer_{{"event", "channel", "data"}};
    JsonFields<Book> book_{{"microtimestamp", "bids", "asks"}};
    JsonFields<Fill> fill_{
        {"id", "microtimestamp", "price_str", "price", "amount_str", "amount", "type"}};
};

}  // namespace obcore::bitstamp
