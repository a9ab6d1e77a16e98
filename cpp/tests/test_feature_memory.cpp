// What an engine remembers: forgotten at a reset, saved and restored bit for bit, and moved
// onto a finer grid.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/feature_engine.hpp"
#include "streams.hpp"

namespace {

using namespace obcore;

// Every kind of feature, with both kinds of windows.
constexpr const char* many =
    "collector, stateful, mean(spread, window=300ms), std(ofi_2(window=3), window=1s), "
    "ofi_1(window=200ms), integrated_ofi(window=500ms), bid_arrival_rate(window=1s), "
    "realised_volatility(window=2s), return(horizon=1s)";
constexpr const char* few = "obi_1, mean(obi_1, window=3), ofi_1(window=50ms), signed_flow, oi";

FeatureOptions options_with(const char* features, bool source = false) {
    FeatureOptions options;
    options.features = features;
    options.source = source;
    return options;
}

void run(FeatureEngine& engine, std::uint64_t seed, int events) {
    Stream stream(seed);
    for (int i = 0; i < events; ++i) stream.show_next(engine);
}

// From here on, the two give the same bits.
void check_same(FeatureEngine& a, FeatureEngine& b, Stream& stream, int events) {
    CHECK(a.states() == b.states() && a.waiting_trades() == b.waiting_trades());
    for (int i = 0; i < events; ++i) {
        if (!stream.show_next(a, b)) continue;
        CHECK(are_same(values_of(a, stream.book), values_of(b, stream.book)));
        CHECK(a.missing().size() == b.missing().size());
    }
}

// ---- Reset --------------------------------------------------------------------------------

void a_reset_makes_an_engine_a_new_one() {
    for (const bool source : {false, true}) {
        FeatureEngine used(options_with(many, source));
        for (int seed = 0; seed < 8; ++seed) {
            run(used, static_cast<std::uint64_t>(seed), 100 * seed);
            used.reset();
            CHECK(used.states() == 0 && used.waiting_trades() == 0);
            FeatureEngine fresh(options_with(many, source));
            Stream stream(99);
            check_same(used, fresh, stream, 300);
        }
    }
}

// ---- Saved and restored -------------------------------------------------------------------

void a_restored_engine_goes_on_to_the_same_bits() {
    for (const bool source : {false, true}) {
        Dice dice(1);
        int while_trades_wait = 0;
        for (std::uint64_t seed = 0; seed < 12; ++seed) {
            FeatureEngine original(options_with(many, source));
            Stream stream(seed);
            for (std::int64_t n = dice.below(seed < 4 ? 30 : 900); n > 0; --n) {
                stream.show_next(original);
            }
            while (seed % 2 == 1 && original.waiting_trades() == 0) stream.show_next(original);
            while_trades_wait += original.waiting_trades() > 0 ? 1 : 0;
            const std::string saved = original.save(stream.book.grid);

            FeatureEngine restored(options_with(many, source));
            run(restored, seed + 50, seed % 3 == 0 ? 0 : 400);
            restored.restore(saved, stream.book.grid);
            if (original.states() > 0) {
                CHECK(are_same(values_of(original, stream.book),
                               values_of(restored, stream.book)));
            }
            check_same(original, restored, stream, 300);
        }
        CHECK(while_trades_wait >= 6);
    }
}

// Until a state is shown, the one that throws is compared with one that was left alone.
void damaged_bytes_leave_the_engine_as_it_was() {
    FeatureEngine engine(options_with(few));
    FeatureEngine twin(options_with(few));
    Stream stream(2);
    for (int i = 0; i < 300; ++i) stream.show_next(engine, twin);
    const Grid grid = stream.book.grid;
    FeatureEngine other(options_with(few));
    run(other, 3, 200);
    const std::string saved = other.save(grid);

    for (std::size_t size = 0; size < saved.size(); ++size) {
        CHECK_THROWS(engine.restore(std::string_view(saved).substr(0, size), grid), DecodeError,
                     "saved state: expected the bytes that save() gave, received ");
    }
    CHECK_THROWS(engine.restore(saved + '\0', grid), DecodeError, "saved state");
    Dice dice(4);
    for (std::size_t at = 0; at < saved.size(); ++at) {
        std::string wrong = saved;
        wrong[at] = static_cast<char>(wrong[at] ^ static_cast<char>(1U << dice.below(8)));
        CHECK_THROWS(engine.restore(wrong, grid), DecodeError, "received damaged ones");
    }
    check_same(engine, twin, stream, 300);
    engine.restore(saved, grid);
    check_same(engine, other, stream, 300);
}

void bytes_of_another_engine_are_refused() {
    const Grid grid{Step::from_text("0.1"), Step::from_text("0.001")};
    const FeatureEngine engine(options_with("oi, spread, ofi_1(window=5)"));
    const std::string saved = engine.save(grid);
    const auto refuses = [&](const FeatureOptions& options, const Grid& other_grid) {
        FeatureEngine other(options);
        CHECK_THROWS(other.restore(saved, other_grid), Error,
                     "saved state: expected obcore features");
    };
    FeatureOptions options = options_with("oi, spread, ofi_1(window=5)");
    FeatureEngine(options).restore(saved, grid);
    refuses(options, {Step::from_text("0.1"), Step::from_text("0.01")});
    refuses(options, {Step::from_text("0.5"), Step::from_text("0.001")});
    options.source = true;
    refuses(options, grid);
    options.source = false;
    options.depth = 5;
    refuses(options, grid);
    options.depth = 10;
    options.ofi_weights = {1.0};
    refuses(options, grid);
    refuses(options_with("oi, spread, ofi_1(window=6)"), grid);
    refuses(options_with("spread, oi, ofi_1(window=5)"), grid);
    refuses(options_with("oi, spread"), grid);
}

// ---- A finer grid -------------------------------------------------------------------------

// The same stream as a finer grid tells it.
struct Finer {
    Rescale factors;
    Book book;
    TimedTrade trade;

    void follow(const Stream& stream) {
        book = stream.book;
        book.rescale(factors);
        book.grid.tick = finer(book.grid.tick, factors.price);
        book.grid.lot = finer(book.grid.lot, factors.size);
        trade = stream.trade;
        rescale(trade.trade, factors);
    }

private:
    static Step finer(Step step, std::int64_t factor) {
        for (; factor > 1; factor /= 10) ++step.decimals;
        step.text_decimals = step.decimals;
        return step;
    }
};

void a_finer_grid_changes_no_value() {
    int while_trades_wait = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        FeatureEngine coarse(options_with(many));
        FeatureEngine engine(options_with(many));
        Stream stream(seed);
        for (std::uint64_t i = 0; i < 100 * seed; ++i) stream.show_next(coarse, engine);
        while (seed % 2 == 1 && engine.waiting_trades() == 0) stream.show_next(coarse, engine);
        while_trades_wait += engine.waiting_trades() > 0 ? 1 : 0;

        Finer finer;
        finer.factors = {.price = seed % 2 == 0 ? 1 : 100, .size = seed % 3 == 0 ? 1 : 10'000};
        engine.rescale(finer.factors, finer.book);
        for (int i = 0; i < 300; ++i) {
            const bool is_state = stream.show_next(coarse);
            finer.follow(stream);
            if (!is_state) {
                engine.on_trade(finer.trade);
                continue;
            }
            engine.on_state(finer.book);
            const std::vector<double> wanted = values_of(coarse, stream.book);
            const std::vector<double> values = values_of(engine, finer.book);
            for (std::size_t k = 0; k < values.size(); ++k) {
                CHECK(is_near(values[k], wanted[k]));
            }
        }
    }
    CHECK(while_trades_wait >= 5);
}

void a_grid_too_fine_for_what_is_remembered_changes_nothing() {
    FeatureEngine engine(options_with(many));
    FeatureEngine twin(options_with(many));
    Stream stream(5);
    for (int i = 0; i < 300; ++i) stream.show_next(engine, twin);
    // So many that the trades seen fit, and the last one that waits does not.
    TimedTrade large = stream.trade;
    large.trade.size = std::int64_t{1} << 50;
    large.times = {std::int64_t{1} << 62, std::int64_t{1} << 62};
    engine.on_trade(large);
    twin.on_trade(large);
    CHECK_THROWS(engine.rescale({.price = 10, .size = 100'000}, stream.book), PrecisionError,
                 "fit int64 on the finer grid");
    check_same(engine, twin, stream, 300);
}

// What is no longer remembered cannot stand in the way of a grid.
void a_price_from_before_a_reset_fits_any_grid() {
    FeatureEngine engine(options_with("ofi_1, bid_arrival_rate, realised_volatility"));
    Book book;
    book.ts_event_ns = 1;
    book.replace(std::vector<Level>{{max_price_ticks, 1}},
                 std::vector<Level>{{max_price_ticks, 1}});
    engine.on_state(book);
    engine.reset();
    engine.rescale({.price = 100, .size = 1}, Book());
    CHECK(engine.states() == 0);
}

}  // namespace

int main() {
    return run_tests({
        a_reset_makes_an_engine_a_new_one,
        a_restored_engine_goes_on_to_the_same_bits,
        damaged_bytes_leave_the_engine_as_it_was,
        bytes_of_another_engine_are_refused,
        a_finer_grid_changes_no_value,
        a_grid_too_fine_for_what_is_remembered_changes_nothing,
        a_price_from_before_a_reset_fits_any_grid,
    });
}
