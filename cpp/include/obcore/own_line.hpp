#pragma once

#include <cstdint>
#include <string_view>

#include "obcore/capture.hpp"
#include "obcore/event.hpp"
#include "obcore/json_fields.hpp"

// Lines that obcore itself writes into a recording, among those of the venue:
// {"obcore":"interrupted","reason":"the queue was full"}.
namespace obcore::own_line {

// Asked for every message: no venue's begins with the same two letters.
[[nodiscard]] inline bool recognises(std::string_view json) noexcept {
    constexpr std::string_view start = R"({"obcore")";
    return json.size() > start.size() && json[2] == 'o' && json[3] == 'b' &&
           json.starts_with(start);
}

// Messages are missing behind it, for the reason that it gives. Other words are for later
// versions, and skipped.
inline void decode(std::string_view json, Event& event) {
    enum class Key : std::uint8_t { obcore, reason, key_count };
    event.reset();
    JsonFields<Key> fields({"obcore", "reason"});
    fields.read(json);
    const std::string_view word = fields.string(Key::obcore);
    event.name = word;
    if (word != "interrupted") return;
    event.kind = Kind::lost;
    if (fields.has(Key::reason)) {
        capture::detail::unescape(fields.string(Key::reason), event.name);
    }
}

}  // namespace obcore::own_line
