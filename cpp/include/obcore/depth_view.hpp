#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "obcore/book.hpp"
#include "obcore/double_double.hpp"
#include "obcore/touch.hpp"
#include "obcore/units.hpp"

namespace obcore {

// The first levels of one side, best first, with their running totals.
class SideView {
public:
    explicit SideView(std::size_t depth) : levels_(depth), volumes_(depth + 1) {}

    template <Side side>
    void load(const Ladder<side>& ladder) {
        const std::size_t count = ladder.top(levels_);
        const Level* const levels = levels_.data();
        std::uint64_t* const volumes = volumes_.data();
        std::uint64_t volume = 0;
        std::uint64_t all = 0;
        for (std::size_t i = 0; i < count; ++i) {
            volume += static_cast<std::uint64_t>(levels[i].size);
            all |= volume;  // the first sum past 63 bits still fits 64
            volumes[i + 1] = volume;
        }
        count_ = count;
        is_wide_ = all >> 63 != 0;
        total_ = ladder.total_lots();
    }

    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] bool has(std::size_t i) const noexcept { return i < count_; }
    [[nodiscard]] std::size_t count(std::size_t n) const noexcept {
        return std::min(n, count_);
    }
    [[nodiscard]] const Level& best() const noexcept { return levels_[0]; }
    [[nodiscard]] std::span<const Level> levels() const noexcept {
        return {levels_.data(), count_};
    }
    [[nodiscard]] Ticks price(std::size_t i) const noexcept { return levels_[i].price; }
    // Lots of level i, counted from 0; 0 past the last level.
    [[nodiscard]] Lots size(std::size_t i) const noexcept {
        return i < count_ ? levels_[i].size : 0;
    }
    // Lots of the first n levels.
    [[nodiscard]] Int128 volume(std::size_t n) const noexcept {
        if (is_wide_) [[unlikely]]
            return wide_volume(count(n));
        return static_cast<Lots>(volumes_[count(n)]);
    }
    // Lots of the whole side, also beyond the levels loaded.
    [[nodiscard]] Int128 total() const noexcept { return total_; }

    // Σ price · size of the first n levels, in ticks · lots, as a double or a DoubleDouble:
    // summed exactly wherever 128 bits hold it, which fails only above 2^66 lots in total.
    template <typename Real>
    [[nodiscard]] Real turnover(std::size_t n) const noexcept {
        const std::size_t used = count(n);
        if (is_wide_ && wide_volume(used) >> 66 != 0) [[unlikely]]
            return rounded_turnover<Real>(used);
        Int128 exact = 0;
        for (std::size_t i = 0; i < used; ++i)
            exact += Int128{levels_[i].price} * levels_[i].size;
        return to_real<Real>(exact);
    }

private:
    [[nodiscard]] Int128 wide_volume(std::size_t used) const noexcept {
        Int128 sum = 0;
        for (std::size_t i = 0; i < used; ++i) sum += levels_[i].size;
        return sum;
    }

    template <typename Real>
    [[nodiscard]] Real rounded_turnover(std::size_t used) const noexcept {
        Real sum{};
        for (std::size_t i = 0; i < used; ++i) {
            sum = sum + to_real<Real>(Int128{levels_[i].price} * levels_[i].size);
        }
        return sum;
    }

    std::vector<Level> levels_;
    std::vector<std::uint64_t> volumes_;  // volumes_[n] is the total of the first n levels
    bool is_wide_ = false;                // where that takes more than 63 bits
    std::size_t count_ = 0;
    Int128 total_ = 0;
};

// What the formulas read of one book state: the top of both sides and the grid.
struct DepthView {
    explicit DepthView(std::size_t depth) : bids(depth), asks(depth) {}

    void load(const Book& book) {
        bids.load(book.bids);
        asks.load(book.asks);
        grid = book.grid;
        imbalances_known_ = 0;
    }

    // I_k of level k, counted from 0: (Qb − Qa) / (Qb + Qa), 0 where both are 0. Kept for the
    // first levels, which a dozen formulas share.
    [[nodiscard]] DoubleDouble imbalance(std::size_t k) const noexcept {
        if ((imbalances_known_ >> k & 1U) == 0) {
            const Int128 bid = bids.size(k);
            const Int128 ask = asks.size(k);
            imbalances_[k] =
                bid == ask ? DoubleDouble() : DoubleDouble(bid - ask) / DoubleDouble(bid + ask);
            imbalances_known_ |= 1U << k;
        }
        return imbalances_[k];
    }

    [[nodiscard]] bool one_sided() const noexcept { return bids.empty() || asks.empty(); }
    // Only where both sides have a level.
    [[nodiscard]] Touch touch() const noexcept { return {bids.best(), asks.best()}; }
    // Twice the mid in ticks, and the spread in ticks; only where both sides have a level.
    [[nodiscard]] Ticks twice_mid() const noexcept { return bids.price(0) + asks.price(0); }
    [[nodiscard]] Ticks spread() const noexcept { return asks.price(0) - bids.price(0); }

    [[nodiscard]] double price(double ticks) const noexcept {
        return grid.tick.to_double(ticks);
    }
    [[nodiscard]] double size(Int128 lots) const noexcept { return grid.lot.to_double(lots); }
    [[nodiscard]] double size(Lots lots) const noexcept {
        return grid.lot.to_double(static_cast<double>(lots));
    }

    SideView bids;
    SideView asks;
    Grid grid;

private:
    mutable std::array<DoubleDouble, 3> imbalances_;
    mutable unsigned imbalances_known_ = 0;  // one bit a level
};

}  // namespace obcore
