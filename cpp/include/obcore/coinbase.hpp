#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "obcore/event.hpp"
#include "obcore/frame.hpp"
#include "obcore/integer.hpp"
#include "obcore/json.hpp"
#include "obcore/json_fields.hpp"
#include "obcore/levels.hpp"
#include "obcore/pictures.hpp"

// Coinbase Advanced Trade, market data.
// Document: docs.cdp.coinbase.com, "Advanced Trade WebSocket Channels" and "WebSocket Overview"
// ("Sequence Numbers").
namespace obcore::coinbase {

// Decodes the frames of one connection, whatever the order of their keys. Throws DecodeError;
// the frame is then worthless, and nothing else happened.
//
// Its messages, of all channels and products together, are numbered one by one. A number that
// is not the next one gives an event `lost` for every book of the connection, before the
// message's own events. So does one that was there already: whose message it is nobody knows.
class Decoder {
public:
    void decode(std::string_view json, Grids& grids, Frame& frame) {
        frame.clear();
        outer_.read(json);
        if (!outer_.has(Outer::channel)) {  // an error, which is not numbered
            frame.add(Kind::control, outer_.string(Outer::type));
            return;
        }
        const std::string_view channel = outer_.string(Outer::channel);
        const Sequence number = outer_.integer(Outer::sequence_num);
        if (last_ != absent && number != last_ + 1) add_loss(number, frame);
        if (channel == "l2_data") {
            read_books(number, grids, frame);
        } else if (channel == "market_trades") {
            read_trade_events(grids, frame);
        } else if (channel == "heartbeats" || channel == "subscriptions") {
            frame.add(Kind::control, channel);
        } else {
            frame.add(Kind::unknown, channel);
        }
        last_ = number;
    }

    // A new connection begins, and counts anew.
    void reset() noexcept { last_ = absent; }

private:
    enum class Outer : std::uint8_t {
        channel,
        timestamp,
        sequence_num,
        events,
        type,
        key_count
    };
    enum class Part : std::uint8_t { type, product_id, updates, trades, key_count };
    enum class Change : std::uint8_t { side, price_level, new_quantity, key_count };
    enum class Fill : std::uint8_t { product_id, trade_id, price, size, time, side, key_count };

    void add_loss(Sequence number, Frame& frame) const {
        Event& event = frame.add();
        event.kind = Kind::lost;
        event.rule = IdRule::connection;
        event.ids.first = last_ + 1;
        event.ids.last = number;
        event.name = "sequence_num of the connection: expected ";
        event.name += std::to_string(last_ + 1);
        event.name += ", received ";
        event.name += std::to_string(number);
    }

    [[nodiscard]] bool is_snapshot() const {
        const std::string_view type = part_.string(Part::type);
        if (type != "snapshot" && type != "update") {
            throw DecodeError("type", "snapshot or update", type);
        }
        return type == "snapshot";
    }

    void read_books(Sequence number, Grids& grids, Frame& frame) {
        // The levels' own event_time may be older than what was told before.
        const Nanos time =
            pictures::decode_time_text(outer_.string(Outer::timestamp), "timestamp");
        JsonReader reader(outer_.array(Outer::events));
        reader.array([&](std::size_t) {
            part_.read(reader);
            Event& event = frame.add();
            event.kind = is_snapshot() ? Kind::snapshot : Kind::delta;
            event.rule = IdRule::connection;
            event.ids.first = event.ids.last = number;
            event.enveloped = true;
            event.ts_event_ns = time;
            event.symbol = part_.string(Part::product_id);
            if (const Grid* grid = grids.find(event.symbol)) read_changes(*grid, event);
        });
    }

    void read_changes(const Grid& grid, Event& event) {
        JsonReader reader(part_.array(Part::updates));
        reader.array([&](std::size_t i) {
            change_.read(reader);
            const Where where{"updates", i};
            const std::string_view side = change_.string(Change::side);
            if (side != "bid" && side != "offer") {
                throw DecodeError(where.text("side"), "bid or offer", side);
            }
            const Level level{decode_price(change_.number(Change::price_level), grid, where),
                              decode_size(change_.number(Change::new_quantity), grid, where)};
            (side == "bid" ? event.bids : event.asks).push_back(level);
        });
    }

    void read_trade_events(Grids& grids, Frame& frame) {
        JsonReader reader(outer_.array(Outer::events));
        reader.array([&](std::size_t) {
            part_.read(reader);
            if (is_snapshot()) {  // trades of before, told again at each subscription
                frame.add(Kind::unknown, "trade snapshot");
                return;
            }
            JsonReader trades(part_.array(Part::trades));
            trades.array([&](std::size_t) {
                fill_.read(trades);
                read_trade(grids, frame.add());
            });
        });
    }

    void read_trade(Grids& grids, Event& event) {
        event.kind = Kind::trade;
        event.enveloped = true;
        event.symbol = fill_.string(Fill::product_id);
        event.ts_event_ns = pictures::decode_time_text(fill_.string(Fill::time), "time");
        const Grid* grid = grids.find(event.symbol);
        if (grid == nullptr) return;
        event.trade.price = decode_price(fill_.number(Fill::price), *grid, {"price"});
        event.trade.size = decode_size(fill_.number(Fill::size), *grid, {"size"});
        // The maker's: "the side field indicates the maker order side" (Coinbase Exchange,
        // "match" channel and "Get product trades", whose trades these are). So the taker sold
        // where it says BUY.
        const std::string_view maker = fill_.string(Fill::side);
        if (maker != "BUY" && maker != "SELL") throw DecodeError("side", "BUY or SELL", maker);
        event.trade.taker = maker == "BUY" ? Side::ask : Side::bid;
        if (!read_integer(fill_[Fill::trade_id].text, event.trade.id)) event.trade.id = absent;
    }

    Sequence last_ = absent;
    JsonFields<Outer> outer_{{"channel", "timestamp", "sequence_num", "events", "type"}};
    JsonFields<Part> part_{{"type", "product_id", "updates", "trades"}};
    JsonFields<Change> change_{{"side", "price_level", "new_quantity"}};
    JsonFields<Fill> fill_{{"product_id", "trade_id", "price", "size", "time", "side"}};
};

}  // namespace obcore::coinbase
