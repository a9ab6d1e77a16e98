#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "obcore/event.hpp"
#include "obcore/format.hpp"
#include "obcore/input_error.hpp"
#include "obcore/splitter.hpp"
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

    TradeInput(Pull pull, Wanted wanted)
        : pull_(std::move(pull)), decoder_({}, std::move(wanted)) {}

    // The next trade, where it comes before `depth`: on the clock of receipt where both have
    // it, else on the venue's. At the same time depth goes first; who reads trades is strict.
    // `decode(text)` fills an event, widening the grid where it must.
    template <typename Decode>
    [[nodiscard]] const Event* next_before(const Times& depth, bool must_share_clock,
                                           Decode&& decode) {
        while (trades_.empty() && !at_end_) read_chunk(decode);
        if (trades_.empty()) return nullptr;
        const Event& next = trades_.front().event;
        const Times trade{next.ts_event_ns, next.ts_recv_ns};
        if (!trade.shares_clock(depth)) {
            if (!must_share_clock) return nullptr;
            throw DecodeError("trade", "a time on a clock that the depth has too",
                              "none, so it has no place among the depth");
        }
        return is_earlier(trade, depth) ? &next : nullptr;
    }
    void pop() { trades_.pop_front(); }
    [[nodiscard]] bool is_empty() const noexcept { return trades_.empty() && at_end_; }

    // Decodes one message with this input's own decoder.
    bool decode(std::string_view text, const Grid& grid, Event& event) {
        return decoder_.decode(text, grid, event);
    }

    void rescale(const Rescale& factors) {
        for (Placed& trade : trades_) obcore::rescale(trade.event, factors);
        decoder_.rescale(factors);
    }

    // Where the next trade stands, or while bytes are read, where they do.
    [[nodiscard]] const std::string& source() const noexcept {
        return reading_ || trades_.empty() ? *source_ : *trades_.front().source;
    }
    [[nodiscard]] std::int64_t line() const noexcept {
        return reading_ || trades_.empty() ? splitter_.line() : trades_.front().line;
    }

private:
    struct Placed {
        Event event;
        std::shared_ptr<const std::string> source;
        std::int64_t line = 0;
    };

    [[nodiscard]] static bool is_earlier(const Times& trade, const Times& depth) noexcept {
        if (trade.ts_recv_ns != absent && depth.ts_recv_ns != absent) {
            return trade.ts_recv_ns < depth.ts_recv_ns;
        }
        return trade.ts_event_ns < depth.ts_event_ns;
    }

    template <typename Decode>
    void read_chunk(Decode&& decode) {
        reading_ = true;
        const auto read = [&](std::string_view text) {
            Event event;
            if (!decode(text, event)) return;
            do {
                keep(std::move(event));
            } while (decoder_.next(event));
        };
        std::optional<Chunk> chunk = pull_();
        if (!chunk || chunk->begins) {
            splitter_.finish(read);
            Event event;
            if (decoder_.finish(event)) keep(std::move(event));
        }
        if (chunk && chunk->begins) begin(std::move(chunk->name));
        if (chunk) splitter_.feed(chunk->bytes, read);
        at_end_ = !chunk;
        reading_ = false;
    }

    void begin(std::string name) {
        source_ = std::make_shared<const std::string>(std::move(name));
        splitter_ = {};
        decoder_.begin_input();
        is_first_ = true;
    }

    void keep(Event&& event) {
        if (event.kind != Kind::trade) return;
        const Times times{event.ts_event_ns, event.ts_recv_ns};
        if (is_first_ && last_.shares_clock(times) && is_earlier(times, last_)) {
            throw DecodeError("trade",
                              "none before those of the input before it (inputs of "
                              "trades go in the order of time)",
                              std::to_string(times.best()));
        }
        is_first_ = false;
        last_ = times;
        trades_.push_back({std::move(event), source_, splitter_.line()});
    }

    Pull pull_;
    FormatDecoder decoder_;
    Splitter splitter_;
    std::shared_ptr<const std::string> source_ = std::make_shared<const std::string>();
    std::deque<Placed> trades_;
    Times last_;
    bool is_first_ = false;  // no trade of this input was read yet
    bool reading_ = false;
    bool at_end_ = false;
};

}  // namespace obcore
