// Sums of a moving window, against two sets of sums that are kept one behind the other.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/moment_sums.hpp"
#include "obcore/rolling.hpp"

namespace {

using namespace obcore;

struct Sums {
    double base = 0.0;
    bool empty = true;
    DoubleDouble first;
    DoubleDouble second;

    void add(double x) {
        if (empty) base = x;
        empty = false;
        const auto deviation = DoubleDouble::exact_sum(x, -base);
        first = first + deviation;
        second = second + deviation.squared();
    }
    void remove(double x) {
        const auto deviation = DoubleDouble::exact_sum(x, -base);
        first = first - deviation;
        second = second - deviation.squared();
    }
};

bool same(DoubleDouble a, DoubleDouble b) {
    return a.high == b.high && a.low == b.low;
}

bool agree(const MomentSums& sums, const Sums& wanted) {
    return sums.base() == wanted.base && same(sums.first(), wanted.first) &&
           same(sums.second(), wanted.second);
}

double any_imbalance(Dice& dice) {
    return static_cast<double>(dice.around(1000)) / 1001.0;
}

void they_have_the_bits_of_sums_that_are_renewed_one_by_one() {
    for (const std::size_t window : std::array<std::size_t, 4>{1, 2, 5, 20}) {
        Dice dice(static_cast<unsigned>(window));
        MomentSums sums;
        Renewed<Sums> wanted;
        std::deque<double> values;
        for (int i = 0; i < 5'000; ++i) {
            values.push_back(any_imbalance(dice));
            sums.enter(values.back(), true);
            wanted.enter(values.back());
            if (values.size() > window) {
                sums.leave(values.front(), true);
                wanted.leave(values.front());
                values.pop_front();
            }
            CHECK(agree(sums, wanted.sums()));
        }
    }
}

// A window of a duration may lose all that it holds before the next item enters.
void they_begin_anew_once_everything_has_left() {
    Dice dice(3);
    MomentSums sums;
    Renewed<Sums> wanted;
    std::deque<double> values;
    for (int i = 0; i < 5'000; ++i) {
        values.push_back(any_imbalance(dice));
        sums.enter(values.back(), true);
        wanted.enter(values.back());
        const std::size_t left = i % 100 == 0 ? 0 : static_cast<std::size_t>(i % 7);
        while (values.size() > left) {
            sums.leave(values.front(), true);
            wanted.leave(values.front());
            values.pop_front();
        }
        if (!values.empty()) CHECK(agree(sums, wanted.sums()));
    }
}

}  // namespace

int main() {
    return run_tests({
        they_have_the_bits_of_sums_that_are_renewed_one_by_one,
        they_begin_anew_once_everything_has_left,
    });
}
