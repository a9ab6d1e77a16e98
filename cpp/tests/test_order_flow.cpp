// What comes to and goes from the book between two states, against the definition by indicator
// functions; returns of the mid beside them.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"
#include "obcore/feature_engine.hpp"
#include "streams.hpp"

namespace {

using namespace obcore;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t levels = 10;

FeatureEngine engine_of(const std::string& features) {
    FeatureOptions options;
    options.features = features;
    return FeatureEngine(options);
}

// A state as the definitions see it: a missing bid lies at -inf, a missing ask at +inf.
struct State {
    struct Quote {
        double price = 0.0;
        std::int64_t size = 0;
    };
    std::array<Quote, levels> bids;
    std::array<Quote, levels> asks;
    Nanos now = absent;

    State(const Book& book, Nanos time) : now(time) {
        for (std::size_t k = 0; k < levels; ++k) {
            bids[k] = quote(book.bids.at(k), -infinity);
            asks[k] = quote(book.asks.at(k), infinity);
        }
    }

    [[nodiscard]] double mid() const { return (bids[0].price + asks[0].price) / 2; }

private:
    static Quote quote(const std::optional<Level>& level, double missing) {
        return level ? Quote{static_cast<double>(level->price), level->size}
                     : Quote{missing, 0};
    }
};

// All states so far, and what each feature should say at the last of them.
class Oracle {
public:
    void show(const Book& book) {
        if (states_.empty()) on_venue_clock_ = book.ts_event_ns != absent;
        const Nanos before = states_.empty() ? absent : states_.back().now;
        const Nanos time = on_venue_clock_ ? book.ts_event_ns : book.ts_recv_ns;
        states_.emplace_back(book, std::max(before, time));
    }

    [[nodiscard]] double ofi(std::size_t k, const Window& window) const {
        return is_warm(window) ? static_cast<double>(flow(k, window)) / 1'000.0 : nan;
    }

    [[nodiscard]] double integrated(const std::vector<double>& weights,
                                    const Window& window) const {
        if (!is_warm(window)) return nan;
        double flows = 0.0;
        std::int64_t depth = 0;
        for (std::size_t k = 0; k < weights.size(); ++k) {
            flows += weights[k] * static_cast<double>(flow(k, window));
            for (std::size_t i = first(window); i < states_.size(); ++i) {
                depth += states_[i].bids[k].size + states_[i].asks[k].size;
            }
        }
        const auto cells =
            static_cast<double>(2 * weights.size() * (states_.size() - first(window)));
        return depth == 0 ? 0.0 : flows / (static_cast<double>(depth) / cells);
    }

    // Arrivals or departures on one side, a second.
    [[nodiscard]] double rate(bool bid, bool arrivals, const Window& window) const {
        if (!is_warm(window)) return nan;
        std::int64_t sum = 0;
        for (std::size_t i = first(window); i < states_.size(); ++i) {
            const State::Quote& old = bid ? states_[i - 1].bids[0] : states_[i - 1].asks[0];
            const State::Quote& now = bid ? states_[i].bids[0] : states_[i].asks[0];
            const bool better = bid ? now.price > old.price : now.price < old.price;
            if (now.price == old.price) {
                const std::int64_t more = now.size - old.size;
                sum += std::max<std::int64_t>(arrivals ? more : -more, 0);
            } else if (better == arrivals) {
                sum += arrivals ? now.size : old.size;
            }
        }
        const Nanos span = window.is_timed()
                               ? window.duration_ns
                               : states_.back().now - states_[first(window) - 1].now;
        if (span == 0) return nan;
        return static_cast<double>(sum) / 1'000.0 / (static_cast<double>(span) / 1e9);
    }

    [[nodiscard]] double volatility(const Window& window) const {
        if (!is_warm(window)) return nan;
        double sum = 0.0;
        for (std::size_t i = first(window); i < states_.size(); ++i) {
            const double r = log_ratio(states_[i - 1], states_[i]);
            sum += r * r;
        }
        return std::sqrt(sum);
    }

    [[nodiscard]] double log_return(const Window& horizon) const {
        for (std::size_t i = states_.size(); i-- > 0;) {
            const bool is_then =
                horizon.is_timed() ? states_[i].now <= states_.back().now - horizon.duration_ns
                                   : std::cmp_equal(states_.size() - 1 - i, horizon.states);
            if (is_then) return log_ratio(states_[i], states_.back());
        }
        return nan;
    }

private:
    // The first of the states at the ends of the window's transitions.
    [[nodiscard]] std::size_t first(const Window& window) const {
        if (!window.is_timed()) return states_.size() - static_cast<std::size_t>(window.states);
        std::size_t i = states_.size();
        while (i > 1 && states_[i - 1].now > states_.back().now - window.duration_ns) --i;
        return i;
    }
    [[nodiscard]] bool is_warm(const Window& window) const {
        return window.is_timed()
                   ? states_.front().now <= states_.back().now - window.duration_ns
                   : std::cmp_greater(states_.size(), window.states);
    }

    [[nodiscard]] std::int64_t flow(std::size_t k, const Window& window) const {
        std::int64_t sum = 0;
        for (std::size_t i = first(window); i < states_.size(); ++i) {
            const auto& [old_bid, old_size] = states_[i - 1].bids[k];
            const auto& [bid, bid_size] = states_[i].bids[k];
            const auto& [old_ask, old_ask_size] = states_[i - 1].asks[k];
            const auto& [ask, ask_size] = states_[i].asks[k];
            sum += (bid >= old_bid) * bid_size - (bid <= old_bid) * old_size -
                   (ask <= old_ask) * ask_size + (ask >= old_ask) * old_ask_size;
        }
        return sum;
    }
    [[nodiscard]] static double log_ratio(const State& then, const State& now) {
        const bool defined = std::isfinite(then.mid()) && std::isfinite(now.mid());
        return defined ? std::log1p((now.mid() - then.mid()) / then.mid()) : nan;
    }

    std::vector<State> states_;
    bool on_venue_clock_ = false;
};

const std::vector<std::string> windows{"1", "2", "20", "30ms", "400ms"};

// The features under test with one window, and what they should be.
std::string features_over(const std::string& window) {
    std::string list;
    for (std::size_t k = 1; k <= levels; ++k) {
        list += "ofi_" + std::to_string(k) + "(window=" + window + "), ";
    }
    for (const char* name : {"integrated_ofi", "bid_arrival_rate", "bid_depletion_rate",
                             "ask_arrival_rate", "ask_depletion_rate", "realised_volatility"}) {
        list += std::string(name) + "(window=" + window + "), ";
    }
    return list + "return(horizon=" + window + ")";
}

std::vector<double> wanted_over(const Oracle& oracle, const std::string& text,
                                const std::vector<double>& weights) {
    const Window window = Window::from_text(text).value_or(Window{});
    std::vector<double> out;
    out.reserve(levels + 7);
    for (std::size_t k = 0; k < levels; ++k) out.push_back(oracle.ofi(k, window));
    out.push_back(oracle.integrated(weights, window));
    for (const bool bid : {true, false}) {
        for (const bool arrivals : {true, false}) {
            out.push_back(oracle.rate(bid, arrivals, window));
        }
    }
    out.push_back(oracle.volatility(window));
    out.push_back(oracle.log_return(window));
    return out;
}

void every_value_is_that_of_its_definition() {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        const std::string& window = windows[seed % windows.size()];
        FeatureOptions options;
        options.features = features_over(window);
        if (seed % 2 == 1) options.ofi_weights = {0.5, -0.25, 1e-3};
        const std::vector<double> weights =
            seed % 2 == 1 ? options.ofi_weights : std::vector<double>(levels, 0.1);
        FeatureEngine engine(options);
        Oracle oracle;
        Stream stream(seed);
        stream.lacks_times = seed % 3 == 0;
        std::size_t defined = 0;
        for (int i = 0; i < 400; ++i) {
            while (!stream.next()) continue;
            engine.on_state(stream.book);
            oracle.show(stream.book);
            const std::vector<double> values = values_of(engine, stream.book);
            const std::vector<double> wanted = wanted_over(oracle, window, weights);
            for (std::size_t k = 0; k < values.size(); ++k) {
                CHECK(is_near(values[k], wanted[k]));
                defined += std::isnan(values[k]) ? 0 : 1;
                if (k < levels) CHECK(is_same(values[k], wanted[k]));
            }
        }
        CHECK(defined > 4'000);
    }
}

void ofi_is_ofi_1_and_the_balance_of_what_comes_and_goes() {
    FeatureEngine engine = engine_of(
        "ofi(window=20), ofi_1(window=20), bid_arrival_rate, bid_depletion_rate, "
        "ask_arrival_rate, ask_depletion_rate");
    Stream stream(5);
    stream.lacks_times = false;
    std::vector<Nanos> times;
    for (int i = 0; i < 1'000; ++i) {
        stream.next_state();
        engine.on_state(stream.book);
        times.push_back(
            std::max(times.empty() ? absent : times.back(), stream.book.ts_event_ns));
        const std::vector<double> now = values_of(engine, stream.book);
        CHECK(is_same(now[0], now[1]) && std::isnan(now[0]) == (i < 20));
        if (i < 20) continue;
        const auto span = static_cast<double>(times.back() - times[times.size() - 21]);
        CHECK(is_near(now[0], (now[2] - now[3] - now[4] + now[5]) * span / 1e9, 1e-11));
    }
}

void without_a_clock_a_rate_is_undefined_and_a_duration_an_error() {
    FeatureEngine engine = engine_of("bid_arrival_rate(window=2), ofi_1");
    Stream stream(6);
    stream.lacks_levels = false;
    for (int i = 0; i < 5; ++i) {
        stream.next_state();
        if (i != 3) stream.book.ts_event_ns = stream.book.ts_recv_ns = absent;
        engine.on_state(stream.book);
        const std::vector<double> values = values_of(engine, stream.book);
        CHECK(std::isnan(values[0]) && std::isnan(values[1]) == (i == 0));
    }
    FeatureEngine timed = engine_of("ofi_1(window=1s)");
    stream.book.ts_event_ns = stream.book.ts_recv_ns = absent;
    CHECK_THROWS(timed.on_state(stream.book), DecodeError,
                 "window: expected states with times, for a window of a duration");
    CHECK(timed.states() == 0);
}

void states_at_one_time_have_no_rate() {
    FeatureEngine engine =
        engine_of("bid_arrival_rate(window=2), ask_depletion_rate(window=1s)");
    Stream stream(7);
    stream.next_state();
    for (int i = 0; i < 6; ++i) {
        stream.book.ts_event_ns = stream.book.ts_recv_ns = i < 5 ? 10 : 2'000'000'000;
        engine.on_state(stream.book);
        CHECK(std::isnan(values_of(engine, stream.book)[0]) == (i < 5));
    }
    CHECK(values_of(engine, stream.book)[1] == 0.0);
}

}  // namespace

int main() {
    return run_tests({
        every_value_is_that_of_its_definition,
        ofi_is_ofi_1_and_the_balance_of_what_comes_and_goes,
        without_a_clock_a_rate_is_undefined_and_a_duration_an_error,
        states_at_one_time_have_no_rate,
    });
}
