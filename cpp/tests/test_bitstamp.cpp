// Bitstamp frames: diffs that are joined by their time, pictures, trades and answers of REST.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/bitstamp.hpp"
#include "one_grid.hpp"

namespace {

using obcore::DecodeError;
using obcore::Event;
using obcore::Frame;
using obcore::IdRule;
using obcore::Kind;
using obcore::Level;
using obcore::Side;
using obcore::Step;
using obcore::bitstamp::Decoder;

Frame decode(std::string_view json) {
    OneGrid grids({Step::from_text("0.01"), Step::from_text("0.00000001")}, {"ETHUSD", ""});
    Decoder decoder;
    Frame frame;
    decoder.decode(json, grids, frame);
    return frame;
}

std::string told(const std::string& channel, const std::string& data,
                 const std::string& event = "data") {
    return R"({"data":{)" + data + R"(},"channel":")" + channel + R"(","event":")" + event +
           R"("})";
}

const std::string book =
    R"("timestamp":"1641343691","microtimestamp":"1641343691244908",)"
    R"("bids":[["3802.90","0.60000000"],["3802.80","0"]],"asks":[["3803.00","1"]])";

void a_diff_has_its_time_for_an_id() {
    const Frame frame = decode(told("diff_order_book_ethusd", book));

    CHECK(frame.size() == 1);
    const Event& event = frame[0];
    CHECK(event.kind == Kind::delta);
    CHECK(event.rule == IdRule::clock);
    CHECK(event.ids.first == 1'641'343'691'244'908);
    CHECK(event.ids.last == 1'641'343'691'244'908);
    CHECK(event.ts_event_ns == 1'641'343'691'244'908'000);
    CHECK(event.symbol == "ETHUSD");
    CHECK(event.bids == std::vector<Level>{{380290, 60'000'000}, {380280, 0}});
    CHECK(event.asks == std::vector<Level>{{380300, 100'000'000}});
}

void an_answer_of_rest_is_a_snapshot_of_nobody() {
    const Frame frame = decode("{" + book + "}");

    CHECK(frame[0].kind == Kind::snapshot);
    CHECK(frame[0].rule == IdRule::clock);
    CHECK(frame[0].ids.last == 1'641'343'691'244'908);
    CHECK(frame[0].symbol.empty());
    CHECK(frame[0].bids.size() == 2);
    CHECK(!frame[0].enveloped);
}

void the_live_book_is_a_picture() {
    const Frame frame = decode(told("order_book_ethusd", book));

    CHECK(frame[0].kind == Kind::topn);
    CHECK(frame[0].rule == IdRule::none);
    CHECK(frame[0].symbol == "ETHUSD");
    CHECK(frame[0].ts_event_ns == 1'641'343'691'244'908'000);
    CHECK(frame[0].bids.size() == 2);
}

void trades_tell_the_taker_and_prefer_their_texts() {
    const Frame texts = decode(
        told("live_trades_ethusd",
             R"("id":216000477,"timestamp":"1641343699","amount":0.07920000001,"amount_str":)"
             R"("0.07920000","price":3805.4400001,"price_str":"3805.44","type":0,)"
             R"("microtimestamp":"1641343699596000")",
             "trade"));
    CHECK(texts[0].kind == Kind::trade);
    CHECK(texts[0].symbol == "ETHUSD");
    CHECK(texts[0].ts_event_ns == 1'641'343'699'596'000'000);
    CHECK(texts[0].trade.price == 380544);
    CHECK(texts[0].trade.size == 7'920'000);
    CHECK(texts[0].trade.taker == Side::bid);
    CHECK(texts[0].trade.id == 216000477);

    const Frame numbers = decode(told(
        "live_trades_ethusd",
        R"("id":1,"amount":1e-8,"price":3805.44,"type":1,"microtimestamp":"1641343699596000")",
        "trade"));
    CHECK(numbers[0].trade.price == 380544);
    CHECK(numbers[0].trade.size == 1);
    CHECK(numbers[0].trade.taker == Side::ask);
}

void symbols_that_are_not_meant_have_no_levels() {
    const Frame frame = decode(told("diff_order_book_btcusd-perp", book));
    CHECK(frame[0].symbol == "BTCUSD-PERP");
    CHECK(frame[0].kind == Kind::delta);
    CHECK(frame[0].bids.empty());
}

void other_messages_are_told_by_their_word() {
    const auto one = [](std::string_view json, Kind kind, std::string_view name) {
        const Frame frame = decode(json);
        CHECK(frame.size() == 1 && frame[0].kind == kind && frame[0].name == name);
    };
    one(told("diff_order_book_ethusd", "", "bts:subscription_succeeded"), Kind::control,
        "bts:subscription_succeeded");
    one(R"({"event":"bts:request_reconnect","channel":"","data":""})", Kind::control,
        "bts:request_reconnect");
    one(R"({"event":"bts:heartbeat"})", Kind::control, "bts:heartbeat");
    one(told("live_orders_ethusd", "", "order_created"), Kind::unknown, "order_created");
    one(told("detail_order_book_ethusd", ""), Kind::unknown, "detail_order_book_ethusd");
}

void what_is_wrong_is_named() {
    const auto fails = [](const std::string& json, std::string_view part) {
        CHECK_THROWS(decode(json), DecodeError, part);
    };
    fails("{}", "microtimestamp: expected this key");
    fails(R"({"event":"data"})", "channel: expected this key");
    fails(told("diff_order_book_ethusd", R"("microtimestamp":"0","bids":[],"asks":[])"),
          "microtimestamp: expected a time since 1970");
    fails(told("diff_order_book_ethusd", R"("microtimestamp":"1641343691244908","bids":[])"),
          "asks: expected this key");
    fails(told("live_trades_ethusd",
               R"("id":1,"amount":1,"price":1,"type":2,"microtimestamp":"1641343699596000")",
               "trade"),
          "type: expected 0 for buy or 1 for sell");
}

void a_frame_is_an_error_wherever_it_is_cut() {
    const std::string whole = told("diff_order_book_ethusd", book);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_THROWS(decode(whole.substr(0, size)), DecodeError, "expected");
    }
}

}  // namespace

int main() {
    return run_tests({
        a_diff_has_its_time_for_an_id,
        an_answer_of_rest_is_a_snapshot_of_nobody,
        the_live_book_is_a_picture,
        trades_tell_the_taker_and_prefer_their_texts,
        symbols_that_are_not_meant_have_no_levels,
        other_messages_are_told_by_their_word,
        what_is_wrong_is_named,
        a_frame_is_an_error_wherever_it_is_cut,
    });
}
