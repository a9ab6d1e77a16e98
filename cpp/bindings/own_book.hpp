#pragma once

#include "obcore/book.hpp"

namespace obcore::bindings {

// A book that Python may change: to Python a class of its own, for nobody may change one that
// a LiveBook vouches for.
struct OwnBook : Book {
    OwnBook() = default;
    explicit OwnBook(const Book& book) : Book(book) {}
};

}  // namespace obcore::bindings
