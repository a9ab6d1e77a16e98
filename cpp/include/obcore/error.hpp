#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

namespace obcore {

// Every exception of the core. Its text is whole: "field: expected …, received …".
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The bytes break the format's documented shape; nothing of the message was applied.
class DecodeError : public Error {
public:
    explicit DecodeError(const std::string& what) : Error(what) {}
    DecodeError(std::string_view field, std::string_view expected, std::string_view received)
        : Error(std::string(field) + ": expected " + std::string(expected) + ", received " +
                shortened(received)) {}

    // A message may be megabytes long and hold control characters; an error line may not.
    [[nodiscard]] static std::string shortened(std::string_view text) {
        constexpr std::size_t limit = 60;
        constexpr std::string_view digits = "0123456789abcdef";
        std::string out;
        for (const char c : text.substr(0, limit)) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte >= 0x20 && byte != 0x7f) {
                out += c;
            } else {
                out += {'\\', 'x', digits[byte >> 4U], digits[byte & 0xfU]};
            }
        }
        if (text.size() > limit) out += "… (" + std::to_string(text.size()) + " bytes)";
        return out;
    }
};

// A number is finer than the tick or the lot, or beyond what int64 holds: never rounded.
class PrecisionError : public DecodeError {
public:
    enum class Quantity : std::uint8_t { price, size };

    PrecisionError(Quantity of, int needed, const std::string& what)
        : DecodeError(what), quantity(of), decimals(needed) {}

    Quantity quantity;
    int decimals;  // that would hold the number exactly; 0 where no grid would
};

// The format cannot be told from the bytes alone; the caller has to say it.
class AmbiguousFormat : public DecodeError {
public:
    using DecodeError::DecodeError;
};

// Messages are missing, and the caller asked for a strict replay.
class GapError : public Error {
public:
    GapError(const std::string& where, std::int64_t expected_id, std::int64_t received_id)
        : Error(where + ": expected update id " + std::to_string(expected_id) + ", received " +
                std::to_string(received_id)),
          expected(expected_id),
          received(received_id) {}
    // Where no id tells what is missing.
    GapError(const std::string& where, const std::string& reason)
        : Error(where + ": " + reason) {}

    std::int64_t expected = std::numeric_limits<std::int64_t>::min();  // `absent`
    std::int64_t received = std::numeric_limits<std::int64_t>::min();
};

}  // namespace obcore
