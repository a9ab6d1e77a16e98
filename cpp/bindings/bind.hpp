#pragma once

#include <pybind11/native_enum.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "obcore/decimal.hpp"
#include "obcore/units.hpp"

namespace obcore::bindings {

namespace py = pybind11;
using namespace pybind11::literals;  // NOLINT(google-build-using-namespace): "name"_a

// The one module where classes are registered in the order in which they need each other.
void bind_errors(py::module_& m);
void bind_units(py::module_& m);
void bind_book(py::module_& m);
void bind_live_book(py::module_& m);
void bind_book_set(py::module_& m);
void bind_features(py::module_& m);
void bind_feed(py::module_& m);
void bind_engine(py::module_& m);
void bind_sync(py::module_& m);
void bind_replay(py::module_& m);
void bind_store(py::module_& m);

// 128-bit totals as Python integers, which have no width.
[[nodiscard]] inline py::int_ to_python(Int128 value) {
    const py::int_ high(static_cast<std::int64_t>(value >> 64));
    const py::int_ low(static_cast<std::uint64_t>(value));
    return py::int_((high << py::int_(64)) | low);
}

// Foreign bytes may be no UTF-8; what cannot be read is shown as such.
[[nodiscard]] inline py::str readable(std::string_view text) {
    PyObject* decoded =
        PyUnicode_DecodeUTF8(text.data(), static_cast<py::ssize_t>(text.size()), "replace");
    if (decoded == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::str>(decoded);
}

// None for what the source does not have.
[[nodiscard]] inline py::object or_none(std::int64_t value) {
    return value == absent ? py::object(py::none()) : py::object(py::int_(value));
}

// The grid of an Instrument, or of whatever else has one.
[[nodiscard]] inline Grid grid_of(const py::object& instrument) {
    return py::isinstance<Grid>(instrument) ? instrument.cast<Grid>()
                                            : instrument.attr("grid").cast<Grid>();
}

// Names with commas between them, from such a text or from a list of names.
[[nodiscard]] inline std::string comma_separated(const py::object& names) {
    if (py::isinstance<py::str>(names)) return names.cast<std::string>();
    return py::str(", ").attr("join")(names).cast<std::string>();
}

// An array over foreign bytes may begin anywhere, where C++ must not read or write a T.
template <typename T>
void require_aligned(const T* data, const char* name) {
    if (reinterpret_cast<std::uintptr_t>(data) % alignof(T) == 0) return;
    throw py::type_error(std::string(name) + ": expected an aligned array");
}

// The caller's matrix where it fits, else a new one.
[[nodiscard]] inline py::array_t<double, py::array::c_style> matrix_for(
    std::size_t rows, std::size_t columns,
    std::optional<py::array_t<double, py::array::c_style>> out) {
    using Matrix = py::array_t<double, py::array::c_style>;
    const auto height = static_cast<py::ssize_t>(rows);
    const auto width = static_cast<py::ssize_t>(columns);
    if (!out) return Matrix({height, width});
    if (out->ndim() != 2 || out->shape(0) != height || out->shape(1) != width) {
        throw py::value_error("out: expected shape (" + std::to_string(rows) + ", " +
                              std::to_string(columns) + "), received " +
                              py::repr(out->attr("shape")).cast<std::string>());
    }
    require_aligned(out->data(), "out");
    return *std::move(out);
}

}  // namespace obcore::bindings
