#pragma once

#include <span>

#include "obcore/book.hpp"
#include "obcore/units.hpp"

// Levels that somebody decoded himself, and a book that is complete by that one's word alone.
namespace obcore {

// What the caller says of a message.
struct Told {
    Sequence sequence = absent;
    Nanos ts_event_ns = absent;
    Nanos ts_recv_ns = absent;
};

inline void vouch_for(Book& book, const Told& told = {}) {
    book.sequence = told.sequence;
    book.ts_event_ns = told.ts_event_ns;
    book.ts_recv_ns = told.ts_recv_ns;
    book.state = BookState::unverified;
    book.reason = "applied by the caller, who vouches for the sequence";
}

// Throws DecodeError where a level is none; the book is then as it was. So does apply_delta.
inline void apply_snapshot(Book& book, std::span<const Level> bids, std::span<const Level> asks,
                           const Told& told) {
    check_levels(bids, book.grid, "bids");
    check_levels(asks, book.grid, "asks");
    book.replace(bids, asks);
    vouch_for(book, told);
}

inline void apply_delta(Book& book, std::span<const Level> bids, std::span<const Level> asks,
                        const Told& told) {
    check_levels(bids, book.grid, "bids");
    check_levels(asks, book.grid, "asks");
    book.update(bids, asks);
    vouch_for(book, told);
}

}  // namespace obcore
