// Two DoubleDoubles in one: every lane has the bits of the sum that was taken alone.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/double_double_pair.hpp"

namespace {

using namespace obcore;
using Lanes = DoubleDoublePair::Lanes;

bool same_bits(DoubleDouble a, DoubleDouble b) {
    return std::bit_cast<std::uint64_t>(a.high) == std::bit_cast<std::uint64_t>(b.high) &&
           std::bit_cast<std::uint64_t>(a.low) == std::bit_cast<std::uint64_t>(b.low);
}

double any_double(Dice& dice) {
    const auto digits = static_cast<double>(dice.around(std::int64_t{1} << 52));
    return std::ldexp(digits, static_cast<int>(dice.around(40)));
}

DoubleDouble any_number(Dice& dice) {
    const double high = any_double(dice);
    return DoubleDouble::exact_sum(high, high * 0x1p-60 * any_double(dice) * 0x1p-90);
}

void a_sum_of_pairs_has_the_bits_of_two_sums() {
    Dice dice(1);
    for (int i = 0; i < 20'000; ++i) {
        const DoubleDouble a = any_number(dice);
        const DoubleDouble b = any_number(dice);
        const DoubleDouble c = i % 3 == 0 ? DoubleDouble(-a.high, -a.low) : any_number(dice);
        const DoubleDouble d = any_number(dice);
        const DoubleDoublePair sums = DoubleDoublePair(a, b) + DoubleDoublePair(c, d);
        CHECK(same_bits(sums[0], a + c));
        CHECK(same_bits(sums[1], b + d));
    }
}

void an_exact_sum_of_lanes_has_the_bits_of_two_exact_sums() {
    Dice dice(2);
    for (int i = 0; i < 20'000; ++i) {
        const double a = any_double(dice);
        const double b = any_double(dice);
        const double c = any_double(dice);
        const auto sums = DoubleDoublePair::exact_sum(Lanes{a, a}, Lanes{b, c});
        CHECK(same_bits(sums[0], DoubleDouble::exact_sum(a, b)));
        CHECK(same_bits(sums[1], DoubleDouble::exact_sum(a, c)));
    }
}

void a_lane_that_is_set_leaves_the_other_as_it_was() {
    DoubleDoublePair pair({1.0, 0x1p-60}, {2.0, 0x1p-61});
    pair.set(0, {3.0, 0x1p-70});
    CHECK(same_bits(pair[0], {3.0, 0x1p-70}));
    CHECK(same_bits(pair[1], {2.0, 0x1p-61}));
}

}  // namespace

int main() {
    return run_tests({
        a_sum_of_pairs_has_the_bits_of_two_sums,
        an_exact_sum_of_lanes_has_the_bits_of_two_exact_sums,
        a_lane_that_is_set_leaves_the_other_as_it_was,
    });
}
