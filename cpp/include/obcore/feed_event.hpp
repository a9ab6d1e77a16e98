#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "obcore/book.hpp"
#include "obcore/event.hpp"
#include "obcore/touch.hpp"
#include "obcore/units.hpp"

namespace obcore {

// What a live feed tells those who listen, in the order in which it happened.
struct FeedEvent {
    enum class Kind : std::uint8_t {
        update,        // the book shows a new state, which can be trusted
        trade,         // a match
        gap,           // messages are missing; the book is no longer to be trusted
        resynced,      // the book is in sync, for the first time or again
        stale,         // crossed, silent or lagging: not to be trusted until it says so
        disconnected,  // its last connection has gone
        instrument,    // a finer tick or lot than before
        trades_lost,   // trades may be missing; the book is not concerned
    };

    Kind kind = Kind::update;
    std::uint32_t book = 0;
    Nanos ts_event_ns = absent;
    Nanos ts_recv_ns = absent;
    Sequence sequence = absent;
    std::uint64_t missed = 0;  // events that the queue had to drop just before this one

    BookState state = BookState::empty;
    double bid_px = 0.0;  // of an update; NaN while a side is empty
    double bid_sz = 0.0;
    double ask_px = 0.0;
    double ask_sz = 0.0;
    std::vector<double> features;

    double price = 0.0;  // of a trade
    double size = 0.0;
    Side taker = Side::bid;
    std::int64_t trade_id = absent;

    Sequence expected = absent;  // of a gap
    Sequence received = absent;
    std::string reason;
};

}  // namespace obcore
