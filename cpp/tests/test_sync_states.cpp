// What a synchronizer says of a book besides its ids: crossed, unverified, waiting, rescaled.

#include <vector>

#include "check.hpp"
#include "obcore/sync.hpp"

namespace {

using namespace obcore;
using Levels = std::vector<Level>;

// A message of a format without ids.
Event unnumbered(Kind kind, const Levels& bids, const Levels& asks) {
    Event event;
    event.kind = kind;
    event.bids = bids;
    event.asks = asks;
    return event;
}

Event numbered(Kind kind, const Ids& ids, const Levels& bids, const Levels& asks) {
    Event event = unnumbered(kind, bids, asks);
    event.rule = IdRule::binance_spot;
    event.ids = ids;
    return event;
}

Event spot(Sequence first, Sequence last) {
    return numbered(Kind::delta, {first, last, absent}, {{100, last}}, {});
}

Event snapshot(Sequence last) {
    return numbered(Kind::snapshot, {last, last, absent}, {{100, last}}, {{101, 7}});
}

struct Feed {
    Synchronizer sync;
    Book book;

    Verdict give(const Event& event) { return sync.on(event, book); }
    Verdict give_delta(Sequence id, const Levels& bids, const Levels& asks) {
        return give(numbered(Kind::delta, {id, id, absent}, bids, asks));
    }
};

Feed synced() {
    Feed feed;
    feed.give(snapshot(10));
    CHECK(feed.give_delta(11, {}, {}) == Verdict::apply);
    CHECK(feed.book.state == BookState::synced);
    return feed;
}

// ---- Crossed books ------------------------------------------------------------------------

void a_crossed_book_is_stale_and_no_gap() {
    Feed feed = synced();

    CHECK(feed.give_delta(12, {{102, 1}}, {}) == Verdict::apply);

    CHECK(feed.book.state == BookState::stale && feed.book.reason == "crossed");
    CHECK(feed.book.is_crossed() && feed.book.sequence == 12);
    CHECK(feed.sync.counters().crossed == 1 && feed.sync.counters().gaps == 0);
    CHECK(feed.give_delta(12, {}, {}) == Verdict::skip);
    CHECK(feed.book.state == BookState::stale);
}

void a_book_that_is_no_longer_crossed_is_in_sync_again() {
    for (const Ticks bid : {100, 101}) {
        Feed feed = synced();
        feed.give_delta(12, {{102, 1}}, {});
        feed.give_delta(13, {{bid, 1}}, {});
        CHECK(feed.book.state == BookState::stale && feed.book.reason == "crossed");

        CHECK(feed.give_delta(14, {{102, 0}}, {}) == Verdict::apply);

        CHECK(feed.book.state == BookState::synced);
        CHECK(feed.book.reason == "proved by the venue's ids");
        CHECK(feed.book.is_locked() == (bid == 101));
    }
}

void a_book_that_crosses_inside_a_message_only_is_not_crossed() {
    Feed feed = synced();

    feed.give_delta(12, {{105, 1}, {105, 0}}, {});

    CHECK(feed.book.state == BookState::synced && feed.sync.counters().crossed == 0);
}

void a_snapshot_that_joins_crossed_is_stale() {
    Feed feed;
    feed.give(numbered(Kind::delta, {8, 9, absent}, {{200, 1}}, {}));
    CHECK(feed.give(snapshot(8)) == Verdict::apply);
    CHECK(feed.book.state == BookState::stale && feed.book.reason == "crossed");
    CHECK(feed.give_delta(10, {{200, 0}}, {}) == Verdict::apply);
    CHECK(feed.book.state == BookState::synced);
}

void a_locked_book_is_counted_and_nothing_else() {
    Feed feed = synced();

    feed.give_delta(12, {{101, 1}}, {});

    CHECK(feed.book.state == BookState::synced && feed.book.is_locked());
    CHECK(feed.sync.counters().locked == 1 && feed.sync.counters().crossed == 0);
}

// ---- Formats without ids ------------------------------------------------------------------

void deltas_before_the_first_snapshot_are_skipped() {
    Feed feed;

    CHECK(feed.give(unnumbered(Kind::delta, {{1, 1}}, {})) == Verdict::skip);

    CHECK(feed.book.state == BookState::buffering && feed.book.bids.empty());
    CHECK(feed.give(unnumbered(Kind::snapshot, {{5, 1}}, {{6, 1}})) == Verdict::apply);
    CHECK(feed.book.state == BookState::unverified);
    CHECK(feed.give(unnumbered(Kind::delta, {{4, 1}, {5, 0}}, {})) == Verdict::apply);
    CHECK(feed.book.bids.best() == Level{4, 1} && feed.book.bids.count() == 1);
}

void a_top_of_the_book_replaces_what_was_there_whatever_its_ids() {
    Feed feed;
    feed.give(unnumbered(Kind::topn, {{5, 1}, {4, 1}}, {{6, 1}}));

    CHECK(feed.give(numbered(Kind::topn, {9, 9, absent}, {{3, 2}}, {})) == Verdict::apply);

    CHECK(feed.book.state == BookState::unverified && feed.book.sequence == 9);
    CHECK(feed.book.bids.count() == 1 && feed.book.bids.best() == Level{3, 2});
    CHECK(feed.book.asks.empty());
}

void a_crossed_book_without_ids_stays_and_is_counted() {
    Feed feed;

    feed.give(unnumbered(Kind::snapshot, {{7, 1}}, {{6, 1}}));

    CHECK(feed.book.state == BookState::unverified && feed.book.is_crossed());
    CHECK(feed.sync.counters().crossed == 1 && feed.sync.counters().uncrossed_levels == 0);
}

// The venue left a delete out: what the message did not touch is old.
void uncrossing_removes_the_side_that_the_message_did_not_touch() {
    const Event picture =
        unnumbered(Kind::snapshot, {{5, 1}, {4, 1}, {3, 1}}, {{6, 1}, {8, 1}});
    Feed by_ask;
    by_ask.sync.uncross = true;
    by_ask.give(picture);
    by_ask.give(unnumbered(Kind::delta, {{5, 2}}, {{4, 9}, {3, 0}}));
    CHECK(by_ask.book.bids.best() == Level{4, 1} && by_ask.book.is_locked());
    CHECK(by_ask.sync.counters().uncrossed_levels == 1);

    Feed by_bid;
    by_bid.sync.uncross = true;
    by_bid.give(picture);
    by_bid.give(unnumbered(Kind::delta, {{9, 1}}, {}));
    CHECK(by_bid.book.bids.best() == Level{9, 1} && by_bid.book.asks.empty());
    CHECK(by_bid.sync.counters().uncrossed_levels == 2);
    CHECK(by_bid.book.state == BookState::unverified);
}

void a_proved_book_is_never_uncrossed() {
    Feed feed = synced();
    feed.sync.uncross = true;

    feed.give_delta(12, {{102, 1}}, {});

    CHECK(feed.book.is_crossed() && feed.book.state == BookState::stale);
    CHECK(feed.sync.counters().uncrossed_levels == 0);
}

// ---- What waits ---------------------------------------------------------------------------

void a_full_buffer_is_dropped_whole() {
    Feed feed;
    feed.sync.max_buffered_levels = 60;
    Sequence next = 1;
    while (feed.sync.counters().buffer_overflows == 0) {
        feed.give(spot(next, next));
        ++next;
    }
    const Sequence kept = next - 1;  // the delta that found no room starts the new buffer

    CHECK(kept > 2 && feed.book.state == BookState::buffering);
    CHECK(feed.give(snapshot(kept - 2)) == Verdict::resync);
    CHECK(feed.give(snapshot(kept - 1)) == Verdict::apply);
    CHECK(feed.book.state == BookState::synced && feed.book.sequence == kept);
}

void deltas_without_levels_fill_the_buffer_too() {
    Feed feed;
    feed.sync.max_buffered_levels = 1'000;
    Event empty = spot(0, 0);
    empty.bids.clear();
    for (Sequence id = 1; id <= 1'000; ++id) {
        empty.ids.first = empty.ids.last = id;
        feed.give(empty);
    }
    CHECK(feed.sync.counters().buffer_overflows > 0);
}

void more_levels_than_any_market_has_are_refused() {
    Feed feed = synced();
    feed.sync.max_levels = 3;

    CHECK(feed.give_delta(12, {{98, 1}, {99, 1}}, {}) == Verdict::apply);
    CHECK_THROWS(feed.give_delta(13, {{97, 1}}, {}), DecodeError,
                 "book: expected at most 3 levels a side, received more");

    CHECK(feed.book.bids.count() == 3 && feed.book.sequence == 12);
}

void what_waits_moves_onto_a_finer_grid() {
    const Rescale finer{.price = 10, .size = 100};
    Feed buffered;
    buffered.give(spot(11, 12));
    buffered.book.rescale(finer);
    buffered.sync.rescale(finer);
    Event picture = snapshot(10);
    rescale(picture, finer);
    buffered.give(picture);
    CHECK(buffered.book.bids.best() == Level{1'000, 1'200});

    Feed live = synced();
    live.give(snapshot(20));
    live.book.rescale(finer);
    live.sync.rescale(finer);
    CHECK(live.give_delta(12, {}, {}) == Verdict::apply);
    CHECK(live.book.bids.best() == Level{1'000, 1'000});
    CHECK(live.give(numbered(Kind::delta, {13, 21, absent}, {}, {})) == Verdict::apply);
    CHECK(live.book.bids.best() == Level{1'000, 2'000});
}

}  // namespace

int main() {
    return run_tests({
        a_crossed_book_is_stale_and_no_gap,
        a_book_that_is_no_longer_crossed_is_in_sync_again,
        a_book_that_crosses_inside_a_message_only_is_not_crossed,
        a_snapshot_that_joins_crossed_is_stale,
        a_locked_book_is_counted_and_nothing_else,
        deltas_before_the_first_snapshot_are_skipped,
        a_top_of_the_book_replaces_what_was_there_whatever_its_ids,
        a_crossed_book_without_ids_stays_and_is_counted,
        uncrossing_removes_the_side_that_the_message_did_not_touch,
        a_proved_book_is_never_uncrossed,
        a_full_buffer_is_dropped_whole,
        deltas_without_levels_fill_the_buffer_too,
        more_levels_than_any_market_has_are_refused,
        what_waits_moves_onto_a_finer_grid,
    });
}
