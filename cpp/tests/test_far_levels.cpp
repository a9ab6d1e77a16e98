// The levels beside a ring against std::map: chunks that split, join and go, and their memory.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <new>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "check.hpp"
#include "dice.hpp"
#include "obcore/far_levels.hpp"

namespace {

using namespace obcore;
using Keys = std::vector<std::int64_t>;

constexpr std::int64_t chunk = 64;
constexpr Lots max_lots = std::numeric_limits<Lots>::max();

// Far levels and the map that they must always equal.
struct Twins {
    FarLevels far;
    std::map<std::int64_t, Lots> levels;
    std::size_t most = 0;  // levels ever held

    void set(std::int64_t key, Lots size) {
        const auto found = levels.find(key);
        CHECK(far.exchange(key, size) == (found == levels.end() ? 0 : found->second));
        if (size == 0) {
            levels.erase(key);
        } else {
            levels[key] = size;
        }
        compare(key);
    }

    void push_best(std::int64_t key, Lots size) {
        far.push_best({key, size});
        levels[key] = size;
        compare(key);
    }

    void pop_best() {
        const std::int64_t key = far.best().key;
        far.pop_best();
        levels.erase(std::prev(levels.end()));
        compare(key);
    }

    void clear() {
        far.clear();
        levels.clear();
        compare(0);
    }

    // What costs little, and the key of the last operation.
    void compare(std::int64_t key) {
        most = std::max(most, levels.size());
        const auto found = levels.find(key);
        CHECK(far.count() == levels.size() && far.empty() == levels.empty());
        CHECK(far.size_at(key) == (found == levels.end() ? 0 : found->second));
        CHECK(far.empty() || far.best().key == levels.rbegin()->first);
        CHECK(far.memory_usage() <=
              16 * sizeof(FarLevels::Far) * std::max<std::size_t>(most, 5));
    }

    // Every level, its neighbours, and every way to read it.
    void compare_each() const {
        auto expected = levels.rbegin();
        far.from_best([&](const FarLevels::Far& level) {
            CHECK(expected != levels.rend() && level.key == expected->first &&
                  level.size == expected->second);
            ++expected;
            return true;
        });
        CHECK(expected == levels.rend());
        std::size_t index = levels.size();
        for (const auto& [key, size] : levels) {
            --index;
            CHECK(far.at(index).key == key && far.at(index).size == size);
            CHECK(far.size_at(key) == size);
            CHECK(levels.contains(key - 1) || far.size_at(key - 1) == 0);
            CHECK(levels.contains(key + 1) || far.size_at(key + 1) == 0);
        }
    }
};

// So many full chunks: levels that come in order fill one after the other. Keys are even.
Twins full_chunks(std::int64_t count) {
    Twins twins;
    for (std::int64_t i = 0; i < count * chunk; ++i) twins.push_best(2 * i, i + 1);
    return twins;
}

// 0 … count − 1 in the orders that a sorted structure may dislike.
std::vector<Keys> orders(std::int64_t count) {
    Keys ascending;
    Keys descending;
    Keys outside_in;
    for (std::int64_t i = 0; i < count; ++i) {
        ascending.push_back(i);
        descending.push_back(count - 1 - i);
        outside_in.push_back(i % 2 == 0 ? i / 2 : count - 1 - i / 2);
    }
    const Keys inside_out(outside_in.rbegin(), outside_in.rend());
    Keys shuffled = ascending;
    std::shuffle(shuffled.begin(), shuffled.end(), Dice(1).engine);
    return {ascending, descending, outside_in, inside_out, shuffled};
}

// Grows to thousands of levels and shrinks to few again, in turns.
void run_operations(std::uint64_t seed, std::int64_t reach) {
    Twins twins;
    Dice dice(seed);
    for (int i = 0; i < 60'000; ++i) {
        const bool grows = i / 10'000 % 2 == 0;
        const std::int64_t best = twins.far.empty() ? -reach : twins.far.best().key;
        if (dice.one_in(30'000)) {
            twins.clear();
        } else if (dice.one_in(8) && grows) {
            twins.push_best(best + 1 + dice.below(3), 1 + dice.below(max_lots));
        } else if (dice.one_in(8) && !twins.far.empty()) {
            twins.pop_best();
        } else {
            twins.set(dice.around(reach), dice.one_in(5) == grows ? 0 : 1 + dice.below(9));
        }
        if (i % 2'500 == 0) twins.compare_each();
    }
    twins.compare_each();
}

// ---- Levels -------------------------------------------------------------------------------

void nothing_is_held_at_first() {
    Twins twins;
    CHECK(twins.far.memory_usage() == 0);
    for (const std::int64_t key : {std::int64_t{0}, max_price_ticks, -max_price_ticks}) {
        twins.set(key, 0);
    }
    twins.clear();
    twins.compare_each();
}

void any_operations_leave_the_levels_of_a_map() {
    for (const std::int64_t reach : {std::int64_t{40}, std::int64_t{3'000}, max_price_ticks}) {
        run_operations(1, reach);
        run_operations(2, reach);
    }
}

void levels_may_come_and_go_in_any_order() {
    for (const Keys& coming : orders(1'500)) {
        for (const Keys& going : orders(1'500)) {
            Twins twins;
            for (const std::int64_t key : coming) twins.set(key, key + 1);
            twins.compare_each();
            for (const std::int64_t key : going) twins.set(key, 0);
            CHECK(twins.far.empty());
        }
    }
}

void a_size_is_replaced_in_place() {
    Twins twins = full_chunks(3);
    for (const auto& [key, size] : std::map(twins.levels)) twins.set(key, size + 1);
    twins.compare_each();
}

void keys_at_both_limits_are_held_at_once() {
    Twins twins;
    for (std::int64_t i = 0; i < 100; ++i) {
        twins.set(max_price_ticks - i, max_lots);
        twins.set(-max_price_ticks + i, max_lots);
    }
    twins.compare_each();
}

// ---- Chunks -------------------------------------------------------------------------------

void a_full_chunk_splits_wherever_the_next_level_falls() {
    const Twins full = full_chunks(3);
    for (std::int64_t key = -1; key < 6 * chunk; key += 2) {
        Twins twins = full;
        twins.set(key, 5);
        twins.compare_each();
    }
}

void a_chunk_that_loses_every_level_goes_wherever_it_stands() {
    const Twins full = full_chunks(3);
    for (std::int64_t number = 0; number < 3; ++number) {
        for (const Keys& going : orders(chunk)) {
            Twins twins = full;
            for (const std::int64_t i : going) twins.set(2 * (number * chunk + i), 0);
            twins.compare_each();
            for (const std::int64_t i : going) twins.set(2 * (number * chunk + i) + 1, 7);
            twins.compare_each();
        }
    }
}

// Two neighbours of three run low, one after the other: the second joins the first.
void a_chunk_that_runs_low_joins_either_neighbour() {
    const Twins full = full_chunks(3);
    for (const auto& [first, second] : {std::pair{0, 1}, {1, 0}, {1, 2}, {2, 1}}) {
        Twins twins = full;
        for (const int number : {first, second}) {
            for (std::int64_t i = 2; i < chunk; ++i) twins.set(2 * (number * chunk + i), 0);
        }
        twins.compare_each();
        const std::size_t before = twins.far.memory_usage();
        for (std::int64_t i = 0; i < chunk; ++i) twins.push_best(1'000 + i, 1);
        CHECK(twins.far.memory_usage() == before);  // the chunk that was joined is used again
        twins.compare_each();
    }
}

void two_neighbours_join_a_chunk_that_runs_low_between_them() {
    Twins twins = full_chunks(3);
    for (const std::int64_t number : {0, 2}) {
        for (std::int64_t i = 16; i < chunk; ++i) twins.set(2 * (number * chunk + i), 0);
    }
    for (std::int64_t i = 1; i < chunk; ++i) twins.set(2 * (chunk + i), 0);
    twins.compare_each();
    for (std::int64_t i = 1; i < 16; ++i) twins.set(2 * i, 0);
    twins.compare_each();
}

// ---- The best end -------------------------------------------------------------------------

void the_best_is_popped_until_none_is_left() {
    Twins twins = full_chunks(20);
    while (!twins.far.empty()) twins.pop_best();
    CHECK(twins.levels.empty());
    twins.push_best(-5, 1);
    twins.compare_each();
}

void a_best_that_comes_and_goes_at_the_edge_of_a_chunk_is_held_exactly() {
    Twins twins = full_chunks(2);
    for (int round = 0; round < 5; ++round) {
        for (std::int64_t i = 0; i < 40; ++i) twins.push_best(1'000 + i, i + 1);
        twins.compare_each();
        for (int i = 0; i < 40; ++i) twins.pop_best();
        twins.compare_each();
    }
}

void a_visit_ends_where_it_is_told_to() {
    const Twins twins = full_chunks(3);
    for (std::size_t wanted = 1; wanted <= twins.levels.size(); ++wanted) {
        std::size_t visited = 0;
        twins.far.from_best([&](const FarLevels::Far& level) {
            CHECK(
                level.key ==
                std::next(twins.levels.rbegin(), static_cast<std::ptrdiff_t>(visited))->first);
            return ++visited < wanted;
        });
        CHECK(visited == wanted);
    }
}

// ---- Copies and memory --------------------------------------------------------------------

void a_copy_is_equal_and_goes_its_own_way() {
    Twins twins = full_chunks(10);
    Twins copy = twins;
    copy.compare_each();
    for (std::int64_t key = 0; key < 20 * chunk; key += 3) copy.set(key, 4);
    twins.compare_each();
    for (std::int64_t key = 0; key < 20 * chunk; key += 5) twins.set(key, 0);
    copy.compare_each();
    twins.clear();
    copy.compare_each();
}

void a_copy_is_thinned_and_cleared_without_an_allocation() {
    const Twins full = full_chunks(100);
    FarLevels thinned = full.far;
    FarLevels cleared = full.far;

    const std::int64_t before = allocations;
    for (const auto& [key, size] : full.levels) {
        if (key % 100 != 0) thinned.exchange(key, 0);
    }
    cleared.clear();

    CHECK(allocations == before);
    CHECK(thinned.count() == full.levels.size() / 50);
    CHECK(cleared.empty());
}

void what_was_held_once_is_held_again_without_an_allocation() {
    FarLevels far;
    std::int64_t before = 0;
    for (int round = 0; round < 3; ++round) {
        if (round > 0) before = allocations;
        Dice dice(3);
        for (int i = 0; i < 20'000; ++i) {
            far.exchange(dice.below(5'000), dice.one_in(3) ? 0 : 1 + dice.below(9));
        }
        far.clear();
        if (round > 0) CHECK(allocations == before);
    }
}

void memory_is_used_again_where_one_level_a_chunk_was_left() {
    Twins twins;
    std::int64_t key = 0;
    for (int round = 0; round < 100; ++round) {
        const std::int64_t first = key;
        for (std::int64_t i = 0; i < 50 * chunk; ++i) twins.push_best(key++, 1);
        for (std::int64_t i = first; i < key; ++i) {
            if (i % chunk != 0) twins.set(i, 0);
        }
    }

    CHECK(twins.levels.size() == 5'000);
    CHECK(twins.most < 8'200);
    twins.compare_each();
}

// Chunks of one level and of more, in turns; compare() bounds the memory. Sixteen is the worst:
// fewer are joined.
void no_order_of_removals_takes_more_than_sixteen_times_the_memory_needed() {
    for (const std::int64_t kept : {1, 8, 15, 16, 17}) {
        Twins twins;
        const auto thin = [&](std::int64_t number, std::int64_t rest) {
            for (std::int64_t i = rest; i < chunk; ++i) twins.set(number * chunk + i, 0);
        };
        for (std::int64_t number = 0; number <= 2'050; number += 2) {
            for (std::int64_t i = 0; i < 2 * chunk; ++i) {
                twins.push_best(number * chunk + i, 1);
            }
            thin(number, 1);
            if (number > 0) thin(number - 1, kept);
        }

        twins.compare_each();
        const std::size_t needed = sizeof(FarLevels::Far) * twins.most;
        if (kept == 16) CHECK(twins.far.memory_usage() > 8 * needed);
    }
}

// A copy has no room to spare, so the next level needs an allocation or more; each fails once.
void where_memory_runs_out_no_level_is_lost() {
    const Twins full = full_chunks(4);
    for (const std::int64_t key : {-1, 1, 201, 2 * 4 * 64 - 3, 2 * 4 * 64}) {
        std::int64_t failures = 0;
        for (bool done = false; !done;) {
            FarLevels copy = full.far;
            allocations_left = failures;
            try {
                copy.exchange(key, 9);
                done = true;
            } catch (const std::bad_alloc&) {
                ++failures;
            }
            allocations_left = std::numeric_limits<std::int64_t>::max();
            Twins twins{.far = copy, .levels = full.levels, .most = full.most};
            if (done) twins.levels[key] = 9;
            twins.compare_each();
            twins.set(key, 8);
            twins.compare_each();
        }
        CHECK(failures > 0);
    }
}

}  // namespace

int main() {
    return run_tests({
        nothing_is_held_at_first,
        any_operations_leave_the_levels_of_a_map,
        levels_may_come_and_go_in_any_order,
        a_size_is_replaced_in_place,
        keys_at_both_limits_are_held_at_once,
        a_full_chunk_splits_wherever_the_next_level_falls,
        a_chunk_that_loses_every_level_goes_wherever_it_stands,
        a_chunk_that_runs_low_joins_either_neighbour,
        two_neighbours_join_a_chunk_that_runs_low_between_them,
        the_best_is_popped_until_none_is_left,
        a_best_that_comes_and_goes_at_the_edge_of_a_chunk_is_held_exactly,
        a_visit_ends_where_it_is_told_to,
        a_copy_is_equal_and_goes_its_own_way,
        a_copy_is_thinned_and_cleared_without_an_allocation,
        what_was_held_once_is_held_again_without_an_allocation,
        memory_is_used_again_where_one_level_a_chunk_was_left,
        no_order_of_removals_takes_more_than_sixteen_times_the_memory_needed,
        where_memory_runs_out_no_level_is_lost,
    });
}
