#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "obcore/depth_view.hpp"
#include "obcore/double_double.hpp"
#include "obcore/units.hpp"

// Every formula of one book state, each written once.
//
// Differences are taken in integers before anything is scaled to floats, so that a value keeps
// its digits where two nearly equal numbers cancel. Undefined values: with a side empty, the
// mid and all that is built on it are NaN; volumes of an empty side are 0 and imbalances ±1, 0
// with both empty. Symbols: Pb_i, Qb_i, Pa_i, Qa_i price and size of level i, from 1 at the
// best; Vb(n), Va(n) the volume of the first n levels.
namespace obcore::formula {

struct Parameters {
    std::size_t levels = 0;  // how many levels count, or which level, from 1
    DoubleDouble weight;     // a decay or a weight, where the formula has one
};

using Formula = double (*)(const DepthView&, const Parameters&);

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

namespace detail {

// (a − b) / (a + b); 0 where both are 0.
[[nodiscard]] inline double imbalance(Int128 bid, Int128 ask) noexcept {
    return bid == ask ? 0.0 : to_double(bid - ask) / to_double(bid + ask);
}

// Σ P·Q / Σ Q of a side's first n levels, in ticks.
template <typename Real>
[[nodiscard]] Real vwap_ticks(const SideView& side, std::size_t n) noexcept {
    return side.turnover<Real>(n) / to_real<Real>(side.volume(n));
}

[[nodiscard]] inline double vwap(const DepthView& view, const SideView& side, std::size_t n) {
    return side.empty() ? nan : view.price(vwap_ticks<double>(side, n));
}

// spread and its kin over twice the mid: NaN where the mid is undefined, zero or negative.
[[nodiscard]] inline double relative_to_mid(const DepthView& view, Ticks doubled) noexcept {
    if (view.twice_mid() <= 0) return nan;
    return static_cast<double>(doubled) / static_cast<double>(view.twice_mid());
}

[[nodiscard]] inline double offset(const DepthView& view, const SideView& side, std::size_t i) {
    if (view.one_sided() || view.twice_mid() <= 0) return nan;
    if (!side.has(i)) return 0.0;
    return relative_to_mid(view, 2 * side.price(i) - view.twice_mid());
}

// mid + spread · share, where a plain double of the share, good to `error`, tells the result to
// the last bit: so on every spread but a very wide one.
[[nodiscard]] inline std::optional<double> mid_plus_quickly(const DepthView& view, double share,
                                                            double error) noexcept {
    constexpr Ticks every_integer = Ticks{1} << 53;  // up to here is a double
    if (std::abs(view.twice_mid()) > every_integer) return std::nullopt;
    const double mid = static_cast<double>(view.twice_mid()) * 0.5;
    const auto spread = static_cast<double>(view.spread());
    constexpr double rounding = 0x1p-51;  // of the spread and of its product with the share
    const double by = spread * share;
    return rounded_sum(mid, by, std::abs(by) * rounding + std::abs(spread) * error);
}

// mid + spread · share, without losing digits where the two nearly cancel.
[[nodiscard]] inline double mid_plus(const DepthView& view, DoubleDouble share) noexcept {
    const double plain = share.value();
    if (const auto sum = mid_plus_quickly(view, plain, std::abs(plain) * 0x1p-52)) [[likely]]
        return view.price(*sum);
    const DoubleDouble mid = DoubleDouble(Int128{view.twice_mid()}) * 0.5;
    return view.price((mid + DoubleDouble(Int128{view.spread()}) * share).value());
}

// a_1·I_1 + a_2·I_2 + a_3·I_3, the weights in tenths.
[[nodiscard]] inline DoubleDouble mixed_imbalance(const DepthView& view, double first,
                                                  double second, double third) noexcept {
    const DoubleDouble sum =
        view.imbalance(0) * first + view.imbalance(1) * second + view.imbalance(2) * third;
    return sum / 10.0;
}

[[nodiscard]] inline DoubleDouble square(DoubleDouble x) noexcept {
    return x * x;
}

// (x + 0.3)·(y⁴ + 0.7) / 3.8, the shape that adjusted mids 4, 7 and 8 share, without the tenths
// that no double is.
[[nodiscard]] inline DoubleDouble skewed_quartic(DoubleDouble x, DoubleDouble y) noexcept {
    return (x * 10.0 + 3.0) * (square(square(y)) * 10.0 + 7.0) / 380.0;
}

}  // namespace detail

// ---- The standard vector ------------------------------------------------------------------

inline double mid_price(const DepthView& v, const Parameters&) {
    return v.one_sided() ? nan : v.touch().mid(v.grid);
}
inline double spread(const DepthView& v, const Parameters&) {
    return v.one_sided() ? nan : v.price(static_cast<double>(v.spread()));
}
inline double normalized_spread(const DepthView& v, const Parameters&) {
    return v.one_sided() ? nan : detail::relative_to_mid(v, 2 * v.spread());
}
// ln mid. Next to 1 the logarithm needs mid − 1, which only the integers still hold exactly.
inline double log_mid_price(const DepthView& v, const Parameters&) {
    if (v.one_sided() || v.twice_mid() <= 0) return nan;
    const double mid = mid_price(v, {});
    if (mid < 0.5 || mid > 2.0) return std::log(mid);
    const auto unit = static_cast<Int128>(v.grid.tick.power()) * 2;
    const Int128 excess = Int128{v.twice_mid()} * v.grid.tick.units - unit;
    return std::log1p(to_double(excess) / to_double(unit));
}
inline double bid_vol(const DepthView& v, const Parameters& p) {
    return v.size(v.bids.volume(p.levels));
}
inline double ask_vol(const DepthView& v, const Parameters& p) {
    return v.size(v.asks.volume(p.levels));
}
inline double total_vol(const DepthView& v, const Parameters& p) {
    return v.size(v.bids.volume(p.levels) + v.asks.volume(p.levels));
}
inline double net_flow(const DepthView& v, const Parameters& p) {
    return v.size(v.bids.volume(p.levels) - v.asks.volume(p.levels));
}
inline double bid_ask_ratio(const DepthView& v, const Parameters& p) {
    const Int128 ask = v.asks.volume(p.levels);
    return ask == 0 ? 1.0 : to_double(v.bids.volume(p.levels)) / to_double(ask);
}
inline double vwap_bid(const DepthView& v, const Parameters& p) {
    return detail::vwap(v, v.bids, p.levels);
}
inline double vwap_ask(const DepthView& v, const Parameters& p) {
    return detail::vwap(v, v.asks, p.levels);
}
// Of side VWAPs that are at hand.
inline double vwap_mid_between(double bid, double ask, const DepthView& v,
                               const Parameters& p) {
    if (v.one_sided()) return nan;
    if (!v.grid.nonpositive_prices) return (bid + ask) / 2.0;
    // Only prices of both signs can cancel here.
    const DoubleDouble sum = detail::vwap_ticks<DoubleDouble>(v.bids, p.levels) +
                             detail::vwap_ticks<DoubleDouble>(v.asks, p.levels);
    return v.price((sum * 0.5).value());
}
inline double vwap_mid(const DepthView& v, const Parameters& p) {
    return vwap_mid_between(vwap_bid(v, p), vwap_ask(v, p), v, p);
}
inline double imbalance(const DepthView& v, const Parameters&) {
    return detail::imbalance(v.bids.total(), v.asks.total());
}
inline double best_bid_qty(const DepthView& v, const Parameters&) {
    return v.size(v.bids.size(0));
}
inline double best_ask_qty(const DepthView& v, const Parameters&) {
    return v.size(v.asks.size(0));
}
inline double best_qty_diff(const DepthView& v, const Parameters&) {
    return v.size(Int128{v.bids.size(0)} - v.asks.size(0));
}
inline double bid_price_offset(const DepthView& v, const Parameters& p) {
    return detail::offset(v, v.bids, p.levels - 1);
}
inline double ask_price_offset(const DepthView& v, const Parameters& p) {
    return detail::offset(v, v.asks, p.levels - 1);
}
inline double bid_level_vol(const DepthView& v, const Parameters& p) {
    return v.size(v.bids.size(p.levels - 1));
}
inline double ask_level_vol(const DepthView& v, const Parameters& p) {
    return v.size(v.asks.size(p.levels - 1));
}

// Offset and size of each of the first levels of a side, one behind the other: what
// bid_price_offset and bid_level_vol, or those of the asks, are one by one.
inline void fill_levels(const DepthView& v, const SideView& side, std::size_t levels,
                        double* out) {
    const std::size_t held = side.count(levels);
    const bool defined = !v.one_sided() && v.twice_mid() > 0;
    const Ticks twice_mid = defined ? v.twice_mid() : 1;
    const auto scale = static_cast<double>(twice_mid);
    for (std::size_t i = 0; i < held; ++i) {
        const auto offset = static_cast<double>(2 * side.price(i) - twice_mid) / scale;
        out[2 * i] = defined ? offset : nan;
        out[2 * i + 1] = v.size(side.size(i));
    }
    for (std::size_t i = held; i < levels; ++i) {
        out[2 * i] = defined ? 0.0 : nan;
        out[2 * i + 1] = 0.0;
    }
}

// ---- Imbalance ----------------------------------------------------------------------------

inline double obi(const DepthView& v, const Parameters& p) {
    return detail::imbalance(v.bids.volume(p.levels), v.asks.volume(p.levels));
}
inline double imbalance_level(const DepthView& v, const Parameters& p) {
    return detail::imbalance(v.bids.size(p.levels - 1), v.asks.size(p.levels - 1));
}
// Summed level by level as Wb_i − Wa_i, each taken from an exact integer: the two sides nearly
// cancel on a calm book. With s = 2·mid and d = |2P − s|, a level weighs Q / (1 + |P − mid| /
// mid) = Q·s / (s + d), hence Wb_i − Wa_i = s·(Qb·(s + da) − Qa·(s + db)) / ((s + db)·(s +
// da)).
inline double depth_weighted_obi(const DepthView& v, const Parameters& p) {
    if (v.one_sided() || v.twice_mid() <= 0) return nan;
    const Int128 s = v.twice_mid();
    const auto reach = [&](const SideView& side, std::size_t i) -> Int128 {
        return side.has(i) ? s + std::abs(2 * side.price(i) - v.twice_mid()) : s;
    };
    DoubleDouble difference;
    DoubleDouble sum;
    DoubleDouble decay = 1.0;
    for (std::size_t i = 0; i < p.levels && (v.bids.has(i) || v.asks.has(i)); ++i) {
        const Int128 bid_reach = reach(v.bids, i);
        const Int128 ask_reach = reach(v.asks, i);
        const Int128 bid = v.bids.size(i) * ask_reach;
        const Int128 ask = v.asks.size(i) * bid_reach;
        const DoubleDouble scale = decay / (DoubleDouble(bid_reach) * DoubleDouble(ask_reach));
        difference = difference + scale * DoubleDouble(bid - ask);
        sum = sum + scale * DoubleDouble(bid + ask);
        decay = decay * p.weight;
    }
    return (difference / sum).value();
}
inline double bid_ask_ratio_full(const DepthView& v, const Parameters&) {
    const Int128 bid = v.bids.total();
    const Int128 ask = v.asks.total();
    if (ask != 0) return to_double(bid) / to_double(ask);
    return bid == 0 ? 1.0 : std::numeric_limits<double>::infinity();
}
inline double total_bid_volume(const DepthView& v, const Parameters&) {
    return v.size(v.bids.total());
}
inline double total_ask_volume(const DepthView& v, const Parameters&) {
    return v.size(v.asks.total());
}
inline double spread_bps(const DepthView& v, const Parameters& p) {
    return normalized_spread(v, p) * 1e4;
}
inline double vwap(const DepthView& v, const Parameters& p) {
    const Int128 volume = v.bids.volume(p.levels) + v.asks.volume(p.levels);
    if (volume == 0) return nan;
    const DoubleDouble turnover =
        v.bids.turnover<DoubleDouble>(p.levels) + v.asks.turnover<DoubleDouble>(p.levels);
    return v.price((turnover / DoubleDouble(volume)).value());
}

// ---- Microprice and adjusted mids ---------------------------------------------------------

inline double microprice(const DepthView& v, const Parameters&) {
    return v.one_sided() ? nan : v.touch().microprice(v.grid);
}
inline double adjusted_microprice(const DepthView& v, const Parameters& p) {
    if (v.one_sided()) return nan;
    const DoubleDouble i = v.imbalance(0);
    return detail::mid_plus(v, i * (p.weight + 1.0) * 0.5);
}
inline double adjusted_mid_1(const DepthView& v, const Parameters&) {
    if (v.one_sided()) return nan;
    const DoubleDouble i = v.imbalance(0);
    const DoubleDouble eighth = detail::square(detail::square(detail::square(i)));
    return detail::mid_plus(v, i * (eighth + 1.0) * 0.25);
}
inline double adjusted_mid_2(const DepthView& v, const Parameters&) {
    if (v.one_sided()) return nan;
    const DoubleDouble i = v.imbalance(0);
    return detail::mid_plus(v, i * (detail::square(i) + 1.0) * 0.25);
}
inline double adjusted_mid_3(const DepthView& v, const Parameters&) {
    if (v.one_sided()) return nan;
    const DoubleDouble i = v.imbalance(0);
    return detail::mid_plus(v, i * detail::square(i) * 0.5);
}
inline double adjusted_mid_4(const DepthView& v, const Parameters&) {
    if (v.one_sided()) return nan;
    const DoubleDouble i = v.imbalance(0);
    return detail::mid_plus(v, detail::skewed_quartic(i, i));
}
inline double adjusted_mid_5(const DepthView& v, const Parameters&) {
    return v.one_sided() ? nan : detail::mid_plus(v, detail::mixed_imbalance(v, 7, 3, 0) * 0.5);
}
inline double adjusted_mid_6(const DepthView& v, const Parameters&) {
    if (v.one_sided()) return nan;
    const DoubleDouble x = detail::mixed_imbalance(v, 7, 3, 0);
    return detail::mid_plus(v, x * detail::square(x) * 0.5);
}
inline double adjusted_mid_7(const DepthView& v, const Parameters&) {
    if (v.one_sided()) return nan;
    const DoubleDouble x = detail::mixed_imbalance(v, 7, 3, 0);
    return detail::mid_plus(v, detail::skewed_quartic(x, x));
}
// z differs from y on purpose: it is what the source computed.
inline double adjusted_mid_8(const DepthView& v, const Parameters&) {
    if (v.one_sided()) return nan;
    const DoubleDouble y = detail::mixed_imbalance(v, 7, 2, 1);
    const DoubleDouble z = detail::mixed_imbalance(v, 7, 3, 1);
    return detail::mid_plus(v, detail::skewed_quartic(y, z));
}
// Volume-adjusted mid: each side's VWAP weighted by the other side's volume.
inline double vamp(const DepthView& v, const Parameters& p) {
    if (v.one_sided()) return nan;
    const DoubleDouble bid = v.bids.volume(p.levels);
    const DoubleDouble ask = v.asks.volume(p.levels);
    const DoubleDouble weighted = detail::vwap_ticks<DoubleDouble>(v.bids, p.levels) * ask +
                                  detail::vwap_ticks<DoubleDouble>(v.asks, p.levels) * bid;
    return v.price((weighted / (bid + ask)).value());
}

}  // namespace obcore::formula
