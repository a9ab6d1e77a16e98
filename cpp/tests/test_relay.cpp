// Messages of relays: pictures and changes by the names that are set, and their ids.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check.hpp"
#include "obcore/relay.hpp"
#include "one_grid.hpp"

namespace {

using obcore::absent;
using obcore::DecodeError;
using obcore::Event;
using obcore::Frame;
using obcore::IdRule;
using obcore::Kind;
using obcore::Level;
using obcore::Step;
using obcore::relay::Decoder;
using obcore::relay::Settings;

// One connection.
struct Feed {
    explicit Feed(Settings settings = {}) : decoder(std::move(settings)) {}

    const Event& operator()(std::string_view json) {
        decoder.decode(json, grids, frame);
        CHECK(frame.size() == 1);
        return frame[0];
    }

    OneGrid grids{{Step::from_text("0.1"), Step::from_text("0.001")}, {"BTC", "ETH", ""}};
    Decoder decoder;
    Frame frame;
};

std::string book(int id, const std::string& more = "", const std::string& symbol = "BTC") {
    return R"({"type":"orderbook","symbol":")" + symbol + R"(","update_id":)" +
           std::to_string(id) + R"(,"timestamp":1790000000123,"bids":[["64250.1","0.35"]],)" +
           R"("asks":[[64250.2,1,"x"]])" + more + "}";
}

Settings with(Settings::Ids ids, std::string snapshot_key = "") {
    Settings settings;
    settings.ids = ids;
    settings.snapshot_key = std::move(snapshot_key);
    return settings;
}

void a_message_is_a_picture() {
    Feed feed;
    const Event& event = feed(book(7));

    CHECK(event.kind == Kind::topn);
    CHECK(event.rule == IdRule::none);
    CHECK(event.ids.last == absent);
    CHECK(event.symbol == "BTC");
    CHECK(event.ts_event_ns == 1'790'000'000'123'000'000);
    CHECK(event.bids == std::vector<Level>{{642501, 350}});
    CHECK(event.asks == std::vector<Level>{{642502, 1000}});
}

void every_name_can_be_set_and_symbol_and_time_may_lack() {
    const Settings settings{.type_key = "e",
                            .book_type = "l2",
                            .symbol_key = "s",
                            .bids_key = "b",
                            .asks_key = "a",
                            .id_key = "u",
                            .time_key = "t",
                            .snapshot_key = "full",
                            .ids = Settings::Ids::consecutive};
    Feed feed(settings);
    const Event& event =
        feed(R"({"a":[],"b":[["1","2"]],"u":"7","t":"2026-09-21T10:00:00.031Z","s":"ETH",)"
             R"("full":true,"e":"l2"})");
    CHECK(event.kind == Kind::snapshot);
    CHECK(event.symbol == "ETH");
    CHECK(event.ids.last == 7);
    CHECK(event.ts_event_ns == 1'789'984'800'031'000'000);
    CHECK(event.bids == std::vector<Level>{{10, 2000}});

    const Event& bare = feed(R"({"e":"l2","u":8,"a":[],"b":[]})");
    CHECK(bare.kind == Kind::delta);
    CHECK(bare.symbol.empty());
    CHECK(bare.ts_event_ns == absent);
}

void changes_are_proved_by_consecutive_ids_alone() {
    Feed consecutive(with(Settings::Ids::consecutive, "is_snapshot"));
    CHECK(consecutive(book(5, R"(,"is_snapshot":true)")).kind == Kind::snapshot);
    CHECK(consecutive.frame[0].rule == IdRule::consecutive);
    CHECK(consecutive(book(6, R"(,"is_snapshot":false)")).kind == Kind::delta);
    CHECK(consecutive.frame[0].ids.first == 6);
    // A hole and an id of before are for the book to find.
    CHECK(consecutive(book(9)).kind == Kind::delta);
    CHECK(consecutive(book(2)).kind == Kind::delta);

    Feed none(with(Settings::Ids::none, "is_snapshot"));
    CHECK(none(book(5, R"(,"is_snapshot":1)")).kind == Kind::snapshot);
    CHECK(none.frame[0].rule == IdRule::none);
}

void an_older_picture_is_none() {
    for (const auto ids : {Settings::Ids::growing, Settings::Ids::consecutive}) {
        Feed feed(with(ids));
        CHECK(feed(book(5)).kind == Kind::topn);
        CHECK(feed.frame[0].ids.last == 5);
        for (const int older : {5, 4}) {
            CHECK(feed(book(older)).kind == Kind::unknown);
            CHECK(feed.frame[0].name == "older picture");
            CHECK(feed.frame[0].symbol == "BTC");
            CHECK(feed.frame[0].bids.empty());
        }
        CHECK(feed(book(4, "", "ETH")).kind == Kind::topn);  // each symbol counts alone
        CHECK(feed(book(9)).kind == Kind::topn);

        feed.decoder.reset();
        CHECK(feed(book(1)).kind == Kind::topn);
    }
}

void an_older_change_is_none_and_a_snapshot_counts_anew() {
    Feed feed(with(Settings::Ids::growing, "full"));
    CHECK(feed(book(5, R"(,"full":true)")).kind == Kind::snapshot);
    CHECK(feed(book(5)).kind == Kind::unknown);
    CHECK(feed.frame[0].name == "older delta");
    CHECK(feed(book(8)).kind == Kind::delta);
    CHECK(feed.frame[0].rule == IdRule::none);
    CHECK(feed(book(2, R"(,"full":true)")).kind == Kind::snapshot);
    CHECK(feed(book(3)).kind == Kind::delta);
}

void a_message_that_fails_changes_no_id() {
    Feed feed(with(Settings::Ids::growing));
    CHECK_THROWS(feed(R"({"type":"orderbook","symbol":"BTC","update_id":9,"bids":[]})"),
                 DecodeError, "asks: expected this key");
    CHECK(feed(book(5)).kind == Kind::topn);
}

void a_decoder_can_be_moved() {
    Feed feed;
    Decoder moved(std::move(feed.decoder));
    moved.decode(book(7), feed.grids, feed.frame);
    CHECK(feed.frame[0].kind == Kind::topn);
    CHECK(feed.frame[0].bids.size() == 1);
}

void other_messages_are_told_by_their_word() {
    Feed feed;
    CHECK(feed(R"({"type":"hello","bids":7})").kind == Kind::control);
    CHECK(feed.frame[0].name == "hello");
    CHECK(feed(book(7, "", "X")).kind == Kind::topn);  // not meant
    CHECK(feed.frame[0].bids.empty());
}

void what_is_wrong_is_named() {
    const auto fails = [](const std::string& json, std::string_view part) {
        Feed feed(with(Settings::Ids::growing));
        CHECK_THROWS(feed(json), DecodeError, part);
    };
    fails("{}", "type: expected this key");
    fails(R"({"type":7})", "type: expected a string");
    fails(R"({"type":"orderbook"})", "update_id: expected this key");
    fails(R"({"type":"orderbook","timestamp":"now"})", "timestamp: expected a time");
    fails(R"({"type":"orderbook","update_id":1,"bids":[[1,null]],"asks":[]})",
          "bids[0] size: expected a decimal");
    const std::string whole = book(7);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        fails(whole.substr(0, size), "expected");
    }
}

}  // namespace

int main() {
    return run_tests({
        a_message_is_a_picture,
        every_name_can_be_set_and_symbol_and_time_may_lack,
        changes_are_proved_by_consecutive_ids_alone,
        an_older_picture_is_none,
        an_older_change_is_none_and_a_snapshot_counts_anew,
        a_message_that_fails_changes_no_id,
        a_decoder_can_be_moved,
        other_messages_are_told_by_their_word,
        what_is_wrong_is_named,
    });
}
