#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include "bare_ladder.hpp"

namespace obcore::bench {

// What the numbers of a state are made of, in ticks and lots.
struct BareState {
    static constexpr std::size_t depth = BareLadder::depth;

    struct Side {
        std::array<double, depth> ticks;
        std::array<double, depth> lots;
        double total;  // of the whole side
    };
    Side bid;
    Side ask;
};

// The standard vector of a state with at least ten levels a side, in plain doubles: the names
// and their order are those of FeatureSet("standard").
struct BareVector {
    static constexpr std::size_t size = 58;

    double tick_size;
    double lot_size;

    [[gnu::always_inline]] void compute(const BareState& state, double* out) const noexcept {
        const Sums bid(state.bid);
        const Sums ask(state.ask);
        const double mid_ticks = (state.bid.ticks[0] + state.ask.ticks[0]) * 0.5;
        const double spread_ticks = state.ask.ticks[0] - state.bid.ticks[0];
        const double mid = mid_ticks * tick_size;
        const double vwap_bid = bid.turnover / bid.ten * tick_size;
        const double vwap_ask = ask.turnover / ask.ten * tick_size;
        const double per_mid = 1.0 / mid_ticks;

        out[0] = mid;
        out[1] = spread_ticks * tick_size;
        out[2] = spread_ticks * per_mid;
        out[3] = std::log(mid);
        out[4] = bid.ten * lot_size;
        out[5] = ask.ten * lot_size;
        out[6] = (bid.ten + ask.ten) * lot_size;
        out[7] = (bid.ten - ask.ten) * lot_size;
        out[8] = bid.ten / ask.ten;
        out[9] = vwap_bid;
        out[10] = vwap_ask;
        out[11] = (vwap_bid + vwap_ask) * 0.5;
        out[12] = (state.bid.total - state.ask.total) / (state.bid.total + state.ask.total);
        out[13] = state.bid.lots[0] * lot_size;
        out[14] = state.ask.lots[0] * lot_size;
        out[15] = (state.bid.lots[0] - state.ask.lots[0]) * lot_size;
        out[16] = bid.five * lot_size;
        out[17] = ask.five * lot_size;
        levels(state.bid, mid_ticks, per_mid, out + 18);
        levels(state.ask, mid_ticks, per_mid, out + 38);
    }

private:
    struct Sums {
        double five = 0.0;
        double ten = 0.0;
        double turnover = 0.0;

        [[gnu::always_inline]] explicit Sums(const BareState::Side& side) noexcept {
            for (std::size_t i = 0; i < BareState::depth; ++i) {
                ten += side.lots[i];
                turnover += side.lots[i] * side.ticks[i];
                if (i == 4) five = ten;
            }
        }
    };

    [[gnu::always_inline]] void levels(const BareState::Side& side, double mid_ticks,
                                       double per_mid, double* out) const noexcept {
        for (std::size_t i = 0; i < BareState::depth; ++i) {
            out[2 * i] = (side.ticks[i] - mid_ticks) * per_mid;
            out[2 * i + 1] = side.lots[i] * lot_size;
        }
    }
};

}  // namespace obcore::bench
