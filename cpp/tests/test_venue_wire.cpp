// Venues told by a message and by an address, and one decoder for whichever it is.

#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "check.hpp"
#include "obcore/venue_wire.hpp"
#include "one_grid.hpp"

namespace {

using obcore::DecodeError;
using obcore::Frame;
using obcore::Kind;
using obcore::recognise;
using obcore::Step;
using obcore::to_string;
using obcore::Wire;
using obcore::wire_of_address;
using obcore::WireDecoder;
using obcore::WireSettings;

struct Message {
    Wire wire;
    std::string_view json;
};

constexpr std::array messages{
    Message{Wire::bybit, R"({"topic":"orderbook.1.X","type":"snapshot","ts":1,"data":{}})"},
    Message{Wire::bybit, R"({"success":true,"ret_msg":"subscribe","op":"subscribe"})"},
    Message{Wire::okx, R"({"arg":{"channel":"books","instId":"X"},"data":[]})"},
    Message{Wire::okx, R"({"event":"subscribe","arg":{"channel":"books"},"connId":"a"})"},
    Message{Wire::okx, R"({"event":"error","code":"60012","msg":"x","connId":"a"})"},
    Message{Wire::kraken, R"({"channel":"book","type":"update","data":[]})"},
    Message{Wire::kraken, R"({"channel":"heartbeat"})"},
    Message{Wire::kraken, R"({"method":"subscribe","result":{},"success":true})"},
    Message{Wire::kraken, R"({"method":"pong","time_in":"2023-09-24T14:10:23.799685Z"})"},
    Message{Wire::kraken_v1, R"( [1,{"b":[],"c":"1"},"book-10","XBT/USD"])"},
    Message{Wire::kraken_v1, R"([1,{"a":[]},{"b":[],"c":"1"},"book-10","XBT/USD"])"},
    Message{Wire::kraken_v1, R"({"event":"heartbeat"})"},
    Message{Wire::kraken_v1, R"({"connectionID":1,"event":"systemStatus","status":"online"})"},
    Message{Wire::kraken_v1, R"({"event":"subscriptionStatus","pair":"XBT/USD"})"},
    Message{Wire::coinbase, R"({"channel":"l2_data","sequence_num":0,"events":[]})"},
    Message{Wire::deribit, R"({"jsonrpc":"2.0","id":1,"result":[]})"},
    Message{Wire::bitstamp, R"({"event":"bts:heartbeat","channel":"","data":{}})"},
    Message{Wire::bitstamp, R"({"event":"data","channel":"diff_order_book_ethusd"})"},
    Message{Wire::bitstamp, R"({"event":"data","channel":"order_book_ethusd"})"},
    Message{Wire::bitstamp, R"({"event":"trade","channel":"live_trades_ethusd"})"},
    Message{Wire::bitstamp, R"({"microtimestamp":"1641343691244908","bids":[],"asks":[]})"},
    Message{Wire::tardis, R"({"type":"book_change","symbol":"X","localTimestamp":"t"})"},
};

void a_message_tells_its_venue() {
    for (const auto& [wire, json] : messages) {
        if (recognise(json) != wire) std::fprintf(stderr, "not %s\n", to_string(wire));
        CHECK(recognise(json) == wire);
    }
}

void binance_and_the_rest_are_not_told() {
    for (const char* json : {
             R"({"e":"depthUpdate","E":1,"s":"X","U":1,"u":2,"b":[],"a":[]})",
             R"({"stream":"x@depth","data":{"e":"depthUpdate"}})",
             R"({"lastUpdateId":1,"bids":[],"asks":[]})",
             R"({"result":null,"id":7})",
             R"({"method":"SUBSCRIBE","params":["x@depth"],"id":7})",
             R"([{"e":"24hrTicker","s":"X"}])",
             R"([1,2,3,4])",
             R"(["a","b","c","d"])",
             R"({"topic":"/market/level2:BTC-USDT","type":"message","data":{}})",
             R"({"channel":"l2Book","data":{"coin":"BTC"}})",
             R"({"event":"info","version":2})",
             R"({"event":"data","channel":"other"})",
             R"({"type":"orderbook","symbol":"X","bids":[],"asks":[]})",
             R"({"topic":"orderbook.1.X")",
             "pong",
             "7",
             "",
         }) {
        CHECK(recognise(json) == std::nullopt);
    }
}

void an_address_tells_its_venue() {
    constexpr std::array<std::pair<std::string_view, Wire>, 13> addresses{{
        {"wss://stream.binance.com:9443/stream?streams=a@depth", Wire::binance_spot},
        {"wss://fstream.binance.com/public/stream", Wire::binance_futures},
        {"wss://dstream.binance.com/ws", Wire::binance_futures},
        {"wss://stream.bybit.com/v5/public/linear", Wire::bybit},
        {"wss://ws.okx.com:8443/ws/v5/public", Wire::okx},
        {"wss://ws.kraken.com/v2", Wire::kraken},
        {"wss://ws.kraken.com:443/v2/?x", Wire::kraken},
        {"wss://ws.kraken.com", Wire::kraken_v1},
        {"wss://ws.kraken.com/", Wire::kraken_v1},
        {"wss://advanced-trade-ws.coinbase.com", Wire::coinbase},
        {"wss://www.deribit.com/ws/api/v2", Wire::deribit},
        {"wss://ws.bitstamp.net/", Wire::bitstamp},
        {"ws.bitstamp.net", Wire::bitstamp},
    }};
    for (const auto& [url, wire] : addresses) CHECK(wire_of_address(url) == wire);

    for (const char* url : {"", "wss://", "wss://example.com/ws.okx.com",
                            "wss://ws.okx.com.example.com", "wss://127.0.0.1:8080/v2"}) {
        CHECK(wire_of_address(url) == std::nullopt);
    }
}

void a_decoder_of_each_venue_decodes_its_messages() {
    OneGrid grids({}, {});
    Frame frame;
    for (const auto& [wire, json] : messages) {
        WireDecoder decoder(wire);
        try {  // the messages are signs of their venue, and most of them no more than that
            decoder.decode(json, grids, frame);
            CHECK(frame.size() <= 1);
        } catch (const DecodeError& error) {
            CHECK(std::string_view(error.what()).find("expected this key") !=
                  std::string_view::npos);
        }
    }
    WireSettings settings;
    settings.relay.book_type = "l2";
    WireDecoder relay(Wire::relay, settings);
    relay.decode(R"({"type":"l2","bids":[],"asks":[]})", grids, frame);
    CHECK(frame[0].kind == Kind::topn);
    WireDecoder tardis(Wire::tardis);
    tardis.decode(R"({"type":"disconnect"})", grids, frame);
    CHECK(frame[0].kind == Kind::lost);
}

void a_depth_that_is_set_is_krakens() {
    OneGrid grids({}, {"X"});
    Frame frame;
    WireSettings settings;
    settings.depth = 25;
    WireDecoder decoder(Wire::kraken, settings);
    decoder.decode(R"({"channel":"book","type":"update","data":[{"symbol":"X","bids":[],)"
                   R"("asks":[],"checksum":1}]})",
                   grids, frame);
    CHECK(frame[0].depth == 25);
}

void a_new_connection_forgets_the_old_one() {
    OneGrid grids({}, {});
    Frame frame;
    WireDecoder decoder(Wire::coinbase);
    const auto beat = [&](int number) {
        decoder.decode(R"({"channel":"heartbeats","sequence_num":)" + std::to_string(number) +
                           R"(,"events":[]})",
                       grids, frame);
        return frame.size();
    };
    CHECK(beat(5) == 1);
    CHECK(beat(9) == 2);
    decoder.reset();
    CHECK(beat(0) == 1);
    WireDecoder(Wire::okx).reset();  // which remembers nothing
}

void every_wire_has_a_name() {
    CHECK(to_string(Wire::kraken_v1) == std::string_view("kraken_v1"));
    CHECK(to_string(Wire::relay) == std::string_view("relay"));
}

}  // namespace

int main() {
    return run_tests({
        a_message_tells_its_venue,
        binance_and_the_rest_are_not_told,
        an_address_tells_its_venue,
        a_decoder_of_each_venue_decodes_its_messages,
        a_depth_that_is_set_is_krakens,
        a_new_connection_forgets_the_old_one,
        every_wire_has_a_name,
    });
}
