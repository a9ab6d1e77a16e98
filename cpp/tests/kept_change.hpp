#pragma once

#include <string>

#include "obcore/book_change.hpp"
#include "same_book.hpp"

// A change whose views are its own.
struct Kept {
    obcore::BookChange change;
    std::string reason;
    Levels bids;
    Levels asks;
    obcore::Grid grid;

    void apply_to(obcore::Book& book) const {
        obcore::BookChange whole = change;
        whole.reason = reason;
        whole.bids = bids;
        whole.asks = asks;
        book.grid = grid;
        obcore::apply(whole, book);
    }
};

inline Kept keep(const obcore::BookChange& change, const obcore::Grid& grid) {
    return {change,
            std::string(change.reason),
            {change.bids.begin(), change.bids.end()},
            {change.asks.begin(), change.asks.end()},
            grid};
}
