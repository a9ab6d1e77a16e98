#pragma once

#include "obcore/book.hpp"

namespace obcore::bindings {

// A book that Python may change: to Python a class of its own, for nobody may change one that
// a LiveBook vouches for.
struct OwnBook : Book {
    OwnBook() = default;
    explicit OwnBook(const Book& book) : Book(book) {}
};

// What is applied by hand is complete by its owner's word alone.
inline void vouch_for(Book& book) {
    book.sequence = book.ts_event_ns = book.ts_recv_ns = absent;
    book.state = BookState::unverified;
    book.reason = "applied by the caller, who vouches for the sequence";
}

}  // namespace obcore::bindings
