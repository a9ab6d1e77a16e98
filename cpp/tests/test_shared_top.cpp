// The shared top of a book: what one thread publishes, and that others never see half of it.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <thread>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/book.hpp"
#include "obcore/shared_top.hpp"

namespace {

using namespace obcore;
using Levels = std::vector<Level>;

Levels copy_of(std::span<const Level> levels) {
    return {levels.begin(), levels.end()};
}

Book small_book() {
    Book book;
    book.replace(Levels{{100, 1}, {99, 2}}, Levels{{101, 3}, {102, 4}, {103, 5}});
    book.state = BookState::synced;
    book.ts_event_ns = 10;
    book.ts_recv_ns = 20;
    book.sequence = 30;
    return book;
}

void before_the_first_publish_there_is_an_empty_book() {
    const SharedTop<> shared;

    const auto top = shared.read();

    CHECK(top.version == 0 && shared.version() == 0);
    CHECK(top.state == BookState::empty);
    CHECK(top.bids().empty() && top.asks().empty());
    CHECK(top.ts_event_ns == absent && top.ts_recv_ns == absent && top.sequence == absent);
}

void a_reader_gets_what_was_published() {
    SharedTop<> shared;

    shared.publish(small_book());

    const auto top = shared.read();
    CHECK(top.version == 1 && shared.version() == 1);
    CHECK(top.state == BookState::synced);
    CHECK(top.ts_event_ns == 10 && top.ts_recv_ns == 20 && top.sequence == 30);
    CHECK(copy_of(top.bids()) == Levels{{100, 1}, {99, 2}});
    CHECK(copy_of(top.asks()) == Levels{{101, 3}, {102, 4}, {103, 5}});
}

void only_the_best_levels_are_shown() {
    SharedTop<2> shared;

    shared.publish(small_book());

    CHECK(copy_of(shared.read().asks()) == Levels{{101, 3}, {102, 4}});
}

void a_change_of_the_book_shows_only_with_the_next_publish() {
    SharedTop<> shared;
    Book book = small_book();
    shared.publish(book);

    book.update(Levels{{100, 0}}, {});
    CHECK(shared.read().bids().front() == Level{100, 1});
    shared.publish(book);

    CHECK(copy_of(shared.read().bids()) == Levels{{99, 2}});
    CHECK(shared.read().version == 2);
}

void a_book_that_was_emptied_shows_no_level_from_before() {
    SharedTop<> shared;
    Book book = small_book();
    shared.publish(book);

    book.clear();
    book.state = BookState::gap;
    shared.publish(book);

    const auto top = shared.read();
    CHECK(top.bids().empty() && top.asks().empty());
    CHECK(top.state == BookState::gap && top.sequence == absent);
}

void every_value_of_a_word_passes() {
    SharedTop<1> shared;
    Book book;
    book.replace(Levels{{-max_price_ticks, INT64_MAX}}, Levels{{max_price_ticks, 1}});
    book.ts_event_ns = INT64_MAX;
    book.ts_recv_ns = -1;

    shared.publish(book);

    const auto top = shared.read();
    CHECK(top.bids().front() == Level{-max_price_ticks, INT64_MAX});
    CHECK(top.asks().front() == Level{max_price_ticks, 1});
    CHECK(top.ts_event_ns == INT64_MAX && top.ts_recv_ns == -1);
}

// ---- Several threads ------------------------------------------------------------------------

constexpr std::size_t depth = 10;
constexpr int readers = 3;
constexpr int publishes = 10'000;
using Shared = SharedTop<depth>;

// Depends on every level and its place: parts of two states do not add up.
std::int64_t checksum(std::span<const Level> bids, std::span<const Level> asks) {
    std::uint64_t sum = bids.size();
    const auto add = [&](std::span<const Level> levels) {
        for (const auto& [price, size] : levels) {
            sum = (sum * 31 + static_cast<std::uint64_t>(price)) * 31 +
                  static_cast<std::uint64_t>(size);
        }
    };
    add(bids);
    add(asks);
    return static_cast<std::int64_t>(sum);
}

// Some changes near the touch; often a side grows or shrinks below the depth shown.
void change(Book& book, Dice& dice, std::int64_t number) {
    Levels bids;
    Levels asks;
    for (std::int64_t n = dice.below(6); n >= 0; --n) {
        bids.push_back({100 - dice.below(14), dice.one_in(2) ? 0 : 1 + dice.below(1'000)});
        asks.push_back({101 + dice.below(14), dice.one_in(2) ? 0 : 1 + dice.below(1'000)});
    }
    book.update(bids, asks);
    Levels best_bids(depth);
    Levels best_asks(depth);
    best_bids.resize(book.bids.top(best_bids));
    best_asks.resize(book.asks.top(best_asks));
    book.state = number % 2 == 0 ? BookState::synced : BookState::unverified;
    book.sequence = number;
    book.ts_event_ns = checksum(best_bids, best_asks);
    book.ts_recv_ns = ~book.ts_event_ns;
}

bool is_whole(const Shared::Top& top) {
    if (top.version == 0) return top.bids().empty() && top.asks().empty();
    const auto number = static_cast<std::int64_t>(top.version);
    return top.sequence == number && top.ts_event_ns == checksum(top.bids(), top.asks()) &&
           top.ts_recv_ns == ~top.ts_event_ns &&
           top.state == (number % 2 == 0 ? BookState::synced : BookState::unverified);
}

struct Seen {
    std::int64_t copies = 0;
    std::int64_t torn = 0;
    std::int64_t backwards = 0;
    std::uint64_t last = 0;

    void see(const Shared::Top& top) {
        ++copies;
        torn += is_whole(top) ? 0 : 1;
        backwards += top.version < last ? 1 : 0;
        last = top.version;
    }
};

// Takes copies until it has seen the last publish.
template <typename Read>
Seen look_on(const Shared& shared, Read read) {
    Seen seen;
    Shared::Top top;
    while (seen.last < publishes) {
        if (read(shared, top)) seen.see(top);
    }
    return seen;
}

template <typename Read>
void check_that_readers_see_whole_states_in_order(Read read) {
    Shared shared;
    std::vector<Seen> seen(readers);
    std::atomic<int> waiting = readers;
    std::vector<std::thread> threads;
    threads.reserve(readers);
    for (Seen& mine : seen) {
        threads.emplace_back([&] {
            --waiting;
            mine = look_on(shared, read);
        });
    }
    while (waiting > 0) std::this_thread::yield();

    Book book;
    Dice dice(1);
    for (std::int64_t number = 1; number <= publishes; ++number) {
        change(book, dice, number);
        shared.publish(book);
        if (number % 64 == 0) std::this_thread::yield();  // on one core, too, readers see some
    }
    for (std::thread& thread : threads) thread.join();

    std::int64_t copies = 0;
    for (const Seen& one : seen) {
        CHECK(one.torn == 0);
        CHECK(one.backwards == 0);
        CHECK(one.last == publishes);
        copies += one.copies;
    }
    CHECK(copies > readers);
}

void a_reader_sees_whole_states_in_order() {
    check_that_readers_see_whole_states_in_order([](const Shared& shared, Shared::Top& top) {
        top = shared.read();
        return true;
    });
}

void a_try_that_succeeds_was_whole() {
    check_that_readers_see_whole_states_in_order(
        [](const Shared& shared, Shared::Top& top) { return shared.try_read(top); });
}

}  // namespace

int main() {
    return run_tests({
        before_the_first_publish_there_is_an_empty_book,
        a_reader_gets_what_was_published,
        only_the_best_levels_are_shown,
        a_change_of_the_book_shows_only_with_the_next_publish,
        a_book_that_was_emptied_shows_no_level_from_before,
        every_value_of_a_word_passes,
        a_reader_sees_whole_states_in_order,
        a_try_that_succeeds_was_whole,
    });
}
