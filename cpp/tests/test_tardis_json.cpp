// Messages of tardis-machine: changes, pictures, trades, disconnects, and plain pictures.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/tardis_json.hpp"
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
using obcore::tardis_json::Decoder;

Frame decode(std::string_view json) {
    OneGrid grids({Step::from_text("0.01"), Step::from_text("0.00000001")}, {"BTCUSDT"});
    Decoder decoder;
    Frame frame;
    decoder.decode(json, grids, frame);
    return frame;
}

std::string message(const std::string& type, const std::string& members,
                    const std::string& symbol = "BTCUSDT") {
    return R"({"type":")" + type + R"(","symbol":")" + symbol + R"(","exchange":"binance",)" +
           members +
           R"("timestamp":"2026-09-21T10:00:00.031Z",)"
           R"("localTimestamp":"2026-09-21T10:00:00.033870Z"})";
}

const std::string sides =
    R"("bids":[{"price":64250.1,"amount":0},{"amount":1e-7,"price":64250}],)"
    R"("asks":[{"price":6.42502e4,"amount":1.5}],)";
const std::string change = message("book_change", R"("isSnapshot":false,)" + sides);

void a_change_has_both_times() {
    const Frame frame = decode(change);

    CHECK(frame.size() == 1);
    const Event& event = frame[0];
    CHECK(event.kind == Kind::delta);
    CHECK(event.rule == IdRule::none);
    CHECK(event.symbol == "BTCUSDT");
    CHECK(event.ts_event_ns == 1'789'984'800'031'000'000);
    CHECK(event.ts_recv_ns == 1'789'984'800'033'870'000);
    CHECK(event.bids == std::vector<Level>{{6425010, 0}, {6425000, 10}});
    CHECK(event.asks == std::vector<Level>{{6425020, 150'000'000}});
}

void a_change_may_be_a_snapshot() {
    CHECK(decode(message("book_change", R"("isSnapshot":true,)" + sides))[0].kind ==
          Kind::snapshot);
}

void a_picture_may_lack_levels() {
    const Frame frame = decode(message(
        "book_snapshot", R"("name":"book_snapshot_2_100ms","depth":2,"interval":100,)"
                         R"("bids":[{"price":64250.1,"amount":0.35},{}],"asks":[{},{}],)"));

    CHECK(frame[0].kind == Kind::topn);
    CHECK(frame[0].bids == std::vector<Level>{{6425010, 35'000'000}});
    CHECK(frame[0].asks.empty());
}

void trades_tell_the_taker() {
    const auto trade = [](const std::string& members) {
        return decode(message("trade", R"("price":64250.1,"amount":0.012,)" + members));
    };
    const Frame sell = trade(R"("id":"4411223344","side":"sell",)");
    CHECK(sell[0].kind == Kind::trade);
    CHECK(sell[0].trade.price == 6425010);
    CHECK(sell[0].trade.size == 1'200'000);
    CHECK(sell[0].trade.taker == Side::ask);
    CHECK(sell[0].trade.id == 4411223344);
    CHECK(sell[0].ts_recv_ns == 1'789'984'800'033'870'000);

    const Frame buy = trade(R"("side":"buy",)");
    CHECK(buy[0].trade.taker == Side::bid);
    CHECK(buy[0].trade.id == absent);

    const Frame unknown = trade(R"("side":"unknown",)");
    CHECK(unknown[0].kind == Kind::unknown);
    CHECK(unknown[0].name == "trade without side");
}

void a_disconnect_is_lost_for_each_symbol_or_for_all() {
    const Frame two = decode(
        R"({"type":"disconnect","exchange":"binance","localTimestamp":"2026-09-21T10:05:00.001Z",)"
        R"("symbols":["BTCUSDT","ETHUSDT"]})");
    CHECK(two.size() == 2);
    CHECK(two[0].kind == Kind::lost);
    CHECK(two[0].symbol == "BTCUSDT");
    CHECK(two[0].name == "the collector's connection dropped");
    CHECK(two[0].ts_event_ns == absent);
    CHECK(two[0].ts_recv_ns == absent);
    CHECK(two[1].symbol == "ETHUSDT");

    for (const char* members : {"", R"(,"symbols":[])"}) {
        const Frame all = decode(R"({"type":"disconnect")" + std::string(members) + "}");
        CHECK(all.size() == 1);
        CHECK(all[0].kind == Kind::lost);
        CHECK(all[0].symbol.empty());
    }
}

void a_plain_picture_is_one_too() {
    const Frame frame = decode(
        R"({"type":"book","exchange":"binance","symbol":"BTCUSDT","timestamp":1700000000123,)"
        R"("bids":[["64250.1","0.35"]],"asks":[["64250.2","0.001"]]})");
    CHECK(frame[0].kind == Kind::topn);
    CHECK(frame[0].symbol == "BTCUSDT");
    CHECK(frame[0].ts_event_ns == 1'700'000'000'123'000'000);
    CHECK(frame[0].bids == std::vector<Level>{{6425010, 35'000'000}});

    const Frame other = decode(R"({"type":"book","symbol":"X","timestamp":0,"bids":7})");
    CHECK(other[0].kind == Kind::topn);
    CHECK(other[0].symbol == "X");
    CHECK(other[0].bids.empty());
}

void symbols_that_are_not_meant_have_no_levels() {
    const Frame frame =
        decode(message("book_change", R"("isSnapshot":true,"bids":"?","asks":"?",)", "X"));
    CHECK(frame[0].kind == Kind::snapshot);
    CHECK(frame[0].symbol == "X");
    CHECK(decode(message("trade", R"("side":"buy","price":"?",)", "X"))[0].kind == Kind::trade);
}

void other_messages_are_told_by_their_word() {
    const auto one = [](std::string_view json, Kind kind, std::string_view name) {
        const Frame frame = decode(json);
        CHECK(frame.size() == 1 && frame[0].kind == kind && frame[0].name == name);
    };
    one(message("book_ticker", R"("askPrice":1,)"), Kind::unknown, "book_ticker");
    one(message("derivative_ticker", ""), Kind::unknown, "derivative_ticker");
    one(R"({"type":"error","exchange":"binance","details":"x"})", Kind::control, "error");
}

void what_is_wrong_is_named() {
    const auto fails = [](const std::string& json, std::string_view part) {
        CHECK_THROWS(decode(json), DecodeError, part);
    };
    fails("{}", "type: expected this key");
    fails(R"({"type":"trade"})", "symbol: expected this key");
    fails(R"({"type":"trade","symbol":"X"})", "timestamp: expected this key");
    fails(message("book_change", sides), "isSnapshot: expected true or false");
    fails(message("book_change", R"("isSnapshot":true,"bids":[{}],"asks":[],)"),
          "price: expected this key");
    fails(message("book_snapshot", R"("bids":[{"price":1}],"asks":[],)"),
          "amount: expected this key");
    fails(message("book_snapshot", R"("bids":[{"price":null,"amount":1}],"asks":[],)"),
          "price: expected a number");
    fails(message("trade", R"("side":"none",)"), "side: expected buy, sell or unknown");
    fails(R"({"type":"disconnect","symbols":[7]})", "expected '\"'");
    CHECK_THROWS(
        decode(message("book_snapshot", R"("bids":[{"price":1.001,"amount":1}],"asks":[],)")),
        PrecisionError, "bids[0] price: expected a multiple of the tick 0.01");
}

void a_message_is_an_error_wherever_it_is_cut() {
    for (std::size_t size = 0; size < change.size(); ++size) {
        CHECK_THROWS(decode(change.substr(0, size)), DecodeError, "expected");
    }
}

}  // namespace

int main() {
    return run_tests({
        a_change_has_both_times,
        a_change_may_be_a_snapshot,
        a_picture_may_lack_levels,
        trades_tell_the_taker,
        a_disconnect_is_lost_for_each_symbol_or_for_all,
        a_plain_picture_is_one_too,
        symbols_that_are_not_meant_have_no_levels,
        other_messages_are_told_by_their_word,
        what_is_wrong_is_named,
        a_message_is_an_error_wherever_it_is_cut,
    });
}
