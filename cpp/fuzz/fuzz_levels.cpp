// Any bytes as levels on any grid: every kernel reads what the long way reads, or fails with
// the same words, and what lies behind the bytes makes no difference.
//
// The first five bytes choose the grid, '0' the first of each: units and decimals of the tick,
// those of the lot, and whether prices may be zero or less. The rest is the text.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "../tests/kernels.hpp"
#include "../tests/levels_the_long_way.hpp"

namespace {

using namespace obcore;

constexpr std::size_t choices = 5;

// Ends the run: the fuzzer keeps the input that led here.
void require(bool holds) {
    if (!holds) std::abort();
}

Step step_of(std::uint8_t units, std::uint8_t decimals) {
    constexpr std::array<std::int64_t, 6> known{1, 5, 25, 3, 1000, std::int64_t{1} << 62};
    const int places = decimals % (max_decimals + 1);
    return {.units = known[units % known.size()], .decimals = places, .text_decimals = places};
}

Grid grid_of(const std::uint8_t* data) {
    std::array<std::uint8_t, choices> choice{};
    std::transform(data, data + choices, choice.begin(),
                   [](std::uint8_t byte) { return static_cast<std::uint8_t>(byte - '0'); });
    return {step_of(choice[0], choice[1]), step_of(choice[2], choice[3]), choice[4] % 2 != 0};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < choices) return 0;
    const Grid grid = grid_of(data);
    const std::vector<char> alone(data + choices, data + size);
    const std::string_view text(alone.data(), alone.size());
    const std::string surrounded = "[\"9" + std::string(text) + R"(0","1"],["2","3"]])";
    const std::string_view inside = std::string_view(surrounded).substr(3, text.size());

    const LevelsRead expected = levels_the_long_way(text, grid);
    for (const InstructionSet set : supported_instruction_sets()) {
        require(levels_by_kernel(text, grid, set) == expected);
        require(levels_by_kernel(inside, grid, set) == expected);
    }
    return 0;
}
