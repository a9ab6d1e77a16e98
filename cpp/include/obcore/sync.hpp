#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "obcore/binance.hpp"
#include "obcore/book.hpp"
#include "obcore/event.hpp"
#include "obcore/verdict.hpp"

namespace obcore {

// Joins snapshots and deltas into a book that is in sync by proof, or says that it is not.
//
// Pure: no clock, no socket, no file. A recording and a live feed drive the same object, one
// decoded event at a time; the caller asks for a snapshot when the state says that one is
// missing. After each event `book.state` and `book.reason` say how far the book can be trusted.
class Synchronizer {
public:
    struct Counters {
        std::int64_t applied = 0;
        std::int64_t skipped = 0;  // older than the book
        std::int64_t gaps = 0;
        std::int64_t joins = 0;
        std::int64_t joined_deltas = 0;  // that had waited, and became one state with the join
        std::int64_t stale_snapshots = 0;   // too old for the deltas at hand
        std::int64_t buffer_overflows = 0;  // the whole buffer was dropped
        std::int64_t crossed = 0;           // messages that left the book crossed
        std::int64_t locked = 0;
        std::int64_t uncrossed_levels = 0;  // removed on request
    };

    // A hole in the ids: which one should have come, and which came.
    struct Gap {
        Sequence expected = absent;
        Sequence received = absent;
    };

    // Remove the older side's levels while crossed: only for sources without ids.
    bool uncross = false;
    // Deltas held while no snapshot has come; past it all of them are dropped, never the
    // middle.
    std::size_t max_buffered_levels = std::size_t{1} << 19;

    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
    [[nodiscard]] const Gap& last_gap() const noexcept { return last_gap_; }

    // Levels a side; no market has so many, so past it the feed is broken.
    std::size_t max_levels = std::size_t{1} << 20;

    // Takes one depth event. Verdict::apply means that the book shows a new state.
    Verdict on(const Event& event, Book& book) {
        require_room(event, book);
        const Verdict verdict = event.rule == IdRule::none || event.kind == Kind::topn
                                    ? on_unverified(event, book)
                                : event.kind == Kind::snapshot ? on_snapshot(event, book)
                                                               : on_delta(event, book);
        if (verdict == Verdict::apply) {
            ++counters_.applied;
            judge_touch(event, book);
        } else if (verdict == Verdict::skip) {
            ++counters_.skipped;
        }
        return verdict;
    }

    // A finer grid turned up: what waits for its join moves onto it too.
    void rescale(const Rescale& factors) {
        for (Event& event : buffer_) obcore::rescale(event, factors);
        if (next_snapshot_) obcore::rescale(*next_snapshot_, factors);
    }

    // Bytes held besides the object itself: those of messages that wait.
    [[nodiscard]] std::size_t memory_usage() const noexcept {
        std::size_t bytes = next_snapshot_ ? next_snapshot_->memory_usage() : 0;
        for (const Event& event : buffer_) bytes += sizeof(event) + event.memory_usage();
        return bytes;
    }

private:
    enum class Phase : std::uint8_t { waiting, loaded, joined };

    // Before anything is applied, so that a message is all or nothing here too.
    void require_room(const Event& event, const Book& book) const {
        const std::size_t arriving =
            buffered_levels_ + std::max(event.bids.size(), event.asks.size());
        if (std::max(book.bids.count(), book.asks.count()) + arriving > max_levels) {
            throw DecodeError(
                "book", "at most " + std::to_string(max_levels) + " levels a side", "more");
        }
    }

    Verdict on_unverified(const Event& event, Book& book) {
        if (event.kind == Kind::delta && !complete_) {
            book.state = BookState::buffering;
            book.reason = "deltas before the first snapshot are skipped";
            return Verdict::skip;
        }
        complete_ = true;
        apply(event, book);
        book.state = BookState::unverified;
        book.reason = event.kind == Kind::topn ? "top-N pictures carry no proof of sequence"
                                               : "the format has no ids that could prove it";
        return Verdict::apply;
    }

    Verdict on_snapshot(const Event& snapshot, Book& book) {
        if (phase_ == Phase::joined) {
            // A newer picture takes over at the event that joins it; sync is never left.
            if (snapshot.ids.last <= book.sequence) return Verdict::skip;
            next_snapshot_ = snapshot;
            return Verdict::buffer;
        }
        if (phase_ == Phase::loaded && snapshot.ids.last < book.sequence) return Verdict::skip;
        while (!buffer_.empty()) {
            const Event& first = buffer_.front();
            const Verdict verdict =
                binance::judge_join(first.rule, snapshot.ids.last, first.ids);
            if (verdict == Verdict::apply) return join(snapshot, book);
            if (verdict == Verdict::resync) {
                ++counters_.stale_snapshots;
                book.reason = "snapshot " + std::to_string(snapshot.ids.last) +
                              " is too old: the deltas at hand start at " +
                              std::to_string(first.ids.first);
                return Verdict::resync;
            }
            drop_first();
        }
        load(snapshot, book);
        return Verdict::buffer;
    }

    Verdict on_delta(const Event& delta, Book& book) {
        switch (phase_) {
            case Phase::waiting:
                return hold(delta, book);
            case Phase::loaded:
                return on_first_delta(delta, book);
            case Phase::joined:
                return on_next_delta(delta, book);
        }
        return Verdict::skip;
    }

    // Buffers a delta until a snapshot comes; a hole inside the buffer restarts it.
    Verdict hold(const Event& delta, Book& book) {
        if (!buffer_.empty()) {
            const Ids& last = buffer_.back().ids;
            const Verdict verdict = binance::judge(delta.rule, last.last, delta.ids);
            if (verdict == Verdict::skip) return Verdict::skip;
            if (verdict == Verdict::gap) clear_buffer();
        }
        if (buffered_levels_ + levels_held(delta) > max_buffered_levels) {
            ++counters_.buffer_overflows;
            clear_buffer();
        }
        buffered_levels_ += levels_held(delta);
        buffer_.push_back(delta);
        if (book.state != BookState::gap) {
            book.state = BookState::buffering;
            book.reason = "deltas wait for a snapshot that joins them";
        }
        return Verdict::buffer;
    }

    Verdict on_first_delta(const Event& delta, Book& book) {
        const Verdict verdict = binance::judge_join(delta.rule, book.sequence, delta.ids);
        if (verdict == Verdict::apply) {
            mark_joined(book);
            apply(delta, book);
        } else if (verdict == Verdict::resync) {
            ++counters_.stale_snapshots;
            phase_ = Phase::waiting;
            book.state = BookState::buffering;
            hold(delta, book);
            book.reason = "snapshot " + std::to_string(book.sequence) +
                          " is too old: the next delta starts at " +
                          std::to_string(delta.ids.first);
        }
        return verdict;
    }

    Verdict on_next_delta(const Event& delta, Book& book) {
        const Verdict verdict = binance::judge(delta.rule, book.sequence, delta.ids);
        if (verdict == Verdict::gap) {
            open_gap(delta, book);
        } else if (verdict == Verdict::apply) {
            take_over(delta, book);
            apply(delta, book);
            book.state = BookState::synced;
        }
        return verdict;
    }

    void open_gap(const Event& delta, Book& book) {
        ++counters_.gaps;
        const bool spot = delta.rule == IdRule::binance_spot;
        last_gap_ = {spot ? book.sequence + 1 : book.sequence,
                     spot ? delta.ids.first : delta.ids.previous};
        phase_ = Phase::waiting;
        next_snapshot_.reset();
        hold(delta, book);
        book.state = BookState::gap;
        book.reason = std::string("deltas are missing: expected ") + (spot ? "U " : "pu ") +
                      std::to_string(last_gap_.expected) + ", received " +
                      std::to_string(last_gap_.received);
    }

    // The newer snapshot replaces the book just before the delta that joins it.
    void take_over(const Event& delta, Book& book) {
        if (!next_snapshot_) return;
        const Sequence snapshot = next_snapshot_->ids.last;
        const Verdict verdict = binance::judge_join(delta.rule, snapshot, delta.ids);
        if (verdict == Verdict::skip) return;  // not there yet
        if (verdict == Verdict::apply) {
            book.replace(next_snapshot_->bids, next_snapshot_->asks);
        } else {
            ++counters_.stale_snapshots;
        }
        next_snapshot_.reset();
    }

    Verdict join(const Event& snapshot, Book& book) {
        load(snapshot, book);
        mark_joined(book);
        for (const Event& delta : buffer_) apply(delta, book);
        counters_.joined_deltas += static_cast<std::int64_t>(buffer_.size());
        // Nobody could have seen this state earlier than the last of its parts.
        const bool told = snapshot.ts_recv_ns != absent;
        book.ts_recv_ns = told ? std::max(book.ts_recv_ns, snapshot.ts_recv_ns) : absent;
        clear_buffer();
        return Verdict::apply;
    }

    void load(const Event& snapshot, Book& book) {
        apply(snapshot, book);
        phase_ = Phase::loaded;
        book.state = BookState::buffering;
        book.reason = "snapshot " + std::to_string(snapshot.ids.last) +
                      " waits for a delta that joins it";
    }

    void mark_joined(Book& book) {
        ++counters_.joins;
        phase_ = Phase::joined;
        book.state = BookState::synced;
        book.reason = "proved by the venue's ids";
    }

    static void apply(const Event& event, Book& book) {
        if (event.kind == Kind::delta) {
            book.update(event.bids, event.asks);
        } else {
            book.replace(event.bids, event.asks);
        }
        book.sequence = event.ids.last;
        book.ts_event_ns = event.ts_event_ns;
        book.ts_recv_ns = event.ts_recv_ns;
    }

    // Looks at the touch once a whole message has been applied, never in between.
    void judge_touch(const Event& event, Book& book) {
        const Ticks spread = book.spread().value_or(1);
        if (spread == 0) ++counters_.locked;
        if (spread >= 0) {
            if (was_crossed_ && book.state == BookState::synced) {
                book.reason = "proved by the venue's ids";
            }
            was_crossed_ = false;
            return;
        }
        ++counters_.crossed;
        if (book.state == BookState::synced) {
            book.state = BookState::stale;
            book.reason = "crossed";
            was_crossed_ = true;
        } else if (uncross) {
            remove_crossed(event, book);
        }
    }

    // The venue left a delete out: the side that the message did not touch at the best is old.
    void remove_crossed(const Event& event, Book& book) {
        auto bid = book.bids.best();
        auto ask = book.asks.best();
        if (!bid || !ask) return;
        const bool ask_is_new = std::ranges::any_of(
            event.asks, [&](const Level& level) { return level.price == ask->price; });
        for (; bid && ask && bid->price > ask->price; ++counters_.uncrossed_levels) {
            if (ask_is_new) {
                book.bids.set({bid->price, 0});
                bid = book.bids.best();
            } else {
                book.asks.set({ask->price, 0});
                ask = book.asks.best();
            }
        }
    }

    // What a delta in the buffer counts as: an empty one takes room too.
    [[nodiscard]] static std::size_t levels_held(const Event& delta) noexcept {
        constexpr std::size_t event_itself = 12;
        return delta.bids.size() + delta.asks.size() + event_itself;
    }

    void drop_first() {
        buffered_levels_ -= levels_held(buffer_.front());
        buffer_.pop_front();
    }

    void clear_buffer() {
        buffer_.clear();
        buffered_levels_ = 0;
    }

    Phase phase_ = Phase::waiting;
    bool complete_ = false;  // an unverified book has had its first snapshot
    bool was_crossed_ = false;
    std::deque<Event> buffer_;
    std::size_t buffered_levels_ = 0;
    std::optional<Event> next_snapshot_;
    Counters counters_;
    Gap last_gap_;
};

}  // namespace obcore
