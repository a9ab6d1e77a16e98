// Binance's messages, raw and in the envelope, and the rules by which their ids follow each
// other.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "binance_messages.hpp"
#include "check.hpp"
#include "dice.hpp"
#include "obcore/binance.hpp"

namespace {

using namespace obcore;
using binance::Decoder;
using Levels = std::vector<Level>;

constexpr Nanos ms = 1'000'000;

Event decode(std::string_view json, Decoder::BareDepth bare_depth = Decoder::BareDepth::diff) {
    const Grid grid{Step::from_text("0.01"), Step::from_text("0.00000001")};
    Decoder decoder(bare_depth);
    Event event;
    event.symbol = "left over";
    decoder.decode(json, grid, event);
    return event;
}

std::string replaced(std::string text, std::string_view part, std::string_view by) {
    CHECK(text.find(part) != std::string::npos);
    return text.replace(text.find(part), part.size(), by);
}

bool same(const Event& a, const Event& b) {
    const auto parts = [](const Event& e) {
        return std::tuple(e.kind, e.rule, e.ids.first, e.ids.last, e.ids.previous,
                          e.ts_event_ns, e.bids, e.asks, e.trade.price, e.trade.size,
                          e.trade.taker, e.trade.id, e.symbol, e.name);
    };
    return parts(a) == parts(b);
}

// ---- Payloads -----------------------------------------------------------------------------

void a_spot_diff_is_a_delta() {
    for (const std::string& json : {spot_diff, enveloped("btcusdt@depth@100ms", spot_diff)}) {
        const Event event = decode(json);

        CHECK(event.kind == Kind::delta && event.rule == IdRule::binance_spot);
        CHECK(event.ids.first == 9100000101 && event.ids.last == 9100000109);
        CHECK(event.ids.previous == absent);
        CHECK(event.ts_event_ns == 1790000000123 * ms && event.ts_recv_ns == absent);
        CHECK(event.symbol == "BTCUSDT");
        CHECK(event.bids == Levels{{6425010, 35'000'000}, {6424900, 0}});
        CHECK(event.asks == Levels{{6425011, 120'000'000}});
    }
}

void a_futures_diff_is_a_delta_with_the_matching_time() {
    for (const std::string& json :
         {futures_diff, enveloped("btcusdt@depth@0ms", futures_diff)}) {
        const Event event = decode(json);

        CHECK(event.kind == Kind::delta && event.rule == IdRule::binance_futures);
        CHECK(event.ids.first == 880200100311 && event.ids.last == 880200100377);
        CHECK(event.ids.previous == 880200100298);
        CHECK(event.ts_event_ns == 1790000000119 * ms);
        CHECK(event.asks == Levels{{6425020, 0}});
    }
}

void a_stream_name_tells_partial_depth_from_a_diff() {
    for (const char* stream : {"btcusdt@depth5", "btcusdt@depth20@100ms", "x@depth10@500ms"}) {
        const Event futures = decode(enveloped(stream, futures_diff));
        CHECK(futures.kind == Kind::topn && futures.enveloped && futures.bids.size() == 2);
        CHECK(decode(enveloped(stream, spot_diff)).kind == Kind::topn);
    }
    for (const char* stream : {"btcusdt@depth", "btcusdt@depth@100ms", "btcusdt@depth@0ms"}) {
        CHECK(decode(enveloped(stream, futures_diff)).kind == Kind::delta);
    }
    CHECK(decode(futures_diff).kind == Kind::delta && !decode(futures_diff).enveloped);
    CHECK(decode(futures_diff, Decoder::BareDepth::topn).kind == Kind::topn);
    const Event retail = decode(enveloped("btcusdt@rpiDepth@500ms", futures_diff));
    CHECK(retail.kind == Kind::unknown && retail.name == "rpiDepth" && retail.bids.empty());
}

void a_bare_picture_is_a_snapshot_and_an_enveloped_one_the_top() {
    const Event snapshot = decode(picture);
    const Event top = decode(enveloped("btcusdt@depth20@100ms", picture));

    CHECK(snapshot.kind == Kind::snapshot && snapshot.rule == IdRule::binance_spot);
    CHECK(snapshot.symbol.empty() && snapshot.ids.last == 9100000109);
    CHECK(snapshot.bids == Levels{{6425010, 35'000'000}});
    CHECK(top.kind == Kind::topn && top.symbol == "BTCUSDT");
    CHECK(decode(picture, Decoder::BareDepth::topn).kind == Kind::topn);
}

void a_futures_snapshot_has_a_time_and_coin_margined_a_symbol() {
    const Event usd = decode(futures_snapshot);
    const Event coin =
        decode(replaced(futures_snapshot, "{", R"({"symbol":"BTCUSD_PERP","pair":"BTCUSD",)"));

    CHECK(usd.kind == Kind::snapshot && usd.rule == IdRule::binance_futures);
    CHECK(usd.ts_event_ns == 1790000000117 * ms && usd.asks.empty());
    CHECK(coin.symbol == "BTCUSD_PERP" && coin.ids.last == 880200100350);
}

void the_side_of_a_trade_is_its_takers() {
    for (const std::string& json : {trade, enveloped("btcusdt@trade", trade)}) {
        const Event event = decode(json);
        CHECK(event.kind == Kind::trade && event.trade.taker == Side::ask);
        CHECK(event.trade.price == 6425010 && event.trade.size == 1'200'000);
        CHECK(event.trade.id == 4411223344 && event.ts_event_ns == 1790000000130 * ms);
    }
    const Event aggregate = decode(agg_trade);
    CHECK(aggregate.trade.taker == Side::bid && aggregate.trade.id == 3300112233);
    CHECK(aggregate.trade.size == 4'100'000);
}

void only_order_book_trades_are_trades() {
    const auto with = [](const char* type) {
        return decode(replaced(trade, "{", R"({"X":")" + std::string(type) + R"(",)"));
    };
    CHECK(with("MARKET").kind == Kind::trade);
    for (const char* type : {"INSURANCE_FUND", "ADL", "NA", ""}) {
        CHECK(with(type).kind == Kind::off_book && with(type).name == type);
    }
}

void a_best_bid_and_ask_is_never_a_book() {
    for (const std::string& json :
         {spot_ticker, enveloped("btcusdt@bookTicker", spot_ticker)}) {
        const Event event = decode(json);
        CHECK(event.kind == Kind::bbo && event.ts_event_ns == absent);
        CHECK(event.bids == Levels{{6425010, 35'000'000}} && event.asks.size() == 1);
    }
    const Event futures = decode(futures_ticker);
    CHECK(futures.kind == Kind::bbo && futures.ts_event_ns == 1790000000119 * ms);
    const Event empty =
        decode(replaced(replaced(spot_ticker, "64250.10", "0.00"), "0.35000000", "0.00000000"));
    CHECK(empty.kind == Kind::bbo && empty.bids.empty() && empty.asks.size() == 1);
}

void what_is_not_market_data_is_control() {
    for (const char* json : {R"({"result":null,"id":7})", R"({"result":["a@depth"],"id":8})",
                             R"({"code":2,"msg":"Invalid request: …","id":7})",
                             R"({"id":"x","result":{"bids":3}})"}) {
        CHECK(decode(json).kind == Kind::control);
    }
    const std::string leaving = R"({"e":"serverShutdown","E":1790000000000})";
    for (const std::string& json : {leaving, enveloped("!serverShutdown", leaving)}) {
        const Event event = decode(json);
        CHECK(event.kind == Kind::control && event.name == "serverShutdown");
    }
}

void unknown_kinds_are_skipped_whatever_they_hold() {
    const auto skipped = [](const std::string& json, std::string_view name) {
        const Event event = decode(json);
        return event.kind == Kind::unknown && event.name == name && event.bids.empty();
    };
    CHECK(skipped(R"({"e":"kline","s":"X","k":{"t":1,"b":[[]]},"b":"x","a":[1,[2]],"U":null})",
                  "kline"));
    CHECK(skipped(R"({"b":[[1,2,"x"]],"bids":{},"lastUpdate":1})", "(no event name)"));
    CHECK(skipped(enveloped("!ticker@arr", R"([{"e":"24hrTicker"}])"), "!ticker@arr"));
    CHECK(skipped(enveloped("x@new", "{}"), "x@new"));
    CHECK(skipped("{}", "(no event name)"));
}

// Members in any order, spaces anywhere, keys of tomorrow: the same event.
void the_order_of_the_keys_means_nothing() {
    const std::vector<std::vector<std::string>> messages{
        {R"("e":"depthUpdate")", R"("E":1790000000125)", R"("T":1790000000119)", R"("s":"X")",
         R"("U":11)", R"("u":17)", R"("pu":9)", R"("b":[["1.10","4"],[2,0,"7",[]]])",
         R"("a":[["1.2","0.0"]])", R"("new":{"b":[["x"]]})"},
        {R"("lastUpdateId":9)", R"("bids":[["5.0","3"]])", R"("asks":[])", R"("x":[[1],{}])"},
        {R"("e":"aggTrade")", R"("s":"X")", R"("a":5)", R"("p":"1")", R"("q":"2")",
         R"("T":1790000000130)", R"("m":true)", R"("b":null)"},
    };
    Dice dice(3);
    for (std::vector<std::string> members : messages) {
        const auto joined = [&] {
            std::string text;
            for (const std::string& member : members) text += "\r\n, \t" + member;
            return "{" + text.substr(3) + "}";
        };
        const Event wanted = decode(joined());
        CHECK(wanted.kind != Kind::unknown);
        for (int i = 0; i < 300; ++i) {
            std::ranges::shuffle(members, dice.engine);
            CHECK(same(decode(joined()), wanted));
            const std::string data_first = R"({"data":)" + joined() + R"(,"stream":"x@depth"})";
            CHECK(same(decode(data_first), decode(enveloped("x@depth", joined()))));
        }
    }
}

void ids_times_and_numbers_are_read_exactly() {
    const auto diff_with = [](std::string_view part, std::string_view by) {
        return decode(replaced(spot_diff, part, by));
    };
    const Level best{6425010, 35'000'000};

    CHECK(diff_with("1790000000123", "1790000000123456").ts_event_ns == 1790000000123456'000);
    CHECK(diff_with("9100000109", "9007199254740993").ids.last == 9007199254740993);
    CHECK(diff_with("9100000101", R"("9100000101")").ids.first == 9100000101);
    CHECK(diff_with(R"("64250.10","0.35000000")", "64250.1,3.5e-1").bids[0] == best);
}

// ---- What is wrong ------------------------------------------------------------------------

struct Wrong {
    std::string_view part;
    std::string_view by;
    std::string_view error;
};

void check_wrong(const std::string& message, const std::vector<Wrong>& cases) {
    for (const Wrong& wrong : cases) {
        const std::string json = replaced(message, wrong.part, wrong.by);
        CHECK_THROWS(decode(json), DecodeError, wrong.error);
        CHECK_THROWS(decode(enveloped("x@depth20", json)), DecodeError, "expected");
    }
}

void a_malformed_depth_names_what_is_wrong() {
    check_wrong(spot_diff,
                {{R"("U":9100000101,)", "", "U: expected this key"},
                 {"9100000101", "1.5", "U: expected an integer of 64 bits, received 1.5"},
                 {"9100000101", "null", "U: expected an integer of 64 bits, received null"},
                 {"9100000101", "9223372036854775808", "U: expected an integer of 64 bits"},
                 {"9100000101", "9100000110", "u: expected an id of at least U = 9100000110"},
                 {R"("E":1790000000123,)", "", "E: expected this key"},
                 {"1790000000123", "5", "E: expected a time since 1970"},
                 {"1790000000123", "-1790000000123", "E: expected a time since 1970"},
                 {R"("s":"BTCUSDT",)", "", "s: expected this key"},
                 {R"("BTCUSDT")", "7", "s: expected a string, received 7"},
                 {R"("s":)", R"("s":"A","s":)", "s: expected this key once"},
                 {R"([["64250.11","1.20000000"]])", "null", "a: expected an array of levels"},
                 {R"(,"a":[["64250.11","1.20000000"]])", "", "a: expected this key"},
                 {"64250.10", "64250.105", "b[0] price: expected a multiple of the tick"},
                 {"64249.00", "-1", "b[1] price: expected a price above 0, received -1"},
                 {"64249.00", "0", "b[1] price: expected a price above 0, received 0"},
                 {"64250.11", "1e30", "a[0] price: expected a number within int64"},
                 {"0.35000000", "-0.1", "b[0] size: expected a size of 0 or more"},
                 {"0.35000000", "NaN", "b[0] size: expected a decimal, received NaN"},
                 {"0.35000000", "0.350000001", "b[0] size: expected a multiple of the lot"},
                 {R"("0.35000000")", "true", "b[0] size: expected a decimal, received true"},
                 {R"(,"0.35000000")", "", "JSON byte"},
                 {R"(["64250.10","0.35000000"])", R"("64250.10")", "expected '['"},
                 {"depthUpdate\"", "depthUpdate", "JSON byte"}});
    check_wrong(futures_diff, {{"880200100298", "x", "JSON byte"},
                               {"880200100298", "[]", "pu: expected an integer of 64 bits"}});
    check_wrong(picture, {{"9100000109", R"("x")", "lastUpdateId: expected an integer"},
                          {R"("bids")", R"("bid")", "bids: expected this key"}});
}

void a_malformed_trade_or_ticker_names_what_is_wrong() {
    check_wrong(trade, {{R"("64250.10")", "64250.10", "p: expected a string"},
                        {R"("t":4411223344,)", "", "t: expected this key"},
                        {R"("m":true)", R"("m":1)", "m: expected true or false, received 1"},
                        {R"("m":true,)", "", "m: expected true or false, received nothing"},
                        {"0.01200000", "-1", "q size: expected a size of 0 or more"}});
    check_wrong(spot_ticker, {{"0.35000000", "x", "B size: expected a decimal, received x"},
                              {"9100000109", "{}", "u: expected an integer of 64 bits"}});
}

void a_message_cut_anywhere_is_an_error() {
    for (const std::string* json :
         {&spot_diff, &futures_diff, &picture, &trade, &spot_ticker}) {
        const std::string whole = enveloped("btcusdt@x", *json);
        for (std::size_t length = 0; length < whole.size(); ++length) {
            CHECK_THROWS(decode(whole.substr(0, length)), DecodeError, "expected");
        }
        CHECK_THROWS(decode(whole + "}"), DecodeError, "the end of the JSON text");
        CHECK_THROWS(decode(whole + whole), DecodeError, "the end of the JSON text");
    }
}

}  // namespace

int main() {
    return run_tests({
        a_spot_diff_is_a_delta,
        a_futures_diff_is_a_delta_with_the_matching_time,
        a_stream_name_tells_partial_depth_from_a_diff,
        a_bare_picture_is_a_snapshot_and_an_enveloped_one_the_top,
        a_futures_snapshot_has_a_time_and_coin_margined_a_symbol,
        the_side_of_a_trade_is_its_takers,
        only_order_book_trades_are_trades,
        a_best_bid_and_ask_is_never_a_book,
        what_is_not_market_data_is_control,
        unknown_kinds_are_skipped_whatever_they_hold,
        the_order_of_the_keys_means_nothing,
        ids_times_and_numbers_are_read_exactly,
        a_malformed_depth_names_what_is_wrong,
        a_malformed_trade_or_ticker_names_what_is_wrong,
        a_message_cut_anywhere_is_an_error,
    });
}
