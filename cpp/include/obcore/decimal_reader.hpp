#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "obcore/decimal.hpp"
#include "obcore/eight_bytes.hpp"
#include "obcore/instruction_set.hpp"

#if OBCORE_HAS_SSE41
#include <smmintrin.h>
#endif

// Plain decimals in quotes straight onto a grid, such as 65000.20" onto a tick of 0.1.
//
// A reader takes what is usual and answers false to the rest, which then goes the long way
// through read_decimal(): numbers that are long, signed, with an exponent, off the grid or no
// numbers at all. So it needs no errors of its own, and what it takes it reads exactly. It
// looks up to `reach` bytes ahead, and believes in the quote that it finds there.
namespace obcore {

struct PortableDecimals {
    static constexpr std::size_t reach = 18;  // eight digits, a point, eight digits, a quote

    // Reads from `p`, behind the opening quote, to the closing one, and leaves `p` there.
    [[nodiscard]] static bool read(const char*& p, const Step& step,
                                   std::int64_t& count) noexcept {
        const std::uint64_t whole = eight_bytes::load(p);
        const int whole_digits = eight_bytes::count_before(eight_bytes::find_no_digits(whole));
        if (whole_digits == 0) return false;
        std::uint64_t value = eight_bytes::to_number(whole, whole_digits);
        const char* behind = p + whole_digits;

        int decimals = 0;
        if (*behind == '.') {
            const std::uint64_t part = eight_bytes::load(++behind);
            decimals = eight_bytes::count_before(eight_bytes::find_no_digits(part));
            if (decimals == 0) return false;
            behind += decimals;
            if (decimals > step.decimals) {  // only zeros may follow
                const std::uint64_t rest =
                    (part ^ eight_bytes::zeros) << (64 - 8 * decimals) >> (64 - 8 * decimals);
                if (rest >> (8 * step.decimals) != 0) return false;
                decimals = step.decimals;
            }
            value = value * powers_of_ten[static_cast<std::size_t>(decimals)] +
                    eight_bytes::to_number(part, decimals);
        }
        if (*behind != '"') return false;
        const int missing = step.decimals - decimals;
        if (whole_digits + step.decimals > 16) return false;
        value *= powers_of_ten[static_cast<std::size_t>(missing)];
        if (step.units != 1) {
            const auto units = static_cast<std::uint64_t>(step.units);
            if (value % units != 0) return false;
            value /= units;
        }
        count = static_cast<std::int64_t>(value);
        p = behind;
        return true;
    }
};

#if OBCORE_HAS_SSE41

// The same for numbers of at most 15 characters, all of them at once.
// NOLINTBEGIN(portability-simd-intrinsics): the other one is the portable one
struct Sse41Decimals {
    static constexpr std::size_t reach = 16;

    [[nodiscard, gnu::target("sse4.1")]] static bool read(const char*& p, const Step& step,
                                                          std::int64_t& count) noexcept {
        const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        const __m128i digits = _mm_xor_si128(text, _mm_set1_epi8('0'));
        const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
        unsigned others = static_cast<unsigned>(_mm_movemask_epi8(is_digit)) ^ 0xFFFFU;
        if (others == 0) return false;
        const int point = std::countr_zero(others);  // or the end, where there is none
        if (point == 0) return false;
        int last = point;
        if (p[point] == '.') {
            others &= others - 1;
            if (others == 0) return false;
            last = std::countr_zero(others);
            if (last == point + 1) return false;
        }
        if (p[last] != '"') return false;
        if (point + step.decimals > 15) return false;

        // Zeros behind the last digit stand for decimals that are not written.
        const __m128i places =
            _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        const __m128i is_before_end =
            _mm_cmpgt_epi8(_mm_set1_epi8(static_cast<char>(last)), places);
        const __m128i written = _mm_and_si128(digits, is_before_end);
        const auto zeros = static_cast<unsigned>(
            _mm_movemask_epi8(_mm_cmpeq_epi8(written, _mm_setzero_si128())));
        if ((zeros ^ 0xFFFFU) >> (point + 1 + step.decimals) != 0)
            return false;  // off the grid

        // To the right end, without the point; what is asked for from before the start is 0.
        const __m128i from = _mm_add_epi8(_mm_set1_epi8(static_cast<char>(point)),
                                          _mm_loadu_si128(reinterpret_cast<const __m128i*>(
                                              around_point.data() + step.decimals)));
        std::uint64_t value = to_number(_mm_shuffle_epi8(written, from));
        if (step.units != 1) {
            const auto units = static_cast<std::uint64_t>(step.units);
            if (value % units != 0) return false;
            value /= units;
        }
        count = static_cast<std::int64_t>(value);
        p += last;
        return true;
    }

private:
    // Where the digits of sixteen places come from, relative to the point, by the decimals of
    // the grid: whole ones end before it, the others begin behind it.
    static constexpr std::array<signed char, 32> around_point = [] {
        std::array<signed char, 32> out{};
        for (int i = 0; i < 32; ++i) {
            out[static_cast<std::size_t>(i)] =
                static_cast<signed char>(i < 16 ? i - 16 : i - 15);
        }
        return out;
    }();

    [[nodiscard, gnu::target("sse4.1"), gnu::always_inline]] static std::uint64_t to_number(
        __m128i digits) noexcept {
        const __m128i tens = _mm_set1_epi16(0x010A);  // 10 and 1
        const __m128i hundreds = _mm_set1_epi32(0x00010064);
        const __m128i pairs = _mm_maddubs_epi16(digits, tens);
        const __m128i fours = _mm_madd_epi16(pairs, hundreds);
        const __m128i packed = _mm_packus_epi32(fours, fours);
        const __m128i eights = _mm_madd_epi16(packed, _mm_set1_epi32(0x00012710));  // 10,000
        const auto both = static_cast<std::uint64_t>(_mm_cvtsi128_si64(eights));
        return (both & 0xFFFFFFFFU) * 100'000'000U + (both >> 32);
    }
};
// NOLINTEND(portability-simd-intrinsics)

#endif

// The same of a text that ends by itself.
[[nodiscard]] inline bool read_usual_decimal(std::string_view text, const Step& step,
                                             std::int64_t& count) noexcept {
    std::array<char, 2 * PortableDecimals::reach> quoted{};
    if (text.size() >= PortableDecimals::reach) return false;
    text.copy(quoted.data(), text.size());  // an empty text may have no address
    quoted[text.size()] = '"';
    const char* p = quoted.data();
    return PortableDecimals::read(p, step, count) && p == quoted.data() + text.size();
}

}  // namespace obcore
