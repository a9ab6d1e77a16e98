#pragma once

#include <cstddef>
#include <cstdint>

#include "obcore/double_double.hpp"
#include "obcore/double_double_pair.hpp"

namespace obcore {

// Σ (x − base) and Σ (x − base)² over a moving window, for a base that the window held: a price
// of 65,000 that moves by a tick keeps its digits.
//
// They do not drift: beside the sums that items enter and leave, a second set is begun anew and
// only ever added to; once all older items have left, it takes over. So no rounding error
// outlives two windows, at O(1) an item. As Renewed, with both sets side by side.
class MomentSums {
public:
    // Without `squares`, second() means nothing.
    void enter(double x, bool squares) noexcept {
        if (empty_ != 0) [[unlikely]]
            choose_base(x);
        const auto deviation = DoubleDoublePair::exact_sum(Lanes{x, x}, -base_);
        first_ = first_ + deviation;
        if (squares) {
            const DoubleDoublePair square(deviation[whole].squared(),
                                          deviation[fresh].squared());
            second_ = second_ + square;
        }
        ++size_;
    }
    void leave(double x, bool squares) noexcept {
        if (older_ == 0) {
            begin_anew();
            older_ = size_;
        }
        const auto deviation = DoubleDouble::exact_sum(x, -base_[whole]);
        first_.set(whole, first_[whole] - deviation);
        if (squares) second_.set(whole, second_[whole] - deviation.squared());
        --size_;
        if (--older_ == 0) take_over();
    }

    [[nodiscard]] double base() const noexcept { return base_[whole]; }
    [[nodiscard]] DoubleDouble first() const noexcept { return first_[whole]; }
    [[nodiscard]] DoubleDouble second() const noexcept { return second_[whole]; }

private:
    using Lanes = DoubleDoublePair::Lanes;
    static constexpr std::size_t whole = 0;
    static constexpr std::size_t fresh = 1;

    void choose_base(double x) noexcept {
        if ((empty_ >> whole & 1U) != 0) base_[whole] = x;
        if ((empty_ >> fresh & 1U) != 0) base_[fresh] = x;
        empty_ = 0;
    }
    void begin_anew() noexcept {
        base_[fresh] = 0.0;
        first_.set(fresh, {});
        second_.set(fresh, {});
        empty_ |= 1U << fresh;
    }
    void take_over() noexcept {
        base_[whole] = base_[fresh];
        first_.set(whole, first_[fresh]);
        second_.set(whole, second_[fresh]);
        empty_ = (empty_ >> fresh & 1U) * (1U << whole | 1U << fresh);
    }

    Lanes base_{};
    DoubleDoublePair first_;
    DoubleDoublePair second_;
    std::int64_t size_ = 0;
    std::int64_t older_ = 0;   // items in the whole that are not in the fresh
    std::uint64_t empty_ = 3;  // one bit a set: it has had no item yet
};

}  // namespace obcore
