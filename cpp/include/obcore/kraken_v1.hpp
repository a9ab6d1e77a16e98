#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "obcore/event.hpp"
#include "obcore/frame.hpp"
#include "obcore/integer.hpp"
#include "obcore/json.hpp"
#include "obcore/json_fields.hpp"
#include "obcore/kraken.hpp"
#include "obcore/levels.hpp"
#include "obcore/pictures.hpp"

// Kraken spot, WebSocket v1: [channelID, payload, "book-1000", "XBT/USD"] with one payload or
// two, and objects with an "event" for everything else.
// Documents: docs.kraken.com, "Websockets API v1" and "Book checksum (WebSocket v1)".
namespace obcore::kraken_v1 {

// Decodes one frame, whatever the order of its keys. Throws DecodeError; the frame is then
// worthless, and nothing else happened.
class Decoder {
public:
    void decode(std::string_view json, Grids& grids, Frame& frame) {
        frame.clear();
        JsonReader reader(json);
        if (reader.peek() == '{') {
            read_event(json, frame);
            return;
        }
        read_array(reader);
        const std::string_view channel = to_string_view(parts_[count_ - 2], "channelName");
        std::size_t depth = 0;
        if (channel.starts_with("book-") && read_integer(channel.substr(5), depth)) {
            Event& event = frame.add();
            event.depth = depth;
            read_book(grids, event);
        } else if (channel == "trade") {
            read_trades(grids, frame);
        } else {
            frame.add(Kind::unknown, channel).symbol = pair();
        }
    }

private:
    enum class Outer : std::uint8_t { event, status, key_count };
    enum class Book : std::uint8_t { as, bs, a, b, c, key_count };

    void read_event(std::string_view json, Frame& frame) {
        outer_.read(json);
        const bool error = outer_[Outer::status].text == "error";
        frame.add(Kind::control, error ? "error" : outer_.string(Outer::event));
    }

    // The parts of a message: its id, one payload or two, the channel and the pair.
    void read_array(JsonReader& reader) {
        count_ = 0;
        reader.array([&](std::size_t i) {
            if (i == parts_.size()) reader.fail("at most five parts of a message");
            parts_[i] = reader.value();
            count_ = i + 1;
        });
        if (count_ < 4) reader.fail("at least four parts of a message");
        reader.finish();
    }

    [[nodiscard]] std::string_view pair() const {
        return to_string_view(parts_[count_ - 1], "pair");
    }
    [[nodiscard]] std::span<const JsonToken> payloads() const {
        return std::span(parts_).subspan(1, count_ - 3);
    }

    void read_book(Grids& grids, Event& event) {
        event.symbol = pair();
        event.rule = IdRule::checksum;
        event.enveloped = true;
        const Grid* grid = grids.find(event.symbol);
        event.kind = Kind::delta;
        for (const JsonToken& payload : payloads()) {
            if (!payload.is(JsonToken::Type::object)) {
                throw DecodeError("book", "an object", payload.text);
            }
            book_.read(payload.text);
            if (book_.has(Book::as) || book_.has(Book::bs)) event.kind = Kind::snapshot;
            // Snapshots have no checksum; in an update it stands in the last payload.
            if (book_.has(Book::c)) {
                event.checksum = kraken::detail::to_checksum(book_.integer(Book::c), "c");
            }
            if (grid == nullptr) continue;
            for (const Book key : {Book::bs, Book::b}) read_side(key, *grid, event, event.bids);
            for (const Book key : {Book::as, Book::a}) read_side(key, *grid, event, event.asks);
        }
    }

    // [price, volume, timestamp] or, of a level that came back into the depth, with an "r"
    // behind. "Processing order matters": of one price the last one counts, not the newest.
    void read_side(Book key, const Grid& grid, Event& event, std::vector<Level>& out) const {
        if (!book_.has(key)) return;
        JsonReader reader(book_.array(key));
        reader.array([&](std::size_t i) {
            const Where where{book_.name(key), i};
            reader.expect('[');
            const std::string_view price = read_number(reader);
            reader.expect(',');
            const std::string_view size = read_number(reader);
            reader.expect(',');
            const std::string_view time = read_number(reader);
            while (reader.accept(',')) static_cast<void>(reader.value());
            reader.expect(']');
            out.push_back(kraken::detail::decode_printed_level(price, size, grid, where));
            // The newest level is the message's time, for it has none of its own.
            event.ts_event_ns =
                std::max(event.ts_event_ns, pictures::decode_time_text(time, where.field));
        });
    }

    void read_trades(Grids& grids, Frame& frame) {
        const JsonToken& fills = parts_[1];
        if (count_ != 4 || !fills.is(JsonToken::Type::array)) {
            throw DecodeError("trade", "an array of trades", fills.text);
        }
        JsonReader reader(fills.text);
        reader.array([&](std::size_t i) { read_trade(reader, i, grids, frame.add()); });
    }

    // [price, volume, time, side of the taker "b" or "s", order type, miscellaneous].
    void read_trade(JsonReader& reader, std::size_t index, Grids& grids, Event& event) const {
        std::array<JsonToken, 4> fields;
        reader.array([&](std::size_t i) {
            const JsonToken token = reader.value();
            if (i < fields.size()) fields[i] = token;
        });
        const Where where{"trade", index};
        event.kind = Kind::trade;
        event.enveloped = true;
        event.symbol = pair();
        event.ts_event_ns =
            pictures::decode_time_text(to_string_view(fields[2], "time"), "time");
        const Grid* grid = grids.find(event.symbol);
        if (grid == nullptr) return;
        event.trade.price = decode_price(fields[0].text, *grid, where);
        event.trade.size = decode_size(fields[1].text, *grid, where);
        const std::string_view taker = to_string_view(fields[3], "side");
        if (taker != "b" && taker != "s") throw DecodeError("side", "b or s", taker);
        event.trade.taker = taker == "b" ? Side::bid : Side::ask;
    }

    std::array<JsonToken, 5> parts_;
    std::size_t count_ = 0;
    JsonFields<Outer> outer_{{"event", "status"}};
    JsonFields<Book> book_{{"as", "bs", "a", "b", "c"}};
};

}  // namespace obcore::kraken_v1
