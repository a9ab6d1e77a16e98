// A sum that is rounded once, and the one that is told from a part known only to within an
// error.

#include <cmath>
#include <cstdint>
#include <optional>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/double_double.hpp"

namespace {

using namespace obcore;

// Whole numbers, and parts of 2^-36 that are known to within 2^-40.
void a_sum_that_an_error_leaves_open_is_not_told() {
    Dice dice(1);
    int told = 0;
    constexpr int sums = 20'000;
    for (int i = 0; i < sums; ++i) {
        const auto a = static_cast<double>(dice.around(1 << 20));
        const std::int64_t part = dice.around(std::int64_t{1} << 40);
        const double b = std::ldexp(static_cast<double>(part), -36);
        const double error = std::ldexp(1.0, -40);
        const std::optional<double> sum = rounded_sum(a, b, error);
        if (!sum) continue;
        ++told;
        for (const double off : {-error, 0.0, error}) {
            const DoubleDouble exact = DoubleDouble(a) + (DoubleDouble(b) + off);
            CHECK(exact.value() == *sum);
        }
    }
    CHECK(told > 0 && told < sums);
}

void a_sum_between_two_doubles_is_told_only_without_an_error() {
    const double half_a_digit = std::ldexp(1.0, -53);
    CHECK(rounded_sum(1.0, half_a_digit, 0.0) == 1.0);  // a tie, to even
    CHECK(!rounded_sum(1.0, half_a_digit, 0x1p-80));
    CHECK(rounded_sum(1.0, half_a_digit / 2, 0x1p-80) == 1.0);
    CHECK(rounded_sum(1.0, 0.0, 0.0) == 1.0);
    CHECK(!rounded_sum(1.0, std::nan(""), 0.0));
}

void a_number_without_a_low_part_gives_the_same_bits_as_one_with_a_low_part_of_0() {
    Dice dice(2);
    for (int i = 0; i < 20'000; ++i) {
        const auto any = [&] { return static_cast<double>(1 + dice.below(1 << 30)) / 7.0; };
        const DoubleDouble a = DoubleDouble(any()) / DoubleDouble(any());
        const double b = dice.one_in(2) ? any() : -any();
        const DoubleDouble same = b;
        const auto are_same = [](DoubleDouble x, DoubleDouble y) {
            return x.high == y.high && x.low == y.low;
        };
        CHECK(are_same(a + b, a + same) && are_same(a - b, a - same));
        CHECK(are_same(a * b, a * same) && are_same(a / b, a / same));
        CHECK(are_same(a.squared(), a * a));
    }
}

void every_integer_of_128_bits_keeps_its_digits() {
    Dice dice(3);
    for (int i = 0; i < 20'000; ++i) {
        const Int128 value = Int128{dice.around(std::int64_t{1} << 60)}
                             << static_cast<int>(dice.below(40));
        const DoubleDouble held = value;
        CHECK(static_cast<Int128>(held.high) + static_cast<Int128>(held.low) == value);
    }
}

}  // namespace

int main() {
    return run_tests({
        a_sum_that_an_error_leaves_open_is_not_told,
        a_sum_between_two_doubles_is_told_only_without_an_error,
        a_number_without_a_low_part_gives_the_same_bits_as_one_with_a_low_part_of_0,
        every_integer_of_128_bits_keeps_its_digits,
    });
}
