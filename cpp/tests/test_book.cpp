// A book of two ladders: its states, its touch, a finer grid, and what it may cost.

#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/book.hpp"

namespace {

using namespace obcore;
using Levels = std::vector<Level>;

template <Side side>
Levels all_levels(const Ladder<side>& ladder) {
    Levels levels(ladder.count());
    ladder.top(levels);
    return levels;
}

Book book_of(const Levels& bids, const Levels& asks) {
    Book book;
    book.replace(bids, asks);
    return book;
}

void a_new_book_is_empty_and_says_so() {
    const Book book;

    CHECK(book.state == BookState::empty);
    CHECK(book.reason == "nothing was loaded");
    CHECK(book.sequence == absent && book.ts_event_ns == absent && book.ts_recv_ns == absent);
    CHECK(book.bids.empty() && book.asks.empty());
    CHECK(!book.spread().has_value());
}

void every_state_has_its_name() {
    using enum BookState;
    CHECK(std::string_view(to_string(empty)) == "EMPTY");
    CHECK(std::string_view(to_string(buffering)) == "BUFFERING");
    CHECK(std::string_view(to_string(synced)) == "SYNCED");
    CHECK(std::string_view(to_string(unverified)) == "UNVERIFIED");
    CHECK(std::string_view(to_string(stale)) == "STALE");
    CHECK(std::string_view(to_string(gap)) == "GAP");
}

void the_spread_is_ask_minus_bid() {
    CHECK(book_of({{100, 1}, {99, 1}}, {{103, 1}, {104, 1}}).spread() == 3);
    CHECK(book_of({{-5, 1}}, {{5, 1}}).spread() == 10);
    CHECK(book_of({{-max_price_ticks, 1}}, {{max_price_ticks, 1}}).spread() ==
          2 * max_price_ticks);
}

void a_book_is_crossed_or_locked_or_neither() {
    const Book normal = book_of({{100, 1}}, {{101, 1}});
    const Book locked = book_of({{100, 1}}, {{100, 1}});
    const Book crossed = book_of({{100, 1}}, {{99, 1}});

    CHECK(!normal.is_crossed() && !normal.is_locked());
    CHECK(!locked.is_crossed() && locked.is_locked());
    CHECK(crossed.is_crossed() && !crossed.is_locked());
    CHECK(crossed.spread() == -1);
}

void a_book_with_an_empty_side_is_neither_crossed_nor_locked() {
    for (const Book& book : {book_of({}, {}), book_of({{100, 1}}, {}), book_of({}, {{1, 1}})}) {
        CHECK(!book.spread().has_value());
        CHECK(!book.is_crossed() && !book.is_locked());
    }
}

void a_snapshot_replaces_and_a_delta_changes() {
    Book book = book_of({{100, 1}, {99, 2}}, {{101, 3}});

    book.update(Levels{{99, 0}, {98, 4}, {1, 0}}, Levels{{101, 5}, {102, 6}});

    CHECK(all_levels(book.bids) == Levels{{100, 1}, {98, 4}});
    CHECK(all_levels(book.asks) == Levels{{101, 5}, {102, 6}});
    book.replace(Levels{{7, 1}}, Levels{});
    CHECK(all_levels(book.bids) == Levels{{7, 1}});
    CHECK(book.asks.empty());
}

void clear_forgets_levels_ids_and_times() {
    Book book = book_of({{100, 1}}, {{101, 3}});
    book.sequence = book.ts_event_ns = book.ts_recv_ns = 5;

    book.clear();

    CHECK(book.bids.empty() && book.asks.empty());
    CHECK(book.sequence == absent && book.ts_event_ns == absent && book.ts_recv_ns == absent);
}

void a_finer_grid_moves_every_level() {
    Book book = book_of({{100, 1}, {-3, 2}}, {{101, 3}, {1'000'000, 4}});

    book.rescale({.price = 1'000, .size = 10});

    CHECK(all_levels(book.bids) == Levels{{100'000, 10}, {-3'000, 20}});
    CHECK(all_levels(book.asks) == Levels{{101'000, 30}, {1'000'000'000, 40}});
    CHECK(book.bids.total_lots() == 30);
}

void a_grid_too_fine_for_one_level_moves_none() {
    const Levels bids{{100, 1}};
    constexpr Lots max_lots = std::numeric_limits<Lots>::max();
    for (const Level& large : {Level{max_price_ticks / 2, 1}, Level{-max_price_ticks / 2, 1},
                               Level{101, max_lots / 2}}) {
        Book book = book_of(bids, {large});

        CHECK_THROWS(book.rescale({.price = 3, .size = 3}), PrecisionError, "grid: expected");

        CHECK(all_levels(book.bids) == bids);
        CHECK(all_levels(book.asks) == Levels{large});
    }
}

void a_grid_that_just_fits_is_taken() {
    Book book = book_of({{max_price_ticks / 2, 1}}, {{-max_price_ticks / 2, 2}});

    book.rescale({.price = 2, .size = 1});

    CHECK(book.bids.best() == Level{max_price_ticks, 1});
    CHECK(book.asks.best() == Level{-max_price_ticks, 2});
}

void levels_from_outside_are_checked_by_field() {
    const Grid grid;
    Grid any_price;
    any_price.nonpositive_prices = true;
    const auto check_one = [](const Level& level, const Grid& on) {
        check_levels(Levels{{5, 1}, level}, on, "bids");
    };

    check_one({max_price_ticks, 0}, grid);
    check_one({-max_price_ticks, 0}, any_price);
    CHECK_THROWS(check_one({5, -1}, grid), DecodeError,
                 "bids[1] size: expected 0 or more lots, received -1");
    CHECK_THROWS(check_one({0, 1}, grid), DecodeError,
                 "bids[1] price: expected more than 0 ticks, received 0");
    CHECK_THROWS(check_one({max_price_ticks + 1, 1}, grid), DecodeError,
                 "bids[1] price: expected at most 2^60 ticks, received 1152921504606846977");
    CHECK_THROWS(check_one({-max_price_ticks - 1, 1}, any_price), DecodeError, "2^60");
}

// Side by side at the touch, each on a page of its own, or so far apart that no two fit the
// ring.
void a_book_of_a_thousand_levels_a_side_takes_little_memory() {
    struct Case {
        Ticks step;
        std::size_t most;
    };
    for (const auto [step, most] :
         {Case{1, 200'000}, Case{100, 500'000}, Case{1'000'000, 250'000}}) {
        Book book;
        for (Ticks i = 0; i < 1'000; ++i) {
            book.update(Levels{{1'000'000'000 - i * step, 1}},
                        Levels{{1'000'000'001 + i * step, 1}});
        }

        CHECK(book.bids.count() == 1'000 && book.asks.count() == 1'000);
        CHECK(book.memory_usage() <= most);
    }
}

void a_book_that_drifts_takes_no_more_memory() {
    Book book;
    const auto drift = [&](Ticks from, Ticks to) {
        for (Ticks i = from; i < to; ++i) {
            book.update(Levels{{1'000 * i, 1}, {1'000 * (i - 100), 0}},
                        Levels{{1'000 * i + 1, 1}, {1'000 * (i - 100) + 1, 0}});
        }
    };
    drift(0, 1'000);
    const std::size_t at_first = book.memory_usage();
    drift(1'000, 100'000);

    CHECK(book.bids.count() == 100 && book.asks.count() == 100);
    CHECK(book.memory_usage() == at_first);
}

}  // namespace

int main() {
    return run_tests({
        a_new_book_is_empty_and_says_so,
        every_state_has_its_name,
        the_spread_is_ask_minus_bid,
        a_book_is_crossed_or_locked_or_neither,
        a_book_with_an_empty_side_is_neither_crossed_nor_locked,
        a_snapshot_replaces_and_a_delta_changes,
        clear_forgets_levels_ids_and_times,
        a_finer_grid_moves_every_level,
        a_grid_too_fine_for_one_level_moves_none,
        a_grid_that_just_fits_is_taken,
        levels_from_outside_are_checked_by_field,
        a_book_of_a_thousand_levels_a_side_takes_little_memory,
        a_book_that_drifts_takes_no_more_memory,
    });
}
