#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

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
    // What is left of a weight after one more push: nine tenths.
    static constexpr DoubleDouble keep{0.9, -0x1.999999999999ap-56};

    void push(DoubleDouble value) noexcept {
        sum_ = sum_ * keep + value;
        size_ = size_ * keep.value() + std::abs(value.value());
        weight_ = weight_ * keep + 1.0;
    }
    // Adds to the value that was pushed last.
    void amend(DoubleDouble by) noexcept {
        sum_ = sum_ + by;
        size_ += std::abs(by.value());
    }
    // After the first push.
    [[nodiscard]] DoubleDouble mean() const noexcept {
        return without_noise(sum_, size_) / weight_;
    }

    void scale(double factor) noexcept {
        sum_ = sum_ * factor;
        size_ *= factor;
    }

private:
    DoubleDouble sum_;
    DoubleDouble weight_;
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
        said_.reset();
        Taker& taker = takers_[index(seen.trade.taker)];
        const bool joins = taker.merged > 0 && seen.times.best() <= taker.time;
        const Int128 lots = seen.trade.size;
        const Int128 signed_lots = seen.trade.taker == Side::bid ? lots : -lots;
        if (joins) {
            taker.lots.amend(lots);
            signed_lots_.amend(DoubleDouble(signed_lots) * taker.weight);
            return;
        }
        if (taker.merged > 0) {
            taker.interval.push(Int128{elapsed(taker.time, seen.times.best())});
        }
        taker.lots.push(lots);
        taker.time = seen.times.best();
        ++taker.merged;
        signed_lots_.push(signed_lots);
        for (Taker& other : takers_) other.weight = other.weight * Ewm::keep;
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
        return said().interval_ns[index(side)];
    }
    [[nodiscard]] DoubleDouble lots(Side side) const noexcept {
        return said().lots[index(side)];
    }
    [[nodiscard]] DoubleDouble signed_lots() const noexcept { return said().signed_lots; }

    // Of the two sides' rates and volumes; from the second merged trade of each side on. Rates
    // are inverse intervals: (1/b − 1/s) / (1/b + 1/s) = (s − b) / (s + b).
    [[nodiscard]] DoubleDouble rate_imbalance() const noexcept { return said().rate_imbalance; }
    [[nodiscard]] DoubleDouble volume_imbalance() const noexcept {
        return said().volume_imbalance;
    }

    // Merged trades seen, at most as many as the mean price takes.
    [[nodiscard]] std::size_t prices() const noexcept { return merged_prices_; }
    // ln of the last merged price over the mean of the last forty; NaN before there are forty.
    [[nodiscard]] double price_momentum() const noexcept { return said().price_momentum; }

    // (a − b) / (a + b); 0 where both are 0, or equal as far as their digits tell.
    [[nodiscard]] static DoubleDouble balance(DoubleDouble a, DoubleDouble b) noexcept {
        const DoubleDouble sum = a + b;
        return sum.value() == 0.0 ? DoubleDouble() : difference(a, b) / sum;
    }

    void rescale(const Rescale& factors) {
        obcore::rescale(last_.trade, factors);
        said_.reset();
        for (Taker& taker : takers_) taker.lots.scale(static_cast<double>(factors.size));
        signed_lots_.scale(static_cast<double>(factors.size));
        for (Ticks& price : prices_) {
            Level level{price, 0};
            factors.apply(level);
            price = level.price;
        }
        price_sum_ *= factors.price;
    }

    void save(StateWriter& out) const {
        out.put(last_);
        out.put(takers_);
        out.put(signed_lots_);
        out.put(prices_);
        out.put(newest_);
        out.put(merged_prices_);
        out.put(price_sum_);
    }
    void load(StateReader& in) {
        said_.reset();
        in.get(last_);
        in.get(takers_);
        in.get(signed_lots_);
        in.get(prices_);
        in.get(newest_);
        in.get(merged_prices_);
        in.get(price_sum_);
    }

private:
    // What follows from the trades so far, for a dozen formulas.
    struct Said {
        std::array<DoubleDouble, 2> interval_ns;
        std::array<DoubleDouble, 2> lots;
        DoubleDouble signed_lots;
        DoubleDouble rate_imbalance;
        DoubleDouble volume_imbalance;
        double price_momentum;
    };

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

    // Worked out where somebody asks: trades come in bursts, of which only the last is asked.
    [[nodiscard]] const Said& said() const noexcept {
        if (!said_) said_ = work_out();
        return *said_;
    }

    [[nodiscard]] Said work_out() const noexcept {
        const DoubleDouble buy_interval = takers_[0].interval.mean();
        const DoubleDouble sell_interval = takers_[1].interval.mean();
        const DoubleDouble buy_lots = takers_[0].lots.mean();
        const DoubleDouble sell_lots = takers_[1].lots.mean();
        return {{buy_interval, sell_interval},
                {buy_lots, sell_lots},
                signed_lots_.mean(),
                balance(sell_interval, buy_interval),
                balance(buy_lots * sell_interval, sell_lots * buy_interval),
                momentum()};
    }

    [[nodiscard]] double momentum() const noexcept {
        constexpr auto n = static_cast<std::int64_t>(prices_averaged);
        const bool one_sign =
            (price_sum_ > 0 && newest_price() > 0) || (price_sum_ < 0 && newest_price() < 0);
        if (merged_prices_ < prices_averaged || !one_sign) {
            return std::numeric_limits<double>::quiet_NaN();
        }
        return log_ratio(Int128{newest_price()} * n, price_sum_);
    }

    TimedTrade last_;
    std::array<Taker, 2> takers_;
    Ewm signed_lots_;
    std::array<Ticks, prices_averaged> prices_{};  // a ring
    std::size_t newest_ = 0;
    std::size_t merged_prices_ = 0;
    Int128 price_sum_ = 0;
    mutable std::optional<Said> said_;  // none where trades came since
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
