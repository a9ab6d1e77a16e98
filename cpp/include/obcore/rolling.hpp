#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "obcore/double_double.hpp"
#include "obcore/moment_sums.hpp"
#include "obcore/saved_state.hpp"
#include "obcore/window.hpp"

namespace obcore {

// Sums over a moving window that do not drift: beside the sums that items enter and leave, a
// second set is begun anew and only ever added to; once all older items have left, it takes
// over. So no rounding error outlives two windows, at O(1) an item.
//
// Sums has add(x) and remove(x), and starts empty.
template <typename Sums>
class Renewed {
public:
    [[nodiscard]] const Sums& sums() const noexcept { return whole_; }

    template <typename... Item>
    void enter(const Item&... item) {
        whole_.add(item...);
        fresh_.add(item...);
        ++size_;
    }
    template <typename... Item>
    void leave(const Item&... item) {
        if (older_ == 0) {
            fresh_ = {};
            older_ = size_;
        }
        whole_.remove(item...);
        --size_;
        if (--older_ == 0) whole_ = fresh_;
    }

    template <typename Change>
    void for_each(Change&& change) {
        change(whole_);
        change(fresh_);
    }

private:
    Sums whole_;
    Sums fresh_;
    std::int64_t size_ = 0;
    std::int64_t older_ = 0;  // items in `whole_` that are not in `fresh_`
};

// The sum of whole numbers over a moving window, exact. `Number` has += and -=, and starts at
// 0.
template <typename Number>
class WindowSum {
public:
    explicit WindowSum(Window window) : numbers_(window) {}

    [[nodiscard]] std::size_t size() const noexcept {
        return is_last_state() ? std::size_t{has_last_} : numbers_.size();
    }

    // Takes the newest number in and returns the sum.
    [[nodiscard]] Number with(const Number& number, Nanos now) {
        if (is_last_state()) {
            has_last_ = true;
            return number;
        }
        sum_ += number;
        numbers_.push(now, number, [this](const Number& left) { sum_ -= left; });
        return sum_;
    }

    [[nodiscard]] bool is_warm(Nanos first, Nanos now) const noexcept {
        return is_last_state() ? has_last_ : numbers_.is_warm(first, now);
    }
    [[nodiscard]] std::string missing(Nanos first, Nanos now) const {
        return is_last_state() && has_last_ ? "" : numbers_.missing(first, now);
    }

    // The sum too.
    template <typename Change>
    void for_each(Change&& change) {
        change(sum_);
        numbers_.for_each(change);
    }

    void clear() noexcept {
        numbers_.clear();
        sum_ = {};
        has_last_ = false;
    }

    void save(StateWriter& out) const {
        numbers_.save(out);
        out.put(sum_);
        out.put(has_last_);
    }
    void load(StateReader& in) {
        numbers_.load(in);
        in.get(sum_);
        in.get(has_last_);
    }

private:
    // The usual window of order flow: nothing is kept for it.
    [[nodiscard]] bool is_last_state() const noexcept { return numbers_.window().states == 1; }

    Windowed<Number> numbers_;
    Number sum_{};
    bool has_last_ = false;
};

// Mean and sample standard deviation of a feature over a window, the present value included.
//
// Deviations from a value of the window itself, in doubled precision.
class Moments {
public:
    enum class Of : std::uint8_t { mean, deviation };  // the mean alone takes half the sums

    explicit Moments(Window window, Of what = Of::deviation)
        : values_(window), has_deviation_(what == Of::deviation) {}

    // Before the first value.
    void require_deviation() noexcept { has_deviation_ = true; }

    void push(Nanos now, double value) {
        mean_.reset();
        std_.reset();
        run_ = value == last_ ? run_ + 1 : 1;
        last_ = value;
        if (is_number(value)) {
            sums_.enter(value, has_deviation_);
        } else {
            ++undefined_;
        }
        values_.push(now, value, [this](double left) {
            if (is_number(left)) {
                sums_.leave(left, has_deviation_);
            } else {
                --undefined_;
            }
        });
    }

    [[nodiscard]] const Windowed<double>& window() const noexcept { return values_; }
    [[nodiscard]] std::int64_t undefined() const noexcept { return undefined_; }
    [[nodiscard]] bool is_defined(Nanos first, Nanos now) const noexcept {
        return undefined_ == 0 && values_.is_warm(first, now);
    }

    // The following only where is_defined().

    [[nodiscard]] DoubleDouble mean() const noexcept {
        if (!mean_) mean_ = work_out_mean();
        return *mean_;
    }
    // NaN for a single value; exactly 0 where all are equal.
    [[nodiscard]] double std() const noexcept {
        if (!std_) std_ = work_out_std();
        return *std_;
    }
    [[nodiscard]] double z_score() const noexcept {
        const double scale = std();
        if (scale == 0.0) return 0.0;
        return difference(last_, mean()).value() / scale;
    }

    void clear() noexcept {
        values_.clear();
        sums_ = {};
        mean_.reset();
        std_.reset();
        last_ = std::numeric_limits<double>::quiet_NaN();
        run_ = undefined_ = 0;
    }

    void save(StateWriter& out) const {
        values_.save(out);
        out.put(sums_);
        out.put(last_);
        out.put(run_);
        out.put(undefined_);
    }
    void load(StateReader& in) {
        mean_.reset();
        std_.reset();
        values_.load(in);
        in.get(sums_);
        in.get(last_);
        in.get(run_);
        in.get(undefined_);
    }

private:
    [[nodiscard]] DoubleDouble work_out_mean() const noexcept {
        if (are_equal()) return last_;
        return difference(sums_.first() / count(), -sums_.base());
    }
    [[nodiscard]] double work_out_std() const noexcept {
        if (values_.size() < 2) return std::numeric_limits<double>::quiet_NaN();
        if (are_equal()) return 0.0;
        const DoubleDouble scatter = sums_.second() - sums_.first().squared() / count();
        return std::sqrt(std::fmax(scatter.value(), 0.0) / (count() - 1.0));
    }

    [[nodiscard]] static bool is_number(double value) noexcept { return std::isfinite(value); }
    [[nodiscard]] bool are_equal() const noexcept {
        return std::cmp_greater_equal(run_, values_.size());
    }
    [[nodiscard]] double count() const noexcept { return static_cast<double>(values_.size()); }

    Windowed<double> values_;
    MomentSums sums_;
    bool has_deviation_;
    mutable std::optional<DoubleDouble> mean_;  // where somebody asked
    mutable std::optional<double> std_;
    double last_ = std::numeric_limits<double>::quiet_NaN();
    std::int64_t run_ = 0;        // newest values that are equal
    std::int64_t undefined_ = 0;  // NaN or infinite ones in the window
};

}  // namespace obcore
