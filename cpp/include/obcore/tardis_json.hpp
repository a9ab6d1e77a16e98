#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "obcore/event.hpp"
#include "obcore/frame.hpp"
#include "obcore/integer.hpp"
#include "obcore/json.hpp"
#include "obcore/json_fields.hpp"
#include "obcore/pictures.hpp"

// The normalised messages of tardis-machine, and pictures of the same shape ("type": "book").
// Document: docs.tardis.dev, "Tardis Machine", "Normalized data types". Numbers are JavaScript
// doubles as it prints them: what is printed counts, and the venue's own text is gone.
namespace obcore::tardis_json {

// Decodes one message, whatever the order of its keys. Throws DecodeError; the frame is then
// worthless, and nothing else happened.
class Decoder {
public:
    void decode(std::string_view json, Grids& grids, Frame& frame) {
        frame.clear();
        outer_.read(json);
        const std::string_view type = outer_.string(Outer::type);
        if (type == "book_change") {
            read_change(grids, start(frame, Kind::delta));
        } else if (type == "book_snapshot") {
            read_picture(grids, start(frame, Kind::topn));
        } else if (type == "trade") {
            read_trade(grids, start(frame, Kind::trade));
        } else if (type == "disconnect") {
            read_disconnect(frame);
        } else if (type == "book") {
            read_plain_picture(json, grids, frame.add());
        } else {
            Event& event = frame.add(type == "error" ? Kind::control : Kind::unknown, type);
            if (outer_.has(Outer::symbol)) event.symbol = outer_.string(Outer::symbol);
        }
    }

private:
    enum class Outer : std::uint8_t {
        type,
        symbol,
        symbols,
        timestamp,
        local_timestamp,
        is_snapshot,
        bids,
        asks,
        id,
        price,
        amount,
        side,
        key_count
    };
    enum class Fields : std::uint8_t { price, amount, key_count };

    Event& start(Frame& frame, Kind kind) const {
        Event& event = frame.add();
        event.kind = kind;
        event.enveloped = true;
        event.symbol = outer_.string(Outer::symbol);
        event.ts_event_ns = read_time(Outer::timestamp);
        event.ts_recv_ns = read_time(Outer::local_timestamp);
        return event;
    }

    [[nodiscard]] Nanos read_time(Outer key) const {
        return pictures::decode_time_text(outer_.string(key), outer_.name(key));
    }

    void read_change(Grids& grids, Event& event) {
        const JsonToken& snapshot = outer_[Outer::is_snapshot];
        if (snapshot.text != "true" && snapshot.text != "false") {
            throw DecodeError("isSnapshot", "true or false", snapshot.text);
        }
        if (snapshot.text == "true") event.kind = Kind::snapshot;
        const Grid* grid = grids.find(event.symbol);
        if (grid == nullptr) return;
        read_side(Outer::bids, *grid, event.bids);
        read_side(Outer::asks, *grid, event.asks);
    }

    void read_picture(Grids& grids, Event& event) {
        const Grid* grid = grids.find(event.symbol);
        if (grid == nullptr) return;
        read_side(Outer::bids, *grid, event.bids, true);
        read_side(Outer::asks, *grid, event.asks, true);
    }

    // Pictures are as deep as was asked for: where the book is not, a level is {}.
    void read_side(Outer key, const Grid& grid, std::vector<Level>& out,
                   bool may_lack = false) {
        JsonReader reader(outer_.array(key));
        reader.array([&](std::size_t i) {
            level_.read(reader);
            const bool lacks = !level_.has(Fields::price) && !level_.has(Fields::amount);
            if (lacks && may_lack) return;
            const Where where{outer_.name(key), i};
            out.push_back({decode_price(level_.number(Fields::price), grid, where),
                           decode_size(level_.number(Fields::amount), grid, where)});
        });
    }

    void read_trade(Grids& grids, Event& event) const {
        const std::string_view taker = outer_.string(Outer::side);
        if (taker == "unknown") {
            event.kind = Kind::unknown;
            event.name = "trade without side";
            return;
        }
        if (taker != "buy" && taker != "sell") {
            throw DecodeError("side", "buy, sell or unknown", taker);
        }
        const Grid* grid = grids.find(event.symbol);
        if (grid == nullptr) return;
        event.trade.price = decode_price(outer_.number(Outer::price), *grid, {"price"});
        event.trade.size = decode_size(outer_.number(Outer::amount), *grid, {"amount"});
        event.trade.taker = taker == "buy" ? Side::bid : Side::ask;
        // Some venues have numbers, some have UUIDs or none.
        if (!read_integer(outer_[Outer::id].text, event.trade.id)) event.trade.id = absent;
    }

    // An event for each symbol; one without a symbol, for all of them, where none is named. Its
    // localTimestamp is not when it happened: in a replay it is that of the message before.
    void read_disconnect(Frame& frame) const {
        const auto add = [&](std::string_view symbol) {
            frame.add(Kind::lost, "the collector's connection dropped").symbol = symbol;
        };
        if (outer_.has(Outer::symbols)) {
            JsonReader reader(outer_.array(Outer::symbols));
            reader.array([&](std::size_t) { add(reader.string()); });
        }
        if (frame.size() == 0) add("");
    }

    void read_plain_picture(std::string_view json, Grids& grids, Event& event) {
        const bool named = outer_.has(Outer::symbol);
        const std::string_view symbol = named ? outer_.string(Outer::symbol) : "";
        if (const Grid* grid = grids.find(symbol)) {
            pictures_.decode(json, *grid, event);
            return;
        }
        event.kind = Kind::topn;
        event.symbol = symbol;
    }

    JsonFields<Outer> outer_{{"type", "symbol", "symbols", "timestamp", "localTimestamp",
                              "isSnapshot", "bids", "asks", "id", "price", "amount", "side"}};
    JsonFields<Fields> level_{{"price", "amount"}};
    pictures::Decoder pictures_;
};

}  // namespace obcore::tardis_json
