#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

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

// One level of both sides as it was. A missing one is infinitely far away.
struct Quotes {
    struct Quote {
        bool present = false;
        Ticks price = 0;
        Lots size = 0;
    };
    Quote bid;
    Quote ask;

    [[nodiscard]] static Quotes of(const DepthView& view, std::size_t i) noexcept {
        return {quote(view.bids, i), quote(view.asks, i)};
    }

    void rescale(const Rescale& factors) {
        for (Quote* quote : {&bid, &ask}) {
            Level level{quote->price, quote->size};
            factors.apply(level);
            *quote = {quote->present, level.price, level.size};
        }
    }

private:
    [[nodiscard]] static Quote quote(const SideView& side, std::size_t i) noexcept {
        return side.has(i) ? Quote{true, side.price(i), side.size(i)} : Quote{};
    }
};

// Lots that came and went at one side's level. A better price: all of it is new; a worse one:
// all of the old is gone; the same: the difference.
struct Change {
    Lots arrived = 0;
    Lots departed = 0;

    [[nodiscard]] Int128 net() const noexcept { return Int128{arrived} - departed; }

    [[nodiscard]] static Change bid(const Quotes& before, const Quotes& now) noexcept {
        return between(before.bid, now.bid, now.bid.price > before.bid.price);
    }
    [[nodiscard]] static Change ask(const Quotes& before, const Quotes& now) noexcept {
        return between(before.ask, now.ask, now.ask.price < before.ask.price);
    }

private:
    [[nodiscard]] static Change between(const Quotes::Quote& before, const Quotes::Quote& now,
                                        bool at_better_price) noexcept {
        if (!now.present) return {0, before.size};
        if (!before.present || at_better_price) return {now.size, 0};
        if (now.price != before.price) return {0, before.size};
        return now.size > before.size ? Change{now.size - before.size, 0}
                                      : Change{0, before.size - now.size};
    }
};

// e_k: 1{Pb ≥ Pb⁻}Qb − 1{Pb ≤ Pb⁻}Qb⁻ − 1{Pa ≤ Pa⁻}Qa + 1{Pa ≥ Pa⁻}Qa⁻.
[[nodiscard]] inline Int128 imbalance(const Quotes& before, const Quotes& now) noexcept {
    return Change::bid(before, now).net() - Change::ask(before, now).net();
}

// ofi_k(window).
class Imbalance final : public StatefulFeature {
public:
    explicit Imbalance(const Arguments& arguments)
        : level_(arguments.level - 1), window_(arguments.windows[0]) {}

    [[nodiscard]] double on_state(const Situation& now) override {
        const Quotes quotes = Quotes::of(now.view, level_);
        if (now.number > 1) {
            const Int128 change = imbalance(before_, quotes);
            sum_ += change;
            window_.push(now.now, change, [this](Int128 left) { sum_ -= left; });
        }
        before_ = quotes;
        return window_.is_warm(now.first, now.now) ? now.view.size(sum_) : undefined;
    }
    void reset() override {
        window_.clear();
        before_ = {};
        sum_ = 0;
    }
    [[nodiscard]] std::string missing(const Situation& now) const override {
        return window_.missing(now.first, now.now);
    }
    void rescale(const Rescale& factors) override {
        before_.rescale(factors);
        Rescale::multiply(sum_, factors.size);
        window_.for_each([&](Int128& change) { Rescale::multiply(change, factors.size); });
    }
    void save(StateWriter& out) const override {
        out.put(before_);
        out.put(sum_);
        window_.save(out);
    }
    void load(StateReader& in) override {
        in.get(before_);
        in.get(sum_);
        window_.load(in);
    }

private:
    std::size_t level_;
    Quotes before_;
    Int128 sum_ = 0;
    Windowed<Int128> window_;
};

// integrated_ofi(window): Σ w_k·ofi_k, scaled by the mean depth of a level.
class Integrated final : public StatefulFeature {
public:
    static constexpr std::size_t max_levels = 10;

    explicit Integrated(const Arguments& arguments)
        : weights_(arguments.weights.begin(), arguments.weights.end()),
          window_(arguments.windows[0]) {}

    [[nodiscard]] double on_state(const Situation& now) override {
        Sums change;
        for (std::size_t i = 0; i < weights_.size(); ++i) {
            const Quotes quotes = Quotes::of(now.view, i);
            change.imbalance[i] = imbalance(before_[i], quotes);
            change.depth += Int128{quotes.bid.size} + quotes.ask.size;
            before_[i] = quotes;
        }
        if (now.number > 1) {
            sums_.add(change, 1);
            window_.push(now.now, change, [this](const Sums& left) { sums_.add(left, -1); });
        }
        if (!window_.is_warm(now.first, now.now)) return undefined;
        return scaled();
    }
    void reset() override {
        window_.clear();
        before_ = {};
        sums_ = {};
    }
    [[nodiscard]] std::string missing(const Situation& now) const override {
        return window_.missing(now.first, now.now);
    }
    void rescale(const Rescale& factors) override {
        for (Quotes& quotes : before_) quotes.rescale(factors);
        sums_.multiply(factors.size);
        window_.for_each([&](Sums& change) { change.multiply(factors.size); });
    }
    void save(StateWriter& out) const override {
        out.put(before_);
        out.put(sums_);
        window_.save(out);
    }
    void load(StateReader& in) override {
        in.get(before_);
        in.get(sums_);
        window_.load(in);
    }

private:
    struct Sums {
        std::array<Int128, max_levels> imbalance{};
        Int128 depth = 0;  // of both sides, over all levels

        void add(const Sums& other, int sign) noexcept {
            for (std::size_t i = 0; i < max_levels; ++i) {
                imbalance[i] += sign * other.imbalance[i];
            }
            depth += sign * other.depth;
        }
        void multiply(std::int64_t factor) {
            for (Int128& sum : imbalance) Rescale::multiply(sum, factor);
            Rescale::multiply(depth, factor);
        }
    };

    // Mean depth of a level = depth / (2 · levels · states).
    [[nodiscard]] double scaled() const noexcept {
        if (sums_.depth == 0) return 0.0;
        DoubleDouble sum;
        for (std::size_t i = 0; i < weights_.size(); ++i) {
            sum = sum + DoubleDouble(sums_.imbalance[i]) * weights_[i];
        }
        const auto cells = static_cast<double>(2 * weights_.size() * window_.size());
        return (sum * cells / DoubleDouble(sums_.depth)).value();
    }

    std::vector<double> weights_;
    std::array<Quotes, max_levels> before_;
    Sums sums_;
    Windowed<Sums> window_;
};

// Lots a second that come to or go from the best level of one side, over a window.
template <Side side, bool arrivals>
class Rate final : public StatefulFeature {
public:
    explicit Rate(const Arguments& arguments) : window_(arguments.windows[0]) {}

    [[nodiscard]] double on_state(const Situation& now) override {
        const Quotes quotes = Quotes::of(now.view, 0);
        if (now.number > 1) {
            const Change change =
                side == Side::bid ? Change::bid(before_, quotes) : Change::ask(before_, quotes);
            const Item item{arrivals ? change.arrived : change.departed, time_before_};
            sum_ += item.lots;
            window_.push(now.now, item, [this](const Item& left) { sum_ -= left.lots; });
        }
        before_ = quotes;
        time_before_ = now.now;
        if (now.now == absent || !window_.is_warm(now.first, now.now)) return undefined;
        const Nanos span = window_.window().is_timed()
                               ? window_.window().duration_ns
                               : elapsed(window_.oldest().since, now.now);
        if (span == 0) return undefined;
        return now.view.size(sum_) / (static_cast<double>(span) / 1e9);
    }
    void reset() override {
        window_.clear();
        before_ = {};
        time_before_ = absent;
        sum_ = 0;
    }
    [[nodiscard]] std::string missing(const Situation& now) const override {
        return now.now == absent ? "a time" : window_.missing(now.first, now.now);
    }
    void rescale(const Rescale& factors) override {
        before_.rescale(factors);
        Rescale::multiply(sum_, factors.size);
        window_.for_each([&](Item& item) { Rescale::multiply(item.lots, factors.size); });
    }
    void save(StateWriter& out) const override {
        out.put(before_);
        out.put(time_before_);
        out.put(sum_);
        window_.save(out);
    }
    void load(StateReader& in) override {
        in.get(before_);
        in.get(time_before_);
        in.get(sum_);
        window_.load(in);
    }

private:
    struct Item {
        Int128 lots = 0;
        Nanos since = absent;  // time of the state before the change
    };

    Quotes before_;
    Nanos time_before_ = absent;
    Int128 sum_ = 0;
    Windowed<Item> window_;
};

}  // namespace obcore::order_flow
