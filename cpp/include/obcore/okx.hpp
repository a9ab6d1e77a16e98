#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "obcore/event.hpp"
#include "obcore/frame.hpp"
#include "obcore/integer.hpp"
#include "obcore/json.hpp"
#include "obcore/json_fields.hpp"
#include "obcore/levels.hpp"

// OKX v5 public streams.
// Document: OKX API v5, "Order book channel" (with "Sequence ID" and "Checksum"), "Trades
// channel" and "All trades channel".
namespace obcore::okx {

// Decodes one frame, whatever the order of its keys. Throws DecodeError; the frame is then
// worthless, and nothing else happened.
class Decoder {
public:
    void decode(std::string_view json, Grids& grids, Frame& frame) {
        frame.clear();
        if (json == "pong") {  // the answer to the text "ping", and no JSON
            frame.add(Kind::control, json);
            return;
        }
        outer_.read(json);
        if (outer_.has(Outer::event)) {
            frame.add(Kind::control, outer_.string(Outer::event));
            return;
        }
        arg_.read(outer_.object(Outer::arg));
        const std::string_view channel = arg_.string(Arg::channel);
        if (is_book(channel)) {
            read_books(grids, frame);
        } else if (channel == "books5" || channel == "bbo-tbt") {
            read_pictures(grids, frame);
        } else if (channel == "trades" || channel == "trades-all") {
            read_trades(grids, frame);
        } else {
            frame.add(Kind::unknown, channel);
        }
    }

private:
    enum class Outer : std::uint8_t { event, arg, action, data, key_count };
    enum class Arg : std::uint8_t { channel, inst_id, key_count };
    enum class Book : std::uint8_t { asks, bids, ts, checksum, prev_seq_id, seq_id, key_count };
    enum class Fill : std::uint8_t { inst_id, trade_id, px, sz, side, ts, count, key_count };

    // "books-elp" and its like hold orders that others cannot take: another book.
    [[nodiscard]] static bool is_book(std::string_view channel) {
        return channel == "books" || channel == "books50-l2-tbt" || channel == "books-l2-tbt";
    }

    void read_books(Grids& grids, Frame& frame) {
        const std::string_view action = outer_.string(Outer::action);
        if (action != "snapshot" && action != "update") {
            throw DecodeError("action", "snapshot or update", action);
        }
        JsonReader reader(outer_.array(Outer::data));
        reader.array([&](std::size_t) {
            Event& event = read_book(reader, grids, frame);
            event.kind = action == "snapshot" ? Kind::snapshot : Kind::delta;
            read_proof(event);
        });
    }

    // Each message is the whole book as far as the channel reaches.
    void read_pictures(Grids& grids, Frame& frame) {
        JsonReader reader(outer_.array(Outer::data));
        reader.array([&](std::size_t) { read_book(reader, grids, frame).kind = Kind::topn; });
    }

    Event& read_book(JsonReader& reader, Grids& grids, Frame& frame) {
        book_.read(reader);
        Event& event = frame.add();
        event.enveloped = true;
        event.symbol = arg_.string(Arg::inst_id);
        event.ts_event_ns = decode_time(book_.integer(Book::ts), "ts");
        if (const Grid* grid = grids.find(event.symbol)) {
            read_side(Book::bids, *grid, event.bids);
            read_side(Book::asks, *grid, event.asks);
        }
        return event;
    }

    void read_side(Book key, const Grid& grid, std::vector<Level>& out) const {
        JsonReader reader(book_.array(key));
        read_levels(reader, book_.name(key), grid, out);
    }

    // "Sequence ID": prevSeqId is the seqId of the message before, -1 in a snapshot; recordings
    // of before 2023 have a checksum alone. Since June 2026 the checksum is 0 and says nothing.
    void read_proof(Event& event) const {
        if (book_.has(Book::checksum)) read_checksum(event);
        if (book_.has(Book::prev_seq_id) && book_.has(Book::seq_id)) {
            event.rule = IdRule::chained;
            event.ids.previous = book_.integer(Book::prev_seq_id);
            event.ids.first = event.ids.last = book_.integer(Book::seq_id);
        } else if (event.checksum.rule != Checksum::Rule::none) {
            event.rule = IdRule::checksum;
        }
    }

    void read_checksum(Event& event) const {
        const std::int64_t value = book_.integer(Book::checksum);
        if (!std::in_range<std::int32_t>(value) && !std::in_range<std::uint32_t>(value)) {
            throw DecodeError("checksum", "an integer of 32 bits", book_[Book::checksum].text);
        }
        if (value == 0) return;
        event.checksum = {Checksum::Rule::okx, static_cast<std::uint32_t>(value)};
    }

    void read_trades(Grids& grids, Frame& frame) {
        JsonReader reader(outer_.array(Outer::data));
        reader.array([&](std::size_t) {
            fill_.read(reader);
            read_trade(grids, frame.add());
        });
    }

    void read_trade(Grids& grids, Event& event) {
        event.kind = Kind::trade;
        event.enveloped = true;
        event.symbol = fill_.string(Fill::inst_id);
        event.ts_event_ns = decode_time(fill_.integer(Fill::ts), "ts");
        const Grid* grid = grids.find(event.symbol);
        if (grid == nullptr) return;
        event.trade.price = decode_price(fill_.number(Fill::px), *grid, {"px"});
        event.trade.size = decode_size(fill_.number(Fill::sz), *grid, {"sz"});
        const std::string_view taker = fill_.string(Fill::side);
        if (taker != "buy" && taker != "sell") throw DecodeError("side", "buy or sell", taker);
        event.trade.taker = taker == "buy" ? Side::bid : Side::ask;
        if (!read_integer(fill_[Fill::trade_id].text, event.trade.id)) event.trade.id = absent;
        // "Trades channel": one message a taker order and price; `count` fills are in it.
        event.trade.is_aggregate = fill_.has(Fill::count);
    }

    JsonFields<Outer> outer_{{"event", "arg", "action", "data"}};
    JsonFields<Arg> arg_{{"channel", "instId"}};
    JsonFields<Book> book_{{"asks", "bids", "ts", "checksum", "prevSeqId", "seqId"}};
    JsonFields<Fill> fill_{{"instId", "tradeId", "px", "sz", "side", "ts", "count"}};
};

}  // namespace obcore::okx
