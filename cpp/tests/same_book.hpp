#pragma once

#include <vector>

#include "obcore/book.hpp"

using Levels = std::vector<obcore::Level>;

inline Levels all_bids(const obcore::Book& book) {
    Levels levels(book.bids.count());
    book.bids.top(levels);
    return levels;
}

inline Levels all_asks(const obcore::Book& book) {
    Levels levels(book.asks.count());
    book.asks.top(levels);
    return levels;
}

// Level by level, with all that a book says of itself.
inline bool same_book(const obcore::Book& a, const obcore::Book& b) {
    return all_bids(a) == all_bids(b) && all_asks(a) == all_asks(b) && a.grid == b.grid &&
           a.state == b.state && a.reason == b.reason && a.sequence == b.sequence &&
           a.ts_event_ns == b.ts_event_ns && a.ts_recv_ns == b.ts_recv_ns &&
           a.horizon == b.horizon;
}
