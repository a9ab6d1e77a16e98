#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "obcore/book.hpp"
#include "obcore/error.hpp"
#include "obcore/event.hpp"
#include "obcore/event_queue.hpp"
#include "obcore/feed_book.hpp"
#include "obcore/feed_event.hpp"
#include "obcore/frame.hpp"
#include "obcore/handover.hpp"
#include "obcore/sync.hpp"
#include "obcore/trade_stream.hpp"
#include "obcore/units.hpp"
#include "obcore/venue_wire.hpp"
#include "obcore/verdict.hpp"

namespace obcore {

// What the caller of a feed has to do after a frame; several at once.
struct FeedSignals {
    bool control = false;    // the frame is the venue's word on the connection itself: read it
    bool wants = false;      // a book wants something of the venue: take_wants()
    bool wake = false;       // a listener that waits has something to read
    bool block = false;      // a listener's queue is full, and the connection has to wait
    bool malformed = false;  // the frame could not be read: last_error() says why
};

// The books, connections and listeners of a live feed: all of it but sockets, clocks and
// threads.
//
// Whoever has the sockets hands over each frame with the time of its arrival; it is decoded and
// applied at once, and what happened lies in the queues of those who listen. The state machine
// of a book is the one of a replay, so a recording of the frames gives the same books and the
// same features. Not thread-safe.
class FeedState {
public:
    using Want = Synchronizer::Want;
    struct Wish {
        std::size_t book = 0;
        Want want = Want::nothing;
        bool of_trades = false;  // which are a stream of their own
    };

    // When a book is not to be trusted any more though nothing is missing.
    struct Limits {
        Nanos first_message_ns = 10'000'000'000;  // behind the subscription
        Nanos silence_ns = 60'000'000'000;
        Nanos trade_silence_ns = 120'000'000'000;
        Nanos lag_ns = 5'000'000'000;
        std::int64_t crossed_messages = 3;
        Nanos crossed_ns = 1'000'000'000;
    };

    explicit FeedState(const Limits& limits) : limits_(limits) {}

    // ---- Books and connections --------------------------------------------------------------

    std::size_t add_book(std::string name, const std::optional<Grid>& grid,
                         const std::optional<FeatureOptions>& features, bool from_ticker) {
        books_.push_back(
            std::make_unique<Tracked>(FeedBook(std::move(name), grid, features, from_ticker)));
        return books_.size() - 1;
    }

    std::size_t add_connection(Wire wire, const WireSettings& settings) {
        const std::size_t added = connections_.size();
        connections_.push_back(std::make_unique<Connection>(*this, added, wire, settings));
        return added;
    }

    // What the connection calls the book; it is expected to bring its depth where `has_depth`.
    void subscribe(std::size_t connection, std::string symbol, std::size_t book, bool has_depth,
                   Nanos now) {
        Connection& on = *connections_.at(connection);
        Tracked& tracked = *books_.at(book);
        on.last_stream = nullptr;
        if (!has_depth) {
            on.trades_of.emplace(std::move(symbol), Stream{book});
            tracked.trades.begin(connection, now);
            return;
        }
        if (on.books.emplace(std::move(symbol), Stream{book}).second) ++tracked.connections;
        tracked.expected_since = now;
        tracked.vain_subscriptions = 0;
    }

    // A stream of one book begins anew on a connection that goes on.
    void resubscribed(std::size_t book, Nanos now) { books_.at(book)->expected_since = now; }
    void resubscribed_to_trades(std::size_t book, Nanos now) {
        books_.at(book)->trades.begin_anew(now);
    }

    // The connection has gone. Books that no other one brings are not to be trusted any more.
    FeedSignals disconnect(std::size_t connection, const std::string& reason, Nanos now) {
        FeedSignals signals;
        Connection& gone = *connections_.at(connection);
        for (const auto& [symbol, stream] : gone.books) {
            const std::size_t i = stream.book;
            Tracked& tracked = *books_[i];
            if (--tracked.connections > 0) {
                hand_over(i, tracked, connection, "disconnected: " + reason, now);
                continue;
            }
            tracked.expected_since = absent;
            tracked.handover.reset();
            tracked.book.interrupt(BookState::stale, "disconnected: " + reason);
            set_told(tracked, now);
            tell_reason(FeedEvent::Kind::disconnected, i, reason, now);
            note_want(i, tracked);
        }
        for (const auto& [symbol, stream] : gone.trades_of) {
            if (books_[stream.book]->trades.leave(connection)) {
                tell_trades_lost(stream.book, "disconnected: " + reason, now);
            }
        }
        gone.forget_streams();
        gone.decoder.reset();
        gone.last_frame_ns = absent;
        finish(signals);
        return signals;
    }

    [[nodiscard]] std::size_t book_count() const noexcept { return books_.size(); }
    [[nodiscard]] std::size_t connection_count() const noexcept { return connections_.size(); }
    [[nodiscard]] const FeedBook& book(std::size_t i) const { return books_.at(i)->book; }
    // Since when the book is in its state.
    [[nodiscard]] Nanos since(std::size_t i) const { return books_.at(i)->since; }
    [[nodiscard]] std::int64_t frames(std::size_t connection) const {
        return connections_.at(connection)->frames;
    }
    [[nodiscard]] Nanos last_frame_ns(std::size_t connection) const {
        return connections_.at(connection)->last_frame_ns;
    }
    // Whether the connection has begun, and every book that it brings follows it.
    [[nodiscard]] bool is_complete(std::size_t connection) const {
        if (connections_.at(connection)->last_frame_ns == absent) return false;
        return std::ranges::all_of(connections_.at(connection)->books, [&](const auto& entry) {
            return books_[entry.second.book]->handover.source() == connection;
        });
    }
    [[nodiscard]] const std::string& last_error() const noexcept { return last_error_; }
    [[nodiscard]] std::int64_t malformed() const noexcept { return malformed_; }

    // ---- What arrives -----------------------------------------------------------------------

    FeedSignals on_frame(std::size_t connection, std::string_view text, Nanos ts_recv_ns) {
        Connection& from = *connections_[connection];
        ++from.frames;
        from.last_frame_ns = ts_recv_ns;
        FeedSignals signals;
        if (!decode(from, text)) {
            note_malformed(from, ts_recv_ns);
            signals.malformed = true;
        } else {
            for (std::size_t i = 0; i < from.frame.size(); ++i) {
                Event& event = from.frame[i];
                // A relay of the past says when it was received then.
                if (event.ts_recv_ns == absent) event.ts_recv_ns = ts_recv_ns;
                take(from, event, signals);
            }
        }
        finish(signals);
        return signals;
    }

    // The answer to a request for the snapshot of one book. Throws DecodeError where it is
    // none; the book is then as it was.
    Verdict on_snapshot(std::size_t book, Wire wire, std::string_view text, Nanos ts_recv_ns,
                        FeedSignals& signals) {
        Tracked& tracked = *books_.at(book);
        OneBook grids(tracked.book);
        WireDecoder decoder(wire);
        Frame frame;
        while (true) {
            try {
                decoder.decode_snapshot(text, grids, frame);
                break;
            } catch (const PrecisionError& error) {
                if (!widen(tracked, error)) throw;
                if (tracked.book.counters().states > 0)
                    tell_instrument(book, tracked, ts_recv_ns);
            }
        }
        if (frame.size() != 1 || frame[0].kind != Kind::snapshot) {
            throw DecodeError("snapshot", "a snapshot of the book", text);
        }
        frame[0].ts_recv_ns = ts_recv_ns;
        tracked.told_want = Want::nothing;  // it was answered, and may be asked again
        const Verdict verdict = take_depth(book, tracked, frame[0]);
        finish(signals);
        return verdict;
    }

    // ---- Watching ---------------------------------------------------------------------------

    // Looks at every book's clock; to be called some times a second.
    FeedSignals check(Nanos now) {
        FeedSignals signals;
        for (std::size_t i = 0; i < books_.size(); ++i) check(i, *books_[i], now);
        finish(signals);
        return signals;
    }

    // What books want of the venue, each told once until it changes or is answered.
    [[nodiscard]] std::vector<Wish> take_wants() { return std::exchange(wishes_, {}); }
    // Asked in vain: the book wants it again.
    void ask_again(std::size_t book) {
        Tracked& tracked = *books_.at(book);
        tracked.told_want = Want::nothing;
        note_want(book, tracked);
    }
    // Gives a book up, at a caller's word.
    FeedSignals restart(std::size_t book, const std::string& reason, Nanos now) {
        FeedSignals signals;
        Tracked& tracked = *books_.at(book);
        tracked.book.restart(reason);
        tell_state(book, tracked, now);
        note_want(book, tracked);
        finish(signals);
        return signals;
    }

    // ---- Listening --------------------------------------------------------------------------

    struct Listener {
        EventQueue queue;
        bool with_features = false;
        bool is_waiting = false;
    };

    std::shared_ptr<Listener> listen(EventQueue::Policy policy, std::size_t capacity,
                                     bool with_features) {
        const auto listener =
            std::make_shared<Listener>(Listener{EventQueue(policy, capacity), with_features});
        // Who begins later has to know which books are in sync.
        const std::vector<std::shared_ptr<Listener>> others =
            std::exchange(listeners_, {listener});
        for (std::size_t i = 0; i < books_.size(); ++i) {
            if (books_[i]->book.is_trusted()) tell_resynced(i, *books_[i]);
        }
        listeners_.insert(listeners_.begin(), others.begin(), others.end());
        return listener;
    }
    void leave(const std::shared_ptr<Listener>& listener) { std::erase(listeners_, listener); }

    [[nodiscard]] bool is_blocked() const noexcept {
        return std::ranges::any_of(listeners_,
                                   [](const auto& one) { return one->queue.is_blocking(); });
    }

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        std::size_t bytes = sizeof(*this);
        for (const auto& tracked : books_) {
            bytes += tracked->book.memory_usage() + tracked->handover.memory_usage();
        }
        return bytes;
    }

private:
    // A book, and what its listeners were told of it.
    struct Tracked {
        explicit Tracked(FeedBook&& made) : book(std::move(made)) {}

        FeedBook book;
        BookState told = BookState::empty;
        Nanos since = absent;
        Want told_want = Want::nothing;
        int connections = 0;
        Handover handover;              // from one of them to the next
        Nanos expected_since = absent;  // of its first message
        Nanos last_depth_ns = absent;   // by our clock, whatever the source says
        Nanos crossed_since = absent;
        TradeStream trades;
        int vain_subscriptions = 0;  // since it was trusted
    };

    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    struct Stream {
        std::size_t book = 0;
    };
    using Symbols = std::unordered_map<std::string, Stream, Hash, std::equal_to<>>;

    struct Connection final : Grids {
        Connection(FeedState& the_feed, std::size_t its_number, Wire wire,
                   const WireSettings& settings)
            : feed(the_feed),
              number(its_number),
              has_ids(obcore::has_ids(wire)),
              decoder(wire, settings) {}

        [[nodiscard]] const Grid* find(std::string_view symbol) override {
            const Stream* const found = stream(symbol);
            if (found == nullptr) return nullptr;
            last = found->book;
            return &feed.books_[found->book]->book.book().grid;
        }
        [[nodiscard]] Stream* stream(std::string_view symbol) {
            if (last_stream != nullptr && symbol == last_symbol) return last_stream;
            const auto [found, name] = look_up(symbol);
            last_stream = found;
            last_symbol = name;
            return found;
        }
        // Asked several times a message; the name lasts as long as the stream.
        [[nodiscard]] std::pair<Stream*, std::string_view> look_up(std::string_view symbol) {
            for (Symbols* const symbols : {&books, &trades_of}) {
                if (const auto found = symbols->find(symbol); found != symbols->end()) {
                    return {&found->second, found->first};
                }
            }
            return {nullptr, {}};
        }
        void forget_streams() noexcept {
            books.clear();
            trades_of.clear();
            last_stream = nullptr;
        }

        FeedState& feed;
        std::size_t number;
        bool has_ids;
        WireDecoder decoder;
        Frame frame;
        Stream* last_stream = nullptr;  // what was asked for last, and its name
        std::string_view last_symbol;
        Symbols books;            // whose depth it brings
        Symbols trades_of;        // whose trades alone
        std::size_t last = none;  // the book whose numbers are being read
        std::int64_t frames = 0;
        Nanos last_frame_ns = absent;
    };

    // For an answer that is about one book, whatever it calls it.
    struct OneBook final : Grids {
        explicit OneBook(const FeedBook& the_book) : book(the_book) {}
        [[nodiscard]] const Grid* find(std::string_view) override { return &book.book().grid; }
        const FeedBook& book;
    };

    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

    // ---- Frames -----------------------------------------------------------------------------

    // False where the frame is malformed; nothing else happened then.
    [[nodiscard]] bool decode(Connection& from, std::string_view text) {
        while (true) {
            try {
                from.last = none;
                from.decoder.decode(text, from, from.frame);
                return true;
            } catch (const PrecisionError& error) {
                last_error_ = error.what();
                if (from.last == none) return false;
                Tracked& tracked = *books_[from.last];
                if (!widen(tracked, error)) return false;
                if (tracked.book.counters().states > 0) {
                    tell_instrument(from.last, tracked, from.last_frame_ns);
                }
            } catch (const DecodeError& error) {
                last_error_ = error.what();
                return false;
            }
        }
    }

    // False where the number fits no grid, or what rests in the book does not fit a finer one.
    [[nodiscard]] bool widen(Tracked& tracked, const PrecisionError& error) {
        try {
            const auto factors = tracked.book.widen(error);
            if (factors) tracked.handover.rescale(*factors);
            return factors.has_value();
        } catch (const PrecisionError& misfit) {
            last_error_ = misfit.what();
            tracked.handover.reset();  // what it kept may be on the coarser one
            return false;
        }
    }

    // What was in it is lost. Where ids prove what follows, the next message tells; elsewhere
    // nobody would, so the books begin anew.
    void note_malformed(Connection& from, Nanos now) {
        ++malformed_;
        if (from.last != none) books_[from.last]->book.count_malformed();
        const std::string reason = "a frame could not be read: " + last_error_;
        for (const auto& [symbol, stream] : from.trades_of) {
            if (from.last == none || from.last == stream.book) {
                tell_trades_lost(stream.book, reason, now);
            }
        }
        if (from.has_ids) return;
        for (const auto& [symbol, stream] : from.books) {
            const std::size_t i = stream.book;
            Tracked& tracked = *books_[i];
            tracked.handover.forget(from.number);
            if (!tracked.handover.follows(from.number)) continue;
            tracked.book.restart(reason);
            tell_state(i, tracked, now);
            note_want(i, tracked);
        }
    }

    void take(Connection& from, Event& event, FeedSignals& signals) {
        if (event.kind == Kind::control) {
            signals.control = true;
            return;
        }
        if (event.kind == Kind::lost && event.symbol.empty()) {
            for (const auto& [symbol, stream] : from.books) {
                lose(from, stream.book, *books_[stream.book], event);
            }
            for (const auto& [symbol, stream] : from.trades_of) {
                tell_trades_lost(stream.book, "messages of the connection are missing",
                                 event.ts_recv_ns);
            }
            return;
        }
        if (event.kind == Kind::unknown || event.kind == Kind::off_book) return;
        const Stream* const stream = from.stream(event.symbol);
        if (stream == nullptr) return;
        const std::size_t i = stream->book;
        Tracked& tracked = *books_[i];
        if (event.kind == Kind::trade) {
            if (tracked.trades.is_news(from.number, event.trade, from.last_frame_ns)) {
                take_trade(i, tracked, event);
            }
        } else if (event.kind == Kind::lost) {
            lose(from, i, tracked, event);
        } else {
            tracked.last_depth_ns = from.last_frame_ns;
            take_in_turn(from, i, tracked, event);
        }
    }

    // While two connections bring a book it follows one of them.
    void take_in_turn(const Connection& from, std::size_t i, Tracked& tracked, Event& event) {
        const Book& book = tracked.book.book();
        const auto turn =
            tracked.handover.on(from.number, event, book, tracked.book.is_trusted());
        if (turn != Handover::Turn::take) return;
        take_checked(i, tracked, event);
        if (tracked.connections == 1) return;
        for (Event& kept : tracked.handover.release(book)) take_checked(i, tracked, kept);
    }

    // One of two connections has gone, perhaps the one that the book follows.
    void hand_over(std::size_t i, Tracked& tracked, std::size_t gone, const std::string& reason,
                   Nanos now) {
        if (!tracked.handover.leave(gone)) return;
        if (!tracked.book.sync().sees_holes()) {
            tracked.book.interrupt(BookState::stale, reason);
            tell_state(i, tracked, now);
        }
        for (Event& kept : tracked.handover.release_all()) take_checked(i, tracked, kept);
        note_want(i, tracked);
    }

    void take_checked(std::size_t i, Tracked& tracked, Event& event) {
        try {
            if (tracked.book.is_meant(event)) take_depth(i, tracked, event);
        } catch (
            const Error& error) {  // diffs or pictures: nobody can tell; or too many levels
            last_error_ = error.what();
            ++malformed_;
            tracked.book.count_malformed();
            tracked.book.interrupt(BookState::stale, last_error_);
            tell_state(i, tracked, event.ts_recv_ns);
        }
    }

    Verdict take_depth(std::size_t i, Tracked& tracked, Event& event) {
        const Verdict verdict = tracked.book.take_depth(event, limits_.lag_ns);
        if (tracked.book.is_trusted()) tracked.vain_subscriptions = 0;
        if (verdict == Verdict::gap) tell_gap(i, tracked, event.ts_recv_ns);
        tell_state(i, tracked, event.ts_recv_ns);
        watch_touch(i, tracked, event.ts_recv_ns);
        if (verdict == Verdict::apply && tracked.book.is_trusted()) tell_update(i, tracked);
        note_want(i, tracked);
        return verdict;
    }

    void lose(const Connection& from, std::size_t i, Tracked& tracked, Event& event) {
        if (!tracked.handover.follows(from.number)) return;
        if (tracked.book.lose(event) == Verdict::gap) tell_gap(i, tracked, event.ts_recv_ns);
        tell_state(i, tracked, event.ts_recv_ns);
        note_want(i, tracked);
    }

    // A book that stays crossed has lost something that its ids do not tell.
    void watch_touch(std::size_t i, Tracked& tracked, Nanos now) {
        const std::int64_t crossed = tracked.book.sync().crossed_in_a_row();
        if (crossed == 0) {
            tracked.crossed_since = absent;
            return;
        }
        if (tracked.crossed_since == absent) tracked.crossed_since = now;
        if (crossed >= limits_.crossed_messages ||
            now - tracked.crossed_since >= limits_.crossed_ns) {
            give_up(i, tracked, "crossed too long", now);
        }
    }

    void give_up(std::size_t i, Tracked& tracked, const std::string& reason, Nanos now) {
        tracked.crossed_since = absent;
        tracked.book.restart(reason);
        tell_state(i, tracked, now);
        note_want(i, tracked);
    }

    void check(std::size_t i, Tracked& tracked, Nanos now) {
        if (const auto quiet = tracked.trades.notice_silence(now, limits_.trade_silence_ns)) {
            tell_trades_lost(i, "no trade in " + seconds(*quiet), now);
            wishes_.push_back({i, Want::resubscription, true});
        }
        if (tracked.connections == 0) return;
        if (tracked.crossed_since != absent &&
            now - tracked.crossed_since >= limits_.crossed_ns) {
            give_up(i, tracked, "crossed too long", now);
        }
        watch_silence(i, tracked, now);
    }

    // A stream may be acknowledged and never begin, end without a word, or lose the very
    // snapshot that it begins with.
    void watch_silence(std::size_t i, Tracked& tracked, Nanos now) {
        const Nanos last = tracked.last_depth_ns;
        const bool came = last != absent && last >= tracked.expected_since;
        const bool began = came && !tracked.book.sync().awaits_stream();
        const Nanos quiet = now - (began ? last : tracked.expected_since);
        // A market may be as quiet as that: each time in vain the next one comes later.
        const int doublings = std::min(tracked.vain_subscriptions, 5);
        if (quiet < (began ? limits_.silence_ns : limits_.first_message_ns << doublings))
            return;
        ++tracked.vain_subscriptions;
        tracked.expected_since = now;
        become_stale(i, tracked, now,
                     (began  ? "silent for "
                      : came ? "subscribed, but no snapshot in "
                             : "subscribed, but no message in ") +
                         seconds(quiet));
        wishes_.push_back({i, Want::resubscription});
    }

    [[nodiscard]] static std::string seconds(Nanos duration) {
        return std::to_string(duration / 1'000'000'000) + " s";
    }

    void become_stale(std::size_t i, Tracked& tracked, Nanos now, const std::string& reason) {
        const BookState before = tracked.book.book().state;
        tracked.book.doubt(reason);
        if (tracked.book.book().state != before) {
            tell_state(i, tracked, now);
            return;
        }
        // It was no better before, but this is news.
        tell_reason(FeedEvent::Kind::stale, i, reason, now);
    }

    void note_want(std::size_t i, Tracked& tracked) {
        const Want want = tracked.book.sync().wants();
        if (want == tracked.told_want) return;
        tracked.told_want = want;
        if (want != Want::nothing) wishes_.push_back({i, want});
    }

    // ---- Telling ----------------------------------------------------------------------------

    void take_trade(std::size_t i, Tracked& tracked, const Event& event) {
        tracked.book.take_trade(event);
        const Grid& grid = tracked.book.book().grid;
        for (const auto& listener : listeners_) {
            FeedEvent* out = listener->queue.push(FeedEvent::Kind::trade, number(i));
            if (out == nullptr) continue;
            out->ts_event_ns = event.ts_event_ns;
            out->ts_recv_ns = event.ts_recv_ns;
            out->price = grid.tick.to_double(static_cast<double>(event.trade.price));
            out->size = grid.lot.to_double(static_cast<double>(event.trade.size));
            out->taker = event.trade.taker;
            out->trade_id = event.trade.id;
        }
    }

    void tell_update(std::size_t i, const Tracked& tracked) {
        const Book& book = tracked.book.book();
        for (const auto& listener : listeners_) {
            FeedEvent* out = listener->queue.push(FeedEvent::Kind::update, number(i));
            if (out == nullptr) continue;
            out->ts_event_ns = book.ts_event_ns;
            out->ts_recv_ns = book.ts_recv_ns;
            out->sequence = book.sequence;
            out->state = book.state;
            set_best(book.bids.best(), book.grid, out->bid_px, out->bid_sz);
            set_best(book.asks.best(), book.grid, out->ask_px, out->ask_sz);
            out->features.clear();
            if (listener->with_features) {
                const auto values = tracked.book.values();
                out->features.assign(values.begin(), values.end());
            }
        }
    }

    static void set_best(const std::optional<Level>& best, const Grid& grid, double& px,
                         double& sz) noexcept {
        constexpr double nan = std::numeric_limits<double>::quiet_NaN();
        px = best ? grid.tick.to_double(static_cast<double>(best->price)) : nan;
        sz = best ? grid.lot.to_double(static_cast<double>(best->size)) : nan;
    }

    void tell_gap(std::size_t i, Tracked& tracked, Nanos now) {
        FeedEvent told;
        told.ts_recv_ns = now;
        told.expected = tracked.book.sync().last_gap().expected;
        told.received = tracked.book.sync().last_gap().received;
        told.reason = tracked.book.book().reason;
        set_told(tracked, now);
        tell(FeedEvent::Kind::gap, i, told);
    }

    // Tells a change of state that nothing else has told.
    void tell_state(std::size_t i, Tracked& tracked, Nanos now) {
        const BookState state = tracked.book.book().state;
        if (state == tracked.told) return;
        const bool was_trusted = obcore::is_trusted(tracked.told);
        set_told(tracked, now);
        FeedEvent told;
        told.ts_recv_ns = now;
        told.sequence = tracked.book.book().sequence;
        told.state = state;
        told.reason = tracked.book.book().reason;
        if (obcore::is_trusted(state)) {
            if (!was_trusted) tell(FeedEvent::Kind::resynced, i, told);
        } else if (was_trusted || state == BookState::stale) {
            tell(FeedEvent::Kind::stale, i, told);
        }
    }

    void tell_resynced(std::size_t i, const Tracked& tracked) {
        const Book& book = tracked.book.book();
        FeedEvent told;
        told.ts_recv_ns = tracked.since;
        told.sequence = book.sequence;
        told.state = book.state;
        told.reason = book.reason;
        tell(FeedEvent::Kind::resynced, i, told);
    }

    void set_told(Tracked& tracked, Nanos now) {
        const BookState state = tracked.book.book().state;
        if (state != tracked.told) tracked.since = now;
        tracked.told = state;
    }

    void tell_instrument(std::size_t i, const Tracked& tracked, Nanos now) {
        const Grid& grid = tracked.book.book().grid;
        tell_reason(FeedEvent::Kind::instrument, i,
                    to_text(grid.tick) + " " + to_text(grid.lot), now);
    }

    void tell_trades_lost(std::size_t i, const std::string& reason, Nanos now) {
        books_[i]->book.count_trades_lost();
        tell_reason(FeedEvent::Kind::trades_lost, i, reason, now);
    }

    void tell_reason(FeedEvent::Kind kind, std::size_t i, const std::string& reason,
                     Nanos now) {
        FeedEvent told;
        told.reason = reason;
        told.ts_recv_ns = now;
        told.state = books_[i]->book.book().state;
        tell(kind, i, told);
    }

    void tell(FeedEvent::Kind kind, std::size_t i, const FeedEvent& told) {
        for (const auto& listener : listeners_) {
            FeedEvent* out = listener->queue.push(kind, number(i));
            if (out == nullptr) continue;
            *out = told;
            out->kind = kind;
            out->book = number(i);
        }
    }

    void finish(FeedSignals& signals) const noexcept {
        signals.wants = !wishes_.empty();
        for (const auto& listener : listeners_) {
            signals.wake |= listener->is_waiting &&
                            (!listener->queue.is_empty() || listener->queue.has_overflowed());
            signals.block |= listener->queue.is_blocking();
        }
    }

    [[nodiscard]] static std::uint32_t number(std::size_t i) noexcept {
        return static_cast<std::uint32_t>(i);
    }

    Limits limits_;
    std::vector<std::unique_ptr<Tracked>> books_;  // they never move
    std::vector<std::unique_ptr<Connection>> connections_;
    std::vector<std::shared_ptr<Listener>> listeners_;
    std::vector<Wish> wishes_;
    std::string last_error_;
    std::int64_t malformed_ = 0;
};

}  // namespace obcore
