// The names of features that remember, what they may be asked with, and their vector.

#include <array>
#include <cmath>
#include <cstddef>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "check.hpp"
#include "obcore/feature_engine.hpp"
#include "streams.hpp"

namespace {

using namespace obcore;
using Names = std::vector<std::string>;

FeatureOptions options_with(const std::string& features) {
    FeatureOptions options;
    options.features = features;
    return options;
}

FeatureEngine engine_of(const std::string& features) {
    return FeatureEngine(options_with(features));
}

Names names(const std::string& features) {
    return engine_of(features).names();
}

// ---- Names --------------------------------------------------------------------------------

void the_set_stateful_has_its_columns() {
    CHECK(names("stateful") == Names{"ofi_1",
                                     "ofi_2",
                                     "ofi_3",
                                     "ofi_4",
                                     "ofi_5",
                                     "ofi_6",
                                     "ofi_7",
                                     "ofi_8",
                                     "ofi_9",
                                     "ofi_10",
                                     "integrated_ofi",
                                     "interval_buy",
                                     "interval_sell",
                                     "quantity_buy",
                                     "quantity_sell",
                                     "rate_buy",
                                     "rate_sell",
                                     "volume_buy",
                                     "volume_sell",
                                     "oi",
                                     "qi",
                                     "vi",
                                     "signed_flow",
                                     "last_trade_price",
                                     "last_trade_side",
                                     "last_trade_age",
                                     "adjusted_mid_9",
                                     "adjusted_mid_10",
                                     "adjusted_mid_11",
                                     "mean(obi_1)",
                                     "std(obi_1)",
                                     "z_score(obi_1)",
                                     "trend(obi_1)",
                                     "realised_volatility",
                                     "return",
                                     "return(horizon=10)",
                                     "return(horizon=100)",
                                     "bid_arrival_rate",
                                     "bid_depletion_rate",
                                     "ask_arrival_rate",
                                     "ask_depletion_rate"});
}

void defaults_give_the_bare_name_and_others_say_so() {
    const std::array<std::array<const char*, 2>, 12> cases{{
        {" ofi_3 ( window = 1 ) ", "ofi_3"},
        {"ofi(window=20)", "ofi(window=20)"},
        {"mean(obi_1,window=1000ms)", "mean(obi_1, window=1s)"},
        {"mean( obi_1 , window = 20 )", "mean(obi_1)"},
        {"mean(window=5, vwap(levels=5))", "mean(vwap, window=5)"},
        {"z_score(ofi_2(window=5), window=90s)", "z_score(ofi_2(window=5), window=90s)"},
        {"trend(spread, slow=10, fast=3)", "trend(spread, fast=3)"},
        {"trend(spread, slow=60s, fast=5)", "trend(spread, slow=1m)"},
        {"return(horizon=1)", "return"},
        {"std(mean(std(mid_price,window=020)),window=3)",
         "std(mean(std(mid_price)), window=3)"},
        {"realised_volatility(window=20)", "realised_volatility"},
        {"mean(depth_weighted_obi(decay=0.5,levels=3))",
         "mean(depth_weighted_obi(levels=3, decay=0.5))"},
    }};
    for (const auto& [text, name] : cases) {
        CHECK(names(text) == Names{name});
        CHECK(names(name) == Names{name});
    }
}

void sets_and_features_stand_in_one_list_in_its_order() {
    const Names mixed = names("collector, stateful, mean(spread)");
    CHECK(mixed.size() == 5 + 41 + 1);
    CHECK(mixed[0] == "spread" && mixed[4] == "ask_vol(levels=20)" && mixed[5] == "ofi_1");
    CHECK(mixed[45] == "ask_depletion_rate" && mixed[46] == "mean(spread)");
    CHECK(names("oi, spread, mean(mid_price), obi_5") ==
          Names{"oi", "spread", "mean(mid_price)", "obi_5"});
    CHECK(names("stateful, standard").size() == 41 + 58);
}

void a_wrong_choice_says_what_was_expected() {
    const std::array<std::array<const char*, 2>, 35> cases{{
        {"", "the name of a set or of a feature"},
        {"oi,", "the name of a set or of a feature"},
        {"ofi_", "the name of a set or of a feature"},
        {"ofi_x", "the name of a set or of a feature"},
        {"ofi_-1", "the name of a set or of a feature"},
        {"OI", "the name of a set or of a feature"},
        {"mean(nonsense)", "the name of a set or of a feature"},
        {"mean(standard)", "the name of a set or of a feature"},
        {"mean(stateful)", "the name of a set or of a feature"},
        {"mean()", "one feature that it reads, as in mean(obi_1)"},
        {"mean(obi_1,)", "one feature that it reads, as in mean(obi_1)"},
        {"mean", "one feature that it reads, as in mean(obi_1)"},
        {"mean(window=5)", "one feature that it reads, as in mean(obi_1)"},
        {"mean(obi_1, spread)", "one feature that it reads, as in mean(obi_1)"},
        {"ofi(obi_1)", "settings as the catalogue lists them"},
        {"oi()", "settings as the catalogue lists them"},
        {"oi(window=5)", "settings as the catalogue lists them"},
        {"mean(obi_1, levels=5)", "settings as the catalogue lists them"},
        {"mean(obi_1, =5)", "settings as the catalogue lists them"},
        {"trend(obi_1, window=5)", "settings as the catalogue lists them"},
        {"return(window=5)", "settings as the catalogue lists them"},
        {"mean(obi_1, window=0)",
         "a window of 1 to 1048576 states, or of a time such as 500ms"},
        {"mean(obi_1, window=1048577)", "a window of 1 to 1048576 states"},
        {"ofi(window=)", "a window of 1 to 1048576 states"},
        {"ofi(window=1d)", "a window of 1 to 1048576 states"},
        {"ofi_0", "level 1 to 1000"},
        {"ofi_1001", "level 1 to 1000"},
        {"mean(obi_0)", "1 to 1000 levels"},
        {"mean(obi_1, window=20", "a closing parenthesis"},
        {"ofi(window=5)x", "a closing parenthesis"},
        {"oi, oi", "each feature once"},
        {"ofi_1, ofi_1(window=1)", "each feature once"},
        {"stateful, ofi_1", "each feature once"},
        {"mean(obi_1), mean(obi_1, window=20)", "each feature once"},
        {"standard, oi, spread", "each feature once"},
    }};
    for (const auto& one : cases) {
        const std::string text = one[0];
        CHECK_THROWS(engine_of(text), Error, one[1]);
    }
}

std::string nested(int means) {
    std::string text = "obi_1";
    for (int i = 0; i < means; ++i) text.insert(0, "mean(").append(", window=2)");
    return text;
}

void features_stand_in_each_other_up_to_eight_deep() {
    FeatureEngine deep = engine_of(nested(8));
    Stream stream(1);
    for (int i = 1; i <= 12; ++i) {
        stream.next_state();
        deep.on_state(stream.book);
        CHECK(std::isnan(values_of(deep, stream.book)[0]) == (i < 9));
    }
    for (const int means : {9, 100, 10'000}) {
        CHECK_THROWS(engine_of(nested(means)), Error, "at most 8 features in each other");
    }
}

void weights_are_one_to_ten_finite_numbers() {
    FeatureOptions options = options_with("integrated_ofi");
    options.ofi_weights.assign(11, 0.1);
    CHECK_THROWS(FeatureEngine(options), Error, "ofi_weights: expected 1 to 10 finite numbers");
    options.ofi_weights = {1.0, std::numeric_limits<double>::quiet_NaN()};
    CHECK_THROWS(FeatureEngine(options), Error, "ofi_weights: expected 1 to 10 finite numbers");
    options.ofi_weights.assign(10, 0.0);
    CHECK(FeatureEngine(options).size() == 1);
    options.depth = 0;
    CHECK_THROWS(FeatureEngine(options), Error, "depth: expected 1 to 1000, received 0");
}

// ---- Values -------------------------------------------------------------------------------

// In whatever company and order it is asked for, a column is the same.
void a_column_does_not_depend_on_the_others() {
    const Names all = names("all, stateful, mean(spread), std(ofi_2(window=3), window=2s)");
    FeatureEngine together =
        engine_of("all, stateful, mean(spread), std(ofi_2(window=3), window=2s)");
    std::string reversed;
    for (const std::string& name : all) reversed.insert(0, name + ", ");
    FeatureEngine backwards = engine_of(reversed.substr(0, reversed.size() - 2));
    FeatureSet of_one_state("all");
    std::vector<double> wanted(of_one_state.size());
    std::deque<FeatureEngine> alone;
    for (const std::string& name : all) {
        if (name.find('(') != std::string::npos) alone.emplace_back(options_with(name));
    }
    Stream stream(2);
    for (int i = 0; i < 1'000; ++i) {
        const bool is_state = stream.show_next(together, backwards);
        for (FeatureEngine& engine : alone) stream.show(engine, is_state);
        if (!is_state) continue;
        const std::vector<double> values = values_of(together, stream.book);
        std::vector<double> other = values_of(backwards, stream.book);
        CHECK(are_same(values, {other.rbegin(), other.rend()}));
        of_one_state.compute(stream.book, wanted);
        for (std::size_t k = 0; k < wanted.size(); ++k) CHECK(is_same(values[k], wanted[k]));
        std::size_t next = 0;
        for (std::size_t k = 0; k < all.size(); ++k) {
            if (all[k].find('(') == std::string::npos) continue;
            CHECK(is_same(values[k], values_of(alone[next++], stream.book)[0]));
        }
    }
}

void rolling_statistics_are_those_of_the_column_they_read() {
    FeatureEngine engine = engine_of(
        "mid_price, mean(mid_price, window=3), std(mid_price, window=3), "
        "z_score(mid_price, window=3), trend(mid_price, fast=1, slow=3)");
    Book book;
    book.grid = {Step::from_text("0.5"), Step::from_text("1")};
    std::vector<double> mids;
    for (const Ticks price : {100, 110, 104, 104, 104, 90}) {
        book.replace(std::vector<Level>{{price, 1}}, std::vector<Level>{{price + 2, 1}});
        engine.on_state(book);
        const std::vector<double> v = values_of(engine, book);
        mids.push_back(v[0]);
        const std::size_t n = mids.size();
        if (n < 3) {
            for (std::size_t k = 1; k < v.size(); ++k) CHECK(std::isnan(v[k]));
            continue;
        }
        const double mean = (mids[n - 3] + mids[n - 2] + mids[n - 1]) / 3;
        double scatter = 0.0;
        for (std::size_t i = n - 3; i < n; ++i) scatter += std::pow(mids[i] - mean, 2);
        const double std = std::sqrt(scatter / 2);
        CHECK(is_near(v[1], mean) && is_near(v[2], std) && is_near(v[4], mids[n - 1] - mean));
        CHECK(is_near(v[3], std == 0.0 ? 0.0 : (mids[n - 1] - mean) / std));
    }
}

void what_is_not_warm_says_what_it_waits_for() {
    FeatureEngine engine = engine_of(
        "spread, mean(obi_1), oi, ofi_1(window=1s), z_score(mean(obi_1)), return(horizon=2)");
    CHECK(engine.missing().size() == 6 && engine.missing()[0].what == "a first state");
    Stream stream(3);
    stream.lacks_levels = stream.lacks_times = false;
    stream.next_state();
    engine.on_state(stream.book);
    const auto missing = engine.missing();
    CHECK(missing.size() == 5 && missing[0].feature == "mean(obi_1)");
    CHECK(missing[0].what == "1 of 20 states" && missing[1].what == "two trades of each side");
    CHECK(missing[2].what == "0 of 1s" && missing[4].what == "1 of 3 states");
    for (int i = 0; i < 2'000; ++i) stream.show_next(engine);
    CHECK(engine.missing().empty());
    for (const double value : values_of(engine, stream.book)) CHECK(!std::isnan(value));
    engine.reset();
    CHECK(engine.missing().size() == 6 && engine.states() == 0);
}

}  // namespace

int main() {
    return run_tests({
        the_set_stateful_has_its_columns,
        defaults_give_the_bare_name_and_others_say_so,
        sets_and_features_stand_in_one_list_in_its_order,
        a_wrong_choice_says_what_was_expected,
        features_stand_in_each_other_up_to_eight_deep,
        weights_are_one_to_ten_finite_numbers,
        a_column_does_not_depend_on_the_others,
        rolling_statistics_are_those_of_the_column_they_read,
        what_is_not_warm_says_what_it_waits_for,
    });
}
