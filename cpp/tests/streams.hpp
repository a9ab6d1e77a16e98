#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dice.hpp"
#include "obcore/feature_engine.hpp"

// States and trades as they might arrive: a book of few levels around a price that drifts, and
// trades whose times lie on both sides of those of the states around them.
class Stream {
public:
    obcore::Book book;
    obcore::TimedTrade trade;
    bool lacks_levels = true;  // now and then a side is short or empty
    bool lacks_times = true;   // now and then one of the clocks is

    explicit Stream(std::uint64_t seed) : dice_(seed) {
        book.grid = {obcore::Step::from_text("0.1"), obcore::Step::from_text("0.001")};
    }

    // True where the book shows a new state, false where a trade came.
    bool next() {
        now_ += dice_.one_in(4) ? 0 : dice_.below(20) * millisecond;
        const bool is_state = !dice_.one_in(3);
        if (is_state) {
            next_state();
        } else {
            next_trade();
        }
        return is_state;
    }

    // Up to the next state, for who wants no trades.
    void next_state() {
        middle_ += dice_.around(1);
        fill(bids_, -1);
        fill(asks_, 1);
        book.replace(bids_, asks_);
        const obcore::Times times = around_now();
        book.ts_event_ns = times.ts_event_ns;
        book.ts_recv_ns = times.ts_recv_ns;
        now_ += millisecond;
    }

    // Either, shown to all of these engines.
    template <typename... Engines>
    bool show_next(Engines&... engines) {
        const bool is_state = next();
        (show(engines, is_state), ...);
        return is_state;
    }
    void show(obcore::FeatureEngine& engine, bool is_state) const {
        if (is_state) {
            engine.on_state(book);
        } else {
            engine.on_trade(trade);
        }
    }

private:
    static constexpr obcore::Nanos millisecond = 1'000'000;

    void next_trade() {
        using obcore::Side;
        trade.trade.price = middle_ + dice_.around(3);
        trade.trade.size = 1 + dice_.below(1'000);
        trade.trade.taker = dice_.one_in(2) ? Side::bid : Side::ask;
        trade.times = around_now();
    }

    [[nodiscard]] obcore::Times around_now() {
        obcore::Times times{now_ + dice_.around(3) * millisecond, now_ + 3 * millisecond};
        if (lacks_times && dice_.one_in(9)) times.ts_event_ns = obcore::absent;
        if (lacks_times && times.ts_event_ns != obcore::absent && dice_.one_in(9)) {
            times.ts_recv_ns = obcore::absent;
        }
        return times;
    }

    void fill(std::vector<obcore::Level>& levels, int away) {
        levels.clear();
        const bool is_calm = fills_++ % 4'000 >= 1'000;  // long enough for a window to be full
        if (lacks_levels && !is_calm && dice_.one_in(30)) return;
        const std::int64_t count = lacks_levels ? 1 + dice_.below(12) : 12;
        obcore::Ticks price = middle_;
        for (std::int64_t i = 0; i < count; ++i) {
            price += away * (1 + (dice_.one_in(4) ? dice_.below(3) : 0));
            levels.push_back({price, 1 + dice_.below(dice_.one_in(2) ? 3 : 100'000)});
        }
    }

    Dice dice_;
    obcore::Nanos now_ = 1'790'000'000'000'000'000;
    obcore::Ticks middle_ = 650'000;
    std::int64_t fills_ = 0;
    std::vector<obcore::Level> bids_;
    std::vector<obcore::Level> asks_;
};

inline std::vector<double> values_of(obcore::FeatureEngine& engine, const obcore::Book& book) {
    std::vector<double> values(engine.size());
    engine.fill(book, values);
    return values;
}

// The same bits, or both undefined.
inline bool is_same(double a, double b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
           (std::isnan(a) && std::isnan(b));
}
inline bool are_same(const std::vector<double>& a, const std::vector<double>& b) {
    bool same = a.size() == b.size();
    for (std::size_t i = 0; same && i < a.size(); ++i) same = is_same(a[i], b[i]);
    return same;
}

// To `tolerance`, of the size of the number where that is above 1; or both undefined.
inline bool is_near(double a, double b, double tolerance = 1e-12) {
    return (std::isnan(a) && std::isnan(b)) ||
           std::abs(a - b) <= tolerance * std::fmax(1.0, std::abs(b));
}
