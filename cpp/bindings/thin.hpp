#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bind.hpp"

// Calls that a bot makes for every message, bound by the C API of Python: pybind11's dispatcher
// costs as much as the work they do (docs/decisions/0008-thin-calls.md). Errors, types and
// keywords are those of every other call.
namespace obcore::bindings::thin {

// The Python class of T, once it is bound.
template <typename T>
inline PyTypeObject* type_of = nullptr;

// __new__ alone makes an object that holds nothing yet.
inline void require_initialised(PyObject* object) {
    auto* const instance = reinterpret_cast<py::detail::instance*>(object);
    py::detail::values_and_holders bases(instance);
    for (const auto& base : bases) {
        if (base.value_ptr() == nullptr && !bases.is_redundant_value_and_holder(base)) {
            throw py::type_error(base.type->type->tp_name +
                                 std::string(".__init__() has not been called"));
        }
    }
}

// The object that a Python object holds; its type was checked. A subclass that a C++ class has
// as its first base may stand for it.
template <typename T>
[[nodiscard]] T& held(PyObject* object) {
    auto* const instance = reinterpret_cast<py::detail::instance*>(object);
    if (instance->simple_layout) [[likely]] {
        void* const value = instance->simple_value_holder[0];
        if (value != nullptr) [[likely]]
            return *static_cast<T*>(value);
    }
    require_initialised(object);  // pybind11 would make one of memory that nobody has written
    return py::handle(object).cast<T&>();
}

[[nodiscard]] inline std::string name_of_type(PyObject* object) {
    return Py_TYPE(object)->tp_name;
}

template <typename T>
[[nodiscard]] T& argument(PyObject* object, const char* name) {
    if (!PyObject_TypeCheck(object, type_of<T>)) [[unlikely]] {
        throw py::type_error(std::string(name) + ": expected " + type_of<T>->tp_name +
                             ", received " + name_of_type(object));
    }
    return held<T>(object);
}

// None, or left out, where the source does not have it.
[[nodiscard]] inline std::int64_t optional_integer(PyObject* object, const char* name) {
    if (object == nullptr || object == Py_None) return absent;
    if (PyIndex_Check(object) == 0) {
        throw py::type_error(std::string(name) + ": expected an int or None, received " +
                             name_of_type(object));
    }
    const long long value = PyLong_AsLongLong(object);
    if (value == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
    return value;
}

[[nodiscard]] inline std::size_t index(PyObject* object, std::size_t size, const char* name) {
    const Py_ssize_t value = PyNumber_AsSsize_t(object, PyExc_IndexError);
    if (value == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
    if (value < 0 || static_cast<std::size_t>(value) >= size) {
        throw py::index_error(std::string(name) + ": expected 0 to " + std::to_string(size) +
                              " exclusive, received " + std::to_string(value));
    }
    return static_cast<std::size_t>(value);
}

// The bytes of a message: bytes, text, or whatever lends its memory.
class Message {
public:
    explicit Message(PyObject* object) {
        if (PyBytes_Check(object)) [[likely]] {
            text_ = {PyBytes_AS_STRING(object),
                     static_cast<std::size_t>(PyBytes_GET_SIZE(object))};
        } else if (PyUnicode_Check(object)) {
            Py_ssize_t size = 0;
            const char* const text = PyUnicode_AsUTF8AndSize(object, &size);
            if (text == nullptr) throw py::error_already_set();
            text_ = {text, static_cast<std::size_t>(size)};
        } else {
            lent_.emplace(py::reinterpret_borrow<py::buffer>(object).request());
            if (PyBuffer_IsContiguous(lent_->view(), 'C') == 0) {
                throw py::type_error("message: expected contiguous bytes");
            }
            text_ = {static_cast<const char*>(lent_->ptr),
                     static_cast<std::size_t>(lent_->size * lent_->itemsize)};
        }
    }

    [[nodiscard]] std::string_view text() const noexcept { return text_; }

private:
    std::string_view text_;
    std::optional<py::buffer_info> lent_;
};

// The members of a Python enum, which a call would look up at the price of several calls.
template <typename Enum>
class Members {
public:
    static void bind(const py::object& type, Enum last) {
        members_.clear();
        for (int value = 0; value <= static_cast<int>(last); ++value) {
            members_.push_back(type(value).release().ptr());  // for as long as the process runs
        }
    }

    [[nodiscard]] static PyObject* get(Enum value) {
        return Py_NewRef(members_[static_cast<std::size_t>(value)]);
    }

private:
    static inline std::vector<PyObject*> members_;
};

// The memory of a caller's array of so many float64, to be filled.
[[nodiscard]] inline double* writable(PyObject* array, std::size_t size) {
    using py::detail::npy_api;
    static const npy_api& numpy = npy_api::get();
    static PyObject* const float64 = py::dtype::of<double>().release().ptr();
    constexpr int wanted = npy_api::NPY_ARRAY_C_CONTIGUOUS_ | npy_api::NPY_ARRAY_ALIGNED_;
    const bool is_array = numpy.PyArray_Check_(array);
    const auto* const proxy = py::detail::array_proxy(array);
    if (!is_array || (proxy->flags & wanted) != wanted ||
        (proxy->descr != float64 && !numpy.PyArray_EquivTypes_(proxy->descr, float64))) {
        throw py::type_error("out: expected a contiguous array of float64");
    }
    if ((proxy->flags & npy_api::NPY_ARRAY_WRITEABLE_) == 0) {
        throw py::value_error("out: expected a writable array, received one not writeable");
    }
    if (proxy->nd != 1 || static_cast<std::size_t>(proxy->dimensions[0]) != size) {
        throw py::value_error("out: expected shape (" + std::to_string(size) + ",), received " +
                              py::repr(py::handle(array).attr("shape")).cast<std::string>());
    }
    return reinterpret_cast<double*>(proxy->data);
}

// The caller's array, or a new one.
class Vector {
public:
    Vector(PyObject* given, std::size_t size) {
        if (given == nullptr || given == Py_None) {
            array_ = py::array_t<double>(static_cast<py::ssize_t>(size));
            values_ = {writable(array_.ptr(), size), size};
        } else {
            values_ = {writable(given, size), size};
            array_ = py::reinterpret_borrow<py::object>(given);
        }
    }

    [[nodiscard]] std::span<double> values() const noexcept { return values_; }
    [[nodiscard]] PyObject* release() const noexcept { return array_.inc_ref().ptr(); }

private:
    py::object array_;
    std::span<double> values_;
};

// ---- Binding ------------------------------------------------------------------------------

// The arguments of one call by their names' places; null for one that was left out.
template <std::size_t count>
using Values = std::array<PyObject*, count>;

// What a method is called and takes; the last `optional` of its arguments may be left out.
template <std::size_t count>
struct Signature {
    const char* method;
    std::array<const char*, count> names;
    std::size_t optional = 0;

    [[nodiscard]] Values<count> parse(PyObject* const* given, Py_ssize_t positional,
                                      PyObject* keywords) const {
        Values<count> out{};
        const auto first = static_cast<std::size_t>(positional);
        if (first > count) fail("at most " + std::to_string(count) + " arguments");
        std::copy_n(given, first, out.begin());
        if (keywords != nullptr) take_keywords(given + first, keywords, out);
        for (std::size_t i = 0; i < count - optional; ++i) {
            if (out[i] == nullptr) fail(std::string("the argument ") + names[i]);
        }
        return out;
    }

private:
    [[noreturn]] void fail(const std::string& expected) const {
        throw py::type_error(std::string(method) + "(): expected " + expected);
    }

    void take_keywords(PyObject* const* given, PyObject* keywords, Values<count>& out) const {
        for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(keywords); ++k) {
            PyObject* const keyword = PyTuple_GET_ITEM(keywords, k);
            const auto name = std::ranges::find_if(names, [&](const char* candidate) {
                return PyUnicode_CompareWithASCIIString(keyword, candidate) == 0;
            });
            if (name == names.end()) {
                fail("no argument " + py::repr(keyword).cast<std::string>());
            }
            PyObject*& value = out[static_cast<std::size_t>(name - names.begin())];
            if (value != nullptr) fail(std::string(*name) + " once");
            value = given[k];
        }
    }
};

// Runs a call, and turns what it throws into Python's error.
template <typename Call>
[[nodiscard]] PyObject* guarded(Call&& call) noexcept {
    try {
        return call();
    } catch (py::error_already_set& error) {
        error.restore();
    } catch (...) {
        py::detail::try_translate_exceptions();
    }
    return nullptr;
}

// function(self, values) → a new reference.
template <const auto& signature, auto function>
PyObject* call(PyObject* self, PyObject* const* given, Py_ssize_t positional,
               PyObject* keywords) noexcept {
    return guarded(
        [&] { return function(self, signature.parse(given, positional, keywords)); });
}

template <auto function>
PyObject* get(PyObject* self, void* /*closure*/) noexcept {
    return guarded([&] { return function(self); });
}

// `doc` begins with the signature in the form of CPython, "name($self, a, b=None)\n--\n\n".
template <const auto& signature, auto function>
void add_method(const py::object& type, const char* doc) {
    static PyMethodDef definition{
        signature.method,
        reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(&call<signature, function>)),
        METH_FASTCALL | METH_KEYWORDS, doc};
    type.attr(signature.method) = py::reinterpret_steal<py::object>(
        PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(type.ptr()), &definition));
}

template <auto function>
void add_property(const py::object& type, const char* name, const char* doc) {
    static PyGetSetDef definition{name, &get<function>, nullptr, doc, nullptr};
    type.attr(name) = py::reinterpret_steal<py::object>(
        PyDescr_NewGetSet(reinterpret_cast<PyTypeObject*>(type.ptr()), &definition));
}

}  // namespace obcore::bindings::thin
