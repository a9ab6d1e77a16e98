#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "obcore/units.hpp"

namespace obcore::bench {

namespace py = pybind11;

template <typename Value>
using Array = py::array_t<Value, py::array::c_style>;

template <typename Value>
[[nodiscard]] std::span<const Value> view(const Array<Value>& values) {
    return {values.data(), static_cast<std::size_t>(values.size())};
}

// The array owns what the vector held; nothing is copied.
template <typename Value>
[[nodiscard]] Array<Value> to_array(std::vector<Value>&& values) {
    auto owned = std::make_unique<std::vector<Value>>(std::move(values));
    const std::vector<Value>& kept = *owned;
    const py::capsule owner(owned.release(), [](void* vector) {
        std::unique_ptr<std::vector<Value>>(static_cast<std::vector<Value>*>(vector)).reset();
    });
    return Array<Value>(static_cast<py::ssize_t>(kept.size()), kept.data(), owner);
}

// Levels as rows of (ticks, lots): the dtype of a level is registered by the core alone.
[[nodiscard]] inline Array<std::int64_t> to_rows(std::span<const Level> levels) {
    Array<std::int64_t> out({static_cast<py::ssize_t>(levels.size()), py::ssize_t{2}});
    std::int64_t* next = out.mutable_data();
    for (const Level& level : levels) {
        *next++ = level.price;
        *next++ = level.size;
    }
    return out;
}

}  // namespace obcore::bench
