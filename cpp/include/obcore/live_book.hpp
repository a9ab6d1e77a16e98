#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "obcore/binance.hpp"
#include "obcore/book.hpp"
#include "obcore/depth_kind.hpp"
#include "obcore/error.hpp"
#include "obcore/event.hpp"
#include "obcore/format.hpp"
#include "obcore/statistics.hpp"
#include "obcore/symbol.hpp"
#include "obcore/sync.hpp"
#include "obcore/verdict.hpp"
#include "obcore/vouched.hpp"

namespace obcore {

// What decoding needs besides a book: shared by books that take turns on one thread.
struct MessageReader {
    explicit MessageReader(Format format = Format::automatic)
        : decoder(format == Format::topn ? binance::Decoder::BareDepth::topn
                                         : binance::Decoder::BareDepth::diff) {}

    binance::Decoder decoder;
    Event event;
};

// The book of one instrument, kept from its messages as they arrive: the decoder and the state
// machine of a replay, without its files.
//
// A message is all or nothing. `book().state` says whether the book can be trusted; where the
// verdict is a gap or a resync, a REST snapshot goes the same way as every other message. Who
// decodes elsewhere applies levels instead, and the book is UNVERIFIED: its first message of
// depth decides for one of the two ways, since no proof outlasts a level from outside. Not
// thread-safe.
class LiveBook {
public:
    // `symbol`: the messages of which instrument these are; empty: the first one that is named.
    // `format` says whether the depth is diffs or top-N pictures, where the messages do not.
    explicit LiveBook(const Grid& grid, std::string_view symbol = {},
                      Format format = Format::automatic)
        : depth_kind_(format), symbol_(normalised_symbol(symbol)) {
        book_.grid = grid;
    }

    [[nodiscard]] const Book& book() const noexcept { return book_; }
    [[nodiscard]] const std::string& symbol() const noexcept { return symbol_; }
    [[nodiscard]] const Statistics& statistics() const noexcept { return statistics_; }
    [[nodiscard]] const Synchronizer::Counters& sync() const noexcept {
        return sync_.counters();
    }

    // Takes one Binance message: a diff, a REST snapshot or a partial depth. What is no depth
    // is counted and skipped. Throws DecodeError where it is malformed or of another
    // instrument; nothing else happened then.
    Verdict apply_json(std::string_view message, Nanos ts_recv_ns, MessageReader& reader) {
        Event& event = reader.event;
        reader.decoder.decode(message, book_.grid, event);
        event.ts_recv_ns = ts_recv_ns;
        if (event.is_depth()) require(Feed::messages);
        require_symbol(event);
        statistics_.bytes += static_cast<std::int64_t>(message.size());
        statistics_.see(event);
        if (!event.is_depth()) return Verdict::skip;
        if (is_meant(event)) {
            const Verdict verdict = sync_.on(event, book_);
            feed_ = Feed::messages;
            return verdict;
        }
        ++statistics_.ignored_depth;
        return Verdict::skip;
    }

    // Levels of the caller's own decoding. Throws DecodeError where one is invalid, Error where
    // the book is kept from messages; the book is then as it was.
    void apply_snapshot(std::span<const Level> bids, std::span<const Level> asks,
                        const Told& told) {
        require(Feed::levels);
        obcore::apply_snapshot(book_, bids, asks, told);
        feed_ = Feed::levels;
    }
    void apply_delta(std::span<const Level> bids, std::span<const Level> asks,
                     const Told& told) {
        require(Feed::levels);
        obcore::apply_delta(book_, bids, asks, told);
        feed_ = Feed::levels;
    }

    [[nodiscard]] std::size_t memory_usage() const noexcept {
        return sizeof(*this) - sizeof(book_.bids) - sizeof(book_.asks) + book_.memory_usage() +
               sync_.memory_usage() + symbol_.capacity();
    }

private:
    enum class Feed : std::uint8_t { none, messages, levels };

    void require(Feed feed) const {
        if (feed_ == feed || feed_ == Feed::none) [[likely]]
            return;
        throw Error("book of " + (symbol_.empty() ? std::string("no symbol") : symbol_) +
                    (feed_ == Feed::levels
                         ? ": expected decoded levels, as before, received a message"
                         : ": expected messages, as before, received decoded levels"));
    }

    // Where nobody can tell diffs from pictures, the book that was made of them is not to be
    // trusted either.
    [[nodiscard]] bool is_meant(const Event& event) {
        try {
            return depth_kind_.is_meant(event);
        } catch (const AmbiguousFormat& error) {
            if (depth_kind_.is_in_doubt()) {
                book_.state = BookState::stale;
                book_.reason = error.what();
            }
            throw;
        }
    }

    void require_symbol(const Event& event) {
        if (event.symbol == symbol_ || event.symbol.empty()) return;
        if (event.kind == Kind::unknown || event.kind == Kind::control) return;
        if (!symbol_.empty()) throw DecodeError("symbol", symbol_, event.symbol);
        symbol_ = event.symbol;
    }

    Book book_;
    Synchronizer sync_;
    DepthKind depth_kind_;
    Feed feed_ = Feed::none;
    Statistics statistics_;
    std::string symbol_;
};

}  // namespace obcore
