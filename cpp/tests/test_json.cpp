// The JSON reader: what it reads, and that bytes which are no JSON are always an error.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check.hpp"
#include "obcore/json.hpp"

namespace {

using obcore::DecodeError;
using obcore::JsonReader;
using obcore::JsonToken;
using Type = JsonToken::Type;

JsonToken read(std::string_view text) {
    JsonReader reader(text);
    const JsonToken token = reader.value();
    reader.finish();
    return token;
}

bool reads(std::string_view text, Type type, std::string_view inside) {
    const JsonToken token = read(text);
    return token.is(type) && token.text == inside;
}

// All members of an object, and whatever their values are.
std::vector<std::pair<std::string_view, std::string_view>> members(std::string_view text) {
    std::vector<std::pair<std::string_view, std::string_view>> out;
    JsonReader reader(text);
    reader.object([&](std::string_view key) { out.emplace_back(key, reader.value().text); });
    reader.finish();
    return out;
}

void each_type_of_value_is_read() {
    CHECK(reads("1", Type::number, "1"));
    CHECK(reads(" -0.5e+10\n", Type::number, "-0.5e+10"));
    CHECK(reads("9999999999999999999999", Type::number, "9999999999999999999999"));
    CHECK(reads("true", Type::literal, "true"));
    CHECK(reads("\tfalse\r", Type::literal, "false"));
    CHECK(reads("null", Type::literal, "null"));
    CHECK(reads("\"\"", Type::string, ""));
    CHECK(reads(R"("a b")", Type::string, "a b"));
    CHECK(reads("[]", Type::array, "[]"));
    CHECK(reads("{ }", Type::object, "{ }"));
    CHECK(reads(R"([1,[2,{"a":[]}],"]"])", Type::array, R"([1,[2,{"a":[]}],"]"])"));
    CHECK(reads(R"({"a":{"b":[{}]},"c":null})", Type::object, R"({"a":{"b":[{}]},"c":null})"));
}

void escapes_stay_as_they_are() {
    CHECK(reads(R"("a\"b")", Type::string, R"(a\"b)"));
    CHECK(reads(R"("\\")", Type::string, R"(\\)"));
    CHECK(reads(R"("\u00e9\/")", Type::string, R"(\u00e9\/)"));
    CHECK_THROWS(read(R"("\")"), DecodeError, "expected the end of a string");
    CHECK_THROWS(read(R"("a\)"), DecodeError, "expected the end of a string");
}

// A token in a buffer of its own, where a sanitizer sees a byte too many.
bool reads_alone(const std::string& text, Type type, std::string_view inside) {
    const std::vector<char> exact(text.begin(), text.end());
    return reads({exact.data(), exact.size()}, type, inside);
}

void a_string_ends_at_its_quote_however_long_it_is() {
    for (std::size_t length = 0; length < 40; ++length) {
        for (const char filler : {'a', '!', '#', '[', ']', '\x01', '\x80', '\xff'}) {
            const std::string inside(length, filler);
            CHECK(reads_alone('"' + inside + '"', Type::string, inside));
            CHECK_THROWS(read('"' + inside), DecodeError, "expected the end of a string");
        }
    }
}

void an_escaped_quote_at_any_place_does_not_end_a_string() {
    for (std::size_t place = 0; place < 20; ++place) {
        for (std::size_t behind = 0; behind < 20; ++behind) {
            for (const char* escape : {R"(\")", R"(\\)", R"(\\\")", R"(\n)", R"(\"\")"}) {
                const std::string inside =
                    std::string(place, 'a') + escape + std::string(behind, 'b');
                CHECK(reads_alone('"' + inside + '"', Type::string, inside));
            }
            const std::string open = '"' + std::string(place, 'a') + R"(\")";
            CHECK_THROWS(read(open + std::string(behind, 'b')), DecodeError,
                         "expected the end of a string");
            CHECK_THROWS(read('"' + std::string(place, 'a') + '\\'), DecodeError,
                         "expected the end of a string");
        }
    }
}

void a_number_ends_behind_its_last_digit_however_long_it_is() {
    for (std::size_t length = 1; length < 40; ++length) {
        const std::string digits(length, '7');
        CHECK(reads_alone(digits, Type::number, digits));
        CHECK(reads_alone(digits + ".5e-3 ", Type::number, digits + ".5e-3"));
        CHECK(reads_alone('[' + digits + ']', Type::array, '[' + digits + ']'));
        const std::string object = R"({"a":)" + digits + '}';
        CHECK(members(object).front().second == digits);
        for (const char* wrong : {"x", ".", "e", "-", "\x80", "/", ":"}) {
            CHECK_THROWS(read(digits + wrong + ",1"), DecodeError, "JSON byte");
        }
    }
}

void an_object_tells_its_members_in_order() {
    const auto found = members(R"({"a":1,"b":"x","a":[2],"":{}})");

    CHECK(found.size() == 4);
    CHECK(found[0] == std::pair<std::string_view, std::string_view>{"a", "1"});
    CHECK(found[1] == std::pair<std::string_view, std::string_view>{"b", "x"});
    CHECK(found[2] == std::pair<std::string_view, std::string_view>{"a", "[2]"});
    CHECK(found[3] == std::pair<std::string_view, std::string_view>{"", "{}"});
    CHECK(members("{}").empty());
}

void an_array_tells_its_elements_with_their_index() {
    std::size_t sum = 0;
    JsonReader reader("[5, 6 ,7]");
    reader.array([&](std::size_t index) {
        CHECK(reader.scalar().text == std::to_string(index + 5));
        sum += index;
    });
    reader.finish();
    CHECK(sum == 3);
}

void text_that_is_no_json_is_an_error() {
    for (const char* text :
         {"",        " ",          "tru",       "nul",   "True",       "NaN",       "Infinity",
          "-",       "+1",         ".5",        "1.",    "1e",         "1e+",       "0x10",
          "1 2",     "'a'",        "\"a",       "[",     "]",          "{",         "}",
          "[1",      "[1,",        "[1,]",      "[,1]",  "[1 2]",      "[1}",       "{]",
          "{\"a\"}", "{\"a\":}",   "{\"a\" 1}", "{a:1}", "{\"a\":1,}", "{,}",       "{1:2}",
          "[[1]",    "[{\"a\":1]", "{\"a\":[}", "[]]",   "{}{}",       R"("a""b")", "--1"}) {
        CHECK_THROWS(read(text), DecodeError, "JSON byte");
    }
}

void text_that_is_cut_is_an_error() {
    const std::string_view whole = R"({"a":[1,"x\"y",{"b":null}],"c":-1.5e3})";
    CHECK(read(whole).text == whole);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_THROWS(read(whole.substr(0, size)), DecodeError, "JSON byte");
        CHECK_THROWS(members(whole.substr(0, size)), DecodeError, "JSON byte");
    }
}

void an_error_tells_where_and_stays_short() {
    CHECK_THROWS(read("[1,x]"), DecodeError, "JSON byte 4: expected a JSON value, received x]");
    CHECK_THROWS(read("[1" + std::string(1 << 21, 'x')), DecodeError, " bytes)");
    try {
        static_cast<void>(read("1" + std::string(1 << 21, 'x')));
    } catch (const DecodeError& error) {
        CHECK(std::string_view(error.what()).size() < 200);
    }
}

void nesting_is_bounded_and_costs_no_stack() {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    constexpr std::size_t deepest = JsonReader::max_nesting;
    CHECK(read(nested(deepest)).is(Type::array));
    CHECK_THROWS(read(nested(deepest + 1)), DecodeError, "at most 64 levels of nesting");
    CHECK_THROWS(read(std::string(1 << 22, '[')), DecodeError, "at most 64 levels of nesting");

    std::string objects;
    for (int i = 0; i < 1 << 20; ++i) objects += R"({"a":)";
    CHECK_THROWS(read(objects), DecodeError, "at most 64 levels of nesting");
}

void brackets_of_both_kinds_close_in_order() {
    std::string mixed;
    std::string end;
    for (int i = 0; i < JsonReader::max_nesting / 2; ++i) {
        mixed += R"([{"a":)";
        end += "}]";
    }
    CHECK(read(mixed + "1" + end).is(Type::array));
    end[0] = ']';
    CHECK_THROWS(read(mixed + "1" + end), DecodeError, "expected '}'");
}

void integers_are_read_from_numbers_and_strings() {
    CHECK(obcore::to_int64(read("9223372036854775807"), "u") == 9'223'372'036'854'775'807);
    CHECK(obcore::to_int64(read("\"-5\""), "u") == -5);
    for (const char* text : {"9223372036854775808", "1.0", "1e3", "true", "null", "\"\"",
                             "\" 1\"", "\"1x\"", "[1]", "{}"}) {
        CHECK_THROWS(obcore::to_int64(read(text), "u"), DecodeError,
                     "u: expected an integer of 64 bits");
    }
    CHECK_THROWS(to_int64(JsonToken{}, "u"), DecodeError, "u: expected this key");
}

void strings_are_not_read_from_other_types() {
    CHECK(obcore::to_string_view(read("\"x\""), "s") == "x");
    for (const char* text : {"1", "null", "[\"x\"]", "{}"}) {
        CHECK_THROWS(obcore::to_string_view(read(text), "s"), DecodeError,
                     "s: expected a string");
    }
    CHECK_THROWS(to_string_view(JsonToken{}, "s"), DecodeError, "s: expected this key");
}

void bytes_of_any_kind_never_read_past_the_end() {
    std::uint32_t state = 1;  // a fixed sequence, so that a failure can be repeated
    const std::string_view alphabet = "{}[]\",:\\01e-. tnul\xff";
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (int i = 0; i < 12; ++i) {
            state = state * 1'664'525U + 1'013'904'223U;
            text += alphabet[(state >> 16U) % alphabet.size()];
        }
        const std::vector<char> exact(text.begin(), text.end());  // without a zero behind it
        try {
            static_cast<void>(read({exact.data(), exact.size()}));
        } catch (const DecodeError& error) {
            CHECK(std::string_view(error.what()).starts_with("JSON byte"));
        }
    }
}

}  // namespace

int main() {
    return run_tests({
        each_type_of_value_is_read,
        escapes_stay_as_they_are,
        a_string_ends_at_its_quote_however_long_it_is,
        an_escaped_quote_at_any_place_does_not_end_a_string,
        a_number_ends_behind_its_last_digit_however_long_it_is,
        an_object_tells_its_members_in_order,
        an_array_tells_its_elements_with_their_index,
        text_that_is_no_json_is_an_error,
        text_that_is_cut_is_an_error,
        an_error_tells_where_and_stays_short,
        nesting_is_bounded_and_costs_no_stack,
        brackets_of_both_kinds_close_in_order,
        integers_are_read_from_numbers_and_strings,
        strings_are_not_read_from_other_types,
        bytes_of_any_kind_never_read_past_the_end,
    });
}
