#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "obcore/double_double.hpp"
#include "obcore/event.hpp"
#include "obcore/log_ratio.hpp"
#include "obcore/ring.hpp"
#include "obcore/saved_state.hpp"
#include "obcore/units.hpp"
#include "obcore/window.hpp"

namespace obcore {

// When something happened, on the venue's clock and on ours.
struct Times {
    Nanos ts_event_ns = absent;
    Nanos ts_recv_ns = absent;

    // The venue's where it is told.
    [[nodiscard]] Nanos best() const noexcept {
        return ts_event_ns != absent ? ts_event_ns : ts_recv_ns;
    }

    [[nodiscard]] bool shares_clock(const Times& other) const noexcept {
        return both(ts_event_ns, other.ts_event_ns) || both(ts_recv_ns, other.ts_recv_ns);
    }

    // Strictly, on every clock that both carry: by receive order alone, a state that already
    // contains a trade's own effect can come before the trade, and the other way round.
    [[nodiscard]] bool before(const Times& other) const noexcept {
        return (!both(ts_event_ns, other.ts_event_ns) || ts_event_ns < other.ts_event_ns) &&
               (!both(ts_recv_ns, other.ts_recv_ns) || ts_recv_ns < other.ts_recv_ns);
    }
    [[nodiscard]] bool not_after(const Times& other) const noexcept {
        return (!both(ts_event_ns, other.ts_event_ns) || ts_event_ns <= other.ts_event_ns) &&
               (!both(ts_recv_ns, other.ts_recv_ns) || ts_recv_ns <= other.ts_recv_ns);
    }

private:
    [[nodiscard]] static bool both(Nanos a, Nanos b) noexcept {
        return a != absent && b != absent;
    }
};

// A trade and when it happened.
struct TimedTrade {
    Trade trade;
    Times times;
};

// Exponentially weighted mean Σ 0.9^(n−i) x_i / Σ 0.9^(n−i): alpha 0.1, weights corrected for
// the start.
class Ewm {
public:
    void push(DoubleDouble value) noexcept {
        sum_ = sum_ * keep() + value;
        size_ = size_ * keep().value() + std::abs(value.value());
        weight_ = weight_ * keep() + 1.0;
        settle();
    }
    // Adds to a value that was pushed; `weight` is what has become of its weight of 1.
    void amend(DoubleDouble by, DoubleDouble weight = 1.0) noexcept {
        sum_ = sum_ + by * weight;
        size_ += std::abs((by * weight).value());
        settle();
    }
    // After the first push.
    [[nodiscard]] DoubleDouble mean() const noexcept { return mean_; }

    void scale(double factor) noexcept {
        sum_ = sum_ * factor;
        size_ *= factor;
        settle();
    }

    [[nodiscard]] static DoubleDouble keep() noexcept { return DoubleDouble(9.0) / 10.0; }

private:
    // Trades are rarer than the questions about them.
    void settle() noexcept {
        if (weight_.value() > 0.0) mean_ = without_noise(sum_, size_) / weight_;
    }

    DoubleDouble sum_;
    DoubleDouble weight_;
    DoubleDouble mean_;
    double size_ = 0.0;  // the sum without signs, to tell what is left of it from nothing
};

// Who trades, how often and how much: the tape so far, merged into sweeps.
//
// A trade that is not later than the last merged one of its side joins it: a sweep through
// several levels, or through several makers, is one. It keeps the price and the time of its
// first trade.
class TradeFlow {
public:
    static constexpr std::size_t prices_averaged = 40;

    void see(const TimedTrade& seen) { see(seen, seen); }

    // Several trades at once, that are merged already, and the last of them.
    void see(const TimedTrade& seen, const TimedTrade& last) {
        last_ = last;
        Taker& taker = takers_[index(seen.trade.taker)];
        const bool joins = taker.merged > 0 && seen.times.best() <= taker.time;
        const Int128 lots = seen.trade.size;
        const Int128 signed_lots = seen.trade.taker == Side::bid ? lots : -lots;
        if (joins) {
            taker.lots.amend(lots);
            signed_lots_.amend(signed_lots, taker.weight);
            return;
        }
        if (taker.merged > 0) {
            taker.interval.push(Int128{elapsed(taker.time, seen.times.best())});
        }
        taker.lots.push(lots);
        taker.time = seen.times.best();
        ++taker.merged;
        signed_lots_.push(signed_lots);
        for (Taker& other : takers_) other.weight = other.weight * Ewm::keep();
        taker.weight = 1.0;
        remember(seen.trade.price);
    }

    [[nodiscard]] std::int64_t merged(Side side) const noexcept {
        return takers_[index(side)].merged;
    }
    [[nodiscard]] bool has_trade() const noexcept { return merged_prices_ > 0; }
    [[nodiscard]] const TimedTrade& last() const noexcept { return last_; }

    // Mean time between merged trades, in ns; from the second on.
    [[nodiscard]] DoubleDouble interval_ns(Side side) const noexcept {
        return takers_[index(side)].interval.mean();
    }
    [[nodiscard]] DoubleDouble lots(Side side) const noexcept {
        return takers_[index(side)].lots.mean();
    }
    [[nodiscard]] DoubleDouble signed_lots() const noexcept { return signed_lots_.mean(); }

    // Merged trades seen, at most as many as the mean price takes.
    [[nodiscard]] std::size_t prices() const noexcept { return merged_prices_; }
    // ln of the last merged price over the mean of the last forty; NaN before there are forty.
    [[nodiscard]] double price_momentum() const noexcept {
        const auto n = static_cast<std::int64_t>(prices_averaged);
        const bool one_sign =
            (price_sum_ > 0 && newest_price() > 0) || (price_sum_ < 0 && newest_price() < 0);
        if (merged_prices_ < prices_averaged || !one_sign) {
            return std::numeric_limits<double>::quiet_NaN();
        }
        return log_ratio(Int128{newest_price()} * n, price_sum_);
    }

    void rescale(const Rescale& factors) {
        obcore::rescale(last_.trade, factors);
        for (Taker& taker : takers_) taker.lots.scale(static_cast<double>(factors.size));
        signed_lots_.scale(static_cast<double>(factors.size));
        for (Ticks& price : prices_) {
            Level level{price, 0};
            factors.apply(level);
            price = level.price;
        }
        price_sum_ *= factors.price;
    }

private:
    struct Taker {
        std::int64_t merged = 0;
        Nanos time = absent;  // of the last merged trade
        Ewm interval;
        Ewm lots;
        DoubleDouble weight;  // of the last merged trade in the signed mean
    };

    [[nodiscard]] static std::size_t index(Side side) noexcept {
        return side == Side::bid ? 0 : 1;
    }

    void remember(Ticks price) noexcept {
        newest_ = (newest_ + 1) % prices_averaged;
        price_sum_ += Int128{price} - prices_[newest_];
        prices_[newest_] = price;
        if (merged_prices_ < prices_averaged) ++merged_prices_;
    }
    [[nodiscard]] Ticks newest_price() const noexcept { return prices_[newest_]; }

    TimedTrade last_;
    std::array<Taker, 2> takers_;
    Ewm signed_lots_;
    std::array<Ticks, prices_averaged> prices_{};  // a ring
    std::size_t newest_ = 0;
    std::size_t merged_prices_ = 0;
    Int128 price_sum_ = 0;
};

// Trades that have arrived and wait until a state is later than they are.
//
// First in, first out: one that is not before the state holds back those behind it. Bounded:
// where more wait, the oldest are seen early, in order of arrival. That leaks nothing unless
// the next state is older than they are, which leaks_at() tells.
class TradeQueue {
public:
    static constexpr std::size_t max_waiting = std::size_t{1} << 16;

    enum class Rule : std::uint8_t {
        strictly_before,
        not_after,  // the article's: may contain the state's own cause
    };

    explicit TradeQueue(Rule rule) : rule_(rule) {}

    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

    template <typename See>
    void arrive(const TimedTrade& trade, See&& see) {
        if (waiting_.full()) {
            const TimedTrade& oldest = waiting_.front();
            early_.ts_event_ns = std::max(early_.ts_event_ns, oldest.times.ts_event_ns);
            early_.ts_recv_ns = std::max(early_.ts_recv_ns, oldest.times.ts_recv_ns);
            see(oldest);
            waiting_.pop_front();
        }
        waiting_.push_back(trade);
    }

    // Whether a trade was seen that is not before this state.
    [[nodiscard]] bool leaks_at(const Times& state) const noexcept {
        return early_.best() != absent && !is_visible(early_, state);
    }

    // Hands over what is before the state: in order of arrival, but at one time buyers first.
    template <typename See>
    void release(const Times& state, See&& see) {
        early_ = {};
        while (!waiting_.empty() && is_visible(waiting_.front().times, state)) {
            const std::size_t run = visible_at_one_time(state);
            for (const Side side : {Side::bid, Side::ask}) {
                for (std::size_t i = 0; i < run; ++i) {
                    if (waiting_[i].trade.taker == side) see(waiting_[i]);
                }
            }
            for (std::size_t i = 0; i < run; ++i) waiting_.pop_front();
        }
    }

    void rescale(const Rescale& factors) {
        waiting_.for_each([&](TimedTrade& trade) { obcore::rescale(trade.trade, factors); });
    }

    void clear() noexcept {
        waiting_.clear();
        early_ = {};
    }

    void save(StateWriter& out) const {
        waiting_.save(out);
        out.put(early_);
    }
    void load(StateReader& in) {
        waiting_.load(in);
        in.get(early_);
    }

private:
    [[nodiscard]] bool is_visible(const Times& trade, const Times& state) const noexcept {
        return rule_ == Rule::strictly_before ? trade.before(state) : trade.not_after(state);
    }

    [[nodiscard]] std::size_t visible_at_one_time(const Times& state) const noexcept {
        const Nanos time = waiting_.front().times.best();
        std::size_t run = 1;
        while (run < waiting_.size() && waiting_[run].times.best() == time &&
               is_visible(waiting_[run].times, state)) {
            ++run;
        }
        return run;
    }

    Rule rule_;
    Ring<TimedTrade> waiting_{max_waiting};
    Times early_;  // the newest that were seen before a state asked for them
};

}  // namespace obcore
