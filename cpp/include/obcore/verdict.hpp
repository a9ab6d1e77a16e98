#pragma once

#include <cstdint>

namespace obcore {

// What a message means for the book it is meant for. Expected events, so values, not errors.
enum class Verdict : std::uint8_t {
    apply,   // changes the book
    skip,    // older than the book, or of no use to it
    buffer,  // kept until a snapshot joins it
    gap,     // messages between the book and this one are missing
    resync,  // the snapshot is too old for the deltas at hand: another one is needed
};

}  // namespace obcore
