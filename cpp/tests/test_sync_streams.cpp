// Books of streams that begin with a snapshot of their own: what proves them, and what ends
// that.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/bybit.hpp"
#include "obcore/checksum.hpp"
#include "obcore/okx.hpp"
#include "obcore/sync.hpp"
#include "one_grid.hpp"

namespace {

using namespace obcore;
using Levels = std::vector<Level>;
using Want = Synchronizer::Want;

Event message(Kind kind, IdRule rule, const Ids& ids, const Levels& bids = {},
              const Levels& asks = {}) {
    Event event;
    event.kind = kind;
    event.rule = rule;
    event.ids = ids;
    event.bids = bids;
    event.asks = asks;
    return event;
}

Event okx_snapshot(Sequence id) {
    return message(Kind::snapshot, IdRule::chained, {id, id, -1}, {{100, id}}, {{101, 1}});
}
Event okx_update(Sequence previous, Sequence id) {
    return message(Kind::delta, IdRule::chained, {id, id, previous}, {{100, id}});
}
Event bybit_snapshot(Sequence id) {
    return message(Kind::snapshot, IdRule::consecutive, {id, id, absent}, {{100, id}},
                   {{101, 1}});
}
Event bybit_delta(Sequence id) {
    return message(Kind::delta, IdRule::consecutive, {id, id, absent}, {{100, id}});
}

struct Feed {
    Synchronizer sync;
    Book book;

    Verdict give(const Event& event) { return sync.on(event, book); }
    Verdict lose(const Event& event) { return sync.lose(event, book); }

    [[nodiscard]] bool is_synced_at(Sequence id) const {
        return book.state == BookState::synced && book.sequence == id &&
               sync.wants() == Want::nothing;
    }
};

// A hole: the stream has to begin anew, and until it does nothing is believed.
void check_lost(Feed& feed, std::string_view reason, const Event& next, const Event& snapshot) {
    CHECK(feed.book.state == BookState::gap && feed.book.reason == reason);
    CHECK(feed.sync.wants() == Want::resubscription);
    CHECK(feed.sync.awaits_stream());
    CHECK(feed.give(next) == Verdict::skip);
    CHECK(feed.book.state == BookState::gap && feed.sync.wants() == Want::resubscription);
    CHECK(feed.give(snapshot) == Verdict::apply);
    CHECK(feed.is_synced_at(snapshot.ids.last) && !feed.sync.awaits_stream());
}

// ---- Chained: OKX and Deribit ---------------------------------------------------------------

// OKX API v5, "Sequence ID": with a heartbeat, and a reset to smaller numbers.
void the_chain_of_the_document_holds() {
    Feed feed;
    CHECK(feed.give(okx_snapshot(10)) == Verdict::apply);
    CHECK(feed.is_synced_at(10));

    for (const auto& [previous, id] : std::initializer_list<std::pair<Sequence, Sequence>>{
             {10, 15}, {15, 15}, {15, 3}, {3, 5}}) {
        CHECK(feed.give(okx_update(previous, id)) == Verdict::apply);
        CHECK(feed.is_synced_at(id) && feed.book.bids.size_at(100) == id);
    }

    CHECK(feed.sync.counters().gaps == 0 && feed.sync.counters().applied == 5);
    CHECK(feed.sync.counters().joins == 1 && feed.book.reason == "proved by the venue's ids");
}

void each_link_of_the_chain_that_is_missing_is_a_gap() {
    const std::vector<std::pair<Sequence, Sequence>> chain{{10, 15}, {15, 15}, {15, 3}, {3, 5}};
    for (std::size_t left_out = 0; left_out < chain.size() - 1; ++left_out) {
        Feed feed;
        feed.give(okx_snapshot(10));
        std::int64_t gaps = 0;
        for (std::size_t i = 0; i < chain.size(); ++i) {
            if (i == left_out) continue;
            const auto& [previous, id] = chain[i];
            gaps += feed.give(okx_update(previous, id)) == Verdict::gap;
        }
        const bool is_heartbeat = left_out == 1;  // it changes nothing: nothing is missing
        CHECK(gaps == (is_heartbeat ? 0 : 1) && feed.sync.counters().gaps == gaps);
    }
}

void the_chain_that_okx_sends_holds() {
    OneGrid grids({Step::from_text("0.1"), Step::from_text("1")}, {"BTC-USDT-SWAP"});
    okx::Decoder decoder;
    Frame frame;
    Feed feed;
    const auto receive = [&](const std::string& action, const std::string& bids, int previous,
                             int id) {
        decoder.decode(R"({"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":")" +
                           action + R"(","data":[{"asks":[],"bids":[)" + bids +
                           R"(],"ts":"1790000000300","checksum":0,"prevSeqId":)" +
                           std::to_string(previous) + R"(,"seqId":)" + std::to_string(id) +
                           "}]}",
                       grids, frame);
        return feed.give(frame[0]);
    };
    CHECK(receive("snapshot", R"(["64250.1","12","0","3"])", -1, 10) == Verdict::apply);
    CHECK(receive("update", R"(["64250.1","0","0","0"],["64250","7","0","1"])", 10, 15) ==
          Verdict::apply);
    CHECK(receive("update", "", 15, 15) == Verdict::apply);
    CHECK(receive("update", R"(["64250","8","0","1"])", 15, 3) == Verdict::apply);
    CHECK(receive("update", "", 3, 5) == Verdict::apply);

    CHECK(feed.is_synced_at(5));
    CHECK(feed.book.bids.count() == 1 && feed.book.bids.best() == Level{642'500, 8});
    CHECK(receive("update", "", 6, 7) == Verdict::gap);
}

void an_id_that_does_not_follow_is_a_gap_until_the_stream_begins_anew() {
    for (const auto& [previous, id] : std::initializer_list<std::pair<Sequence, Sequence>>{
             {16, 20}, {14, 16}, {10, 15}, {-1, 16}, {absent, 16}}) {
        Feed feed;
        feed.give(okx_snapshot(10));
        feed.give(okx_update(10, 15));

        CHECK(feed.give(okx_update(previous, id)) == Verdict::gap);

        CHECK(feed.book.sequence == 15 && feed.book.bids.size_at(100) == 15);
        CHECK(feed.sync.last_gap().expected == 15 && feed.sync.last_gap().received == previous);
        check_lost(
            feed,
            "deltas are missing: expected previous id 15, received " + std::to_string(previous),
            okx_update(15, 17), okx_snapshot(30));
    }
}

// ---- Consecutive: Bybit ---------------------------------------------------------------------

void consecutive_ids_follow_each_other_by_one() {
    Feed feed;
    feed.give(bybit_snapshot(18));

    CHECK(feed.give(bybit_delta(19)) == Verdict::apply);
    CHECK(feed.give(bybit_delta(20)) == Verdict::apply);
    CHECK(feed.is_synced_at(20) && feed.book.bids.size_at(100) == 20);

    CHECK(feed.give(bybit_delta(22)) == Verdict::gap);
    CHECK(feed.sync.last_gap().expected == 21 && feed.sync.last_gap().received == 22);
    check_lost(feed, "deltas are missing: expected id 21, received 22", bybit_delta(23),
               bybit_snapshot(40));
}

void a_delta_that_the_book_has_already_is_skipped() {
    Feed feed;
    feed.give(bybit_snapshot(18));
    feed.give(bybit_delta(19));

    CHECK(feed.give(bybit_delta(19)) == Verdict::skip);
    CHECK(feed.give(bybit_delta(7)) == Verdict::skip);

    CHECK(feed.is_synced_at(19) && feed.sync.counters().skipped == 2);
}

// Level 1 repeats its snapshot with the same u after 3 s of silence.
void a_snapshot_that_is_repeated_is_no_gap() {
    Feed feed;
    for (const Sequence id : {18, 18, 18, 25, 25}) {
        CHECK(feed.give(bybit_snapshot(id)) == Verdict::apply);
        CHECK(feed.is_synced_at(id));
    }
    CHECK(feed.sync.counters().gaps == 0);
}

void any_later_snapshot_replaces_the_book() {
    Feed feed;
    feed.give(bybit_snapshot(18));
    feed.give(message(Kind::delta, IdRule::consecutive, {19, 19, absent}, {{99, 5}}));

    for (const Sequence id : {500, 3}) {
        CHECK(feed.give(bybit_snapshot(id)) == Verdict::apply);
        CHECK(feed.is_synced_at(id) && feed.book.bids.count() == 1);
        CHECK(feed.give(bybit_delta(id + 1)) == Verdict::apply);
    }
}

void a_service_that_restarted_begins_a_new_book_with_id_1() {
    OneGrid grids({Step::from_text("0.1"), Step::from_text("0.001")}, {"BTCUSDT"});
    bybit::Decoder decoder;
    Frame frame;
    Feed feed;
    const auto receive = [&](const std::string& type, const std::string& bids, int id) {
        decoder.decode(R"({"topic":"orderbook.50.BTCUSDT","type":")" + type +
                           R"(","ts":1790000000200,"data":{"s":"BTCUSDT","b":[)" + bids +
                           R"(],"a":[],"u":)" + std::to_string(id) +
                           R"(,"seq":7961638724},"cts":1790000000197})",
                       grids, frame);
        return feed.give(frame[0]);
    };
    CHECK(receive("snapshot", R"(["64250.1","0.350"],["64250","1"])", 18'521'288) ==
          Verdict::apply);
    CHECK(receive("delta", R"(["64250.1","0"])", 18'521'289) == Verdict::apply);
    CHECK(feed.is_synced_at(18'521'289) && feed.book.bids.best() == Level{642'500, 1'000});

    for (const char* type : {"delta", "snapshot"}) {
        CHECK(receive(type, R"(["64000","2"])", 1) == Verdict::apply);
        CHECK(feed.is_synced_at(1) && feed.book.bids.count() == 1);
        CHECK(feed.book.bids.best() == Level{640'000, 2'000});
        CHECK(receive("delta", R"(["63999","1"])", 2) == Verdict::apply);
        CHECK(feed.is_synced_at(2) && feed.book.bids.count() == 2);
    }
    CHECK(feed.sync.counters().gaps == 0);
}

// ---- Checksums: Kraken ----------------------------------------------------------------------

Event kraken(Kind kind, const Levels& bids, const Levels& asks) {
    return message(kind, IdRule::checksum, {}, bids, asks);
}

// With the checksum of the book that the message makes of this one.
Event with_checksum(Event event, Book book) {
    if (event.kind == Kind::snapshot) {
        book.replace(event.bids, event.asks);
    } else {
        book.update(event.bids, event.asks);
    }
    if (event.depth != 0) book.cut(event.depth);
    event.checksum = {Checksum::Rule::kraken, checksum_of(book, Checksum::Rule::kraken)};
    return event;
}

Feed proved_by_checksum() {
    Feed feed;
    const Event snapshot = kraken(Kind::snapshot, {{100, 5}, {99, 4}}, {{101, 7}});
    CHECK(feed.give(with_checksum(snapshot, feed.book)) == Verdict::apply);
    return feed;
}

void a_checksum_that_is_right_proves_the_book() {
    Feed feed = proved_by_checksum();
    CHECK(feed.book.state == BookState::synced);
    CHECK(feed.book.reason == "proved by the venue's checksum");

    for (const Ticks price : {98, 97, 96}) {
        const Event delta = kraken(Kind::delta, {{price, 1}}, {});
        CHECK(feed.give(with_checksum(delta, feed.book)) == Verdict::apply);
    }

    CHECK(feed.sync.counters().checksums == 4 && feed.sync.counters().gaps == 0);
    CHECK(feed.book.state == BookState::synced && feed.sync.wants() == Want::nothing);
}

void a_checksum_that_is_wrong_is_a_gap_that_says_both() {
    Feed feed = proved_by_checksum();
    Event delta = with_checksum(kraken(Kind::delta, {{98, 1}}, {}), feed.book);
    const std::uint32_t right = delta.checksum.value++;

    CHECK(feed.give(delta) == Verdict::gap);

    CHECK(feed.sync.counters().gaps == 1 && feed.sync.counters().checksums == 1);
    CHECK(feed.sync.last_gap().expected == absent && feed.sync.last_gap().received == absent);
    check_lost(feed,
               "checksum: expected " + std::to_string(right + 1) + ", the book has " +
                   std::to_string(right),
               with_checksum(kraken(Kind::delta, {{97, 1}}, {}), feed.book),
               with_checksum(kraken(Kind::snapshot, {{90, 1}}, {{91, 1}}), Book()));
}

void a_delta_that_is_lost_shows_by_the_next_checksum() {
    Feed feed = proved_by_checksum();
    Book venue = feed.book;
    venue.update(Levels{{100, 9}}, {});  // never arrived

    CHECK(feed.give(with_checksum(kraken(Kind::delta, {{98, 1}}, {}), venue)) == Verdict::gap);
}

void a_snapshot_whose_checksum_is_wrong_is_not_believed_either() {
    Feed feed;
    Event snapshot = with_checksum(kraken(Kind::snapshot, {{100, 5}}, {{101, 7}}), feed.book);
    ++snapshot.checksum.value;

    CHECK(feed.give(snapshot) == Verdict::gap);

    CHECK(feed.book.state == BookState::gap && feed.sync.wants() == Want::resubscription);
    CHECK(feed.sync.counters().joins == 0);
}

void a_stream_that_does_not_tell_its_checksum_proves_nothing() {
    Feed feed;
    CHECK(feed.give(kraken(Kind::snapshot, {{100, 5}}, {{101, 7}})) == Verdict::apply);
    CHECK(feed.book.state == BookState::unverified);
    CHECK(feed.book.reason == "the stream's own snapshot, which has no checksum");

    const Event delta = kraken(Kind::delta, {{99, 4}}, {});
    CHECK(feed.give(with_checksum(delta, feed.book)) == Verdict::apply);

    CHECK(feed.book.state == BookState::synced);
    CHECK(feed.book.reason == "proved by the venue's checksum");
}

void a_chain_that_holds_does_not_excuse_a_checksum_that_is_wrong() {
    Feed feed;
    feed.give(okx_snapshot(10));
    Event update = okx_update(10, 15);
    update.checksum = {Checksum::Rule::okx, 12'345};

    CHECK(feed.give(update) == Verdict::gap);

    CHECK(feed.book.reason.starts_with("checksum: expected 12345"));
    CHECK(feed.sync.wants() == Want::resubscription);
}

// ---- Depth ----------------------------------------------------------------------------------

void levels_that_fall_out_of_scope_are_cut_off() {
    Feed feed;
    Event snapshot =
        kraken(Kind::snapshot, {{100, 1}, {99, 1}, {98, 1}}, {{101, 1}, {102, 1}, {103, 1}});
    snapshot.depth = 3;
    feed.give(with_checksum(snapshot, feed.book));
    Event better = kraken(Kind::delta, {{105, 1}, {104, 1}}, {});
    better.depth = 3;
    better.asks = {{101, 0}, {102, 0}, {103, 0}, {107, 1}};

    CHECK(feed.give(with_checksum(better, feed.book)) == Verdict::apply);

    CHECK(feed.book.bids.count() == 3 && feed.book.bids.at(2) == Level{100, 1});
    CHECK(feed.book.asks.count() == 1 && feed.book.asks.best() == Level{107, 1});
    CHECK(feed.book.state == BookState::synced);
}

// The venue tells no deletion of what fell out, and tells it again when it comes back.
void a_book_that_is_cut_off_is_the_venues_top_however_it_moves() {
    constexpr std::size_t depth = 10;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Dice dice(seed);
        Book venue;  // all of its levels
        Feed feed;
        const auto top = [](const auto& side) {
            Levels levels(depth);
            levels.resize(side.top(levels));
            return levels;
        };
        for (Ticks i = 0; i < 40; ++i) {
            venue.update(Levels{{1'000 - i, 1}}, Levels{{1'001 + i, 1}});
        }
        Event event = kraken(Kind::snapshot, top(venue.bids), top(venue.asks));
        event.depth = depth;
        feed.give(with_checksum(event, Book()));
        for (int step = 0; step < 300; ++step) {
            const Levels bids_before = top(venue.bids);
            const Levels asks_before = top(venue.asks);
            const Ticks away = dice.below(15);
            const Lots size = dice.one_in(2) ? 0 : 1 + dice.below(9);
            if (dice.one_in(2)) {
                venue.update(Levels{{1'000 - away, size}}, {});
            } else {
                venue.update({}, Levels{{1'001 + away, size}});
            }
            event = kraken(Kind::delta, {}, {});
            event.depth = depth;
            const auto tell = [](const Levels& before, const Levels& after, Levels& out) {
                for (const Level& level : after) {
                    if (std::ranges::find(before, level) == before.end()) out.push_back(level);
                }
                // Gone from the top: deleted, or pushed out, which is not told.
                if (after.size() < depth || after.back() != before.back()) {
                    for (const Level& level : before) {
                        const auto same = [&](const Level& now) {
                            return now.price == level.price;
                        };
                        const bool is_inside =
                            after.size() < depth || (after.front().price > after.back().price
                                                         ? level.price > after.back().price
                                                         : level.price < after.back().price);
                        if (is_inside && std::ranges::none_of(after, same)) {
                            out.push_back({level.price, 0});
                        }
                    }
                }
            };
            tell(bids_before, top(venue.bids), event.bids);
            tell(asks_before, top(venue.asks), event.asks);
            event.checksum = {Checksum::Rule::kraken,
                              checksum_of(venue, Checksum::Rule::kraken)};

            CHECK(feed.give(event) == Verdict::apply);

            CHECK(feed.book.bids.count() <= depth && feed.book.asks.count() <= depth);
            CHECK(top(feed.book.bids) == top(venue.bids));
            CHECK(top(feed.book.asks) == top(venue.asks));
        }
        CHECK(feed.sync.counters().gaps == 0);
    }
}

// ---- Numbers of the connection: Coinbase
// ------------------------------------------------------

Event coinbase(Kind kind, Sequence id) {
    return message(kind, IdRule::connection, {id, id, absent}, {{100, id}}, {{101, 1}});
}

Event lost(IdRule rule, const Ids& ids, const char* why) {
    Event event = message(Kind::lost, rule, ids);
    event.name = why;
    return event;
}

void numbers_of_the_connection_may_leave_any_distance_between_two_of_a_book() {
    Feed feed;
    feed.give(coinbase(Kind::snapshot, 4));
    for (const Sequence id : {5, 9, 30}) {
        CHECK(feed.give(coinbase(Kind::delta, id)) == Verdict::apply);
        CHECK(feed.is_synced_at(id));
    }
    CHECK(feed.book.reason == "proved by the connection's numbers");
}

void a_hole_in_the_connections_numbers_is_told_by_its_decoder() {
    Feed feed;
    feed.give(coinbase(Kind::snapshot, 4));

    CHECK(feed.lose(lost(IdRule::connection, {5, 7, absent}, "numbers are missing")) ==
          Verdict::gap);

    CHECK(feed.sync.counters().gaps == 1);
    CHECK(feed.sync.last_gap().expected == 5 && feed.sync.last_gap().received == 7);
    check_lost(feed, "numbers are missing", coinbase(Kind::delta, 8),
               coinbase(Kind::snapshot, 20));
}

void a_hole_before_the_first_snapshot_has_to_be_mended_too() {
    Feed feed;
    CHECK(feed.lose(lost(IdRule::connection, {1, 3, absent}, "numbers are missing")) ==
          Verdict::gap);
    CHECK(feed.book.state == BookState::empty);
    CHECK(feed.sync.wants() == Want::resubscription);
}

// Tardis says `disconnect`, without a number; the next snapshot comes by itself.
void a_source_that_says_it_has_lost_something_is_stale_until_its_next_snapshot() {
    Feed feed;
    feed.give(message(Kind::snapshot, IdRule::none, {}, {{100, 1}}, {{101, 1}}));
    CHECK(feed.book.state == BookState::unverified);

    CHECK(feed.lose(lost(IdRule::none, {}, "disconnect")) == Verdict::skip);

    CHECK(feed.book.state == BookState::stale && feed.book.reason == "disconnect");
    CHECK(feed.sync.wants() == Want::nothing && feed.sync.counters().gaps == 0);
    CHECK(feed.give(message(Kind::delta, IdRule::none, {}, {{99, 1}})) == Verdict::skip);
    CHECK(!is_proof(IdRule::none) && feed.book.bids.count() == 1);
    CHECK(feed.give(message(Kind::snapshot, IdRule::none, {}, {{98, 1}}, {{99, 1}})) ==
          Verdict::apply);
    CHECK(feed.book.state == BookState::unverified);
}

// ---- Beginnings and interruptions
// -------------------------------------------------------------

void deltas_before_the_streams_snapshot_are_skipped() {
    for (const IdRule rule :
         {IdRule::chained, IdRule::consecutive, IdRule::checksum, IdRule::connection}) {
        Feed feed;
        CHECK(feed.give(message(Kind::delta, rule, {5, 5, 4}, {{100, 1}})) == Verdict::skip);
        CHECK(feed.book.state == BookState::buffering && feed.book.bids.empty());
        CHECK(feed.sync.awaits_stream() && feed.sync.wants() == Want::nothing);
        CHECK(!feed.sync.sees_holes());

        CHECK(feed.give(message(Kind::snapshot, rule, {9, 9, -1}, {{100, 1}})) ==
              Verdict::apply);
        CHECK(!feed.sync.awaits_stream());
    }
}

void behind_an_interruption_only_a_snapshot_is_believed() {
    Feed feed;
    feed.give(bybit_snapshot(18));

    feed.sync.interrupt(feed.book, BookState::stale, "disconnected");

    CHECK(feed.book.state == BookState::stale && feed.book.reason == "disconnected");
    CHECK(feed.sync.awaits_stream());
    CHECK(feed.give(bybit_delta(19)) == Verdict::skip);  // it follows, but of what was missed?
    CHECK(feed.book.state == BookState::stale);
    CHECK(feed.give(bybit_snapshot(19)) == Verdict::apply);
    CHECK(feed.is_synced_at(19));
}

void an_interruption_does_not_hide_a_gap_that_has_to_be_mended() {
    Feed feed;
    feed.give(bybit_snapshot(18));
    feed.give(bybit_delta(25));

    feed.sync.interrupt(feed.book, BookState::stale, "disconnected");

    CHECK(feed.book.state == BookState::gap && feed.sync.wants() == Want::resubscription);
}

void a_book_that_is_given_up_wants_its_stream_anew() {
    Feed feed;
    feed.give(okx_snapshot(10));

    feed.sync.restart(feed.book, "asked for");

    CHECK(feed.book.state == BookState::stale && feed.book.reason == "asked for");
    CHECK(feed.sync.wants() == Want::resubscription);
    CHECK(feed.give(okx_update(10, 15)) == Verdict::skip);
    CHECK(feed.give(okx_snapshot(20)) == Verdict::apply);
    CHECK(feed.is_synced_at(20));
}

void a_doubt_ends_with_the_next_message() {
    Feed feed;
    feed.give(okx_snapshot(10));

    Synchronizer::doubt(feed.book, "silent");
    CHECK(feed.book.state == BookState::stale && feed.book.reason == "silent");

    CHECK(feed.give(okx_update(10, 15)) == Verdict::apply);
    CHECK(feed.is_synced_at(15));
}

// ---- Any losses
// -------------------------------------------------------------------------------

// Whatever is lost: a book that says it is in sync is the one that the venue has at that id.
void a_proved_book_of_a_stream_is_the_venues(IdRule rule) {
    std::int64_t compared = 0;
    std::int64_t gaps = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        Dice dice(seed);
        Feed feed;
        Book venue;
        venue.sequence = 1'000'000;
        const std::int64_t one_lost_in = 3 + dice.below(30);
        bool begins_anew = true;
        for (int i = 0; i < 200; ++i) {
            Event event = message(Kind::delta, rule, {});
            // A reset of a chain goes to smaller numbers, but to none that was there before.
            const Sequence next = rule == IdRule::consecutive ? venue.sequence + 1
                                  : dice.one_in(20)           ? venue.sequence - 1'000
                                                              : venue.sequence + dice.below(4);
            event.ids = {next, next, venue.sequence};
            if (next != venue.sequence) {
                event.bids.push_back({1 + dice.below(6), dice.below(3)});
                event.asks.push_back({7 + dice.below(6), dice.below(3)});
            }
            venue.update(event.bids, event.asks);
            venue.sequence = next;
            if (begins_anew) {
                event.kind = Kind::snapshot;
                event.bids.resize(10);
                event.bids.resize(venue.bids.top(event.bids));
                event.asks.resize(10);
                event.asks.resize(venue.asks.top(event.asks));
                begins_anew = false;
            }
            if (rule == IdRule::checksum) {
                event.ids = {};
                event.checksum = {Checksum::Rule::kraken,
                                  checksum_of(venue, Checksum::Rule::kraken)};
            }
            if (dice.one_in(one_lost_in)) continue;
            feed.give(event);
            if (feed.sync.wants() == Want::resubscription) begins_anew = dice.one_in(3);
            if (feed.book.state != BookState::synced) continue;
            ++compared;
            for (Ticks price = 1; price < 13; ++price) {
                CHECK(feed.book.bids.size_at(price) == venue.bids.size_at(price));
                CHECK(feed.book.asks.size_at(price) == venue.asks.size_at(price));
            }
        }
        gaps += feed.sync.counters().gaps;
    }
    CHECK(compared > 10'000);
    CHECK(gaps > 1'000);
}

void a_proved_book_of_a_chain_is_the_venues() {
    a_proved_book_of_a_stream_is_the_venues(IdRule::chained);
}
void a_proved_book_of_consecutive_ids_is_the_venues() {
    a_proved_book_of_a_stream_is_the_venues(IdRule::consecutive);
}
void a_proved_book_of_checksums_is_the_venues() {
    a_proved_book_of_a_stream_is_the_venues(IdRule::checksum);
}

}  // namespace

int main() {
    return run_tests({
        the_chain_of_the_document_holds,
        each_link_of_the_chain_that_is_missing_is_a_gap,
        the_chain_that_okx_sends_holds,
        an_id_that_does_not_follow_is_a_gap_until_the_stream_begins_anew,
        consecutive_ids_follow_each_other_by_one,
        a_delta_that_the_book_has_already_is_skipped,
        a_snapshot_that_is_repeated_is_no_gap,
        any_later_snapshot_replaces_the_book,
        a_service_that_restarted_begins_a_new_book_with_id_1,
        a_checksum_that_is_right_proves_the_book,
        a_checksum_that_is_wrong_is_a_gap_that_says_both,
        a_delta_that_is_lost_shows_by_the_next_checksum,
        a_snapshot_whose_checksum_is_wrong_is_not_believed_either,
        a_stream_that_does_not_tell_its_checksum_proves_nothing,
        a_chain_that_holds_does_not_excuse_a_checksum_that_is_wrong,
        levels_that_fall_out_of_scope_are_cut_off,
        a_book_that_is_cut_off_is_the_venues_top_however_it_moves,
        numbers_of_the_connection_may_leave_any_distance_between_two_of_a_book,
        a_hole_in_the_connections_numbers_is_told_by_its_decoder,
        a_hole_before_the_first_snapshot_has_to_be_mended_too,
        a_source_that_says_it_has_lost_something_is_stale_until_its_next_snapshot,
        deltas_before_the_streams_snapshot_are_skipped,
        behind_an_interruption_only_a_snapshot_is_believed,
        an_interruption_does_not_hide_a_gap_that_has_to_be_mended,
        a_book_that_is_given_up_wants_its_stream_anew,
        a_doubt_ends_with_the_next_message,
        a_proved_book_of_a_chain_is_the_venues,
        a_proved_book_of_consecutive_ids_is_the_venues,
        a_proved_book_of_checksums_is_the_venues,
    });
}
