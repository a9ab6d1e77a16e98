#pragma once

#include <pybind11/numpy.h>

#include <cstddef>
#include <optional>
#include <span>

#include "obcore/units.hpp"
#include "obcore/vouched.hpp"

namespace obcore::bindings {

// An array of LEVEL_DTYPE.
using Levels = pybind11::array_t<Level, pybind11::array::c_style>;

[[nodiscard]] inline std::span<const Level> view(const Levels& levels) {
    return {levels.data(), static_cast<std::size_t>(levels.size())};
}

[[nodiscard]] inline Told told(std::optional<Sequence> sequence,
                               std::optional<Nanos> ts_event_ns,
                               std::optional<Nanos> ts_recv_ns) {
    return {sequence.value_or(absent), ts_event_ns.value_or(absent),
            ts_recv_ns.value_or(absent)};
}

}  // namespace obcore::bindings
