#pragma once

#include <cstdint>
#include <limits>

namespace obcore {

using Ticks = std::int64_t;     // price / tick size
using Lots = std::int64_t;      // size / lot size
using Nanos = std::int64_t;     // nanoseconds since 1970 UTC
using Sequence = std::int64_t;  // a venue's update id

// Sums of lots and products of ticks and lots: 128 bits, so that no total can wrap.
__extension__ using Int128 = __int128;

// A time or a sequence the source does not have. NumPy reads the same bits as NaT.
inline constexpr std::int64_t absent = std::numeric_limits<std::int64_t>::min();

// Prices stay this far inside int64 so that 2·P − Pb − Pa, the widest difference that a formula
// takes, still fits.
inline constexpr Ticks max_price_ticks = Ticks{1} << 60;

enum class Side : std::uint8_t { bid, ask };

struct Level {
    Ticks price = 0;
    Lots size = 0;

    friend bool operator==(const Level&, const Level&) = default;
};
static_assert(sizeof(Level) == 16);

// Most totals fit 64 bits, where the conversion is one instruction instead of a library call.
[[nodiscard]] inline double to_double(Int128 value) noexcept {
    const auto narrow = static_cast<std::int64_t>(value);
    if (narrow == value) [[likely]]
        return static_cast<double>(narrow);
    return static_cast<double>(value);
}

}  // namespace obcore
