#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "obcore/error.hpp"

namespace obcore {

// Cuts a stream of bytes into its messages: the lines of a text, or the elements of a JSON
// array.
//
// Bytes come in chunks of any size; only a message that a chunk cuts in two is copied, so
// memory is that of one message. Which of the two it is, the first byte tells.
class Splitter {
public:
    static constexpr std::size_t max_message = std::size_t{64} << 20;

    // Line, counted from 1, on which the message at hand began.
    [[nodiscard]] std::int64_t line() const noexcept { return line_; }
    // Whether messages are lines; those without content are counted and dropped.
    [[nodiscard]] bool is_lines() const noexcept { return shape_ == Shape::lines; }

    // Calls on_message(text) for each message that is complete.
    template <typename OnMessage>
    void feed(std::string_view bytes, OnMessage&& on_message) {
        if (shape_ == Shape::unknown) bytes = look_at_start(bytes);
        if (shape_ == Shape::bracket) bytes = look_behind_bracket(bytes);
        if (shape_ == Shape::lines) {
            feed_lines(bytes, on_message);
        } else if (shape_ == Shape::array) {
            feed_array(bytes, on_message);
        }
    }

    // The end of the input: a last line needs no newline, an array needs its bracket.
    template <typename OnMessage>
    void finish(OnMessage&& on_message) {
        line_ += shape_ == Shape::bracket;
        if (shape_ == Shape::bracket || (shape_ == Shape::array && place_ != Place::closed)) {
            throw DecodeError("JSON array", "']'", "the end (truncated?)");
        }
        if (!rest_.empty()) {
            ++line_;
            emit_line(rest_, on_message);
        }
        rest_.clear();
    }

private:
    enum class Shape : std::uint8_t { unknown, bracket, lines, array };
    // Where in an array, between its elements.
    enum class Place : std::uint8_t { opened, behind_element, behind_comma, closed };

    [[nodiscard]] static bool is_space(char c) noexcept {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }

    // A byte order mark may come in parts, like everything else.
    [[nodiscard]] std::string_view skip_byte_order_mark(std::string_view bytes) {
        constexpr std::string_view mark = "\xEF\xBB\xBF";
        for (; mark_seen_ < mark.size() && !bytes.empty(); bytes.remove_prefix(1)) {
            if (bytes.front() != mark[mark_seen_]) {
                if (mark_seen_ > 0)
                    throw DecodeError("start", "a byte order mark", "a part of it");
                mark_seen_ = mark.size();
                break;
            }
            ++mark_seen_;
        }
        return bytes;
    }

    [[nodiscard]] std::string_view look_at_start(std::string_view bytes) {
        bytes = skip_byte_order_mark(bytes);
        for (; !bytes.empty() && is_space(bytes.front()); bytes.remove_prefix(1)) {
            line_ += bytes.front() == '\n';
        }
        if (bytes.empty()) return bytes;
        shape_ = bytes.front() == '[' ? Shape::bracket : Shape::lines;
        if (shape_ == Shape::bracket) {
            rest_ = '[';
            bytes.remove_prefix(1);
        }
        return bytes;
    }

    // The elements of an array are objects. A line that is an array itself begins with a number
    // and a comma, as Kraken's do: [993,{…},"book-1000","XBT/USD"].
    [[nodiscard]] std::string_view look_behind_bracket(std::string_view bytes) {
        constexpr std::size_t longest = 20;
        for (; !bytes.empty(); bytes.remove_prefix(1)) {
            const char c = bytes.front();
            if (rest_.size() == 1 && is_space(c)) {
                newlines_ += c == '\n';
            } else if (c >= '0' && c <= '9' && rest_.size() < longest) {
                rest_ += c;
            } else {
                leave_bracket(c);
                break;
            }
        }
        return bytes;
    }

    void leave_bracket(char next) {
        if (next == ',' && rest_.size() > 1) {
            shape_ = Shape::lines;
            line_ += newlines_;
            newlines_ = 0;
            return;
        }
        shape_ = Shape::array;
        ++line_;
        if (rest_.size() > 1) static_cast<void>(between_elements(rest_[1]));
        rest_.clear();
    }

    template <typename OnMessage>
    void feed_lines(std::string_view bytes, OnMessage&& on_message) {
        while (!bytes.empty()) {
            const auto end = bytes.find('\n');
            if (end == std::string_view::npos) {
                keep(bytes);
                return;
            }
            const std::string_view line = bytes.substr(0, end);
            bytes.remove_prefix(end + 1);
            ++line_;
            if (rest_.empty()) {
                emit_line(line, on_message);
            } else {
                keep(line);
                emit_line(rest_, on_message);
                rest_.clear();
            }
        }
    }

    template <typename OnMessage>
    static void emit_line(std::string_view line, OnMessage&& on_message) {
        while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
        while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
        if (!line.empty()) on_message(line);
    }

    // An element ends where its brackets are closed; inside a string none of them counts.
    template <typename OnMessage>
    void feed_array(std::string_view bytes, OnMessage&& on_message) {
        std::size_t start = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            const char c = bytes[i];
            newlines_ += c == '\n';
            if (depth_ == 0) {
                if (between_elements(c)) {
                    start = i;
                    depth_ = 1;
                }
                continue;
            }
            if (in_string_) {
                if (escaped_) {
                    escaped_ = false;
                } else if (c == '\\') {
                    escaped_ = true;
                } else if (c == '"') {
                    in_string_ = false;
                }
                continue;
            }
            if (c == '"') {
                in_string_ = true;
            } else if (c == '{' || c == '[') {
                ++depth_;
            } else if ((c == '}' || c == ']') && --depth_ == 0) {
                const std::string_view element = bytes.substr(start, i + 1 - start);
                if (rest_.empty()) {
                    on_message(element);
                } else {
                    keep(element);
                    on_message(std::string_view(rest_));
                    rest_.clear();
                }
                place_ = Place::behind_element;
            }
        }
        if (depth_ > 0) keep(bytes.substr(start));
    }

    // Between two elements; true where a new one begins.
    [[nodiscard]] bool between_elements(char c) {
        if (is_space(c)) return false;
        line_ += newlines_;
        newlines_ = 0;
        const bool may_begin = place_ == Place::opened || place_ == Place::behind_comma;
        const bool may_close = place_ == Place::opened || place_ == Place::behind_element;
        if (c == '{' && may_begin) return true;
        if (c == ']' && may_close) {
            place_ = Place::closed;
        } else if (c == ',' && place_ == Place::behind_element) {
            place_ = Place::behind_comma;
        } else {
            const char* const expected = may_begin                 ? "an object"
                                         : place_ == Place::closed ? "nothing behind ']'"
                                                                   : "',' or ']'";
            throw DecodeError("JSON array", expected, {&c, 1});
        }
        return false;
    }

    void keep(std::string_view part) {
        if (rest_.size() + part.size() > max_message) {
            throw DecodeError("message", "at most 64 MiB", "more");
        }
        rest_ += part;
    }

    Shape shape_ = Shape::unknown;
    std::size_t mark_seen_ = 0;  // bytes of a byte order mark
    std::string rest_;           // the beginning of a message whose end has not come
    std::int64_t line_ = 0;
    std::int64_t newlines_ = 0;
    int depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
    Place place_ = Place::opened;
};

}  // namespace obcore
