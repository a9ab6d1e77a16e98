#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

#include "obcore/decimal_reader.hpp"
#include "obcore/event.hpp"
#include "obcore/instruction_set.hpp"
#include "obcore/json.hpp"
#include "obcore/units.hpp"

namespace obcore {

namespace detail {

// Levels of the usual form: ["price","size"], without a space.
template <typename Decimals>
class UsualLevels {
public:
    // Brackets, quotes and a comma around two numbers, and the character behind them.
    static constexpr std::ptrdiff_t reach = 2 * Decimals::reach + 8;

    explicit UsualLevels(const Grid& grid)
        : tick_(grid.tick), lot_(grid.lot), may_be_zero_(grid.nonpositive_prices) {}

    // Reads one of them at `p`; its end, or null where there is another form.
    [[nodiscard, gnu::always_inline]] const char* read(const char* p, Level& level) const {
        if (std::memcmp(p, "[\"", 2) != 0) return nullptr;
        p += 2;
        if (!Decimals::read(p, tick_, level.price)) return nullptr;
        if ((level.price == 0 && !may_be_zero_) || std::memcmp(p + 1, ",\"", 2) != 0) {
            return nullptr;
        }
        p += 3;
        if (!Decimals::read(p, lot_, level.size) || p[1] != ']') return nullptr;
        return p + 2;
    }

private:
    Step tick_;  // copies: a level that is written could lie where the grid does
    Step lot_;
    bool may_be_zero_;
};

// Appends those that follow each other with a comma between. Returns where the last one ends,
// `p` where there is none.
template <typename Decimals>
[[gnu::always_inline]] inline const char* append_usual_levels(const char* p, const char* end,
                                                              const Grid& grid,
                                                              std::vector<Level>& out) {
    const UsualLevels<Decimals> levels(grid);
    constexpr std::ptrdiff_t reach = levels.reach;
    Level level;
    const char* next = p;
    while (end - next >= reach) {
        const char* const behind = levels.read(next, level);
        if (behind == nullptr) return p;
        out.push_back(level);
        p = behind;
        if (*p != ',') return p;
        next = p + 1;
    }

    // The last ones, where a reader may look past the end.
    std::array<char, 2 * reach> copy{};
    std::copy(next, end, copy.data());
    const char* here = copy.data();
    while (const char* const behind = levels.read(here, level)) {
        out.push_back(level);
        p = next + (behind - copy.data());
        if (*behind != ',') return p;
        here = behind + 1;
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
