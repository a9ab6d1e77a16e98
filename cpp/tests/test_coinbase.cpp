// Coinbase frames: books and trades of several products, and the numbers of the connection.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/coinbase.hpp"
#include "one_grid.hpp"

namespace {

using obcore::DecodeError;
using obcore::Frame;
using obcore::IdRule;
using obcore::Kind;
using obcore::Level;
using obcore::PrecisionError;
using obcore::Side;
using obcore::Step;
using obcore::coinbase::Decoder;

// One connection.
struct Feed {
    const Frame& operator()(std::string_view json) {
        decoder.decode(json, grids, frame);
        return frame;
    }

    OneGrid grids{{Step::from_text("0.01"), Step::from_text("0.01")}, {"BTC-USD"}};
    Decoder decoder;
    Frame frame;
};

Frame decode(std::string_view json) {
    Feed feed;
    return feed(json);
}

std::string message(const std::string& channel, int number, const std::string& events) {
    return R"({"channel":")" + channel +
           R"(","client_id":"","timestamp":"2026-09-21T10:00:00.123456789Z","sequence_num":)" +
           std::to_string(number) + R"(,"events":[)" + events + "]}";
}

std::string product(const std::string& type, const std::string& updates,
                    const std::string& id = "BTC-USD") {
    return R"({"type":")" + type + R"(","product_id":")" + id + R"(","updates":[)" + updates +
           "]}";
}

const std::string updates =
    R"({"side":"bid","event_time":"2026-09-21T10:00:00.120Z","price_level":"64250.10",)"
    R"("new_quantity":"0.35"},{"side":"offer","event_time":"1970-01-01T00:00:00Z",)"
    R"("price_level":"64250.12","new_quantity":"0"})";

void a_message_has_an_event_for_each_product() {
    const Frame frame = decode(message(
        "l2_data", 4,
        product("update", updates) + "," + product("snapshot", R"({"side":"?"})", "X-Y")));

    CHECK(frame.size() == 2);
    CHECK(frame[0].kind == Kind::delta);
    CHECK(frame[0].rule == IdRule::connection);
    CHECK(frame[0].ids.first == 4);
    CHECK(frame[0].ids.last == 4);
    CHECK(frame[0].symbol == "BTC-USD");
    CHECK(frame[0].ts_event_ns == 1'789'984'800'123'456'789);
    CHECK(frame[0].bids == std::vector<Level>{{6425010, 35}});
    CHECK(frame[0].asks == std::vector<Level>{{6425012, 0}});
    CHECK(frame[1].kind == Kind::snapshot);
    CHECK(frame[1].symbol == "X-Y");  // not meant: its levels are not read
    CHECK(frame[1].bids.empty());
}

void every_channel_counts_in_the_numbers_of_the_connection() {
    Feed feed;
    CHECK(feed(message("subscriptions", 0, "{}")).size() == 1);
    CHECK(feed.frame[0].kind == Kind::control && feed.frame[0].name == "subscriptions");
    CHECK(feed(message("heartbeats", 1, R"({"heartbeat_counter":42})")).size() == 1);
    CHECK(feed.frame[0].kind == Kind::control && feed.frame[0].name == "heartbeats");
    CHECK(feed(message("ticker", 2, "{}")).size() == 1);
    CHECK(feed.frame[0].kind == Kind::unknown && feed.frame[0].name == "ticker");
    CHECK(feed(message("l2_data", 3, product("update", updates))).size() == 1);
}

void a_hole_is_lost_for_the_whole_connection() {
    Feed feed;
    static_cast<void>(feed(message("heartbeats", 7, "{}")));
    const Frame& frame = feed(message("l2_data", 10, product("update", updates)));

    CHECK(frame.size() == 2);
    CHECK(frame[0].kind == Kind::lost);
    CHECK(frame[0].rule == IdRule::connection);
    CHECK(frame[0].symbol.empty());
    CHECK(frame[0].ids.first == 8);
    CHECK(frame[0].ids.last == 10);
    CHECK(frame[0].name == "sequence_num of the connection: expected 8, received 10");
    CHECK(frame[1].kind == Kind::delta);
    CHECK(feed(message("heartbeats", 11, "{}")).size() == 1);  // and goes on from there
}

void a_number_that_was_there_already_is_lost_too() {
    Feed feed;
    static_cast<void>(feed(message("heartbeats", 7, "{}")));
    CHECK(feed(message("heartbeats", 7, "{}"))[0].kind == Kind::lost);
    CHECK(feed(message("heartbeats", 3, "{}"))[0].kind == Kind::lost);
    CHECK(feed.frame[0].ids.first == 8);
    CHECK(feed.frame[0].ids.last == 3);
}

void a_new_connection_counts_anew() {
    Feed feed;
    static_cast<void>(feed(message("heartbeats", 7, "{}")));
    feed.decoder.reset();
    CHECK(feed(message("heartbeats", 0, "{}")).size() == 1);
}

void a_frame_that_fails_changes_no_number() {
    Feed feed;
    static_cast<void>(feed(message("heartbeats", 7, "{}")));
    const std::string finer = R"({"side":"bid","price_level":"1.001","new_quantity":"1"})";
    CHECK_THROWS(feed(message("l2_data", 8, product("update", finer))), PrecisionError,
                 "updates[0] price: expected a multiple of the tick 0.01");
    CHECK(feed(message("l2_data", 8, product("update", updates))).size() == 1);
}

void trades_tell_the_maker() {
    const auto trade = [](const std::string& side) {
        return R"({"trade_id":"12345","product_id":"BTC-USD","price":"1260.01","size":"0.30",)"
               R"("side":")" +
               side + R"(","time":"2019-08-14T20:42:27.265Z"})";
    };
    const Frame frame = decode(message("market_trades", 0,
                                       R"({"type":"snapshot","trades":[)" + trade("BUY") +
                                           R"(]},{"type":"update","trades":[)" + trade("BUY") +
                                           "," + trade("SELL") + "]}"));

    CHECK(frame.size() == 3);
    CHECK(frame[0].kind == Kind::unknown);
    CHECK(frame[0].name == "trade snapshot");
    CHECK(frame[1].kind == Kind::trade);
    CHECK(frame[1].symbol == "BTC-USD");
    CHECK(frame[1].ts_event_ns == 1'565'815'347'265'000'000);
    CHECK(frame[1].trade.price == 126001);
    CHECK(frame[1].trade.size == 30);
    CHECK(frame[1].trade.taker == Side::ask);
    CHECK(frame[1].trade.id == 12345);
    CHECK(frame[2].trade.taker == Side::bid);
}

void an_error_has_no_number() {
    const Frame frame = decode(R"({"type":"error","message":"authentication failure"})");
    CHECK(frame.size() == 1);
    CHECK(frame[0].kind == Kind::control);
    CHECK(frame[0].name == "error");
}

void what_is_wrong_is_named() {
    const auto fails = [](const std::string& json, std::string_view part) {
        CHECK_THROWS(decode(json), DecodeError, part);
    };
    fails("{}", "type: expected this key");
    fails(R"({"channel":"l2_data"})", "sequence_num: expected this key");
    fails(R"({"channel":"l2_data","sequence_num":0,"events":[]})", "timestamp: expected this");
    fails(message("l2_data", 0, product("merge", updates)),
          "type: expected snapshot or update");
    fails(message("l2_data", 0, product("update", R"({"side":"ask"})")),
          "updates[0] side: expected bid or offer");
    fails(message("l2_data", 0, product("update", R"({"side":"bid","price_level":"1"})")),
          "new_quantity: expected this key");
    fails(message("market_trades", 0,
                  R"({"type":"update","trades":[{"product_id":"BTC-USD",)"
                  R"("time":"2019-08-14T20:42:27Z","price":"1","size":"1",)"
                  R"("side":"buy"}]})"),
          "side: expected BUY or SELL");
}

void a_frame_is_an_error_wherever_it_is_cut() {
    const std::string whole = message("l2_data", 4, product("update", updates));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_THROWS(decode(whole.substr(0, size)), DecodeError, "expected");
    }
}

}  // namespace

int main() {
    return run_tests({
        a_message_has_an_event_for_each_product,
        every_channel_counts_in_the_numbers_of_the_connection,
        a_hole_is_lost_for_the_whole_connection,
        a_number_that_was_there_already_is_lost_too,
        a_new_connection_counts_anew,
        a_frame_that_fails_changes_no_number,
        trades_tell_the_maker,
        an_error_has_no_number,
        what_is_wrong_is_named,
        a_frame_is_an_error_wherever_it_is_cut,
    });
}
