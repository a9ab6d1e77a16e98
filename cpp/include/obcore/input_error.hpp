#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "obcore/error.hpp"

namespace obcore {

// An error in the input, with the place where it stands.
class InputError : public DecodeError {
public:
    enum class Cause : std::uint8_t { malformed, off_grid, ambiguous };

    InputError(Cause why, std::string where, std::int64_t at, const std::string& what)
        : DecodeError(where + (at > 0 ? " line " + std::to_string(at) : "") + ": " + what),
          cause(why),
          source(std::move(where)),
          line(at),
          reason(what) {}

    Cause cause;

    std::string source;
    std::int64_t line;
    std::string reason;  // the text without its place
};

// Does the work and puts the place on whatever goes wrong, once. `input` has source() and
// line().
template <typename Input, typename Work>
void with_place(const Input& input, Work&& work) {
    using enum InputError::Cause;
    try {
        work();
    } catch (const InputError&) {
        throw;
    } catch (const AmbiguousFormat& error) {
        throw InputError(ambiguous, input.source(), input.line(), error.what());
    } catch (const PrecisionError& error) {
        throw InputError(off_grid, input.source(), input.line(), error.what());
    } catch (const DecodeError& error) {
        throw InputError(malformed, input.source(), input.line(), error.what());
    }
}

}  // namespace obcore
