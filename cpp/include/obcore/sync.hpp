#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "obcore/binance.hpp"
#include "obcore/book.hpp"
#include "obcore/checksum.hpp"
#include "obcore/delta_log.hpp"
#include "obcore/event.hpp"
#include "obcore/horizon.hpp"
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
        std::int64_t checksums = 0;         // of the venue, that were right
        std::int64_t refreshes = 0;         // newer snapshots that took over in sync
        std::int64_t corrections = 0;       // of them, those that found the best levels wrong
    };

    // What has to be asked of the venue before the book can go on.
    enum class Want : std::uint8_t {
        nothing,
        snapshot,        // one that the deltas at hand may join
        refresh,         // the same, but the book is in sync: the market nears its horizon
        resubscription,  // the stream has to begin anew, with a snapshot of its own
    };

    // What the last call left changed in the book besides its state.
    enum class Touched : std::uint8_t {
        nothing,
        levels,      // those of the delta that it was given, and no others
        everything,  // or more of it than the event tells
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
    [[nodiscard]] Touched touched() const noexcept { return touched_; }

    // Levels a side that are left once an event has been applied; 0: all of them.
    [[nodiscard]] static constexpr std::size_t kept_levels(const Event& event) noexcept {
        return has_rule(event) && !needs_join(event.rule) ? event.depth : 0;
    }

    [[nodiscard]] Want wants() const noexcept {
        if (is_lost_) return Want::resubscription;
        if (phase_ == Phase::waiting && !buffer_.empty()) return Want::snapshot;
        return is_near_horizon_ && !next_snapshot_ ? Want::refresh : Want::nothing;
    }

    // Levels a side; no market has so many, so past it the feed is broken.
    std::size_t max_levels = std::size_t{1} << 20;

    // Takes one depth event. Verdict::apply means that the book shows a new state.
    Verdict on(const Event& event, Book& book) {
        touched_ = Touched::nothing;
        require_room(event, book);
        const Verdict verdict = take(event, book);
        if (verdict == Verdict::apply) {
            ++counters_.applied;
            judge_touch(event, book);
        } else if (verdict == Verdict::skip) {
            ++counters_.skipped;
        }
        return verdict;
    }

    // Whether a message that is missing shows by the ids of the next one.
    [[nodiscard]] bool sees_holes() const noexcept { return joins_ && sees_holes_; }
    // Whether a stream that begins with a snapshot of its own has not begun.
    [[nodiscard]] bool awaits_stream() const noexcept { return !joins_ && !complete_; }

    // Messages may be missing from here on. Where deltas prove by their ids that they go on
    // from the book, it is in sync again with the next one, else with the next snapshot.
    void interrupt(Book& book, BookState state, const std::string& reason) {
        touched_ = Touched::nothing;
        if (joins_ && sees_holes_) {
            if (phase_ == Phase::joined) set_state(book, state, reason);
            return;
        }
        if (joins_) {
            restart(book, reason);
            return;
        }
        if (book.state == BookState::empty || is_lost_) return;
        complete_ = false;
        set_state(book, state, reason);
    }

    // Nothing is known to be missing, but the book may be old: until its next message.
    static void doubt(Book& book, const std::string& reason) {
        if (book.state == BookState::synced || book.state == BookState::unverified) {
            set_state(book, BookState::stale, reason);
        }
    }

    // Gives the book up: it has to be built from a new snapshot.
    void restart(Book& book, const std::string& reason) {
        touched_ = Touched::nothing;
        if (book.state == BookState::empty) return;
        phase_ = Phase::waiting;
        clear_buffer();  // it may have the hole that is the reason
        complete_ = false;
        is_lost_ = !joins_;
        crossed_in_a_row_ = 0;
        next_snapshot_.reset();
        end_refresh();
        set_state(book, BookState::stale, reason);
    }

    // The same, told by the stream: a hole in numbers that only its decoder knows, or its
    // source's own word. The stream has to begin anew.
    Verdict lose(const Event& lost, Book& book) {
        const bool hole = lost.ids.last != absent;
        interrupt(book, hole ? BookState::gap : BookState::stale, lost.name);
        is_lost_ = !joins_ && is_proof(lost.rule);
        if (!hole) return Verdict::skip;
        ++counters_.gaps;
        last_gap_ = {lost.ids.first, lost.ids.last};
        return Verdict::gap;
    }

    // A finer grid turned up: what waits for its join moves onto it too.
    void rescale(const Rescale& factors) {
        for (Event& event : buffer_) obcore::rescale(event, factors);
        horizon_watch_.rescale(factors.price);
        newer_.rescale(factors);
        if (next_snapshot_) obcore::rescale(*next_snapshot_, factors);
    }

    // Messages in a row that left the book crossed.
    [[nodiscard]] std::int64_t crossed_in_a_row() const noexcept { return crossed_in_a_row_; }

    // Bytes held besides the object itself: those of messages that wait.
    [[nodiscard]] std::size_t memory_usage() const noexcept {
        std::size_t bytes = newer_.memory_usage();
        if (next_snapshot_) bytes += next_snapshot_->memory_usage();
        for (const Event& event : buffer_) bytes += sizeof(event) + event.memory_usage();
        return bytes;
    }

private:
    enum class Phase : std::uint8_t { waiting, loaded, joined };

    [[nodiscard]] static constexpr bool has_rule(const Event& event) noexcept {
        return event.rule != IdRule::none && event.kind != Kind::topn;
    }

    Verdict take(const Event& event, Book& book) {
        if (!has_rule(event)) return on_unverified(event, book);
        joins_ = needs_join(event.rule);
        sees_holes_ = is_proof(event.rule);
        if (!joins_) return on_stream(event, book);
        return event.kind == Kind::snapshot ? on_snapshot(event, book) : on_delta(event, book);
    }

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
        is_lost_ = false;
        apply(event, book);
        book.state = BookState::unverified;
        book.reason = event.kind == Kind::topn ? "top-N pictures carry no proof of sequence"
                                               : "the format has no ids that could prove it";
        return Verdict::apply;
    }

    // ---- Streams that begin with a snapshot of their own ------------------------------------

    Verdict on_stream(const Event& event, Book& book) {
        if (event.kind == Kind::delta) {
            if (!complete_) {
                if (book.state == BookState::empty) {
                    set_state(book, BookState::buffering,
                              "deltas before the stream's first snapshot are skipped");
                }
                return Verdict::skip;
            }
            const Verdict verdict = judge_stream(event.rule, book.sequence, event.ids);
            if (verdict == Verdict::skip) return verdict;
            if (verdict == Verdict::gap) return lose_at(event, book);
        }
        apply(event, book);
        if (const std::size_t kept = kept_levels(event); kept != 0) book.cut(kept);
        if (!is_right(event, book)) return lose_by_checksum(event, book);
        if (event.kind == Kind::snapshot) {
            ++counters_.joins;
            complete_ = true;
            is_lost_ = false;
        }
        prove(event, book);
        return Verdict::apply;
    }

    [[nodiscard]] static Verdict judge_stream(IdRule rule, Sequence last,
                                              const Ids& next) noexcept {
        if (rule == IdRule::chained) {
            return next.previous == last ? Verdict::apply : Verdict::gap;
        }
        if (rule == IdRule::consecutive) {
            if (next.last <= last) return Verdict::skip;
            return next.first == last + 1 ? Verdict::apply : Verdict::gap;
        }
        return Verdict::apply;  // a checksum, or the connection's numbers, prove it
    }

    [[nodiscard]] bool is_right(const Event& event, const Book& book) {
        if (event.checksum.rule == Checksum::Rule::none) return true;
        computed_ = checksum_of(book, event.checksum.rule);
        if (computed_ != event.checksum.value) return false;
        ++counters_.checksums;
        return true;
    }

    Verdict lose_by_checksum(const Event& event, Book& book) {
        ++counters_.gaps;
        last_gap_ = {};
        complete_ = false;
        is_lost_ = true;
        set_state(book, BookState::gap,
                  "checksum: expected " + std::to_string(event.checksum.value) +
                      ", the book has " + std::to_string(computed_));
        return Verdict::gap;
    }

    Verdict lose_at(const Event& delta, Book& book) {
        ++counters_.gaps;
        const bool chained = delta.rule == IdRule::chained;
        last_gap_ = {chained ? book.sequence : book.sequence + 1,
                     chained ? delta.ids.previous : delta.ids.first};
        complete_ = false;
        is_lost_ = true;
        set_state(book, BookState::gap, missing(chained ? "previous id " : "id "));
        return Verdict::gap;
    }

    [[nodiscard]] std::string missing(const char* id) const {
        return "deltas are missing: expected " + std::string(id) +
               std::to_string(last_gap_.expected) + ", received " +
               std::to_string(last_gap_.received);
    }

    // ---- Snapshots that are asked for apart -------------------------------------------------

    Verdict on_snapshot(const Event& snapshot, Book& book) {
        if (phase_ == Phase::joined) {
            if (snapshot.ids.last <= book.sequence) return refresh(snapshot, book);
            // A newer picture takes over at the event that joins it; sync is never left.
            next_snapshot_ = snapshot;
            return Verdict::buffer;
        }
        if (phase_ == Phase::loaded && snapshot.ids.last < book.sequence) return Verdict::skip;
        // A clock tells no hole between the two: only what both of them hold proves that there
        // is none.
        if (!sees_holes_ && !buffer_.empty() && snapshot.ids.last < buffer_.front().ids.last) {
            return refuse(snapshot, book);
        }
        while (!buffer_.empty()) {
            const Event& first = buffer_.front();
            const Verdict verdict =
                binance::judge_join(first.rule, snapshot.ids.last, first.ids);
            if (verdict == Verdict::apply) return join(snapshot, book);
            if (verdict == Verdict::resync) return refuse(snapshot, book);
            drop_first();
        }
        load(snapshot, book);
        return Verdict::buffer;
    }

    // It is older than what the deltas at hand begin with.
    Verdict refuse(const Event& snapshot, Book& book) {
        ++counters_.stale_snapshots;
        book.reason = "snapshot " + std::to_string(snapshot.ids.last) +
                      " is too old: the deltas at hand start at " +
                      std::to_string(buffer_.front().ids.first);
        return Verdict::resync;
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
            mark_joined(delta, book);
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
            prove(delta, book);
            if (is_near_horizon_) newer_.push(delta);
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
        end_refresh();
        hold(delta, book);
        set_state(book, BookState::gap, missing(spot ? "U " : "pu "));
    }

    // The newer snapshot replaces the book just before the delta that joins it.
    void take_over(const Event& delta, Book& book) {
        if (!next_snapshot_) return;
        const Sequence snapshot = next_snapshot_->ids.last;
        const Verdict verdict = binance::judge_join(delta.rule, snapshot, delta.ids);
        if (verdict == Verdict::skip) return;  // not there yet
        if (verdict == Verdict::apply) {
            replace_by(*next_snapshot_, book);
            ++counters_.refreshes;
            end_refresh();
        } else {
            ++counters_.stale_snapshots;
        }
        next_snapshot_.reset();
    }

    // A snapshot that is older than the book, which is in sync: it takes over where the copies
    // of deltas lead from it to where the book is.
    Verdict refresh(const Event& snapshot, Book& book) {
        if (!is_near_horizon_) return Verdict::skip;
        std::size_t first = 0;
        Verdict joins = Verdict::skip;
        for (; first < newer_.size(); ++first) {
            const DeltaLog::Delta& delta = newer_[first];
            joins = binance::judge_join(delta.rule, snapshot.ids.last, delta.ids);
            if (joins != Verdict::skip) break;
        }
        const bool is_the_book = first == newer_.size() && snapshot.ids.last == book.sequence;
        // A clock tells no hole: only a delta that both of them hold proves that there is none.
        const bool may_lack = first == 0 && snapshot.rule == IdRule::clock;
        if ((joins != Verdict::apply && !is_the_book) || may_lack) {
            ++counters_.stale_snapshots;
            return Verdict::resync;
        }
        std::array<Level, 20> before{};
        best_levels(book, before);
        const Horizon old = book.horizon;
        replace_by(snapshot, book);
        for (; first < newer_.size(); ++first) {
            book.update(newer_[first].bids, newer_[first].asks);
        }
        std::array<Level, 20> after{};
        best_levels(book, after);
        ++counters_.refreshes;
        keep_known(before, old, book.horizon);
        keep_known(after, old, book.horizon);
        counters_.corrections += before != after;
        end_refresh();
        return Verdict::buffer;
    }

    void replace_by(const Event& snapshot, Book& book) {
        touched_ = Touched::everything;
        book.replace(snapshot.bids, snapshot.asks);
        book.horizon = horizon_watch_.load(snapshot.bids, snapshot.asks);
    }

    // Of the best levels those that both snapshots told.
    static void keep_known(std::array<Level, 20>& levels, const Horizon& a, const Horizon& b) {
        for (std::size_t i = 0; i < levels.size(); ++i) {
            const Ticks price = levels[i].price;
            const bool known = i < 10 ? a.covers_bid(price) && b.covers_bid(price)
                                      : a.covers_ask(price) && b.covers_ask(price);
            if (!known) levels[i] = {};
        }
    }

    static void best_levels(const Book& book, std::array<Level, 20>& out) {
        const std::span all(out);
        book.bids.top(all.first(10));
        book.asks.top(all.last(10));
    }

    void end_refresh() {
        is_near_horizon_ = false;
        newer_.clear();
    }

    Verdict join(const Event& snapshot, Book& book) {
        load(snapshot, book);
        mark_joined(snapshot, book);
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
        book.horizon = horizon_watch_.load(snapshot.bids, snapshot.asks);
        end_refresh();
        phase_ = Phase::loaded;
        set_state(book, BookState::buffering,
                  "snapshot " + std::to_string(snapshot.ids.last) +
                      " waits for a delta that joins it");
    }

    void mark_joined(const Event& event, Book& book) {
        ++counters_.joins;
        phase_ = Phase::joined;
        prove(event, book);
    }

    static void set_state(Book& book, BookState state, std::string_view reason) {
        book.state = state;
        book.reason = reason;
    }

    // The message followed the book by its rule.
    static void prove(const Event& event, Book& book) {
        // A stream's first snapshot may come without the checksum that its deltas have.
        const bool is_proved =
            is_proof(event.rule) &&
            (event.rule != IdRule::checksum || event.checksum.rule != Checksum::Rule::none);
        const BookState state = is_proved ? BookState::synced : BookState::unverified;
        if (book.state != state) set_state(book, state, why(event.rule, is_proved));
    }

    [[nodiscard]] static const char* why(IdRule rule, bool is_proved) noexcept {
        if (rule == IdRule::clock) return "joined by the venue's clock, which tells no hole";
        if (rule == IdRule::orders) return "orders from before the recording are not in it";
        if (rule == IdRule::checksum) {
            return is_proved ? "proved by the venue's checksum"
                             : "the stream's own snapshot, which has no checksum";
        }
        return rule == IdRule::connection ? "proved by the connection's numbers"
                                          : "proved by the venue's ids";
    }

    void apply(const Event& event, Book& book) {
        const bool is_first = touched_ == Touched::nothing;
        if (event.kind == Kind::delta) {
            touched_ = is_first ? Touched::levels : Touched::everything;
            book.update(event.bids, event.asks);
        } else {
            touched_ = Touched::everything;
            book.replace(event.bids, event.asks);
        }
        book.sequence = event.ids.last;
        book.ts_event_ns = event.ts_event_ns;
        book.ts_recv_ns = event.ts_recv_ns;
    }

    // Looks at the touch once a whole message has been applied, never in between.
    void judge_touch(const Event& event, Book& book) {
        const auto touch = book.touch();
        if (!is_near_horizon_ && touch && phase_ == Phase::joined) [[likely]] {
            is_near_horizon_ = horizon_watch_.is_near(touch->bid, touch->ask);
        }
        const Ticks spread = touch ? touch->ask.price - touch->bid.price : 1;
        if (spread == 0) ++counters_.locked;
        if (spread >= 0) {
            crossed_in_a_row_ = 0;
            return;
        }
        ++counters_.crossed;
        if (book.state == BookState::synced) {
            set_state(book, BookState::stale, "crossed");
            ++crossed_in_a_row_;
        } else if (uncross) {
            remove_crossed(event, book);
        }
    }

    // The venue left a delete out: the side that the message did not touch at the best is old.
    void remove_crossed(const Event& event, Book& book) {
        auto bid = book.bids.best();
        auto ask = book.asks.best();
        if (!bid || !ask) return;
        touched_ = Touched::everything;
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
    bool complete_ = false;    // an unverified book has had its first snapshot
    bool joins_ = false;       // the last event's snapshots are asked for apart
    bool sees_holes_ = false;  // its ids tell whether it follows the one before
    bool is_lost_ = false;     // a stream that has to begin anew
    bool is_near_horizon_ = false;
    Touched touched_ = Touched::nothing;
    std::int64_t crossed_in_a_row_ = 0;
    std::uint32_t computed_ = 0;  // the last checksum of the book
    HorizonWatch horizon_watch_;
    DeltaLog newer_;  // what came since the horizon came near
    std::deque<Event> buffer_;
    std::size_t buffered_levels_ = 0;
    std::optional<Event> next_snapshot_;
    Counters counters_;
    Gap last_gap_;
};

}  // namespace obcore
