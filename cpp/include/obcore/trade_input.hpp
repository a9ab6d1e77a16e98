#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "obcore/event.hpp"
#include "obcore/format.hpp"
#include "obcore/input_error.hpp"
#include "obcore/splitter.hpp"
#include "obcore/symbol.hpp"
#include "obcore/trade_flow.hpp"

namespace obcore {

// Trades from inputs of their own, to be merged with a recording that has none.
//
// Pulls bytes when it needs them: it holds the trades of one chunk, however long the files are.
class TradeInput {
public:
    // The next bytes, the name of the input that they are from, and whether they begin it; none
    // at the end of all.
    struct Chunk {
        std::string name;
        std::string bytes;
        bool begins = false;
    };
    using Pull = std::function<std::optional<Chunk>()>;

    TradeInput(Pull pull, SymbolFilter filter)
        : pull_(std::move(pull)), filter_(std::move(filter)), decoder_({}, filter_) {}

    // The next trade, where it comes before `depth`: on the clock of receipt where both have
    // it, else on the venue's. At the same time depth goes first; who reads trades is strict.
    // `decode(text)` fills an event, widening the grid where it must.
    template <typename Decode>
    [[nodiscard]] const Event* next_before(const Times& depth, bool must_share_clock,
                                           Decode&& decode) {
        while (trades_.empty() && !at_end_) read_chunk(decode);
        if (trades_.empty()) return nullptr;
        const Times trade{trades_.front().ts_event_ns, trades_.front().ts_recv_ns};
        if (!trade.shares_clock(depth)) {
            if (!must_share_clock) return nullptr;
            throw DecodeError("trade", "a time on a clock that the depth has too",
                              "none, so it has no place among the depth");
        }
        return is_earlier(trade, depth) ? &trades_.front() : nullptr;
    }
    void pop() { trades_.pop_front(); }

    // Decodes one message with this input's own decoder.
    bool decode(std::string_view text, const Grid& grid, Event& event) {
        return decoder_.decode(text, grid, event);
    }

    void rescale(const Rescale& factors) {
        for (Event& trade : trades_) obcore::rescale(trade, factors);
        decoder_.rescale(factors);
    }

    [[nodiscard]] const std::string& source() const noexcept { return source_; }
    [[nodiscard]] std::int64_t line() const noexcept { return splitter_.line(); }

private:
    [[nodiscard]] static bool is_earlier(const Times& trade, const Times& depth) noexcept {
        if (trade.ts_recv_ns != absent && depth.ts_recv_ns != absent) {
            return trade.ts_recv_ns < depth.ts_recv_ns;
        }
        return trade.ts_event_ns < depth.ts_event_ns;
    }

    template <typename Decode>
    void read_chunk(Decode&& decode) {
        const auto keep = [&](std::string_view text) {
            Event event;
            if (decode(text, event) && event.kind == Kind::trade) {
                trades_.push_back(std::move(event));
            }
        };
        std::optional<Chunk> chunk = pull_();
        const bool ends = !chunk || chunk->begins;
        if (ends) {
            splitter_.finish(keep);
            Event event;
            if (decoder_.finish(event) && event.kind == Kind::trade) {
                trades_.push_back(std::move(event));
            }
        }
        if (!chunk) {
            at_end_ = true;
            return;
        }
        if (ends) {
            source_ = std::move(chunk->name);
            splitter_ = {};
            decoder_ = FormatDecoder({}, filter_);
        }
        splitter_.feed(chunk->bytes, keep);
    }

    Pull pull_;
    SymbolFilter filter_;
    FormatDecoder decoder_;
    Splitter splitter_;
    std::string source_;
    std::deque<Event> trades_;
    bool at_end_ = false;
};

}  // namespace obcore
