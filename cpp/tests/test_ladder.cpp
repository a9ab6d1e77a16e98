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

constexpr std::int64_t usual_window = std::int64_t{1} << 18;
constexpr Lots max_lots = std::numeric_limits<Lots>::max();

template <Side side>
using Better = std::conditional_t<side == Side::bid, std::greater<>, std::less<>>;

// A ladder and the map that it must always equal.
template <Side side, std::int64_t window>
struct Twins {
    Ladder<side, window> ladder;
    std::map<Ticks, Lots, Better<side>> levels;

    // So many ticks better or worse than a price.
    [[nodiscard]] static Ticks better(Ticks price, Ticks ticks) {
        return side == Side::bid ? price + ticks : price - ticks;
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
template <Side side, std::int64_t window>
Ticks some_price(const Twins<side, window>& twins, Dice& dice) {
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
template <Side side, std::int64_t window>
std::vector<Level> some_levels(const Twins<side, window>& twins, Dice& dice) {
    std::vector<Level> levels;
    for (std::int64_t n = dice.below(30); n > 0; --n) {
        levels.push_back({some_price(twins, dice), dice.below(4)});
        if (dice.one_in(4)) levels.push_back({levels.front().price, dice.below(3)});
    }
    return levels;
}

template <Side side, std::int64_t window>
void run_operations(std::uint64_t seed) {
    Twins<side, window> twins;
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
        run_operations<Side::bid, window>(seed);
        run_operations<Side::ask, window>(seed);
    }
}

// Hands both sides' twins to a test.
template <typename Test>
void on_both_sides(Test test) {
    test(Twins<Side::bid, usual_window>{});
    test(Twins<Side::ask, usual_window>{});
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

// ---- Memory -------------------------------------------------------------------------------

void levels_that_come_and_go_all_over_the_ring_take_little_memory() {
    on_both_sides([](auto twins) {
        const std::size_t empty = twins.ladder.memory_usage();
        twins.set({0, 1});
        for (Ticks away = 1; away < usual_window / 2; ++away) {
            const Ticks price = twins.better(0, -away);
            twins.ladder.set({price, 5});
            twins.ladder.set({price, 0});
        }
        CHECK(twins.ladder.memory_usage() <= empty + 64'000);
    });
}

// A market that walks over many windows leaves nothing behind.
void a_ladder_that_drifts_takes_no_more_memory() {
    on_both_sides([](auto twins) {
        const auto walk = [&](Ticks from, Ticks to) {
            for (Ticks price = from; price < to; price += 10) {
                twins.ladder.set({twins.better(0, price), 1});
                twins.ladder.set({twins.better(0, price - 1'000), 0});
            }
        };
        walk(0, 100'000);
        const std::size_t at_first = twins.ladder.memory_usage();
        walk(100'000, 5'000'000);
        CHECK(twins.ladder.count() == 100);
        CHECK(twins.ladder.memory_usage() == at_first);
    });
}

// Side by side, and each alone on its page.
void levels_take_at_most_their_pages_and_half_as_many_again() {
    on_both_sides([](auto twins) {
        const std::size_t empty = twins.ladder.memory_usage();
        for (const Ticks step : {1, 100}) {
            twins.ladder.clear();
            for (Ticks i = 0; i < 1'000; ++i) twins.ladder.set({twins.better(0, -i * step), 1});
            const std::size_t pages = step == 1 ? 1'000 / 16 + 2 : 1'000;
            constexpr std::size_t page_bytes = 16 * sizeof(Lots) + 2;  // with its number
            CHECK(twins.ladder.memory_usage() <= empty + pages * page_bytes * 3 / 2);
        }
    });
}

}  // namespace

int main() {
    return run_tests({
        levels_that_come_and_go_all_over_the_ring_take_little_memory,
        a_ladder_that_drifts_takes_no_more_memory,
        levels_take_at_most_their_pages_and_half_as_many_again,
        any_operations_leave_the_levels_of_a_map_whatever_the_window,
        removing_a_level_that_is_not_there_changes_nothing,
        every_price_around_the_window_is_held,
        a_full_window_gives_every_level_back,
        a_drift_of_millions_of_ticks_loses_no_level,
        the_last_size_of_a_price_counts_in_an_assignment,
        a_cleared_ladder_is_as_new_wherever_it_was,
        prices_at_both_limits_are_held_at_once,
        the_total_does_not_wrap_at_64_bits,
    });
}
