#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "obcore/book.hpp"
#include "obcore/crc32.hpp"
#include "obcore/decimal.hpp"
#include "obcore/event.hpp"
#include "obcore/units.hpp"

// What a venue's checksum says of a book. The text that it is taken of is built on the stack.
namespace obcore {

namespace detail {

// Text of prices and sizes, one behind the other.
template <std::size_t numbers>
class ChecksumText {
public:
    // Digits alone: a number without its point and without leading zeros.
    void add_digits(std::int64_t count, const Step& step) { add_integer(value(count, step)); }

    // The shortest decimal, and what stands between two of them.
    void add_decimal(std::int64_t count, const Step& step) {
        if (size_ != 0) text_[size_++] = ':';
        std::uint64_t rest = value(count, step);
        int decimals = rest == 0 ? 0 : step.decimals;
        for (; decimals > 0 && rest % 10 == 0; --decimals) rest /= 10;
        const std::uint64_t one = powers_of_ten[static_cast<std::size_t>(decimals)];
        add_integer(rest / one);
        if (decimals == 0) return;
        text_[size_++] = '.';
        std::uint64_t part = rest % one;
        for (int i = decimals - 1; i >= 0; --i, part /= 10) {
            text_[size_ + static_cast<std::size_t>(i)] = static_cast<char>('0' + part % 10);
        }
        size_ += static_cast<std::size_t>(decimals);
    }

    [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }

private:
    // A sign, 20 digits, a point, and the colon behind.
    static constexpr std::size_t longest = 23;

    // The number at the grid's decimals. Only what 64 bits hold came from a venue's text.
    [[nodiscard]] std::uint64_t value(std::int64_t count, const Step& step) {
        if (count < 0) text_[size_++] = '-';
        const auto bits = static_cast<std::uint64_t>(count);
        return (count < 0 ? 0 - bits : bits) * static_cast<std::uint64_t>(step.units);
    }

    void add_integer(std::uint64_t integer) {
        char* const end = text_.data() + text_.size();
        const auto behind = std::to_chars(text_.data() + size_, end, integer).ptr;
        size_ = static_cast<std::size_t>(behind - text_.data());
    }

    std::array<char, numbers * longest> text_;
    std::size_t size_ = 0;
};

// Kraken, "Book checksum (WebSocket v2)" and "(WebSocket v1)": the ten best asks, low to high,
// then the ten best bids, high to low; of each its price and its size, without the point and
// without leading zeros. Trailing zeros count: the grid has to have the decimals that Kraken
// prints, which its decoders see to; then a price's digits are its ticks.
[[nodiscard]] inline std::uint32_t kraken_checksum(const Book& book) {
    std::array<Level, 10> levels{};
    ChecksumText<4 * levels.size()> text;
    const auto add = [&](const auto& side) {
        for (const Level& level : std::span(levels).first(side.top(levels))) {
            text.add_digits(level.price, book.grid.tick);
            text.add_digits(level.size, book.grid.lot);
        }
    };
    add(book.asks);
    add(book.bids);
    return crc32(text.text());
}

// OKX API v5, "Order book channel", "Checksum": 25 levels a side, bid and ask in turn, as
// price:size; where one side is shorter, the other goes on alone. OKX prints no trailing zeros.
[[nodiscard]] inline std::uint32_t okx_checksum(const Book& book) {
    std::array<Level, 25> bids{};
    std::array<Level, 25> asks{};
    const std::size_t bid_count = book.bids.top(bids);
    const std::size_t ask_count = book.asks.top(asks);
    ChecksumText<4 * bids.size()> text;
    const auto add = [&](const Level& level) {
        text.add_decimal(level.price, book.grid.tick);
        text.add_decimal(level.size, book.grid.lot);
    };
    for (std::size_t i = 0; i < std::max(bid_count, ask_count); ++i) {
        if (i < bid_count) add(bids[i]);
        if (i < ask_count) add(asks[i]);
    }
    return crc32(text.text());
}

}  // namespace detail

// 0 for no rule.
[[nodiscard]] inline std::uint32_t checksum_of(const Book& book, Checksum::Rule rule) {
    switch (rule) {
        case Checksum::Rule::none:
            return 0;
        case Checksum::Rule::kraken:
            return detail::kraken_checksum(book);
        case Checksum::Rule::okx:
            return detail::okx_checksum(book);
    }
    return 0;
}

}  // namespace obcore
