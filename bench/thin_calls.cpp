// What the way into C++ costs, the work being nothing: the same methods by pybind11's
// dispatcher and past it. docs/decisions/0008-thin-calls.md. From the root:
//
//   c++ -O3 -std=c++20 -shared -fPIC -fvisibility=hidden -I cpp/include -I cpp/bindings \
//     $(python -m pybind11 --includes) bench/thin_calls.cpp -o both_ways.so
//   PYTHONPATH=. python bench/thin_calls.py

#include <optional>

#include "thin.hpp"

namespace {

using namespace obcore::bindings;

struct Thing {
    double value = 0.5;
};

struct ThinThing : Thing {};

PyObject* value(PyObject* self) {
    return PyFloat_FromDouble(thin::held<ThinThing>(self).value);
}

constexpr thin::Signature<1> take_signature{"take", {"thing"}};

PyObject* take(PyObject* self, const thin::Values<1>& values) {
    thin::held<ThinThing>(self).value = thin::argument<ThinThing>(values[0], "thing").value;
    Py_RETURN_NONE;
}

constexpr thin::Signature<2> fill_signature{"fill", {"thing", "out"}, 1};

PyObject* fill(PyObject* self, const thin::Values<2>& values) {
    const Thing& thing = thin::argument<ThinThing>(values[0], "thing");
    const thin::Vector out(values[1], 1);
    out.values()[0] = thing.value + thin::held<ThinThing>(self).value;
    return out.release();
}

using Array = py::array_t<double, py::array::c_style>;

}  // namespace

PYBIND11_MODULE(both_ways, m) {
    py::class_<Thing>(m, "Plain")
        .def(py::init<>())
        .def_property_readonly("value", [](const Thing& thing) { return thing.value; })
        .def(
            "take", [](Thing& self, const Thing& thing) { self.value = thing.value; },
            "thing"_a)
        .def(
            "fill",
            [](const Thing& self, const Thing& thing, std::optional<Array> out) {
                if (!out) out = Array(1);
                *out->mutable_data() = thing.value + self.value;
                return *out;
            },
            "thing"_a, "out"_a.noconvert() = py::none());

    auto type = py::class_<ThinThing>(m, "Thin").def(py::init<>());
    thin::type_of<ThinThing> = reinterpret_cast<PyTypeObject*>(type.ptr());
    thin::add_property<&value>(type, "value", "");
    thin::add_method<take_signature, &take>(type, "take($self, thing)\n--\n\n");
    thin::add_method<fill_signature, &fill>(type, "fill($self, thing, out=None)\n--\n\n");
}
