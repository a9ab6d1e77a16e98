// A book that two connections bring: it follows one, and goes over where nothing is lost.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/handover.hpp"
#include "obcore/sync.hpp"

namespace {

using namespace obcore;
using Turn = Handover::Turn;

constexpr std::size_t old_one = 3;
constexpr std::size_t new_one = 8;

Event delta(IdRule rule, const Ids& ids) {
    Event event;
    event.kind = Kind::delta;
    event.rule = rule;
    event.ids = ids;
    event.bids = {{100, ids.last}};
    return event;
}
Event spot(Sequence first, Sequence last) {
    return delta(IdRule::binance_spot, {first, last, absent});
}
Event futures(Sequence previous, Sequence first, Sequence last) {
    return delta(IdRule::binance_futures, {first, last, previous});
}
Event at_clock(Sequence time) {
    return delta(IdRule::clock, {time, time, absent});
}
Event of_kind(Kind kind, IdRule rule) {
    Event event = delta(rule, {1, 1, absent});
    event.kind = kind;
    return event;
}

struct Followed {
    Handover handover;
    Book book;

    // A book at this id that follows the old connection.
    explicit Followed(const Event& last) {
        CHECK(give(old_one, last) == Turn::take);
        CHECK(handover.source() == old_one);
    }

    Turn give(std::size_t connection, const Event& event, bool is_trusted = true) {
        const Turn turn = handover.on(connection, event, book, is_trusted);
        if (turn == Turn::take) book.sequence = event.ids.last;
        return turn;
    }
};

// ---- One connection -----------------------------------------------------------------------

void a_book_follows_whoever_brings_it_first() {
    Handover handover;
    const Book book;
    CHECK(handover.source() == Handover::none);
    CHECK(handover.follows(old_one) && handover.follows(new_one));

    CHECK(handover.on(old_one, spot(1, 5), book, false) == Turn::take);

    CHECK(handover.source() == old_one);
    CHECK(handover.follows(old_one) && !handover.follows(new_one));
    CHECK(handover.release(book).empty());
}

// ---- Ids that tell what follows -----------------------------------------------------------

void a_message_that_follows_the_book_takes_it_over() {
    Followed feed(spot(1, 10));

    CHECK(feed.give(new_one, spot(11, 12)) == Turn::take);

    CHECK(feed.handover.source() == new_one);
}

void a_message_that_repeats_the_book_takes_it_over() {
    Followed feed(spot(1, 10));

    CHECK(feed.give(new_one, spot(8, 10)) == Turn::take);

    CHECK(feed.handover.source() == new_one);
}

void a_message_ahead_of_the_book_is_kept_until_the_book_has_come_there() {
    Followed feed(spot(1, 10));
    CHECK(feed.give(new_one, spot(13, 15)) == Turn::keep);
    CHECK(feed.give(new_one, spot(16, 16)) == Turn::keep);
    CHECK(feed.handover.source() == old_one);
    CHECK(feed.handover.release(feed.book).empty());  // 11 and 12 are the old one's

    CHECK(feed.give(old_one, spot(11, 12)) == Turn::take);
    const std::vector<Event> kept = feed.handover.release(feed.book);

    CHECK(kept.size() == 2);
    CHECK(kept[0].ids.last == 15 && kept[1].ids.last == 16);
    CHECK(kept[0].bids == std::vector<Level>{{100, 15}});
    CHECK(feed.handover.source() == new_one);
    CHECK(feed.handover.release(feed.book).empty());
}

void futures_go_over_where_the_previous_id_is_the_books() {
    Followed feed(futures(5, 6, 10));
    CHECK(feed.give(new_one, futures(14, 20, 22)) == Turn::keep);

    CHECK(feed.give(old_one, futures(10, 12, 14)) == Turn::take);

    CHECK(feed.handover.release(feed.book).size() == 1);
    CHECK(feed.handover.source() == new_one);
}

void what_the_left_connection_still_brings_is_skipped() {
    Followed feed(spot(1, 10));
    feed.give(new_one, spot(11, 15));

    for (const Event& late : {spot(11, 12), spot(13, 15), spot(16, 18)}) {
        CHECK(feed.give(old_one, late) == Turn::skip);
    }

    CHECK(feed.handover.source() == new_one && feed.book.sequence == 15);
    CHECK(feed.give(new_one, spot(16, 18)) == Turn::take);
}

void a_book_that_is_not_in_sync_goes_over_at_once() {
    Followed feed(spot(1, 10));
    CHECK(feed.give(new_one, spot(50, 51), false) == Turn::take);
    CHECK(feed.handover.source() == new_one);
}

// The old one has fallen silent: its deltas will never come, and the ids tell the hole.
void too_many_messages_that_wait_end_the_wait() {
    Followed feed(spot(1, 10));
    Sequence id = 100;
    for (std::size_t i = 0; i < Handover::max_kept; ++i, ++id) {
        CHECK(feed.give(new_one, spot(id, id)) == Turn::keep);
    }

    CHECK(feed.give(new_one, spot(id, id)) == Turn::take);

    CHECK(feed.handover.source() == new_one && feed.handover.memory_usage() == 0);
}

// ---- A clock ------------------------------------------------------------------------------

void a_clock_tells_only_what_the_book_has_already() {
    Followed feed(at_clock(1'000));
    CHECK(feed.give(new_one, at_clock(1'001)) == Turn::keep);  // 1000.5 may be missing
    CHECK(feed.handover.release(feed.book).empty());

    CHECK(feed.give(old_one, at_clock(1'001)) == Turn::take);

    CHECK(feed.handover.release(feed.book).size() == 1);
    CHECK(feed.handover.source() == new_one);
}

void a_clock_that_repeats_the_book_takes_it_over() {
    Followed feed(at_clock(1'000));
    CHECK(feed.give(new_one, at_clock(1'000)) == Turn::take);
    CHECK(feed.handover.source() == new_one);
}

// ---- Streams that begin with a snapshot of their own ----------------------------------------

void a_streams_own_snapshot_takes_the_book_over() {
    for (const IdRule rule : {IdRule::chained, IdRule::consecutive, IdRule::connection,
                              IdRule::checksum, IdRule::none}) {
        Followed feed(delta(rule, {1, 1, 0}));
        CHECK(feed.give(new_one, delta(rule, {2, 2, 1})) == Turn::skip);
        CHECK(feed.handover.source() == old_one);

        CHECK(feed.give(new_one, of_kind(Kind::snapshot, rule)) == Turn::take);

        CHECK(feed.handover.source() == new_one);
        CHECK(feed.give(old_one, delta(rule, {3, 3, 2})) == Turn::skip);
        CHECK(feed.give(new_one, delta(rule, {3, 3, 2})) == Turn::take);
    }
}

void a_picture_is_welcome_from_whoever_is_newer() {
    for (const Kind kind : {Kind::topn, Kind::bbo}) {
        Followed feed(of_kind(kind, IdRule::none));

        CHECK(feed.give(new_one, of_kind(kind, IdRule::none)) == Turn::take);

        CHECK(feed.handover.source() == new_one);
        CHECK(feed.give(old_one, of_kind(kind, IdRule::none)) == Turn::skip);
    }
}

// ---- Who goes -----------------------------------------------------------------------------

void the_left_connection_goes_unnoticed() {
    Followed feed(spot(1, 10));
    feed.give(new_one, spot(11, 12));

    CHECK(!feed.handover.leave(old_one));

    CHECK(feed.handover.source() == new_one);
    CHECK(feed.give(new_one, spot(13, 13)) == Turn::take);
    CHECK(feed.give(old_one, spot(14, 14)) == Turn::take);  // the same number, a new socket
}

void where_the_old_one_goes_first_what_was_kept_is_all_there_is() {
    Followed feed(spot(1, 10));
    feed.give(new_one, spot(13, 15));

    CHECK(feed.handover.leave(old_one));

    CHECK(feed.handover.source() == Handover::none);
    const std::vector<Event> kept = feed.handover.release_all();
    CHECK(kept.size() == 1 && kept[0].ids.first == 13);
    CHECK(feed.handover.release_all().empty());
    CHECK(feed.give(new_one, spot(16, 16)) == Turn::take);
    CHECK(feed.handover.source() == new_one);
}

void where_the_next_one_fails_the_old_one_goes_on() {
    Followed feed(spot(1, 10));
    feed.give(new_one, spot(13, 15));

    CHECK(!feed.handover.leave(new_one));

    CHECK(feed.handover.source() == old_one && feed.handover.memory_usage() == 0);
    CHECK(feed.give(old_one, spot(11, 12)) == Turn::take);
    CHECK(feed.handover.release(feed.book).empty());
    CHECK(feed.give(old_one, spot(13, 15)) == Turn::take);
}

void where_the_next_one_fails_behind_the_handover_the_old_one_is_welcome_again() {
    Followed feed(spot(1, 10));
    feed.give(new_one, spot(11, 12));
    CHECK(feed.give(old_one, spot(11, 12)) == Turn::skip);

    CHECK(feed.handover.leave(new_one));

    CHECK(feed.give(old_one, spot(13, 15)) == Turn::take);
    CHECK(feed.handover.source() == old_one);
}

void a_hole_that_nothing_tells_makes_what_was_kept_worthless() {
    Followed feed(at_clock(1'000));
    feed.give(new_one, at_clock(1'005));

    feed.handover.forget(old_one);  // its hole is no hole of the next one
    CHECK(feed.handover.memory_usage() > 0);
    feed.handover.forget(new_one);

    CHECK(feed.handover.memory_usage() == 0);
    CHECK(feed.give(old_one, at_clock(1'005)) == Turn::take);
    CHECK(feed.handover.release(feed.book).empty());
    CHECK(feed.handover.source() == old_one);
}

void a_reset_forgets_everybody() {
    Followed feed(spot(1, 10));
    feed.give(new_one, spot(13, 15));

    feed.handover.reset();

    CHECK(feed.handover.source() == Handover::none && feed.handover.memory_usage() == 0);
    CHECK(feed.handover.release_all().empty());
    CHECK(feed.give(new_one, spot(99, 99)) == Turn::take);
}

void what_is_kept_moves_onto_a_finer_grid_and_counts_as_memory() {
    Followed feed(spot(1, 10));
    feed.give(new_one, spot(13, 15));
    const std::size_t one = feed.handover.memory_usage();
    CHECK(one >= sizeof(Event) + sizeof(Level));
    feed.give(new_one, spot(16, 16));
    CHECK(feed.handover.memory_usage() > one);

    feed.handover.rescale({.price = 10, .size = 1'000});

    feed.book.sequence = 12;
    const std::vector<Event> kept = feed.handover.release(feed.book);
    CHECK(kept[0].bids == std::vector<Level>{{1'000, 15'000}});
    CHECK(kept[1].bids == std::vector<Level>{{1'000, 16'000}});
}

// ---- Two connections of one venue, with any delay -------------------------------------------

// Each of them brings every delta, the next one from somewhere on; a synchronizer behind the
// handover must neither see a gap nor an older size, and end on the next one.
void no_delay_between_two_connections_loses_a_delta(IdRule rule) {
    constexpr Sequence last = 120;
    std::int64_t kept = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        Dice dice(seed);
        std::vector<Event> sent{delta(rule, {1, 1, 0})};
        for (Sequence id = 2; id <= last; ++id) {
            sent.push_back(delta(rule, {id, id, id - 1}));
        }
        Followed feed(sent[0]);
        feed.book.state = BookState::synced;
        std::size_t at_old = 1;
        auto at_new = static_cast<std::size_t>(2 + dice.below(60));
        std::vector<Sequence> taken{1};
        const auto take = [&](const Event& event) {
            if (event.ids.last <= taken.back()) return;  // the synchronizer would skip it
            CHECK(event.ids.last == taken.back() + 1);
            taken.push_back(event.ids.last);
            feed.book.sequence = event.ids.last;
        };
        const auto give = [&](std::size_t connection, const Event& event) {
            const Turn turn = feed.handover.on(connection, event, feed.book, true);
            kept += turn == Turn::keep;
            if (turn != Turn::take) return;
            take(event);
            for (const Event& one : feed.handover.release(feed.book)) take(one);
        };
        while (at_old < sent.size() || at_new < sent.size()) {
            if (at_new == sent.size() || (at_old < sent.size() && dice.one_in(2))) {
                give(old_one, sent[at_old++]);
            } else {
                give(new_one, sent[at_new++]);
            }
        }
        CHECK(taken.size() == static_cast<std::size_t>(last));
        CHECK(feed.handover.source() == new_one);
    }
    CHECK(kept > 1'000);
}

void no_delay_between_two_connections_of_spot_loses_a_delta() {
    no_delay_between_two_connections_loses_a_delta(IdRule::binance_spot);
}
void no_delay_between_two_connections_of_futures_loses_a_delta() {
    no_delay_between_two_connections_loses_a_delta(IdRule::binance_futures);
}
void no_delay_between_two_connections_with_a_clock_loses_a_delta() {
    no_delay_between_two_connections_loses_a_delta(IdRule::clock);
}

}  // namespace

int main() {
    return run_tests({
        a_book_follows_whoever_brings_it_first,
        a_message_that_follows_the_book_takes_it_over,
        a_message_that_repeats_the_book_takes_it_over,
        a_message_ahead_of_the_book_is_kept_until_the_book_has_come_there,
        futures_go_over_where_the_previous_id_is_the_books,
        what_the_left_connection_still_brings_is_skipped,
        a_book_that_is_not_in_sync_goes_over_at_once,
        too_many_messages_that_wait_end_the_wait,
        a_clock_tells_only_what_the_book_has_already,
        a_clock_that_repeats_the_book_takes_it_over,
        a_streams_own_snapshot_takes_the_book_over,
        a_picture_is_welcome_from_whoever_is_newer,
        the_left_connection_goes_unnoticed,
        where_the_old_one_goes_first_what_was_kept_is_all_there_is,
        where_the_next_one_fails_the_old_one_goes_on,
        where_the_next_one_fails_behind_the_handover_the_old_one_is_welcome_again,
        a_hole_that_nothing_tells_makes_what_was_kept_worthless,
        a_reset_forgets_everybody,
        what_is_kept_moves_onto_a_finer_grid_and_counts_as_memory,
        no_delay_between_two_connections_of_spot_loses_a_delta,
        no_delay_between_two_connections_of_futures_loses_a_delta,
        no_delay_between_two_connections_with_a_clock_loses_a_delta,
    });
}
