#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "obcore/features.hpp"

namespace obcore {

// How a feature's name carries the number of levels, or the level, that its formula reads.
enum class Naming : std::uint8_t {
    plain,      // spread: no number
    levels,     // vwap or vwap(levels=10)
    from_zero,  // bid_vol_0 is level 1: the standard vector counts from 0
    from_one,   // imbalance_level_1 is level 1, obi_5 is five levels
};

// One row of the catalogue: all there is to know of a feature.
struct Feature {
    std::string_view name;  // a numbered one ends in '_'
    std::string_view formula;
    std::string_view unit;
    std::string_view source;
    formula::Formula compute;
    Naming naming = Naming::plain;
    std::size_t default_levels = 0;  // 0: the depth of the set
    // NOLINTBEGIN(readability-redundant-member-init): GCC wants them for rows that end earlier
    std::string_view weight_name = {};
    std::string_view default_weight = {};  // decimal text: 0.9 is nine tenths, no double is
    // NOLINTEND(readability-redundant-member-init)
};

namespace sources {
inline constexpr std::string_view standard = "standard vector";
inline constexpr std::string_view collector = "collector";
inline constexpr std::string_view common = "field usage";
inline constexpr std::string_view gatheral = "Gatheral and Oomen 2010";
inline constexpr std::string_view adjusted =
    "adjusted mid estimators, in-sample study on YGGUSDT";
}  // namespace sources

inline constexpr auto catalog = [] {
    using enum Naming;
    namespace f = formula;
    namespace from = sources;
    return std::to_array<Feature>({
        {"mid_price", "mid = (Pb_1 + Pa_1) / 2", "quote", from::standard, f::mid_price},
        {"spread", "Pa_1 - Pb_1", "quote", from::standard, f::spread},
        {"normalized_spread", "spread / mid", "1", from::standard, f::normalized_spread},
        {"log_mid_price", "ln mid", "ln quote", from::standard, f::log_mid_price},
        {"bid_vol", "Vb(levels)", "base", from::standard, f::bid_vol, levels},
        {"ask_vol", "Va(levels)", "base", from::standard, f::ask_vol, levels},
        {"total_vol", "Vb(levels) + Va(levels)", "base", from::standard, f::total_vol, levels},
        {"net_flow", "Vb(levels) - Va(levels)", "base", from::standard, f::net_flow, levels},
        {"bid_ask_ratio", "Vb(levels) / Va(levels); 1 where Va = 0", "1", from::standard,
         f::bid_ask_ratio, levels},
        {"vwap_bid", "sum Pb_i Qb_i / Vb(levels)", "quote", from::standard, f::vwap_bid,
         levels},
        {"vwap_ask", "sum Pa_i Qa_i / Va(levels)", "quote", from::standard, f::vwap_ask,
         levels},
        {"vwap_mid", "(vwap_bid + vwap_ask) / 2", "quote", from::standard, f::vwap_mid, levels},
        {"imbalance", "(Vb - Va) / (Vb + Va) over the whole book", "1", from::standard,
         f::imbalance},
        {"best_bid_qty", "Qb_1", "base", from::standard, f::best_bid_qty},
        {"best_ask_qty", "Qa_1", "base", from::standard, f::best_ask_qty},
        {"best_qty_diff", "Qb_1 - Qa_1", "base", from::standard, f::best_qty_diff},
        {"bid_depth_top5", "Vb(5)", "base", from::standard, f::bid_vol, plain, 5},
        {"ask_depth_top5", "Va(5)", "base", from::standard, f::ask_vol, plain, 5},
        {"bid_price_offset_", "(Pb_{i+1} - mid) / mid; 0 past the last level", "1",
         from::standard, f::bid_price_offset, from_zero},
        {"bid_vol_", "Qb_{i+1}; 0 past the last level", "base", from::standard,
         f::bid_level_vol, from_zero},
        {"ask_price_offset_", "(Pa_{i+1} - mid) / mid; 0 past the last level", "1",
         from::standard, f::ask_price_offset, from_zero},
        {"ask_vol_", "Qa_{i+1}; 0 past the last level", "base", from::standard,
         f::ask_level_vol, from_zero},
        {"obi_", "(Vb(n) - Va(n)) / (Vb(n) + Va(n))", "1", from::common, f::obi, from_one},
        {"imbalance_level_", "(Qb_k - Qa_k) / (Qb_k + Qa_k)", "1", from::common,
         f::imbalance_level, from_one},
        {"depth_weighted_obi",
         "(Wb - Wa) / (Wb + Wa), W = sum Q_{i+1} decay^i / (1 + |P_{i+1} - mid| / mid)", "1",
         from::common, f::depth_weighted_obi, levels, 10, "decay", "0.9"},
        {"bid_ask_ratio_full", "Vb / Va over the whole book", "1", from::common,
         f::bid_ask_ratio_full},
        {"total_bid_volume", "Vb over the whole side", "base", from::common,
         f::total_bid_volume},
        {"total_ask_volume", "Va over the whole side", "base", from::common,
         f::total_ask_volume},
        {"spread_bps", "spread / mid * 10^4", "bps", from::common, f::spread_bps},
        {"vwap", "sum P Q / sum Q over the first levels of both sides", "quote", from::common,
         f::vwap, levels, 5},
        {"microprice", "(Pb_1 Qa_1 + Pa_1 Qb_1) / (Qb_1 + Qa_1)", "quote", from::gatheral,
         f::microprice},
        {"adjusted_microprice", "microprice + w I_1 spread / 2", "quote", from::adjusted,
         f::adjusted_microprice, plain, 0, "w", "0.5"},
        {"adjusted_mid_1", "mid + spread I_1 (I_1^8 + 1) / 4", "quote", from::adjusted,
         f::adjusted_mid_1},
        {"adjusted_mid_2", "mid + spread I_1 (I_1^2 + 1) / 4", "quote", from::adjusted,
         f::adjusted_mid_2},
        {"adjusted_mid_3", "mid + spread I_1^3 / 2", "quote", from::adjusted,
         f::adjusted_mid_3},
        {"adjusted_mid_4", "mid + spread (I_1 + 0.3)(I_1^4 + 0.7) / 3.8", "quote",
         from::adjusted, f::adjusted_mid_4},
        {"adjusted_mid_5", "mid + spread x / 2, x = 0.7 I_1 + 0.3 I_2", "quote", from::adjusted,
         f::adjusted_mid_5},
        {"adjusted_mid_6", "mid + spread x^3 / 2, x = 0.7 I_1 + 0.3 I_2", "quote",
         from::adjusted, f::adjusted_mid_6},
        {"adjusted_mid_7", "mid + spread (x + 0.3)(x^4 + 0.7) / 3.8, x = 0.7 I_1 + 0.3 I_2",
         "quote", from::adjusted, f::adjusted_mid_7},
        {"adjusted_mid_8",
         "mid + spread (y + 0.3)(z^4 + 0.7) / 3.8, y = 0.7 I_1 + 0.2 I_2 + 0.1 I_3, "
         "z = 0.7 I_1 + 0.3 I_2 + 0.1 I_3",
         "quote", from::adjusted, f::adjusted_mid_8},
        {"vamp", "(VWAPb Va + VWAPa Vb) / (Vb + Va) over the first levels", "quote",
         from::common, f::vamp, levels, 10},
    });
}();

}  // namespace obcore
