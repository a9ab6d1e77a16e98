#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "obcore/decimal.hpp"
#include "obcore/event.hpp"
#include "obcore/json.hpp"
#include "obcore/levels.hpp"
#include "obcore/units.hpp"

// Order book pictures as JSON lines, as most recorders in Python write them:
// {"type": "book", "exchange": …, "symbol": …, "timestamp": …, "bids": [[price, size], …],
// "asks": …}. There is no document; every line holds the whole top of the book.
namespace obcore::pictures {

namespace detail {

using obcore::detail::is_digit;

inline constexpr std::int64_t nanos_per_second = 1'000'000'000;

// All of `text` as digits; -1 where it is not.
[[nodiscard]] inline int digits(std::string_view text) noexcept {
    int value = 0;
    for (const char c : text) {
        if (!is_digit(c)) return -1;
        value = value * 10 + (c - '0');
    }
    return text.empty() ? -1 : value;
}

// ".031" to 31'000'000; -1 where it is not a point and one to nine digits, or nothing.
[[nodiscard]] inline std::int64_t fraction_ns(std::string_view text) noexcept {
    if (text.empty()) return 0;
    if (text.front() != '.' || text.size() > 10) return -1;
    const int value = digits(text.substr(1));
    if (value < 0) return -1;
    return value * static_cast<std::int64_t>(powers_of_ten[10 - text.size()]);
}

[[nodiscard]] inline std::optional<Nanos> to_nanos(std::int64_t seconds, std::int64_t ns) {
    Nanos time = 0;
    if (__builtin_mul_overflow(seconds, nanos_per_second, &time) ||
        __builtin_add_overflow(time, ns, &time)) {
        return std::nullopt;
    }
    return time;
}

// "2026-09-21T10:00:00.031Z", also with +00:00; other offsets are not read.
[[nodiscard]] inline std::optional<Nanos> read_iso_time(std::string_view text) {
    constexpr std::size_t whole = std::string_view("2026-09-21T10:00:00").size();
    if (text.ends_with('Z')) {
        text.remove_suffix(1);
    } else if (text.ends_with("+00:00")) {
        text.remove_suffix(6);
    } else {
        return std::nullopt;
    }
    if (text.size() < whole || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':') {
        return std::nullopt;
    }
    const auto two = [&](std::size_t at) { return digits(text.substr(at, 2)); };
    const int year = digits(text.substr(0, 4));
    const int month = two(5);
    const int day = two(8);
    const int hour = two(11);
    const int minute = two(14);
    const int second = two(17);
    const std::int64_t ns = fraction_ns(text.substr(whole));
    const bool told = year >= 0 && month >= 0 && day >= 0 && hour >= 0 && minute >= 0 &&
                      second >= 0 && ns >= 0;
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!told || !date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    return to_nanos(((days * 24 + hour) * 60 + minute) * 60 + second, ns);
}

// "1723161255.3197021": seconds, exact to the nanosecond.
[[nodiscard]] inline std::optional<Nanos> read_seconds(const Decimal& value) {
    if (value.negative || value.decimals > 9) return std::nullopt;
    Nanos time = 0;
    const std::uint64_t scale = powers_of_ten[static_cast<std::size_t>(9 - value.decimals)];
    if (__builtin_mul_overflow(value.mantissa, scale, &time)) return std::nullopt;
    return time;
}

// 1723161255, 1723161255320, 1.7e9 …: the magnitude tells the unit.
[[nodiscard]] inline std::optional<std::int64_t> read_integer(const Decimal& value) {
    if (value.negative || value.decimals < -max_decimals) return std::nullopt;
    std::int64_t out = 0;
    const std::uint64_t scale = powers_of_ten[static_cast<std::size_t>(-value.decimals)];
    if (__builtin_mul_overflow(value.mantissa, scale, &out)) return std::nullopt;
    return out;
}

}  // namespace detail

// A time as text: an integer of any unit, a decimal number of seconds, or ISO 8601 in UTC.
[[nodiscard]] inline Nanos decode_time_text(std::string_view text, std::string_view field) {
    constexpr Nanos first = 100'000'000 * detail::nanos_per_second;  // as in decode_time
    const Decimal value = read_decimal(text);
    std::optional<Nanos> time;
    if (value.fault == Decimal::Fault::not_a_number) {
        time = detail::read_iso_time(text);
    } else if (value.fault == Decimal::Fault::none && value.decimals > 0) {
        time = detail::read_seconds(value);
    } else if (value.fault == Decimal::Fault::none) {
        const auto integer = detail::read_integer(value);
        if (integer) return decode_time(*integer, field);
    }
    if (!time || *time < first) {
        throw DecodeError(field,
                          "a time since 1970 in s, ms, µs or ns, decimal seconds to 9 places, "
                          "or ISO 8601 in UTC",
                          text);
    }
    return *time;
}

// Decodes one line, whatever the order of its keys. Throws DecodeError; the event is then
// worthless, and nothing else happened.
class Decoder {
public:
    // True for a line that is a book of this shape; other kinds alone do not tell the format.
    [[nodiscard]] static bool recognises(std::string_view json) {
        bool book = false;
        bool has_bids = false;
        bool has_asks = false;
        try {
            JsonReader reader(json);
            reader.object([&](std::string_view name) {
                const JsonToken value = reader.value();
                book |= name == "type" && value.text == "book";
                has_bids |= name == "bids" && value.is(JsonToken::Type::array);
                has_asks |= name == "asks" && value.is(JsonToken::Type::array);
            });
        } catch (const DecodeError&) {
            return false;
        }
        return book && has_bids && has_asks;
    }

    void decode(std::string_view json, const Grid& grid, Event& event) {
        event.reset();
        tokens_ = {};
        JsonReader reader(json);
        reader.object([&](std::string_view name) { read_member(reader, name, grid, event); });
        reader.finish();
        interpret(grid, event);
    }

private:
    // Keys that obcore reads.
    enum Key : std::uint8_t { type, symbol, timestamp, bids, asks, key_count };
    static constexpr std::array<std::string_view, key_count> names{"type", "symbol",
                                                                   "timestamp", "bids", "asks"};

    void read_member(JsonReader& reader, std::string_view name, const Grid& grid,
                     Event& event) {
        std::size_t key = 0;
        while (key < key_count && names[key] != name) ++key;
        if (key == key_count) {
            static_cast<void>(reader.value());
            return;
        }
        JsonToken& token = tokens_[key];
        if (token.present()) throw DecodeError(name, "this key once", "the key twice");
        // Levels are decoded on the way where the kind is known by then, and afterwards where
        // not: in a kind that obcore does not know, the same key may hold anything.
        const bool side = key == bids || key == asks;
        if (side && tokens_[type].text == "book" && reader.peek() == '[') {
            token.type = JsonToken::Type::array;  // without text: nothing is left to read
            read_levels(reader, name, grid, key == bids ? event.bids : event.asks);
        } else {
            token = reader.value();
        }
    }

    void interpret(const Grid& grid, Event& event) {
        const std::string_view kind = to_string_view(tokens_[type], "type");
        if (tokens_[symbol].present()) event.symbol = to_string_view(tokens_[symbol], "symbol");
        if (kind != "book") {
            event.name = kind;
            return;
        }
        event.kind = Kind::topn;
        read_time(event);
        finish_side(bids, grid, event.bids);
        finish_side(asks, grid, event.asks);
    }

    void read_time(Event& event) const {
        const JsonToken& token = tokens_[timestamp];
        if (!token.present()) {
            throw DecodeError("timestamp", "this key", "a message without it");
        }
        event.ts_event_ns = decode_time_text(token.text, "timestamp");
    }

    void finish_side(Key key, const Grid& grid, std::vector<Level>& out) const {
        const JsonToken& token = tokens_[key];
        if (!token.present()) throw DecodeError(names[key], "this key", "a message without it");
        if (!token.is(JsonToken::Type::array)) {
            throw DecodeError(names[key], "an array of levels", token.text);
        }
        if (token.text.empty()) return;
        JsonReader reader(token.text);
        read_levels(reader, names[key], grid, out);
    }

    std::array<JsonToken, key_count> tokens_;
};

}  // namespace obcore::pictures
