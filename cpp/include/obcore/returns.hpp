#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "obcore/log_ratio.hpp"
#include "obcore/rolling.hpp"
#include "obcore/stateful.hpp"
#include "obcore/window.hpp"

// Logarithmic returns of the mid.
namespace obcore::returns {

// Twice the mid in ticks; 0 where there is none with a logarithm.
[[nodiscard]] inline std::int64_t twice_mid(const DepthView& view) noexcept {
    return view.one_sided() ? 0 : std::max<std::int64_t>(view.twice_mid(), 0);
}

// Throws where the mid does not fit the finer grid.
inline void rescale_twice(std::int64_t& mid, const Rescale& factors) {
    Level level{mid / 2, 0};
    factors.apply(level);
    mid *= factors.price;
}

// ln(now / then), taken from the exact difference.
[[nodiscard]] inline double log_return(std::int64_t then, std::int64_t now) noexcept {
    if (then == 0 || now == 0) return undefined;
    return then == now ? 0.0 : log_ratio(now, then);
}

// return(horizon).
class Return final : public SideBySide<Return> {
public:
    explicit Return(const Arguments& arguments)
        : horizon_(arguments.windows[0]), mids_(horizon_.limit() + 1) {}

    [[nodiscard]] double on_state(const Situation& now) override {
        const Mid mid{now.now, twice_mid(now.view)};
        if (mids_.full()) {
            mids_.recycle_front() = mid;
        } else {
            mids_.push_back(mid);
        }
        if (horizon_.is_timed()) {
            while (mids_.size() > 1 && is_old_enough(mids_[1], now)) mids_.pop_front();
        }
        return is_warm(now) ? log_return(mids_.front().twice, mid.twice) : undefined;
    }
    void reset() override { mids_.clear(); }
    [[nodiscard]] std::string missing(const Situation& now) const override {
        if (is_warm(now)) return {};
        if (horizon_.is_timed() && mids_.full()) {
            return "a horizon of at most " + std::to_string(mids_.limit()) + " states";
        }
        return horizon_.is_timed() ? "a state " + horizon_.text() + " ago"
                                   : std::to_string(mids_.size()) + " of " +
                                         std::to_string(mids_.limit()) + " states";
    }
    void rescale(const Rescale& factors) override {
        mids_.for_each([&](Mid& mid) { rescale_twice(mid.twice, factors); });
    }
    void save(StateWriter& out) const override { mids_.save(out); }
    void load(StateReader& in) override { mids_.load(in); }

private:
    struct Mid {
        Nanos time = absent;
        std::int64_t twice = 0;
    };

    [[nodiscard]] bool is_old_enough(const Mid& mid, const Situation& now) const noexcept {
        return elapsed(mid.time, now.now) >= horizon_.duration_ns;
    }
    [[nodiscard]] bool is_warm(const Situation& now) const noexcept {
        if (mids_.empty()) return false;
        return horizon_.is_timed() ? is_old_enough(mids_.front(), now) : mids_.full();
    }

    Window horizon_;
    Ring<Mid> mids_;
};

// realised_volatility(window): the root of the summed squared returns.
class RealisedVolatility final : public StatefulFeature {
public:
    explicit RealisedVolatility(const Arguments& arguments) : returns_(arguments.windows[0]) {}

    [[nodiscard]] double on_state(const Situation& now) override {
        const std::int64_t mid = twice_mid(now.view);
        if (now.number > 1) {
            const double change = log_return(before_, mid);
            count(change, 1);
            squares_.enter(change);
            returns_.push(now.now, change, [this](double left) {
                count(left, -1);
                squares_.leave(left);
            });
        }
        before_ = mid;
        if (!returns_.is_warm(now.first, now.now) || undefined_ > 0) return undefined;
        if (moves_ == 0) return 0.0;
        return std::sqrt(squares_.sums().sum.value());
    }
    void reset() override {
        returns_.clear();
        squares_ = {};
        before_ = 0;
        moves_ = undefined_ = 0;
    }
    [[nodiscard]] std::string missing(const Situation& now) const override {
        return returns_.missing(now.first, now.now);
    }
    void rescale(const Rescale& factors) override { rescale_twice(before_, factors); }
    void save(StateWriter& out) const override {
        returns_.save(out);
        out.put(squares_);
        out.put(before_);
        out.put(moves_);
        out.put(undefined_);
    }
    void load(StateReader& in) override {
        returns_.load(in);
        in.get(squares_);
        in.get(before_);
        in.get(moves_);
        in.get(undefined_);
    }

private:
    [[nodiscard]] static bool moves(double change) noexcept {
        return change != 0.0 && !std::isnan(change);
    }

    struct Squares {
        DoubleDouble sum;

        // The mid stands still at most states.
        void add(double x) noexcept {
            if (moves(x)) sum = sum + DoubleDouble(x).squared();
        }
        void remove(double x) noexcept {
            if (moves(x)) sum = sum - DoubleDouble(x).squared();
        }
    };

    void count(double change, int sign) noexcept {
        undefined_ += std::isnan(change) ? sign : 0;
        moves_ += moves(change) ? sign : 0;
    }

    Windowed<double> returns_;
    Renewed<Squares> squares_;
    std::int64_t before_ = 0;     // twice the mid of the state before
    std::int64_t moves_ = 0;      // returns in the window that are not 0
    std::int64_t undefined_ = 0;  // returns in the window without a value
};

}  // namespace obcore::returns
