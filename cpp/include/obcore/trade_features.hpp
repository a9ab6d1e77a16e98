#pragma once

#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "obcore/features.hpp"
#include "obcore/stateful.hpp"
#include "obcore/trade_flow.hpp"

// What the trades before a state say: formulas over the TradeFlow, each written once.
//
// Mode "source" repeats an article that calls "buy" what a maker bought: there the sides are
// swapped, and what is built on them carries the opposite sign.
namespace obcore::trade {

// What a formula needs to have seen.
enum class Needs : std::uint8_t { a_trade, two_of_its_side, two_of_each_side, forty };

namespace detail {

[[nodiscard]] inline bool has_two(const TradeFlow& trades, Side side) noexcept {
    return trades.merged(side) >= 2;
}
[[nodiscard]] inline bool has_two_of_each(const TradeFlow& trades) noexcept {
    return has_two(trades, Side::bid) && has_two(trades, Side::ask);
}

[[nodiscard]] constexpr Side opposite(Side side) noexcept {
    return side == Side::bid ? Side::ask : Side::bid;
}
[[nodiscard]] inline Side taker(const Situation& now, Side side) noexcept {
    return now.is_source() ? opposite(side) : side;
}

[[nodiscard]] inline double with_sign(const Situation& now, DoubleDouble value) noexcept {
    return now.is_source() ? -value.value() : value.value();
}

// The usual way to adjusted mids 9 and 10, whose share follows from the trades alone: in plain
// doubles, none where they do not tell it.
[[nodiscard]] inline std::optional<double> sum_by_tape(const DepthView& view,
                                                       double share) noexcept {
    constexpr double rounding = 0x1p-51;  // of the imbalance, its factor and their product
    return formula::detail::mid_plus_quickly(view, share, std::abs(share) * rounding);
}

// The same for adjusted mid 11.
[[nodiscard]] inline std::optional<double> adjusted_sum_11(const DepthView& view,
                                                           const TradeFlow& trades) noexcept {
    const auto imbalance = [&](std::size_t k) {
        const Lots bid = view.bids.size(k);
        const Lots ask = view.asks.size(k);
        const double both = static_cast<double>(bid) + static_cast<double>(ask);
        return bid == ask ? 0.0 : static_cast<double>(bid - ask) / both;
    };
    const double y = (imbalance(0) * 7.0 + imbalance(1) * 2.0 + imbalance(2)) / 10.0;
    const double flow = trades.volume_imbalance().value() * 1.5;
    const double momentum = trades.price_momentum() * 150.0;
    const double share = flow + y * y * y * 0.7 + momentum;
    constexpr double rounding = 0x1p-47;  // of no part more than 2^-48, as |y| <= 1
    return formula::detail::mid_plus_quickly(
        view, share, rounding * (std::abs(flow) + 1.0 + std::abs(momentum)));
}

}  // namespace detail

// ---- Per aggressor side -------------------------------------------------------------------

template <Side side>
double interval(const Situation& now) {
    const Side taker = detail::taker(now, side);
    if (!detail::has_two(now.trades, taker)) return undefined;
    return (now.trades.interval_ns(taker) / 1e6).value();
}
template <Side side>
double quantity(const Situation& now) {
    const Side taker = detail::taker(now, side);
    if (!detail::has_two(now.trades, taker)) return undefined;
    return now.view.grid.lot.to_double(now.trades.lots(taker).value());
}
template <Side side>
double rate(const Situation& now) {
    const Side taker = detail::taker(now, side);
    if (!detail::has_two(now.trades, taker)) return undefined;
    return (DoubleDouble(1e9) / now.trades.interval_ns(taker)).value();
}
template <Side side>
double volume(const Situation& now) {
    return rate<side>(now) * quantity<side>(now);
}

// ---- Both sides ---------------------------------------------------------------------------

inline double oi(const Situation& now) {
    if (!detail::has_two_of_each(now.trades)) return undefined;
    return detail::with_sign(now, now.trades.rate_imbalance());
}
inline double qi(const Situation& now) {
    if (!detail::has_two_of_each(now.trades)) return undefined;
    return detail::with_sign(
        now, TradeFlow::balance(now.trades.lots(Side::bid), now.trades.lots(Side::ask)));
}
inline double vi(const Situation& now) {
    if (!detail::has_two_of_each(now.trades)) return undefined;
    return detail::with_sign(now, now.trades.volume_imbalance());
}
inline double signed_flow(const Situation& now) {
    if (!now.trades.has_trade()) return undefined;
    return now.view.grid.lot.to_double(now.trades.signed_lots().value());
}

// ---- The last trade itself ----------------------------------------------------------------

inline double last_trade_price(const Situation& now) {
    if (!now.trades.has_trade()) return undefined;
    return now.view.price(static_cast<double>(now.trades.last().trade.price));
}
inline double last_trade_side(const Situation& now) {
    if (!now.trades.has_trade()) return undefined;
    return now.trades.last().trade.taker == Side::bid ? 1.0 : -1.0;
}
inline double last_trade_age(const Situation& now) {
    const Times& then = now.trades.last().times;
    if (!now.trades.has_trade() || !then.shares_clock(now.times)) return undefined;
    const bool venue = then.ts_event_ns != absent && now.times.ts_event_ns != absent;
    const Nanos age = venue ? elapsed(then.ts_event_ns, now.times.ts_event_ns)
                            : elapsed(then.ts_recv_ns, now.times.ts_recv_ns);
    return static_cast<double>(age) / 1e6;
}

// ---- Mids that lean on the flow -----------------------------------------------------------

// In mode "source" sign and sides are both reversed, which leaves these two as they are.
inline double adjusted_mid_9(const Situation& now) {
    if (!detail::has_two_of_each(now.trades) || now.view.one_sided()) return undefined;
    const double share = now.trades.rate_imbalance().value() * 2.0;
    if (const auto sum = detail::sum_by_tape(now.view, share)) return now.view.price(*sum);
    return formula::detail::mid_plus(now.view, now.trades.rate_imbalance() * 2.0);
}
inline double adjusted_mid_10(const Situation& now) {
    if (!detail::has_two_of_each(now.trades) || now.view.one_sided()) return undefined;
    const double share = now.trades.volume_imbalance().value() * 1.4;
    if (const auto sum = detail::sum_by_tape(now.view, share)) return now.view.price(*sum);
    return formula::detail::mid_plus(now.view, now.trades.volume_imbalance() * 14.0 / 10.0);
}
inline double adjusted_mid_11(const Situation& now) {
    const TradeFlow& trades = now.is_source() ? *now.lagged : now.trades;
    const double momentum = trades.price_momentum();
    if (!detail::has_two_of_each(trades) || now.view.one_sided() || std::isnan(momentum)) {
        return undefined;
    }
    if (const auto sum = detail::adjusted_sum_11(now.view, trades)) return now.view.price(*sum);
    const DoubleDouble y = formula::detail::mixed_imbalance(now.view, 7, 2, 1);
    const DoubleDouble share = trades.volume_imbalance() * 1.5 + y * y * y * 7.0 / 10.0 +
                               DoubleDouble(momentum) * 150.0;
    return formula::detail::mid_plus(now.view, share);
}

// A formula over the trades as a feature: the engine remembers the trades for all of them.
template <double (*formula)(const Situation&), Needs needs, Reads what>
class Formula final : public StatefulFeature {
public:
    Formula() = default;
    explicit Formula(const Arguments& /*arguments*/) {}

    [[nodiscard]] double on_state(const Situation& now) override { return formula(now); }
    [[nodiscard]] Reads reads() const noexcept override { return what; }
    void reset() override {}
    void save(StateWriter& /*out*/) const override {}
    void load(StateReader& /*in*/) override {}

    [[nodiscard]] std::string missing(const Situation& now) const override {
        const TradeFlow& trades = now.trades;
        switch (needs) {
            case Needs::a_trade:
                return trades.has_trade() ? "" : "a trade";
            case Needs::two_of_its_side:
                return std::isnan(formula(now)) ? "two trades of its side" : "";
            case Needs::forty:
                if (trades.prices() < TradeFlow::prices_averaged) {
                    return std::to_string(trades.prices()) + " of 40 trades";
                }
                [[fallthrough]];
            case Needs::two_of_each_side:
                return detail::has_two_of_each(trades) ? "" : "two trades of each side";
        }
        return {};
    }
};

template <double (*formula)(const Situation&), Needs needs, Reads what = Reads::trades>
[[nodiscard]] std::unique_ptr<StatefulFeature> make(const Arguments& /*arguments*/) {
    return std::make_unique<Formula<formula, needs, what>>();
}

}  // namespace obcore::trade
