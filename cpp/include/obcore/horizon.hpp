#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "obcore/units.hpp"

namespace obcore {

// How deep a snapshot lets a book be trusted: behind the last level that it told, nothing is
// known but what has changed since.
struct Horizon {
    Ticks bid = absent;  // absent: that side came whole
    Ticks ask = absent;

    friend bool operator==(const Horizon&, const Horizon&) = default;

    [[nodiscard]] bool covers_bid(Ticks price) const noexcept {
        return bid == absent || price >= bid;
    }
    [[nodiscard]] bool covers_ask(Ticks price) const noexcept {
        return ask == absent || price <= ask;
    }
};

// Tells when the market has come halfway to the horizon of its snapshot, so that a new one is
// needed.
class HorizonWatch {
public:
    // The levels of a snapshot, in any order; the horizon that they have.
    Horizon load(std::span<const Level> bids, std::span<const Level> asks) noexcept {
        Horizon horizon;
        bid_is_near_below_ = ask_is_near_above_ = absent;
        const auto by_price = [](const Level& a, const Level& b) { return a.price < b.price; };
        if (is_cut_off(bids.size())) {
            const auto [low, high] = std::ranges::minmax_element(bids, by_price);
            horizon.bid = low->price;
            bid_is_near_below_ = low->price + (high->price - low->price) / 2;
        }
        if (is_cut_off(asks.size())) {
            const auto [low, high] = std::ranges::minmax_element(asks, by_price);
            horizon.ask = high->price;
            ask_is_near_above_ = high->price - (high->price - low->price) / 2;
        }
        return horizon;
    }

    [[nodiscard]] bool is_near(const std::optional<Level>& bid,
                               const std::optional<Level>& ask) const noexcept {
        return (bid_is_near_below_ != absent && bid && bid->price < bid_is_near_below_) ||
               (ask_is_near_above_ != absent && ask && ask->price > ask_is_near_above_);
    }

    // Onto a grid that the horizon itself fits, and so what lies before it.
    void rescale(std::int64_t factor) noexcept {
        for (Ticks* const bound : {&bid_is_near_below_, &ask_is_near_above_}) {
            // Where it does not fit, nobody will come near it.
            if (*bound != absent && __builtin_mul_overflow(*bound, factor, bound)) {
                *bound = absent;
            }
        }
    }

private:
    // A side that holds exactly as many levels as a venue lets one ask for was probably cut off
    // there. Where it was whole all the same, a refresh too many is asked for and nothing
    // worse.
    [[nodiscard]] static bool is_cut_off(std::size_t levels) noexcept {
        constexpr std::array<std::size_t, 8> limits{5, 10, 20, 50, 100, 500, 1000, 5000};
        return std::ranges::find(limits, levels) != limits.end();
    }

    Ticks bid_is_near_below_ = absent;
    Ticks ask_is_near_above_ = absent;
};

}  // namespace obcore
