// Tardis CSV: the splitter, the header, the groups of a book file, and rows that are wrong.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check.hpp"
#include "obcore/csv.hpp"
#include "obcore/tardis.hpp"

namespace {

using obcore::absent;
using obcore::DecodeError;
using obcore::Event;
using obcore::Grid;
using obcore::IdRule;
using obcore::Kind;
using obcore::Level;
using obcore::Lots;
using obcore::max_csv_fields;
using obcore::max_price_ticks;
using obcore::Nanos;
using obcore::PrecisionError;
using obcore::Side;
using obcore::Step;
using obcore::Ticks;
using obcore::tardis::Decoder;
using obcore::tardis::ToldPrices;

constexpr std::string_view book_header =
    "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount";
constexpr std::string_view trades_header =
    "exchange,symbol,timestamp,local_timestamp,id,side,price,amount";
constexpr std::string_view quotes_header =
    "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount";
constexpr std::string_view pictures_header =
    "exchange,symbol,timestamp,local_timestamp,asks[0].price,asks[0].amount,bids[0].price,"
    "bids[0].amount,asks[1].price,asks[1].amount,bids[1].price,bids[1].amount";

constexpr Nanos second = 1'000'000'000;
constexpr Nanos day = 1'700'000'000 * second;

Grid grid() {
    return {Step::from_text("0.1"), Step::from_text("0.001")};
}

std::string with(std::string_view header, std::string_view more) {
    return std::string(header) + std::string(more);
}

// "1700000001000000": so many seconds into the day, in Tardis' microseconds.
std::string time(int seconds) {
    return std::to_string(1'700'000'000 + seconds) + "000000";
}

// A row of a book file; `change` is "true,bid,100.1,2" and the like.
std::string row(int local_seconds, const std::string& change,
                const std::string& symbol = "BTCUSDT") {
    return "binance," + symbol + "," + time(0) + "," + time(local_seconds) + "," + change;
}

std::string trade_row(const std::string& rest) {
    return "bitmex,XBTUSD," + time(1) + "," + time(2) + "," + rest;
}

// All events of a book file, the last one included.
std::vector<Event> decode(const std::vector<std::string>& rows) {
    Decoder decoder(book_header);
    std::vector<Event> events;
    Event event;
    for (const std::string& line : rows) {
        if (decoder.line(line, grid(), event)) events.push_back(event);
    }
    if (decoder.finish(event)) events.push_back(event);
    return events;
}

Event decode_one(std::string_view header, const std::string& line) {
    Decoder decoder(header);
    Event event;
    CHECK(decoder.line(line, grid(), event));
    CHECK(!decoder.finish(event));
    return event;
}

void add(std::string_view header, const std::string& line) {
    Decoder decoder(header);
    Event event;
    static_cast<void>(decoder.line(line, grid(), event));
}

using Fields = std::vector<std::string_view>;

Fields split(std::string_view line) {
    Fields fields;
    obcore::split_csv(line, fields);
    return fields;
}

// ---- The splitter ---------------------------------------------------------------------------

void a_line_splits_at_its_commas() {
    CHECK(split("a,b,c") == Fields{"a", "b", "c"});
    CHECK(split("a,,c") == Fields{"a", "", "c"});
    CHECK(split("a,") == Fields{"a", ""});
    CHECK(split(",") == Fields{"", ""});
    CHECK(split("") == Fields{""});
    CHECK(split("a,b\r") == Fields{"a", "b"});
}

void a_quoted_field_may_hold_commas_and_doubled_quotes() {
    CHECK(split(R"("a,b",c)") == Fields{"a,b", "c"});
    CHECK(split(R"(c,"a,b")") == Fields{"c", "a,b"});
    CHECK(split(R"("a""b",c)") == Fields{R"(a""b)", "c"});
    CHECK(split(R"("","""",x)") == Fields{"", R"("")", "x"});
    CHECK(split("\"a\"\r") == Fields{"a"});
    CHECK(split(R"(5" disk,b)") == Fields{R"(5" disk)", "b"});
}

void a_quote_that_does_not_end_is_an_error() {
    CHECK_THROWS(split(R"(a,"b)"), DecodeError, "field 2: expected a closing quote");
    CHECK_THROWS(split(R"(")"), DecodeError, "field 1: expected a closing quote");
    CHECK_THROWS(split(R"("a"")"), DecodeError, "closing quote");
    CHECK_THROWS(split(R"("a"b,c)"), DecodeError, "field 1: expected a comma");
    CHECK_THROWS(split('"' + std::string(1 << 21, ',')), DecodeError, "closing quote");
}

void the_number_of_fields_is_bounded() {
    CHECK(split(std::string(max_csv_fields - 1, ',')).size() == max_csv_fields);
    CHECK_THROWS(split(std::string(max_csv_fields, ',')), DecodeError, "at most 1024 fields");
    CHECK_THROWS(split(std::string(1 << 21, ',')), DecodeError, "at most 1024 fields");
}

// ---- The header -----------------------------------------------------------------------------

void the_header_tells_the_format() {
    CHECK(Decoder(book_header).format() == "tardis incremental_book_L2");
    CHECK(Decoder(trades_header).format() == "tardis trades");
    CHECK(Decoder(quotes_header).format() == "tardis quotes");
    CHECK(Decoder(pictures_header).format() == "tardis book_snapshot");
    CHECK(Decoder(with(book_header, "\r")).format() == "tardis incremental_book_L2");
    for (const auto& header : {book_header, trades_header, quotes_header, pictures_header}) {
        CHECK(Decoder::recognises(header));
    }
}

void other_first_lines_are_not_recognised() {
    CHECK(!Decoder::recognises(""));
    CHECK(!Decoder::recognises(R"({"local_timestamp":1,"symbol":"x"})"));
    CHECK(!Decoder::recognises("depthUpdate,1,2,BTCUSDT,1,2,3,[],[]"));
    CHECK(!Decoder::recognises(row(1, "true,bid,100.1,2")));
    CHECK(!Decoder::recognises("\"symbol,local_timestamp"));
    CHECK(!Decoder::recognises(std::string(1 << 20, ',')));
}

void a_header_that_lacks_a_column_names_it() {
    const std::string start = "exchange,symbol,timestamp,local_timestamp,";
    CHECK_THROWS(Decoder(start + "is_snapshot,side,amount"), DecodeError,
                 "header: expected a column price");
    CHECK_THROWS(Decoder(start + "is_snapshot,price,amount"), DecodeError, "a column side");
    CHECK_THROWS(Decoder(start + "id,side,price"), DecodeError, "a column amount");
    CHECK_THROWS(Decoder(start + "side,price,amount"), DecodeError, "a column id");
    CHECK_THROWS(Decoder(start + "ask_price,bid_price,bid_amount"), DecodeError, "ask_amount");
    CHECK_THROWS(Decoder("symbol,local_timestamp,id,side,price,amount"), DecodeError,
                 "a column timestamp");
    CHECK_THROWS(Decoder(start + "asks[0].price,asks[0].amount,bids[0].price"), DecodeError,
                 "a column bids[0].amount");
    CHECK_THROWS(Decoder(with(pictures_header,
                              ",asks[3].price,asks[3].amount,bids[3].price,"
                              "bids[3].amount")),
                 DecodeError, "a column asks[2].price");
    CHECK_THROWS(Decoder(with(pictures_header, ",asks[999999999999].price")), DecodeError,
                 "a column asks[2].price");
    CHECK_THROWS(Decoder(with(pictures_header, ",bids[0].orders")), DecodeError,
                 "asks[2].price");
}

void a_header_of_another_file_is_refused() {
    const std::string start = "exchange,symbol,timestamp,local_timestamp,";
    CHECK_THROWS(Decoder(start + "funding_timestamp,funding_rate,mark_price"), DecodeError,
                 "header: expected the columns of Tardis");
    CHECK_THROWS(Decoder(start + "type,strike_price,bid_price,bid_amount,ask_price,ask_amount"),
                 DecodeError, "header: expected the columns of Tardis");
    CHECK_THROWS(Decoder(""), DecodeError, "header: expected the columns of Tardis");
    CHECK_THROWS(Decoder(std::string(1 << 20, 'x')), DecodeError, "(1048576 bytes)");
    CHECK_THROWS(Decoder(with(book_header, ",price")), DecodeError,
                 "header: expected every column once, received price twice");
    CHECK_THROWS(Decoder("\"symbol"), DecodeError, "closing quote");
}

void columns_are_found_by_name_and_not_by_place() {
    const Event event =
        decode_one("amount,price,side,extra,id,local_timestamp,timestamp,symbol",
                   "0.5,100.2,sell,?,77," + time(2) + "," + time(1) + ",XBTUSD");

    CHECK(event.trade.price == 1002);
    CHECK(event.trade.size == 500);
    CHECK(event.trade.id == 77);
    CHECK(event.ts_event_ns == day + second);
    CHECK(event.ts_recv_ns == day + 2 * second);
    CHECK(event.symbol == "XBTUSD");
}

// ---- Book files -----------------------------------------------------------------------------

void rows_of_one_local_timestamp_are_one_event() {
    const auto events = decode({row(1, "false,bid,100.1,2"), row(1, "false,ask,100.3,0"),
                                row(2, "false,bid,100.1,0.005")});

    CHECK(events.size() == 2);
    CHECK(events[0].kind == Kind::delta);
    CHECK(events[0].rule == IdRule::none);
    CHECK(events[0].symbol == "BTCUSDT");
    CHECK(events[0].bids == std::vector<Level>{{1001, 2000}});
    CHECK(events[0].asks == std::vector<Level>{{1003, 0}});
    CHECK(events[0].ts_event_ns == day);
    CHECK(events[0].ts_recv_ns == day + second);
    CHECK(events[1].bids == std::vector<Level>{{1001, 5}});
    CHECK(events[1].asks.empty());
    CHECK(events[1].ts_recv_ns == day + 2 * second);
}

void an_event_is_complete_only_at_the_next_local_timestamp() {
    Decoder decoder(book_header);
    Event event;

    CHECK(!decoder.line(row(1, "false,bid,100.1,2"), grid(), event));
    CHECK(!decoder.line(row(1, "false,bid,100.2,2"), grid(), event));
    CHECK(decoder.line(row(2, "false,bid,100.3,2"), grid(), event));
    CHECK(event.bids.size() == 2);
    CHECK(decoder.finish(event));
    CHECK(event.bids == std::vector<Level>{{1003, 2000}});
    CHECK(!decoder.finish(event));
}

void behind_the_end_a_snapshot_starts_anew() {
    Decoder decoder(book_header);
    Event event;
    CHECK(!decoder.line(row(1, "true,bid,100.1,2"), grid(), event));
    CHECK(decoder.line(row(2, "true,bid,100.2,2"), grid(), event));
    CHECK(decoder.finish(event));
    CHECK(event.kind == Kind::delta);

    CHECK(!decoder.line(row(3, "true,bid,100.1,2"), grid(), event));
    CHECK(decoder.finish(event));

    CHECK(event.kind == Kind::snapshot);
    CHECK(!event.repeats_price);
}

void the_venue_time_is_that_of_the_last_row() {
    Decoder decoder(book_header);
    Event event;
    const std::string end = "," + time(9) + ",false,bid,100.1,2";

    CHECK(!decoder.line("x,BTCUSDT," + time(3) + end, grid(), event));
    CHECK(!decoder.line("x,BTCUSDT," + time(2) + end, grid(), event));
    CHECK(decoder.finish(event));

    CHECK(event.ts_event_ns == day + 2 * second);
    CHECK(event.ts_recv_ns == day + 9 * second);
}

void an_empty_file_has_no_event() {
    Decoder decoder(book_header);
    Event event;
    CHECK(!decoder.finish(event));
}

void the_first_snapshot_row_of_a_run_starts_a_snapshot() {
    const auto events = decode({row(1, "false,bid,99.9,1"), row(2, "true,bid,100.1,2"),
                                row(2, "true,ask,100.3,0"), row(3, "false,bid,100.1,0"),
                                row(4, "true,bid,100.2,7")});

    CHECK(events.size() == 4);
    CHECK(events[0].kind == Kind::delta);
    CHECK(events[1].kind == Kind::snapshot);
    CHECK(events[1].asks == std::vector<Level>{{1003, 0}});
    CHECK(events[2].kind == Kind::delta);
    CHECK(events[3].kind == Kind::snapshot);
    for (const Event& event : events) CHECK(!event.repeats_price);
}

void a_snapshot_inside_a_group_voids_what_stands_before_it() {
    const auto events = decode({row(1, "false,bid,99.9,1"), row(1, "true,bid,100.1,2"),
                                row(1, "false,bid,100.1,0"), row(1, "false,ask,100.4,3")});

    CHECK(events.size() == 1);
    CHECK(events[0].kind == Kind::snapshot);
    CHECK(events[0].bids == std::vector<Level>{{1001, 2000}, {1001, 0}});
    CHECK(events[0].asks == std::vector<Level>{{1004, 3000}});
}

void the_last_of_two_snapshots_in_a_group_counts() {
    const auto events = decode({row(1, "true,bid,100.1,2"), row(1, "true,bid,100.1,3"),
                                row(1, "false,ask,100.4,3"), row(1, "true,bid,100.2,4")});

    CHECK(events.size() == 1);
    CHECK(events[0].kind == Kind::snapshot);
    CHECK(events[0].bids == std::vector<Level>{{1002, 4000}});
    CHECK(events[0].asks.empty());
    CHECK(!events[0].repeats_price);
}

void a_snapshot_in_parts_is_merged() {
    const auto events = decode({row(1, "true,bid,100.1,2"), row(2, "true,ask,100.3,2"),
                                row(2, "false,bid,100.1,0"), row(3, "false,ask,100.3,1")});

    CHECK(events.size() == 3);
    CHECK(events[0].kind == Kind::snapshot);
    CHECK(events[1].kind == Kind::delta);
    CHECK(events[1].bids == std::vector<Level>{{1001, 0}});
    CHECK(events[1].asks == std::vector<Level>{{1003, 2000}});
    CHECK(!events[1].repeats_price);
    CHECK(events[2].kind == Kind::delta);
}

void a_price_told_twice_in_a_run_is_noted() {
    const auto events = decode({row(1, "true,bid,100.1,2"), row(2, "true,ask,100.1,2"),
                                row(3, "true,bid,100.1,4"), row(4, "true,bid,100.2,4"),
                                row(5, "false,bid,100.1,4"), row(6, "true,bid,100.1,4")});

    CHECK(events.size() == 6);
    CHECK(!events[1].repeats_price);  // the same price, but of the other side
    CHECK(events[2].repeats_price);
    CHECK(events[2].kind == Kind::delta);
    CHECK(!events[3].repeats_price);
    CHECK(!events[4].repeats_price);
    CHECK(events[5].kind == Kind::snapshot);  // a run of its own
    CHECK(!events[5].repeats_price);
}

void a_run_of_any_length_is_decoded_in_bounded_memory() {
    ToldPrices told;
    for (Ticks price = 1; price <= Ticks{ToldPrices::limit}; ++price) {
        CHECK(told.insert(Side::bid, price));
    }
    CHECK(told.insert(Side::bid, 1));  // no longer watched

    told.clear();
    CHECK(told.insert(Side::bid, 1));
    CHECK(!told.insert(Side::bid, 1));
    CHECK(told.insert(Side::ask, 1));
    CHECK(told.insert(Side::bid, max_price_ticks));
    CHECK(told.insert(Side::ask, -max_price_ticks));
    CHECK(!told.insert(Side::ask, -max_price_ticks));
}

using Books = std::map<std::pair<Side, Ticks>, Lots>;  // both sides in one

void set(Books& books, Side side, const Level& level) {
    books[{side, level.price}] = level.size;
    if (level.size == 0) books.erase({side, level.price});
}

// The documented rule, one row at a time, against events of whole groups.
void any_rows_leave_the_reference_book() {
    std::uint32_t state = 1;  // a fixed sequence, so that a failure can be repeated
    const auto random = [&](std::uint32_t below) {
        state = state * 1'664'525U + 1'013'904'223U;
        return (state >> 16U) % below;
    };
    for (int round = 0; round < 300; ++round) {
        std::vector<std::string> rows;
        std::map<int, Books> wanted;  // by local time in seconds
        Books reference;
        bool was_snapshot = false;
        int seconds = 1;
        for (int i = 0; i < 30; ++i) {
            seconds += random(3) == 0 ? 1 : 0;
            const bool is_snapshot = random(2) == 0;
            const Side side = random(2) == 0 ? Side::bid : Side::ask;
            const Level level{Ticks{1} + random(4), Lots{1000} * random(3)};
            if (is_snapshot && !was_snapshot) reference.clear();
            was_snapshot = is_snapshot;
            set(reference, side, level);
            wanted[seconds] = reference;
            rows.push_back(row(seconds, std::string(is_snapshot ? "true," : "false,") +
                                            (side == Side::bid ? "bid,0." : "ask,0.") +
                                            std::to_string(level.price) + "," +
                                            std::to_string(level.size / 1000)));
        }

        Books books;
        const std::vector<Event> events = decode(rows);

        CHECK(events.size() == wanted.size());
        for (const Event& event : events) {
            if (event.kind == Kind::snapshot) books.clear();
            for (const Level& level : event.bids) set(books, Side::bid, level);
            for (const Level& level : event.asks) set(books, Side::ask, level);
            CHECK(books == wanted[static_cast<int>((event.ts_recv_ns - day) / second)]);
        }
    }
}

void rows_of_other_symbols_are_passed_over_and_counted() {
    Decoder decoder(book_header, obcore::SymbolFilter("btc-usdt"));
    Event event;

    CHECK(!decoder.line(row(1, "true,bid,100.1,2"), grid(), event));
    CHECK(!decoder.line(row(1, "true,bid,7.5,2", "ETHUSDT"), grid(), event));
    CHECK(!decoder.line(row(2, "true,bid,7.5,2", "ETHUSDT"), grid(), event));
    CHECK(!decoder.line(row(1, "true,ask,100.2,3"), grid(), event));

    CHECK(decoder.finish(event));
    CHECK(event.symbol == "BTCUSDT");
    CHECK(event.bids.size() == 1 && event.asks.size() == 1);
    CHECK(decoder.take_passed_over() == 2);
}

void mixed_symbols_are_an_error_at_the_row_that_mixes() {
    for (const int time : {1, 2}) {
        Decoder decoder(book_header);
        Event event;
        CHECK(!decoder.line(row(1, "true,bid,100.1,2"), grid(), event));

        CHECK_THROWS(decoder.line(row(time, "true,bid,100.1,2", "ETHUSDT"), grid(), event),
                     DecodeError, "mixed symbols: expected BTCUSDT");
    }
}

void a_row_that_throws_changes_nothing() {
    Decoder decoder(book_header);
    Event event;
    event.name = "untouched";
    CHECK(!decoder.line(row(1, "true,bid,100.1,2"), grid(), event));

    CHECK_THROWS(decoder.line(row(2, "false,bid,x,2"), grid(), event), DecodeError, "price");
    CHECK_THROWS(decoder.line(row(1, "false,bid,100.1,-2"), grid(), event), DecodeError,
                 "size");
    CHECK_THROWS(decoder.line(row(1, "false,bid,100.1"), grid(), event), DecodeError, "row");
    CHECK(event.name == "untouched");

    CHECK(!decoder.line(row(1, "true,ask,100.3,2"), grid(), event));
    CHECK(decoder.finish(event));
    CHECK(event.kind == Kind::snapshot);
    CHECK(event.bids == std::vector<Level>{{1001, 2000}});
    CHECK(event.asks == std::vector<Level>{{1003, 2000}});
}

void a_finer_grid_takes_the_waiting_rows_along() {
    Decoder decoder(book_header);
    Event event;
    CHECK(!decoder.line(row(1, "true,bid,100.1,2"), grid(), event));
    const std::string finer = row(2, "true,bid,100.15,1");
    CHECK_THROWS(decoder.line(finer, grid(), event), PrecisionError,
                 "multiple of the tick 0.1");

    const Grid fine{Step::from_text("0.01"), Step::from_text("0.001")};
    decoder.rescale({.price = 10, .size = 1});
    CHECK(decoder.line(finer, fine, event));
    CHECK(event.bids == std::vector<Level>{{10010, 2000}});

    CHECK(!decoder.line(row(2, "true,bid,100.1,3"), fine, event));  // the run remembers it too
    CHECK(decoder.finish(event));
    CHECK(event.bids == std::vector<Level>{{10015, 1000}, {10010, 3000}});
    CHECK(event.repeats_price);
}

void a_grid_too_fine_for_the_waiting_rows_changes_nothing() {
    Decoder decoder(book_header);
    Event event;
    CHECK(!decoder.line(row(1, "true,bid,100.1,2"), grid(), event));
    CHECK(!decoder.line(row(1, "true,bid,100000000000.1,2"), grid(), event));

    CHECK_THROWS(decoder.rescale({.price = 100'000'000'000, .size = 1}), PrecisionError,
                 "int64");

    CHECK(decoder.finish(event));
    CHECK(event.bids == std::vector<Level>{{1001, 2000}, {1'000'000'000'001, 2000}});
}

void book_rows_with_wrong_values_name_the_field() {
    const auto fails = [](const std::string& change, std::string_view part) {
        CHECK_THROWS(add(book_header, row(1, change)), DecodeError, part);
    };
    fails("True,bid,100.1,2", "is_snapshot: expected true or false, received True");
    fails(",bid,100.1,2", "is_snapshot");
    fails("true,buy,100.1,2", "side: expected bid or ask, received buy");
    fails("true,,100.1,2", "side");
    fails("true,bid,,2", "price: expected a decimal");
    fails("true,bid,100.1,", "size: expected a decimal");
    fails("true,bid,NaN,2", "price: expected a decimal, received NaN");
    fails("true,bid,inf,2", "price: expected a decimal");
    fails("true,bid,100.1,nan", "size: expected a decimal");
    fails("true,bid,0x1p3,2", "price: expected a decimal");
    fails("true,bid,0,2", "price: expected a price above 0");
    fails("true,bid,-100.1,2", "price: expected a price above 0");
    fails("true,bid,100.1,-2", "size: expected a size of 0 or more");
    fails("true,bid,100.1,2,", "row: expected 8 fields, received 9");
    fails("true,bid,100.1", "row: expected 8 fields, received 7");
    fails("true,bid,100.1,\"2", "field 8: expected a closing quote");
    fails("true,bid,100.1," + std::string(1 << 20, '9'), "size");
}

void numbers_finer_or_larger_than_the_grid_are_precision_errors() {
    const auto fails = [](const std::string& change, std::string_view part) {
        CHECK_THROWS(add(book_header, row(1, change)), PrecisionError, part);
    };
    fails("true,bid,100.15,2", "price: expected a multiple of the tick 0.1, received 100.15");
    fails("true,bid,100.1,0.0001", "size: expected a multiple of the lot 0.001");
    fails("true,bid,99999999999999999999,2", "price: expected a number within int64");
    fails("true,bid,1e300,2", "price: expected a number within int64");
    fails("true,bid,100.1,9223372036854775.808", "size: expected a number within int64");
    add(book_header, row(1, "true,bid,1.001e2,2.0000"));  // the same numbers, written otherwise
}

void times_that_are_no_times_are_errors() {
    const auto fails = [](const std::string& times, std::string_view part) {
        CHECK_THROWS(add(book_header, "x,BTCUSDT," + times + ",true,bid,100.1,2"), DecodeError,
                     part);
    };
    fails("," + time(1), "timestamp: expected an integer");
    fails(time(1) + ",", "local_timestamp: expected an integer");
    fails("x," + time(1), "timestamp: expected an integer");
    fails(time(1) + ",1.5", "local_timestamp: expected an integer");
    fails("0," + time(1), "timestamp: expected a time");
    fails("-1700000000000000," + time(1), "timestamp: expected a time");
    fails("99999999999999999999," + time(1), "timestamp: expected an integer of 64 bits");
}

void a_wrong_row_is_an_error_wherever_it_is_cut() {
    const std::string whole = row(1, "true,bid,100.1,2.5");
    for (std::size_t size = 0; size + 4 < whole.size(); ++size) {
        CHECK_THROWS(add(book_header, whole.substr(0, size)), DecodeError, "expected");
    }
}

// ---- Trades ---------------------------------------------------------------------------------

void a_trade_has_the_side_of_its_taker() {
    const Event buy = decode_one(trades_header, trade_row("9223372036854775807,buy,100.1,2"));
    const Event sell = decode_one(trades_header, trade_row("8,sell,100.2,0.5"));

    CHECK(buy.kind == Kind::trade);
    CHECK(buy.trade.taker == Side::bid);
    CHECK(buy.trade.price == 1001);
    CHECK(buy.trade.size == 2000);
    CHECK(buy.trade.id == 9'223'372'036'854'775'807);
    CHECK(buy.ts_event_ns == day + second);
    CHECK(buy.ts_recv_ns == day + 2 * second);
    CHECK(sell.trade.taker == Side::ask);
}

void a_trade_id_that_is_no_number_is_absent() {
    for (const char* id :
         {"ccc3c1fa-212c-e8b0-1706-9b9c4f3d5ecf", "", "12a", "1.5", "9223372036854775808"}) {
        const Event event = decode_one(trades_header, trade_row(std::string(id) + ",buy,1,2"));
        CHECK(event.kind == Kind::trade);
        CHECK(event.trade.id == absent);
    }
}

void a_trade_of_unknown_side_is_no_trade() {
    const Event event = decode_one(trades_header, trade_row("8,unknown,100.2,0.5"));

    CHECK(event.kind == Kind::unknown);
    CHECK(event.name == "trade of unknown side");
}

void trades_with_wrong_values_name_the_field() {
    CHECK_THROWS(add(trades_header, trade_row("8,bid,100.2,1")), DecodeError,
                 "side: expected buy, sell or unknown, received bid");
    CHECK_THROWS(add(trades_header, trade_row("8,,100.2,1")), DecodeError, "side");
    CHECK_THROWS(add(trades_header, trade_row("8,buy,,1")), DecodeError, "price");
    CHECK_THROWS(add(trades_header, trade_row("8,unknown,100.2,x")), DecodeError, "size");
    CHECK_THROWS(add(trades_header, trade_row("8,buy,100.25,1")), PrecisionError, "price");
    CHECK_THROWS(add(trades_header, trade_row("8,buy,100.2")), DecodeError,
                 "row: expected 8 fields, received 7");
}

// ---- Quotes and pictures --------------------------------------------------------------------

std::string quote_row(const std::string& rest) {
    return "huobi,BTC-USD," + time(1) + "," + time(2) + "," + rest;
}

void a_quote_is_a_picture_of_one_level_a_side() {
    const Event event = decode_one(quotes_header, quote_row("5,100.3,100.2,8"));

    CHECK(event.kind == Kind::topn);
    CHECK(event.rule == IdRule::none);
    CHECK(event.asks == std::vector<Level>{{1003, 5000}});
    CHECK(event.bids == std::vector<Level>{{1002, 8000}});
    CHECK(event.ts_recv_ns == day + 2 * second);
}

void an_empty_side_of_a_quote_is_absent() {
    const Event event = decode_one(quotes_header, quote_row(",,100.2,8"));

    CHECK(event.asks.empty());
    CHECK(event.bids.size() == 1);
    CHECK_THROWS(add(quotes_header, quote_row("5,,100.2,8")), DecodeError,
                 "ask price: expected price and size, or neither");
    CHECK_THROWS(add(quotes_header, quote_row("5,100.3,100.2,")), DecodeError, "bid size");
    CHECK_THROWS(add(quotes_header, quote_row("5,NaN,100.2,1")), DecodeError, "ask price");
}

void a_picture_has_the_levels_that_are_there() {
    const Event event = decode_one(pictures_header, quote_row("100.3,5,100.2,8,100.4,6,,"));

    CHECK(event.kind == Kind::topn);
    CHECK(event.asks == std::vector<Level>{{1003, 5000}, {1004, 6000}});
    CHECK(event.bids == std::vector<Level>{{1002, 8000}});
}

void half_a_level_of_a_picture_is_an_error() {
    CHECK_THROWS(add(pictures_header, quote_row("100.3,5,100.2,8,100.4,,,")), DecodeError,
                 "asks[1] size: expected price and size, or neither");
    CHECK_THROWS(add(pictures_header, quote_row("100.3,5,100.2,8,100.4,6,,7")), DecodeError,
                 "bids[1] price: expected price and size, or neither");
    CHECK_THROWS(add(pictures_header, quote_row("100.3,5,100.2,8")), DecodeError,
                 "row: expected 12 fields, received 8");
    CHECK_THROWS(add(pictures_header, quote_row("100.3,5,100.2,8,100.4,6,x,1")), DecodeError,
                 "bids[1] price: expected a decimal, received x");
}

}  // namespace

int main() {
    return run_tests({
        a_line_splits_at_its_commas,
        a_quoted_field_may_hold_commas_and_doubled_quotes,
        a_quote_that_does_not_end_is_an_error,
        the_number_of_fields_is_bounded,
        the_header_tells_the_format,
        other_first_lines_are_not_recognised,
        a_header_that_lacks_a_column_names_it,
        a_header_of_another_file_is_refused,
        columns_are_found_by_name_and_not_by_place,
        rows_of_one_local_timestamp_are_one_event,
        an_event_is_complete_only_at_the_next_local_timestamp,
        behind_the_end_a_snapshot_starts_anew,
        the_venue_time_is_that_of_the_last_row,
        an_empty_file_has_no_event,
        the_first_snapshot_row_of_a_run_starts_a_snapshot,
        a_snapshot_inside_a_group_voids_what_stands_before_it,
        the_last_of_two_snapshots_in_a_group_counts,
        a_snapshot_in_parts_is_merged,
        a_price_told_twice_in_a_run_is_noted,
        a_run_of_any_length_is_decoded_in_bounded_memory,
        any_rows_leave_the_reference_book,
        rows_of_other_symbols_are_passed_over_and_counted,
        mixed_symbols_are_an_error_at_the_row_that_mixes,
        a_row_that_throws_changes_nothing,
        a_finer_grid_takes_the_waiting_rows_along,
        a_grid_too_fine_for_the_waiting_rows_changes_nothing,
        book_rows_with_wrong_values_name_the_field,
        numbers_finer_or_larger_than_the_grid_are_precision_errors,
        times_that_are_no_times_are_errors,
        a_wrong_row_is_an_error_wherever_it_is_cut,
        a_trade_has_the_side_of_its_taker,
        a_trade_id_that_is_no_number_is_absent,
        a_trade_of_unknown_side_is_no_trade,
        trades_with_wrong_values_name_the_field,
        a_quote_is_a_picture_of_one_level_a_side,
        an_empty_side_of_a_quote_is_absent,
        a_picture_has_the_levels_that_are_there,
        half_a_level_of_a_picture_is_an_error,
    });
}
