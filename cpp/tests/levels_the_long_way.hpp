#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "obcore/decimal.hpp"
#include "obcore/error.hpp"
#include "obcore/event.hpp"
#include "obcore/json.hpp"
#include "obcore/levels.hpp"

// [[price, size, …], …] as read_levels() reads it, and once more without any kernel: a token at
// a time and digit by digit.

// What reading a text gave: its levels, or the error.
struct LevelsRead {
    std::vector<obcore::Level> levels;
    std::string error;

    friend bool operator==(const LevelsRead&, const LevelsRead&) = default;
};

template <typename Read>
LevelsRead levels_of(std::string_view text, Read&& read) {
    LevelsRead out;
    try {
        obcore::JsonReader reader(text);
        read(reader, out.levels);
        reader.finish();
    } catch (const obcore::PrecisionError& error) {
        const bool is_price = error.quantity == obcore::PrecisionError::Quantity::price;
        const std::string needed =
            (is_price ? " price " : " size ") + std::to_string(error.decimals);
        out = {{}, error.what() + needed};
    } catch (const obcore::DecodeError& error) {
        out = {{}, error.what()};
    }
    return out;
}

inline LevelsRead levels_by_kernel(std::string_view text, const obcore::Grid& grid,
                                   obcore::InstructionSet set) {
    return levels_of(text, [&](obcore::JsonReader& reader, auto& out) {
        read_levels(reader, "bids", grid, out, set);
    });
}

namespace long_way {

// The counts that are allowed; the others are left to `decode`, which must throw.
template <typename Decode>
std::int64_t count(std::string_view text, const obcore::Step& step, std::int64_t lowest,
                   std::int64_t highest, Decode&& decode) {
    const obcore::Count found = to_count(text, step);
    const bool is_allowed = found.fault == obcore::GridFault::none && found.value >= lowest &&
                            found.value <= highest;
    if (is_allowed) return found.value;
    static_cast<void>(decode());
    throw obcore::Error("accepted: " + std::string(text));
}

}  // namespace long_way

inline LevelsRead levels_the_long_way(std::string_view text, const obcore::Grid& grid) {
    constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
    const std::int64_t lowest_price = grid.nonpositive_prices ? -obcore::max_price_ticks : 1;
    return levels_of(text, [&](obcore::JsonReader& reader, auto& out) {
        reader.array([&](std::size_t index) {
            const obcore::Where where{"bids", index};
            obcore::Level level;
            reader.expect('[');
            const std::string_view price = obcore::read_number(reader);
            level.price =
                long_way::count(price, grid.tick, lowest_price, obcore::max_price_ticks,
                                [&] { return decode_price(price, grid, where); });
            reader.expect(',');
            const std::string_view size = obcore::read_number(reader);
            level.size = long_way::count(size, grid.lot, 0, largest,
                                         [&] { return decode_size(size, grid, where); });
            while (reader.accept(',')) static_cast<void>(reader.value());
            reader.expect(']');
            out.push_back(level);
        });
    });
}
