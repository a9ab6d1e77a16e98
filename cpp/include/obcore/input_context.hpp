#pragma once

#include <string>

#include "obcore/units.hpp"

namespace obcore {

// What is known of an input and does not stand in its bytes: its name and its neighbours tell.
struct InputContext {
    std::string symbol;
    Nanos midnight_ns = absent;  // of its day and its market, where its times count from there
    std::string opening_book;    // a row of levels: the book behind its first message
};

}  // namespace obcore
