// Bybit frames: books with consecutive ids, trades, and messages of other kinds.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/bybit.hpp"
#include "one_grid.hpp"

namespace {

using obcore::absent;
using obcore::DecodeError;
using obcore::Event;
using obcore::Frame;
using obcore::IdRule;
using obcore::Kind;
using obcore::Level;
using obcore::PrecisionError;
using obcore::Side;
using obcore::Step;
using obcore::bybit::Decoder;

Frame decode(std::string_view json) {
    OneGrid grids({Step::from_text("0.1"), Step::from_text("0.001")}, {"BTCUSDT"});
    Decoder decoder;
    Frame frame;
    decoder.decode(json, grids, frame);
    return frame;
}

std::string book(const std::string& type, const std::string& id,
                 const std::string& bids = R"(["64250.1","0.35"])",
                 const std::string& symbol = "BTCUSDT") {
    return R"({"topic":"orderbook.200.)" + symbol + R"(","type":")" + type +
           R"(","ts":1790000000220,"data":{"s":")" + symbol + R"(","b":[)" + bids +
           R"(],"a":[["64250.20","0"]],"u":)" + id +
           R"(,"seq":7961638790},"cts":1790000000217})";
}

const std::string delta = book("delta", "18521289");

void a_delta_is_one_behind_the_one_before() {
    const Frame frame = decode(delta);

    CHECK(frame.size() == 1);
    const Event& event = frame[0];
    CHECK(event.kind == Kind::delta);
    CHECK(event.rule == IdRule::consecutive);
    CHECK(event.ids.first == 18521289);
    CHECK(event.ids.last == 18521289);
    CHECK(event.ids.previous == absent);
    CHECK(event.symbol == "BTCUSDT");
    CHECK(event.ts_event_ns == 1'790'000'000'217'000'000);  // the match, not the push
    CHECK(event.bids == std::vector<Level>{{642501, 350}});
    CHECK(event.asks == std::vector<Level>{{642502, 0}});
}

void a_snapshot_replaces_and_so_does_the_first_id() {
    CHECK(decode(book("snapshot", "18521288"))[0].kind == Kind::snapshot);
    CHECK(decode(book("delta", "1"))[0].kind == Kind::snapshot);
}

void the_order_of_the_keys_does_not_matter_and_cts_may_lack() {
    const Frame frame = decode(
        R"({"data":{"u":7,"a":[],"b":[],"s":"BTCUSDT"},"ts":1790000000220,"type":"snapshot",)"
        R"("topic":"orderbook.1.BTCUSDT"})");

    CHECK(frame[0].kind == Kind::snapshot);
    CHECK(frame[0].ts_event_ns == 1'790'000'000'220'000'000);
}

void trades_tell_the_taker() {
    const auto trade = [](const std::string& side, const std::string& id,
                          const std::string& block) {
        return R"({"T":1672304486865,"s":"BTCUSDT","S":")" + side +
               R"(","v":"0.001","p":"16578.50","L":"PlusTick","i":")" + id + R"(","BT":)" +
               block + "}";
    };
    const Frame frame =
        decode(R"({"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1672304486868,)"
               R"("data":[)" +
               trade("Buy", "2290000000068683805", "false") + "," +
               trade("Sell", "20f43950-d8dd-5b31-9112-a178eb6023af", "false") + "," +
               trade("Sell", "1", "true") + "]}");

    CHECK(frame.size() == 3);
    CHECK(frame[0].kind == Kind::trade);
    CHECK(frame[0].trade.price == 165785);
    CHECK(frame[0].trade.size == 1);
    CHECK(frame[0].trade.taker == Side::bid);
    CHECK(frame[0].trade.id == 2290000000068683805);
    CHECK(frame[0].ts_event_ns == 1'672'304'486'865'000'000);
    CHECK(frame[1].trade.taker == Side::ask);
    CHECK(frame[1].trade.id == absent);
    CHECK(frame[2].kind == Kind::off_book);
    CHECK(frame[2].name == "block");
}

void symbols_that_are_not_meant_have_no_levels() {
    const Frame frame = decode(book("delta", "5", R"(["?","?"])", "X"));
    CHECK(frame[0].kind == Kind::delta);
    CHECK(frame[0].symbol == "X");
    CHECK(frame[0].ids.last == 5);
    CHECK(frame[0].bids.empty());
}

void other_messages_are_told_by_their_word() {
    const auto one = [](std::string_view json, Kind kind, std::string_view name) {
        const Frame frame = decode(json);
        CHECK(frame.size() == 1 && frame[0].kind == kind && frame[0].name == name);
    };
    one(R"({"success":true,"ret_msg":"subscribe","conn_id":"x","req_id":"1","op":"subscribe"})",
        Kind::control, "subscribe");
    one(R"({"success":true,"ret_msg":"pong","op":"ping"})", Kind::control, "ping");
    one(R"({"ret_msg":"x"})", Kind::control, "");
    one(R"({"topic":"tickers.BTCUSDT","data":{}})", Kind::unknown, "tickers");
    one(R"({"topic":"kline.1.BTCUSDT","data":[]})", Kind::unknown, "kline.1");
    one(R"({"topic":"orderbook.rpi.BTCUSDT","data":{}})", Kind::unknown, "orderbook.rpi");
    one(R"({"topic":"orderbook.full.BTCUSDT","data":{}})", Kind::unknown, "orderbook.full");
}

void what_is_wrong_is_named() {
    const auto fails = [](const std::string& json, std::string_view part) {
        CHECK_THROWS(decode(json), DecodeError, part);
    };
    fails(R"({"topic":"orderbook.1.X"})", "data: expected this key");
    fails(book("merge", "5"), "type: expected snapshot or delta");
    fails(book("delta", "\"x\""), "u: expected an integer");
    fails(book("delta", "5", R"(["0","1"])"), "b[0] price: expected a price above 0");
    fails(book("delta", "5", R"(["1"])"), "expected ','");
    CHECK_THROWS(decode(book("delta", "5", R"(["1.15","1"])")), PrecisionError,
                 "b[0] price: expected a multiple of the tick 0.1");
}

void a_frame_is_an_error_wherever_it_is_cut() {
    for (std::size_t size = 0; size < delta.size(); ++size) {
        CHECK_THROWS(decode(delta.substr(0, size)), DecodeError, "expected");
    }
}

}  // namespace

int main() {
    return run_tests({
        a_delta_is_one_behind_the_one_before,
        a_snapshot_replaces_and_so_does_the_first_id,
        the_order_of_the_keys_does_not_matter_and_cts_may_lack,
        trades_tell_the_taker,
        symbols_that_are_not_meant_have_no_levels,
        other_messages_are_told_by_their_word,
        what_is_wrong_is_named,
        a_frame_is_an_error_wherever_it_is_cut,
    });
}
