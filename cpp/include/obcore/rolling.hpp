#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "obcore/double_double.hpp"
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

    template <typename Item>
    void enter(const Item& item) {
        whole_.add(item);
        fresh_.add(item);
        ++size_;
    }
    template <typename Item>
    void leave(const Item& item) {
        if (older_ == 0) {
            fresh_ = {};
            older_ = size_;
        }
        whole_.remove(item);
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

// Mean and sample standard deviation of a feature over a window, the present value included.
//
// Deviations from a value of the window itself, in doubled precision: a price of 65,000 that
// moves by a tick keeps its digits.
class Moments {
public:
    explicit Moments(Window window) : values_(window) {}

    void push(Nanos now, double value) {
        run_ = value == last_ ? run_ + 1 : 1;
        last_ = value;
        if (is_number(value)) {
            sums_.enter(value);
        } else {
            ++undefined_;
        }
        values_.push(now, value, [this](double left) {
            if (is_number(left)) {
                sums_.leave(left);
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
        if (are_equal()) return last_;
        const Sums& sums = sums_.sums();
        const DoubleDouble from_base = sums.first / count();
        return difference(from_base, -sums.base);
    }
    // NaN for a single value; exactly 0 where all are equal.
    [[nodiscard]] double std() const noexcept {
        if (values_.size() < 2) return std::numeric_limits<double>::quiet_NaN();
        if (are_equal()) return 0.0;
        const Sums& sums = sums_.sums();
        const DoubleDouble scatter = sums.second - sums.first * sums.first / count();
        return std::sqrt(std::fmax(scatter.value(), 0.0) /
                         static_cast<double>(values_.size() - 1));
    }
    [[nodiscard]] double z_score() const noexcept {
        const double scale = std();
        if (scale == 0.0) return 0.0;
        return difference(last_, mean()).value() / scale;
    }

    void clear() noexcept {
        values_.clear();
        sums_ = {};
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
        values_.load(in);
        in.get(sums_);
        in.get(last_);
        in.get(run_);
        in.get(undefined_);
    }

private:
    struct Sums {
        double base = 0.0;
        bool empty = true;
        DoubleDouble first;   // Σ (x − base)
        DoubleDouble second;  // Σ (x − base)²

        void add(double x) noexcept {
            if (empty) base = x;
            empty = false;
            const DoubleDouble deviation = DoubleDouble(x) - base;
            first = first + deviation;
            second = second + deviation * deviation;
        }
        void remove(double x) noexcept {
            const DoubleDouble deviation = DoubleDouble(x) - base;
            first = first - deviation;
            second = second - deviation * deviation;
        }
    };

    [[nodiscard]] static bool is_number(double value) noexcept { return std::isfinite(value); }
    [[nodiscard]] bool are_equal() const noexcept {
        return std::cmp_greater_equal(run_, values_.size());
    }
    [[nodiscard]] double count() const noexcept { return static_cast<double>(values_.size()); }

    Windowed<double> values_;
    Renewed<Sums> sums_;
    double last_ = std::numeric_limits<double>::quiet_NaN();
    std::int64_t run_ = 0;        // newest values that are equal
    std::int64_t undefined_ = 0;  // NaN or infinite ones in the window
};

}  // namespace obcore
