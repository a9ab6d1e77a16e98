#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "obcore/event.hpp"
#include "obcore/json.hpp"
#include "obcore/units.hpp"

namespace obcore {

// The text of the next JSON value, a number or a string that holds one.
[[nodiscard]] inline std::string_view read_number(JsonReader& reader) {
    return reader.peek() == '"' ? reader.string() : reader.scalar().text;
}

// Appends the levels of [[price, size, …], …]; what stands behind a size is skipped.
inline void read_levels(JsonReader& reader, std::string_view field, const Grid& grid,
                        std::vector<Level>& out) {
    reader.array([&](std::size_t index) {
        reader.expect('[');
        Level level;
        level.price = decode_price(read_number(reader), grid, {field, index});
        reader.expect(',');
        level.size = decode_size(read_number(reader), grid, {field, index});
        while (reader.accept(',')) static_cast<void>(reader.value());  // order counts etc.
        reader.expect(']');
        out.push_back(level);
    });
}

}  // namespace obcore
