// Levels in a moving window, with memory only for the parts that hold some.

#include <cstddef>
#include <cstdint>
#include <map>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/level_ring.hpp"
#include "obcore/units.hpp"

namespace {

using namespace obcore;

constexpr std::int64_t window = 1'024;
using Ring = LevelRing<window>;

// Every key of the window around 0, in ascending order.
template <typename Visit>
void over_the_window(Visit visit) {
    for (std::int64_t key = -window / 2; key < window / 2; ++key) visit(key);
}

void nothing_is_held_at_first() {
    const Ring ring;
    over_the_window([&](std::int64_t key) { CHECK(ring.at(key) == 0); });
    CHECK(ring.at_or_below(500, -512) == absent);
}

void a_size_is_exchanged_for_the_one_before() {
    for (const std::int64_t key : {-1'040L, -16L, -1L, 0L, 16L, 63L, 64L, 5'008L}) {
        Ring ring;
        CHECK(ring.exchange(key, 0) == 0);  // no level, and none before
        CHECK(ring.exchange(key, 7) == 0 && ring.at(key) == 7);
        CHECK(ring.exchange(key, 9) == 7 && ring.at(key) == 9);
        CHECK(ring.exchange(key, 0) == 9 && ring.at(key) == 0);
    }
}

void pages_that_are_dropped_are_used_again() {
    Ring ring;
    ring.exchange(3, 7);
    ring.exchange(3, 0);
    ring.drop_pages(0);
    ring.drop_pages(0);  // once is enough
    const std::size_t memory = ring.memory_usage();
    for (int again = 0; again < 1'000; ++again) {
        CHECK(ring.exchange(500, 9) == 0 && ring.at(500) == 9 && ring.at(3) == 0);
        ring.exchange(500, 0);
        ring.drop_pages(500 & ~63);
    }
    CHECK(ring.memory_usage() == memory);
}

// A ring of 8,192 pages, each of which holds a level for a moment, again and again.
void pages_without_levels_are_found_again_before_the_pool_grows() {
    constexpr std::int64_t wide = std::int64_t{1} << 17;
    LevelRing<wide> ring;
    const std::size_t empty = ring.memory_usage();
    ring.exchange(0, 1);
    for (std::int64_t key = 16; key < 10 * wide; key += 16) {
        if (key % wide == 0) continue;
        CHECK(ring.exchange(key, 5) == 0);
        CHECK(ring.exchange(key, 0) == 5);
    }
    CHECK(ring.at(0) == 1 && ring.memory_usage() <= empty + 64'000);
}

void any_operations_leave_the_levels_of_a_map() {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Dice dice(seed);
        Ring ring;
        std::map<std::int64_t, Lots> expected;
        for (int step = 0; step < 2'000; ++step) {
            const std::int64_t key = dice.below(window) - window / 2;
            const Lots size = dice.one_in(2) ? 0 : 1 + dice.below(9);
            CHECK(ring.exchange(key, size) == expected[key]);
            expected[key] = size;
        }
        std::int64_t below = absent;
        over_the_window([&](std::int64_t key) {
            const Lots size = expected[key];
            if (size != 0) below = key;
            CHECK(ring.at(key) == size);
            CHECK((ring.bits(key & ~63) >> (key & 63) & 1) == (size != 0));
            CHECK(ring.at_or_below(key, -window / 2) == below);
        });
    }
}

}  // namespace

int main() {
    return run_tests({
        nothing_is_held_at_first,
        a_size_is_exchanged_for_the_one_before,
        pages_that_are_dropped_are_used_again,
        pages_without_levels_are_found_again_before_the_pool_grows,
        any_operations_leave_the_levels_of_a_map,
    });
}
