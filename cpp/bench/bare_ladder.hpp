#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace obcore::bench {

// Both sides of a book over a fixed range of prices, as pointers that a hot loop keeps in
// registers: an array of lots, one bit a level that is quoted, one bit a word of those that
// ever was not zero. A level is a key; the smaller key is the better price, and the asks' keys
// follow the bids'.
//
// It knows nothing of levels beyond the range, of invalid ones, nor of ids: what is left is
// what any book has to do. Setting a level has no branch that data decide.
struct BareLadder {
    using Key = std::int64_t;

    static constexpr std::size_t depth = 10;
    // Keys a word of the upper bitmap answers for: a side's keys are a multiple of it.
    static constexpr Key block = Key{64} * 64;

    double* lots;
    std::uint64_t* words;
    std::uint64_t* blocks;
    Key side_keys;            // of one side
    std::int64_t first_tick;  // the lowest price of the range
    Key best_bid;             // no better level is quoted; settle() makes it exact
    Key best_ask;

    [[nodiscard, gnu::always_inline]] Key key(bool ask, std::int64_t tick) const noexcept {
        const Key above = tick - first_tick;
        return side_keys + (above ^ (Key{ask} - 1));  // ~above is −1 − above
    }
    [[nodiscard, gnu::always_inline]] double tick(Key key) const noexcept {
        const Key above = key < side_keys ? side_keys - 1 - key : key - side_keys;
        return static_cast<double>(first_tick + above);
    }

    // Returns by how much the side grew.
    [[gnu::always_inline]] double set(bool ask, std::int64_t tick, std::int64_t size) noexcept {
        const Key at = key(ask, tick);
        const bool quoted = size != 0;
        std::uint64_t& word = words[at >> 6];
        word = (word & ~(std::uint64_t{1} << (at & 63))) | std::uint64_t{quoted} << (at & 63);
        // Almost always there already; a store each time would make every update wait for the
        // one before it.
        const auto in_block = std::uint64_t{1} << (at >> 6 & 63);
        if ((blocks[at >> 12] & in_block) == 0) [[unlikely]]
            blocks[at >> 12] |= in_block;
        // No ask is better than the best bid as keys go, hence it needs no check.
        best_bid = std::min(best_bid, at | worst_if(!quoted));
        best_ask = std::min(best_ask, at | worst_if(!quoted) | worst_if(!ask));
        const auto lots_now = static_cast<double>(size);
        const double before = lots[at];
        lots[at] = lots_now;
        return lots_now - before;
    }

    // Makes the best prices exact again, once a message.
    [[gnu::always_inline]] void settle() noexcept {
        best_bid = first_quoted(best_bid, side_keys);
        best_ask = first_quoted(best_ask, 2 * side_keys);
    }

    // The first key at or behind `from`; `end` if there is none.
    [[nodiscard, gnu::always_inline]] Key first_quoted(Key from, Key end) const noexcept {
        if (from >= end) return end;
        const std::uint64_t rest = words[from >> 6] >> (from & 63);
        if (rest != 0) [[likely]]
            return from + std::countr_zero(rest);
        return first_behind(from >> 6, end);
    }

    // The keys of the best levels, as many as there are up to ten; returns their number.
    [[gnu::always_inline]] std::size_t top(Key best, Key end,
                                           std::array<Key, depth>& keys) const noexcept {
        if (best >= end) return 0;
        const Key in_word = best & 63;
        std::uint64_t next = best + 64 < end ? words[(best >> 6) + 1] : 0;
        next = in_word == 0 ? 0 : next << (64 - in_word);
        std::uint64_t window = words[best >> 6] >> in_word | next;
        if (std::popcount(window) >= static_cast<int>(depth)) [[likely]] {
            for (Key& key : keys) {
                key = best + std::countr_zero(window);
                window &= window - 1;
            }
            return depth;
        }
        return walk(best, end, keys);
    }

private:
    // A bit behind all keys, without a branch that the compiler may make of a condition.
    [[nodiscard, gnu::always_inline]] static Key worst_if(bool condition) noexcept {
        return Key{condition} << 40;
    }

    // The first key of the words behind this one.
    [[nodiscard, gnu::always_inline]] Key first_behind(Key word, Key end) const noexcept {
        Key at = word >> 6;
        std::uint64_t used = blocks[at] & (~std::uint64_t{1} << (word & 63));
        while (true) {
            for (; used != 0; used &= used - 1) {
                const Key found = at * 64 + std::countr_zero(used);
                if (words[found] != 0) return found * 64 + std::countr_zero(words[found]);
            }
            if (++at * block >= end) return end;
            used = blocks[at];
        }
    }

    [[gnu::always_inline]] std::size_t walk(Key best, Key end,
                                            std::array<Key, depth>& keys) const noexcept {
        std::size_t count = 0;
        for (Key start = best; start < end; start = first_behind(start >> 6, end)) {
            const Key word_start = start & ~Key{63};
            std::uint64_t left = words[start >> 6];
            for (; left != 0; left &= left - 1) {
                keys[count] = word_start + std::countr_zero(left);
                if (++count == depth) return count;
            }
        }
        return count;
    }
};

}  // namespace obcore::bench
