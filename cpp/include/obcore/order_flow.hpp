#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "obcore/rolling.hpp"
#include "obcore/stateful.hpp"
#include "obcore/units.hpp"
#include "obcore/window.hpp"

// What arrives at and departs from the book's levels between two states.
//
// Source: Cont, Kukanov and Stoikov, "The price impact of order book events", 2014; several
// levels: Xu, Gould and Howison, "Multi-level order-flow imbalance in a limit order book",
// 2018; integrated: Cont, Cucuringu and Zhang, "Cross-impact of order flow imbalance in equity
// markets", 2023.
namespace obcore::order_flow {

// One level of both sides as it was. A missing one is infinitely far away, and of size 0.
struct Quotes {
    static constexpr Ticks lowest = std::numeric_limits<Ticks>::min();
    static constexpr Ticks highest = std::numeric_limits<Ticks>::max();

    Level bid{lowest, 0};
    Level ask{highest, 0};

    [[nodiscard]] static Quotes of(const DepthView& view, std::size_t i) noexcept {
        Quotes out;
        if (view.bids.has(i)) out.bid = {view.bids.price(i), view.bids.size(i)};
        if (view.asks.has(i)) out.ask = {view.asks.price(i), view.asks.size(i)};
        return out;
    }

    void rescale(const Rescale& factors) {
        if (bid.price != lowest) factors.apply(bid);
        if (ask.price != highest) factors.apply(ask);
    }
};

// Lots that came and went at one side's level. A better price: all of it is new; a worse one:
// all of the old is gone; the same: the difference.
struct Change {
    Lots arrived = 0;
    Lots departed = 0;

    [[nodiscard]] static Change bid(const Quotes& before, const Quotes& now) noexcept {
        return between(before.bid, now.bid, now.bid.price > before.bid.price);
    }
    [[nodiscard]] static Change ask(const Quotes& before, const Quotes& now) noexcept {
        return between(before.ask, now.ask, now.ask.price < before.ask.price);
    }

private:
    [[nodiscard]] static Change between(const Level& before, const Level& now,
                                        bool at_better_price) noexcept {
        if (at_better_price) return {now.size, 0};
        if (now.price != before.price) return {0, before.size};
        return {std::max<Lots>(now.size - before.size, 0),
                std::max<Lots>(before.size - now.size, 0)};
    }
};

// e_k of the first levels, for all that ask for it: the first to ask in a state moves it.
//
// e_k = 1{Pb ≥ Pb⁻}Qb − 1{Pb ≤ Pb⁻}Qb⁻ − 1{Pa ≤ Pa⁻}Qa + 1{Pa ≥ Pa⁻}Qa⁻.
class LevelFlow {
public:
    void require_levels(std::size_t levels) {
        if (levels <= before_.size()) return;
        before_.resize(levels);
        imbalances_.resize(levels);
    }

    // By level, counted from 0; means nothing at the first state.
    [[nodiscard]] const std::vector<Int128>& at(const Situation& now) noexcept {
        if (seen_ != now.number) move_to(now.view);
        seen_ = now.number;
        return imbalances_;
    }

    void reset() noexcept {
        std::ranges::fill(before_, Quotes());
        seen_ = 0;
    }
    void rescale(const Rescale& factors) {
        for (Quotes& quotes : before_) quotes.rescale(factors);
    }
    void save(StateWriter& out) const {
        for (const Quotes& quotes : before_) out.put(quotes);
        out.put(seen_);
    }
    void load(StateReader& in) {
        for (Quotes& quotes : before_) in.get(quotes);
        in.get(seen_);
    }

private:
    void move_to(const DepthView& view) noexcept {
        const std::span<const Level> bids = view.bids.levels();
        const std::span<const Level> asks = view.asks.levels();
        const std::size_t whole = std::min({bids.size(), asks.size(), before_.size()});
        Quotes* const before = before_.data();
        Int128* const out = imbalances_.data();
        for (std::size_t i = 0; i < whole; ++i) {
            out[i] = imbalance(before[i], bids[i], asks[i]);
            before[i].bid = bids[i];
            before[i].ask = asks[i];
        }
        for (std::size_t i = whole; i < before_.size(); ++i) {
            const Quotes now = Quotes::of(view, i);
            out[i] = imbalance(before[i], now.bid, now.ask);
            before[i] = now;
        }
    }

    [[nodiscard]] static Int128 imbalance(const Quotes& before, const Level& bid,
                                          const Level& ask) noexcept {
        // Selections without a branch: nobody can guess how prices will have moved.
        const Lots bid_came = bid.price < before.bid.price ? 0 : bid.size;
        const Lots bid_went = bid.price > before.bid.price ? 0 : before.bid.size;
        const Lots ask_came = ask.price > before.ask.price ? 0 : ask.size;
        const Lots ask_went = ask.price < before.ask.price ? 0 : before.ask.size;
        return Int128{bid_came - bid_went} - (ask_came - ask_went);
    }

    std::vector<Quotes> before_;
    std::vector<Int128> imbalances_;
    std::int64_t seen_ = 0;  // number of the state it was moved to
};

// ofi_k(window).
class Imbalance final : public StatefulFeature {
public:
    explicit Imbalance(const Arguments& arguments)
        : level_(arguments.level - 1),
          flow_(arguments.shared->level_flow(arguments.level)),
          sum_(arguments.windows[0]) {}

    [[nodiscard]] double on_state(const Situation& now) override {
        return value(now, flow_.at(now));
    }
    void on_states(const Situation& now, std::span<StatefulFeature* const> run,
                   double* out) override {
        const std::vector<Int128>& flow = flow_.at(now);
        for (StatefulFeature* each : run)
            *out++ = static_cast<Imbalance*>(each)->value(now, flow);
    }
    void reset() override { sum_.clear(); }
    [[nodiscard]] std::string missing(const Situation& now) const override {
        return sum_.missing(now.first, now.now);
    }
    void rescale(const Rescale& factors) override {
        sum_.for_each([&](Int128& lots) { Rescale::multiply(lots, factors.size); });
    }
    void save(StateWriter& out) const override { sum_.save(out); }
    void load(StateReader& in) override { sum_.load(in); }

private:
    [[nodiscard]] double value(const Situation& now, const std::vector<Int128>& flow) {
        if (now.number == 1) return undefined;
        const Int128 sum = sum_.with(flow[level_], now.now);
        return sum_.is_warm(now.first, now.now) ? now.view.size(sum) : undefined;
    }

    std::size_t level_;
    LevelFlow& flow_;
    WindowSum<Int128> sum_;
};

inline constexpr std::size_t max_weights = 10;

// integrated_ofi(window): Σ w_k·ofi_k, scaled by the mean depth of a level. Levels of one
// weight are summed before they are weighed, in whole numbers.
template <bool one_weight>
class Integrated final : public StatefulFeature {
public:
    explicit Integrated(const Arguments& arguments)
        : levels_(arguments.weights.size()),
          weights_(arguments.weights.begin(),
                   arguments.weights.begin() +
                       static_cast<std::ptrdiff_t>(one_weight ? 1 : levels_)),
          flow_(arguments.shared->level_flow(levels_)),
          sums_(arguments.windows[0]) {}

    [[nodiscard]] double on_state(const Situation& now) override {
        const std::vector<Int128>& flow = flow_.at(now);
        if (now.number == 1) return undefined;
        Sums change;
        for (std::size_t i = 0; i < levels_; ++i) {
            change.imbalances[one_weight ? 0 : i] += flow[i];
        }
        change.depth = now.view.bids.volume(levels_) + now.view.asks.volume(levels_);
        const Sums sums = sums_.with(change, now.now);
        return sums_.is_warm(now.first, now.now) ? scaled(sums) : undefined;
    }
    void reset() override { sums_.clear(); }
    [[nodiscard]] std::string missing(const Situation& now) const override {
        return sums_.missing(now.first, now.now);
    }
    void rescale(const Rescale& factors) override {
        sums_.for_each([&](Sums& sums) {
            for (Int128& sum : sums.imbalances) Rescale::multiply(sum, factors.size);
            Rescale::multiply(sums.depth, factors.size);
        });
    }
    void save(StateWriter& out) const override { sums_.save(out); }
    void load(StateReader& in) override { sums_.load(in); }

private:
    struct Sums {
        std::array<Int128, one_weight ? 1 : max_weights> imbalances{};
        Int128 depth = 0;  // of both sides, over all levels

        Sums& operator+=(const Sums& other) noexcept {
            for (std::size_t i = 0; i < imbalances.size(); ++i) {
                imbalances[i] += other.imbalances[i];
            }
            depth += other.depth;
            return *this;
        }
        Sums& operator-=(const Sums& other) noexcept {
            for (std::size_t i = 0; i < imbalances.size(); ++i) {
                imbalances[i] -= other.imbalances[i];
            }
            depth -= other.depth;
            return *this;
        }
    };

    // Mean depth of a level = depth / (2 · levels · states).
    [[nodiscard]] double scaled(const Sums& sums) const noexcept {
        if (sums.depth == 0) return 0.0;
        if constexpr (one_weight) {
            if (const auto quotient = scaled_quickly(sums)) return *quotient;
        }
        DoubleDouble sum;
        for (std::size_t i = 0; i < weights_.size(); ++i) {
            sum = sum + DoubleDouble(sums.imbalances[i]) * weights_[i];
        }
        const auto cells = static_cast<double>(2 * levels_ * sums_.size());
        return (sum * cells / DoubleDouble(sums.depth)).value();
    }

    // The same in a few steps on doubles, where they tell it to the last bit: so but for
    // numbers of lots past 2^53 and weights near the ends of the range.
    [[nodiscard]] std::optional<double> scaled_quickly(const Sums& sums) const noexcept {
        constexpr double every_integer = 0x1p53;   // below it a rounded integer is itself
        constexpr double least_normal = 0x1p-900;  // its last digits do not underflow
        constexpr double rounding = 0x1p-96;  // also of the long way, which it has to equal
        const auto cells = static_cast<double>(2 * levels_ * sums_.size());
        const double change = to_double(sums.imbalances[0]) * cells;
        const double depth = to_double(sums.depth);
        if (change == 0.0) return 0.0;
        if (std::abs(change) >= every_integer || depth >= every_integer) return std::nullopt;
        const double weighed = change * weights_[0];
        if (std::abs(weighed) < least_normal) return std::nullopt;
        const double weighed_rest = std::fma(change, weights_[0], -weighed);
        const double first = weighed / depth;
        const double rest = std::fma(-first, depth, weighed) + weighed_rest;
        return rounded_sum(first, rest / depth, std::abs(first) * rounding);
    }

    std::size_t levels_;
    std::vector<double> weights_;
    LevelFlow& flow_;
    WindowSum<Sums> sums_;
};

[[nodiscard]] inline std::unique_ptr<StatefulFeature> make_integrated(
    const Arguments& arguments) {
    const auto is_another = [&](double weight) { return weight != arguments.weights[0]; };
    if (std::ranges::none_of(arguments.weights, is_another)) {
        return std::make_unique<Integrated<true>>(arguments);
    }
    return std::make_unique<Integrated<false>>(arguments);
}

// What came to and went from the best levels over a window, for all that ask for it.
class TouchFlow {
public:
    explicit TouchFlow(Window window) : window_(window) {}

    [[nodiscard]] const Window& window() const noexcept { return window_.window(); }

    [[nodiscard]] const TouchFlow& at(const Situation& now) {
        if (seen_ != now.number) move_to(now);
        seen_ = now.number;
        return *this;
    }

    // Size a second, by place(); undefined where the window is not warm or has no time.
    [[nodiscard]] double rate(std::size_t place) const noexcept { return rates_[place]; }

    [[nodiscard]] static constexpr std::size_t place(Side side, bool arrivals) noexcept {
        return (side == Side::bid ? 0 : 2) + (arrivals ? 0 : 1);
    }

    [[nodiscard]] std::string missing(const Situation& now) const {
        return now.now == absent ? "a time" : window_.missing(now.first, now.now);
    }

    void reset() noexcept {
        window_.clear();
        before_ = {};
        time_before_ = absent;
        sums_ = {};
        seen_ = 0;
    }
    void rescale(const Rescale& factors) {
        before_.rescale(factors);
        for (Int128& sum : sums_) Rescale::multiply(sum, factors.size);
        window_.for_each([&](Item& item) {
            for (Int128& lots : item.lots) Rescale::multiply(lots, factors.size);
        });
    }
    void save(StateWriter& out) const {
        out.put(before_);
        out.put(time_before_);
        out.put(sums_);
        out.put(seen_);
        window_.save(out);
    }
    void load(StateReader& in) {
        in.get(before_);
        in.get(time_before_);
        in.get(sums_);
        in.get(seen_);
        window_.load(in);
    }

private:
    using Flows = std::array<Int128, 4>;  // arrived and departed, of bid and ask

    struct Item {
        Flows lots{};
        Nanos since = absent;  // time of the state before the change
    };

    void move_to(const Situation& now) {
        const Quotes quotes = Quotes::of(now.view, 0);
        if (now.number > 1) {
            const Change bid = Change::bid(before_, quotes);
            const Change ask = Change::ask(before_, quotes);
            const Item item{{bid.arrived, bid.departed, ask.arrived, ask.departed},
                            time_before_};
            for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] += item.lots[i];
            window_.push(now.now, item, [this](const Item& left) {
                for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] -= left.lots[i];
            });
        }
        before_ = quotes;
        time_before_ = now.now;
        const Nanos nanos = span(now);
        const double seconds = static_cast<double>(nanos) / 1e9;
        for (std::size_t i = 0; i < sums_.size(); ++i) {
            rates_[i] = nanos == 0 ? undefined : now.view.size(sums_[i]) / seconds;
        }
    }

    [[nodiscard]] Nanos span(const Situation& now) const noexcept {
        if (now.now == absent || !window_.is_warm(now.first, now.now)) return 0;
        if (window().is_timed()) return window().duration_ns;
        return elapsed(window_.oldest().since, now.now);
    }

    Windowed<Item> window_;
    Quotes before_;
    Nanos time_before_ = absent;
    Flows sums_{};
    std::array<double, 4> rates_{};
    std::int64_t seen_ = 0;  // number of the state it was moved to
};

// Lots a second that come to or go from the best level of one side, over a window.
class Rate final : public SideBySide<Rate> {
public:
    Rate(const Arguments& arguments, Side side, bool arrivals)
        : flow_(arguments.shared->touch_flow(arguments.windows[0])),
          place_(TouchFlow::place(side, arrivals)) {}

    [[nodiscard]] double on_state(const Situation& now) override {
        return flow_.at(now).rate(place_);
    }
    [[nodiscard]] std::string missing(const Situation& now) const override {
        return flow_.missing(now);
    }
    // The engine keeps what they share.
    void reset() override {}
    void save(StateWriter& /*out*/) const override {}
    void load(StateReader& /*in*/) override {}

private:
    TouchFlow& flow_;
    std::size_t place_;
};

template <Side side, bool arrivals>
[[nodiscard]] std::unique_ptr<StatefulFeature> make_rate(const Arguments& arguments) {
    return std::make_unique<Rate>(arguments, side, arrivals);
}

}  // namespace obcore::order_flow
