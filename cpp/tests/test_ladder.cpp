// A ladder against std::map, the simplest side of a book that could be right.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/ladder.hpp"

namespace {

using namespace obcore;

constexpr std::int64_t usual_window = std::int64_t{1} << 14;
constexpr Lots max_lots = std::numeric_limits<Lots>::max();

template <Side side>
using Better = std::conditional_t<side == Side::bid, std::greater<>, std::less<>>;

// A ladder and the map that it must always equal.
template <Side side, std::int64_t window, std::int64_t max_window = std::int64_t{1} << 18>
struct Twins {
    Ladder<side, window, max_window> ladder;
    std::map<Ticks, Lots, Better<side>> levels;

    // So many ticks better or worse than a price.
    [[nodiscard]] static Ticks better(Ticks price, Ticks ticks) {
        return side == Side::bid ? price + ticks : price - ticks;
    }

    // What a ladder takes whose ring has that reach, and which holds no far level.
    [[nodiscard]] static std::size_t memory_of_ring(std::int64_t reach) {
        return Ladder<side, window>().memory_usage() +
               static_cast<std::size_t>((reach - window) * 8 + (reach - window) / 8);
    }

    void set(Level level) {
        ladder.set(level);
        put(level);
        if (levels.size() < 100) compare(level.price);
    }

    void assign(std::span<const Level> given) {
        ladder.assign(given);
        levels.clear();
        for (const Level& level : given) put(level);
        compare(given.empty() ? 0 : given.back().price);
    }

    void clear() {
        ladder.clear();
        levels.clear();
        compare(0);
    }

    // Every query about the side as a whole, and about the price of the last operation.
    void compare(Ticks price) const {
        std::vector<Level> all;
        Int128 total = 0;
        for (const auto& [held, size] : levels) {
            all.push_back({held, size});
            total += size;
        }
        std::vector<Level> top(all.size() + 1);
        top.resize(ladder.top(top));
        const auto found = levels.find(price);

        CHECK(top == all);
        CHECK(ladder.count() == all.size());
        CHECK(ladder.empty() == all.empty());
        CHECK(ladder.total_lots() == total);
        CHECK(ladder.size_at(price) == (found == levels.end() ? 0 : found->second));
        CHECK(ladder.best() == (all.empty() ? std::nullopt : std::optional(all.front())));
        CHECK(ladder.worst() == (all.empty() ? std::nullopt : std::optional(all.back())));
        CHECK(!ladder.at(all.size()).has_value());
    }

    // The same level by level; a shorter `top` is the beginning of a longer one.
    void compare_each() const {
        std::vector<Level> room(levels.size());
        std::size_t count = 0;
        for (const auto& [price, size] : levels) {
            const Level level{price, size};
            const auto top = std::span(room).first(count + 1);
            CHECK(ladder.at(count++) == level);
            CHECK(ladder.size_at(price) == size);
            CHECK(ladder.top(top) == count && top.back() == level);
        }
    }

private:
    void put(Level level) {
        if (level.size == 0) {
            levels.erase(level.price);
        } else {
            levels[level.price] = level.size;
        }
    }
};

// A price that is likely to meet a boundary: near the best, at the ring's reach, or anywhere.
template <Side side, std::int64_t window, std::int64_t max_window>
Ticks some_price(const Twins<side, window, max_window>& twins, Dice& dice) {
    const auto held = static_cast<std::int64_t>(twins.levels.size());
    const Ticks best = held == 0 ? 0 : twins.levels.begin()->first;
    const std::array<Ticks, 7> prices{
        best + dice.around(8),
        best + dice.around(8),
        held == 0 ? best : std::next(twins.levels.begin(), dice.below(held))->first,
        best + window / 4 * dice.around(8) + dice.around(1),
        best + window / 4 * dice.around(4) + dice.around(64),
        dice.around(4 * window),
        dice.around(max_price_ticks),
    };
    const Ticks price = prices[static_cast<std::size_t>(dice.below(prices.size()))];
    return std::clamp(price, -max_price_ticks, max_price_ticks);
}

// Levels as no venue would send them: unsorted, with zeros and repetitions.
template <Side side, std::int64_t window, std::int64_t max_window>
std::vector<Level> some_levels(const Twins<side, window, max_window>& twins, Dice& dice) {
    std::vector<Level> levels;
    for (std::int64_t n = dice.below(30); n > 0; --n) {
        levels.push_back({some_price(twins, dice), dice.below(4)});
        if (dice.one_in(4)) levels.push_back({levels.front().price, dice.below(3)});
    }
    return levels;
}

// From a state given: some operations, each compared with the map.
template <Side side, std::int64_t window, std::int64_t max_window>
void run_operations(Twins<side, window, max_window>& twins, std::uint64_t seed) {
    Dice dice(seed);
    for (int i = 0; i < 2'000; ++i) {
        const Ticks price = some_price(twins, dice);
        if (dice.one_in(400)) {
            twins.clear();
        } else if (dice.one_in(100)) {
            twins.assign(some_levels(twins, dice));
        } else {
            const bool full = twins.levels.size() > 40;
            twins.set({price, full || dice.one_in(3) ? 0 : 1 + dice.below(max_lots)});
        }
        if (dice.one_in(10)) twins.compare_each();
    }
}

template <std::int64_t window>
void run_both_sides() {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Twins<Side::bid, window> bids;
        run_operations(bids, seed);
        Twins<Side::ask, window> asks;
        run_operations(asks, seed);
    }
}

// Hands both sides' twins to a test.
template <typename Test>
void on_both_sides(Test test) {
    test(Twins<Side::bid, usual_window>{});
    test(Twins<Side::ask, usual_window>{});
}

// ---- A ring that grows ----------------------------------------------------------------------

// Updates just beyond the ring, before it may grow.
constexpr std::int64_t misses_judged = 256;
constexpr std::int64_t rarity = 64;  // updates for each of them that are too many to grow

// Hands both sides' twins, whose ring doubles twice at most, to a test.
template <typename Test>
void on_both_growing_sides(Test test) {
    test(Twins<Side::bid, 128, 512>{});
    test(Twins<Side::ask, 128, 512>{});
}

// Removes, so many times, a level that is not there: it is so many ticks worse than the best.
template <typename GrowingTwins>
void remove_beyond(GrowingTwins& twins, Ticks away, std::int64_t times) {
    const Ticks best = twins.ladder.best().value_or(Level{}).price;
    for (std::int64_t i = 0; i < times; ++i) twins.ladder.set({twins.better(best, -away), 0});
}

// Holds one level, at a price, and has a ring of 512.
template <typename GrowingTwins>
void grow(GrowingTwins& twins, Ticks price) {
    twins.set({price, 1});
    for (const Ticks away : {128, 256}) remove_beyond(twins, away, misses_judged);
    CHECK(twins.ladder.memory_usage() == twins.memory_of_ring(512));
}

// Prices from the best down to beyond the widest ring, and some far below.
template <typename GrowingTwins>
Ticks price_below(const GrowingTwins& twins, Ticks best, Dice& dice) {
    const std::int64_t n = dice.below(90);
    const Ticks away = dice.one_in(20) ? (n % 9) << 50 : n * n / 14;
    return std::clamp(twins.better(best, -away), -max_price_ticks, max_price_ticks);
}

// ---- Tests --------------------------------------------------------------------------------

void any_operations_leave_the_levels_of_a_map_whatever_the_window() {
    run_both_sides<usual_window>();
    run_both_sides<128>();
    run_both_sides<256>();
}

void removing_a_level_that_is_not_there_changes_nothing() {
    on_both_sides([](auto twins) {
        for (const Ticks price : {Ticks{100}, Ticks{-100}, max_price_ticks, -max_price_ticks}) {
            twins.set({price, 0});
        }
        CHECK(twins.ladder.top({}) == 0);
        twins.set({100, 5});
        for (const Ticks price : {Ticks{99}, Ticks{101}, max_price_ticks, -max_price_ticks}) {
            twins.set({price, 0});
        }
    });
}

// One level stays while another walks over every tick around the ring's two ends.
void every_price_around_the_window_is_held() {
    on_both_sides([](auto twins) {
        constexpr Ticks centre = 1'000'003;
        for (const Ticks reach : {usual_window / 4, usual_window / 2, usual_window}) {
            for (Ticks away = reach - 130; away <= reach + 130; ++away) {
                for (const Ticks price : {centre - away, centre + away}) {
                    twins.set({centre, 7});
                    twins.set({price, away});
                    twins.set({centre, 0});
                    twins.set({price, 0});
                }
            }
        }
    });
}

void a_full_window_gives_every_level_back() {
    on_both_sides([](auto twins) {
        std::vector<Level> levels;
        for (Ticks price = 1; price <= usual_window + 200; ++price) {
            levels.push_back({price, 2 * price});
        }
        twins.assign(levels);
        for (const Level& level : levels) {
            twins.ladder.set({level.price, 0});
            twins.levels.erase(level.price);
            const auto best = twins.ladder.best();
            CHECK(best.has_value() == !twins.levels.empty());
            if (best) CHECK(best->price == twins.levels.begin()->first);
        }
    });
}

// What the market leaves behind stays, however far it goes, and is there when it returns.
void a_drift_of_millions_of_ticks_loses_no_level() {
    on_both_sides([](auto twins) {
        Dice dice(7);
        Ticks best = 0;
        for (const Ticks direction : {1, -1}) {
            for (int step = 0; step < 2'000; ++step) {
                best += direction * dice.below(5'000);
                for (int i = 0; i < 4; ++i) {
                    twins.set({best + dice.around(300), dice.below(4)});
                }
                if (dice.one_in(3)) twins.set({twins.ladder.best().value_or(Level{}).price, 0});
                if (dice.one_in(50)) twins.compare(best);
            }
        }
        twins.compare(best);
        twins.compare_each();
    });
}

void the_last_size_of_a_price_counts_in_an_assignment() {
    on_both_sides([](auto twins) {
        const Ticks far = twins.better(100, -usual_window);
        for (const Ticks price : {Ticks{100}, far, max_price_ticks, -max_price_ticks}) {
            twins.assign(std::vector<Level>{{100, 1}, {price, 5}, {price, 6}});
            twins.assign(std::vector<Level>{{100, 1}, {price, 5}, {price, 0}});
            twins.assign(std::vector<Level>{{price, 0}, {price, 3}, {100, 0}});
            twins.assign(std::vector<Level>{{price, 4}, {price, 0}});
        }
        twins.assign({});
    });
}

void a_cleared_ladder_is_as_new_wherever_it_was() {
    on_both_sides([](auto twins) {
        for (const Ticks price : {max_price_ticks, -max_price_ticks, Ticks{0}, Ticks{-1}}) {
            for (Ticks away = 0; away < 3; ++away) {
                twins.set({twins.better(price / 2, -away * usual_window), 9});
            }
            twins.clear();
            twins.set({price, 1});
        }
    });
}

void prices_at_both_limits_are_held_at_once() {
    on_both_sides([](auto twins) {
        for (const Ticks price : {-max_price_ticks, max_price_ticks, Ticks{0}}) {
            twins.set({price, 2});
            twins.compare_each();
        }
        for (const Ticks price : {max_price_ticks, -max_price_ticks, Ticks{0}}) {
            twins.set({price, 0});
        }
    });
}

void the_total_does_not_wrap_at_64_bits() {
    on_both_sides([](auto twins) {
        for (Ticks i = 0; i < 6; ++i) twins.set({i * usual_window / 2, max_lots});
        CHECK(twins.ladder.total_lots() == Int128{max_lots} * 6);
    });
}

void a_ring_doubles_where_many_updates_land_just_beyond_it() {
    on_both_growing_sides([](auto twins) {
        twins.set({1'000, 1});
        for (const Ticks reach : {128, 256}) {
            remove_beyond(twins, reach, misses_judged - 1);
            CHECK(twins.ladder.memory_usage() == twins.memory_of_ring(reach));
            remove_beyond(twins, reach, 1);
            CHECK(twins.ladder.memory_usage() == twins.memory_of_ring(2 * reach));
            twins.compare(1'000);
        }
    });
}

void a_book_that_is_being_built_lets_no_ring_grow() {
    on_both_sides([](auto twins) {
        constexpr Ticks best = 1'000'000;
        twins.ladder.set({best, 1});
        for (Ticks i = 0; i < 4 * misses_judged; ++i) {
            twins.ladder.set({twins.better(best, -usual_window - i), 5});
        }
        CHECK(twins.ladder.memory_usage() < twins.memory_of_ring(2 * usual_window));
    });
}

void a_ring_stops_at_its_widest() {
    on_both_growing_sides([](auto twins) {
        grow(twins, 1'000);
        remove_beyond(twins, 512, 5 * misses_judged);
        CHECK(twins.ladder.memory_usage() == twins.memory_of_ring(512));
    });
}

void a_ring_grows_where_more_than_one_update_in_64_lands_just_beyond_it() {
    on_both_growing_sides([](const auto& fresh) {
        for (const std::int64_t updates : {rarity - 1, rarity}) {
            auto twins = fresh;
            for (std::int64_t i = 0; i < 3 * misses_judged; ++i) {
                for (Lots size = 1; size < updates; ++size) twins.ladder.set({1'000, size});
                remove_beyond(twins, 128, 1);
            }
            const Ticks reach = updates < rarity ? 256 : 128;
            CHECK(twins.ladder.memory_usage() == twins.memory_of_ring(reach));
        }
    });
}

void a_ring_grows_also_after_a_long_time_of_updates_within_it() {
    on_both_growing_sides([](auto twins) {
        for (Lots size = 1; size <= misses_judged * rarity; ++size) twins.ladder.set({7, size});
        remove_beyond(twins, 128, misses_judged);
        CHECK(twins.ladder.memory_usage() == twins.memory_of_ring(128));
        remove_beyond(twins, 128, misses_judged);
        CHECK(twins.ladder.memory_usage() == twins.memory_of_ring(256));
    });
}

void updates_that_a_doubled_ring_would_not_reach_let_none_grow() {
    on_both_growing_sides([](auto twins) {
        twins.set({1'000, 1});
        for (const Ticks away : {Ticks{256}, Ticks{10'000}, max_price_ticks / 2}) {
            remove_beyond(twins, away, 5 * misses_judged);
        }
        CHECK(twins.ladder.memory_usage() == twins.memory_of_ring(128));
    });
}

// At every update: also where the ring meets the limits of prices, and far levels wait below.
void every_query_is_right_before_during_and_after_growth() {
    on_both_growing_sides([](const auto& fresh) {
        const Ticks worst = fresh.better(0, -max_price_ticks);
        for (const Ticks best : {Ticks{0}, fresh.better(worst, 600), -worst}) {
            auto twins = fresh;
            Dice dice(11);
            int more = 500;
            for (int i = 0; i < 40'000 && more > 0; ++i) {
                twins.set({price_below(twins, best, dice), dice.below(3)});
                if (dice.one_in(50)) twins.compare_each();
                if (twins.ladder.memory_usage() >= twins.memory_of_ring(512)) --more;
            }
            CHECK(more == 0);
            twins.compare_each();
        }
    });
}

void a_grown_ring_follows_the_best_like_any_other() {
    on_both_growing_sides([](auto twins) {
        grow(twins, 1'000);
        for (std::uint64_t seed = 0; seed < 10; ++seed) run_operations(twins, seed);
    });
}

void a_copy_of_a_grown_ladder_is_equal_and_goes_its_own_way() {
    on_both_growing_sides([](auto twins) {
        grow(twins, 1'000);
        Dice dice(13);
        for (int i = 0; i < 300; ++i) twins.set({price_below(twins, 1'000, dice), 5});

        auto copy = twins;
        auto assigned = decltype(twins){};
        assigned = twins;
        twins.clear();
        for (const auto* other : {&copy, &assigned}) {
            other->compare(1'000);
            other->compare_each();
        }

        run_operations(copy, 1);
        CHECK(twins.ladder.empty());
        assigned.compare_each();
    });
}

void a_grown_ladder_is_cleared_and_assigned_anew_without_shrinking() {
    on_both_growing_sides([](auto twins) {
        grow(twins, 1'000);
        twins.clear();
        CHECK(twins.ladder.memory_usage() == twins.memory_of_ring(512));
        std::vector<Level> levels(90);
        for (Ticks away = 0; Level& level : levels) {
            level = {twins.better(-700'000, -3 * away), away + 1};
            ++away;
        }
        twins.assign(levels);
        CHECK(twins.ladder.memory_usage() == twins.memory_of_ring(512));
        twins.compare_each();
        levels.push_back({twins.better(-700'000, -10'000), 1});
        twins.assign(levels);
        twins.compare_each();
        CHECK(twins.ladder.memory_usage() > twins.memory_of_ring(512));
    });
}

}  // namespace

int main() {
    return run_tests({
        any_operations_leave_the_levels_of_a_map_whatever_the_window,
        removing_a_level_that_is_not_there_changes_nothing,
        every_price_around_the_window_is_held,
        a_full_window_gives_every_level_back,
        a_drift_of_millions_of_ticks_loses_no_level,
        the_last_size_of_a_price_counts_in_an_assignment,
        a_cleared_ladder_is_as_new_wherever_it_was,
        prices_at_both_limits_are_held_at_once,
        the_total_does_not_wrap_at_64_bits,
        a_ring_doubles_where_many_updates_land_just_beyond_it,
        a_ring_stops_at_its_widest,
        a_ring_grows_where_more_than_one_update_in_64_lands_just_beyond_it,
        a_book_that_is_being_built_lets_no_ring_grow,
        a_ring_grows_also_after_a_long_time_of_updates_within_it,
        updates_that_a_doubled_ring_would_not_reach_let_none_grow,
        every_query_is_right_before_during_and_after_growth,
        a_grown_ring_follows_the_best_like_any_other,
        a_copy_of_a_grown_ladder_is_equal_and_goes_its_own_way,
        a_grown_ladder_is_cleared_and_assigned_anew_without_shrinking,
    });
}
