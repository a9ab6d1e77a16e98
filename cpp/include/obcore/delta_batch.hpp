#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "obcore/book.hpp"
#include "obcore/error.hpp"
#include "obcore/units.hpp"

namespace obcore {

// Many deltas of one instrument, checked once and then applied as often as one likes.
//
// A message is its bids and then its asks, each in the order in which they were given.
class DeltaBatch {
public:
    // One message: absolute sizes of some levels a side.
    struct Delta {
        std::span<const Level> bids;
        std::span<const Level> asks;
    };

    // Message i is the rows from offsets[i] to offsets[i + 1]; `sides` are values of Side.
    // Throws DecodeError where a row is no level, or the offsets do not divide the rows.
    DeltaBatch(const Grid& grid, std::span<const std::uint8_t> sides,
               std::span<const Ticks> prices, std::span<const Lots> sizes,
               std::span<const std::int64_t> offsets)
        : grid_(grid) {
        check_offsets(sides, prices, sizes, offsets);
        check_rows(sides, prices, sizes);
        levels_.reserve(sides.size());
        bounds_.reserve(2 * offsets.size());
        for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
            for (const Side side : {Side::bid, Side::ask}) {
                bounds_.push_back(levels_.size());
                const auto end = static_cast<std::size_t>(offsets[i + 1]);
                for (auto row = static_cast<std::size_t>(offsets[i]); row < end; ++row) {
                    if (sides[row] == static_cast<std::uint8_t>(side)) {
                        levels_.push_back({prices[row], sizes[row]});
                    }
                }
            }
        }
        bounds_.push_back(levels_.size());
    }

    [[nodiscard]] const Grid& grid() const noexcept { return grid_; }
    [[nodiscard]] std::size_t size() const noexcept { return bounds_.size() / 2; }
    [[nodiscard]] std::size_t updates() const noexcept { return levels_.size(); }
    // Of all messages, one behind the other.
    [[nodiscard]] const std::vector<Level>& levels() const noexcept { return levels_; }

    [[nodiscard]] Delta operator[](std::size_t i) const noexcept {
        const Level* const first = levels_.data();
        return {{first + bounds_[2 * i], first + bounds_[2 * i + 1]},
                {first + bounds_[2 * i + 1], first + bounds_[2 * i + 2]}};
    }

private:
    static void check_offsets(std::span<const std::uint8_t> sides,
                              std::span<const Ticks> prices, std::span<const Lots> sizes,
                              std::span<const std::int64_t> offsets) {
        const std::size_t rows = sides.size();
        if (prices.size() != rows || sizes.size() != rows) {
            throw DecodeError(
                "prices, sizes", std::to_string(rows) + " rows, as sides has",
                std::to_string(prices.size()) + " and " + std::to_string(sizes.size()));
        }
        if (offsets.empty() || offsets.front() != 0 ||
            std::cmp_not_equal(offsets.back(), rows)) {
            throw DecodeError("offsets", "0 first and " + std::to_string(rows) + " last",
                              offsets.empty() ? "none"
                                              : std::to_string(offsets.front()) + " and " +
                                                    std::to_string(offsets.back()));
        }
        for (std::size_t i = 1; i < offsets.size(); ++i) {
            if (offsets[i] >= offsets[i - 1]) continue;
            throw DecodeError("offsets[" + std::to_string(i) + "]",
                              "at least " + std::to_string(offsets[i - 1]),
                              std::to_string(offsets[i]));
        }
    }

    // By the caller's own row numbers.
    void check_rows(std::span<const std::uint8_t> sides, std::span<const Ticks> prices,
                    std::span<const Lots> sizes) const {
        for (std::size_t row = 0; row < sides.size(); ++row) {
            const Where where{"rows", row};
            if (sides[row] > static_cast<std::uint8_t>(Side::ask)) {
                throw DecodeError(where.text("side"), "0 for bid or 1 for ask",
                                  std::to_string(sides[row]));
            }
            check_level({prices[row], sizes[row]}, grid_, where);
        }
    }

    Grid grid_;
    std::vector<Level> levels_;
    std::vector<std::size_t> bounds_;  // where bids and asks of each message begin, and the end
};

}  // namespace obcore
