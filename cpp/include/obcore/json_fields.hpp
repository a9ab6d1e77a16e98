#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "obcore/error.hpp"
#include "obcore/json.hpp"

namespace obcore {

// The members of a JSON object that a decoder reads, each by its place among `names`; others
// are walked over. `Key` is an enum whose last member, `key_count`, counts the names.
template <typename Key, std::size_t count = static_cast<std::size_t>(Key::key_count)>
class JsonFields {
public:
    using Names = std::array<std::string_view, count>;

    explicit constexpr JsonFields(const Names& names) : names_(names) {}

    // Forgets what was read before. Throws where the text is no object, or has a key twice.
    void read(JsonReader& reader) {
        tokens_ = {};
        reader.object([&](std::string_view name) {
            std::size_t key = 0;
            while (key < count && names_[key] != name) ++key;
            if (key == count) {
                static_cast<void>(reader.value());
                return;
            }
            if (tokens_[key].present()) throw DecodeError(name, "this key once", "it twice");
            tokens_[key] = reader.value();
        });
    }

    // The same for a text that is one object, and nothing behind it.
    void read(std::string_view text) {
        JsonReader reader(text);
        read(reader);
        reader.finish();
    }

    [[nodiscard]] const JsonToken& operator[](Key key) const noexcept {
        return tokens_[static_cast<std::size_t>(key)];
    }
    [[nodiscard]] bool has(Key key) const noexcept { return (*this)[key].present(); }
    [[nodiscard]] std::string_view name(Key key) const noexcept {
        return names_[static_cast<std::size_t>(key)];
    }

    // ---- What a member has to be; each throws DecodeError where it is something else --------

    [[nodiscard]] std::int64_t integer(Key key) const {
        return to_int64((*this)[key], name(key));
    }
    [[nodiscard]] std::string_view string(Key key) const {
        return to_string_view((*this)[key], name(key));
    }
    [[nodiscard]] std::string_view object(Key key) const {
        return of_type(key, JsonToken::Type::object, "an object");
    }
    [[nodiscard]] std::string_view array(Key key) const {
        return of_type(key, JsonToken::Type::array, "an array");
    }
    // A number, or a string that holds one.
    [[nodiscard]] std::string_view number(Key key) const {
        const JsonToken& token = (*this)[key];
        if (token.is(JsonToken::Type::number) || token.is(JsonToken::Type::string)) {
            return token.text;
        }
        throw_without(key, "a number");
    }

private:
    [[nodiscard]] std::string_view of_type(Key key, JsonToken::Type type,
                                           std::string_view expected) const {
        if (!(*this)[key].is(type)) throw_without(key, expected);
        return (*this)[key].text;
    }

    [[noreturn]] void throw_without(Key key, std::string_view expected) const {
        const JsonToken& token = (*this)[key];
        if (!token.present()) throw DecodeError(name(key), "this key", "a message without it");
        throw DecodeError(name(key), expected, token.text);
    }

    Names names_;
    std::array<JsonToken, count> tokens_;
};

}  // namespace obcore
