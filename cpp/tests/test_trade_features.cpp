// What the trades before a state say of it, by hand and by what the columns are to each other.

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "check.hpp"
#include "obcore/feature_engine.hpp"
#include "streams.hpp"

namespace {

using namespace obcore;

constexpr Nanos millisecond = 1'000'000;

FeatureOptions options_with(const char* features, bool source = false) {
    FeatureOptions options;
    options.features = features;
    options.source = source;
    return options;
}

// An engine that is shown trades and states at whole milliseconds of both clocks.
struct Recorder {
    FeatureEngine engine;
    Book book;

    explicit Recorder(const char* features, bool source = false)
        : engine(options_with(features, source)) {
        book.grid = {Step::from_text("0.5"), Step::from_text("0.1")};
        book.replace(std::vector<Level>{{200, 30}}, std::vector<Level>{{204, 10}});
    }

    void trade(Nanos ms, Side taker, Lots size, Ticks price = 202) {
        TimedTrade out;
        out.trade.price = price;
        out.trade.size = size;
        out.trade.taker = taker;
        out.times = {ms * millisecond, ms * millisecond};
        engine.on_trade(out);
    }
    std::vector<double> state(Nanos ms) {
        book.ts_event_ns = book.ts_recv_ns = ms * millisecond;
        engine.on_state(book);
        return values_of(engine, book);
    }
};

void a_trade_at_the_time_of_a_state_is_seen_at_the_next() {
    Recorder recorder("last_trade_price, last_trade_side, last_trade_age, signed_flow");
    CHECK(std::isnan(recorder.state(1)[0]) && std::isnan(recorder.state(1)[3]));
    recorder.trade(2, Side::ask, 5, 201);
    CHECK(std::isnan(recorder.state(2)[0]) && recorder.engine.waiting_trades() == 1);
    CHECK(are_same(recorder.state(5), {100.5, -1.0, 3.0, -0.5}));
    CHECK(are_same(recorder.state(9), {100.5, -1.0, 7.0, -0.5}));
}

void rates_and_sizes_are_weighted_means_from_the_second_trade_on() {
    Recorder recorder(
        "interval_buy, quantity_buy, rate_buy, volume_buy, interval_sell, quantity_sell, "
        "rate_sell, volume_sell, oi, qi, vi, adjusted_mid_9, adjusted_mid_10");
    recorder.trade(0, Side::bid, 10);
    recorder.trade(1, Side::ask, 40);
    for (const double value : recorder.state(2)) CHECK(std::isnan(value));

    recorder.trade(4, Side::bid, 20);
    const std::vector<double> buys = recorder.state(5);
    const double quantity = (0.9 * 1.0 + 2.0) / 1.9;
    CHECK(is_near(buys[0], 4.0) && is_near(buys[1], quantity) && is_near(buys[2], 250.0));
    CHECK(is_near(buys[3], 250.0 * quantity) && std::isnan(buys[4]) && std::isnan(buys[8]));

    recorder.trade(10, Side::bid, 30);
    recorder.trade(9, Side::ask, 40);  // later than the last of its side
    const std::vector<double> all = recorder.state(20);
    const double interval = (0.9 * 4.0 + 6.0) / 1.9;
    CHECK(is_near(all[0], interval) && is_near(all[1], (0.81 + 0.9 * 2 + 3) / 2.71));
    CHECK(is_near(all[4], 8.0) && is_near(all[5], 4.0) && is_near(all[6], 125.0));
    CHECK(is_near(all[7], 500.0) && is_near(all[8], (8.0 - interval) / (8.0 + interval)));
    CHECK(is_near(all[11], 101.0 + 2 * 2.0 * all[8]));
}

// ---- What the columns are to each other ---------------------------------------------------

constexpr const char* columns =
    "interval_buy, interval_sell, quantity_buy, quantity_sell, rate_buy, rate_sell, "
    "volume_buy, "
    "volume_sell, oi, qi, vi, adjusted_mid_9, adjusted_mid_10, adjusted_mid_11, mid_price, "
    "spread, imbalance_level_1, imbalance_level_2, imbalance_level_3";

double balance(double buy, double sell) {
    return (buy - sell) / (buy + sell);
}

void the_columns_are_what_their_formulas_say_of_each_other() {
    FeatureEngine engine(options_with(columns));
    Stream stream(1);
    int defined = 0;
    for (int i = 0; i < 3'000; ++i) {
        if (!stream.show_next(engine)) continue;
        const std::vector<double> v = values_of(engine, stream.book);
        for (const std::size_t side : {0U, 1U}) {
            CHECK(is_near(v[4 + side], 1'000.0 / v[side]));
            CHECK(is_near(v[6 + side], v[4 + side] * v[2 + side]));
        }
        CHECK(is_near(v[8], balance(v[4], v[5])) && is_near(v[9], balance(v[2], v[3])));
        CHECK(is_near(v[10], balance(v[6], v[7])));
        CHECK(is_near(v[11], v[14] + 2.0 * v[15] * v[8]));
        CHECK(is_near(v[12], v[14] + 1.4 * v[15] * v[10]));
        if (std::isnan(v[13])) continue;
        ++defined;
        const double y = 0.7 * v[16] + 0.2 * v[17] + 0.1 * v[18];
        const double share = (v[13] - v[14]) / v[15] - 1.5 * v[10] - 0.7 * y * y * y;
        CHECK(std::abs(share / 150.0) < 1e-3);  // a logarithm of prices a few ticks apart
    }
    CHECK(defined > 1'500);
}

void adjusted_mid_11_leans_on_the_last_of_forty_prices() {
    Recorder recorder("adjusted_mid_11, vi, imbalance_level_1, oi");
    for (Nanos i = 0; i < 40; ++i) {
        CHECK(std::isnan(recorder.state(3 * i)[0]));
        recorder.trade(3 * i + i % 3, i % 2 == 0 ? Side::bid : Side::ask, 1 + i, 200 + i % 5);
    }
    const std::vector<double> v = recorder.state(200);
    const double y = 0.7 * v[2];
    const double r = std::log(204.0 / 202.0);
    CHECK(is_near(v[0], 101.0 + 2.0 * (1.5 * v[1] + 0.7 * y * y * y + 150.0 * r)));

    recorder.book.replace(std::vector<Level>{{200, 30}}, std::vector<Level>{});
    const std::vector<double> one_sided = recorder.state(201);
    CHECK(std::isnan(one_sided[0]) && is_same(one_sided[3], v[3]));
}

void only_an_age_needs_a_clock_of_the_state() {
    Recorder recorder("last_trade_age, last_trade_price");
    recorder.trade(1, Side::bid, 1);
    recorder.state(3);
    recorder.book.ts_event_ns = recorder.book.ts_recv_ns = absent;
    recorder.engine.on_state(recorder.book);
    const std::vector<double> values = values_of(recorder.engine, recorder.book);
    CHECK(std::isnan(values[0]) && values[1] == 101.0);
}

void a_trade_without_any_time_is_an_error() {
    Recorder recorder("oi");
    CHECK_THROWS(recorder.engine.on_trade({}), DecodeError,
                 "trade: expected a venue time or a receive time, received neither");
}

// ---- Mode "source" ------------------------------------------------------------------------

void mode_source_swaps_the_sides_and_sees_trades_at_the_state_itself() {
    Recorder plain(columns);
    Recorder source(columns, true);
    for (Nanos ms = 0; ms < 300; ++ms) {
        for (Recorder* each : {&plain, &source}) {
            const Side taker = ms * 7 % 5 < 3 ? Side::bid : Side::ask;
            each->trade(2 * ms, taker, 1 + ms % 13, 200 + ms * 3 % 7);
        }
        // A trade is in the article's state of its own time, and in ours right behind it.
        const std::vector<double> b = source.state(2 * ms);
        const std::vector<double> a = plain.state(2 * ms + 1);
        for (std::size_t k = 0; k < 8; ++k) CHECK(is_same(a[k], b[k ^ 1U]));
        for (std::size_t k = 8; k < 11; ++k) CHECK(is_near(a[k], -b[k]));
        CHECK(is_same(a[11], b[11]) && is_same(a[12], b[12]));
    }
}

void mode_source_builds_adjusted_mid_11_from_the_trades_strictly_before() {
    Recorder plain("adjusted_mid_11");
    Recorder source("adjusted_mid_11", true);
    for (Nanos ms = 0; ms < 300; ++ms) {
        for (Recorder* each : {&plain, &source}) {
            const Side taker = ms * 7 % 5 < 3 ? Side::bid : Side::ask;
            each->trade(ms, taker, 1 + ms % 13, 200 + ms * 3 % 7);
        }
        CHECK(is_same(plain.state(ms)[0], source.state(ms)[0]));
    }
    CHECK(!std::isnan(plain.state(300)[0]));
}

}  // namespace

int main() {
    return run_tests({
        a_trade_at_the_time_of_a_state_is_seen_at_the_next,
        rates_and_sizes_are_weighted_means_from_the_second_trade_on,
        the_columns_are_what_their_formulas_say_of_each_other,
        adjusted_mid_11_leans_on_the_last_of_forty_prices,
        only_an_age_needs_a_clock_of_the_state,
        a_trade_without_any_time_is_an_error,
        mode_source_swaps_the_sides_and_sees_trades_at_the_state_itself,
        mode_source_builds_adjusted_mid_11_from_the_trades_strictly_before,
    });
}
