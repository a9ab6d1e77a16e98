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
// removing one moves a part of a chunk. Chunks that run low are joined, so two neighbours hold
// more than 16 levels; with the room a vector grows by, memory stays within sixteen times what
// the most levels ever held need. It is kept for the next ones. Not thread-safe.
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
        firsts_.clear();
        count_ = 0;
    }

    // ---- At the best end --------------------------------------------------------------------

    [[nodiscard]] const Far& best() const noexcept {
        const Chunk& last = pool_[order_[firsts_.size() - 1]];
        return last.levels[last.count - 1];
    }

    // Adds a level that is better than all of them.
    void push_best(const Far& level) {
        const std::size_t chunks = firsts_.size();
        if (chunks == 0 || pool_[order_[chunks - 1]].count == Chunk::capacity) {
            add(chunks, level.key);
        }
        Chunk& last = pool_[order_[firsts_.size() - 1]];
        last.levels[last.count++] = level;
        ++count_;
    }

    void pop_best() noexcept {
        const std::size_t last = firsts_.size() - 1;
        erase(last, pool_[order_[last]].count - 1);
    }

    // The nth of them, from 0 at the best.
    [[nodiscard]] const Far& at(std::size_t index) const noexcept {
        std::size_t number = firsts_.size() - 1;
        for (; index >= pool_[order_[number]].count; --number) {
            index -= pool_[order_[number]].count;
        }
        const Chunk& chunk = pool_[order_[number]];
        return chunk.levels[chunk.count - 1 - index];
    }

    // Calls visit(level), best first, while it answers true.
    template <typename Visit>
    void from_best(Visit&& visit) const {
        for (std::size_t number = firsts_.size(); number-- > 0;) {
            const Chunk& chunk = pool_[order_[number]];
            for (std::size_t place = chunk.count; place-- > 0;) {
                if (!visit(chunk.levels[place])) return;
            }
        }
    }

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        return pool_.capacity() * sizeof(Chunk) + order_.capacity() * sizeof(std::uint32_t) +
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

    void erase(std::size_t number, std::size_t place) noexcept {
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
        if (number + 1 < firsts_.size()) join(number);
        if (number > 0) join(number - 1);
    }

    void split(std::size_t number) {
        constexpr std::size_t half = Chunk::capacity / 2;
        add(number + 1, pool_[order_[number]].levels[half].key);  // may move the pool
        Chunk& lower = pool_[order_[number]];
        Chunk& upper = pool_[order_[number + 1]];
        std::copy(lower.levels.begin() + half, lower.levels.end(), upper.levels.begin());
        lower.count = upper.count = half;
    }

    // With the chunk behind it, where one holds both and has room left.
    void join(std::size_t number) noexcept {
        Chunk& lower = pool_[order_[number]];
        const Chunk& upper = pool_[order_[number + 1]];
        if (lower.count + upper.count > Chunk::capacity / 2) return;
        std::copy_n(upper.levels.begin(), upper.count, lower.levels.begin() + lower.count);
        lower.count += upper.count;
        drop(number + 1);
    }

    // Puts an empty chunk in the order. Where memory runs out, no level is lost.
    void add(std::size_t number, std::int64_t first) {
        if (firsts_.size() == order_.size()) {
            pool_.emplace_back();
            order_.push_back(static_cast<std::uint32_t>(order_.size()));
        }
        firsts_.insert(firsts_.begin() + static_cast<std::ptrdiff_t>(number), first);
        std::uint32_t* const end = order_.data() + firsts_.size();
        std::rotate(order_.data() + number, end - 1, end);
        pool_[order_[number]].count = 0;
    }

    void drop(std::size_t number) noexcept {
        std::uint32_t* const place = order_.data() + number;
        std::rotate(place, place + 1, order_.data() + firsts_.size());
        firsts_.erase(firsts_.begin() + static_cast<std::ptrdiff_t>(number));
    }

    std::vector<Chunk> pool_;           // in any order
    std::vector<std::int64_t> firsts_;  // the lowest key of each that is used, the best last
    std::vector<std::uint32_t> order_;  // places in the pool: of those used, then of the rest
    std::size_t count_ = 0;
};

}  // namespace obcore
