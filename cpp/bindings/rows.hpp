#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "bind.hpp"
#include "obcore/sampler.hpp"

namespace obcore::bindings {

// Hands a vector over to NumPy without a copy.
template <typename T>
[[nodiscard]] py::array_t<T> to_array(std::vector<T> values, std::vector<py::ssize_t> shape) {
    auto* owned = new std::vector<T>(std::move(values));  // NOLINT: the capsule deletes it
    const py::capsule owner(owned,
                            [](void* data) { delete static_cast<std::vector<T>*>(data); });
    return py::array_t<T>(std::move(shape), owned->data(), owner);
}

[[nodiscard]] inline py::tuple to_arrays(Rows rows, std::size_t columns) {
    const auto n = static_cast<py::ssize_t>(rows.size());
    const auto k = static_cast<py::ssize_t>(columns);
    return py::make_tuple(
        to_array(std::move(rows.ts_event_ns), {n}), to_array(std::move(rows.ts_recv_ns), {n}),
        to_array(std::move(rows.sequence), {n}), to_array(std::move(rows.values), {n, k}));
}

}  // namespace obcore::bindings
