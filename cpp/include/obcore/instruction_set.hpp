#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "obcore/error.hpp"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define OBCORE_HAS_SSE41 1  // the compiler can make code for it; the machine is asked below
#else
#define OBCORE_HAS_SSE41 0
#endif

namespace obcore {

// Which kernels run: the answers are the same, only the time differs.
enum class InstructionSet : std::uint8_t { portable, sse41 };

[[nodiscard]] constexpr const char* to_string(InstructionSet set) noexcept {
    return set == InstructionSet::sse41 ? "sse4.1" : "portable";
}

[[nodiscard]] inline bool is_supported(InstructionSet set) noexcept {
#if OBCORE_HAS_SSE41
    if (set == InstructionSet::sse41) return __builtin_cpu_supports("sse4.1") != 0;
#endif
    return set == InstructionSet::portable;
}

// The best one that this machine has, or the one of this name where one is named.
// Throws Error where there is no such, or not on this machine.
[[nodiscard]] inline InstructionSet choose_instruction_set(const char* name) {
    if (name == nullptr || *name == '\0') {
        return is_supported(InstructionSet::sse41) ? InstructionSet::sse41
                                                   : InstructionSet::portable;
    }
    for (const InstructionSet set : {InstructionSet::portable, InstructionSet::sse41}) {
        if (std::string_view(name) == to_string(set) && is_supported(set)) return set;
    }
    throw Error(
        "OBCORE_INSTRUCTION_SET: expected portable, or sse4.1 where the machine has it, "
        "received '" +
        std::string(name) + "'");
}

// The one of this process, chosen at the first call.
[[nodiscard]] inline InstructionSet instruction_set() {
    static const InstructionSet chosen =
        choose_instruction_set(std::getenv("OBCORE_INSTRUCTION_SET"));  // NOLINT: never set
    return chosen;
}

}  // namespace obcore
