// The formulas of one book state: values found by hand, and where they have none.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/feature_set.hpp"

namespace {

using namespace obcore;
using Levels = std::vector<Level>;
using Values = std::map<std::string, double, std::less<>>;

constexpr double infinity = std::numeric_limits<double>::infinity();

// Tick 0.1, lot 1.
Book book_of(const Levels& bids, const Levels& asks) {
    Book book;
    book.grid.tick = Step::from_text("0.1");
    book.grid.nonpositive_prices = true;
    book.replace(bids, asks);
    return book;
}

std::vector<double> compute(std::string_view chosen, const Book& book, std::size_t depth = 10) {
    FeatureSet features(chosen, depth);
    std::vector<double> values(features.size());
    features.compute(book, values);
    return values;
}

Values all_values(const Book& book) {
    const FeatureSet features("all");
    const std::vector<double> values = compute("all", book);
    Values named;
    for (std::size_t i = 0; i < values.size(); ++i) named[features.names()[i]] = values[i];
    return named;
}

bool is_close(double found, double wanted) {
    if (std::isnan(wanted) || std::isinf(wanted) || wanted == 0.0) {
        return std::isnan(wanted) ? std::isnan(found) : found == wanted;
    }
    return std::abs(found - wanted) <= 1e-14 * std::abs(wanted);
}

void check_values(const Values& found, const Values& wanted) {
    for (const auto& [name, value] : wanted) {
        const auto at = found.find(name);
        const bool matches = at != found.end() && is_close(at->second, value);
        check(matches, ("the value of " + name).c_str(), __FILE__, __LINE__);
    }
}

// ---- Values -------------------------------------------------------------------------------

// Bids 99.9 × 2, 99.8 × 3, 99.5 × 5; asks 100.1 × 1, 100.3 × 4: mid 100, spread 0.2.
void a_small_book_has_the_values_found_by_hand() {
    const Book book = book_of({{999, 2}, {998, 3}, {995, 5}}, {{1001, 1}, {1003, 4}});
    const double x = 0.7 / 3 - 0.3 / 7;
    const double y = 0.7 / 3 - 0.2 / 7 + 0.1;
    const double z = 0.7 / 3 - 0.3 / 7 + 0.1;
    const double weighted_bid = 2 / 1.001 + 3 * 0.9 / 1.002 + 5 * 0.81 / 1.005;
    const double weighted_ask = 1 / 1.001 + 4 * 0.9 / 1.003;
    Values wanted{
        {"mid_price", 100},
        {"spread", 0.2},
        {"normalized_spread", 0.002},
        {"log_mid_price", std::log(100)},
        {"bid_vol", 10},
        {"ask_vol", 5},
        {"total_vol", 15},
        {"net_flow", 5},
        {"bid_ask_ratio", 2},
        {"vwap_bid", 99.67},
        {"vwap_ask", 100.26},
        {"vwap_mid", 99.965},
        {"imbalance", 1.0 / 3},
        {"best_bid_qty", 2},
        {"best_ask_qty", 1},
        {"best_qty_diff", 1},
        {"bid_depth_top5", 10},
        {"ask_depth_top5", 5},
        {"bid_price_offset_0", -0.001},
        {"bid_price_offset_1", -0.002},
        {"bid_price_offset_2", -0.005},
        {"ask_price_offset_0", 0.001},
        {"ask_price_offset_1", 0.003},
        {"bid_vol_0", 2},
        {"bid_vol_1", 3},
        {"bid_vol_2", 5},
        {"ask_vol_0", 1},
        {"ask_vol_1", 4},
        {"obi_1", 1.0 / 3},
        {"obi_3", 1.0 / 3},
        {"obi_5", 1.0 / 3},
        {"obi_10", 1.0 / 3},
        {"obi_20", 1.0 / 3},
        {"imbalance_level_1", 1.0 / 3},
        {"imbalance_level_2", -1.0 / 7},
        {"imbalance_level_3", 1},
        {"depth_weighted_obi", (weighted_bid - weighted_ask) / (weighted_bid + weighted_ask)},
        {"bid_ask_ratio_full", 2},
        {"total_bid_volume", 10},
        {"total_ask_volume", 5},
        {"spread_bps", 20},
        {"vwap", 1498.0 / 15},
        {"microprice", 300.1 / 3},
        {"adjusted_microprice", 100.05},
        {"adjusted_mid_1", 100 + 0.2 / 3 * (1.0 / 6561 + 1) / 4},
        {"adjusted_mid_2", 100 + 0.2 / 3 * (1.0 / 9 + 1) / 4},
        {"adjusted_mid_3", 100 + 0.1 / 27},
        {"adjusted_mid_4", 100 + 0.2 * (1.0 / 3 + 0.3) * (1.0 / 81 + 0.7) / 3.8},
        {"adjusted_mid_5", 100 + 0.1 * x},
        {"adjusted_mid_6", 100 + 0.1 * x * x * x},
        {"adjusted_mid_7", 100 + 0.2 * (x + 0.3) * (x * x * x * x + 0.7) / 3.8},
        {"adjusted_mid_8", 100 + 0.2 * (y + 0.3) * (z * z * z * z + 0.7) / 3.8},
        {"vamp", 1500.95 / 15},
    };

    const Values found = all_values(book);

    for (const auto& [name, value] : found)
        wanted.try_emplace(name, 0.0);  // past the last level
    check_values(found, wanted);
    CHECK(found.size() == 90 && wanted.size() == 90);
}

void arguments_choose_levels_and_weights() {
    const Book book = book_of({{999, 2}, {998, 3}, {995, 5}}, {{1001, 1}, {1003, 4}});

    CHECK(is_close(compute("vwap(levels=1)", book)[0], (99.9 * 2 + 100.1) / 3));
    CHECK(is_close(compute("vamp(levels=1)", book)[0], 300.1 / 3));
    CHECK(is_close(compute("bid_vol(levels=2)", book)[0], 5));
    CHECK(is_close(compute("obi_2", book)[0], 0));
    CHECK(is_close(compute("adjusted_microprice(w=-1)", book)[0], 100));
    CHECK(is_close(compute("depth_weighted_obi(levels=1, decay=1)", book)[0], 1.0 / 3));
    CHECK(compute("collector", book) == std::vector<double>({0.2, 100, 1.0 / 3, 10, 5}));
}

void a_feature_is_the_same_alone_and_in_a_set() {
    const Book book = book_of({{999, 2}, {998, 3}, {995, 5}}, {{1001, 1}, {1003, 4}});
    for (const auto& [name, value] : all_values(book)) {
        check(compute(name, book) == std::vector{value}, name.c_str(), __FILE__, __LINE__);
    }
}

void a_logarithm_next_to_one_keeps_its_digits() {
    Book book;
    book.grid.tick = Step::from_text("0.000000000001");
    book.replace(Levels{{1'000'000'000'000, 1}}, Levels{{1'000'000'000'002, 1}});

    CHECK(is_close(compute("log_mid_price", book)[0], std::log1p(1e-12)));
    book.replace(Levels{{999'999'999'999, 1}}, Levels{{1'000'000'000'001, 1}});
    CHECK(compute("log_mid_price", book)[0] == 0.0);
}

void the_largest_prices_and_sizes_stay_finite() {
    constexpr Lots most = std::numeric_limits<Lots>::max();
    for (const Ticks low : {-max_price_ticks, max_price_ticks - 3}) {
        const Book book = book_of({{low, most}, {low - (low > 0), most}},
                                  {{max_price_ticks - 1, most}, {max_price_ticks, most}});
        for (const auto& [name, value] : all_values(book)) {
            check(low < 0 || std::isfinite(value), name.c_str(), __FILE__, __LINE__);
        }
    }
}

// ---- What is undefined --------------------------------------------------------------------

const std::vector<std::string> built_on_mid = [] {
    std::vector<std::string> out{"mid_price",         "spread",     "normalized_spread",
                                 "vwap_mid",          "spread_bps", "log_mid_price",
                                 "microprice",        "vamp",       "adjusted_microprice",
                                 "depth_weighted_obi"};
    for (int i = 1; i <= 8; ++i) out.push_back("adjusted_mid_" + std::to_string(i));
    for (int i = 0; i < 10; ++i) {
        out.push_back("bid_price_offset_" + std::to_string(i));
        out.push_back("ask_price_offset_" + std::to_string(i));
    }
    return out;
}();

// The sum of the first two fits 63 bits, that of the first three 64, of all four neither.
void volumes_past_63_bits_keep_their_digits() {
    constexpr Lots size = (Lots{1} << 62) - 1;
    const Book book = book_of({{999, size}, {998, size}, {997, size}, {996, size}, {995, size}},
                              {{1001, size}});
    DepthView view(5);
    view.load(book);

    for (std::size_t n = 0; n <= 5; ++n) {
        CHECK(view.bids.volume(n) == Int128{size} * static_cast<std::int64_t>(n));
    }
    CHECK(view.bids.volume(9) == Int128{size} * 5);
    CHECK(view.asks.volume(9) == Int128{size});

    view.load(book_of({{999, 7}}, {{1001, size}}));
    CHECK(view.bids.volume(5) == 7);
}

void an_empty_side_leaves_no_mid_and_full_imbalance() {
    const Values bids_only = all_values(book_of({{999, 2}, {998, 3}}, {}));
    const Values asks_only = all_values(book_of({}, {{999, 2}, {1001, 3}}));

    for (const std::string& name : built_on_mid) {
        check_values(bids_only, {{name, NAN}});
        check_values(asks_only, {{name, NAN}});
    }
    check_values(bids_only, {{"imbalance", 1},
                             {"obi_1", 1},
                             {"imbalance_level_2", 1},
                             {"imbalance_level_3", 0},
                             {"vwap_bid", 99.84},
                             {"vwap_ask", NAN},
                             {"vwap", 99.84},
                             {"bid_ask_ratio", 1},
                             {"ask_vol", 0},
                             {"bid_ask_ratio_full", infinity},
                             {"best_ask_qty", 0}});
    check_values(asks_only, {{"imbalance", -1},
                             {"obi_20", -1},
                             {"imbalance_level_1", -1},
                             {"vwap_bid", NAN},
                             {"bid_ask_ratio", 0},
                             {"net_flow", -5},
                             {"bid_ask_ratio_full", 0},
                             {"best_qty_diff", -2}});
}

void an_empty_book_has_no_prices_and_no_imbalance() {
    Values wanted{{"vwap_bid", NAN},
                  {"vwap_ask", NAN},
                  {"vwap", NAN},
                  {"bid_ask_ratio", 1},
                  {"bid_ask_ratio_full", 1}};
    for (const std::string& name : built_on_mid) wanted[name] = NAN;
    const Values found = all_values(book_of({}, {}));
    for (const auto& [name, value] : found) wanted.try_emplace(name, 0.0);

    check_values(found, wanted);
}

void a_mid_at_or_below_zero_leaves_what_is_relative_to_it_undefined() {
    for (const Ticks shift : {0, -50}) {
        const Values found = all_values(book_of({{shift - 1, 2}}, {{shift + 1, 1}}));

        for (const char* name :
             {"normalized_spread", "log_mid_price", "spread_bps", "bid_price_offset_0",
              "ask_price_offset_9", "depth_weighted_obi"}) {
            check_values(found, {{name, NAN}});
        }
        check_values(found, {{"spread", 0.2}, {"imbalance", 1.0 / 3}});
        CHECK(std::isfinite(found.at("microprice")) && std::isfinite(found.at("mid_price")));
    }
}

}  // namespace

int main() {
    return run_tests({
        a_small_book_has_the_values_found_by_hand,
        arguments_choose_levels_and_weights,
        a_feature_is_the_same_alone_and_in_a_set,
        a_logarithm_next_to_one_keeps_its_digits,
        the_largest_prices_and_sizes_stay_finite,
        volumes_past_63_bits_keep_their_digits,
        an_empty_side_leaves_no_mid_and_full_imbalance,
        an_empty_book_has_no_prices_and_no_imbalance,
        a_mid_at_or_below_zero_leaves_what_is_relative_to_it_undefined,
    });
}
