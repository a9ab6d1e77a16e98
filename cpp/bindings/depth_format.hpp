#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "obcore/format.hpp"

namespace obcore::bindings {

// What the depth of a live book is: Python says it as `kind`.
[[nodiscard]] inline Format depth_format(const std::string& kind) {
    if (kind == "auto") return Format::automatic;
    if (kind == "diff") return Format::diff;
    if (kind == "topn") return Format::topn;
    throw pybind11::value_error("kind: expected auto, diff or topn, received '" + kind + "'");
}

}  // namespace obcore::bindings
