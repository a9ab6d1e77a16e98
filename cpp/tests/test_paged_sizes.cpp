// Sizes in a moving window, with memory only for the parts that hold levels.

#include <cstddef>
#include <cstdint>
#include <map>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/occupancy.hpp"
#include "obcore/paged_sizes.hpp"
#include "obcore/units.hpp"

namespace {

using namespace obcore;

constexpr std::int64_t window = 1'024;

// Sizes with the occupancy that their owner keeps.
struct Owner {
    PagedSizes sizes{window};
    Occupancy occupied{window};

    void set(std::int64_t key, Lots size) {
        if (!sizes.has_page(key)) {
            if (size == 0) return;
            sizes.add_page(key, occupied);
        }
        sizes[key] = size;
        occupied.set(key, size != 0);
    }
};

void a_key_without_a_page_reads_as_zero() {
    const PagedSizes sizes{window};
    for (const std::int64_t key : {-1L, 0L, 15L, 16L, 1'023L, 1'024L, -1'000'000L}) {
        CHECK(!sizes.has_page(key) && sizes.at(key) == 0);
    }
}

void a_page_holds_the_sixteen_keys_around() {
    for (const std::int64_t first : {-1'040L, -16L, 0L, 16L, 5'008L}) {
        Owner owner;
        owner.set(first + 5, 7);
        for (std::int64_t key = first - 1; key <= first + 16; ++key) {
            CHECK(owner.sizes.has_page(key) == (key >= first && key < first + 16));
            CHECK(owner.sizes.at(key) == (key == first + 5 ? 7 : 0));
        }
    }
}

void a_page_that_is_dropped_reads_as_zero_and_is_used_again() {
    Owner owner;
    owner.set(3, 7);
    owner.set(3, 0);
    owner.sizes.drop_page(3);
    owner.sizes.drop_page(3);  // once is enough
    const std::size_t memory = owner.sizes.memory_usage();

    CHECK(!owner.sizes.has_page(3) && owner.sizes.at(3) == 0);
    for (int again = 0; again < 1'000; ++again) {
        owner.set(500, 9);
        CHECK(owner.sizes.at(500) == 9 && owner.sizes.at(3) == 0);
        owner.set(500, 0);
        owner.sizes.drop_page(500);
    }
    CHECK(owner.sizes.memory_usage() == memory);
}

void pages_without_levels_are_found_again_before_the_pool_grows() {
    Owner owner;
    owner.set(0, 1);
    const std::size_t memory = owner.sizes.memory_usage();
    for (std::int64_t key = 16; key < 100 * window; key += 16) {
        owner.set(key % window == 0 ? 1 : key, 5);
        owner.set(key % window == 0 ? 1 : key, 0);
    }
    CHECK(owner.sizes.at(0) == 1 && owner.sizes.memory_usage() == memory);
}

void any_operations_leave_the_sizes_of_a_map() {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Dice dice(seed);
        Owner owner;
        std::map<std::int64_t, Lots> expected;
        for (int step = 0; step < 2'000; ++step) {
            const std::int64_t key = dice.below(window) - window / 2;
            const Lots size = dice.one_in(2) ? 0 : 1 + dice.below(9);
            owner.set(key, size);
            expected[key] = size;
        }
        for (std::int64_t key = -window / 2; key < window / 2; ++key) {
            const auto found = expected.find(key);
            CHECK(owner.sizes.at(key) == (found == expected.end() ? 0 : found->second));
        }
    }
}

}  // namespace

int main() {
    return run_tests({
        a_key_without_a_page_reads_as_zero,
        a_page_holds_the_sixteen_keys_around,
        a_page_that_is_dropped_reads_as_zero_and_is_used_again,
        pages_without_levels_are_found_again_before_the_pool_grows,
        any_operations_leave_the_sizes_of_a_map,
    });
}
