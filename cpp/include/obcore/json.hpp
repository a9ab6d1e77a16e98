#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "obcore/eight_bytes.hpp"
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
        if (!accept(wanted)) [[unlikely]]
            fail_without(wanted);
    }

    [[nodiscard]] bool accept(char wanted) {
        if (p_ != end_ && *p_ == wanted) [[likely]] {  // most JSON has no space
            ++p_;
            return true;
        }
        if (peek() != wanted) return false;
        ++p_;
        return true;
    }

    // The bytes between the quotes; escapes stay as they are.
    [[nodiscard]] std::string_view string() {
        expect('"');
        const char* const start = p_;
        while (true) {
            skip_to_quote_or_backslash();
            if (p_ == end_) fail("the end of a string");
            if (*p_ == '"') return {start, static_cast<std::size_t>(p_++ - start)};
            p_ += end_ - p_ > 1 ? 2 : 1;
        }
    }

    // A number, true, false or null.
    [[nodiscard]] JsonToken scalar() {
        skip_space();
        const char* const start = p_;
        skip_digits();
        const bool is_integer = p_ != start && p_ != end_ && (*p_ == ',' || *p_ == '}');
        while (!is_integer && p_ != end_ && !ends_scalar(*p_)) ++p_;
        const std::string_view text(start, static_cast<std::size_t>(p_ - start));
        if (is_integer || is_number(text)) return {JsonToken::Type::number, text};
        if (text == "true" || text == "false" || text == "null") {
            return {JsonToken::Type::literal, text};
        }
        p_ = start;
        fail("a JSON value");
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
            on_member(key());
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

    // For who reads a part of the text faster: what is left of it, and where that part ends.
    // False where there was no such part.
    [[nodiscard]] std::string_view rest() {
        skip_space();
        return {p_, static_cast<std::size_t>(end_ - p_)};
    }
    [[nodiscard]] bool skip_to(const char* behind) noexcept {
        const bool moved = behind != p_;
        p_ = behind;
        return moved;
    }

    void finish() {
        skip_space();
        if (p_ != end_) fail("the end of the JSON text");
    }

    // Out of the way of what is usual.
    [[noreturn, gnu::cold, gnu::noinline]] void fail(std::string_view expected) const {
        const auto offset = static_cast<std::size_t>(p_ - begin_);
        const std::string field = "JSON byte " + std::to_string(offset + 1);
        if (p_ == end_) throw DecodeError(field, expected, "the end (truncated?)");
        throw DecodeError(field, expected, {p_, static_cast<std::size_t>(end_ - p_)});
    }

private:
    // With its colon. Keys of one letter are most keys of a market stream.
    [[nodiscard]] std::string_view key() {
        if (end_ - p_ > 4 && p_[0] == '"' && p_[2] == '"' && p_[3] == ':' && p_[1] != '"' &&
            p_[1] != '\\') {
            p_ += 4;
            return {p_ - 3, 1};
        }
        const std::string_view name = string();
        expect(':');
        return name;
    }

    [[noreturn, gnu::cold, gnu::noinline]] void fail_without(char wanted) const {
        fail(std::string("'") + wanted + "'");
    }

    [[nodiscard]] static bool is_space(char c) noexcept {
        return c <= ' ' && (c == ' ' || c == '\t' || c == '\r' || c == '\n');
    }
    [[nodiscard]] static bool ends_scalar(char c) noexcept {
        return c == ',' || c == '}' || c == ']' || c == ':' || c == '"' || is_space(c);
    }

    void skip_space() noexcept {
        while (p_ != end_ && is_space(*p_)) ++p_;
    }

    void skip_to_quote_or_backslash() noexcept {
        for (; end_ - p_ >= 8; p_ += 8) {
            const std::uint64_t word = eight_bytes::load(p_);
            const std::uint64_t found =
                eight_bytes::find(word, '"') | eight_bytes::find(word, '\\');
            if (found != 0) {
                p_ += eight_bytes::count_before(found);
                return;
            }
        }
        while (p_ != end_ && *p_ != '"' && *p_ != '\\') ++p_;
    }

    void skip_digits() noexcept {
        for (; end_ - p_ >= 8; p_ += 8) {
            const std::uint64_t others = eight_bytes::find_no_digits(eight_bytes::load(p_));
            if (others != 0) {
                p_ += eight_bytes::count_before(others);
                return;
            }
        }
        while (p_ != end_ && *p_ >= '0' && *p_ <= '9') ++p_;
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
                    if (c == '{') static_cast<void>(key());
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
                    if (in_object) static_cast<void>(key());
                    break;
                }
                expect(in_object ? '}' : ']');
                objects >>= 1;
                --depth;
            }
        } while (depth > 0);
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
