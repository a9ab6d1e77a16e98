#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "obcore/error.hpp"
#include "obcore/integer.hpp"

namespace obcore {

// A JSON value that was not looked into: its type and its bytes, a string without its quotes.
struct JsonToken {
    enum class Type : std::uint8_t { missing, string, number, literal, array, object };

    Type type = Type::missing;
    std::string_view text;

    [[nodiscard]] bool present() const noexcept { return type != Type::missing; }
    [[nodiscard]] bool is(Type wanted) const noexcept { return type == wanted; }
};

// Walks one JSON text from left to right, copying and allocating nothing.
//
// Grammar is checked as far as it is walked, so truncated or foreign bytes are an error and
// never a wrong value. Nesting is counted, not recursed into: depth cannot exhaust the stack.
class JsonReader {
public:
    static constexpr int max_nesting = 64;

    explicit JsonReader(std::string_view text)
        : begin_(text.data()), p_(begin_), end_(begin_ + text.size()) {}

    [[nodiscard]] char peek() {
        skip_space();
        if (p_ == end_) fail("more JSON");
        return *p_;
    }

    void expect(char wanted) {
        if (peek() != wanted) fail(std::string("'") + wanted + "'");
        ++p_;
    }

    [[nodiscard]] bool accept(char wanted) {
        if (peek() != wanted) return false;
        ++p_;
        return true;
    }

    // The bytes between the quotes; escapes stay as they are.
    [[nodiscard]] std::string_view string() {
        expect('"');
        const char* const start = p_;
        for (; p_ != end_; ++p_) {
            if (*p_ == '"') return {start, static_cast<std::size_t>(p_++ - start)};
            if (*p_ == '\\') ++p_;
            if (p_ == end_) break;
        }
        fail("the end of a string");
    }

    // A number, true, false or null.
    [[nodiscard]] JsonToken scalar() {
        skip_space();
        const char* const start = p_;
        while (p_ != end_ && !ends_scalar(*p_)) ++p_;
        const std::string_view text(start, static_cast<std::size_t>(p_ - start));
        if (text == "true" || text == "false" || text == "null") {
            return {JsonToken::Type::literal, text};
        }
        if (!is_number(text)) {
            p_ = start;
            fail("a JSON value");
        }
        return {JsonToken::Type::number, text};
    }

    [[nodiscard]] JsonToken value() {
        const char first = peek();
        if (first == '"') return {JsonToken::Type::string, string()};
        if (first != '{' && first != '[') return scalar();
        const char* const start = p_;
        skip_nested();
        const auto type = first == '{' ? JsonToken::Type::object : JsonToken::Type::array;
        return {type, {start, static_cast<std::size_t>(p_ - start)}};
    }

    // Calls on_member(key) for each member of an object; it must consume the value.
    template <typename OnMember>
    void object(OnMember&& on_member) {
        expect('{');
        if (accept('}')) return;
        do {
            const std::string_view key = string();
            expect(':');
            on_member(key);
        } while (accept(','));
        expect('}');
    }

    // Calls on_element(index) for each element of an array; it must consume the value.
    template <typename OnElement>
    void array(OnElement&& on_element) {
        expect('[');
        if (accept(']')) return;
        std::size_t index = 0;
        do {
            on_element(index++);
        } while (accept(','));
        expect(']');
    }

    void finish() {
        skip_space();
        if (p_ != end_) fail("the end of the JSON text");
    }

    [[noreturn]] void fail(const std::string& expected) const {
        const auto offset = static_cast<std::size_t>(p_ - begin_);
        const std::string field = "JSON byte " + std::to_string(offset + 1);
        if (p_ == end_) throw DecodeError(field, expected, "the end (truncated?)");
        throw DecodeError(field, expected, {p_, static_cast<std::size_t>(end_ - p_)});
    }

private:
    [[nodiscard]] static bool is_space(char c) noexcept {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }
    [[nodiscard]] static bool ends_scalar(char c) noexcept {
        return c == ',' || c == '}' || c == ']' || c == ':' || c == '"' || is_space(c);
    }

    void skip_space() noexcept {
        while (p_ != end_ && is_space(*p_)) ++p_;
    }

    [[nodiscard]] static bool is_number(std::string_view text) noexcept {
        const char* p = text.data();
        const char* const end = p + text.size();
        const auto digits = [&] {
            const char* const start = p;
            while (p != end && *p >= '0' && *p <= '9') ++p;
            return p != start;
        };
        if (p != end && *p == '-') ++p;
        if (!digits()) return false;
        if (p != end && *p == '.') {
            ++p;
            if (!digits()) return false;
        }
        if (p != end && (*p == 'e' || *p == 'E')) {
            ++p;
            if (p != end && (*p == '+' || *p == '-')) ++p;
            if (!digits()) return false;
        }
        return p == end;
    }

    // Skips an object or array; bit i of `objects` says what the nesting level i is.
    void skip_nested() {
        std::uint64_t objects = 0;
        int depth = 0;
        do {
            const char c = peek();
            if (c == '{' || c == '[') {
                if (depth == max_nesting) fail("at most 64 levels of nesting");
                objects = (objects << 1) | static_cast<std::uint64_t>(c == '{');
                ++depth;
                ++p_;
                if (accept(c == '{' ? '}' : ']')) {
                    objects >>= 1;
                    --depth;
                } else {
                    if (c == '{') skip_key();
                    continue;  // to the first value inside
                }
            } else if (c == '"') {
                static_cast<void>(string());
            } else {
                static_cast<void>(scalar());
            }
            // Behind a value: close what ends here, or go on to the next value.
            while (depth > 0) {
                const bool in_object = (objects & 1) != 0;
                if (accept(',')) {
                    if (in_object) skip_key();
                    break;
                }
                expect(in_object ? '}' : ']');
                objects >>= 1;
                --depth;
            }
        } while (depth > 0);
    }

    void skip_key() {
        static_cast<void>(string());
        expect(':');
    }

    const char* begin_;
    const char* p_;
    const char* end_;
};

// A JSON number, or a string that holds one, as int64.
[[nodiscard]] inline std::int64_t to_int64(const JsonToken& token, std::string_view field) {
    const bool readable =
        token.is(JsonToken::Type::number) || token.is(JsonToken::Type::string);
    std::int64_t value = 0;
    if (!readable || !read_integer(token.text, value)) {
        if (!token.present()) throw DecodeError(field, "this key", "a message without it");
        throw DecodeError(field, "an integer of 64 bits", token.text);
    }
    return value;
}

[[nodiscard]] inline std::string_view to_string_view(const JsonToken& token,
                                                     std::string_view field) {
    if (!token.present()) throw DecodeError(field, "this key", "a message without it");
    if (!token.is(JsonToken::Type::string)) throw DecodeError(field, "a string", token.text);
    return token.text;
}

}  // namespace obcore
