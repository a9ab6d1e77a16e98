// Eight characters in an integer, against a loop over each of them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/eight_bytes.hpp"

namespace {

using namespace obcore::eight_bytes;

using Text = std::array<char, 8>;

std::uint64_t word_of(const Text& text) {
    return load(text.data());
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

template <typename Predicate>
int first_that(const Text& text, Predicate is_wanted) {
    int place = 0;
    for (; place < 8 && !is_wanted(text[static_cast<std::size_t>(place)]); ++place) {
    }
    return place;
}

Text random_digits(Dice& dice) {
    Text text{};
    for (char& c : text) c = static_cast<char>('0' + dice.below(10));
    return text;
}

void the_first_character_is_the_lowest_byte() {
    CHECK(load("abcdefgh") == 0x6867666564636261);
    CHECK(load("\xff\0\0\0\0\0\0\x01") == 0x01000000000000ff);
}

void nothing_found_means_that_all_eight_come_before() {
    CHECK(count_before(0) == 8);
    CHECK(count_before(find(load("abcdefgh"), '"')) == 8);
    CHECK(count_before(find_no_digits(load("01234567"))) == 8);
}

void a_character_is_found_at_every_place_among_all_others() {
    for (const char wanted : {'"', '\\', '\0', '\x01', '\x7f', '\x80', '\xff'}) {
        for (std::size_t place = 0; place < 8; ++place) {
            for (int before = 0; before < 256; ++before) {
                for (const int behind : {0, 1, 0x21, 0x22, 0x23, 0x5c, 0x5d, 0x80, 0xff}) {
                    Text text{};
                    text.fill(static_cast<char>(before));
                    for (std::size_t i = place; i < 8; ++i) text[i] = static_cast<char>(behind);
                    text[place] = wanted;
                    const auto is_wanted = [wanted](char c) { return c == wanted; };
                    CHECK(count_before(find(word_of(text), wanted)) ==
                          first_that(text, is_wanted));
                }
            }
        }
    }
}

// find() promises nothing behind the first match, so two of them must still give the first.
void the_first_of_two_characters_is_found() {
    Dice dice(1);
    constexpr std::string_view alphabet = "\"\\!#[]\x01 a";
    for (int round = 0; round < 200'000; ++round) {
        Text text{};
        for (char& c : text) {
            const auto letters = static_cast<std::int64_t>(alphabet.size());
            c = alphabet[static_cast<std::size_t>(dice.below(letters))];
        }
        const std::uint64_t found = find(word_of(text), '"') | find(word_of(text), '\\');
        CHECK(count_before(found) ==
              first_that(text, [](char c) { return c == '"' || c == '\\'; }));
    }
}

void every_byte_is_a_digit_or_not_whatever_its_neighbours_are() {
    for (std::size_t place = 0; place < 8; ++place) {
        for (int byte = 0; byte < 256; ++byte) {
            for (const char neighbour : {'0', '9', '/', ':', '\0', '\x7f', '\x80', '\xff'}) {
                Text text{};
                text.fill(neighbour);
                text[place] = static_cast<char>(byte);
                const std::uint64_t found = find_no_digits(word_of(text));
                for (std::size_t i = 0; i < 8; ++i) {
                    const bool told = ((found >> (8 * i)) & 0xff) == 0x80;
                    CHECK(told == !is_digit(text[i]));
                }
            }
        }
    }
}

void digits_are_a_number_whatever_stands_behind_them() {
    Dice dice(2);
    for (int round = 0; round < 100'000; ++round) {
        Text text = random_digits(dice);
        const int count = static_cast<int>(dice.below(9));
        std::uint64_t expected = 0;
        for (int i = 0; i < count; ++i) {
            const char digit = text[static_cast<std::size_t>(i)];
            expected = 10 * expected + static_cast<std::uint64_t>(digit - '0');
        }
        for (auto i = static_cast<std::size_t>(count); i < 8; ++i) {
            text[i] = static_cast<char>(dice.below(256));
        }
        CHECK(to_number(word_of(text), count) == expected);
    }
}

void the_smallest_and_largest_numbers_are_read() {
    for (int count = 0; count <= 8; ++count) CHECK(to_number(load("00000000"), count) == 0);
    std::uint64_t nines = 0;
    for (int count = 0; count <= 8; ++count) {
        CHECK(to_number(load("99999999"), count) == nines);
        nines = 10 * nines + 9;
    }
}

}  // namespace

int main() {
    return run_tests({
        the_first_character_is_the_lowest_byte,
        nothing_found_means_that_all_eight_come_before,
        a_character_is_found_at_every_place_among_all_others,
        the_first_of_two_characters_is_found,
        every_byte_is_a_digit_or_not_whatever_its_neighbours_are,
        digits_are_a_number_whatever_stands_behind_them,
        the_smallest_and_largest_numbers_are_read,
    });
}
