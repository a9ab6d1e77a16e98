#pragma once

#include <cstddef>

#include "obcore/double_double.hpp"

namespace obcore {

// Two DoubleDoubles side by side: what is done to both takes the steps of one. Each has the
// bits that it would have alone.
class DoubleDoublePair {
public:
    // Two doubles, in one register where the machine has such; arithmetic is lane by lane.
    using Lanes [[gnu::vector_size(16)]] = double;

    DoubleDoublePair() = default;
    DoubleDoublePair(DoubleDouble first, DoubleDouble second)
        : high_{first.high, second.high}, low_{first.low, second.low} {}

    [[nodiscard]] DoubleDouble operator[](std::size_t i) const noexcept {
        return {high_[i], low_[i]};
    }
    void set(std::size_t i, DoubleDouble value) noexcept {
        high_[i] = value.high;
        low_[i] = value.low;
    }

    // Of two pairs of doubles, exact.
    [[nodiscard]] static DoubleDoublePair exact_sum(Lanes a, Lanes b) noexcept {
        return two_sum(a, b);
    }
    [[gnu::always_inline]] friend DoubleDoublePair operator+(
        const DoubleDoublePair& a, const DoubleDoublePair& b) noexcept {
        const DoubleDoublePair sum = two_sum(a.high_, b.high_);
        const DoubleDoublePair rest = two_sum(a.low_, b.low_);
        const DoubleDoublePair first = fast_two_sum(sum.high_, sum.low_ + rest.high_);
        return fast_two_sum(first.high_, first.low_ + rest.low_);
    }

private:
    DoubleDoublePair(Lanes high, Lanes low) : high_(high), low_(low) {}

    [[nodiscard]] static DoubleDoublePair two_sum(Lanes a, Lanes b) noexcept {
        const Lanes sum = a + b;
        const Lanes part = sum - a;
        return {sum, (a - (sum - part)) + (b - part)};
    }
    // For |a| >= |b|.
    [[nodiscard]] static DoubleDoublePair fast_two_sum(Lanes a, Lanes b) noexcept {
        const Lanes sum = a + b;
        return {sum, b - (sum - a)};
    }

    Lanes high_{};
    Lanes low_{};
};

}  // namespace obcore
