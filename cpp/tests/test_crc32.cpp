// CRC-32 against published check values and against the definition, bit by bit.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/crc32.hpp"

namespace {

using obcore::crc32;

std::uint32_t bit_by_bit(std::string_view bytes) {
    std::uint32_t rest = 0xFFFFFFFFU;
    for (const char c : bytes) {
        rest ^= static_cast<unsigned char>(c);
        for (int i = 0; i < 8; ++i) rest = (rest >> 1) ^ ((rest & 1U) != 0 ? 0xEDB88320U : 0U);
    }
    return ~rest;
}

void the_published_check_values_come_out() {
    CHECK(crc32("") == 0);
    CHECK(crc32("a") == 0xE8B7BE43U);
    CHECK(crc32("123456789") == 0xCBF43926U);
    CHECK(crc32("The quick brown fox jumps over the lazy dog") == 0x414FA339U);
    static_assert(crc32("123456789") == 0xCBF43926U);
}

void every_length_and_byte_agrees_with_the_definition() {
    Dice dice(7);
    std::string bytes;
    for (std::size_t size = 0; size < 300; ++size) {
        CHECK(crc32(bytes) == bit_by_bit(bytes));
        bytes += static_cast<char>(dice.below(256));
    }
}

}  // namespace

int main() {
    return run_tests({
        the_published_check_values_come_out,
        every_length_and_byte_agrees_with_the_definition,
    });
}
