#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "obcore/units.hpp"

namespace obcore {

// Levels far from the touch, sorted by key, exactly and however many.
//
// They lie in chunks of at most 64: finding one costs two short binary searches, adding or
// removing one moves a part of a chunk. Chunks that run low are joined, so memory stays within
// eight times what the most levels ever held need; it is kept for the next ones. Not
// thread-safe.
class FarLevels {
public:
    struct Far {
        std::int64_t key;
        Lots size;
    };

    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }

    [[nodiscard]] Lots size_at(std::int64_t key) const noexcept {
        if (empty()) return 0;
        const Chunk& chunk = pool_[order_[chunk_of(key)]];
        const std::size_t place = chunk.place_of(key);
        return chunk.holds(place, key) ? chunk.levels[place].size : 0;
    }

    // Sets a level, 0 removes it. Returns its size before, 0 where there was none.
    Lots exchange(std::int64_t key, Lots size) {
        if (empty()) {
            if (size != 0) push_best({key, size});
            return 0;
        }
        const std::size_t number = chunk_of(key);
        Chunk& chunk = pool_[order_[number]];
        const std::size_t place = chunk.place_of(key);
        if (chunk.holds(place, key)) {
            const Lots before = chunk.levels[place].size;
            chunk.levels[place].size = size;
            if (size == 0) erase(number, place);
            return before;
        }
        if (size != 0) insert(number, place, {key, size});
        return 0;
    }

    void clear() noexcept {
        free_.insert(free_.end(), order_.begin(), order_.end());  // within what take() reserved
        order_.clear();
        firsts_.clear();
        count_ = 0;
    }

    // ---- At the best end --------------------------------------------------------------------

    [[nodiscard]] const Far& best() const noexcept {
        const Chunk& last = pool_[order_.back()];
        return last.levels[last.count - 1];
    }

    // Adds a level that is better than all of them.
    void push_best(const Far& level) {
        if (order_.empty() || pool_[order_.back()].count == Chunk::capacity) {
            order_.push_back(take());
            firsts_.push_back(level.key);
        }
        Chunk& last = pool_[order_.back()];
        last.levels[last.count++] = level;
        ++count_;
    }

    void pop_best() { erase(order_.size() - 1, pool_[order_.back()].count - 1); }

    // The nth of them, from 0 at the best.
    [[nodiscard]] const Far& at(std::size_t index) const noexcept {
        auto number = order_.rbegin();
        for (; index >= pool_[*number].count; ++number) index -= pool_[*number].count;
        const Chunk& chunk = pool_[*number];
        return chunk.levels[chunk.count - 1 - index];
    }

    // Calls visit(level), best first, while it answers true.
    template <typename Visit>
    void from_best(Visit&& visit) const {
        for (auto number = order_.rbegin(); number != order_.rend(); ++number) {
            const Chunk& chunk = pool_[*number];
            for (std::size_t place = chunk.count; place-- > 0;) {
                if (!visit(chunk.levels[place])) return;
            }
        }
    }

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        return pool_.capacity() * sizeof(Chunk) +
               (order_.capacity() + free_.capacity()) * sizeof(std::uint32_t) +
               firsts_.capacity() * sizeof(std::int64_t);
    }

private:
    // std::lower_bound, but for branches, which no processor could predict here.
    template <typename Item, typename KeyOf>
    [[nodiscard]] static std::size_t first_not_below(const Item* items, std::size_t count,
                                                     std::int64_t key,
                                                     KeyOf&& key_of) noexcept {
        if (count == 0) return 0;
        const Item* from = items;
        for (; count > 1; count -= count / 2) {
            from += key_of(from[count / 2 - 1]) < key ? count / 2 : 0;
        }
        return static_cast<std::size_t>(from - items) + (key_of(*from) < key ? 1 : 0);
    }

    struct Chunk {
        static constexpr std::size_t capacity = 64;

        std::array<Far, capacity> levels;
        std::size_t count = 0;

        // Of the first level whose key is not below.
        [[nodiscard]] std::size_t place_of(std::int64_t key) const noexcept {
            return first_not_below(levels.data(), count, key,
                                   [](const Far& f) { return f.key; });
        }
        [[nodiscard]] bool holds(std::size_t place, std::int64_t key) const noexcept {
            return place < count && levels[place].key == key;
        }
    };

    // The number, in order, of the chunk where a key lies, or would.
    [[nodiscard]] std::size_t chunk_of(std::int64_t key) const noexcept {
        return first_not_below(firsts_.data() + 1, firsts_.size() - 1, key + 1,
                               [](std::int64_t first) { return first; });
    }

    void insert(std::size_t number, std::size_t place, const Far& level) {
        if (pool_[order_[number]].count == Chunk::capacity) {
            split(number);
            if (place > Chunk::capacity / 2) {
                place -= Chunk::capacity / 2;
                ++number;
            }
        }
        Chunk& chunk = pool_[order_[number]];
        Far* const here = chunk.levels.data() + place;
        Far* const end = chunk.levels.data() + chunk.count;
        std::copy_backward(here, end, end + 1);
        *here = level;
        ++chunk.count;
        ++count_;
        firsts_[number] = chunk.levels[0].key;
    }

    void erase(std::size_t number, std::size_t place) {
        Chunk& chunk = pool_[order_[number]];
        Far* const here = chunk.levels.data() + place;
        std::copy(here + 1, chunk.levels.data() + chunk.count, here);
        --chunk.count;
        --count_;
        if (chunk.count == 0) {
            drop(number);
            return;
        }
        firsts_[number] = chunk.levels[0].key;
        if (chunk.count >= Chunk::capacity / 4) return;
        if (number + 1 < order_.size()) join(number);
        if (number > 0) join(number - 1);
    }

    void split(std::size_t number) {
        constexpr std::size_t half = Chunk::capacity / 2;
        const std::uint32_t taken = take();  // may move the pool
        Chunk& lower = pool_[order_[number]];
        Chunk& upper = pool_[taken];
        std::copy(lower.levels.begin() + half, lower.levels.end(), upper.levels.begin());
        lower.count = upper.count = half;
        const auto behind = static_cast<std::ptrdiff_t>(number) + 1;
        order_.insert(order_.begin() + behind, taken);
        firsts_.insert(firsts_.begin() + behind, upper.levels[0].key);
    }

    // With the chunk behind it, where one holds both and has room left.
    void join(std::size_t number) {
        Chunk& lower = pool_[order_[number]];
        const Chunk& upper = pool_[order_[number + 1]];
        if (lower.count + upper.count > Chunk::capacity / 2) return;
        std::copy_n(upper.levels.begin(), upper.count, lower.levels.begin() + lower.count);
        lower.count += upper.count;
        drop(number + 1);
    }

    void drop(std::size_t number) {
        const auto place = static_cast<std::ptrdiff_t>(number);
        free_.push_back(order_[number]);
        order_.erase(order_.begin() + place);
        firsts_.erase(firsts_.begin() + place);
    }

    // An empty chunk of the pool.
    [[nodiscard]] std::uint32_t take() {
        if (free_.empty()) {
            pool_.emplace_back();
            free_.reserve(pool_.capacity());
            return static_cast<std::uint32_t>(pool_.size() - 1);
        }
        const std::uint32_t taken = free_.back();
        free_.pop_back();
        pool_[taken].count = 0;
        return taken;
    }

    std::vector<Chunk> pool_;           // in any order
    std::vector<std::uint32_t> order_;  // their places in the pool, the best chunk last
    std::vector<std::int64_t> firsts_;  // the lowest key of each, in that order
    std::vector<std::uint32_t> free_;   // places in the pool that hold none
    std::size_t count_ = 0;
};

}  // namespace obcore
