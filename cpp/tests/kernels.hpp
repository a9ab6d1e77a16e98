#pragma once

#include <vector>

#include "obcore/instruction_set.hpp"

// Those that this machine can run: on x86 the portable one too, which is never its choice.
inline std::vector<obcore::InstructionSet> supported_instruction_sets() {
    std::vector<obcore::InstructionSet> out;
    for (const auto set : {obcore::InstructionSet::portable, obcore::InstructionSet::sse41}) {
        if (is_supported(set)) out.push_back(set);
    }
    return out;
}
