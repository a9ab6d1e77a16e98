#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "obcore/decimal.hpp"
#include "obcore/event.hpp"
#include "obcore/horizon.hpp"
#include "obcore/ladder.hpp"
#include "obcore/touch.hpp"
#include "obcore/units.hpp"

namespace obcore {

// How far a book can be trusted.
enum class BookState : std::uint8_t {
    empty,       // nothing was loaded yet
    buffering,   // deltas wait for a snapshot that joins them, or a snapshot for its proof
    synced,      // proved by the venue's ids
    unverified,  // complete by the format's word, which has no ids
    stale,       // complete once; `reason` says why no longer
    gap,         // deltas are missing since `reason`
};

[[nodiscard]] constexpr const char* to_string(BookState state) noexcept {
    switch (state) {
        case BookState::empty:
            return "EMPTY";
        case BookState::buffering:
            return "BUFFERING";
        case BookState::synced:
            return "SYNCED";
        case BookState::unverified:
            return "UNVERIFIED";
        case BookState::stale:
            return "STALE";
        case BookState::gap:
            return "GAP";
    }
    return "?";
}

// Whether a book is one that decisions may be taken on.
[[nodiscard]] constexpr bool is_trusted(BookState state) noexcept {
    return state == BookState::synced || state == BookState::unverified;
}

// A level from outside the decoders, before a book may have it.
inline void check_level(const Level& level, const Grid& grid, const Where& where) {
    const auto& [price, size] = level;
    if (size < 0) {
        throw DecodeError(where.text("size"), "0 or more lots", std::to_string(size));
    }
    if (price > max_price_ticks || price < -max_price_ticks) {
        throw DecodeError(where.text("price"), "at most 2^60 ticks", std::to_string(price));
    }
    if (price <= 0 && !grid.nonpositive_prices) {
        throw DecodeError(where.text("price"), "more than 0 ticks", std::to_string(price));
    }
}

inline void check_levels(std::span<const Level> levels, const Grid& grid,
                         std::string_view field) {
    for (std::size_t i = 0; i < levels.size(); ++i) check_level(levels[i], grid, {field, i});
}

// An L2 book: what rests on both sides, when, and whether that is proved.
//
// Prices and sizes are counts of the grid's ticks and lots. Applying validated levels cannot
// fail, which is what makes a message all or nothing. Not thread-safe.
struct Book {
    Ladder<Side::bid> bids;
    Ladder<Side::ask> asks;
    Grid grid;

    BookState state = BookState::empty;
    std::string reason = "nothing was loaded";
    Nanos ts_event_ns = absent;  // of the last message applied
    Nanos ts_recv_ns = absent;
    Sequence sequence = absent;  // final update id of the last message applied
    Horizon horizon;             // behind it levels may be missing

    void replace(std::span<const Level> bid_levels, std::span<const Level> ask_levels) {
        bids.assign(bid_levels);
        asks.assign(ask_levels);
    }

    void update(std::span<const Level> bid_levels, std::span<const Level> ask_levels) {
        for (const Level& level : bid_levels) bids.set(level);
        for (const Level& level : ask_levels) asks.set(level);
    }

    // Moves every level onto a finer grid, all of them or none.
    void rescale(const Rescale& factors) {
        const std::vector<Level> finer_bids = rescaled(bids, factors);
        const std::vector<Level> finer_asks = rescaled(asks, factors);
        const Horizon finer{rescaled(horizon.bid, factors), rescaled(horizon.ask, factors)};
        replace(finer_bids, finer_asks);
        horizon = finer;
    }

    void clear() noexcept {
        bids.clear();
        asks.clear();
        horizon = {};
        sequence = ts_event_ns = ts_recv_ns = absent;
    }

    // Keeps the best levels of each side alone, where a venue does so without a word.
    void cut(std::size_t depth) {
        cut(bids, depth);
        cut(asks, depth);
    }

    // Whether the best `levels` of both sides are all there: the sides have so many within the
    // horizon, or came whole.
    [[nodiscard]] bool is_complete_to(std::size_t levels) const noexcept {
        if (levels == 0) return true;
        const auto bid = bids.at(levels - 1);
        const auto ask = asks.at(levels - 1);
        return (bid ? horizon.covers_bid(bid->price) : horizon.bid == absent) &&
               (ask ? horizon.covers_ask(ask->price) : horizon.ask == absent);
    }

    // None while a side is empty.
    [[nodiscard]] std::optional<Touch> touch() const noexcept {
        const auto bid = bids.best();
        const auto ask = asks.best();
        if (!bid || !ask) return std::nullopt;
        return Touch{*bid, *ask};
    }

    // Ask minus bid in ticks; negative while crossed. None while a side is empty.
    [[nodiscard]] std::optional<Ticks> spread() const noexcept {
        const auto best = touch();
        if (!best) return std::nullopt;
        return best->ask.price - best->bid.price;
    }
    [[nodiscard]] bool is_crossed() const noexcept { return spread().value_or(1) < 0; }
    [[nodiscard]] bool is_locked() const noexcept { return spread().value_or(1) == 0; }

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        return bids.memory_usage() + asks.memory_usage() + reason.capacity();
    }

private:
    template <Side side>
    static void cut(Ladder<side>& ladder, std::size_t depth) {
        while (const auto behind = ladder.at(depth)) ladder.set({behind->price, 0});
    }

    [[nodiscard]] static Ticks rescaled(Ticks price, const Rescale& factors) {
        if (price == absent) return absent;
        Level edge{price, 0};
        factors.apply(edge);
        return edge.price;
    }
    template <Side side>
    [[nodiscard]] static std::vector<Level> rescaled(const Ladder<side>& ladder,
                                                     const Rescale& factors) {
        std::vector<Level> levels(ladder.count());
        ladder.top(levels);
        for (Level& level : levels) factors.apply(level);
        return levels;
    }
};

}  // namespace obcore
