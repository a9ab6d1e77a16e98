#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "obcore/catalog.hpp"
#include "obcore/order_flow.hpp"
#include "obcore/returns.hpp"
#include "obcore/rolling_features.hpp"
#include "obcore/stateful.hpp"
#include "obcore/trade_features.hpp"

namespace obcore {

namespace sources {
inline constexpr std::string_view cont = "Cont, Kukanov and Stoikov 2014";
inline constexpr std::string_view cucuringu = "Cont, Cucuringu and Zhang 2023";
inline constexpr std::string_view talreja = "Cont, Stoikov and Talreja 2010";
inline constexpr std::string_view andersen = "Andersen and Bollerslev 1998";
}  // namespace sources

// Every feature that remembers.
inline constexpr auto stateful_catalog = [] {
    namespace from = sources;
    using order_flow::Imbalance;
    using order_flow::make_integrated;
    using order_flow::make_rate;
    using returns::RealisedVolatility;
    using returns::Return;
    using rolling::Statistic;
    using rolling::Trend;
    using enum Reads;
    using enum trade::Needs;
    using enum Side;
    constexpr std::array<StatefulRow::Setting, 2> last_state{{{"window", "1"}, {}}};
    constexpr std::array<StatefulRow::Setting, 2> twenty{{{"window", "20"}, {}}};
    return std::to_array<StatefulRow>({
        {"ofi",
         "e summed over the window, e = 1{Pb >= Pb'} Qb - 1{Pb <= Pb'} Qb' "
         "- 1{Pa <= Pa'} Qa + 1{Pa >= Pa'} Qa' at level 1, ' the state before",
         "base", from::cont, make_feature<Imbalance>, last_state},
        {"ofi_", "the same at level k", "base", from::cont, make_feature<Imbalance>, last_state,
         false, 0},
        {"integrated_ofi",
         "sum w_k ofi_k / mean depth of a level over the window; equal "
         "weights until fitted ones are given",
         "1", from::cucuringu, make_integrated, last_state, false, order_flow::max_weights},
        {"interval_buy", "EWM of the time between trades with a buyer as aggressor", "ms",
         from::adjusted, trade::make<trade::interval<bid>, two_of_its_side>},
        {"interval_sell", "the same with a seller as aggressor", "ms", from::adjusted,
         trade::make<trade::interval<ask>, two_of_its_side>},
        {"quantity_buy", "EWM of the size of trades with a buyer as aggressor", "base",
         from::adjusted, trade::make<trade::quantity<bid>, two_of_its_side>},
        {"quantity_sell", "the same with a seller as aggressor", "base", from::adjusted,
         trade::make<trade::quantity<ask>, two_of_its_side>},
        {"rate_buy", "1000 / interval_buy", "1/s", from::adjusted,
         trade::make<trade::rate<bid>, two_of_its_side>},
        {"rate_sell", "1000 / interval_sell", "1/s", from::adjusted,
         trade::make<trade::rate<ask>, two_of_its_side>},
        {"volume_buy", "rate_buy quantity_buy", "base/s", from::adjusted,
         trade::make<trade::volume<bid>, two_of_its_side>},
        {"volume_sell", "rate_sell quantity_sell", "base/s", from::adjusted,
         trade::make<trade::volume<ask>, two_of_its_side>},
        {"oi", "(rate_buy - rate_sell) / (rate_buy + rate_sell)", "1", from::adjusted,
         trade::make<trade::oi, two_of_each_side>},
        {"qi", "(quantity_buy - quantity_sell) / (quantity_buy + quantity_sell)", "1",
         from::adjusted, trade::make<trade::qi, two_of_each_side>},
        {"vi", "(volume_buy - volume_sell) / (volume_buy + volume_sell)", "1", from::adjusted,
         trade::make<trade::vi, two_of_each_side>},
        {"signed_flow", "EWM of trade sizes, positive where the buyer was the aggressor",
         "base", from::common, trade::make<trade::signed_flow, a_trade>},
        {"last_trade_price", "price of the last trade", "quote", from::common,
         trade::make<trade::last_trade_price, a_trade>},
        {"last_trade_side", "1 where its buyer was the aggressor, -1 where its seller was", "1",
         from::common, trade::make<trade::last_trade_side, a_trade>},
        {"last_trade_age", "time since the last trade", "ms", from::common,
         trade::make<trade::last_trade_age, a_trade, trades_and_state>},
        {"adjusted_mid_9", "mid + 2 spread oi", "quote", from::adjusted,
         trade::make<trade::adjusted_mid_9, two_of_each_side, trades_and_state>},
        {"adjusted_mid_10", "mid + 1.4 spread vi", "quote", from::adjusted,
         trade::make<trade::adjusted_mid_10, two_of_each_side, trades_and_state>},
        {"adjusted_mid_11",
         "mid + spread (1.5 vi + 0.7 y^3 + 150 r), y = 0.7 I_1 + 0.2 I_2 + 0.1 I_3, "
         "r = ln(last merged trade price / mean of the last 40)",
         "quote",
         from::adjusted,
         trade::make<trade::adjusted_mid_11, forty, trades_and_state>,
         {},
         false,
         3},
        {"mean", "mean of a feature over the window", "the feature's", from::common,
         make_feature<Statistic<rolling::mean>>, twenty, true},
        {"std", "sample standard deviation of a feature over the window; 0 where all are equal",
         "the feature's", from::common, make_feature<Statistic<rolling::std, 2>>, twenty, true},
        {"z_score", "(feature - mean) / std over the window, the present value included", "1",
         from::common, make_feature<Statistic<rolling::z_score, 2>>, twenty, true},
        {"trend",
         "mean over the fast window - mean over the slow one",
         "the feature's",
         from::common,
         make_feature<Trend>,
         {{{"fast", "5"}, {"slow", "10"}}},
         true},
        {"realised_volatility", "root of the sum of squared log mid returns over the window",
         "1", from::andersen, make_feature<RealisedVolatility>, twenty},
        {"return",
         "ln(mid / mid a horizon ago)",
         "1",
         from::common,
         make_feature<Return>,
         {{{"horizon", "1"}, {}}}},
        {"bid_arrival_rate", "lots new at the best bid over the window / its time", "base/s",
         from::talreja, make_rate<bid, true>, twenty},
        {"bid_depletion_rate", "lots gone from the best bid over the window / its time",
         "base/s", from::talreja, make_rate<bid, false>, twenty},
        {"ask_arrival_rate", "lots new at the best ask over the window / its time", "base/s",
         from::talreja, make_rate<ask, true>, twenty},
        {"ask_depletion_rate", "lots gone from the best ask over the window / its time",
         "base/s", from::talreja, make_rate<ask, false>, twenty},
    });
}();

// What the set `stateful` holds, in its order.
[[nodiscard]] inline std::vector<std::string> stateful_set() {
    std::vector<std::string> names;
    for (const StatefulRow& row : stateful_catalog) {
        const std::string name(row.name);
        if (row.name == "ofi") continue;  // ofi_1
        if (row.levels == 0) {
            for (int level = 1; level <= 10; ++level)
                names.push_back(name + std::to_string(level));
        } else if (row.reads_feature) {
            names.push_back(name + "(obi_1)");
        } else {
            names.push_back(name);
        }
        if (row.name == "return") {
            names.insert(names.end(), {"return(horizon=10)", "return(horizon=100)"});
        }
    }
    return names;
}

}  // namespace obcore
