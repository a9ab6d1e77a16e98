// How deep a snapshot lets a book be trusted, and when the market has come too near to that.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/book.hpp"
#include "obcore/horizon.hpp"

namespace {

using namespace obcore;
using Levels = std::vector<Level>;

// So many levels from a price on, downwards or upwards, a tick apart.
Levels ladder(Ticks from, std::int64_t count, Ticks step) {
    Levels levels;
    for (std::int64_t i = 0; i < count; ++i) levels.push_back({from + i * step, 1});
    return levels;
}

Levels bids(std::int64_t count) {
    return ladder(1'000, count, -1);
}
Levels asks(std::int64_t count) {
    return ladder(1'001, count, 1);
}

// ---- The horizon --------------------------------------------------------------------------

void a_side_as_long_as_a_venue_lets_one_ask_for_ends_at_its_last_level() {
    for (const std::int64_t count : {5, 10, 20, 50, 100, 500, 1'000, 5'000}) {
        HorizonWatch watch;
        const Horizon horizon = watch.load(bids(count), asks(count));

        CHECK(horizon.bid == 1'000 - (count - 1));
        CHECK(horizon.ask == 1'001 + (count - 1));
    }
}

void a_side_of_any_other_length_came_whole() {
    for (const std::int64_t count : {0, 1, 4, 6, 19, 21, 99, 999, 1'001, 4'999}) {
        HorizonWatch watch;
        CHECK(watch.load(bids(count), asks(count)) == Horizon{});
        CHECK(!watch.is_near(Level{1, 1}, Level{1'000'000, 1}));
    }
}

void the_sides_are_judged_apart() {
    HorizonWatch watch;
    CHECK(watch.load(bids(20), asks(7)) == Horizon{.bid = 981});
    CHECK(watch.load(bids(7), asks(20)) == Horizon{.ask = 1'020});
}

void levels_may_come_in_any_order() {
    HorizonWatch watch;
    Levels low_first = bids(10);
    Levels high_first = asks(10);
    std::ranges::reverse(low_first);
    std::ranges::reverse(high_first);

    CHECK(watch.load(low_first, high_first) == Horizon{.bid = 991, .ask = 1'010});
    CHECK(watch.is_near(Level{994, 1}, Level{1'001, 1}));
    CHECK(!watch.is_near(Level{995, 1}, Level{1'001, 1}));
}

void what_lies_behind_the_horizon_is_not_covered() {
    const Horizon horizon{.bid = 981, .ask = 1'020};
    CHECK(horizon.covers_bid(981) && !horizon.covers_bid(980) && horizon.covers_bid(2'000));
    CHECK(horizon.covers_ask(1'020) && !horizon.covers_ask(1'021) && horizon.covers_ask(1));
    const Horizon whole;
    CHECK(whole.covers_bid(-1'000'000) && whole.covers_ask(1'000'000));
}

void a_book_is_complete_as_deep_as_its_horizon_covers_its_levels() {
    Book book;
    book.replace(bids(5), asks(5));
    book.horizon = {.bid = 996, .ask = 1'005};
    CHECK(book.is_complete_to(5) && !book.is_complete_to(6));

    book.update({{{995, 1}}}, {{{1'006, 1}}});  // told since, with perhaps more around it
    CHECK(book.is_complete_to(5) && !book.is_complete_to(6));

    book.horizon = {};
    CHECK(book.is_complete_to(6) && book.is_complete_to(100) && book.is_complete_to(0));
}

// ---- Halfway there ------------------------------------------------------------------------

void the_market_is_near_once_it_has_come_halfway() {
    HorizonWatch watch;
    static_cast<void>(watch.load(bids(21 - 1), asks(20)));  // 981 … 1000, 1001 … 1020
    const std::optional<Level> none;

    CHECK(!watch.is_near(Level{1'000, 1}, Level{1'001, 1}));
    CHECK(!watch.is_near(Level{990, 1}, Level{1'001, 1}));
    CHECK(watch.is_near(Level{989, 1}, Level{1'001, 1}));
    CHECK(!watch.is_near(Level{1'000, 1}, Level{1'011, 1}));
    CHECK(watch.is_near(Level{1'000, 1}, Level{1'012, 1}));
    CHECK(!watch.is_near(none, none));
    CHECK(watch.is_near(none, Level{1'500, 1}) && watch.is_near(Level{500, 1}, none));
}

void a_market_that_moves_away_from_a_horizon_is_never_near_it() {
    HorizonWatch watch;
    static_cast<void>(watch.load(bids(20), asks(7)));  // only bids end

    CHECK(!watch.is_near(Level{5'000, 1}, Level{5'001, 1}));
    CHECK(watch.is_near(Level{500, 1}, Level{501, 1}));
}

void a_new_snapshot_takes_the_place_of_the_old_one() {
    HorizonWatch watch;
    static_cast<void>(watch.load(bids(20), asks(20)));

    CHECK(watch.load(ladder(500, 20, -1), asks(3)) == Horizon{.bid = 481});

    CHECK(!watch.is_near(Level{500, 1}, Level{2'000, 1}));
    CHECK(watch.is_near(Level{489, 1}, Level{501, 1}));
}

void prices_below_zero_have_a_horizon_too() {
    HorizonWatch watch;
    const Horizon horizon = watch.load(ladder(-100, 20, -1), ladder(-99, 20, 1));

    CHECK(horizon == Horizon{.bid = -119, .ask = -80});
    CHECK(!watch.is_near(Level{-110, 1}, Level{-99, 1}));
    CHECK(watch.is_near(Level{-111, 1}, Level{-99, 1}));
}

void a_finer_tick_moves_what_is_near_with_the_book() {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Dice dice(seed);
        const Ticks best = 100'000 + dice.around(1'000);
        const Ticks apart = 1 + dice.below(9);
        const Levels some_bids = ladder(best, 20, -apart);
        const Levels some_asks = ladder(best + 1, 50, apart);
        HorizonWatch coarse;
        HorizonWatch fine;
        static_cast<void>(coarse.load(some_bids, some_asks));
        static_cast<void>(fine.load(some_bids, some_asks));

        fine.rescale(100);

        for (int i = 0; i < 50; ++i) {
            const Level bid{best + dice.around(300), 1};
            const Level ask{best + dice.around(600), 1};
            CHECK(coarse.is_near(bid, ask) ==
                  fine.is_near(Level{bid.price * 100, 1}, Level{ask.price * 100, 1}));
        }
    }
}

void a_finer_tick_gives_a_whole_side_no_horizon() {
    HorizonWatch watch;
    static_cast<void>(watch.load(bids(7), asks(7)));

    watch.rescale(1'000);

    CHECK(!watch.is_near(Level{1, 1}, Level{1'000'000'000, 1}));
}

}  // namespace

int main() {
    return run_tests({
        a_side_as_long_as_a_venue_lets_one_ask_for_ends_at_its_last_level,
        a_side_of_any_other_length_came_whole,
        the_sides_are_judged_apart,
        levels_may_come_in_any_order,
        what_lies_behind_the_horizon_is_not_covered,
        a_book_is_complete_as_deep_as_its_horizon_covers_its_levels,
        the_market_is_near_once_it_has_come_halfway,
        a_market_that_moves_away_from_a_horizon_is_never_near_it,
        a_new_snapshot_takes_the_place_of_the_old_one,
        prices_below_zero_have_a_horizon_too,
        a_finer_tick_moves_what_is_near_with_the_book,
        a_finer_tick_gives_a_whole_side_no_horizon,
    });
}
