#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "obcore/binance.hpp"
#include "obcore/book.hpp"
#include "obcore/event.hpp"
#include "obcore/units.hpp"
#include "obcore/verdict.hpp"

namespace obcore {

// Which of two connections a book follows, while the next one stands beside the old one.
//
// Both bring the same messages, but not at the same time. The book goes over to the next
// connection where that is known to lose nothing: at a message that follows the book or repeats
// it, or at a snapshot of the stream's own. Until then what the next one brings is kept. Of the
// connection that was left nothing is taken any more, so that no older size comes back.
class Handover {
public:
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_kept = std::size_t{1} << 12;

    enum class Turn : std::uint8_t { take, keep, skip };

    [[nodiscard]] std::size_t source() const noexcept { return source_; }
    [[nodiscard]] bool follows(std::size_t connection) const noexcept {
        return source_ == connection || source_ == none;
    }

    // The book follows this connection, beside which the next one begins.
    void follow(std::size_t connection) noexcept {
        reset();
        source_ = connection;
    }

    // What to do with an event of depth that a connection brings.
    Turn on(std::size_t connection, const Event& event, const Book& book, bool is_trusted) {
        if (connection == left_) return Turn::skip;
        if (follows(connection)) {
            source_ = connection;
            return Turn::take;
        }
        if (begins_anew(event)) return go_over(connection);
        if (!needs_join(event.rule)) return Turn::skip;
        if (!is_trusted || kept_.size() >= max_kept || meets(event, book)) {
            return go_over(connection);
        }
        next_ = connection;
        kept_.push_back(event);
        return Turn::keep;
    }

    // What was kept, once the book has come so far that it follows; to be taken in this order.
    [[nodiscard]] std::vector<Event> release(const Book& book) {
        if (kept_.empty() || !meets(kept_.front(), book)) return {};
        left_ = std::exchange(source_, next_);
        return std::exchange(kept_, {});
    }

    // A connection has gone, but not the last one. True where the book followed it, and may
    // lack what only it had; `release_all` has what the next one brought meanwhile.
    [[nodiscard]] bool leave(std::size_t connection) noexcept {
        if (left_ == connection) left_ = none;
        if (source_ != connection) {
            forget(connection);
            return false;
        }
        source_ = left_ = none;  // whoever is still there is welcome
        return true;
    }
    [[nodiscard]] std::vector<Event> release_all() noexcept { return std::exchange(kept_, {}); }

    // The next connection has a hole that nothing tells.
    void forget(std::size_t connection) noexcept {
        if (next_ == connection) kept_.clear();
    }

    void reset() noexcept {
        source_ = left_ = next_ = none;
        kept_.clear();
    }

    void rescale(const Rescale& factors) {
        for (Event& event : kept_) obcore::rescale(event, factors);
    }

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        std::size_t bytes = 0;
        for (const Event& event : kept_) bytes += sizeof(event) + event.memory_usage();
        return bytes;
    }

private:
    [[nodiscard]] static bool begins_anew(const Event& event) noexcept {
        return event.kind == Kind::topn || event.kind == Kind::bbo ||
               event.kind == Kind::snapshot;
    }

    // Ids tell what follows. A clock does not: there the message has to be one that the book
    // has already.
    [[nodiscard]] static bool meets(const Event& event, const Book& book) noexcept {
        if (event.rule == IdRule::clock) return event.ids.last <= book.sequence;
        return binance::judge(event.rule, book.sequence, event.ids) != Verdict::gap;
    }

    Turn go_over(std::size_t connection) {
        left_ = std::exchange(source_, connection);
        kept_.clear();
        return Turn::take;
    }

    std::size_t source_ = none;
    std::size_t left_ = none;  // went over from it: it is about to be closed
    std::size_t next_ = none;  // whose messages are kept
    std::vector<Event> kept_;
};

}  // namespace obcore
