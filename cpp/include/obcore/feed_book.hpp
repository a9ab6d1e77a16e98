#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "obcore/auto_grid.hpp"
#include "obcore/book.hpp"
#include "obcore/depth_kind.hpp"
#include "obcore/event.hpp"
#include "obcore/feature_engine.hpp"
#include "obcore/sync.hpp"
#include "obcore/trade_flow.hpp"
#include "obcore/units.hpp"

namespace obcore {

// The book of one instrument of a feed with its features, and what is known of its health.
// Not thread-safe.
class FeedBook {
public:
    struct Counters {
        std::int64_t messages = 0;  // of depth
        std::int64_t trades = 0;
        std::int64_t states = 0;
        std::int64_t malformed = 0;
        std::int64_t trades_lost = 0;  // times that trades may have been missed
        std::int64_t outages = 0;      // times that it was trusted, and was no more
    };

    // Without a grid it is found on the way. `from_ticker`: the book is the best bid and offer.
    FeedBook(std::string name, const std::optional<Grid>& grid,
             const std::optional<FeatureOptions>& features, bool from_ticker = false)
        : name_(std::move(name)), is_grid_fixed_(grid.has_value()), from_ticker_(from_ticker) {
        if (grid) book_.grid = *grid;
        if (!features) return;
        engine_.emplace(*features);
        values_.assign(engine_->size(), std::numeric_limits<double>::quiet_NaN());
    }

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const Book& book() const noexcept { return book_; }
    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
    [[nodiscard]] const Synchronizer& sync() const noexcept { return sync_; }
    [[nodiscard]] const std::optional<FeatureEngine>& engine() const noexcept {
        return engine_;
    }
    // Features of the book's last state; NaN while it is not to be trusted.
    [[nodiscard]] std::span<const double> values() const noexcept { return values_; }
    [[nodiscard]] bool is_trusted() const noexcept { return obcore::is_trusted(book_.state); }

    // ---- What arrives -----------------------------------------------------------------------

    // One event of depth. A book whose messages come later than `most_lag_ns` is not to be
    // trusted.
    Verdict take_depth(Event& event, Nanos most_lag_ns) {
        if (event.kind == Kind::bbo) event.kind = Kind::topn;
        ++counters_.messages;
        see_times(event);
        last_depth_ns_ = event.ts_recv_ns;
        return watched([&] {
            const Verdict verdict = sync_.on(event, book_);
            if (lag_ns() != absent && lag_ns() >= most_lag_ns) {
                Synchronizer::doubt(
                    book_, "lagging by " + std::to_string(lag_ns() / 1'000'000) + " ms");
            }
            return verdict;
        });
    }
    // One that says that messages are missing.
    Verdict lose(const Event& event) {
        return watched([&] { return sync_.lose(event, book_); });
    }
    void interrupt(BookState state, const std::string& reason) {
        watched([&] {
            sync_.interrupt(book_, state, reason);
            return Verdict::skip;
        });
    }
    // Nothing is known to be missing, but the book may be old.
    void doubt(const std::string& reason) {
        watched([&] {
            Synchronizer::doubt(book_, reason);
            book_.reason = reason;  // also where it was no better before
            return Verdict::skip;
        });
    }
    // The book is given up: it has to be built from a new snapshot.
    void restart(const std::string& reason) {
        watched([&] {
            sync_.restart(book_, reason);
            return Verdict::skip;
        });
    }

    void take_trade(const Event& event) {
        ++counters_.trades;
        last_trade_ns_ = event.ts_recv_ns;
        if (engine_) engine_->on_trade({event.trade, {event.ts_event_ns, event.ts_recv_ns}});
    }

    // Whether an event of depth is what this book is made of; others are counted and skipped.
    [[nodiscard]] bool is_meant(const Event& event) {
        if (event.kind == Kind::bbo || from_ticker_) {
            return from_ticker_ && event.kind == Kind::bbo;
        }
        return depth_kind_.is_meant(event);
    }

    void count_malformed() noexcept { ++counters_.malformed; }
    void count_trades_lost() noexcept { ++counters_.trades_lost; }

    // Moves onto a grid that holds a number which did not fit, all of it or nothing; how much
    // finer it is. Nothing where the grid was given, or none would hold it.
    std::optional<Rescale> widen(const PrecisionError& error) {
        if (is_grid_fixed_ || !can_widen(error)) return std::nullopt;
        const Rescale factors = factors_to_hold(book_.grid, error);
        Book book = book_;
        Synchronizer sync = sync_;
        book.rescale(factors);
        sync.rescale(factors);
        obcore::widen(book.grid, error);
        if (engine_) engine_->rescale(factors, book);
        book_ = std::move(book);
        sync_ = std::move(sync);
        return factors;
    }

    // ---- Health -----------------------------------------------------------------------------

    [[nodiscard]] Nanos last_depth_ns() const noexcept { return last_depth_ns_; }
    [[nodiscard]] Nanos last_trade_ns() const noexcept { return last_trade_ns_; }

    // How much later than the fastest message the last one came; the clocks' offset cancels
    // out.
    [[nodiscard]] Nanos lag_ns() const noexcept {
        return latency_ns_ == absent ? absent : latency_ns_ - least_latency_ns_;
    }
    // Receive minus venue time of the fastest message: the clocks' offset and the way.
    [[nodiscard]] Nanos least_latency_ns() const noexcept { return least_latency_ns_; }

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        return sizeof(*this) - sizeof(book_.bids) - sizeof(book_.asks) + book_.memory_usage() +
               sync_.memory_usage() + values_.capacity() * sizeof(double) + name_.capacity();
    }

private:
    // Runs what may change the book; its features follow.
    template <typename Change>
    Verdict watched(Change&& change) {
        const bool was_trusted = is_trusted();
        const Verdict verdict = change();
        if (!is_trusted()) {
            if (was_trusted) forget();
        } else if (verdict == Verdict::apply) {
            ++counters_.states;
            if (engine_) {
                engine_->on_state(book_);
                engine_->fill(book_, values_);
            }
        }
        return verdict;
    }

    // Behind a break nothing goes on.
    void forget() {
        ++counters_.outages;
        if (!engine_) return;
        engine_->reset();
        std::ranges::fill(values_, std::numeric_limits<double>::quiet_NaN());
    }

    void see_times(const Event& event) noexcept {
        // A snapshot that was asked for is ahead of the stream that it joins.
        if (event.ts_event_ns == absent || event.ts_recv_ns == absent ||
            event.kind == Kind::snapshot ||
            __builtin_sub_overflow(event.ts_recv_ns, event.ts_event_ns, &latency_ns_)) {
            return;
        }
        least_latency_ns_ = least_latency_ns_ == absent
                                ? latency_ns_
                                : std::min(least_latency_ns_, latency_ns_);
    }

    std::string name_;
    bool is_grid_fixed_;
    bool from_ticker_;
    Book book_;
    Synchronizer sync_;
    DepthKind depth_kind_;
    std::optional<FeatureEngine> engine_;
    std::vector<double> values_;
    Counters counters_;
    Nanos last_depth_ns_ = absent;
    Nanos last_trade_ns_ = absent;
    Nanos latency_ns_ = absent;
    Nanos least_latency_ns_ = absent;
};

}  // namespace obcore
