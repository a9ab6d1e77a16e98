// Kraken v1 frames: snapshots, updates in one part and in two, trades and events.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/kraken_v1.hpp"
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
using obcore::kraken_v1::Decoder;
using Rule = obcore::Checksum::Rule;

Frame decode(std::string_view json) {
    OneGrid grids({Step::from_text("0.00001"), Step::from_text("0.00000001")}, {"XMR/USD"});
    Decoder decoder;
    Frame frame;
    decoder.decode(json, grids, frame);
    return frame;
}

std::string book(const std::string& payloads, const std::string& channel = "book-1000") {
    return "[993," + payloads + R"(,")" + channel + R"(","XMR/USD"])";
}

const std::string update =
    book(R"({"a":[["0.05120","0.00000500","1582905486.493008"],)"
         R"(["0.05275","0.00000000","1582905487.5","r"]]},)"
         R"({"b":[["0.04765","0.00000500","1582905486.493034"]],"c":"974947235"})");

void an_update_may_come_in_two_parts() {
    const Frame frame = decode(update);

    CHECK(frame.size() == 1);
    const Event& event = frame[0];
    CHECK(event.kind == Kind::delta);
    CHECK(event.rule == IdRule::checksum);
    CHECK(event.checksum.rule == Rule::kraken);
    CHECK(event.checksum.value == 974947235U);
    CHECK(event.depth == 1000);
    CHECK(event.symbol == "XMR/USD");
    CHECK(event.ts_event_ns == 1'582'905'487'500'000'000);  // the newest of its levels
    CHECK(event.asks == std::vector<Level>{{5120, 500}, {5275, 0}});
    CHECK(event.bids == std::vector<Level>{{4765, 500}});
}

void an_update_of_one_side_has_one_part() {
    const Frame frame = decode(book(
        R"({"b":[["0.04765","5.00000000","1618678133.365913"]],"c":"2583817756"})", "book-10"));

    CHECK(frame[0].kind == Kind::delta);
    CHECK(frame[0].depth == 10);
    CHECK(frame[0].checksum.value == 2583817756U);
    CHECK(frame[0].asks.empty());
}

void a_snapshot_has_no_checksum() {
    const Frame frame =
        decode(book(R"({"as":[["0.05120","1.00000000","1618678120.289449"]],"bs":[]})"));

    CHECK(frame[0].kind == Kind::snapshot);
    CHECK(frame[0].rule == IdRule::checksum);
    CHECK(frame[0].checksum.rule == Rule::none);
    CHECK(frame[0].asks == std::vector<Level>{{5120, 100'000'000}});
    CHECK(frame[0].ts_event_ns == 1'618'678'120'289'449'000);
    CHECK(decode(book(R"({"as":[],"bs":[]})"))[0].ts_event_ns == absent);
}

void more_printed_decimals_than_the_grid_has_need_a_finer_one() {
    const auto needs = [](const std::string& level, int decimals) {
        try {
            static_cast<void>(decode(book(R"({"b":[)" + level + R"(],"c":"1"})")));
            CHECK(false);
        } catch (const PrecisionError& error) {
            CHECK(error.decimals == decimals);
        }
    };
    needs(R"(["0.047650","5.00000000","1618678133.365913"])", 6);
    needs(R"(["0.04765","5.000000000","1618678133.365913"])", 9);
}

void trades_tell_the_taker() {
    const Frame frame = decode(
        R"([993,[["354.04000","0.28245396","1618678150.826417","s","m",""],)"
        R"(["353.81","1.71754604","1618678150.827816","b","l","",7]],"trade","XMR/USD"])");

    CHECK(frame.size() == 2);
    CHECK(frame[0].kind == Kind::trade);
    CHECK(frame[0].symbol == "XMR/USD");
    CHECK(frame[0].ts_event_ns == 1'618'678'150'826'417'000);
    CHECK(frame[0].trade.price == 35'404'000);
    CHECK(frame[0].trade.size == 28'245'396);
    CHECK(frame[0].trade.taker == Side::ask);
    CHECK(frame[0].trade.id == absent);
    CHECK(frame[1].trade.taker == Side::bid);
}

void symbols_that_are_not_meant_have_no_levels() {
    const Frame book = decode(R"([1,{"b":[["?"]],"c":"7"},"book-25","X/Y"])");
    CHECK(book[0].kind == Kind::delta);
    CHECK(book[0].symbol == "X/Y");
    CHECK(book[0].depth == 25);
    CHECK(book[0].bids.empty());

    const Frame trade = decode(R"([1,[["?","?","1618678150.826417","?"]],"trade","X/Y"])");
    CHECK(trade[0].kind == Kind::trade);
    CHECK(trade[0].symbol == "X/Y");
}

void other_messages_are_told_by_their_word() {
    const auto one = [](std::string_view json, Kind kind, std::string_view name) {
        const Frame frame = decode(json);
        CHECK(frame.size() == 1 && frame[0].kind == kind && frame[0].name == name);
    };
    one(R"({"event":"heartbeat"})", Kind::control, "heartbeat");
    one(R"({"connectionID":1,"event":"systemStatus","status":"online","version":"1.0.0"})",
        Kind::control, "systemStatus");
    one(R"({"channelID":1,"event":"subscriptionStatus","status":"subscribed"})", Kind::control,
        "subscriptionStatus");
    one(R"({"errorMessage":"Subscription depth","event":"subscriptionStatus","status":"error"})",
        Kind::control, "error");
    one(R"([1,{"a":["1",2,"3"]},"ticker","XMR/USD"])", Kind::unknown, "ticker");
    one(R"([1,["5"],"spread","XMR/USD"])", Kind::unknown, "spread");
    one(R"([1,{},"book-x","XMR/USD"])", Kind::unknown, "book-x");
}

void what_is_wrong_is_named() {
    const auto fails = [](const std::string& json, std::string_view part) {
        CHECK_THROWS(decode(json), DecodeError, part);
    };
    fails("{}", "event: expected this key");
    fails("[]", "expected at least four parts");
    fails(R"(["book-10","XMR/USD"])", "expected at least four parts");
    fails(R"([1,{},{},{},"book-10","XMR/USD"])", "expected at most five parts");
    fails(R"([1,{},"book-10",7])", "pair: expected a string");
    fails(R"([1,{},7,"XMR/USD"])", "channelName: expected a string");
    fails(book("[]"), "book: expected an object");
    fails(book(R"({"b":[["0.04765","5"]],"c":"1"})"), "expected ','");
    fails(book(R"({"b":[["0.04765","5","now"]],"c":"1"})"), "b: expected a time");
    fails(book(R"({"b":[["x","5","1618678133.3"]],"c":"1"})"),
          "b[0] price: expected a decimal");
    fails(book(R"({"b":[],"c":"4294967296"})"), "c: expected an unsigned integer of 32 bits");
    fails(book(R"({"b":[],"c":"x"})"), "c: expected an integer");
    fails(R"([1,{},"trade","XMR/USD"])", "trade: expected an array");
    fails(R"([1,[["1","1","1618678150.8","x"]],"trade","XMR/USD"])", "side: expected b or s");
    fails(R"([1,[["1"]],"trade","XMR/USD"])", "time: expected this key");
}

void a_frame_is_an_error_wherever_it_is_cut() {
    for (std::size_t size = 0; size < update.size(); ++size) {
        CHECK_THROWS(decode(update.substr(0, size)), DecodeError, "expected");
    }
    CHECK_THROWS(decode(update + "]"), DecodeError, "the end of the JSON text");
}

}  // namespace

int main() {
    return run_tests({
        an_update_may_come_in_two_parts,
        an_update_of_one_side_has_one_part,
        a_snapshot_has_no_checksum,
        more_printed_decimals_than_the_grid_has_need_a_finer_one,
        trades_tell_the_taker,
        symbols_that_are_not_meant_have_no_levels,
        other_messages_are_told_by_their_word,
        what_is_wrong_is_named,
        a_frame_is_an_error_wherever_it_is_cut,
    });
}
