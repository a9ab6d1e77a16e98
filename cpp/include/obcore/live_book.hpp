#pragma once

#include <cstdint>
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
// verdict is a gap or a resync, a REST snapshot goes the same way as every other message. Not
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
        require_symbol(event);
        statistics_.bytes += static_cast<std::int64_t>(message.size());
        statistics_.see(event);
        if (!event.is_depth()) return Verdict::skip;
        if (is_meant(event)) return sync_.on(event, book_);
        ++statistics_.ignored_depth;
        return Verdict::skip;
    }

private:
    // Where nobody can tell diffs from pictures, the book is no longer to be trusted either.
    [[nodiscard]] bool is_meant(const Event& event) {
        try {
            return depth_kind_.is_meant(event);
        } catch (const AmbiguousFormat& doubt) {
            book_.state = BookState::stale;
            book_.reason = doubt.what();
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
    Statistics statistics_;
    std::string symbol_;
};

}  // namespace obcore
