#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "obcore/event.hpp"
#include "obcore/units.hpp"

namespace obcore {

// The last deltas of a book, side by side in memory, for a snapshot that is older than the
// book. Bounded: where it is full it begins anew, never with a hole in the middle.
class DeltaLog {
public:
    static constexpr std::size_t max_levels = std::size_t{1} << 14;  // 256 KB

    struct Delta {
        IdRule rule = IdRule::none;
        Ids ids;
        std::span<const Level> bids;
        std::span<const Level> asks;
    };

    void push(const Event& delta) {
        if (levels_.size() + delta.bids.size() + delta.asks.size() > max_levels ||
            heads_.size() == max_levels) {
            clear();
        }
        if (delta.bids.size() + delta.asks.size() > max_levels) return;  // it begins behind it
        heads_.push_back({delta.rule, delta.ids, levels_.size(), delta.bids.size()});
        levels_.insert(levels_.end(), delta.bids.begin(), delta.bids.end());
        levels_.insert(levels_.end(), delta.asks.begin(), delta.asks.end());
    }

    void clear() noexcept {
        heads_.clear();
        levels_.clear();
    }

    [[nodiscard]] std::size_t size() const noexcept { return heads_.size(); }

    [[nodiscard]] Delta operator[](std::size_t i) const noexcept {
        const Head& head = heads_[i];
        const std::size_t end = i + 1 < heads_.size() ? heads_[i + 1].start : levels_.size();
        const std::span all(levels_);
        return {head.rule, head.ids, all.subspan(head.start, head.bids),
                all.subspan(head.start + head.bids, end - head.start - head.bids)};
    }

    void rescale(const Rescale& factors) {
        for (Level& level : levels_) factors.apply(level);
    }

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        return heads_.capacity() * sizeof(Head) + levels_.capacity() * sizeof(Level);
    }

private:
    struct Head {
        IdRule rule = IdRule::none;
        Ids ids;
        std::size_t start = 0;
        std::size_t bids = 0;
    };

    std::vector<Head> heads_;
    std::vector<Level> levels_;
};

}  // namespace obcore
