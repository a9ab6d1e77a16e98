#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "obcore/error.hpp"
#include "obcore/json.hpp"
#include "obcore/json_fields.hpp"
#include "obcore/pictures.hpp"
#include "obcore/units.hpp"

// Recordings of connections as JSON lines, one for each thing that happened:
// {"t": "recv", "conn": "OKX.ws.1", "ts": 1652459225.50, "data": "<the text received>"}.
namespace obcore::capture {

// One line. Its texts last until the reader reads the next one.
struct Captured {
    enum class Kind : std::uint8_t {
        header,   // of the file
        http,     // an answer of REST
        connect,  // a connection begins
        send,
        recv,
        disconnect,  // a connection has gone
        open,  // it has begun already: said again where a reader may begin, or after a loss
        lost,  // messages of any connection may be missing here; the text says why
    };

    Kind kind = Kind::header;
    std::string_view connection;
    std::string_view address;  // of an answer of REST or a connection
    std::string_view after;    // the connection that this one stands beside, to replace it
    Nanos ts_recv_ns = absent;
    std::string_view text;  // what was sent or received
};

namespace detail {

// The four hexadecimal digits at `at`; throws where there are none.
[[nodiscard]] inline std::uint32_t read_hex(std::string_view text, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
        const char c = i < text.size() ? text[i] : '?';
        const char lower = static_cast<char>(c | 0x20);
        std::uint32_t digit = 16;
        if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
        if (lower >= 'a' && lower <= 'f') digit = static_cast<std::uint32_t>(lower - 'a' + 10);
        if (digit == 16) {
            throw DecodeError("\\u", "four hexadecimal digits", text.substr(at));
        }
        value = value << 4 | digit;
    }
    return value;
}

inline void append_utf8(std::uint32_t point, std::string& out) {
    const auto push = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (point < 0x80) {
        push(point);
        return;
    }
    if (point < 0x800) {
        push(0xC0U | point >> 6);
    } else if (point < 0x10000) {
        push(0xE0U | point >> 12);
        push(0x80U | (point >> 6 & 0x3FU));
    } else {
        push(0xF0U | point >> 18);
        push(0x80U | (point >> 12 & 0x3FU));
        push(0x80U | (point >> 6 & 0x3FU));
    }
    push(0x80U | (point & 0x3FU));
}

// Reads the \uXXXX whose digits begin at `at`, with the second half of a pair; its end.
[[nodiscard]] inline std::size_t unescape_point(std::string_view text, std::size_t at,
                                                std::string& out) {
    std::uint32_t point = read_hex(text, at);
    std::size_t end = at + 4;
    if (point >= 0xD800 && point < 0xE000) {
        const bool paired = point < 0xDC00 && text.substr(end, 2) == "\\u";
        const std::uint32_t low = paired ? read_hex(text, end + 2) : 0;
        if (low < 0xDC00 || low >= 0xE000) {
            throw DecodeError("\\u", "both halves of a surrogate pair", text.substr(at, 10));
        }
        point = 0x10000U + ((point - 0xD800U) << 10) + (low - 0xDC00U);
        end += 6;
    }
    append_utf8(point, out);
    return end;
}

// What a JSON string says, given what stands between its quotes.
inline void unescape(std::string_view text, std::string& out) {
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    out.clear();
    std::size_t at = 0;
    while (true) {
        const std::size_t escape = text.find('\\', at);
        out += text.substr(at, escape - at);
        if (escape == std::string_view::npos) return;
        const char letter = escape + 1 < text.size() ? text[escape + 1] : '\0';
        at = escape + 2;
        if (letter == 'u') {
            at = unescape_point(text, at, out);
            continue;
        }
        const std::size_t meaning = letters.find(letter);
        if (meaning == std::string_view::npos) {
            throw DecodeError("string", "an escape of JSON", text.substr(escape));
        }
        out += meanings[meaning];
    }
}

}  // namespace detail

// Reads lines, each into the same memory.
class Reader {
public:
    // True for a line of this shape, whatever it holds.
    [[nodiscard]] static bool recognises(std::string_view line) {
        try {
            JsonFields<Key> fields(names);
            fields.read(line);
            Captured::Kind kind{};
            if (!fields[Key::t].is(JsonToken::Type::string) ||
                !find_kind(fields[Key::t].text, kind)) {
                return false;
            }
            return kind == Captured::Kind::header ||
                   (fields.has(Key::conn) && fields.has(Key::ts));
        } catch (const DecodeError&) {
            return false;
        }
    }

    [[nodiscard]] Captured read(std::string_view line) {
        fields_.read(line);
        Captured out;
        const std::string_view t = fields_.string(Key::t);
        if (!find_kind(t, out.kind)) {
            throw DecodeError("t",
                              "header, http, connect, send, recv, disconnect, open or lost", t);
        }
        if (out.kind == Captured::Kind::header) return out;
        out.connection = fields_.string(Key::conn);
        out.ts_recv_ns = pictures::decode_time_text(fields_.number(Key::ts), "ts");
        const bool begins =
            out.kind == Captured::Kind::connect || out.kind == Captured::Kind::open;
        if (out.kind == Captured::Kind::http) {
            out.address = unescaped(Key::url, address_);
        } else if (begins || fields_.has(Key::addr)) {
            out.address = unescaped(Key::addr, address_);
        }
        if (begins && fields_.has(Key::after)) out.after = fields_.string(Key::after);
        if (!begins && out.kind != Captured::Kind::disconnect) {
            out.text = unescaped(Key::data, text_);
        }
        return out;
    }

private:
    enum class Key : std::uint8_t { t, conn, ts, url, addr, data, after, key_count };
    static constexpr JsonFields<Key>::Names names{"t",    "conn", "ts",   "url",
                                                  "addr", "data", "after"};

    [[nodiscard]] static bool find_kind(std::string_view t, Captured::Kind& kind) noexcept {
        constexpr std::array<std::string_view, 8> kinds{
            "header", "http", "connect", "send", "recv", "disconnect", "open", "lost"};
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            if (kinds[i] != t) continue;
            kind = static_cast<Captured::Kind>(i);
            return true;
        }
        return false;
    }

    [[nodiscard]] std::string_view unescaped(Key key, std::string& memory) const {
        detail::unescape(fields_.string(key), memory);
        return memory;
    }

    JsonFields<Key> fields_{names};
    std::string text_;
    std::string address_;
};

}  // namespace obcore::capture
