// Book pictures as JSON lines: their times, their levels, and lines that are wrong.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/pictures.hpp"

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
using obcore::Step;
using obcore::pictures::Decoder;

Grid grid() {
    return {Step::from_text("0.1"), Step::from_text("0.001")};
}

Event decode(std::string_view json) {
    Decoder decoder;
    Event event;
    decoder.decode(json, grid(), event);
    return event;
}

// A line with this timestamp; the text is JSON.
Nanos time_of(const std::string& timestamp) {
    return decode(R"({"type":"book","timestamp":)" + timestamp + R"(,"bids":[],"asks":[]})")
        .ts_event_ns;
}

// A line with these bids; the text is JSON.
std::string with_bids(const std::string& bids) {
    return R"({"type":"book","timestamp":1700000000,"bids":)" + bids + R"(,"asks":[]})";
}

constexpr std::string_view whole =
    R"({"type":"book","exchange":"binance","symbol":"BTC/USDT","timestamp":1700000000123,)"
    R"("bids":[["64250.1","0.35"],["64250.0","1"]],"asks":[["64250.2","0.001"]]})";

void a_line_is_a_picture_of_both_sides() {
    const Event event = decode(whole);

    CHECK(event.kind == Kind::topn);
    CHECK(event.rule == IdRule::none);
    CHECK(event.symbol == "BTC/USDT");
    CHECK(event.ts_event_ns == 1'700'000'000'123'000'000);
    CHECK(event.ts_recv_ns == absent);
    CHECK(event.ids.last == absent);
    CHECK(event.bids == std::vector<Level>{{642501, 350}, {642500, 1000}});
    CHECK(event.asks == std::vector<Level>{{642502, 1}});
}

void the_order_of_the_keys_does_not_matter() {
    const Event event = decode(
        R"( { "asks" : [ [ 64250.2 , 1e-3 ] ], "bids":[[64250.1,0.35,7],[64250,1,{}]],)"
        R"("nonce":null,"timestamp":"1700000000.123","other":{"bids":[[]]},"type":"book" } )");

    CHECK(event.kind == Kind::topn);
    CHECK(event.ts_event_ns == 1'700'000'000'123'000'000);
    CHECK(event.symbol.empty());
    CHECK(event.bids == std::vector<Level>{{642501, 350}, {642500, 1000}});
    CHECK(event.asks == std::vector<Level>{{642502, 1}});
}

void an_event_can_be_filled_again() {
    Decoder decoder;
    Event event;
    decoder.decode(whole, grid(), event);
    decoder.decode(with_bids("[]"), grid(), event);

    CHECK(event.bids.empty());
    CHECK(event.asks.empty());
    CHECK(event.symbol.empty());
}

void another_type_is_told_by_its_name() {
    const Event event = decode(R"({"bids":"no levels","type":"trade","timestamp":null})");

    CHECK(event.kind == Kind::unknown);
    CHECK(event.name == "trade");
    CHECK(event.bids.empty());
}

void a_book_is_recognised() {
    CHECK(Decoder::recognises(whole));
    CHECK(Decoder::recognises(R"({"bids":[],"asks":[],"type":"book"})"));
    CHECK(!Decoder::recognises(R"({"type":"book","bids":[]})"));
    CHECK(!Decoder::recognises(R"({"type":"book_snapshot","bids":[],"asks":[]})"));
    CHECK(!Decoder::recognises(R"({"lastUpdateId":1,"bids":[],"asks":[]})"));
    CHECK(!Decoder::recognises(R"({"type":"book","bids":[],"asks":[])"));
    CHECK(!Decoder::recognises("[]"));
    CHECK(!Decoder::recognises(""));
    CHECK(!Decoder::recognises(std::string(1 << 21, '{')));
}

void an_integer_time_has_the_unit_of_its_magnitude() {
    CHECK(time_of("1700000000") == 1'700'000'000'000'000'000);
    CHECK(time_of("1700000000123") == 1'700'000'000'123'000'000);
    CHECK(time_of("1700000000123456") == 1'700'000'000'123'456'000);
    CHECK(time_of("1700000000123456789") == 1'700'000'000'123'456'789);
    CHECK(time_of("\"1700000000123\"") == 1'700'000'000'123'000'000);
    CHECK(time_of("1700000000123.0") == 1'700'000'000'123'000'000);
    CHECK(time_of("1.7e9") == 1'700'000'000'000'000'000);
}

void decimal_seconds_are_exact_to_the_nanosecond() {
    CHECK(time_of("1700000000.1") == 1'700'000'000'100'000'000);
    CHECK(time_of("1700000000.3197021") == 1'700'000'000'319'702'100);
    CHECK(time_of("1700000000.123456789") == 1'700'000'000'123'456'789);
    CHECK(time_of("\"1700000000.123456789000\"") == 1'700'000'000'123'456'789);
    CHECK(time_of("9223372036.854775807") == 9'223'372'036'854'775'807);
}

void iso_times_are_utc_with_up_to_nine_digits() {
    CHECK(time_of(R"("2023-11-14T22:13:20Z")") == 1'700'000'000'000'000'000);
    CHECK(time_of(R"("2023-11-14T22:13:20.1Z")") == 1'700'000'000'100'000'000);
    CHECK(time_of(R"("2023-11-14T22:13:20.031Z")") == 1'700'000'000'031'000'000);
    CHECK(time_of(R"("2023-11-14T22:13:20.123456+00:00")") == 1'700'000'000'123'456'000);
    CHECK(time_of(R"("2023-11-14T22:13:20.123456789Z")") == 1'700'000'000'123'456'789);
    CHECK(time_of(R"("2024-02-29T00:00:00Z")") == 1'709'164'800'000'000'000);
    CHECK(time_of(R"("2262-04-11T23:47:16.854775807Z")") == 9'223'372'036'854'775'807);
}

void times_that_are_no_times_are_errors() {
    for (const char* text : {
             "0",
             "1",
             "1.5",
             "-1700000000",
             "-1700000000.5",
             "1e400",
             "1e-400",
             "null",
             "true",
             "99999999999999999999",
             "9223372036.854775808",
             "1700000000.1234567891",
             "{}",
             "[]",
             R"("")",
             R"("now")",
             R"("NaN")",
             R"("1700000000 ")",
             R"("0x65")",
             R"("2023-11-14T22:13:20")",
             R"("2023-11-14T22:13:20.Z")",
             R"("2023-11-14T22:13:20.1234567890Z")",
             R"("2023-11-14T22:13:20+01:00")",
             R"("2023-11-14 22:13:20Z")",
             R"("2023-11-14T22:13Z")",
             R"("2023-02-29T00:00:00Z")",
             R"("2023-13-01T00:00:00Z")",
             R"("2023-00-01T00:00:00Z")",
             R"("2023-11-31T00:00:00Z")",
             R"("2023-11-14T24:00:00Z")",
             R"("2023-11-14T22:60:00Z")",
             R"("2023-11-14T22:13:60Z")",
             R"("2023-11-14T22:13:-1Z")",
             R"("1970-01-01T00:00:00Z")",
             R"("9999-01-01T00:00:00Z")",
             R"("2262-04-11T23:47:16.854775808Z")",
             R"("20a3-11-14T22:13:20Z")",
             R"("Z")",
             R"("+00:00")",
             R"("2023-11-14T22:13:20.12x4Z")",
             R"("2023/11/14T22:13:20Z")",
         }) {
        CHECK_THROWS(time_of(text), DecodeError, "timestamp: expected a time since 1970");
    }
}

void a_missing_key_is_an_error() {
    CHECK_THROWS(decode(R"({"type":"book","bids":[],"asks":[]})"), DecodeError,
                 "timestamp: expected this key");
    CHECK_THROWS(decode(R"({"type":"book","timestamp":1700000000,"asks":[]})"), DecodeError,
                 "bids: expected this key");
    CHECK_THROWS(decode(R"({"type":"book","timestamp":1700000000,"bids":[]})"), DecodeError,
                 "asks: expected this key");
    CHECK_THROWS(decode(R"({"timestamp":1700000000,"bids":[],"asks":[]})"), DecodeError,
                 "type: expected this key");
    CHECK_THROWS(decode("{}"), DecodeError, "type: expected this key");
}

void a_key_that_comes_twice_is_an_error() {
    for (const char* twice : {R"("type":"book")", R"("timestamp":1)", R"("bids":[])",
                              R"("asks":[["1","1"]])", R"("symbol":"x")"}) {
        const std::string json =
            std::string(whole.substr(0, whole.size() - 1)) + "," + twice + "}";
        CHECK_THROWS(decode(json), DecodeError,
                     "expected this key once, received the key twice");
    }
}

void values_of_another_type_are_errors() {
    CHECK_THROWS(decode(R"({"type":7})"), DecodeError, "type: expected a string, received 7");
    CHECK_THROWS(decode(R"({"type":"book","symbol":7})"), DecodeError,
                 "symbol: expected a string");
    CHECK_THROWS(decode(with_bids("null")), DecodeError, "bids: expected an array of levels");
    CHECK_THROWS(decode(with_bids("{}")), DecodeError, "bids: expected an array of levels");
    CHECK_THROWS(decode(with_bids("\"[]\"")), DecodeError, "bids: expected an array of levels");
    CHECK_THROWS(decode("[]"), DecodeError, "expected '{'");
    CHECK_THROWS(decode("null"), DecodeError, "expected '{'");
}

void wrong_levels_name_the_side_and_the_index() {
    const auto fails = [](const std::string& bids, std::string_view part) {
        CHECK_THROWS(decode(with_bids(bids)), DecodeError, part);
    };
    fails(R"([["1","2"],["x","1"]])", "bids[1] price: expected a decimal, received x");
    fails(R"([["NaN","1"]])", "bids[0] price: expected a decimal");
    fails(R"([["1","Infinity"]])", "bids[0] size: expected a decimal");
    fails(R"([["1",null]])", "bids[0] size: expected a decimal, received null");
    fails(R"([["0","1"]])", "bids[0] price: expected a price above 0");
    fails(R"([["-1","1"]])", "bids[0] price: expected a price above 0");
    fails(R"([["1","-1"]])", "bids[0] size: expected a size of 0 or more");
    fails(R"([["",""]])", "bids[0] price: expected a decimal");
    fails(R"([[NaN,1]])", "expected a JSON value");
    fails(R"([["1"]])", "expected ','");
    fails(R"([[]])", "expected");
    fails(R"([{"price":1}])", "expected '['");
    fails(R"([["1","2"],])", "expected '['");
    fails(R"([["1","2"]["1","2"]])", "expected ']'");
    fails(R"([["1","2",[[[]]])", "expected");
    fails("[[" + std::string(1 << 21, '9') + ",1]]", "bids[0] price");
    fails("[[1,1," + std::string(1 << 21, '['), "at most 64 levels of nesting");
    fails(std::string(1 << 21, '['), "expected");
}

void numbers_finer_or_larger_than_the_grid_are_precision_errors() {
    const auto fails = [](const std::string& bids, std::string_view part) {
        CHECK_THROWS(decode(with_bids(bids)), PrecisionError, part);
    };
    fails("[[64250.15,1]]", "bids[0] price: expected a multiple of the tick 0.1");
    fails("[[64250.1,0.0001]]", "bids[0] size: expected a multiple of the lot 0.001");
    fails("[[1e20,1]]", "bids[0] price: expected a number within int64");
    fails("[[1,1e300]]", "bids[0] size: expected a number within int64");
}

void a_line_is_an_error_wherever_it_is_cut() {
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_THROWS(decode(whole.substr(0, size)), DecodeError, "expected");
    }
    CHECK_THROWS(decode(std::string(whole) + "}"), DecodeError,
                 "expected the end of the JSON text");
    CHECK_THROWS(decode(std::string(whole) + std::string(whole)), DecodeError,
                 "expected the end of the JSON text");
}

}  // namespace

int main() {
    return run_tests({
        a_line_is_a_picture_of_both_sides,
        the_order_of_the_keys_does_not_matter,
        an_event_can_be_filled_again,
        another_type_is_told_by_its_name,
        a_book_is_recognised,
        an_integer_time_has_the_unit_of_its_magnitude,
        decimal_seconds_are_exact_to_the_nanosecond,
        iso_times_are_utc_with_up_to_nine_digits,
        times_that_are_no_times_are_errors,
        a_missing_key_is_an_error,
        a_key_that_comes_twice_is_an_error,
        values_of_another_type_are_errors,
        wrong_levels_name_the_side_and_the_index,
        numbers_finer_or_larger_than_the_grid_are_precision_errors,
        a_line_is_an_error_wherever_it_is_cut,
    });
}
