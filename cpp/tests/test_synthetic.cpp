// A made-up stream is consistent whatever its settings.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bench/synthetic.hpp"
#include "check.hpp"

namespace {

using namespace obcore;
using bench::SyntheticMarket;
using bench::SyntheticSettings;
using bench::SyntheticStream;

SyntheticStream made_up(const SyntheticSettings& settings) {
    return SyntheticMarket(settings).stream();
}

template <typename Side>
bool set(Side& side, const Level& level) {
    if (level.size > 0) return side.insert_or_assign(level.price, level.size).second;
    return side.erase(level.price) > 0;
}

void check_consistent(const SyntheticStream& stream) {
    std::map<Ticks, Lots, std::greater<>> bids;
    std::map<Ticks, Lots> asks;
    for (const Level& level : stream.bids) set(bids, level);
    for (const Level& level : stream.asks) set(asks, level);
    for (std::size_t i = 0; i + 1 < stream.offsets.size(); ++i) {
        std::map<std::pair<std::uint8_t, Ticks>, int> named;
        for (auto row = static_cast<std::size_t>(stream.offsets[i]);
             std::cmp_less(row, stream.offsets[i + 1]); ++row) {
            const Level level{stream.prices[row], stream.sizes[row]};
            if (stream.sides[row] == 0) {
                set(bids, level);
            } else {
                set(asks, level);
            }
            CHECK(level.size >= 0);
            CHECK(++named[std::pair(stream.sides[row], level.price)] == 1);
        }
        CHECK(bids.size() >= 10 && asks.size() >= 10);
        CHECK(bids.begin()->first < asks.begin()->first);
    }
}

void no_message_leaves_the_book_crossed_or_thin_or_names_a_level_twice() {
    for (const std::int64_t levels : {20, 200, 10'000}) {
        for (const std::int64_t drift : {-65'536, 0, 3'932, 65'536}) {
            check_consistent(made_up({.levels = levels,
                                      .updates = 20'000,
                                      .seed = 1,
                                      .spacing = 1,
                                      .drift = drift}));
        }
    }
}

// A tick a message meets the end of the range after some 90,000 messages.
void a_mid_that_comes_to_the_end_of_the_range_turns() {
    const SyntheticStream stream =
        made_up({.levels = 20, .updates = 4'000'000, .seed = 1, .spacing = 1, .drift = 65'536});

    const auto [lowest, highest] = std::ranges::minmax(stream.prices);
    CHECK(highest > 738'000);
    CHECK(stream.prices.back() < highest - 10'000);
    CHECK(lowest > 0);
}

void settings_out_of_range_are_refused() {
    CHECK_THROWS(made_up({.levels = 10'001}), std::invalid_argument, "20 to 10000");
    CHECK_THROWS(made_up({.drift = 65'537}), std::invalid_argument, "-65536 to 65536");
}

}  // namespace

int main() {
    return run_tests({no_message_leaves_the_book_crossed_or_thin_or_names_a_level_twice,
                      a_mid_that_comes_to_the_end_of_the_range_turns,
                      settings_out_of_range_are_refused});
}
