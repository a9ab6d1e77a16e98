#include <exception>
#include <string>

#include "bind.hpp"
#include "obcore/error.hpp"
#include "obcore/replay.hpp"

namespace obcore::bindings {

namespace {

// The classes live as long as the module; the interpreter owns them.
struct Classes {
    PyObject* base;
    PyObject* decode;
    PyObject* precision;
    PyObject* ambiguous;
    PyObject* gap;
};

Classes& classes() {
    static Classes made{};
    return made;
}

PyObject* make(py::module_& m, const char* name, const char* doc, const py::tuple& bases) {
    const std::string qualified = std::string("obcore.errors.") + name;  // where users find it
    PyObject* made = PyErr_NewExceptionWithDoc(qualified.c_str(), doc, bases.ptr(), nullptr);
    if (made == nullptr) throw py::error_already_set();
    m.add_object(name, py::reinterpret_borrow<py::object>(made));
    return made;
}

py::object instance(PyObject* type, const std::string& what) {
    return py::reinterpret_borrow<py::object>(type)(readable(what));
}

void raise_decode(PyObject* type, const std::string& what, const py::object& source,
                  const py::object& line, const std::string& reason) {
    py::object error = instance(type, what);
    error.attr("source") = source;
    error.attr("line") = line;
    error.attr("reason") = readable(reason);
    PyErr_SetObject(type, error.ptr());
}

void translate(std::exception_ptr thrown) {
    if (!thrown) return;
    try {
        std::rethrow_exception(thrown);
    } catch (const InputError& error) {
        PyObject* type = error.cause == InputError::Cause::malformed  ? classes().decode
                         : error.cause == InputError::Cause::off_grid ? classes().precision
                                                                      : classes().ambiguous;
        raise_decode(type, error.what(), readable(error.source),
                     error.line > 0 ? py::object(py::int_(error.line)) : py::none(),
                     error.reason);
    } catch (const PrecisionError& error) {
        raise_decode(classes().precision, error.what(), py::none(), py::none(), error.what());
    } catch (const AmbiguousFormat& error) {
        raise_decode(classes().ambiguous, error.what(), py::none(), py::none(), error.what());
    } catch (const DecodeError& error) {
        raise_decode(classes().decode, error.what(), py::none(), py::none(), error.what());
    } catch (const GapError& error) {
        py::object raised = instance(classes().gap, error.what());
        raised.attr("expected") = or_none(error.expected);
        raised.attr("received") = or_none(error.received);
        PyErr_SetObject(classes().gap, raised.ptr());
    } catch (const Error& error) {
        PyErr_SetObject(classes().base, readable(error.what()).ptr());
    }
}

}  // namespace

void bind_errors(py::module_& m) {
    const py::object exception = py::reinterpret_borrow<py::object>(PyExc_Exception);
    const py::object value_error = py::reinterpret_borrow<py::object>(PyExc_ValueError);
    Classes& made = classes();
    made.base = make(m, "ObcoreError", "Every error of obcore.", py::make_tuple(exception));
    const py::object base = py::reinterpret_borrow<py::object>(made.base);
    made.decode = make(m, "DecodeError", "The bytes break the format's documented shape.",
                       py::make_tuple(base, value_error));
    const py::object decode = py::reinterpret_borrow<py::object>(made.decode);
    made.precision = make(m, "PrecisionError", "A number is off its grid; never rounded.",
                          py::make_tuple(decode));
    made.ambiguous =
        make(m, "AmbiguousFormatError", "The format cannot be told from the bytes alone.",
             py::make_tuple(decode));
    made.gap =
        make(m, "GapError", "Update ids are missing in a strict replay.", py::make_tuple(base));
    py::register_exception_translator(translate);
}

}  // namespace obcore::bindings
