#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

namespace obcore::bench {

// How the venue writes a number: digits behind the point, and how many of them count.
struct BareNumber {
    int written;
    int kept;
};

// Reads the levels of compact depth messages, `"b":[["65000.10","0.055"],…],"a":[…]`, and
// believes every byte: nothing is validated. Numbers have up to 16 digits before the point. It
// reads up to 8 bytes behind a message.
class BareScanner {
public:
    BareScanner(BareNumber price, BareNumber size)
        : price_(checked(price)), size_(checked(size)) {}

    // Calls on_level(ask, ticks, lots) for each level of the message at `at`.
    template <typename OnLevel>
    [[gnu::always_inline]] void scan(const char* at, const char* end,
                                     const OnLevel& on_level) const noexcept {
        while ((at = static_cast<const char*>(
                    std::memchr(at, '[', static_cast<std::size_t>(end - at)))) != nullptr) {
            const bool ask = at[-3] == 'a';  // "a":[
            ++at;
            while (*at == '[') {
                const char* const price = at + 2;  // ["
                const char* const price_end = closing_quote(price);
                const char* const size = price_end + 3;  // ","
                const char* const size_end = closing_quote(size);
                on_level(ask, number(price, price_end, price_), number(size, size_end, size_));
                at = size_end + 2;  // "]
                at += *at == ',' ? 1 : 0;
            }
        }
    }

private:
    [[nodiscard]] static BareNumber checked(BareNumber form) {
        if (form.kept >= 0 && form.kept <= 8 && form.kept <= form.written) return form;
        throw std::invalid_argument("decimals: expected at most 8 that count, received " +
                                    std::to_string(form.kept) + " of " +
                                    std::to_string(form.written));
    }

    static constexpr std::uint64_t every_byte = 0x0101010101010101U;

    [[nodiscard, gnu::always_inline]] static std::uint64_t eight(const char* at) noexcept {
        std::uint64_t out = 0;
        std::memcpy(&out, at, 8);
        if constexpr (std::endian::native == std::endian::big) out = __builtin_bswap64(out);
        return out;
    }

    // Eight bytes a step: a byte equal to the quote becomes zero, and its borrow marks it.
    [[nodiscard, gnu::always_inline]] static const char* closing_quote(
        const char* at) noexcept {
        while (true) {
            const std::uint64_t differs = eight(at) ^ std::uint64_t{'"'} * every_byte;
            const std::uint64_t found = (differs - every_byte) & ~differs & 0x80 * every_byte;
            if (found != 0) return at + std::countr_zero(found) / 8;
            at += 8;
        }
    }

    [[nodiscard, gnu::always_inline]] static std::int64_t number(const char* begin,
                                                                 const char* end,
                                                                 BareNumber form) noexcept {
        const char* const point = end - form.written - (form.written > 0 ? 1 : 0);
        const std::ptrdiff_t count = point - begin;
        std::int64_t whole = digits(point, count < 8 ? count : 8);
        if (count > 8) [[unlikely]]
            whole += digits(point - 8, count - 8) * powers_of_ten[8];
        if (form.kept == 0) return whole;
        return whole * powers_of_ten[static_cast<std::size_t>(form.kept)] +
               digits(point + 1 + form.kept, form.kept);
    }

    // The last `count` ≤ 8 digits before `end`: pairs, then fours, then all eight are joined.
    [[nodiscard, gnu::always_inline]] static std::int64_t digits(
        const char* end, std::ptrdiff_t count) noexcept {
        const auto unused = static_cast<unsigned>(8 - count) * 8;
        std::uint64_t value = ((eight(end - 8) & 0x0f * every_byte) >> unused) << unused;
        value = (value * 10) + (value >> 8);
        value = ((value & 0x000000ff000000ffU) * 0x000f424000000064U +
                 ((value >> 16) & 0x000000ff000000ffU) * 0x0000271000000001U) >>
                32;
        return static_cast<std::int64_t>(value & 0xffffffffU);
    }

    static constexpr std::array<std::int64_t, 9> powers_of_ten{
        1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};

    BareNumber price_;
    BareNumber size_;
};

}  // namespace obcore::bench
