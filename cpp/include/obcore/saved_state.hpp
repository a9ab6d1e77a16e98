#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "obcore/error.hpp"

namespace obcore {

// Memory as bytes, bit for bit, for the same machine architecture.
class StateWriter {
public:
    template <typename T>
    void put(const T& value) {
        static_assert(std::is_trivially_copyable_v<T>);
        T copy = value;
#if __has_builtin(__builtin_clear_padding)
        __builtin_clear_padding(&copy);  // so that equal memories give equal bytes
#endif
        const std::size_t filled = bytes_.size();
        bytes_.resize(filled + sizeof(T));
        std::memcpy(bytes_.data() + filled, &copy, sizeof(T));
    }

    void text(std::string_view text) {
        put(static_cast<std::uint64_t>(text.size()));
        bytes_ += text;
    }

    [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

private:
    std::string bytes_;
};

// Reads in the same order what a StateWriter put; bytes that end too early are an error.
class StateReader {
public:
    explicit StateReader(std::string_view bytes) : rest_(bytes) {}

    template <typename T>
    [[nodiscard]] T get() {
        static_assert(std::is_trivially_copyable_v<T>);
        T value;
        std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
        return value;
    }
    template <typename T>
    void get(T& out) {
        out = get<T>();
    }

    [[nodiscard]] std::string_view text() { return take(get<std::uint64_t>()); }

    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

    [[noreturn]] static void fail(std::string_view received) {
        throw DecodeError("saved state", "the bytes that save() gave", received);
    }

private:
    [[nodiscard]] std::string_view take(std::uint64_t size) {
        if (size > rest_.size()) fail("fewer");
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::string_view rest_;
};

// FNV-1a: tells damage, not forgery.
[[nodiscard]] constexpr std::uint64_t checksum(std::string_view bytes) noexcept {
    std::uint64_t hash = 14695981039346656037ULL;
    for (const char c : bytes) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
    return hash;
}

}  // namespace obcore
