#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "obcore/event.hpp"
#include "obcore/frame.hpp"
#include "obcore/integer.hpp"
#include "obcore/json.hpp"
#include "obcore/json_fields.hpp"
#include "obcore/levels.hpp"

// Deribit's subscriptions, JSON-RPC 2.0.
// Documents: docs.deribit.com, book.{instrument_name}.{interval},
// book.{instrument_name}.{group}.{depth}.{interval}, trades.{instrument_name}.{interval} and
// public/set_heartbeat.
namespace obcore::deribit {

// Decodes one frame, whatever the order of its keys. Throws DecodeError; the frame is then
// worthless, and nothing else happened.
class Decoder {
public:
    void decode(std::string_view json, Grids& grids, Frame& frame) {
        frame.clear();
        outer_.read(json);
        if (!outer_.has(Outer::method)) {  // the reply to a request
            frame.add(Kind::control, outer_.has(Outer::error) ? "error" : "result");
            return;
        }
        const std::string_view method = outer_.string(Outer::method);
        if (method != "subscription") {
            read_control(method, frame);
            return;
        }
        params_.read(outer_.object(Outer::params));
        const std::string_view channel = params_.string(Params::channel);
        if (channel.starts_with("book.")) {
            read_book(grids, frame.add());
        } else if (channel.starts_with("trades.")) {
            read_trades(grids, frame);
        } else {
            frame.add(Kind::unknown, channel.substr(0, channel.find('.')));
        }
    }

private:
    enum class Outer : std::uint8_t { method, params, error, key_count };
    enum class Params : std::uint8_t { channel, data, type, key_count };
    enum class Book : std::uint8_t {
        type,
        instrument_name,
        timestamp,
        prev_change_id,
        change_id,
        bids,
        asks,
        key_count
    };
    enum class Fill : std::uint8_t {
        instrument_name,
        timestamp,
        price,
        amount,
        direction,
        trade_id,
        block_trade_id,
        key_count
    };

    // A heartbeat of type test_request wants an answer: its type is the word that matters.
    void read_control(std::string_view method, Frame& frame) {
        std::string_view word = method;
        if (method == "heartbeat" && outer_[Outer::params].is(JsonToken::Type::object)) {
            params_.read(outer_.object(Outer::params));
            if (params_[Params::type].text == "test_request") word = "test_request";
        }
        frame.add(Kind::control, word);
    }

    void read_book(Grids& grids, Event& event) {
        book_.read(params_.object(Params::data));
        event.enveloped = true;
        event.symbol = book_.string(Book::instrument_name);
        event.ts_event_ns = decode_time(book_.integer(Book::timestamp), "timestamp");
        // Channels of a group and a depth have no type: each message is all that they show.
        event.kind = Kind::topn;
        if (book_.has(Book::type)) read_chain(event);
        const Grid* grid = grids.find(event.symbol);
        if (grid == nullptr) return;
        read_side(Book::bids, *grid, event.kind == Kind::topn, event.bids);
        read_side(Book::asks, *grid, event.kind == Kind::topn, event.asks);
    }

    void read_chain(Event& event) const {
        const std::string_view type = book_.string(Book::type);
        if (type != "snapshot" && type != "change") {
            throw DecodeError("type", "snapshot or change", type);
        }
        event.rule = IdRule::chained;
        event.ids.first = event.ids.last = book_.integer(Book::change_id);
        event.kind = type == "snapshot" ? Kind::snapshot : Kind::delta;
        if (event.kind == Kind::snapshot && !book_.has(Book::prev_change_id)) return;
        event.ids.previous = book_.integer(Book::prev_change_id);
    }

    void read_side(Book key, const Grid& grid, bool grouped, std::vector<Level>& out) const {
        JsonReader reader(book_.array(key));
        if (grouped) {
            read_levels(reader, book_.name(key), grid, out);
            return;
        }
        reader.array([&](std::size_t i) {
            out.push_back(read_change(reader, grid, {book_.name(key), i}));
        });
    }

    // ["new", price, amount]: new and change both set the level, delete removes it.
    [[nodiscard]] static Level read_change(JsonReader& reader, const Grid& grid,
                                           const Where& where) {
        reader.expect('[');
        const std::string_view action = reader.string();
        if (action != "new" && action != "change" && action != "delete") {
            throw DecodeError(where.text("action"), "new, change or delete", action);
        }
        Level level;
        reader.expect(',');
        level.price = decode_price(read_number(reader), grid, where);
        reader.expect(',');
        const std::string_view amount = read_number(reader);
        if (action != "delete") level.size = decode_size(amount, grid, where);
        reader.expect(']');
        return level;
    }

    void read_trades(Grids& grids, Frame& frame) {
        JsonReader reader(params_.array(Params::data));
        reader.array([&](std::size_t) {
            fill_.read(reader);
            read_trade(grids, frame.add());
        });
    }

    void read_trade(Grids& grids, Event& event) {
        event.kind = Kind::trade;
        event.enveloped = true;
        event.symbol = fill_.string(Fill::instrument_name);
        event.ts_event_ns = decode_time(fill_.integer(Fill::timestamp), "timestamp");
        const Grid* grid = grids.find(event.symbol);
        if (grid == nullptr) return;
        if (fill_.has(Fill::block_trade_id)) {  // agreed upon outside of the book
            event.kind = Kind::off_book;
            event.name = "block";
            return;
        }
        event.trade.price = decode_price(fill_.number(Fill::price), *grid, {"price"});
        event.trade.size = decode_size(fill_.number(Fill::amount), *grid, {"amount"});
        const std::string_view taker = fill_.string(Fill::direction);
        if (taker != "buy" && taker != "sell") {
            throw DecodeError("direction", "buy or sell", taker);
        }
        event.trade.taker = taker == "buy" ? Side::bid : Side::ask;
        // "ETH-123" outside of BTC: no integer holds that.
        if (!read_integer(fill_[Fill::trade_id].text, event.trade.id)) event.trade.id = absent;
    }

    JsonFields<Outer> outer_{{"method", "params", "error"}};
    JsonFields<Params> params_{{"channel", "data", "type"}};
    JsonFields<Book> book_{{"type", "instrument_name", "timestamp", "prev_change_id",
                            "change_id", "bids", "asks"}};
    JsonFields<Fill> fill_{{"instrument_name", "timestamp", "price", "amount", "direction",
                            "trade_id", "block_trade_id"}};
};

}  // namespace obcore::deribit
