// A feature of the user's own: what it is shown, and the names it may have.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "check.hpp"
#include "obcore/feature_engine.hpp"
#include "streams.hpp"

namespace {

using namespace obcore;

// Counts what it is shown; every object of it counts itself.
class Tally final : public StatefulFeature {
public:
    static inline int made = 0;
    static inline std::vector<Nanos> trades;
    static inline std::vector<std::int64_t> states;

    explicit Tally(const Arguments& /*arguments*/) { ++made; }

    [[nodiscard]] double on_state(const Situation& now) override {
        states.push_back(now.number);
        return static_cast<double>(seen_);
    }
    void on_trade(const TimedTrade& trade) override {
        trades.push_back(trade.times.ts_event_ns);
        seen_ += trade.trade.size;
    }
    void reset() override { seen_ = 0; }
    [[nodiscard]] std::string missing(const Situation& /*now*/) const override {
        return seen_ == 0 ? "lots" : "";
    }
    void rescale(const Rescale& factors) override { seen_ *= factors.size; }
    void save(StateWriter& out) const override { out.put(seen_); }
    void load(StateReader& in) override {
        const auto seen = in.get<Lots>();
        if (seen == poison) StateReader::fail("a number that it does not like");
        seen_ = seen;
    }

    static constexpr Lots poison = 666;

private:
    Lots seen_ = 0;
};

// The value of what it reads, as many times as its window is long.
class Echo final : public StatefulFeature {
public:
    explicit Echo(const Arguments& arguments)
        : input_(arguments.input), times_(static_cast<double>(arguments.windows[0].states)) {}

    [[nodiscard]] double on_state(const Situation& now) override {
        return times_ * now.inputs[input_] + 1000 * static_cast<double>(now.view.bids.size(14));
    }
    void reset() override {}
    void save(StateWriter& /*out*/) const override {}
    void load(StateReader& /*in*/) override {}

private:
    std::size_t input_;
    double times_;
};

StatefulRow row(const char* name) {
    StatefulRow out;
    out.name = name;
    out.formula = "lots traded so far";
    out.unit = "lots";
    out.source = "test";
    return out;
}

FeatureOptions options_with(const std::string& features, const Registry& registry) {
    FeatureOptions options;
    options.features = features;
    options.registry = &registry;
    return options;
}

TimedTrade trade_at(Nanos time, Lots size) {
    TimedTrade out;
    out.trade = {100, size};
    out.times = {time, time};
    return out;
}

Book book_at(Nanos time) {
    Book book;
    book.ts_event_ns = book.ts_recv_ns = time;
    return book;
}

void it_is_shown_every_state_once_and_every_trade_when_it_is_seen() {
    Registry registry;
    registry.add<Tally>(row("tally"));
    Tally::made = 0;
    Tally::trades.clear();
    Tally::states.clear();
    FeatureEngine engine(
        options_with("mean(tally, window=2), tally, std(tally, window=2), spread", registry));
    CHECK(engine.names()[1] == "tally" && Tally::made == 1);

    engine.on_trade(trade_at(10, 3));
    engine.on_trade(trade_at(20, 4));
    CHECK(Tally::trades.empty() && engine.missing().size() == 4);
    engine.on_state(book_at(15));
    CHECK(Tally::trades == std::vector<Nanos>{10});
    CHECK(engine.missing().size() == 2 && engine.missing()[0].what == "1 of 2 states");
    engine.on_state(book_at(25));
    CHECK(Tally::trades == std::vector<Nanos>({10, 20}));
    CHECK(Tally::states == std::vector<std::int64_t>({1, 2}));
    const std::vector<double> values = values_of(engine, book_at(25));
    CHECK(values[0] == 5.0 && values[1] == 7.0);

    engine.rescale({.price = 1, .size = 10}, book_at(25));
    engine.on_state(book_at(26));
    CHECK(values_of(engine, book_at(26))[1] == 70.0);
    engine.reset();
    engine.on_state(book_at(27));
    CHECK(values_of(engine, book_at(27))[1] == 0.0 && Tally::states.back() == 1);
}

void it_has_settings_an_input_and_levels() {
    Registry registry;
    StatefulRow echo = row("echo_2");
    echo.settings[0] = {"times", "3"};
    echo.reads_feature = true;
    echo.levels = 15;
    registry.add<Echo>(echo);
    FeatureEngine engine(
        options_with("echo_2(total_bid_volume), echo_2(total_bid_volume, times=5), "
                     "echo_2(echo_2(total_bid_volume, times=3), times=0007)",
                     registry));
    CHECK(engine.names() ==
          std::vector<std::string>({"echo_2(total_bid_volume)",
                                    "echo_2(total_bid_volume, times=5)",
                                    "echo_2(echo_2(total_bid_volume), times=7)"}));
    Book book = book_at(1);
    for (Ticks price = 1; price <= 15; ++price) book.bids.set({price, 2});
    engine.on_state(book);
    CHECK(values_of(engine, book) == std::vector<double>({2'090, 2'150, 16'630}));
    CHECK_THROWS(FeatureEngine(options_with("echo_2", registry)), Error,
                 "one feature that it reads");
    CHECK_THROWS(FeatureEngine(options_with("echo_2(spread, window=1)", registry)), Error,
                 "settings as the catalogue lists them");
    CHECK_THROWS(FeatureEngine(FeatureOptions{"echo_2(spread)", 10, false, {}, nullptr}), Error,
                 "the name of a set or of a feature");
}

// `levels` of 0 would be the number that a name of the catalogue ends in.
void a_row_without_levels_reads_the_first_one() {
    Registry registry;
    StatefulRow none = row("none");
    none.levels = 0;
    registry.add<Tally>(none);
    FeatureEngine engine(options_with("none", registry));
    engine.on_state(book_at(1));
    CHECK(values_of(engine, book_at(1)) == std::vector<double>{0.0});
}

void its_memory_is_saved_and_where_it_refuses_all_stays_as_it_was() {
    Registry registry;
    registry.add<Tally>(row("tally"));
    const FeatureOptions options = options_with("ofi_1, signed_flow, tally", registry);
    FeatureEngine engine(options);
    FeatureEngine other(options);
    engine.on_trade(trade_at(1, 5));
    other.on_trade(trade_at(1, Tally::poison - 1));
    engine.on_state(book_at(2));
    other.on_state(book_at(3));
    const Grid grid;
    const std::string fine = other.save(grid);
    other.on_trade(trade_at(4, 1));
    other.on_state(book_at(5));
    other.on_trade(trade_at(9, 1));
    CHECK_THROWS(engine.restore(other.save(grid), grid), DecodeError, "does not like");

    CHECK(engine.states() == 1 && engine.waiting_trades() == 0);
    engine.on_state(book_at(3));
    const std::vector<double> values = values_of(engine, book_at(3));
    CHECK(values == std::vector<double>({0.0, 5.0, 5.0}));
    engine.restore(fine, grid);
    CHECK(values_of(engine, book_at(3))[2] == 665.0);
}

// Throws when it is told to, from either of its calls.
class Moody final : public StatefulFeature {
public:
    static inline bool throws_at_state = false;
    static inline bool throws_at_trade = false;

    explicit Moody(const Arguments& /*arguments*/) {}

    [[nodiscard]] double on_state(const Situation& /*now*/) override {
        if (throws_at_state) throw Error("a bad mood");
        return 0.0;
    }
    void on_trade(const TimedTrade& /*trade*/) override {
        if (throws_at_trade) throw Error("a bad mood");
    }
    void reset() override {}
    void save(StateWriter& /*out*/) const override {}
    void load(StateReader& /*in*/) override {}
};

void where_it_throws_the_engine_forgets_everything() {
    Registry registry;
    registry.add<Moody>(row("moody"));
    const char* features = "ofi(window=3), moody, mean(best_bid_qty, window=3), quantity_buy";
    for (bool* const mood : {&Moody::throws_at_state, &Moody::throws_at_trade}) {
        FeatureEngine engine(options_with(features, registry));
        for (Nanos time = 10; time < 60; time += 10) {
            engine.on_trade({{.price = 100, .size = time}, {time - 5, absent}});
            engine.on_state(book_at(time));
        }
        engine.on_trade({{.price = 100, .size = 1}, {65, absent}});
        *mood = true;
        CHECK_THROWS(engine.on_state(book_at(70)), Error, "a bad mood");
        *mood = false;
        const FeatureEngine fresh(options_with(features, registry));
        CHECK(engine.save(Grid()) == fresh.save(Grid()));
    }
}

// ---- Names --------------------------------------------------------------------------------

void a_name_is_of_small_letters_digits_and_underscores() {
    Registry registry;
    for (const char* name : {"", "_", "a_", "ofi_", "Tally", "a b", "a-b", "a(b)", "a,b", "a=b",
                             "ä", "a.b", " a", "_a", "5"}) {
        CHECK_THROWS(registry.add<Tally>(row(name)), Error,
                     "feature: expected a name of a-z, 0-9 and _ that begins with a letter");
    }
    for (const char* name : {"a", "a_1", "my_feature", "mean_2", "spread2"}) {
        registry.add<Tally>(row(name));
        CHECK(FeatureEngine(options_with(name, registry)).names()[0] == name);
    }
    CHECK(registry.rows().size() == 5);
}

void a_name_that_is_taken_is_refused() {
    Registry registry;
    registry.add<Tally>(row("mine"));
    for (const char* name :
         {"mine", "spread", "obi_5", "bid_vol_0", "standard", "all", "stateful", "collector",
          "oi", "mean", "ofi", "ofi_3", "ofi_1000", "adjusted_mid_11"}) {
        CHECK_THROWS(
            registry.add<Tally>(row(name)), Error,
            "feature: expected a name that is not taken, received '" + std::string(name) + "'");
    }
    CHECK(registry.rows().size() == 1);
}

}  // namespace

int main() {
    return run_tests({
        it_is_shown_every_state_once_and_every_trade_when_it_is_seen,
        it_has_settings_an_input_and_levels,
        a_row_without_levels_reads_the_first_one,
        its_memory_is_saved_and_where_it_refuses_all_stays_as_it_was,
        where_it_throws_the_engine_forgets_everything,
        a_name_is_of_small_letters_digits_and_underscores,
        a_name_that_is_taken_is_refused,
    });
}
