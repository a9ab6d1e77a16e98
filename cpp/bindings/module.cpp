#include "bind.hpp"

PYBIND11_MODULE(_core, m) {
    using namespace obcore::bindings;  // NOLINT(google-build-using-namespace)

    // The stub has the types; pybind11's own signatures only hide the text.
    pybind11::options options;
    options.disable_function_signatures();

    m.doc() = "The compiled core of obcore; use it through the package's public names.";
    bind_errors(m);
    bind_units(m);
    bind_book(m);
    bind_features(m);
    bind_engine(m);
    bind_sync(m);
    bind_replay(m);
    bind_store(m);
    bind_live_book(m);
    bind_book_set(m);
    bind_feed(m);
}
