// Returns of the mid where digits are easily lost, and where there are none. Against their
// definition over whole streams: test_order_flow.

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "check.hpp"
#include "obcore/feature_engine.hpp"
#include "streams.hpp"

namespace {

using namespace obcore;

FeatureEngine engine_of(const std::string& features) {
    FeatureOptions options;
    options.features = features;
    return FeatureEngine(options);
}

void a_mid_of_any_size_has_its_return() {
    Book book;
    FeatureEngine engine = engine_of("return");
    const std::vector<Ticks> mids{1, 1'000'000'000'000'000'000, 999'999'999'999'999'999, 3, 2};
    for (std::size_t i = 0; i < mids.size(); ++i) {
        book.replace(std::vector<Level>{{mids[i], 1}}, std::vector<Level>{{mids[i], 1}});
        engine.on_state(book);
        if (i == 0) continue;
        const auto then = static_cast<long double>(mids[i - 1]);
        const auto change = static_cast<long double>(mids[i] - mids[i - 1]);
        const auto wanted = static_cast<double>(
            change > -then / 2 ? std::log1p(change / then)
                               : std::log(static_cast<long double>(mids[i]) / then));
        const std::vector<double> values = values_of(engine, book);
        CHECK(std::abs(values[0] - wanted) <= 1e-15 * std::abs(wanted));
    }
}

// A crash leaves the window without a trace in the small moves behind it.
void the_volatility_behind_a_leap_keeps_its_digits() {
    Book book;
    FeatureEngine engine = engine_of("realised_volatility(window=2)");
    for (const Ticks mid : {1, 1'000'000, 1'000'001, 1'000'003}) {
        book.replace(std::vector<Level>{{mid, 1}}, std::vector<Level>{{mid, 1}});
        engine.on_state(book);
    }
    const double wanted = std::hypot(std::log1p(1e-6), std::log1p(2.0 / 1'000'001.0));
    CHECK(std::abs(values_of(engine, book)[0] - wanted) <= 1e-12 * wanted);
}

// As the price of a spread may be.
void a_mid_without_a_logarithm_has_no_return() {
    Book book;
    FeatureEngine engine =
        engine_of("return, realised_volatility(window=2), return(horizon=2)");
    const std::vector<Ticks> mids{100, 110, 0, 121, -100, -100, 100, 100, 100};
    const std::vector<std::string> defined{"000", "100", "000", "001", "000",
                                           "000", "000", "100", "111"};
    for (std::size_t i = 0; i < mids.size(); ++i) {
        book.replace(std::vector<Level>{{mids[i], 1}}, std::vector<Level>{{mids[i], 1}});
        engine.on_state(book);
        std::string found;
        for (const double value : values_of(engine, book))
            found += std::isnan(value) ? '0' : '1';
        CHECK(found == defined[i]);
    }
    CHECK(are_same(values_of(engine, book), {0.0, 0.0, 0.0}));
}

}  // namespace

int main() {
    return run_tests({
        a_mid_of_any_size_has_its_return,
        the_volatility_behind_a_leap_keeps_its_digits,
        a_mid_without_a_logarithm_has_no_return,
    });
}
