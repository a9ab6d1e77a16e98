// OKX frames: books with a chain or a checksum, pictures, trades, and what is wrong.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/okx.hpp"
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
using obcore::okx::Decoder;
using Rule = obcore::Checksum::Rule;

Frame decode(std::string_view json) {
    OneGrid grids({Step::from_text("0.1"), Step::from_text("0.001")}, {"BTC-USDT"});
    Decoder decoder;
    Frame frame;
    decoder.decode(json, grids, frame);
    return frame;
}

std::string books(const std::string& action, const std::string& data,
                  const std::string& channel = "books") {
    return R"({"arg":{"channel":")" + channel + R"(","instId":"BTC-USDT"},"action":")" +
           action + R"(","data":[)" + data + "]}";
}

// A book's data with this behind its levels and its time.
std::string data(const std::string& proof) {
    return R"({"asks":[["64250.2","41","0","7"]],"bids":[["64250.1","12","3"],["64250","0"]],)"
           R"("ts":"1790000000300")" +
           proof + "}";
}

const std::string chained = data(R"(,"checksum":0,"prevSeqId":1000,"seqId":1015)");
const std::string update = books("update", chained);

void an_update_names_the_id_before_it() {
    const Frame frame = decode(update);

    CHECK(frame.size() == 1);
    const Event& event = frame[0];
    CHECK(event.kind == Kind::delta);
    CHECK(event.rule == IdRule::chained);
    CHECK(event.ids.previous == 1000);
    CHECK(event.ids.first == 1015);
    CHECK(event.ids.last == 1015);
    CHECK(event.symbol == "BTC-USDT");
    CHECK(event.ts_event_ns == 1'790'000'000'300'000'000);
    CHECK(event.ts_recv_ns == absent);
    CHECK(event.enveloped);
    CHECK(event.checksum.rule == Rule::none);  // 0 says nothing
    CHECK(event.bids == std::vector<Level>{{642501, 12000}, {642500, 0}});
    CHECK(event.asks == std::vector<Level>{{642502, 41000}});
}

void a_snapshot_follows_nothing() {
    const Frame frame =
        decode(books("snapshot", data(R"(,"prevSeqId":-1,"seqId":1000)"), "books-l2-tbt"));

    CHECK(frame[0].kind == Kind::snapshot);
    CHECK(frame[0].rule == IdRule::chained);
    CHECK(frame[0].ids.previous == -1);
    CHECK(frame[0].ids.last == 1000);
}

void a_checksum_that_is_told_is_kept_also_beside_a_chain() {
    const Frame old = decode(books("update", data(R"(,"checksum":-652563973)")));
    CHECK(old[0].rule == IdRule::checksum);
    CHECK(old[0].ids.last == absent);
    CHECK(old[0].checksum.rule == Rule::okx);
    CHECK(old[0].checksum.value == 3642403323U);

    const Frame both =
        decode(books("update", data(R"(,"checksum":7,"prevSeqId":1,"seqId":2)")));
    CHECK(both[0].rule == IdRule::chained);
    CHECK(both[0].checksum.rule == Rule::okx);
    CHECK(both[0].checksum.value == 7);
}

void without_ids_and_checksum_nothing_is_proved() {
    CHECK(decode(books("update", data("")))[0].rule == IdRule::none);
    CHECK(decode(books("update", data(R"(,"checksum":0)")))[0].rule == IdRule::none);
    CHECK(decode(books("update", data(R"(,"seqId":5)")))[0].rule == IdRule::none);
}

void a_frame_has_an_event_for_each_of_its_data() {
    const Frame frame = decode(books("update", chained + "," + chained, "books50-l2-tbt"));
    CHECK(frame.size() == 2);
    CHECK(frame[1].kind == Kind::delta);
    CHECK(decode(books("update", "")).size() == 0);
}

void pictures_have_no_chain() {
    for (const char* channel : {"books5", "bbo-tbt"}) {
        const Frame frame =
            decode(R"({"arg":{"channel":")" + std::string(channel) +
                   R"(","instId":"BTC-USDT"},"data":[)" + data(R"(,"seqId":9)") + "]}");

        CHECK(frame.size() == 1);
        CHECK(frame[0].kind == Kind::topn);
        CHECK(frame[0].rule == IdRule::none);
        CHECK(frame[0].bids.size() == 2);
        CHECK(frame[0].asks.size() == 1);
    }
}

void trades_tell_the_taker() {
    const Frame frame = decode(
        R"({"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[)"
        R"({"instId":"BTC-USDT","tradeId":"338476307","px":"30236","sz":"0.002",)"
        R"("side":"buy","ts":"1652459224818"},{"instId":"BTC-USDT","tradeId":"338476308",)"
        R"("px":"30236.1","sz":"1","side":"sell","ts":"1652459224819","count":"3"}]})");

    CHECK(frame.size() == 2);
    CHECK(frame[0].kind == Kind::trade);
    CHECK(frame[0].symbol == "BTC-USDT");
    CHECK(frame[0].ts_event_ns == 1'652'459'224'818'000'000);
    CHECK(frame[0].trade.price == 302360);
    CHECK(frame[0].trade.size == 2);
    CHECK(frame[0].trade.taker == Side::bid);
    CHECK(frame[0].trade.id == 338476307);
    CHECK(!frame[0].trade.is_aggregate);
    CHECK(frame[1].trade.taker == Side::ask);
    CHECK(frame[1].trade.is_aggregate);
}

void symbols_that_are_not_meant_have_no_levels() {
    const Frame book = decode(
        R"({"arg":{"channel":"books","instId":"X"},"action":"update","data":[{"ts":"1790000000300",)"
        R"("asks":[["0.00000001","1"]],"bids":[],"prevSeqId":1,"seqId":2}]})");
    CHECK(book[0].kind == Kind::delta);
    CHECK(book[0].symbol == "X");
    CHECK(book[0].asks.empty());

    const Frame trade = decode(
        R"({"arg":{"channel":"trades-all","instId":"X"},"data":[{"instId":"X","px":"0.00001",)"
        R"("sz":"?","ts":"1790000000300"}]})");
    CHECK(trade[0].kind == Kind::trade);
    CHECK(trade[0].symbol == "X");
}

void other_messages_are_told_by_their_word() {
    const auto one = [](std::string_view json, Kind kind, std::string_view name) {
        const Frame frame = decode(json);
        CHECK(frame.size() == 1 && frame[0].kind == kind && frame[0].name == name);
    };
    one("pong", Kind::control, "pong");
    one(R"({"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"}})", Kind::control,
        "subscribe");
    one(R"({"event":"error","code":"60012","msg":"Invalid request"})", Kind::control, "error");
    one(R"({"event":"notice","code":"64008","msg":"closing"})", Kind::control, "notice");
    one(R"({"arg":{"channel":"tickers","instId":"BTC-USDT"},"data":[{}]})", Kind::unknown,
        "tickers");
    one(R"({"arg":{"channel":"books-elp","instId":"BTC-USDT"},"data":[{}]})", Kind::unknown,
        "books-elp");
}

void what_is_wrong_is_named() {
    const auto fails = [](const std::string& json, std::string_view part) {
        CHECK_THROWS(decode(json), DecodeError, part);
    };
    fails("{}", "arg: expected this key");
    fails(R"({"arg":{"instId":"X"}})", "channel: expected this key");
    fails(books("merge", chained), "action: expected snapshot or update");
    fails(books("update", data(R"(,"prevSeqId":1,"seqId":"x")")), "seqId: expected an integer");
    fails(books("update", data(R"(,"checksum":4294967296)")),
          "checksum: expected an integer of 32 bits");
    fails(books("update", data(R"(,"checksum":-2147483649)")),
          "checksum: expected an integer of 32 bits");
    fails(books("update", R"({"asks":[],"ts":"1790000000300"})"), "bids: expected this key");
    fails(books("update", R"({"asks":[],"bids":[["1"]],"ts":"1790000000300"})"),
          "expected ','");
    fails(books("update", R"({"asks":[],"bids":[["x","1"]],"ts":"1790000000300"})"),
          "bids[0] price: expected a decimal");
    fails(books("update", R"({"asks":[],"bids":[],"ts":"soon"})"), "ts: expected an integer");
    fails(R"({"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT",)"
          R"("px":"1","sz":"1","side":"b","ts":"1790000000300"}]})",
          "side: expected buy or sell");
    CHECK_THROWS(
        decode(books("update", R"({"asks":[["1.05","1"]],"bids":[],"ts":"1790000000300"})")),
        PrecisionError, "asks[0] price: expected a multiple of the tick 0.1");
}

void a_frame_is_an_error_wherever_it_is_cut() {
    for (std::size_t size = 0; size < update.size(); ++size) {
        CHECK_THROWS(decode(update.substr(0, size)), DecodeError, "expected");
    }
}

}  // namespace

int main() {
    return run_tests({
        an_update_names_the_id_before_it,
        a_snapshot_follows_nothing,
        a_checksum_that_is_told_is_kept_also_beside_a_chain,
        without_ids_and_checksum_nothing_is_proved,
        a_frame_has_an_event_for_each_of_its_data,
        pictures_have_no_chain,
        trades_tell_the_taker,
        symbols_that_are_not_meant_have_no_levels,
        other_messages_are_told_by_their_word,
        what_is_wrong_is_named,
        a_frame_is_an_error_wherever_it_is_cut,
    });
}
