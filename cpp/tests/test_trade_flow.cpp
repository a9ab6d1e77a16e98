// What a trade is merged with, and the means over the merged tape.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/trade_flow.hpp"
#include "trades.hpp"

namespace {

using namespace obcore;

struct PlainTape {
    struct Merged {
        Side taker = Side::bid;
        Nanos time = 0;
        Ticks price = 0;
        Lots size = 0;
    };
    std::vector<Merged> merged;

    void see(const TimedTrade& trade) {
        Merged* last = nullptr;  // of its side
        for (Merged& each : merged) {
            if (each.taker == trade.trade.taker) last = &each;
        }
        if (last != nullptr && trade.times.best() <= last->time) {
            last->size += trade.trade.size;
            return;
        }
        merged.push_back(
            {trade.trade.taker, trade.times.best(), trade.trade.price, trade.trade.size});
    }
    // Σ 0.9^(n−i) x_i / Σ 0.9^(n−i).
    static double mean(const std::vector<double>& values) {
        long double sum = 0;
        long double weights = 0;
        long double weight = 1;
        for (std::size_t i = values.size(); i-- > 0; weight *= 0.9L) {
            sum += weight * static_cast<long double>(values[i]);
            weights += weight;
        }
        return static_cast<double>(sum / weights);
    }
    [[nodiscard]] double mean_size(Side side) const {
        std::vector<double> sizes;
        for (const Merged& each : merged) {
            if (each.taker == side) sizes.push_back(static_cast<double>(each.size));
        }
        return mean(sizes);
    }
    [[nodiscard]] double mean_interval(Side side) const {
        std::vector<double> intervals;
        Nanos before = absent;
        for (const Merged& each : merged) {
            if (each.taker != side) continue;
            if (before != absent) intervals.push_back(static_cast<double>(each.time - before));
            before = each.time;
        }
        return mean(intervals);
    }
    [[nodiscard]] double mean_signed_size() const {
        std::vector<double> sizes;
        for (const Merged& each : merged) {
            const auto size = static_cast<double>(each.size);
            sizes.push_back(each.taker == Side::bid ? size : -size);
        }
        return mean(sizes);
    }
    [[nodiscard]] double momentum() const {
        long double sum = 0;
        for (std::size_t i = merged.size() - 40; i < merged.size(); ++i) {
            sum += static_cast<long double>(merged[i].price);
        }
        const auto newest = static_cast<long double>(merged.back().price);
        return static_cast<double>(std::log(newest * 40 / sum));
    }
};

bool is_near(double a, double b) {
    return std::abs(a - b) <= 1e-12 * std::fmax(1.0, std::abs(b));
}

void a_trade_not_later_than_the_last_of_its_side_joins_it() {
    TradeFlow flow;
    flow.see(trade_at({10, 99}, 100, Side::bid, 2));
    flow.see(trade_at({10, 99}, 101, Side::bid, 3));
    flow.see(trade_at({12, 99}, 90, Side::ask, 7));
    flow.see(trade_at({4, 99}, 102, Side::bid, 4));  // late
    flow.see(trade_at({11, 99}, 89, Side::ask, 1));  // late
    CHECK(flow.merged(Side::bid) == 1 && flow.merged(Side::ask) == 1 && flow.prices() == 2);
    CHECK(flow.lots(Side::bid).value() == 9.0 && flow.lots(Side::ask).value() == 8.0);
    CHECK(is_near(flow.signed_lots().value(), (0.9 * 9 - 8) / 1.9));
    CHECK(flow.last().trade.price == 89 && flow.last().times.ts_event_ns == 11);

    flow.see(trade_at({14, 99}, 103, Side::bid, 5));
    CHECK(flow.merged(Side::bid) == 2 && flow.interval_ns(Side::bid).value() == 4.0);
    CHECK(is_near(flow.lots(Side::bid).value(), (0.9 * 9 + 5) / 1.9));
}

void the_means_are_those_of_the_whole_merged_tape() {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        Dice dice(seed);
        TradeFlow flow;
        PlainTape plain;
        for (Nanos now = 0; now < 400; ++now) {
            const TimedTrade trade = random_trade(dice, seed < 2 ? now / 3 : now * 1'000'000);
            flow.see(trade);
            plain.see(trade);
            CHECK(flow.last().trade.price == trade.trade.price && flow.has_trade());
            CHECK(flow.prices() == std::min<std::size_t>(plain.merged.size(), 40));
            CHECK(is_near(flow.signed_lots().value(), plain.mean_signed_size()));
            for (const Side side : {Side::bid, Side::ask}) {
                if (flow.merged(side) == 0) continue;
                CHECK(is_near(flow.lots(side).value(), plain.mean_size(side)));
                if (flow.merged(side) == 1) continue;
                CHECK(is_near(flow.interval_ns(side).value(), plain.mean_interval(side)));
            }
            const bool enough = plain.merged.size() >= 40;
            const double momentum = flow.price_momentum();
            CHECK(enough ? std::abs(momentum - plain.momentum()) <= 1e-15
                         : std::isnan(momentum));
        }
        CHECK(seed < 2 ? plain.merged.size() < 300 : plain.merged.size() == 400);
    }
}

void a_price_far_from_the_mean_of_forty_keeps_its_digits() {
    for (const Ticks newest : {Ticks{1}, Ticks{1'000}, Ticks{1} << 59}) {
        TradeFlow flow;
        for (Nanos i = 0; i < 39; ++i) flow.see(trade_at({i, i}, 1'000'000'000));
        flow.see(trade_at({50, 50}, newest));
        const long double price = newest;
        const long double wanted = std::log(price * 40 / (39'000'000'000.0L + price));
        CHECK(is_near(flow.price_momentum(), static_cast<double>(wanted)));
    }
}

void a_logarithm_that_does_not_exist_is_undefined() {
    for (const Ticks newest : {Ticks{0}, Ticks{-5}, Ticks{100}}) {
        TradeFlow flow;
        for (Nanos i = 0; i < 39; ++i) flow.see(trade_at({i, i}, newest == 100 ? -100 : 100));
        flow.see(trade_at({50, 50}, newest));
        CHECK(std::isnan(flow.price_momentum()));
    }
}

void a_finer_grid_moves_the_whole_tape() {
    Dice dice(9);
    TradeFlow coarse;
    TradeFlow finer;
    for (Nanos now = 0; now < 200; ++now) {
        TimedTrade trade = random_trade(dice, now);
        coarse.see(trade);
        if (now == 100) finer.rescale({.price = 10, .size = 1'000});
        if (now >= 100) rescale(trade.trade, {.price = 10, .size = 1'000});
        finer.see(trade);
    }
    CHECK(finer.last().trade.price == coarse.last().trade.price * 10);
    CHECK(is_near(finer.price_momentum(), coarse.price_momentum()));
    CHECK(is_near(finer.signed_lots().value(), coarse.signed_lots().value() * 1'000));
    CHECK(is_near(finer.lots(Side::ask).value(), coarse.lots(Side::ask).value() * 1'000));
    CHECK_THROWS(finer.rescale({.price = std::int64_t{1} << 60, .size = 1}), PrecisionError,
                 "fit int64 on the finer grid");
}

}  // namespace

int main() {
    return run_tests({
        a_trade_not_later_than_the_last_of_its_side_joins_it,
        the_means_are_those_of_the_whole_merged_tape,
        a_price_far_from_the_mean_of_forty_keeps_its_digits,
        a_logarithm_that_does_not_exist_is_undefined,
        a_finer_grid_moves_the_whole_tape,
    });
}
