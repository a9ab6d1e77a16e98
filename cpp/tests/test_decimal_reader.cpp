// Decimals in quotes by every kernel, against read_decimal() and to_count(), which go digit by
// digit: what a kernel takes it reads exactly, and what is usual it takes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "kernels.hpp"
#include "obcore/decimal.hpp"
#include "obcore/decimal_reader.hpp"
#include "obcore/instruction_set.hpp"

namespace {

using obcore::choose_instruction_set;
using obcore::Count;
using obcore::GridFault;
using obcore::InstructionSet;
using obcore::read_usual_decimal;
using obcore::Step;

// What a kernel took: the number of steps and how many characters they were.
struct Taken {
    std::int64_t count = 0;
    std::size_t length = 0;

    friend bool operator==(const Taken&, const Taken&) = default;
};

template <typename Decimals>
std::optional<Taken> take(std::string_view text, const Step& step) {
    std::vector<char> exact(text.begin(),
                            text.end());  // where a sanitizer sees a byte too many
    exact.resize(std::max(text.size(), Decimals::reach));
    const char* p = exact.data();
    Taken taken;
    if (!Decimals::read(p, step, taken.count)) {
        CHECK(p == exact.data());
        return std::nullopt;
    }
    taken.length = static_cast<std::size_t>(p - exact.data());
    return taken;
}

std::optional<Taken> take(InstructionSet set, std::string_view text, const Step& step) {
#if OBCORE_HAS_SSE41
    if (set == InstructionSet::sse41) return take<obcore::Sse41Decimals>(text, step);
#endif
    return take<obcore::PortableDecimals>(text, step);
}

std::optional<Taken> the_long_way(std::string_view text, const Step& step) {
    const auto quote = text.find('"');
    if (quote == std::string_view::npos) return std::nullopt;
    const Count count = to_count(text.substr(0, quote), step);
    if (count.fault != GridFault::none) return std::nullopt;
    return Taken{count.value, quote};
}

// A kernel may refuse, but what it takes is right.
void check_whatever_is_taken(std::string_view text, const Step& step) {
    const auto expected = the_long_way(text, step);
    for (const InstructionSet set : supported_instruction_sets()) {
        const auto taken = take(set, text, step);
        CHECK(!taken || taken == expected);
    }
}

Step step_of(std::int64_t units, int decimals) {
    return {.units = units, .decimals = decimals, .text_decimals = decimals};
}

// All grids of a power of ten, and some of those that are not.
std::vector<Step> every_step() {
    std::vector<Step> out;
    for (int decimals = 0; decimals <= obcore::max_decimals; ++decimals) {
        for (const std::int64_t units : {1LL, 5LL, 25LL, 3LL, 1LL << 62}) {
            out.push_back(step_of(units, decimals));
        }
    }
    return out;
}

std::string random_digits(Dice& dice, std::int64_t count) {
    std::string text;
    while (count-- > 0) {
        text += dice.one_in(3) ? '0' : static_cast<char>('0' + dice.below(10));
    }
    return text;
}

// Far enough from the end for every kernel.
constexpr std::string_view behind = R"(","1.000"],["65000.30","2.000"])";

void usual_numbers_are_taken() {
    struct Case {
        std::string_view text;
        std::string_view step;
        std::int64_t count;
    };
    for (const auto& [text, step, count] : {
             Case{"65000.20", "0.1", 650'002},
             Case{"65000.20", "0.01", 6'500'020},
             Case{"65000", "0.01", 6'500'000},
             Case{"65000.2", "0.01", 6'500'020},
             Case{"0.000", "0.001", 0},
             Case{"0", "1", 0},
             Case{"0.00000001", "0.00000001", 1},
             Case{"00000001.5", "0.1", 15},
             Case{"3424.9800", "0.01", 342'498},
             Case{"12345678.000000", "1", 12'345'678},
             Case{"0.05", "0.05", 1},
             Case{"1.25", "0.25", 5},
             Case{"300", "100", 3},
             Case{"99999999.999999", "0.000001", 99'999'999'999'999},
             Case{"0.00000000", "0.00000000000001", 0},
         }) {
        const std::string quoted = std::string(text) + std::string(behind);
        for (const InstructionSet set : supported_instruction_sets()) {
            CHECK(take(set, quoted, Step::from_text(step)) == Taken{count, text.size()});
        }
    }
}

// Fifteen characters and as many digits on the grid are what all kernels have in common.
void every_plain_number_of_fifteen_characters_is_taken() {
    Dice dice(1);
    for (int whole = 1; whole <= 8; ++whole) {
        for (int decimals = 0; decimals <= 8 && whole + decimals < 15; ++decimals) {
            for (int finer = decimals; whole + finer <= 15; ++finer) {
                const std::string text =
                    random_digits(dice, whole) +
                    (decimals == 0 ? "" : "." + random_digits(dice, decimals));
                const std::string quoted = text + std::string(behind);
                for (const InstructionSet set : supported_instruction_sets()) {
                    const auto taken = take(set, quoted, step_of(1, finer));
                    CHECK(taken.has_value());
                    CHECK(taken == the_long_way(quoted, step_of(1, finer)));
                }
            }
        }
    }
}

void what_is_no_plain_decimal_is_left_to_the_long_way() {
    const Step cent = Step::from_text("0.01");
    for (const char* text : {"",
                             "-1",
                             "+1",
                             ".5",
                             "5.",
                             ".",
                             "-",
                             "1e5",
                             "1E5",
                             "1.5e1",
                             " 1",
                             "1 ",
                             "1.2.3",
                             "NaN",
                             "\\u0031",
                             "1\\",
                             "1\n",
                             "1\x80",
                             "1\xb0",
                             "\xb1",
                             "1,5",
                             "1.005",
                             "0.001",
                             "123456789012345678",
                             "1.00000000000000000",
                             "10000000000000000000"}) {
        const std::string quoted = std::string(text) + std::string(behind);
        for (const InstructionSet set : supported_instruction_sets()) {
            CHECK(!take(set, quoted, cent));
        }
    }
    const std::string with_zero = std::string("1\0", 2) + std::string(behind);
    for (const InstructionSet set : supported_instruction_sets()) {
        CHECK(!take(set, with_zero, cent));
    }
}

void numbers_off_the_grid_are_left_to_the_long_way() {
    for (const auto& [text, step] :
         {std::pair{"0.15", "0.1"}, std::pair{"1.3", "0.25"}, std::pair{"150", "100"},
          std::pair{"0.1", "1"}, std::pair{"0.00000001", "0.0000001"}}) {
        const std::string quoted = std::string(text) + std::string(behind);
        for (const InstructionSet set : supported_instruction_sets()) {
            CHECK(!take(set, quoted, Step::from_text(step)));
        }
    }
}

void every_short_text_is_read_as_the_long_way_does() {
    constexpr std::string_view alphabet = "019.\"-e\x80";
    const std::vector<Step> steps{step_of(1, 0), step_of(1, 2), step_of(5, 1), step_of(1, 14)};
    for (std::size_t length = 0; length <= 5; ++length) {
        for (std::size_t code = 0; code < std::size_t{1} << (3 * length); ++code) {
            std::string text;
            for (std::size_t i = 0; i < length; ++i) {
                text += alphabet[(code >> (3 * i)) % alphabet.size()];
            }
            text += std::string(behind);
            for (const Step& step : steps) {
                for (const InstructionSet set : supported_instruction_sets()) {
                    const auto taken = take(set, text, step);
                    CHECK(!taken || taken == the_long_way(text, step));
                }
            }
        }
    }
}

void every_byte_at_every_place_is_judged() {
    const std::string whole = R"(12345.6780",)" + std::string(behind);
    for (std::size_t place = 0; place < 18; ++place) {
        for (int byte = 0; byte < 256; ++byte) {
            std::string text = whole;
            text[place] = static_cast<char>(byte);
            check_whatever_is_taken(text, step_of(1, 3));
        }
    }
}

void a_text_may_end_anywhere() {
    for (const char* number : {"1", "65000.20", "0.00000001", "12345678.12345678",
                               "123456789012345", "1234567890123456", "12345678901234567"}) {
        const std::string whole = std::string(number) + std::string(behind);
        for (std::size_t size = 0; size <= whole.size(); ++size) {
            for (const Step& step : {step_of(1, 2), step_of(1, 8), step_of(5, 0)}) {
                check_whatever_is_taken(std::string_view(whole).substr(0, size), step);
            }
        }
    }
}

void numbers_of_every_length_on_every_grid_are_read_as_the_long_way_does() {
    Dice dice(2);
    for (const Step& step : every_step()) {
        for (int whole = 0; whole <= 19; ++whole) {
            for (int decimals = -1; decimals <= 19; ++decimals) {
                const std::string text =
                    random_digits(dice, whole) +
                    (decimals < 0 ? "" : "." + random_digits(dice, decimals)) + '"';
                check_whatever_is_taken(text + std::string(behind), step);
            }
        }
    }
}

void nines_never_overflow() {
    for (const Step& step : every_step()) {
        for (std::size_t whole = 1; whole <= 19; ++whole) {
            for (std::size_t decimals = 1; decimals <= 19; ++decimals) {
                const std::string text =
                    std::string(whole, '9') + '.' + std::string(decimals, '9') + '"';
                check_whatever_is_taken(text + std::string(behind), step);
            }
        }
    }
}

void a_text_without_quotes_is_read_to_its_end() {
    const Step cent = Step::from_text("0.01");
    std::int64_t count = 0;
    CHECK(read_usual_decimal("64250.1", cent, count) && count == 6'425'010);
    CHECK(read_usual_decimal("12345678.00000000", cent, count) && count == 1'234'567'800);
    for (const std::string_view text :
         {std::string_view{}, std::string_view(""), std::string_view("1\""),
          std::string_view("1\"2"), std::string_view("\""), std::string_view("-1"),
          std::string_view("012345678.00000000"), std::string_view("1.005")}) {
        CHECK(!read_usual_decimal(text, cent, count));
    }
}

void the_instruction_set_is_chosen_by_name_or_by_the_machine() {
    const InstructionSet best = supported_instruction_sets().back();
    CHECK(choose_instruction_set(nullptr) == best);
    CHECK(choose_instruction_set("") == best);
    for (const InstructionSet set : supported_instruction_sets()) {
        CHECK(choose_instruction_set(to_string(set)) == set);
    }
    for (const char* name : {"avx2", "SSE4.1", "sse4.1 ", "portable,sse4.1", "0"}) {
        CHECK_THROWS(choose_instruction_set(name), obcore::Error,
                     "OBCORE_INSTRUCTION_SET: expected portable, or sse4.1 where the machine "
                     "has it, received '" +
                         std::string(name) + "'");
    }
}

}  // namespace

int main() {
    return run_tests({
        usual_numbers_are_taken,
        every_plain_number_of_fifteen_characters_is_taken,
        what_is_no_plain_decimal_is_left_to_the_long_way,
        numbers_off_the_grid_are_left_to_the_long_way,
        every_short_text_is_read_as_the_long_way_does,
        every_byte_at_every_place_is_judged,
        a_text_may_end_anywhere,
        numbers_of_every_length_on_every_grid_are_read_as_the_long_way_does,
        nines_never_overflow,
        a_text_without_quotes_is_read_to_its_end,
        the_instruction_set_is_chosen_by_name_or_by_the_machine,
    });
}
