// The names of sets and features, what they may be called with, and the fast path of a set.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/feature_set.hpp"

namespace {

using namespace obcore;
using Levels = std::vector<Level>;

std::vector<std::string> names(std::string_view chosen, std::size_t depth = 10) {
    return FeatureSet(chosen, depth).names();
}

std::vector<double> compute(std::string_view chosen, const Book& book, std::size_t depth) {
    FeatureSet features(chosen, depth);
    std::vector<double> values(features.size());
    features.compute(book, values);
    return values;
}

void the_sets_have_their_columns() {
    for (const std::size_t depth : {1U, 3U, 10U, 20U, 1000U}) {
        CHECK(names("standard", depth).size() == 4 + 8 + 6 + 4 * depth);
        CHECK(names("all", depth).size() == 4 + 8 + 6 + 4 * depth + 5 + depth + 17);
    }
    const std::vector<std::string> standard = names("standard");
    CHECK(standard.size() == 58 && names("all").size() == 90);
    CHECK(standard[0] == "mid_price" && standard[12] == "imbalance");
    CHECK(standard[17] == "ask_depth_top5" && standard[18] == "bid_price_offset_0");
    CHECK(standard[37] == "bid_vol_9" && standard[38] == "ask_price_offset_0");
    CHECK(names("collector") ==
          std::vector<std::string>(
              {"spread", "mid_price", "obi_20", "bid_vol(levels=20)", "ask_vol(levels=20)"}));
}

void sets_stand_in_lists_among_features() {
    using Names = std::vector<std::string>;
    CHECK(names("collector, obi_5") == Names{"spread", "mid_price", "obi_20",
                                             "bid_vol(levels=20)", "ask_vol(levels=20)",
                                             "obi_5"});
    CHECK(names("obi_5, collector").front() == "obi_5");
    CHECK(names("microprice, standard").size() == 59);
}

void defaults_give_the_bare_name_and_others_say_so() {
    using Names = std::vector<std::string>;
    CHECK(names(" spread ,\n vwap( levels = 10 ) ") == Names{"spread", "vwap(levels=10)"});
    CHECK(names("vwap(levels=5), bid_vol(levels=7)", 7) == Names{"vwap", "bid_vol"});
    CHECK(names("depth_weighted_obi(decay=0.5,levels=3)") ==
          Names{"depth_weighted_obi(levels=3, decay=0.5)"});
    CHECK(names("adjusted_microprice(w=5e-1)") == Names{"adjusted_microprice"});
}

void a_wrong_choice_says_what_was_expected() {
    for (const char* name : {"", "spread,", "mid", "obi_", "obi_x", "obi_+1", "obi_-1", "vwap)",
                             "Spread", "bid_price_offset_", "imbalance_level"}) {
        CHECK_THROWS(FeatureSet(name), Error, "the name of a set or of a feature");
    }
    for (const char* name :
         {"vwap()", "vwap(5)", "vwap(levels=)", "vwap(levels=-1)", "vwap(levels=1.5)",
          "vwap(depth=5)", "spread(levels=5)", "obi_5(levels=3)", "vwap(levels=5, decay=1)",
          "vwap((levels=5))"}) {
        CHECK_THROWS(FeatureSet(name), Error, "arguments as the catalogue lists them");
    }
    for (const char* name : {"vwap(levels=5", "vwap(levels=5)x"}) {
        CHECK_THROWS(FeatureSet(name), Error, "a closing parenthesis");
    }
    for (const char* name : {"vwap(levels=0)", "vwap(levels=1001)", "obi_0", "obi_1001",
                             "bid_vol_1000", "bid_vol_18446744073709551615"}) {
        CHECK_THROWS(FeatureSet(name), Error, "1 to 1000 levels");
    }
    for (const char* decay : {"0", "1.1", "-1"}) {
        const std::string name = "depth_weighted_obi(decay=" + std::string(decay) + ")";
        CHECK_THROWS(FeatureSet(name), Error, "a decay in (0, 1]");
    }
    for (const char* weight : {"nan", "inf", "", "x"}) {
        const std::string name = "adjusted_microprice(w=" + std::string(weight) + ")";
        CHECK_THROWS(FeatureSet(name), Error, "arguments as the catalogue lists them");
    }
    CHECK_THROWS(FeatureSet("adjusted_microprice(w=1e9)"), Error, "at most 18 decimals");
    CHECK_THROWS(FeatureSet("vwap, vwap(levels=5)"), Error, "each feature once");
    CHECK_THROWS(FeatureSet("standard, spread"), Error, "each feature once");
    CHECK_THROWS(FeatureSet("spread, standard"), Error, "each feature once");
    CHECK_THROWS(FeatureSet("spread", 0), Error, "depth: expected 1 to 1000, received 0");
    CHECK_THROWS(FeatureSet("spread", 1001), Error, "depth: expected 1 to 1000");
}

Levels some_levels(Dice& dice, Ticks best) {
    Levels levels;
    for (std::int64_t n = dice.below(14); n > 0; --n) {
        levels.push_back(
            {best + dice.below(30), 1 + dice.below(dice.one_in(9) ? 1LL << 62 : 50)});
    }
    return levels;
}

void the_standard_vector_is_the_same_column_by_column() {
    Dice dice(11);
    for (const std::size_t depth : {1U, 5U, 10U, 13U}) {
        std::string list;
        for (const std::string& name : names("standard", depth)) list += name + ',';
        list.pop_back();
        CHECK(names(list, depth) == names("standard", depth));
        for (int i = 0; i < 500; ++i) {
            const Ticks best = dice.one_in(5) ? dice.around(40) : dice.below(1LL << 40);
            Book book;
            book.grid.tick = Step::from_text("0.1");
            book.replace(some_levels(dice, best), some_levels(dice, best));
            const std::vector<double> fast = compute("standard", book, depth);
            const std::vector<double> slow = compute(list, book, depth);
            for (std::size_t k = 0; k < fast.size(); ++k) {
                const bool same = std::bit_cast<std::uint64_t>(fast[k]) ==
                                  std::bit_cast<std::uint64_t>(slow[k]);
                CHECK(same || (std::isnan(fast[k]) && std::isnan(slow[k])));
            }
        }
    }
}

}  // namespace

int main() {
    return run_tests({
        the_sets_have_their_columns,
        sets_stand_in_lists_among_features,
        defaults_give_the_bare_name_and_others_say_so,
        a_wrong_choice_says_what_was_expected,
        the_standard_vector_is_the_same_column_by_column,
    });
}
