// Mean, deviation and z-score of a moving window, against sums of whole numbers that are exact.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/rolling.hpp"

namespace {

using namespace obcore;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Exact {
    double mean = nan;
    double std = nan;
    double z_score = nan;
};

// Of values that are all whole multiples of 2^unit: as integers, and so without any rounding
// but that of the results.
Exact exact_moments(const std::deque<double>& values, int unit) {
    const auto whole = [&](double value) {
        return static_cast<Int128>(std::ldexp(value, -unit));
    };
    const Int128 base = whole(values.front());
    const auto n = static_cast<Int128>(values.size());
    Int128 first = 0;
    Int128 second = 0;
    for (const double value : values) {
        const Int128 deviation = whole(value) - base;
        first += deviation;
        second += deviation * deviation;
    }
    const auto count = static_cast<double>(n);
    const auto scatter = static_cast<double>(n * second - first * first);
    const auto excess = static_cast<double>(n * (whole(values.back()) - base) - first);
    Exact out;
    out.mean = std::ldexp(static_cast<double>(n * base + first) / count, unit);
    if (n == 1) return out;
    const double deviation = std::sqrt(scatter / (count * (count - 1)));
    out.std = std::ldexp(deviation, unit);
    out.z_score = scatter == 0.0 ? 0.0 : excess / count / deviation;
    return out;
}

bool is_near(double a, double b, double tolerance) {
    return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= tolerance * std::abs(b);
}

bool agree(const Moments& moments, const std::deque<double>& values, int unit,
           double tolerance = 1e-12) {
    const Exact wanted = exact_moments(values, unit);
    const double z = moments.z_score();
    return is_near(moments.mean().value(), wanted.mean, 1e-15) &&
           is_near(moments.std(), wanted.std, tolerance) &&
           (is_near(z, wanted.z_score, tolerance) || std::abs(z - wanted.z_score) < tolerance);
}

// A window and, beside it, the values that it should hold.
struct Watched {
    Moments moments;
    std::deque<double> values;
    std::size_t length;

    explicit Watched(std::size_t states)
        : moments(Window{.states = static_cast<std::int64_t>(states)}), length(states) {}

    void push(double value) {
        moments.push(absent, value);
        values.push_back(value);
        if (values.size() > length) values.pop_front();
    }
};

// ---- Values -------------------------------------------------------------------------------

void any_window_has_its_exact_moments() {
    struct Kind {
        int unit;
        std::int64_t base;
        std::int64_t reach;
    };
    // Small numbers, a price of 65,000 in eighths, the same moving by one in 2^37, numbers near
    // 2^-400 and 2^400, and some with all of their digits.
    for (const Kind kind :
         {Kind{0, 0, 5}, Kind{-3, 520'000, 9}, Kind{-37, 65'000LL << 37, 1},
          Kind{-400, 3, 1'000}, Kind{400, 7, 1'000}, Kind{-52, 1, 1LL << 52}}) {
        for (const std::size_t length : {1U, 2U, 3U, 20U, 64U}) {
            Dice dice(length);
            Watched watched(length);
            for (int i = 0; i < 1'000; ++i) {
                const auto whole = static_cast<double>(kind.base + dice.around(kind.reach));
                watched.push(std::ldexp(whole, kind.unit));
                CHECK(watched.moments.window().size() == watched.values.size());
                CHECK(agree(watched.moments, watched.values, kind.unit));
            }
        }
    }
}

void a_timed_window_has_its_exact_moments() {
    Dice dice(3);
    constexpr Nanos duration = 100;
    Moments moments(Window{.duration_ns = duration});
    std::deque<double> values;
    std::deque<Nanos> times;
    Nanos now = 0;
    for (int i = 0; i < 20'000; ++i) {
        now += dice.one_in(3) ? 0 : dice.below(dice.one_in(50) ? 500 : 9);
        values.push_back(65'000.0 + static_cast<double>(dice.around(20)) / 8.0);
        times.push_back(now);
        moments.push(now, values.back());
        while (times.front() <= now - duration) {
            times.pop_front();
            values.pop_front();
        }
        CHECK(moments.window().size() == values.size());
        CHECK(agree(moments, values, -3));
        CHECK(moments.is_defined(0, now) == (now >= duration));
    }
}

void equal_values_deviate_by_exactly_0() {
    Dice dice(4);
    Watched watched(20);
    for (const double value : {0.1, 65'000.1, -1e-300, 1e300, 0.0, 1.0 / 3.0}) {
        for (int i = 0; i < 50; ++i) watched.push(static_cast<double>(dice.around(9)) / 7.0);
        for (int i = 1; i <= 45; ++i) {
            watched.push(value);
            if (i < 20) continue;
            CHECK(watched.moments.mean().value() == value);
            CHECK(watched.moments.std() == 0.0 && watched.moments.z_score() == 0.0);
        }
    }
}

void a_single_value_has_a_mean_and_no_deviation() {
    Moments moments(Window{.duration_ns = 10});
    moments.push(0, 3.5);
    moments.push(100, 4.5);
    CHECK(moments.window().size() == 1 && moments.mean().value() == 4.5);
    CHECK(std::isnan(moments.std()) && std::isnan(moments.z_score()));
}

// ---- What is no number --------------------------------------------------------------------

void an_undefined_value_counts_while_it_is_in_the_window_and_leaves_nothing() {
    Dice dice(5);
    Watched watched(10);
    for (int i = 0; i < 20'000; ++i) {
        const bool calm = i / 100 % 2 == 0;
        auto value = static_cast<double>(dice.around(50));
        if (!calm && dice.one_in(4)) value = dice.one_in(3) ? nan : infinity;
        if (!calm && dice.one_in(16)) value = -infinity;
        watched.push(value);
        std::int64_t undefined = 0;
        for (const double each : watched.values) undefined += std::isfinite(each) ? 0 : 1;
        CHECK(watched.moments.undefined() == undefined);
        CHECK(watched.moments.is_defined(0, 0) == (undefined == 0 && i >= 9));
        if (undefined == 0) CHECK(agree(watched.moments, watched.values, 0));
    }
}

void a_cleared_window_begins_anew() {
    Watched watched(5);
    for (const double value : {1.0, nan, infinity, 1e30, 2.0}) watched.push(value);
    watched.moments.clear();
    watched.values.clear();
    CHECK(watched.moments.undefined() == 0 && watched.moments.window().size() == 0);
    for (int i = 0; i < 30; ++i) {
        watched.push(i % 3);
        CHECK(watched.moments.is_defined(0, 0) == (i >= 4));
        CHECK(agree(watched.moments, watched.values, 0));
    }
}

// ---- No drift -----------------------------------------------------------------------------

void an_outlier_leaves_no_trace_two_windows_later() {
    for (const double outlier : {1e12, -1e12}) {
        for (const int before : {0, 1, 7, 99, 100, 150}) {
            Dice dice(6);
            Watched watched(100);
            for (int i = 0; i < 1'000; ++i) {
                const double value = 65'000.0 + static_cast<double>(dice.around(9)) / 8.0;
                watched.push(i == before ? outlier : value);
                const int age = i - before;
                const double tolerance = age < 0 || age >= 200 ? 1e-12 : 1e-7;
                CHECK(agree(watched.moments, watched.values, -3, tolerance));
            }
        }
    }
}

// Sums of whole numbers that count what was ever taken out of them.
struct Counted {
    std::int64_t sum = 0;
    std::int64_t removed = 0;

    void add(std::int64_t x) { sum += x; }
    void remove(std::int64_t x) {
        sum -= x;
        ++removed;
    }
};

void sums_are_renewed_within_two_windows() {
    Dice dice(7);
    Renewed<Counted> renewed;
    std::deque<std::int64_t> held;
    for (int i = 0; i < 100'000; ++i) {
        if (held.empty() || dice.one_in(2) || held.size() < 5) {
            held.push_back(dice.around(1'000));
            renewed.enter(held.back());
        } else {
            renewed.leave(held.front());
            held.pop_front();
        }
        std::int64_t wanted = 0;
        if (i % 100 == 0) {
            for (const std::int64_t x : held) wanted += x;
            CHECK(renewed.sums().sum == wanted);
        }
    }
    for (int i = 0; i < 10'000; ++i) {
        held.push_back(i);
        renewed.enter(held.back());
        renewed.leave(held.front());
        held.pop_front();
        const auto length = static_cast<std::int64_t>(held.size());
        CHECK(i < 2 * length || renewed.sums().removed <= length + 1);
    }
    while (!held.empty()) {
        renewed.leave(held.front());
        held.pop_front();
    }
    CHECK(renewed.sums().sum == 0 && renewed.sums().removed == 0);
}

void a_sum_over_a_window_is_that_of_its_newest_numbers() {
    for (const std::size_t length : {1U, 2U, 7U, 30U}) {
        Dice dice(8);
        WindowSum<std::int64_t> sum(Window{.states = static_cast<std::int64_t>(length)});
        std::deque<std::int64_t> held;
        for (int i = 0; i < 200; ++i) {
            CHECK(sum.is_warm(absent, absent) == (held.size() == length));
            CHECK(sum.missing(absent, absent).empty() == (held.size() == length));
            held.push_back(dice.around(1'000));
            if (held.size() > length) held.pop_front();
            std::int64_t wanted = 0;
            for (const std::int64_t number : held) wanted += number;
            CHECK(sum.with(held.back(), absent) == wanted);
            CHECK(sum.size() == held.size());
        }
        sum.clear();
        CHECK(sum.size() == 0 && !sum.is_warm(absent, absent));
        CHECK(sum.with(5, absent) == 5);
    }
}

// A window that is asked for its mean alone, and one that is asked for all.
void a_mean_is_the_same_with_and_without_a_deviation() {
    Dice dice(9);
    Moments lean(Window{.states = 20}, Moments::Of::mean);
    Moments full(Window{.states = 20});
    for (int i = 0; i < 1'000; ++i) {
        const double value = static_cast<double>(dice.around(1'000)) / 7.0;
        lean.push(absent, value);
        full.push(absent, value);
        CHECK(lean.mean().value() == full.mean().value());
    }
}

// A price in cents that wanders, as doubles round it: whole multiples of 2^-37.
void ten_million_values_leave_no_drift() {
    constexpr std::size_t length = 1'000;
    Moments moments(Window{.states = length});
    std::vector<double> last(length);
    std::size_t place = 0;
    std::int64_t cents = 6'500'000;
    std::uint64_t noise = 1;
    for (int i = 1; i <= 10'000'000; ++i) {
        noise = noise * 6'364'136'223'846'793'005U + 1;
        cents += static_cast<std::int64_t>((noise >> 40U) % 7) - 3;
        const double price = static_cast<double>(cents) / 100.0;
        moments.push(absent, price);
        last[place] = price;
        place = place + 1 == length ? 0 : place + 1;
        if (i % 1'000'000 != 0 && i % 777'777 != 0) continue;

        std::deque<double> values(last.begin() + static_cast<std::ptrdiff_t>(place),
                                  last.end());
        values.insert(values.end(), last.begin(),
                      last.begin() + static_cast<std::ptrdiff_t>(place));
        CHECK(agree(moments, values, -37));
    }
}

}  // namespace

int main() {
    return run_tests({
        any_window_has_its_exact_moments,
        a_timed_window_has_its_exact_moments,
        equal_values_deviate_by_exactly_0,
        a_single_value_has_a_mean_and_no_deviation,
        an_undefined_value_counts_while_it_is_in_the_window_and_leaves_nothing,
        a_cleared_window_begins_anew,
        an_outlier_leaves_no_trace_two_windows_later,
        sums_are_renewed_within_two_windows,
        a_sum_over_a_window_is_that_of_its_newest_numbers,
        a_mean_is_the_same_with_and_without_a_deviation,
        ten_million_values_leave_no_drift,
    });
}
