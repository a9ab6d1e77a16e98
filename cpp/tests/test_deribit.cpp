// Deribit frames: books as changes and as pictures, trades, heartbeats and replies.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/deribit.hpp"
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
using obcore::deribit::Decoder;

Frame decode(std::string_view json) {
    OneGrid grids({Step::from_text("0.5"), Step::from_text("10")}, {"BTC-PERPETUAL"});
    Decoder decoder;
    Frame frame;
    decoder.decode(json, grids, frame);
    return frame;
}

std::string told(const std::string& channel, const std::string& data) {
    return R"({"jsonrpc":"2.0","method":"subscription","params":{"channel":")" + channel +
           R"(","data":)" + data + "}}";
}

std::string book(const std::string& members, const std::string& bids = "",
                 const std::string& instrument = "BTC-PERPETUAL") {
    return told("book." + instrument + ".raw",
                "{" + members + R"("instrument_name":")" + instrument +
                    R"(","timestamp":1790000000400,"bids":[)" + bids +
                    R"(],"asks":[["new",64251.0,5000.0]]})");
}

const std::string change =
    book(R"("type":"change","prev_change_id":71001,"change_id":71005,)",
         R"(["change",64250.5,120000.0],["delete",64249.0,70.0],["new",64248,10])");

void a_change_names_the_id_before_it() {
    const Frame frame = decode(change);

    CHECK(frame.size() == 1);
    const Event& event = frame[0];
    CHECK(event.kind == Kind::delta);
    CHECK(event.rule == IdRule::chained);
    CHECK(event.ids.previous == 71001);
    CHECK(event.ids.first == 71005);
    CHECK(event.ids.last == 71005);
    CHECK(event.symbol == "BTC-PERPETUAL");
    CHECK(event.ts_event_ns == 1'790'000'000'400'000'000);
    // A deletion removes, whatever its amount.
    CHECK(event.bids == std::vector<Level>{{128501, 12000}, {128498, 0}, {128496, 1}});
    CHECK(event.asks == std::vector<Level>{{128502, 500}});
}

void a_snapshot_follows_nothing() {
    const Frame frame = decode(book(R"("type":"snapshot","change_id":71001,)"));

    CHECK(frame[0].kind == Kind::snapshot);
    CHECK(frame[0].rule == IdRule::chained);
    CHECK(frame[0].ids.last == 71001);
    CHECK(frame[0].ids.previous == absent);
}

void a_grouped_book_is_a_picture() {
    const Frame frame = decode(
        told("book.BTC-PERPETUAL.none.10.100ms",
             R"({"timestamp":1790000000400,"instrument_name":"BTC-PERPETUAL","change_id":7,)"
             R"("bids":[[64250.5,120000.0],[64250,10]],"asks":[]})"));

    CHECK(frame[0].kind == Kind::topn);
    CHECK(frame[0].rule == IdRule::none);
    CHECK(frame[0].bids == std::vector<Level>{{128501, 12000}, {128500, 1}});
}

void trades_tell_the_taker() {
    const auto trade = [](const std::string& id, const std::string& more) {
        return R"({"trade_seq":30289442,"trade_id":")" + id +
               R"(","timestamp":1590484512188,"price":8950.0,"instrument_name":)"
               R"("BTC-PERPETUAL","amount":20.0)" +
               more + "}";
    };
    const Frame frame =
        decode(told("trades.BTC-PERPETUAL.raw",
                    "[" + trade("48079269", R"(,"direction":"sell")") + "," +
                        trade("ETH-123", R"(,"direction":"buy")") + "," +
                        trade("1", R"(,"direction":"buy","block_trade_id":"6")") + "]"));

    CHECK(frame.size() == 3);
    CHECK(frame[0].kind == Kind::trade);
    CHECK(frame[0].symbol == "BTC-PERPETUAL");
    CHECK(frame[0].ts_event_ns == 1'590'484'512'188'000'000);
    CHECK(frame[0].trade.price == 17900);
    CHECK(frame[0].trade.size == 2);
    CHECK(frame[0].trade.taker == Side::ask);
    CHECK(frame[0].trade.id == 48079269);
    CHECK(frame[1].trade.taker == Side::bid);
    CHECK(frame[1].trade.id == absent);
    CHECK(frame[2].kind == Kind::off_book);
    CHECK(frame[2].name == "block");
}

void symbols_that_are_not_meant_have_no_levels() {
    const Frame frame = decode(book(R"("type":"snapshot","change_id":1,)", R"("?")", "X"));
    CHECK(frame[0].kind == Kind::snapshot);
    CHECK(frame[0].symbol == "X");
    CHECK(frame[0].ids.last == 1);
    CHECK(frame[0].bids.empty());
}

void other_messages_are_told_by_their_word() {
    const auto one = [](std::string_view json, Kind kind, std::string_view name) {
        const Frame frame = decode(json);
        CHECK(frame.size() == 1 && frame[0].kind == kind && frame[0].name == name);
    };
    one(R"({"jsonrpc":"2.0","id":0,"result":["trades.X.raw"],"testnet":false})", Kind::control,
        "result");
    one(R"({"jsonrpc":"2.0","id":0,"error":{"message":"Invalid params","code":-32602}})",
        Kind::control, "error");
    one(R"({"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat"}})",
        Kind::control, "heartbeat");
    one(R"({"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}})",
        Kind::control, "test_request");
    one(R"({"jsonrpc":"2.0","method":"heartbeat"})", Kind::control, "heartbeat");
    one(told("ticker.BTC-PERPETUAL.raw", "{}"), Kind::unknown, "ticker");
}

void what_is_wrong_is_named() {
    const auto fails = [](const std::string& json, std::string_view part) {
        CHECK_THROWS(decode(json), DecodeError, part);
    };
    const std::string snapshot = R"("type":"snapshot","change_id":1,)";
    fails(R"({"method":"subscription"})", "params: expected this key");
    fails(told("book.X.raw", "[]"), "data: expected an object");
    fails(told("trades.X.raw", "{}"), "data: expected an array");
    fails(book(R"("type":"merge","change_id":1,)"), "type: expected snapshot or change");
    fails(book(R"("type":"change","change_id":1,)"), "prev_change_id: expected this key");
    fails(book(R"("type":"snapshot",)"), "change_id: expected this key");
    fails(book(snapshot, R"(["renew",1,10])"),
          "bids[0] action: expected new, change or delete");
    fails(book(snapshot, R"(["new",1])"), "expected ','");
    fails(book(snapshot, R"([1,10])"), "expected '\"'");
    fails(book(snapshot, R"(["new",null,10])"), "bids[0] price: expected a decimal");
    fails(book(snapshot, R"(["new",1,10,3])"), "expected ']'");
    CHECK_THROWS(decode(book(snapshot, R"(["new",1.25,10])")), PrecisionError,
                 "bids[0] price: expected a multiple of the tick 0.5");
    CHECK_THROWS(decode(book(snapshot, R"(["new",1.5,15])")), PrecisionError,
                 "bids[0] size: expected a multiple of the lot 10");
}

void a_frame_is_an_error_wherever_it_is_cut() {
    for (std::size_t size = 0; size < change.size(); ++size) {
        CHECK_THROWS(decode(change.substr(0, size)), DecodeError, "expected");
    }
}

}  // namespace

int main() {
    return run_tests({
        a_change_names_the_id_before_it,
        a_snapshot_follows_nothing,
        a_grouped_book_is_a_picture,
        trades_tell_the_taker,
        symbols_that_are_not_meant_have_no_levels,
        other_messages_are_told_by_their_word,
        what_is_wrong_is_named,
        a_frame_is_an_error_wherever_it_is_cut,
    });
}
