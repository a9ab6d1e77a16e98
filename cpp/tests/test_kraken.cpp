// Kraken v2 frames: books with their checksum and depth, the digits that it is taken of,
// trades.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/book.hpp"
#include "obcore/checksum.hpp"
#include "obcore/kraken.hpp"
#include "one_grid.hpp"

namespace {

using obcore::absent;
using obcore::DecodeError;
using obcore::Event;
using obcore::Frame;
using obcore::Grid;
using obcore::IdRule;
using obcore::Kind;
using obcore::Level;
using obcore::PrecisionError;
using obcore::Side;
using obcore::Step;
using obcore::kraken::Decoder;
using Rule = obcore::Checksum::Rule;

const Grid grid{Step::from_text("0.1"), Step::from_text("0.00000001")};

// One connection.
struct Feed {
    explicit Feed(std::size_t depth = 0) : decoder(depth) {}

    const Frame& operator()(std::string_view json) {
        decoder.decode(json, grids, frame);
        return frame;
    }

    OneGrid grids{grid, {"BTC/USD"}};
    Decoder decoder;
    Frame frame;
};

Frame decode(std::string_view json) {
    Feed feed;
    return feed(json);
}

std::string book(const std::string& type, const std::string& bids, const std::string& asks,
                 const std::string& symbol = "BTC/USD") {
    return R"({"channel":"book","type":")" + type + R"(","data":[{"symbol":")" + symbol +
           R"(","bids":[)" + bids + R"(],"asks":[)" + asks +
           R"(],"checksum":3310070434,"timestamp":"2023-10-06T17:35:55.440295Z"}]})";
}

std::string levels(int count) {
    std::string out;
    for (int i = 0; i < count; ++i) {
        out += (i == 0 ? "" : ",") + std::string(R"({"price":)") + std::to_string(1 + i) +
               R"(.5,"qty":1})";
    }
    return out;
}

const std::string update =
    book("update", R"({"price":45283.5,"qty":0.10000000})", R"({"qty":0,"price":45286.4})");

void an_update_has_the_checksum_of_the_book_behind_it() {
    const Frame frame = decode(update);

    CHECK(frame.size() == 1);
    const Event& event = frame[0];
    CHECK(event.kind == Kind::delta);
    CHECK(event.rule == IdRule::checksum);
    CHECK(event.ids.last == absent);
    CHECK(event.checksum.rule == Rule::kraken);
    CHECK(event.checksum.value == 3310070434U);
    CHECK(event.symbol == "BTC/USD");
    CHECK(event.ts_event_ns == 1'696'613'755'440'295'000);
    CHECK(event.bids == std::vector<Level>{{452835, 10'000'000}});
    CHECK(event.asks == std::vector<Level>{{452864, 0}});
    CHECK(event.depth == 0);  // nobody told it
}

void numbers_may_be_strings_and_times_nanoseconds() {
    const Frame frame = decode(
        R"({"type":"update","data":[{"timestamp":"2023-10-06T17:35:55.440295123Z","checksum":1,)"
        R"("asks":[],"bids":[{"price":"45283.5","qty":"0.10000000"}],"symbol":"BTC/USD"}],)"
        R"("channel":"book"})");

    CHECK(frame[0].bids == std::vector<Level>{{452835, 10'000'000}});
    CHECK(frame[0].ts_event_ns == 1'696'613'755'440'295'123);
}

// docs.kraken.com, "Book checksum (WebSocket v2)", whose snapshot has no time.
void the_documentations_snapshot_adds_up() {
    const Frame frame = decode(
        R"({"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[)"
        R"({"price":45283.5,"qty":0.10000000},{"price":45283.4,"qty":1.54582015},)"
        R"({"price":45282.1,"qty":0.10000000},{"price":45281.0,"qty":0.10000000},)"
        R"({"price":45280.3,"qty":1.54592586},{"price":45279.0,"qty":0.07990000},)"
        R"({"price":45277.6,"qty":0.03310103},{"price":45277.5,"qty":0.30000000},)"
        R"({"price":45277.3,"qty":1.54602737},{"price":45276.6,"qty":0.15445238}],"asks":[)"
        R"({"price":45285.2,"qty":0.00100000},{"price":45286.4,"qty":1.54571953},)"
        R"({"price":45286.6,"qty":1.54571109},{"price":45289.6,"qty":1.54560911},)"
        R"({"price":45290.2,"qty":0.15890660},{"price":45291.8,"qty":1.54553491},)"
        R"({"price":45294.7,"qty":0.04454749},{"price":45296.1,"qty":0.35380000},)"
        R"({"price":45297.5,"qty":0.09945542},{"price":45299.5,"qty":0.18772827}],)"
        R"("checksum":3310070434}]})");
    obcore::Book built;
    built.grid = grid;
    built.replace(frame[0].bids, frame[0].asks);

    CHECK(frame[0].kind == Kind::snapshot);
    CHECK(frame[0].ts_event_ns == absent);
    CHECK(frame[0].depth == 10);
    CHECK(checksum_of(built, frame[0].checksum.rule) == frame[0].checksum.value);
}

void more_printed_decimals_than_the_grid_has_need_a_finer_one() {
    const auto needs = [](const std::string& level, PrecisionError::Quantity quantity,
                          int decimals) {
        try {
            static_cast<void>(decode(book("update", level, "")));
            CHECK(false);
        } catch (const PrecisionError& error) {
            CHECK(error.quantity == quantity);
            CHECK(error.decimals == decimals);
        }
    };
    using enum PrecisionError::Quantity;
    needs(R"({"price":45283.50,"qty":0.1})", price, 2);
    needs(R"({"price":"45283.500","qty":"0.1"})", price, 3);
    needs(R"({"price":45283.55,"qty":0.1})", price, 2);
    needs(R"({"price":45283.5,"qty":0.1000000000})", size, 10);
    needs(R"({"price":45283.5,"qty":0.000000000})", size, 9);
    needs(R"({"price":45283.5,"qty":1e-9})", size, 9);
    needs(R"({"price":45283.5,"qty":0.0000000000000000000})", size, 0);  // no grid has 19
    CHECK_THROWS(decode(book("update", R"({"price":45283.50,"qty":0.1})", "")), PrecisionError,
                 "bids[0] price: expected a multiple of the tick 0.1, received 45283.50");
}

void fewer_printed_decimals_are_fine() {
    for (const char* level : {R"({"price":45283,"qty":0})", R"({"price":"45283","qty":"0.0"})",
                              R"({"price":45283.0,"qty":0.00000000})"}) {
        CHECK(decode(book("update", level, ""))[0].bids == std::vector<Level>{{452830, 0}});
    }
    CHECK(decode(book("update", R"({"price":45283.5,"qty":1e-7})", ""))[0].bids[0].size == 10);
}

void the_constructor_may_tell_the_depth() {
    Feed feed(25);
    CHECK(feed(book("snapshot", levels(30), ""))[0].depth == 25);
    CHECK(feed(update)[0].depth == 25);
}

void an_acknowledgement_tells_the_depth_of_its_symbol() {
    Feed feed;
    const std::string_view told =
        R"({"method":"subscribe","result":{"channel":"book","depth":100,"snapshot":true,)"
        R"("symbol":"BTC/USD"},"success":true,"time_in":"2023-09-25T09:04:31.742599Z"})";
    CHECK(feed(told)[0].kind == Kind::control);
    CHECK(feed.frame[0].name == "subscribe");
    CHECK(feed(update)[0].depth == 100);
    CHECK(feed(book("snapshot", levels(2), levels(3)))[0].depth == 100);
    CHECK(feed(update)[0].depth == 100);
    CHECK(feed(book("update", "", "", "ETH/USD"))[0].depth == 0);

    feed.decoder.reset();
    CHECK(feed(update)[0].depth == 0);
}

void a_snapshots_longer_side_tells_the_depth_otherwise() {
    const auto guessed = [](int bids, int asks) {
        Feed feed;
        const std::size_t depth = feed(book("snapshot", levels(bids), levels(asks)))[0].depth;
        CHECK(feed(update)[0].depth == depth);  // it is remembered
        return depth;
    };
    CHECK(guessed(0, 0) == 10);
    CHECK(guessed(10, 9) == 10);
    CHECK(guessed(3, 11) == 25);
    CHECK(guessed(25, 25) == 25);
    CHECK(guessed(26, 0) == 100);
    CHECK(guessed(101, 0) == 500);
    CHECK(guessed(501, 0) == 1000);
    CHECK(guessed(1001, 0) == 0);

    Feed feed;
    static_cast<void>(feed(book("snapshot", levels(3), "")));
    CHECK(feed(book("snapshot", levels(12), ""))[0].depth == 25);
    CHECK(feed(update)[0].depth == 25);
}

void a_frame_that_fails_tells_no_depth() {
    Feed feed;
    const std::string good = R"({"symbol":"BTC/USD","bids":[],"asks":[],"checksum":1})";
    CHECK_THROWS(feed(R"({"channel":"book","type":"snapshot","data":[)" + good +
                      R"(,{"symbol":"BTC/USD"}]})"),
                 DecodeError, "checksum: expected this key");
    CHECK(feed(update)[0].depth == 0);
}

void trades_tell_the_taker() {
    const Frame frame = decode(
        R"({"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"sell",)"
        R"("price":45284.5,"qty":0.5,"ord_type":"market","trade_id":4665846,)"
        R"("timestamp":"2023-09-25T07:48:36.925533Z"},{"symbol":"X","side":"buy",)"
        R"("price":0.5117777,"qty":40.0,"trade_id":1,)"
        R"("timestamp":"2023-09-25T07:49:36.925603Z"}]})");

    CHECK(frame.size() == 2);
    CHECK(frame[0].kind == Kind::trade);
    CHECK(frame[0].symbol == "BTC/USD");
    CHECK(frame[0].trade.price == 452845);
    CHECK(frame[0].trade.size == 50'000'000);
    CHECK(frame[0].trade.taker == Side::ask);
    CHECK(frame[0].trade.id == 4665846);
    CHECK(frame[0].ts_event_ns == 1'695'628'116'925'533'000);
    CHECK(frame[1].symbol == "X");  // not meant: its numbers are not read
    CHECK(frame[1].trade.price == 0);
}

void other_messages_are_told_by_their_word() {
    const auto one = [](std::string_view json, Kind kind, std::string_view name) {
        const Frame frame = decode(json);
        CHECK(frame.size() == 1 && frame[0].kind == kind && frame[0].name == name);
    };
    one(R"({"channel":"heartbeat"})", Kind::control, "heartbeat");
    one(R"({"channel":"status","type":"update","data":[{"system":"online"}]})", Kind::control,
        "status");
    one(R"({"method":"pong","time_in":"2023-09-24T14:10:23.799685Z"})", Kind::control, "pong");
    one(R"({"error":"Currency pair not supported","method":"subscribe","success":false})",
        Kind::control, "error");
    one(R"({"method":"subscribe","result":{"channel":"trade","symbol":"BTC/USD"},"success":true})",
        Kind::control, "subscribe");
    one(R"({"channel":"ticker","type":"update","data":[{}]})", Kind::unknown, "ticker");
    one(R"({"channel":"trade","type":"snapshot","data":[{}]})", Kind::unknown,
        "trade snapshot");
}

void symbols_that_are_not_meant_have_no_levels() {
    const Frame frame = decode(book("snapshot", R"({"price":"?"})", "", "X/Y"));
    CHECK(frame[0].kind == Kind::snapshot);
    CHECK(frame[0].symbol == "X/Y");
    CHECK(frame[0].bids.empty());
}

void what_is_wrong_is_named() {
    const auto fails = [](const std::string& json, std::string_view part) {
        CHECK_THROWS(decode(json), DecodeError, part);
    };
    fails("{}", "channel: expected this key");
    fails("[]", "expected '{'");
    fails(book("merge", "", ""), "type: expected snapshot or update");
    fails(book("update", R"({"price":1.5})", ""), "qty: expected this key");
    fails(book("update", R"({"price":1.5,"price":2,"qty":1})", ""),
          "price: expected this key once");
    fails(book("update", R"({"price":"1.5.","qty":1})", ""),
          "bids[0] price: expected a decimal");
    fails(book("update", R"({"price":1.5,"qty":-1})", ""),
          "bids[0] size: expected a size of 0");
    fails(book("update", R"([1.5,1])", ""), "expected '{'");
    fails(R"({"channel":"book","type":"update","data":[{"symbol":"BTC/USD","checksum":-1}]})",
          "checksum: expected an unsigned integer of 32 bits");
    fails(
        R"({"channel":"book","type":"update","data":[{"symbol":"BTC/USD","checksum":4294967296}]})",
        "checksum: expected an unsigned integer of 32 bits");
    fails(R"({"method":"subscribe","result":{"channel":"book","depth":0,"symbol":"X"}})",
          "depth: expected more than 0");
}

void a_frame_is_an_error_wherever_it_is_cut() {
    for (std::size_t size = 0; size < update.size(); ++size) {
        CHECK_THROWS(decode(update.substr(0, size)), DecodeError, "expected");
    }
}

}  // namespace

int main() {
    return run_tests({
        an_update_has_the_checksum_of_the_book_behind_it,
        numbers_may_be_strings_and_times_nanoseconds,
        the_documentations_snapshot_adds_up,
        more_printed_decimals_than_the_grid_has_need_a_finer_one,
        fewer_printed_decimals_are_fine,
        the_constructor_may_tell_the_depth,
        an_acknowledgement_tells_the_depth_of_its_symbol,
        a_snapshots_longer_side_tells_the_depth_otherwise,
        a_frame_that_fails_tells_no_depth,
        trades_tell_the_taker,
        other_messages_are_told_by_their_word,
        symbols_that_are_not_meant_have_no_levels,
        what_is_wrong_is_named,
        a_frame_is_an_error_wherever_it_is_cut,
    });
}
