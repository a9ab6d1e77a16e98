// Ten million events through one engine: nothing drifts, and nothing is allocated on the way.
//
// A build without optimization or with sanitizers takes fewer, see `events`; the preset
// `release` takes them all.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "allocations.hpp"
#include "check.hpp"
#include "obcore/feature_engine.hpp"
#include "streams.hpp"

namespace {

using namespace obcore;

#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__)
constexpr int events = 10'000'000;
#else
constexpr int events = 40'000;
#endif
// The last ones, shown to a fresh engine too: longer than any window, and so many trades that
// of the weight of those before them nothing is left.
constexpr int tail = 5'000;

FeatureOptions options_with(const char* features) {
    FeatureOptions options;
    options.features = features;
    return options;
}

constexpr const char* features =
    "stateful, ofi_1(window=100), ofi_3(window=1s), integrated_ofi(window=50), "
    "integrated_ofi(window=2s), mean(mid_price, window=300), std(mid_price, window=300), "
    "z_score(mid_price, window=300), std(mid_price, window=3s), trend(ofi_1), "
    "std(mean(microprice)), realised_volatility(window=3s), return(horizon=2s), "
    "bid_arrival_rate(window=1s), ask_depletion_rate(window=250)";

// Whole numbers summed, or numbers of few states: exact, whatever came before.
bool is_exact(const std::string& name) {
    for (const char* start :
         {"ofi_", "integrated_ofi", "return", "last_trade_", "bid_", "ask_"}) {
        if (name.starts_with(start)) return true;
    }
    return false;
}

void after_millions_of_events_every_value_is_that_of_a_fresh_engine() {
    FeatureEngine engine(options_with(features));
    FeatureEngine fresh(options_with(features));
    Stream stream(1);
    stream.lacks_times = false;
    bool ends_in_state = false;
    for (int i = 0; i < events; ++i) {
        ends_in_state = stream.show_next(engine);
        if (i >= events - tail) stream.show(fresh, ends_in_state);
    }
    std::vector<int> defined(engine.size());
    for (int i = 0; i < 4'000; ++i) {
        if (!stream.show_next(engine, fresh)) continue;
        const std::vector<double> values = values_of(engine, stream.book);
        const std::vector<double> wanted = values_of(fresh, stream.book);
        for (std::size_t k = 0; k < values.size(); ++k) {
            defined[k] += std::isnan(values[k]) ? 0 : 1;
            CHECK(is_near(values[k], wanted[k]));
            if (is_exact(engine.names()[k])) CHECK(is_same(values[k], wanted[k]));
        }
    }
    CHECK(std::ranges::find(defined, 0) == defined.end());
}

void nothing_is_allocated_once_windows_are_full() {
    FeatureEngine engine(options_with(features));
    FeatureEngine plain(options_with("all"));
    Stream stream(2);
    std::vector<double> values(engine.size());
    std::vector<double> plain_values(plain.size());
    constexpr int warm_up = 20'000;
    std::int64_t counted = 0;
    for (int i = 0; i < 2 * warm_up; ++i) {
        const bool is_state = stream.next();
        const std::int64_t before = allocations;
        stream.show(engine, is_state);
        engine.fill(stream.book, values);
        stream.show(plain, is_state);
        plain.fill(stream.book, plain_values);
        if (i >= warm_up) counted += allocations - before;
    }
    CHECK(allocations > 0 && counted == 0);
}

void a_reset_allocates_nothing_and_gives_nothing_back() {
    FeatureEngine engine(options_with(features));
    Stream stream(3);
    for (int i = 0; i < 20'000; ++i) stream.show_next(engine);
    std::int64_t counted = 0;
    for (int i = 0; i < 10'000; ++i) {
        const bool is_state = stream.next();
        const std::int64_t before = allocations;
        if (i % 2'000 == 0) engine.reset();
        stream.show(engine, is_state);
        counted += allocations - before;
    }
    CHECK(counted == 0);
}

}  // namespace

int main() {
    return run_tests({
        after_millions_of_events_every_value_is_that_of_a_fresh_engine,
        nothing_is_allocated_once_windows_are_full,
        a_reset_allocates_nothing_and_gives_nothing_back,
    });
}
