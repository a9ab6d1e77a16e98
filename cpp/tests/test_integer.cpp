// Integers by words of eight digits, against std::from_chars.

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/integer.hpp"

namespace {

struct Reading {
    bool taken = false;
    std::int64_t value = 0;

    friend bool operator==(const Reading&, const Reading&) = default;
};

constexpr Reading refused{};

// From a buffer of its own with nothing around it, where a sanitizer sees a byte too many.
Reading read(std::string_view text) {
    const std::vector<char> exact(text.begin(), text.end());
    std::int64_t value = 0;
    if (!obcore::read_integer({exact.data(), exact.size()}, value)) return refused;
    return {true, value};
}

Reading by_from_chars(std::string_view text) {
    const char* const end = text.data() + text.size();
    std::int64_t value = 0;
    const auto [behind, fault] = std::from_chars(text.data(), end, value);
    if (fault != std::errc{} || behind != end) return refused;
    return {true, value};
}

std::string random_digits(Dice& dice, std::size_t count) {
    std::string text;
    while (text.size() < count) text += static_cast<char>('0' + dice.below(10));
    return text;
}

void integers_of_every_length_are_read() {
    Dice dice(1);
    for (std::size_t count = 0; count <= 25; ++count) {
        for (int round = 0; round < 2'000; ++round) {
            const std::string text = random_digits(dice, count);
            CHECK(read(text) == by_from_chars(text));
            CHECK(read('-' + text) == by_from_chars('-' + text));
        }
    }
}

void the_bounds_of_64_bits_are_kept() {
    constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
    CHECK(read("9223372036854775807") == Reading{true, largest});
    CHECK(read("-9223372036854775808") == Reading{true, -largest - 1});
    CHECK(read("9219999999999999999") == Reading{true, 9'219'999'999'999'999'999});
    CHECK(read("9220000000000000000") == Reading{true, 9'220'000'000'000'000'000});
    CHECK(read("0000000000000000009") == Reading{true, 9});
    CHECK(read("00000000000000000009") == Reading{true, 9});
    for (const char* text : {"9223372036854775808", "-9223372036854775809",
                             "9999999999999999999", "18446744073709551617"}) {
        CHECK(read(text) == refused);
    }
}

void every_byte_at_every_place_is_judged() {
    Dice dice(2);
    for (std::size_t count = 1; count <= 20; ++count) {
        for (std::size_t place = 0; place < count; ++place) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string text = random_digits(dice, count);
                text[place] = static_cast<char>(byte);
                CHECK(read(text) == by_from_chars(text));
            }
        }
    }
}

void what_lies_around_a_text_makes_no_difference() {
    const std::string digits(64, '7');
    for (std::size_t count = 1; count <= 19; ++count) {
        const std::string_view inside = std::string_view(digits).substr(20, count);
        std::int64_t value = 0;
        CHECK(obcore::read_integer(inside, value));
        CHECK(read(inside) == Reading{true, value});
    }
}

void text_that_is_no_integer_is_refused() {
    for (const char* text :
         {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "--1", "+123456789", " 123456789",
          "123456789 ", "1234567890.5", "12345678901234567e", "+123456789012345678"}) {
        CHECK(read(text) == refused);
    }
}

}  // namespace

int main() {
    return run_tests({
        integers_of_every_length_are_read,
        the_bounds_of_64_bits_are_kept,
        every_byte_at_every_place_is_judged,
        what_lies_around_a_text_makes_no_difference,
        text_that_is_no_integer_is_refused,
    });
}
