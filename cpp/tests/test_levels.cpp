// Levels by every kernel, against the same text read a token at a time and digit by digit.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "kernels.hpp"
#include "levels_the_long_way.hpp"
#include "obcore/decimal.hpp"
#include "obcore/units.hpp"

namespace {

using obcore::Grid;
using obcore::InstructionSet;
using obcore::Level;
using obcore::Step;

Grid grid(std::string_view tick = "0.01", std::string_view lot = "0.001") {
    return {Step::from_text(tick), Step::from_text(lot)};
}

// In a buffer of its own with nothing around it, where a sanitizer sees a byte too many.
LevelsRead read(std::string_view text, const Grid& on, InstructionSet set) {
    const std::vector<char> exact(text.begin(), text.end());
    return levels_by_kernel({exact.data(), exact.size()}, on, set);
}

// Every kernel gives the same, whatever lies behind the text.
void check_reading(std::string_view text, const Grid& on, const LevelsRead& expected) {
    const std::string surrounded = "[\"9" + std::string(text) + R"(0","1"],["2","3"]])";
    for (const InstructionSet set : supported_instruction_sets()) {
        CHECK(read(text, on, set) == expected);
        CHECK(levels_by_kernel(std::string_view(surrounded).substr(3, text.size()), on, set) ==
              expected);
    }
}

void check_against_the_long_way(std::string_view text, const Grid& on) {
    check_reading(text, on, levels_the_long_way(text, on));
}

void check_levels(std::string_view text, const std::vector<Level>& expected) {
    check_reading(text, grid(), {expected, ""});
}

void check_error(std::string_view text, const Grid& on, std::string_view error) {
    for (const InstructionSet set : supported_instruction_sets()) {
        CHECK(read(text, on, set).error == error);
    }
}

void levels_of_the_usual_form_are_read() {
    check_levels("[]", {});
    check_levels(R"([["500.00","1.000"]])", {{50'000, 1'000}});
    check_levels(R"([["500.00","1.000"],["499.99","0"],["7","2.50000000"]])",
                 {{50'000, 1'000}, {49'999, 0}, {700, 2'500}});
}

void levels_of_any_other_form_are_read_too() {
    check_levels(R"( [ [ "500.00" , "1.000" ] ,["499.99", "0"]])",
                 {{50'000, 1'000}, {49'999, 0}});
    check_levels(R"([[500.00,1.000],["499.99",0]])", {{50'000, 1'000}, {49'999, 0}});
    check_levels(R"([["500.00","1.000","3",[]],["5e2","1e-3"]])",
                 {{50'000, 1'000}, {50'000, 1}});
    check_levels(R"([[".5","5."],["00.5","-0"]])", {{50, 5'000}, {50, 0}});
}

void usual_and_other_forms_may_take_turns() {
    const std::string usual = R"(["500.00","1.000"])";
    for (const std::string other : {R"(["500.00", "1.000"])", R"([500,"1"])",
                                    R"(["5e2","1","2"])", R"(["0000000000000500.00","1"])"}) {
        std::string text = "[";
        for (const std::string& level : {usual, other, usual, usual, other}) {
            text.append(level).append(",");
        }
        text.back() = ']';
        check_levels(text, std::vector<Level>(5, {50'000, 1'000}));
    }
}

void an_error_names_its_level() {
    const std::string start = R"([["500.00","1.000"],["500.01","1.000"],["500.02","1.000"],)";
    check_error(start + R"(["0","1"]])", grid(),
                "bids[3] price: expected a price above 0, received 0");
    check_error(start + R"(["-1","1"]])", grid(),
                "bids[3] price: expected a price above 0, received -1");
    check_error(start + R"(["","1"]])", grid(), "bids[3] price: expected a decimal, received ");
    check_error(start + R"(["500","-1"]])", grid(),
                "bids[3] size: expected a size of 0 or more, received -1");
    check_error(
        start + R"(["500.001","1"]])", grid(),
        "bids[3] price: expected a multiple of the tick 0.01, received 500.001 price 3");
    check_error(start + R"(["500","0.0001"]])", grid(),
                "bids[3] size: expected a multiple of the lot 0.001, received 0.0001 size 4");
    check_error(start + R"(["11529215046068469.77","1"]])", grid(),
                "bids[3] price: expected a number within int64 at tick 0.01, received "
                "11529215046068469.77 price 0");
}

void levels_are_put_behind_others_and_counted_from_their_own_first() {
    for (const InstructionSet set : supported_instruction_sets()) {
        std::vector<Level> levels{{1, 2}, {3, 4}};
        obcore::JsonReader good(R"([["500.00","1.000"]])");
        read_levels(good, "bids", grid(), levels, set);
        CHECK(levels == std::vector<Level>{{1, 2}, {3, 4}, {50'000, 1'000}});

        obcore::JsonReader bad(R"([["500.00","1.000"],["0","1"]])");
        CHECK_THROWS(read_levels(bad, "bids", grid(), levels, set), obcore::DecodeError,
                     "bids[1] price");
    }
}

void an_error_names_its_byte() {
    check_error(R"([["5","1"],])", grid(), "JSON byte 12: expected '[', received ]");
    check_error(R"([["5","1"]["6","1"]])", grid(),
                R"(JSON byte 11: expected ']', received ["6","1"]])");
    check_error(R"([["5","1"])", grid(),
                "JSON byte 11: expected more JSON, received the end (truncated?)");
    check_error(R"([["5"]])", grid(), "JSON byte 6: expected ',', received ]]");
    check_error(R"([["5","1",]])", grid(), "JSON byte 11: expected a JSON value, received ]]");
    check_error(R"([["5","1)", grid(),
                "JSON byte 9: expected the end of a string, received the end (truncated?)");
}

void prices_at_and_below_zero_are_levels_only_where_they_may_be() {
    Grid spreads = grid();
    spreads.nonpositive_prices = true;
    const std::string text = R"([["0.00","1.000"],["-1.25","1.000"],["0","0"]])";
    check_reading(text, spreads, {{{0, 1'000}, {-125, 1'000}, {0, 0}}, ""});
    check_error(text, grid(), "bids[0] price: expected a price above 0, received 0.00");
}

void a_text_may_be_cut_anywhere() {
    const std::string_view whole =
        R"([["65000.20","1.000"],["3","12345678.12300000"],["64999.9", "0"],["1","2"]])";
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        check_against_the_long_way(whole.substr(0, size), grid());
    }
}

void every_byte_at_every_place_is_judged() {
    const std::string_view whole = R"([["500.10","1.0"],["7","20"]])";
    for (std::size_t place = 0; place < whole.size(); ++place) {
        for (int byte = 0; byte < 256; ++byte) {
            std::string text(whole);
            text[place] = static_cast<char>(byte);
            check_against_the_long_way(text, grid());
        }
    }
}

std::string random_number(Dice& dice) {
    std::string text = dice.one_in(20) ? "-" : "";
    for (std::int64_t n = dice.below(dice.one_in(4) ? 20 : 7); n > 0; --n) {
        text += static_cast<char>('0' + dice.below(10));
    }
    if (!dice.one_in(4)) text += '.';
    for (std::int64_t n = dice.below(dice.one_in(4) ? 20 : 9); n > 0; --n) {
        text += dice.one_in(2) ? '0' : static_cast<char>('0' + dice.below(10));
    }
    return dice.one_in(30) ? text + "e-1" : text;
}

std::string random_levels(Dice& dice) {
    std::string text = "[";
    for (std::int64_t n = dice.below(4); n > 0; --n) {
        text += "[\"" + random_number(dice) + (dice.one_in(20) ? "\", \"" : "\",\"") +
                random_number(dice) + (dice.one_in(20) ? "\",1]" : "\"]") + (n > 1 ? "," : "");
    }
    return text + ']';
}

void random_levels_on_random_grids_are_read_as_the_long_way_does() {
    constexpr std::array steps{"1",          "0.1",   "0.01",  "0.001",
                               "0.00000001", "0.05",  "0.25",  "100",
                               "1e-12",      "1e-15", "1e-18", "4611686018427387904"};
    constexpr std::string_view bytes = "\"[],.0-1e \\\n\x80";
    Dice dice(1);
    const auto pick = [&](const auto& from) {
        return from[static_cast<std::size_t>(
            dice.below(static_cast<std::int64_t>(from.size())))];
    };
    std::size_t read_whole = 0;
    for (int round = 0; round < 30'000; ++round) {
        std::string text = random_levels(dice);
        if (dice.one_in(3)) {
            const auto place = dice.below(static_cast<std::int64_t>(text.size()));
            text[static_cast<std::size_t>(place)] = pick(bytes);
        }
        const bool is_fine = dice.one_in(2);  // so that many texts are read to their end
        Grid on = is_fine ? grid("1e-8", "1e-9") : grid(pick(steps), pick(steps));
        on.nonpositive_prices = dice.one_in(2);
        const LevelsRead expected = levels_the_long_way(text, on);
        if (!expected.levels.empty()) ++read_whole;
        check_reading(text, on, expected);
    }
    CHECK(read_whole > 1'000);
}

}  // namespace

int main() {
    return run_tests({
        levels_of_the_usual_form_are_read,
        levels_of_any_other_form_are_read_too,
        usual_and_other_forms_may_take_turns,
        an_error_names_its_level,
        levels_are_put_behind_others_and_counted_from_their_own_first,
        an_error_names_its_byte,
        prices_at_and_below_zero_are_levels_only_where_they_may_be,
        a_text_may_be_cut_anywhere,
        every_byte_at_every_place_is_judged,
        random_levels_on_random_grids_are_read_as_the_long_way_does,
    });
}
