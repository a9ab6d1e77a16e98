// Headerless research CSV: pictures as Python list literals, and aggregate trades.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/research.hpp"

namespace {

using obcore::absent;
using obcore::DecodeError;
using obcore::Event;
using obcore::Grid;
using obcore::IdRule;
using obcore::Kind;
using obcore::Level;
using obcore::Nanos;
using obcore::PrecisionError;
using obcore::Side;
using obcore::Step;
using obcore::research::Decoder;

Grid grid() {
    return {Step::from_text("0.0001"), Step::from_text("0.1")};
}

constexpr Nanos millisecond = 1'000'000;
constexpr Nanos event_time = 1'700'000'000'000 * millisecond;

Event decode(std::string_view row) {
    Decoder decoder;
    Event event;
    CHECK(decoder.line(row, grid(), event));
    CHECK(!decoder.finish(event));
    return event;
}

// Both sides as they stand in the file, with their CSV quotes.
std::string depth_row(const std::string& bids, const std::string& asks) {
    return "depthUpdate,1700000000000,1700000000005,BTCUSDT,10,12,9," + bids + "," + asks;
}

void a_depth_row_is_a_picture() {
    const Event event =
        decode(depth_row(R"("[['0.5210','120'],['0.5209','7']]")", R"("[['0.5211','3.5']]")"));

    CHECK(event.kind == Kind::topn);
    CHECK(event.rule == IdRule::none);
    CHECK(event.symbol == "BTCUSDT");
    CHECK(event.ids.first == 10);
    CHECK(event.ids.last == 12);
    CHECK(event.ids.previous == 9);
    CHECK(event.ts_event_ns == event_time + 5 * millisecond);
    CHECK(event.ts_recv_ns == absent);
    CHECK(event.bids == std::vector<Level>{{5210, 1200}, {5209, 70}});
    CHECK(event.asks == std::vector<Level>{{5211, 35}});
}

void a_picture_without_transact_time_and_ids_is_read() {
    const Event event = decode("depthUpdate,1700000000000,,BTCUSDT,,12,,[],()");

    CHECK(event.ts_event_ns == event_time);
    CHECK(event.ids.first == absent);
    CHECK(event.ids.last == 12);
    CHECK(event.ids.previous == absent);
    CHECK(event.bids.empty());
    CHECK(event.asks.empty());
}

void all_ways_in_which_python_prints_levels_are_read() {
    const std::vector<Level> one_bid{{5210, 1200}};
    const std::vector<Level> two_bids{{5210, 1200}, {5209, 70}};
    for (const char* bids : {
             R"([['0.5210', '120'], ['0.5209', '7']])",
             R"([[""0.5210"", ""120""], [""0.5209"", ""7""]])",
             "[[0.5210, 120.0], [0.5209, 7]]",
             "[(0.521, 120), (0.5209, 7.0)]",
             "((0.521, 120), (0.5209, 7.0))",
             "[[0.521,120],[5.209e-1,7],]",
             "( [ '0.5210' , 120 ] , [ 0.5209 , '7' ] )",
         }) {
        CHECK(decode(depth_row('"' + std::string(bids) + '"', "[]")).bids == two_bids);
    }
    CHECK(decode(depth_row("\"((0.521, 120),)\"", "[]")).bids == one_bid);
}

void an_aggregate_trade_has_the_side_of_its_taker() {
    const std::string start = "aggTrade,1700000000000,77,BTCUSDT,0.5210,2,100,101,";
    const Event sell = decode(start + "1700000000005,True");
    const Event buy = decode(start + ",false");

    CHECK(sell.kind == Kind::trade);
    CHECK(sell.symbol == "BTCUSDT");
    CHECK(sell.trade.id == 77);
    CHECK(sell.trade.price == 5210);
    CHECK(sell.trade.size == 20);
    CHECK(sell.trade.taker == Side::ask);
    CHECK(sell.ts_event_ns == event_time + 5 * millisecond);
    CHECK(sell.ts_recv_ns == absent);
    CHECK(buy.trade.taker == Side::bid);
    CHECK(buy.ts_event_ns == event_time);
}

void the_first_row_is_recognised() {
    CHECK(Decoder::recognises(depth_row(R"("[['1','2']]")", "[]")));
    CHECK(Decoder::recognises("aggTrade,1,2,BTCUSDT,1,2,3,4,5,True"));
    CHECK(!Decoder::recognises("aggTrade,1,2,BTCUSDT,1,2,3,4,5"));
    CHECK(!Decoder::recognises("depthUpdate,1,2,BTCUSDT,1,2,3,[],[],"));
    CHECK(!Decoder::recognises("depthUpdate,1,2,BTCUSDT,1,2,3,[],\"["));
    CHECK(!Decoder::recognises("bookTicker,1,2,BTCUSDT,1,2,3,[],[]"));
    CHECK(!Decoder::recognises(R"({"e":"depthUpdate"})"));
    CHECK(!Decoder::recognises(""));
    CHECK(Decoder().format() == "headerless research CSV");
}

void rows_of_another_shape_are_errors() {
    CHECK_THROWS(decode(""), DecodeError, "type: expected depthUpdate or aggTrade");
    CHECK_THROWS(decode("kline,1,2"), DecodeError, "type: expected depthUpdate or aggTrade");
    CHECK_THROWS(decode("depthUpdate"), DecodeError, "row: expected 9 fields, received 1");
    CHECK_THROWS(decode("depthUpdate,1,2,BTCUSDT,1,2,3,[['1','2']],[]"), DecodeError,
                 "row: expected 9 fields, received 10");
    CHECK_THROWS(decode("aggTrade,1,2,BTCUSDT,1,2,3,4,5"), DecodeError,
                 "row: expected 10 fields, received 9");
    CHECK_THROWS(decode(depth_row("\"[", "[]")), DecodeError, "closing quote");
}

void literals_of_another_grammar_are_errors() {
    const auto fails = [](const std::string& bids, std::string_view part) {
        CHECK_THROWS(decode(depth_row('"' + bids + '"', "[]")), DecodeError, part);
    };
    fails("", "bids: expected '[' or '(', received the end");
    fails("None", "bids: expected '[' or '('");
    fails("[", "bids: expected '[' or '(', received the end");
    fails("[]]", "bids: expected the end of the list");
    fails("[[1,2]", "bids: expected ',', received the end");
    fails("[[1,2)]", "bids: expected ']'");
    fails("[[1,2],[3,4])", "bids: expected ','");
    fails("[[1]]", "bids: expected ','");
    fails("[[1,2,3]]", "bids: expected ']'");
    fails("[[]]", "bids[0] price: expected a decimal");
    fails("[[1,]]", "bids[0] size: expected a decimal");
    fails("[,]", "bids: expected '[' or '('");
    fails("[[1,2],,]", "bids: expected '[' or '('");
    fails("[[1,2][3,4]]", "bids: expected ','");
    fails("[[1,2", "bids: expected a number and what ends it");
    fails("[['1,2]]", "bids: expected a number and what ends it");
    fails("[[''1'',2]]", "bids[0] price: expected a decimal");
    fails("{1: 2}", "bids: expected '[' or '('");
    fails("[[__import__('os').system('true'),2]]", "bids[0] price: expected a decimal");
    fails("[[Decimal('1'),2]]", "bids[0] price: expected a decimal");
    fails("[[1,nan]]", "bids[0] size: expected a decimal, received nan");
    fails("[[1,2],[inf,2]]", "bids[1] price: expected a decimal");
    fails("[[None,2]]", "bids[0] price: expected a decimal");
    fails("[[0,2]]", "bids[0] price: expected a price above 0");
    fails("[[1,-2]]", "bids[0] size: expected a size of 0 or more");
    fails("[[1_000,2]]", "bids[0] price: expected a decimal");
    fails(std::string(1 << 21, '['), "bids: expected a number and what ends it");
    fails("[[" + std::string(1 << 21, '9') + ",1]]", "bids[0] price");
    fails("[[1,2]" + std::string(1 << 21, ' '), "bids: expected ',', received the end");
}

void a_literal_is_an_error_wherever_it_is_cut() {
    const std::string whole = "[['0.5210', 120], (0.5209, '7')]";
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_THROWS(decode(depth_row('"' + whole.substr(0, size) + '"', "[]")), DecodeError,
                     "bids");
    }
}

void numbers_finer_or_larger_than_the_grid_are_precision_errors() {
    const auto fails = [](const std::string& asks, std::string_view part) {
        CHECK_THROWS(decode(depth_row("[]", '"' + asks + '"')), PrecisionError, part);
    };
    fails("[[0.5,1],[0.52105,1]]", "asks[1] price: expected a multiple of the tick 0.0001");
    fails("[['0.5','0.05']]", "asks[0] size: expected a multiple of the lot 0.1");
    fails("[[1e30,1]]", "asks[0] price: expected a number within int64");
    fails("[[1,9223372036854775807]]", "asks[0] size: expected a number within int64");
}

void wrong_times_ids_and_flags_name_the_field() {
    const auto fails = [](std::string_view row, std::string_view part) {
        CHECK_THROWS(decode(row), DecodeError, part);
    };
    fails("depthUpdate,,,BTCUSDT,1,2,3,[],[]", "event_time: expected an integer");
    fails("depthUpdate,1700000000000,x,BTCUSDT,1,2,3,[],[]", "transact_time");
    fails("depthUpdate,1,,BTCUSDT,1,2,3,[],[]", "event_time: expected a time since 1970");
    fails("depthUpdate,1700000000000,,BTCUSDT,1.0,2,3,[],[]", "u1: expected an integer");
    fails("depthUpdate,1700000000000,,BTCUSDT,1,99999999999999999999,3,[],[]", "u2");
    fails("depthUpdate,1700000000000,,BTCUSDT,1,2,x,[],[]", "u3");
    fails("aggTrade,1700000000000,,BTCUSDT,1,2,3,4,,True", "agg_trade_id");
    fails("aggTrade,1700000000000,7,BTCUSDT,1,2,x,4,,True", "first_trade_id");
    fails("aggTrade,1700000000000,7,BTCUSDT,1,2,3,,,True", "last_trade_id");
    fails("aggTrade,1700000000000,7,BTCUSDT,1,2,3,4,,1",
          "is_buyer_maker: expected True or False");
    fails("aggTrade,1700000000000,7,BTCUSDT,1,2,3,4,,", "is_buyer_maker");
    fails("aggTrade,1700000000000,7,BTCUSDT,nan,2,3,4,,True", "price: expected a decimal");
    fails("aggTrade,1700000000000,7,BTCUSDT,1,-2,3,4,,True", "size: expected a size of 0");
}

void a_row_that_throws_can_be_given_again() {
    Decoder decoder;
    Event event;
    const std::string row = depth_row(R"("[[0.5210, 120],[0.52095, 7]]")", "[]");
    CHECK_THROWS(decoder.line(row, grid(), event), PrecisionError, "bids[1] price");

    decoder.rescale({.price = 10, .size = 1});
    CHECK(decoder.line(row, {Step::from_text("0.00001"), Step::from_text("0.1")}, event));

    CHECK(event.bids == std::vector<Level>{{52100, 1200}, {52095, 70}});
}

}  // namespace

int main() {
    return run_tests({
        a_depth_row_is_a_picture,
        a_picture_without_transact_time_and_ids_is_read,
        all_ways_in_which_python_prints_levels_are_read,
        an_aggregate_trade_has_the_side_of_its_taker,
        the_first_row_is_recognised,
        rows_of_another_shape_are_errors,
        literals_of_another_grammar_are_errors,
        a_literal_is_an_error_wherever_it_is_cut,
        numbers_finer_or_larger_than_the_grid_are_precision_errors,
        wrong_times_ids_and_flags_name_the_field,
        a_row_that_throws_can_be_given_again,
    });
}
