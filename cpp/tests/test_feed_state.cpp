// A feed of several books on two connections: what is told of which book, and in which order.

#include <algorithm>
#include <cmath>
#include <string>

#include "check.hpp"
#include "feed_by_hand.hpp"

namespace {

using namespace obcore;
using namespace obcore::by_hand;
using Kind = FeedEvent::Kind;

// ---- Order

void a_book_that_joins_is_told_to_be_in_sync_before_its_first_update() {
    Feed feed;
    const std::size_t book = feed.add_book("binance:BTCUSDT");
    const std::size_t connection = feed.add_connection(Wire::binance_spot);
    feed.state.subscribe(connection, "BTCUSDT", book, true, start);
    CHECK(feed.state.book_count() == 1 && feed.state.connection_count() == 1);
    CHECK(feed.state_of(0) == BookState::empty);

    feed.give(connection, spot("BTCUSDT", 9, 10, R"(["100","3"])"));
    CHECK(feed.state_of(0) == BookState::buffering && feed.told().empty());
    CHECK(feed.answer(book, spot_snapshot(9, bids, asks)) == Verdict::apply);
    feed.give(connection, spot("BTCUSDT", 11, 12, R"(["100","4"])"));

    CHECK(feed.told() == Texts{"0 resynced", "0 update 10", "0 update 12"});
    CHECK(feed.state.frames(connection) == 2 && feed.state.since(book) == feed.now);
    CHECK(feed.state.book(0).name() == "binance:BTCUSDT");
}

void an_update_tells_the_touch_in_the_venues_units() {
    SpotFeed feed;
    feed.btc(11, 12, R"(["100.5","0.25"])", R"(["101","7.5"])");

    const FeedEvent* event = nullptr;
    while (!feed.listener->queue.is_empty()) event = &feed.listener->queue.take();

    CHECK(event != nullptr && event->kind == Kind::update);
    CHECK(event->bid_px == 100.5 && event->bid_sz == 0.25);
    CHECK(event->ask_px == 101.0 && event->ask_sz == 7.5);
    CHECK(event->state == BookState::synced);
    CHECK(event->ts_event_ns == start && event->ts_recv_ns == feed.now);
}

void a_side_that_is_empty_has_no_price() {
    SpotFeed feed;

    feed.btc(11, 12, R"(["100","0"],["99","0"])");

    const FeedEvent& event = feed.listener->queue.take();
    CHECK(std::isnan(event.bid_px) && std::isnan(event.bid_sz) && event.ask_px == 101.0);
}

void a_gap_concerns_one_book_and_is_told_once() {
    SpotFeed feed;

    feed.btc(14, 15, "");
    feed.btc(16, 17, R"(["98","1"])");
    feed.give(feed.connection, spot("ETHUSDT", 11, 11, ""));

    CHECK(feed.told() == Texts{"0 gap 11 14", "1 update 11"});
    CHECK(feed.wanted() == Texts{"0 snapshot"});
    CHECK(feed.state_of(0) == BookState::gap && feed.state_of(1) == BookState::synced);

    CHECK(feed.answer(0, spot_snapshot(15, bids, asks)) == Verdict::apply);
    CHECK(feed.told() == Texts{"0 resynced", "0 update 17"});
    CHECK(feed.wanted().empty());
}

void what_is_older_than_the_book_is_not_told() {
    SpotFeed feed;

    feed.btc(5, 7, R"(["100","9"])");
    feed.btc(9, 10, R"(["100","9"])");

    CHECK(feed.told().empty() && feed.state.book(0).sync().counters().skipped == 2);
}

void a_stream_of_its_own_is_told_in_the_same_order() {
    Feed feed;
    const std::size_t connection = feed.add_connection(Wire::bybit);
    for (const char* symbol : {"BTCUSDT", "ETHUSDT"}) {
        feed.state.subscribe(connection, symbol, feed.add_book(symbol), true, start);
    }
    feed.give(connection, bybit_book("BTCUSDT", "delta", 17, bids));  // before its snapshot
    feed.give(connection, bybit_book("BTCUSDT", "snapshot", 18, bids, asks));
    feed.give(connection, bybit_book("ETHUSDT", "snapshot", 500, bids, asks));
    feed.give(connection, bybit_book("BTCUSDT", "delta", 19, R"(["100","3"])"));
    CHECK(feed.told() ==
          Texts{"0 resynced", "0 update 18", "1 resynced", "1 update 500", "0 update 19"});

    feed.give(connection, bybit_book("BTCUSDT", "delta", 22, ""));
    feed.give(connection, bybit_book("BTCUSDT", "delta", 23, ""));
    feed.give(connection, bybit_book("ETHUSDT", "delta", 501, ""));

    CHECK(feed.told() == Texts{"0 gap 20 22", "1 update 501"});
    CHECK(feed.wanted() == Texts{"0 resubscription"});
    feed.give(connection, bybit_book("BTCUSDT", "snapshot", 40, bids, asks));
    CHECK(feed.told() == Texts{"0 resynced", "0 update 40"} && feed.wanted().empty());
}

void a_checksum_that_is_wrong_is_a_gap_without_numbers() {
    Feed feed;
    const std::size_t connection = feed.add_connection(Wire::kraken, 10);
    feed.state.subscribe(connection, "BTC/USD", feed.add_book("BTC/USD"), true, start);
    KrakenBook venue("BTC/USD");
    feed.give(connection, venue.snapshot({{1'000, 5}}, {{1'001, 7}}));
    feed.give(connection, venue.update({{999, 5}}, {}));
    CHECK(feed.state_of(0) == BookState::synced);
    static_cast<void>(venue.update({{1'000, 0}}, {}));  // lost

    feed.give(connection, venue.update({{998, 2}}, {}));

    const Texts told = feed.told();
    CHECK(told.size() == 4 && told[0] == "0 resynced" && told[3].starts_with("0 gap "));
    CHECK(feed.wanted() == Texts{"0 resubscription"});
    feed.give(connection, venue.snapshot({{1'000, 5}}, {{1'001, 7}}));
    CHECK(feed.told().front() == "0 resynced" && feed.state_of(0) == BookState::synced);
}

// ---- Wishes

void a_wish_is_told_once_until_it_is_answered() {
    Feed feed;
    const std::size_t connection = feed.add_connection(Wire::binance_spot);
    feed.state.subscribe(connection, "BTCUSDT", feed.add_book("BTCUSDT"), true, start);

    CHECK(feed.give(connection, spot("BTCUSDT", 20, 21, "")).wants);
    CHECK(feed.wanted() == Texts{"0 snapshot"});
    CHECK(!feed.give(connection, spot("BTCUSDT", 22, 23, "")).wants);
    CHECK(feed.wanted().empty());

    CHECK(feed.answer(0, spot_snapshot(9, bids, asks)) == Verdict::resync);
    CHECK(feed.wanted() == Texts{"0 snapshot"});  // that one was too old
    CHECK(feed.wanted().empty());
}

void a_wish_that_was_asked_in_vain_is_told_again() {
    Feed feed;
    const std::size_t connection = feed.add_connection(Wire::binance_spot);
    feed.state.subscribe(connection, "BTCUSDT", feed.add_book("BTCUSDT"), true, start);
    feed.give(connection, spot("BTCUSDT", 20, 21, ""));
    CHECK(feed.wanted() == Texts{"0 snapshot"});

    feed.state.ask_again(0);
    CHECK(feed.wanted() == Texts{"0 snapshot"});

    CHECK(feed.answer(0, spot_snapshot(20, bids, asks)) == Verdict::apply);
    feed.state.ask_again(0);
    CHECK(feed.wanted().empty());  // nothing is wanted any more
}

void a_market_near_its_horizon_wants_a_refresh_and_tells_nothing() {
    Feed feed;
    const std::size_t connection = feed.add_connection(Wire::binance_spot);
    feed.state.subscribe(connection, "BTCUSDT", feed.add_book("BTCUSDT"), true, start);
    const std::string five = R"(["100","1"],["99","1"],["98","1"],["97","1"],["96","1"])";
    feed.give(connection, spot("BTCUSDT", 10, 10, ""));
    CHECK(feed.answer(0, spot_snapshot(9, five, asks)) == Verdict::apply);
    static_cast<void>(feed.told());
    feed.wanted();

    feed.give(connection, spot("BTCUSDT", 11, 11, R"(["100","0"],["99","0"],["98","0"])"));
    feed.give(connection, spot("BTCUSDT", 12, 12, ""));

    CHECK(feed.wanted() == Texts{"0 refresh"});
    CHECK(feed.answer(0, spot_snapshot(12, R"(["97","1"],["96","1"])", asks)) ==
          Verdict::buffer);
    CHECK(feed.told() == Texts{"0 update 11", "0 update 12"} && feed.wanted().empty());
    CHECK(feed.state.book(0).sync().counters().refreshes == 1);
}

void an_answer_that_is_none_leaves_the_book_as_it_was() {
    SpotFeed feed;
    feed.btc(20, 21, "");
    CHECK(feed.wanted() == Texts{"0 snapshot"} && feed.told() == Texts{"0 gap 11 20"});

    CHECK_THROWS(feed.answer(0, "<html>"), DecodeError, "expected");
    CHECK_THROWS(feed.answer(0, R"({"code":-1121,"msg":"Invalid symbol."})"), DecodeError,
                 "expected a snapshot of the book");
    CHECK_THROWS(feed.answer(0, spot_snapshot(20, R"(["100","x"])", "")), DecodeError,
                 "bids[0] size");

    CHECK(feed.told().empty() && feed.state_of(0) == BookState::gap);
    CHECK(feed.answer(0, spot_snapshot(20, bids, asks)) == Verdict::apply);
    CHECK(feed.told() == Texts{"0 resynced", "0 update 21"});
}

void a_book_that_is_given_up_by_hand_is_built_anew() {
    SpotFeed feed;

    feed.state.restart(0, "asked for", feed.now);

    CHECK(feed.told() == Texts{"0 stale asked for"} && feed.wanted().empty());
    feed.btc(11, 12, "");
    CHECK(feed.wanted() == Texts{"0 snapshot"});
    CHECK(feed.answer(0, spot_snapshot(11, bids, asks)) == Verdict::apply);
    CHECK(feed.told() == Texts{"0 resynced", "0 update 12"});
}

// ---- Connections that go

void a_connection_that_goes_takes_its_books_with_it_and_no_others() {
    SpotFeed feed;
    const std::size_t other = feed.add_connection(Wire::bybit);
    feed.state.subscribe(other, "BTCUSDT", feed.add_book("bybit:BTCUSDT"), true, start);
    feed.give(other, bybit_book("BTCUSDT", "snapshot", 18, bids, asks));
    static_cast<void>(feed.told());

    feed.state.disconnect(feed.connection, "code 1006", feed.now);

    Texts told = feed.told();
    std::ranges::sort(told);
    CHECK(told == Texts{"0 disconnected code 1006", "1 disconnected code 1006"});
    CHECK(feed.state_of(0) == BookState::stale && feed.state_of(2) == BookState::synced);
    CHECK(feed.state.book(0).book().reason == "disconnected: code 1006");
    feed.give(other, bybit_book("BTCUSDT", "delta", 19, ""));
    CHECK(feed.told() == Texts{"2 update 19"});
}

void ids_that_go_on_behind_a_break_bring_the_book_back_at_once() {
    SpotFeed feed;
    feed.state.disconnect(feed.connection, "gone", feed.now);
    static_cast<void>(feed.told());

    feed.state.subscribe(feed.connection, "BTCUSDT", 0, true, feed.now);
    feed.btc(11, 12, R"(["100","5"])");

    CHECK(feed.told() == Texts{"0 resynced", "0 update 12"} && feed.wanted().empty());
}

void ids_that_were_missed_meanwhile_are_a_gap() {
    SpotFeed feed;
    feed.state.disconnect(feed.connection, "gone", feed.now);
    static_cast<void>(feed.told());

    feed.state.subscribe(feed.connection, "BTCUSDT", 0, true, feed.now);
    feed.btc(15, 16, "");

    CHECK(feed.told() == Texts{"0 gap 11 15"} && feed.wanted() == Texts{"0 snapshot"});
}

void a_stream_of_its_own_waits_for_its_snapshot_behind_a_break() {
    Feed feed;
    const std::size_t connection = feed.add_connection(Wire::bybit);
    feed.state.subscribe(connection, "BTCUSDT", feed.add_book("BTCUSDT"), true, start);
    feed.give(connection, bybit_book("BTCUSDT", "snapshot", 18, bids, asks));
    feed.state.disconnect(connection, "gone", feed.now);
    CHECK(feed.told() == Texts{"0 resynced", "0 update 18", "0 disconnected gone"});

    feed.state.subscribe(connection, "BTCUSDT", 0, true, feed.now);
    feed.give(connection, bybit_book("BTCUSDT", "delta", 19, ""));
    CHECK(feed.told().empty() && feed.state_of(0) == BookState::stale);
    feed.give(connection, bybit_book("BTCUSDT", "snapshot", 30, bids, asks));

    CHECK(feed.told() == Texts{"0 resynced", "0 update 30"});
}

void a_book_that_the_next_connection_brings_is_not_told_to_be_gone() {
    SpotFeed feed;
    const std::size_t next = feed.add_connection(Wire::binance_spot);
    CHECK(!feed.state.is_complete(next));  // nothing came
    for (const std::size_t book : {std::size_t{0}, std::size_t{1}}) {
        feed.state.subscribe(next, feed.state.book(book).name(), book, true, feed.now);
    }
    feed.give(next, spot("BTCUSDT", 13, 14, ""));  // ahead of the old one
    CHECK(!feed.state.is_complete(next));
    feed.btc(11, 12, "");
    CHECK(feed.told() == Texts{"0 update 12", "0 update 14"});
    CHECK(!feed.state.is_complete(next));
    feed.give(next, spot("ETHUSDT", 9, 10, ""));
    CHECK(feed.state.is_complete(next));

    feed.state.disconnect(feed.connection, "replaced", feed.now);
    feed.give(next, spot("BTCUSDT", 15, 15, ""));
    feed.give(next, spot("ETHUSDT", 11, 11, ""));

    CHECK(feed.told() == Texts{"0 update 15", "1 update 11"} && feed.wanted().empty());
    feed.state.disconnect(next, "gone", feed.now);
    CHECK(feed.told().size() == 2);
}

// ---- Clocks

void a_stream_that_never_begins_is_subscribed_to_again_and_ever_more_rarely() {
    Feed feed;
    const std::size_t connection = feed.add_connection(Wire::binance_spot);
    feed.state.subscribe(connection, "BTCUSDT", feed.add_book("BTCUSDT"), true, start);

    feed.state.check(start + 10 * second - 1);
    CHECK(feed.told().empty() && feed.wanted().empty());

    Nanos now = start;
    for (const int seconds : {10, 20, 40, 80, 160, 320, 320, 320}) {
        feed.state.check(now + seconds * second - 1);
        CHECK(feed.told().empty() && feed.wanted().empty());
        now += seconds * second;
        CHECK(feed.state.check(now).wants);
        CHECK(feed.told() ==
              Texts{"0 stale subscribed, but no message in " + std::to_string(seconds) + " s"});
        CHECK(feed.wanted() == Texts{"0 resubscription"});
    }
    CHECK(feed.state_of(0) == BookState::empty);
}

void a_stream_that_brings_deltas_but_no_snapshot_is_subscribed_to_again() {
    Feed feed;
    const std::size_t connection = feed.add_connection(Wire::bybit);
    feed.state.subscribe(connection, "BTCUSDT", feed.add_book("BTCUSDT"), true, start);
    feed.now = start + 9 * second;
    feed.give(connection, bybit_book("BTCUSDT", "delta", 19, ""));

    feed.state.check(start + 10 * second);

    CHECK(feed.told() == Texts{"0 stale subscribed, but no snapshot in 10 s"});
    CHECK(feed.wanted() == Texts{"0 resubscription"});
}

void a_book_that_falls_silent_is_stale_until_its_next_message() {
    SpotFeed feed;
    feed.state.check(feed.now + 60 * second - 1);
    CHECK(feed.told().empty());

    feed.now += 60 * second;
    feed.state.check(feed.now);

    CHECK(feed.told() == Texts{"0 stale silent for 60 s", "1 stale silent for 60 s"});
    CHECK(feed.wanted() == Texts{"0 resubscription", "1 resubscription"});
    CHECK(feed.state_of(0) == BookState::stale && feed.state.since(0) == feed.now);
    feed.state.check(feed.now + 1);
    CHECK(feed.told().empty() && feed.wanted().empty());

    feed.btc(11, 12, "", "", start + 60 * second);
    CHECK(feed.told() == Texts{"0 resynced", "0 update 12"});
    CHECK(feed.state_of(1) == BookState::stale);
}

void a_book_without_a_connection_is_not_asked_for() {
    SpotFeed feed;
    feed.state.disconnect(feed.connection, "gone", feed.now);
    static_cast<void>(feed.told());

    feed.state.check(feed.now + 3'600 * second);

    CHECK(feed.told().empty() && feed.wanted().empty());
}

void a_book_whose_messages_lag_is_stale_until_they_do_not() {
    SpotFeed feed;
    feed.now = start + 100 * second;
    feed.btc(11, 11, "", "", feed.now - 5'009 * ms);  // the fastest came after 10 ms
    CHECK(feed.told() == Texts{"0 update 11"});

    feed.btc(12, 12, "", "", feed.now - 5'010 * ms);
    feed.btc(13, 13, "", "", feed.now - 9'000 * ms);
    CHECK(feed.told() == Texts{"0 stale lagging by 5000 ms"});
    CHECK(feed.state_of(0) == BookState::stale && feed.state_of(1) == BookState::synced);
    CHECK(feed.state.book(0).lag_ns() == 8'990 * ms);

    feed.btc(14, 14, "", "", feed.now - 20 * ms);
    CHECK(feed.told() == Texts{"0 resynced", "0 update 14"});
    CHECK(feed.wanted().empty() && feed.state.book(0).counters().outages == 1);
}

void clocks_that_run_apart_are_no_lag() {
    Feed feed;
    const std::size_t connection = feed.add_connection(Wire::binance_spot);
    feed.state.subscribe(connection, "BTCUSDT", feed.add_book("BTCUSDT"), true, start);
    const Nanos ahead = 40 * second;  // the venue's clock
    feed.give(connection, spot("BTCUSDT", 9, 10, "", "", feed.now + ahead));
    feed.answer(0, spot_snapshot(9, bids, asks));

    feed.now += second;
    feed.give(connection, spot("BTCUSDT", 11, 11, "", "", feed.now + ahead - 30 * ms));

    CHECK(feed.told() == Texts{"0 resynced", "0 update 10", "0 update 11"});
    CHECK(feed.state.book(0).lag_ns() == 30 * ms);
    CHECK(feed.state.book(0).least_latency_ns() == -ahead);
}

void a_book_that_crosses_is_stale_and_in_sync_again_once_it_does_not() {
    SpotFeed feed;

    feed.btc(11, 11, R"(["101.5","1"])");
    CHECK(feed.told() == Texts{"0 instrument 0.1 1", "0 stale crossed"});
    feed.btc(12, 12, R"(["101.5","0"])");

    CHECK(feed.told() == Texts{"0 resynced", "0 update 12"} && feed.wanted().empty());
}

void a_book_that_stays_crossed_for_three_messages_is_built_anew() {
    SpotFeed feed;
    for (Sequence id = 11; id <= 13; ++id) feed.btc(id, id, R"(["102","1"])");

    CHECK(feed.told() == Texts{"0 stale crossed"});
    CHECK(feed.state.book(0).book().reason == "crossed too long");
    feed.btc(14, 14, "");
    CHECK(feed.wanted() == Texts{"0 snapshot"});
    CHECK(feed.answer(0, spot_snapshot(13, bids, asks)) == Verdict::apply);
    CHECK(feed.told() == Texts{"0 resynced", "0 update 14"});
}

void a_book_that_stays_crossed_for_a_second_is_built_anew() {
    SpotFeed feed;
    feed.btc(11, 11, R"(["102","1"])");

    feed.state.check(feed.now + second - 1);
    CHECK(feed.state.book(0).book().reason == "crossed");
    feed.state.check(feed.now + second);

    CHECK(feed.state.book(0).book().reason == "crossed too long");
    CHECK(feed.state_of(0) == BookState::stale && feed.state_of(1) == BookState::synced);
    feed.btc(12, 12, "");
    CHECK(feed.wanted() == Texts{"0 snapshot"});
}

// ---- Frames that cannot be read

void where_ids_tell_what_follows_a_malformed_frame_is_only_counted() {
    SpotFeed feed;
    const std::string frame = spot("BTCUSDT", 11, 12, R"(["98","1"])");
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, frame.size() / 2}) {
        const FeedSignals signals = feed.give(feed.connection, frame.substr(0, size));
        CHECK(signals.malformed && !signals.control && !signals.wants);
    }
    CHECK(feed.state.malformed() == 3 && !feed.state.last_error().empty());
    CHECK(feed.told().empty() && feed.state_of(0) == BookState::synced);

    feed.btc(13, 14, "");  // the next one shows that 11 and 12 were lost

    CHECK(feed.told() == Texts{"0 gap 11 13"} && feed.wanted() == Texts{"0 snapshot"});
    CHECK(feed.state_of(1) == BookState::synced);
}

void a_malformed_frame_is_counted_for_the_book_that_it_names() {
    SpotFeed feed;

    CHECK(feed.give(feed.connection, spot("ETHUSDT", 11, 11, R"(["x","1"])")).malformed);

    CHECK(feed.state.book(0).counters().malformed == 0);
    CHECK(feed.state.book(1).counters().malformed == 1);
    CHECK(feed.state.last_error().find("expected a decimal") != std::string::npos);
    feed.give(feed.connection, spot("ETHUSDT", 11, 11, ""));  // nothing of it was taken
    CHECK(feed.told() == Texts{"1 update 11"});
}

void where_nothing_tells_what_follows_a_malformed_frame_restarts_the_books_of_its_connection() {
    SpotFeed feed;
    const std::size_t kraken = feed.add_connection(Wire::kraken, 10);
    KrakenBook btc("BTC/USD");
    KrakenBook eth("ETH/USD");
    feed.state.subscribe(kraken, "BTC/USD", feed.add_book("BTC/USD"), true, start);
    feed.state.subscribe(kraken, "ETH/USD", feed.add_book("ETH/USD"), true, start);
    feed.give(kraken, btc.snapshot({{1'000, 5}}, {{1'001, 7}}));
    feed.give(kraken, eth.snapshot({{100, 5}}, {{101, 7}}));
    static_cast<void>(feed.told());

    const FeedSignals signals = feed.give(kraken, R"({"channel":"book","type":"upd)");

    CHECK(signals.malformed && signals.wants && feed.state.malformed() == 1);
    Texts told = feed.told();
    std::ranges::sort(told);
    CHECK(told.size() == 2);
    CHECK(told[0].starts_with("2 stale a frame could not be read: "));
    CHECK(told[1].starts_with("3 stale a frame could not be read: "));
    Texts wanted = feed.wanted();
    std::ranges::sort(wanted);
    CHECK(wanted == Texts{"2 resubscription", "3 resubscription"});
    CHECK(feed.state_of(0) == BookState::synced);

    feed.give(kraken, btc.update({{999, 1}}, {}));  // it may lack what nobody could read
    CHECK(feed.told().empty());
    feed.give(kraken, btc.snapshot({{1'000, 5}}, {{1'001, 7}}));
    CHECK(feed.told().front() == "2 resynced" && feed.state_of(3) == BookState::stale);
}

void diffs_and_pictures_of_one_book_are_not_mixed() {
    SpotFeed feed;
    const std::string picture =
        R"({"stream":"btcusdt@depth5","data":)" + spot_snapshot(11, bids, asks) + "}";

    feed.give(feed.connection, picture);

    CHECK(feed.state.malformed() == 1 && feed.state_of(0) == BookState::stale);
    CHECK(feed.told().front().starts_with("0 stale "));
    feed.btc(11, 11, "");
    CHECK(feed.told() == Texts{"0 resynced", "0 update 11"});
}

// ---- Grids

void a_finer_number_moves_the_book_onto_a_finer_grid_and_says_so_once() {
    SpotFeed feed;

    feed.btc(11, 11, R"(["100.25","0.5"])");
    feed.btc(12, 12, R"(["100.75","1.5"])");

    CHECK(feed.told() ==
          Texts{"0 instrument 0.01 1", "0 instrument 0.01 0.1", "0 update 11", "0 update 12"});
    const Book& book = feed.state.book(0).book();
    CHECK(book.bids.count() == 4 && book.bids.best() == Level{10'075, 15});
    CHECK(book.bids.size_at(10'000) == 10 && book.asks.best() == Level{10'100, 10});
    CHECK(feed.state.book(1).book().grid.tick == Step::from_text("1"));
}

void what_waits_for_a_snapshot_moves_onto_the_finer_grid_too() {
    Feed feed;
    const std::size_t connection = feed.add_connection(Wire::binance_spot);
    feed.state.subscribe(connection, "BTCUSDT", feed.add_book("BTCUSDT"), true, start);
    feed.give(connection, spot("BTCUSDT", 10, 10, R"(["98","3"])"));
    feed.give(connection, spot("BTCUSDT", 11, 11, R"(["98.5","4"])"));

    CHECK(feed.answer(0, spot_snapshot(9, R"(["100.001","1"])", asks)) == Verdict::apply);

    CHECK(feed.told() == Texts{"0 resynced", "0 update 11"});  // nobody saw the coarser grid
    const Book& book = feed.state.book(0).book();
    CHECK(book.bids.best() == Level{100'001, 1} && book.bids.size_at(98'000) == 3);
    CHECK(book.bids.size_at(98'500) == 4);
}

void what_the_next_connection_brought_moves_onto_the_finer_grid_too() {
    SpotFeed feed;
    const std::size_t next = feed.add_connection(Wire::binance_spot);
    feed.state.subscribe(next, "BTCUSDT", 0, true, feed.now);
    feed.give(next, spot("BTCUSDT", 12, 12, R"(["98","3"])"));

    feed.btc(11, 11, R"(["98.5","4"])");

    const Book& book = feed.state.book(0).book();
    CHECK(book.sequence == 12 && book.bids.size_at(980) == 3 && book.bids.size_at(985) == 4);
    CHECK(book.bids.size_at(98) == 0);
}

void a_trade_may_widen_the_grid_as_well() {
    SpotFeed feed;

    feed.give(feed.connection,
              R"({"e":"trade","E":1790000000131,"s":"BTCUSDT","t":7,"p":"100.5","q":"0.25",)"
              R"("T":1790000000130,"m":false,"M":true})");

    CHECK(feed.told() ==
          Texts{"0 instrument 0.1 1", "0 instrument 0.1 0.01", "0 trade 100.5 0.25 bought"});
    CHECK(feed.state.book(0).book().bids.best() == Level{1'000, 100});
}

void a_grid_that_was_given_is_kept_and_what_does_not_fit_is_malformed() {
    Feed feed;
    const Grid grid{Step::from_text("0.5"), Step::from_text("1")};
    const std::size_t connection = feed.add_connection(Wire::binance_spot);
    feed.state.subscribe(connection, "BTCUSDT", feed.add_book("BTCUSDT", grid), true, start);

    CHECK(!feed.give(connection, spot("BTCUSDT", 10, 10, R"(["98.5","3"])")).malformed);
    CHECK(feed.give(connection, spot("BTCUSDT", 11, 11, R"(["98.2","3"])")).malformed);

    CHECK(feed.state.book(0).book().grid == grid);
    CHECK(feed.state.last_error().find("a multiple of the tick 0.5") != std::string::npos);
    CHECK(feed.state.book(0).counters().malformed == 1);
}

// ---- What is nobody's

void symbols_that_nobody_asked_for_are_ignored() {
    SpotFeed feed;
    const std::size_t before = feed.state.memory_usage();

    for (const std::string& frame :
         {spot("XRPUSDT", 1, 2, R"(["0.000012345","1"])"),
          spot("XRPUSDT", 9, 12, R"(["x","1"])"), spot("BTCUSD", 11, 12, bids),
          spot("btcusdt", 11, 12, bids)}) {
        const FeedSignals signals = feed.give(feed.connection, frame);
        CHECK(!signals.wants && !signals.control && !signals.malformed);
    }

    CHECK(feed.told().empty() && feed.state.malformed() == 0);
    CHECK(feed.state.book(0).book().grid.tick == Step::from_text("1"));
    CHECK(feed.state.memory_usage() == before);
    CHECK(feed.state.frames(feed.connection) == 6);
}

void a_connection_knows_only_its_own_symbols() {
    SpotFeed feed;
    const std::size_t other = feed.add_connection(Wire::binance_spot);

    feed.give(other, spot("BTCUSDT", 11, 12, ""));

    CHECK(feed.told().empty() && feed.state.book(0).book().sequence == 10);
}

void the_venues_word_on_the_connection_is_handed_on() {
    SpotFeed feed;
    const FeedSignals signals = feed.give(feed.connection, R"({"result":null,"id":7})");
    CHECK(signals.control && !signals.wants && !signals.malformed);
    CHECK(!feed.btc(11, 11, "").control);
}

void kinds_that_nobody_has_a_use_for_are_ignored() {
    SpotFeed feed;
    feed.give(feed.connection, R"({"e":"kline","E":1790000000000,"s":"BTCUSDT","k":{}})");
    CHECK(feed.told().empty() && feed.state.malformed() == 0);
}

// ---- Listeners

// The same feed for one more listener, who has read what there was when it began.
std::shared_ptr<FeedState::Listener> listening(Feed& feed, EventQueue::Policy policy,
                                               std::size_t capacity) {
    auto listener = feed.state.listen(policy, capacity, false);
    while (!listener->queue.is_empty()) listener->queue.take();
    return listener;
}

void each_listener_has_a_queue_and_a_policy_of_its_own() {
    SpotFeed feed;
    const auto newest = listening(feed, EventQueue::Policy::latest, 16);
    const auto strict = listening(feed, EventQueue::Policy::raise, 3);
    const auto gone = listening(feed, EventQueue::Policy::block, 3);
    feed.state.leave(gone);

    for (Sequence id = 11; id <= 14; ++id) CHECK(!feed.btc(id, id, "").block);

    CHECK(feed.told().size() == 4 && gone->queue.is_empty());
    CHECK(newest->queue.size() == 1 && newest->queue.take().sequence == 14);
    CHECK(strict->queue.has_overflowed() && strict->queue.size() == 3);
}

void who_begins_to_listen_later_is_told_which_books_are_in_sync_and_nobody_else_is() {
    SpotFeed feed;
    feed.btc(20, 21, "");
    CHECK(feed.told() == Texts{"0 gap 11 20"});

    const auto late = feed.state.listen(EventQueue::Policy::drop_oldest, 16, false);

    CHECK(late->queue.size() == 1 && feed.told().empty());
    const FeedEvent& event = late->queue.take();
    CHECK(text(event) == "1 resynced" && event.sequence == 10);
    CHECK(event.state == BookState::synced && event.ts_recv_ns == feed.state.since(1));
    feed.give(feed.connection, spot("ETHUSDT", 11, 11, ""));
    CHECK(text(late->queue.take()) == "1 update 11" && feed.told() == Texts{"1 update 11"});
}

void a_listener_that_blocks_holds_the_connection_up_and_no_event_is_lost() {
    SpotFeed feed;
    const auto slow = listening(feed, EventQueue::Policy::block, 2);

    CHECK(!feed.btc(11, 11, "").block && !feed.state.is_blocked());
    CHECK(feed.btc(12, 12, "").block && feed.state.is_blocked());
    feed.state.disconnect(feed.connection, "gone", feed.now);  // what comes all the same

    CHECK(slow->queue.size() == 4 && slow->queue.dropped() == 0);
    while (slow->queue.size() >= 2) slow->queue.take();
    CHECK(!feed.state.is_blocked());
}

void who_waits_is_woken_and_who_does_not_is_not() {
    SpotFeed feed;
    CHECK(!feed.btc(11, 11, "").wake);

    feed.listener->is_waiting = true;
    CHECK(feed.btc(12, 12, "").wake);

    static_cast<void>(feed.told());
    CHECK(!feed.give(feed.connection, spot("XRPUSDT", 1, 2, "")).wake);
    CHECK(feed.state.restart(0, "asked for", feed.now).wake);
}

void features_come_with_an_update_and_are_nothing_while_the_book_is_not_trusted() {
    Feed feed;
    const auto plain = feed.state.listen(EventQueue::Policy::drop_oldest, 16, false);
    FeatureOptions options;
    options.features = "mid_price,spread";
    const std::size_t book = feed.state.add_book("BTCUSDT", std::nullopt, options, false);
    const std::size_t connection = feed.add_connection(Wire::binance_spot);
    feed.state.subscribe(connection, "BTCUSDT", book, true, start);
    const auto is_nothing = [&] {
        return std::ranges::all_of(feed.state.book(book).values(),
                                   [](double value) { return std::isnan(value); });
    };
    CHECK(is_nothing());

    feed.give(connection, spot("BTCUSDT", 9, 10, ""));
    feed.answer(book, spot_snapshot(9, bids, asks));

    CHECK(feed.listener->queue.take().kind == Kind::resynced);
    CHECK(feed.listener->queue.take().features == std::vector<double>{100.5, 1.0});
    CHECK(plain->queue.take().kind == Kind::resynced && plain->queue.take().features.empty());
    CHECK(!is_nothing());
    feed.give(connection, spot("BTCUSDT", 20, 21, ""));
    CHECK(is_nothing());
}

// ---- Memory

void memory_grows_with_what_waits_and_shrinks_when_it_is_taken() {
    Feed feed;
    const std::size_t empty = feed.state.memory_usage();
    const std::size_t connection = feed.add_connection(Wire::binance_spot);
    feed.state.subscribe(connection, "BTCUSDT", feed.add_book("BTCUSDT"), true, start);
    const std::size_t one_book = feed.state.memory_usage();
    CHECK(one_book > empty);

    for (Sequence id = 10; id < 1'010; ++id) {
        feed.give(connection, spot("BTCUSDT", id, id, R"(["98","1"],["97","1"])"));
    }
    const std::size_t waiting = feed.state.memory_usage();
    CHECK(waiting > one_book + 1'000 * (sizeof(Event) + 2 * sizeof(Level)));

    CHECK(feed.answer(0, spot_snapshot(9, bids, asks)) == Verdict::apply);
    const std::size_t joined = feed.state.memory_usage();
    CHECK(joined < waiting - 1'000 * sizeof(Event));
    CHECK(joined < one_book + 64UL * 1'024);

    feed.add_book("ETHUSDT");
    CHECK(feed.state.memory_usage() >= joined + (one_book - empty));
}

void what_a_second_connection_keeps_counts_until_the_book_goes_over() {
    SpotFeed feed;
    const std::size_t next = feed.add_connection(Wire::binance_spot);
    feed.state.subscribe(next, "BTCUSDT", 0, true, feed.now);
    const std::size_t before = feed.state.memory_usage();

    for (Sequence id = 13; id < 113; ++id) feed.give(next, spot("BTCUSDT", id, id, bids));
    CHECK(feed.state.memory_usage() > before + 100 * sizeof(Event));

    feed.btc(11, 12, "");
    CHECK(feed.state.memory_usage() < before + 100 * sizeof(Event));
    CHECK(feed.state.book(0).book().sequence == 112);
}

}  // namespace

int main() {
    return run_tests({
        a_book_that_joins_is_told_to_be_in_sync_before_its_first_update,
        an_update_tells_the_touch_in_the_venues_units,
        a_side_that_is_empty_has_no_price,
        a_gap_concerns_one_book_and_is_told_once,
        what_is_older_than_the_book_is_not_told,
        a_stream_of_its_own_is_told_in_the_same_order,
        a_checksum_that_is_wrong_is_a_gap_without_numbers,
        a_wish_is_told_once_until_it_is_answered,
        a_wish_that_was_asked_in_vain_is_told_again,
        a_market_near_its_horizon_wants_a_refresh_and_tells_nothing,
        an_answer_that_is_none_leaves_the_book_as_it_was,
        a_book_that_is_given_up_by_hand_is_built_anew,
        a_connection_that_goes_takes_its_books_with_it_and_no_others,
        ids_that_go_on_behind_a_break_bring_the_book_back_at_once,
        ids_that_were_missed_meanwhile_are_a_gap,
        a_stream_of_its_own_waits_for_its_snapshot_behind_a_break,
        a_book_that_the_next_connection_brings_is_not_told_to_be_gone,
        a_stream_that_never_begins_is_subscribed_to_again_and_ever_more_rarely,
        a_stream_that_brings_deltas_but_no_snapshot_is_subscribed_to_again,
        a_book_that_falls_silent_is_stale_until_its_next_message,
        a_book_without_a_connection_is_not_asked_for,
        a_book_whose_messages_lag_is_stale_until_they_do_not,
        clocks_that_run_apart_are_no_lag,
        a_book_that_crosses_is_stale_and_in_sync_again_once_it_does_not,
        a_book_that_stays_crossed_for_three_messages_is_built_anew,
        a_book_that_stays_crossed_for_a_second_is_built_anew,
        where_ids_tell_what_follows_a_malformed_frame_is_only_counted,
        a_malformed_frame_is_counted_for_the_book_that_it_names,
        where_nothing_tells_what_follows_a_malformed_frame_restarts_the_books_of_its_connection,
        diffs_and_pictures_of_one_book_are_not_mixed,
        a_finer_number_moves_the_book_onto_a_finer_grid_and_says_so_once,
        what_waits_for_a_snapshot_moves_onto_the_finer_grid_too,
        what_the_next_connection_brought_moves_onto_the_finer_grid_too,
        a_trade_may_widen_the_grid_as_well,
        a_grid_that_was_given_is_kept_and_what_does_not_fit_is_malformed,
        symbols_that_nobody_asked_for_are_ignored,
        a_connection_knows_only_its_own_symbols,
        the_venues_word_on_the_connection_is_handed_on,
        kinds_that_nobody_has_a_use_for_are_ignored,
        each_listener_has_a_queue_and_a_policy_of_its_own,
        who_begins_to_listen_later_is_told_which_books_are_in_sync_and_nobody_else_is,
        a_listener_that_blocks_holds_the_connection_up_and_no_event_is_lost,
        who_waits_is_woken_and_who_does_not_is_not,
        features_come_with_an_update_and_are_nothing_while_the_book_is_not_trusted,
        memory_grows_with_what_waits_and_shrinks_when_it_is_taken,
        what_a_second_connection_keeps_counts_until_the_book_goes_over,
    });
}
