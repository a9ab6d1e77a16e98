// What a listener finds in its queue, under each policy, when it reads too late.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/error.hpp"
#include "obcore/event_queue.hpp"

namespace {

using obcore::Error;
using obcore::EventQueue;
using obcore::FeedEvent;
using obcore::Sequence;
using Kind = FeedEvent::Kind;
using Policy = EventQueue::Policy;

// Pushes an event that its sequence tells from others; false where it is not wanted.
bool push(EventQueue& queue, Kind kind, std::uint32_t book, Sequence id) {
    FeedEvent* const slot = queue.push(kind, book);
    if (slot == nullptr) return false;
    slot->sequence = id;
    return true;
}

// The sequences of all that is left, in order.
std::vector<Sequence> rest(EventQueue& queue) {
    std::vector<Sequence> ids;
    while (!queue.is_empty()) ids.push_back(queue.take().sequence);
    return ids;
}

using Ids = std::vector<Sequence>;

// ---- Any policy ---------------------------------------------------------------------------

void events_come_out_in_the_order_in_which_they_went_in() {
    for (const Policy policy :
         {Policy::latest, Policy::block, Policy::drop_oldest, Policy::raise}) {
        EventQueue queue(policy, 4);
        CHECK(queue.policy() == policy && queue.capacity() == 4 && queue.is_empty());
        for (Sequence id = 0; id < 20; id += 2) {  // around the end of its slots
            CHECK(push(queue, Kind::trade, 0, id));
            CHECK(push(queue, Kind::update, 1, id + 1));
            CHECK(queue.size() == 2);

            const FeedEvent& first = queue.take();
            CHECK(first.kind == Kind::trade && first.book == 0 && first.sequence == id);
            CHECK(first.missed == 0);
            const FeedEvent& second = queue.take();
            CHECK(second.kind == Kind::update && second.book == 1 && second.sequence == id + 1);
        }
        CHECK(queue.is_empty() && queue.dropped() == 0 && queue.replaced() == 0);
        CHECK(!queue.has_overflowed() && !queue.is_blocking());
    }
}

void a_queue_of_nothing_is_an_error() {
    CHECK_THROWS(EventQueue(Policy::block, 0), Error, "capacity: expected 1 or more");
}

// ---- Latest -------------------------------------------------------------------------------

void latest_keeps_the_newest_update_of_each_book() {
    EventQueue queue(Policy::latest, 8);

    for (Sequence id = 0; id < 6; ++id) {
        CHECK(push(queue, Kind::update, static_cast<std::uint32_t>(id % 2), id));
    }

    CHECK(queue.size() == 2 && queue.replaced() == 4 && queue.dropped() == 0);
    CHECK(rest(queue) == Ids{4, 5});
}

void latest_begins_anew_once_an_update_was_read() {
    EventQueue queue(Policy::latest, 8);
    push(queue, Kind::update, 0, 1);
    CHECK(rest(queue) == Ids{1});

    push(queue, Kind::update, 0, 2);
    push(queue, Kind::update, 0, 3);

    CHECK(rest(queue) == Ids{3});
}

void latest_keeps_every_trade() {
    EventQueue queue(Policy::latest, 8);

    push(queue, Kind::update, 0, 1);
    push(queue, Kind::trade, 0, 2);
    push(queue, Kind::update, 0, 3);
    push(queue, Kind::trade, 0, 4);

    CHECK(rest(queue) == Ids{3, 2, 4});
}

void latest_lets_no_update_pass_what_happened_to_its_book() {
    for (const Kind kind :
         {Kind::gap, Kind::resynced, Kind::stale, Kind::disconnected, Kind::instrument}) {
        EventQueue queue(Policy::latest, 16);
        push(queue, Kind::update, 0, 1);
        push(queue, Kind::update, 1, 2);

        push(queue, kind, 0, 3);
        push(queue, Kind::update, 0, 4);
        push(queue, Kind::update, 1, 5);  // nothing happened to this one
        push(queue, Kind::update, 0, 6);

        CHECK(rest(queue) == Ids{1, 5, 3, 6});
    }
}

void latest_drops_the_oldest_where_it_is_full_all_the_same() {
    EventQueue queue(Policy::latest, 2);
    push(queue, Kind::update, 0, 1);
    push(queue, Kind::trade, 0, 2);
    push(queue, Kind::trade, 0, 3);  // the update goes

    push(queue, Kind::update, 0, 4);  // must not write where it was

    CHECK(queue.dropped() == 2);
    const FeedEvent& oldest = queue.take();
    CHECK(oldest.kind == Kind::trade && oldest.sequence == 3 && oldest.missed == 2);
    CHECK(queue.take().sequence == 4);
}

// Against a queue that is searched from the back instead of remembering places.
struct SlowLatest {
    struct Entry {
        Kind kind;
        std::uint32_t book;
        Sequence id;
    };
    std::size_t capacity;
    std::deque<Entry> entries;
    std::uint64_t missed = 0;

    void push(const Entry& entry) {
        if (entry.kind == Kind::update) {
            for (Entry& old : std::views::reverse(entries)) {
                if (old.book != entry.book || old.kind == Kind::trade) continue;
                if (old.kind != Kind::update) break;
                old.id = entry.id;
                return;
            }
        }
        if (entries.size() == capacity) {
            entries.pop_front();
            ++missed;
        }
        entries.push_back(entry);
    }
};

void latest_is_what_a_search_through_the_whole_queue_would_be() {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        Dice dice(seed);
        const bool small = dice.one_in(2);  // a large one grows on the way
        const std::int64_t capacity = small ? 1 + dice.below(12) : 60 + dice.below(100);
        EventQueue queue(Policy::latest, static_cast<std::size_t>(capacity));
        SlowLatest slow{queue.capacity(), {}};
        for (Sequence id = 0; id < 800; ++id) {
            if (dice.one_in(small ? 3 : 5) && !queue.is_empty()) {
                const FeedEvent& taken = queue.take();
                const SlowLatest::Entry expected = slow.entries.front();
                slow.entries.pop_front();
                CHECK(taken.kind == expected.kind && taken.book == expected.book);
                CHECK(taken.sequence == expected.id);
                CHECK(taken.missed == std::exchange(slow.missed, 0));
            } else {
                const Kind kind = dice.one_in(2)   ? Kind::update
                                  : dice.one_in(2) ? Kind::trade
                                                   : Kind::gap;
                const auto book = static_cast<std::uint32_t>(dice.below(4));
                CHECK(push(queue, kind, book, id));
                slow.push({kind, book, id});
            }
            CHECK(queue.size() == slow.entries.size());
        }
    }
}

// ---- Drop the oldest ----------------------------------------------------------------------

void the_next_event_tells_how_many_before_it_are_missing() {
    EventQueue queue(Policy::drop_oldest, 3);
    for (Sequence id = 0; id < 8; ++id) CHECK(push(queue, Kind::update, 0, id));

    CHECK(queue.size() == 3 && queue.dropped() == 5);
    const FeedEvent& first = queue.take();
    CHECK(first.sequence == 5 && first.missed == 5);
    CHECK(queue.take().missed == 0);

    for (Sequence id = 8; id < 11; ++id) push(queue, Kind::update, 0, id);
    const FeedEvent& next = queue.take();
    CHECK(next.sequence == 8 && next.missed == 1);
    CHECK(queue.dropped() == 6 && queue.replaced() == 0 && !queue.is_blocking());
}

void what_was_taken_what_is_missing_and_what_is_left_is_all_there_was() {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Dice dice(seed);
        const bool small = dice.one_in(2);
        const std::int64_t capacity = small ? 1 + dice.below(9) : 60 + dice.below(100);
        EventQueue queue(Policy::drop_oldest, static_cast<std::size_t>(capacity));
        Sequence pushed = 0;
        Sequence next = 0;
        for (int i = 0; i < 600; ++i) {
            if (!dice.one_in(small ? 2 : 4)) {
                CHECK(push(queue, Kind::trade, 0, pushed++));
            } else if (!queue.is_empty()) {
                const FeedEvent& taken = queue.take();
                next += static_cast<Sequence>(taken.missed);
                CHECK(taken.sequence == next++);
            }
        }
        for (; !queue.is_empty(); ++next) {
            next += static_cast<Sequence>(queue.take().missed);
        }
        CHECK(next == pushed);
    }
}

// ---- Block --------------------------------------------------------------------------------

void a_full_queue_that_blocks_says_so_and_still_takes_the_rest_of_a_frame() {
    EventQueue queue(Policy::block, 4);
    for (Sequence id = 0; id < 3; ++id) push(queue, Kind::update, 0, id);
    CHECK(!queue.is_blocking());

    push(queue, Kind::update, 0, 3);
    CHECK(queue.is_blocking());
    for (Sequence id = 4; id < 30; ++id) CHECK(push(queue, Kind::update, 0, id));

    CHECK(queue.size() == 30 && queue.capacity() == 4);
    CHECK(queue.dropped() == 0 && queue.replaced() == 0);
    for (Sequence id = 0; id < 30; ++id) {
        CHECK(queue.is_blocking() == (queue.size() >= 4));
        const FeedEvent& taken = queue.take();
        CHECK(taken.sequence == id && taken.missed == 0);
    }
    CHECK(!queue.is_blocking());
}

void a_queue_that_has_grown_keeps_its_order_around_the_end_of_its_slots() {
    for (std::size_t offset = 0; offset < 5; ++offset) {
        EventQueue queue(Policy::block, 5);
        for (std::size_t i = 0; i < offset; ++i) {
            push(queue, Kind::trade, 0, -1);
            queue.take();
        }
        for (Sequence id = 0; id < 12; ++id) push(queue, Kind::trade, 0, id);

        CHECK(rest(queue) == Ids{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
    }
}

// A queue for many events takes no room for them before they come.
void a_large_queue_keeps_its_order_while_it_grows() {
    for (const Policy policy : {Policy::block, Policy::drop_oldest, Policy::raise}) {
        for (Sequence offset = 0; offset < 130; offset += 13) {
            EventQueue queue(policy, 1'000);
            for (Sequence i = 0; i < offset; ++i) {
                push(queue, Kind::trade, 0, -1);
                queue.take();
            }
            Ids expected;
            for (Sequence id = 0; id < 1'000; ++id) {
                CHECK(!queue.is_blocking());
                CHECK(push(queue, Kind::trade, 0, id));
                expected.push_back(id);
            }
            CHECK(queue.size() == 1'000 && queue.dropped() == 0);
            CHECK(queue.is_blocking() == (policy == Policy::block));
            CHECK(push(queue, Kind::trade, 0, 1'000) == (policy != Policy::raise));
            if (policy == Policy::drop_oldest) expected.erase(expected.begin());
            if (policy != Policy::raise) expected.push_back(1'000);
            CHECK(rest(queue) == expected);
        }
    }
}

// ---- Raise --------------------------------------------------------------------------------

void a_queue_that_raises_takes_nothing_behind_the_hole() {
    EventQueue queue(Policy::raise, 2);
    CHECK(push(queue, Kind::update, 0, 1));
    CHECK(push(queue, Kind::update, 0, 2));
    CHECK(!queue.has_overflowed());

    CHECK(!push(queue, Kind::gap, 0, 3));

    CHECK(queue.has_overflowed() && !queue.is_blocking());
    CHECK(queue.take().sequence == 1);
    CHECK(!push(queue, Kind::update, 0, 4));  // there is room, but not for this
    CHECK(rest(queue) == Ids{2});
    CHECK(queue.dropped() == 2);
}

}  // namespace

int main() {
    return run_tests({
        events_come_out_in_the_order_in_which_they_went_in,
        a_queue_of_nothing_is_an_error,
        latest_keeps_the_newest_update_of_each_book,
        latest_begins_anew_once_an_update_was_read,
        latest_keeps_every_trade,
        latest_lets_no_update_pass_what_happened_to_its_book,
        latest_drops_the_oldest_where_it_is_full_all_the_same,
        latest_is_what_a_search_through_the_whole_queue_would_be,
        the_next_event_tells_how_many_before_it_are_missing,
        what_was_taken_what_is_missing_and_what_is_left_is_all_there_was,
        a_full_queue_that_blocks_says_so_and_still_takes_the_rest_of_a_frame,
        a_queue_that_has_grown_keeps_its_order_around_the_end_of_its_slots,
        a_large_queue_keeps_its_order_while_it_grows,
        a_queue_that_raises_takes_nothing_behind_the_hole,
    });
}
