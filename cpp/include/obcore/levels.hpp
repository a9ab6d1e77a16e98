#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "obcore/decimal_reader.hpp"
#include "obcore/event.hpp"
#include "obcore/instruction_set.hpp"
#include "obcore/json.hpp"
#include "obcore/units.hpp"

namespace obcore {

namespace detail {

// Appends levels of the usual form, ["price","size"] without a space, with commas between them.
// Returns where the last of them ends, or `p` where there is none.
template <typename Decimals>
[[gnu::always_inline]] inline const char* append_usual_levels(const char* p, const char* end,
                                                              const Grid& grid,
                                                              std::vector<Level>& out) {
    const char* here = p;
    while (end - here > 2 && here[0] == '[' && here[1] == '"') {
        here += 2;
        Level level;
        if (!Decimals::read(here, end, grid.tick, level.price)) break;
        if (level.price == 0 && !grid.nonpositive_prices) break;
        if (end - here < 3 || here[1] != ',' || here[2] != '"') break;
        here += 3;
        if (!Decimals::read(here, end, grid.lot, level.size)) break;
        if (end - here < 3 || here[1] != ']') break;
        out.push_back(level);
        p = here + 2;
        if (*p != ',') break;
        here = p + 1;
    }
    return p;
}

#if OBCORE_HAS_SSE41
// Flat, for only a caller of the same instruction set can have the reader inside it.
[[gnu::target("sse4.1"), gnu::flatten]] inline const char* append_usual_levels_sse41(
    const char* p, const char* end, const Grid& grid, std::vector<Level>& out) {
    return append_usual_levels<Sse41Decimals>(p, end, grid, out);
}
#endif

[[nodiscard]] inline const char* append_usual_levels(std::string_view text, const Grid& grid,
                                                     [[maybe_unused]] InstructionSet set,
                                                     std::vector<Level>& out) {
    const char* const end = text.data() + text.size();
#if OBCORE_HAS_SSE41
    if (set == InstructionSet::sse41) {
        return append_usual_levels_sse41(text.data(), end, grid, out);
    }
#endif
    return append_usual_levels<PortableDecimals>(text.data(), end, grid, out);
}

}  // namespace detail

// The text of the next JSON value, a number or a string that holds one.
[[nodiscard]] inline std::string_view read_number(JsonReader& reader) {
    return reader.peek() == '"' ? reader.string() : reader.scalar().text;
}

// Appends the levels of [[price, size, …], …]; what stands behind a size is skipped.
inline void read_levels(JsonReader& reader, std::string_view field, const Grid& grid,
                        std::vector<Level>& out, InstructionSet set = instruction_set()) {
    const std::size_t before = out.size();
    reader.expect('[');
    if (reader.accept(']')) return;
    do {
        const char* const behind = detail::append_usual_levels(reader.rest(), grid, set, out);
        if (reader.skip_to(behind)) continue;
        const Where where{field, out.size() - before};
        reader.expect('[');
        Level level;
        level.price = decode_price(read_number(reader), grid, where);
        reader.expect(',');
        level.size = decode_size(read_number(reader), grid, where);
        while (reader.accept(',')) static_cast<void>(reader.value());  // order counts etc.
        reader.expect(']');
        out.push_back(level);
    } while (reader.accept(','));
    reader.expect(']');
}

}  // namespace obcore
