#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <thread>

#include "obcore/book.hpp"
#include "obcore/units.hpp"

namespace obcore {

// The top of one book, for threads that look on while another one writes it.
//
// One thread owns the book and publishes after each message; any number of threads read. The
// writer waits for nobody, a reader takes a copy that is whole or is told that it is not.
// Nothing allocates; a publish costs a read of the book's top and one store for each word of
// it. `depth` is how many levels a side are shown at most. The grid is not shared: it has to
// be settled before others read.
//
// A seqlock: `sequence_` is odd while a publish is under way. The words are atomic, so nothing
// is a data race, and they are ordered without a fence (which ThreadSanitizer cannot follow;
// on x86 the instructions are the same). See Boehm, "Can seqlocks get along with programming
// language memory models?", MSPC 2012. In detail, where a reader saw `sequence_` at the same
// even value before and behind its copy:
//  - no word is older, for its first look acquires what the store of that value released;
//  - no word is newer, for a word of a later publish, stored with release and loaded with
//    acquire, brings along the odd value stored before it, and the second look finds that one
//    or a later one.
template <std::size_t depth = 10>
class SharedTop {
    static_assert(depth > 0);

public:
    // A copy of what was published. Version n is the nth publish; 0 is the empty book before
    // it.
    struct Top {
        std::uint64_t version = 0;
        BookState state = BookState::empty;
        Nanos ts_event_ns = absent;
        Nanos ts_recv_ns = absent;
        Sequence sequence = absent;
        std::size_t bid_count = 0;
        std::size_t ask_count = 0;
        std::array<Level, depth> bid_levels{};
        std::array<Level, depth> ask_levels{};

        // Best first.
        [[nodiscard]] std::span<const Level> bids() const noexcept {
            return std::span(bid_levels).first(bid_count);
        }
        [[nodiscard]] std::span<const Level> asks() const noexcept {
            return std::span(ask_levels).first(ask_count);
        }
    };

    SharedTop() noexcept {
        store(ts_event, absent);
        store(ts_recv, absent);
        store(last_id, absent);
    }

    // For the one thread that writes, after a whole message.
    void publish(const Book& book) noexcept {
        std::array<Level, depth> bids;
        std::array<Level, depth> asks;
        const std::size_t bid_count = book.bids.top(bids);
        const std::size_t ask_count = book.asks.top(asks);
        const std::uint64_t now = sequence_.load(std::memory_order_relaxed);
        sequence_.store(now + 1, std::memory_order_relaxed);
        store(state, static_cast<std::int64_t>(book.state));
        store(ts_event, book.ts_event_ns);
        store(ts_recv, book.ts_recv_ns);
        store(last_id, book.sequence);
        store_levels(number_of_bids, first_bid, std::span(bids).first(bid_count));
        store_levels(number_of_asks, first_ask, std::span(asks).first(ask_count));
        sequence_.store(now + 2, std::memory_order_release);
    }

    // False where a publish came in between: `out` then holds parts of two and means nothing.
    [[nodiscard]] bool try_read(Top& out) const noexcept {
        const std::uint64_t before = sequence_.load(std::memory_order_acquire);
        if (before % 2 != 0) return false;
        out.version = before / 2;
        out.state = static_cast<BookState>(load(state));
        out.ts_event_ns = load(ts_event);
        out.ts_recv_ns = load(ts_recv);
        out.sequence = load(last_id);
        out.bid_count = load_levels(number_of_bids, first_bid, out.bid_levels);
        out.ask_count = load_levels(number_of_asks, first_ask, out.ask_levels);
        return sequence_.load(std::memory_order_relaxed) == before;
    }

    // Tries until a copy is whole; only a writer that publishes without a pause keeps it busy.
    [[nodiscard]] Top read() const noexcept {
        Top out;
        while (!try_read(out)) std::this_thread::yield();
        return out;
    }

    // That of a read() now; for a look whether there is anything new.
    [[nodiscard]] std::uint64_t version() const noexcept {
        return sequence_.load(std::memory_order_acquire) / 2;
    }

private:
    // The places of the words.
    static constexpr std::size_t state = 0;
    static constexpr std::size_t ts_event = 1;
    static constexpr std::size_t ts_recv = 2;
    static constexpr std::size_t last_id = 3;
    static constexpr std::size_t number_of_bids = 4;
    static constexpr std::size_t number_of_asks = 5;
    static constexpr std::size_t first_bid = 6;
    static constexpr std::size_t first_ask = first_bid + 2 * depth;
    static constexpr std::size_t words = first_ask + 2 * depth;

    static_assert(std::atomic<std::int64_t>::is_always_lock_free);

    void store(std::size_t place, std::int64_t value) noexcept {
        words_[place].store(value, std::memory_order_release);
    }
    [[nodiscard]] std::int64_t load(std::size_t place) const noexcept {
        return words_[place].load(std::memory_order_acquire);
    }

    // What lies behind the last level stays from before; nobody looks at it.
    void store_levels(std::size_t count, std::size_t first,
                      std::span<const Level> levels) noexcept {
        store(count, static_cast<std::int64_t>(levels.size()));
        for (const Level& level : levels) {
            store(first++, level.price);
            store(first++, level.size);
        }
    }

    // A count that belongs to another publish is still one of 0 … depth.
    [[nodiscard]] std::size_t load_levels(std::size_t count, std::size_t first,
                                          std::array<Level, depth>& out) const noexcept {
        const auto held = static_cast<std::size_t>(load(count));
        for (Level& level : std::span(out).first(held)) {
            level.price = load(first++);
            level.size = load(first++);
        }
        return held;
    }

    static constexpr std::size_t cache_line = 64;  // what lies beside it is not slowed

    alignas(cache_line) std::atomic<std::uint64_t> sequence_ = 0;
    std::array<std::atomic<std::int64_t>, words> words_{};
};

}  // namespace obcore
