// Joining snapshots and deltas: each case of the venues' documents that a recording can hold.

#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/sync.hpp"

namespace {

using namespace obcore;
using Levels = std::vector<Level>;
using enum IdRule;

// A delta that sets the bid 100 to a size of its own last id, so that a book tells what it saw.
Event delta(IdRule rule, const Ids& ids) {
    Event event;
    event.kind = Kind::delta;
    event.rule = rule;
    event.ids = ids;
    event.bids = {{100, ids.last}};
    event.ts_event_ns = 1'000 + ids.last;
    event.ts_recv_ns = 2'000 + ids.last;
    return event;
}

Event spot(Sequence first, Sequence last) {
    return delta(binance_spot, {first, last, absent});
}

Event futures(Sequence previous, Sequence first, Sequence last) {
    return delta(binance_futures, {first, last, previous});
}

// A snapshot that has the bid 100 and, to be told from other books, the bid 50.
Event snapshot(Sequence last) {
    Event event = delta(binance_spot, {last, last, absent});
    event.kind = Kind::snapshot;
    event.bids.push_back({50, last + 10'000});
    return event;
}

struct Feed {
    Synchronizer sync;
    Book book;

    Verdict give(const Event& event) { return sync.on(event, book); }

    // In sync behind this id, with the last snapshot's own level.
    [[nodiscard]] bool is_synced_at(Sequence last, Sequence snapshot_id) const {
        return book.state == BookState::synced && book.sequence == last &&
               book.bids.size_at(100) == last &&
               book.bids.size_at(50) == snapshot_id + 10'000 &&
               book.reason == "proved by the venue's ids" && book.ts_event_ns == 1'000 + last;
    }
};

// The first delta joins the snapshot, whichever of the two comes first.
void check_join(const Event& first, Sequence snapshot_id) {
    Feed buffered;
    CHECK(buffered.give(first) == Verdict::buffer);
    CHECK(buffered.book.state == BookState::buffering);
    CHECK(buffered.give(snapshot(snapshot_id)) == Verdict::apply);
    CHECK(buffered.is_synced_at(first.ids.last, snapshot_id));

    Feed live;
    CHECK(live.give(snapshot(snapshot_id)) == Verdict::buffer);
    CHECK(live.book.state == BookState::buffering && live.book.sequence == snapshot_id);
    CHECK(live.give(first) == Verdict::apply);
    CHECK(live.is_synced_at(first.ids.last, snapshot_id));
}

// The snapshot is too old for the first delta; the next one, at the delta's own end, joins it.
void check_refusal(const Event& first, Sequence snapshot_id) {
    const std::string id = std::to_string(snapshot_id);
    const std::string start = std::to_string(first.ids.first);
    Feed buffered;
    buffered.give(first);
    CHECK(buffered.give(snapshot(snapshot_id)) == Verdict::resync);
    CHECK(buffered.book.state == BookState::buffering);
    CHECK(buffered.book.reason ==
          "snapshot " + id + " is too old: the deltas at hand start at " + start);

    Feed live;
    live.give(snapshot(snapshot_id));
    CHECK(live.give(first) == Verdict::resync);
    CHECK(live.book.state == BookState::buffering);
    CHECK(live.book.reason ==
          "snapshot " + id + " is too old: the next delta starts at " + start);
    const Sequence end = first.ids.last;
    CHECK(live.give(delta(first.rule, {end + 1, end + 2, end})) == Verdict::buffer);
    CHECK(live.sync.counters().stale_snapshots == 1);
    CHECK(live.give(snapshot(end - 1)) == Verdict::apply);
    CHECK(live.is_synced_at(end + 2, end - 1));
}

// Loaded with snapshot 100 and joined by a delta up to 110.
Feed synced(const Event& first) {
    Feed feed;
    feed.give(snapshot(100));
    feed.give(first);
    CHECK(feed.is_synced_at(110, 100));
    return feed;
}

Feed synced_spot() {
    return synced(spot(101, 110));
}

Feed synced_futures() {
    return synced(futures(90, 95, 110));
}

// ---- Spot: the cases of the corrected "How to manage a local order book correctly"
// -----------

void spot_joins_where_the_delta_follows_the_snapshot_or_straddles_it() {
    check_join(spot(101, 105), 100);
    check_join(spot(96, 104), 100);
    check_join(spot(100, 101), 100);
}

void spot_refuses_a_snapshot_one_id_too_old() {
    check_refusal(spot(102, 105), 100);
}

void a_snapshot_newer_than_the_whole_buffer_waits_for_a_live_delta() {
    Feed feed;
    feed.give(spot(90, 95));
    feed.give(spot(96, 100));

    CHECK(feed.give(snapshot(100)) == Verdict::buffer);

    CHECK(feed.book.state == BookState::buffering);
    CHECK(feed.give(spot(96, 100)) == Verdict::skip);
    CHECK(feed.give(snapshot(99)) == Verdict::skip);  // older than the one that waits
    CHECK(feed.give(spot(101, 103)) == Verdict::apply);
    CHECK(feed.is_synced_at(103, 100));
}

void the_buffer_is_applied_from_the_delta_that_joins() {
    Feed feed;
    for (const Event& event : {spot(90, 95), spot(96, 104), spot(105, 107)}) feed.give(event);

    Event late = snapshot(100);
    late.ts_recv_ns = 9'000;
    CHECK(feed.give(late) == Verdict::apply);

    CHECK(feed.is_synced_at(107, 100));
    CHECK(feed.sync.counters().joins == 1);
    CHECK(feed.book.ts_recv_ns == 9'000);  // nobody could know this book before the snapshot
}

void snapshots_too_old_several_times_in_a_row_are_counted() {
    Feed feed;
    feed.give(spot(110, 115));
    for (const Sequence old : {90, 95, 100}) CHECK(feed.give(snapshot(old)) == Verdict::resync);
    feed.give(spot(116, 120));

    CHECK(feed.sync.counters().stale_snapshots == 3);
    CHECK(feed.give(snapshot(112)) == Verdict::apply);
    CHECK(feed.is_synced_at(120, 112));
}

void a_symbol_that_never_traded_joins_anything() {
    check_join(spot(5, 7), -1);
}

void a_delta_with_both_sides_empty_advances_the_id() {
    Feed feed = synced_spot();
    Event empty = spot(111, 115);
    empty.bids.clear();

    CHECK(feed.give(empty) == Verdict::apply);

    CHECK(feed.book.sequence == 115 && feed.book.bids.size_at(100) == 110);
    CHECK(feed.give(spot(116, 120)) == Verdict::apply);
    CHECK(feed.is_synced_at(120, 100));
}

// Make before break: two connections deliver the same deltas, each cut in its own way.
void a_second_connection_is_told_apart_by_its_ids() {
    Feed feed = synced_spot();
    CHECK(feed.give(spot(101, 110)) == Verdict::skip);
    CHECK(feed.give(spot(108, 112)) == Verdict::apply);
    CHECK(feed.give(spot(111, 112)) == Verdict::skip);
    CHECK(feed.give(spot(113, 113)) == Verdict::apply);
    CHECK(feed.is_synced_at(113, 100));
    CHECK(feed.sync.counters().skipped == 2 && feed.sync.counters().gaps == 0);
}

void a_newer_snapshot_takes_over_without_leaving_sync() {
    Feed feed = synced_spot();

    CHECK(feed.give(snapshot(115)) == Verdict::buffer);

    CHECK(feed.is_synced_at(110, 100));
    CHECK(feed.give(spot(111, 113)) == Verdict::apply);
    CHECK(feed.is_synced_at(113, 100));
    CHECK(feed.give(spot(114, 118)) == Verdict::apply);
    CHECK(feed.is_synced_at(118, 115));
    CHECK(feed.give(snapshot(118)) == Verdict::skip);
    CHECK(feed.give(snapshot(90)) == Verdict::skip);
}

void a_lost_delta_is_a_gap_until_a_snapshot_joins() {
    Feed feed = synced_spot();

    CHECK(feed.give(spot(112, 115)) == Verdict::gap);

    CHECK(feed.book.state == BookState::gap);
    CHECK(feed.book.reason == "deltas are missing: expected U 111, received 112");
    CHECK(feed.sync.last_gap().expected == 111 && feed.sync.last_gap().received == 112);
    CHECK(feed.give(spot(116, 118)) == Verdict::buffer);
    CHECK(feed.book.state == BookState::gap);
    CHECK(feed.give(snapshot(113)) == Verdict::apply);
    CHECK(feed.is_synced_at(118, 113));
    CHECK(feed.sync.counters().gaps == 1 && feed.sync.counters().joins == 2);
}

void a_hole_inside_the_buffer_restarts_it() {
    Feed feed;
    for (const Event& event : {spot(90, 95), spot(97, 99), spot(100, 104)}) feed.give(event);

    CHECK(feed.give(snapshot(92)) == Verdict::resync);
    CHECK(feed.give(snapshot(96)) == Verdict::apply);
    CHECK(feed.is_synced_at(104, 96));
}

// ---- Futures: "How to manage a local order book correctly", USD-M ---------------------------

void futures_join_where_the_delta_holds_the_snapshot_or_follows_it() {
    check_join(futures(90, 95, 110), 100);
    check_join(futures(100, 105, 110), 100);  // follows 100 without holding it
    check_join(futures(90, 100, 110), 100);
    check_join(futures(90, 95, 100), 100);  // ends with the snapshot's last change
}

void futures_refuse_a_snapshot_in_a_hole_or_too_old() {
    check_refusal(futures(99, 101, 110), 100);
    check_refusal(futures(101, 105, 110), 100);
}

void futures_deltas_older_than_the_snapshot_are_dropped() {
    Feed feed;
    feed.give(futures(80, 81, 90));
    feed.give(futures(90, 95, 99));
    feed.give(futures(99, 100, 104));

    CHECK(feed.give(snapshot(100)) == Verdict::apply);

    CHECK(feed.is_synced_at(104, 100));
    CHECK(feed.give(futures(90, 95, 99)) == Verdict::skip);
}

void futures_follow_the_previous_id_and_nothing_else() {
    Feed feed = synced_futures();

    CHECK(feed.give(futures(110, 150, 160)) == Verdict::apply);
    CHECK(feed.is_synced_at(160, 100));
    CHECK(feed.give(futures(110, 150, 160)) == Verdict::skip);
    CHECK(feed.give(futures(110, 120, 159)) == Verdict::skip);
    CHECK(feed.give(futures(155, 156, 170)) == Verdict::gap);  // contains 160, follows 155
    CHECK(feed.book.state == BookState::gap);
    CHECK(feed.book.reason == "deltas are missing: expected pu 160, received 155");
    CHECK(feed.sync.last_gap().expected == 160 && feed.sync.last_gap().received == 155);
}

void a_futures_id_that_runs_backwards_is_no_continuation() {
    Feed feed = synced_futures();

    CHECK(feed.give(futures(110, 100, 105)) == Verdict::skip);

    CHECK(feed.is_synced_at(110, 100));
}

}  // namespace

int main() {
    return run_tests({
        spot_joins_where_the_delta_follows_the_snapshot_or_straddles_it,
        spot_refuses_a_snapshot_one_id_too_old,
        a_snapshot_newer_than_the_whole_buffer_waits_for_a_live_delta,
        the_buffer_is_applied_from_the_delta_that_joins,
        snapshots_too_old_several_times_in_a_row_are_counted,
        a_symbol_that_never_traded_joins_anything,
        a_delta_with_both_sides_empty_advances_the_id,
        a_second_connection_is_told_apart_by_its_ids,
        a_newer_snapshot_takes_over_without_leaving_sync,
        a_lost_delta_is_a_gap_until_a_snapshot_joins,
        a_hole_inside_the_buffer_restarts_it,
        futures_join_where_the_delta_holds_the_snapshot_or_follows_it,
        futures_refuse_a_snapshot_in_a_hole_or_too_old,
        futures_deltas_older_than_the_snapshot_are_dropped,
        futures_follow_the_previous_id_and_nothing_else,
        a_futures_id_that_runs_backwards_is_no_continuation,
    });
}
