// When a row is taken: after every nth state, on a time grid, at each trade.

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "check.hpp"
#include "obcore/sampler.hpp"

namespace {

using namespace obcore;
using Instants = std::vector<Nanos>;
using Values = std::vector<double>;

constexpr Nanos grid_ns = 10;

// A sampler of the best bid's size, fed with states that differ in it.
struct Recorder {
    Sampler sampler;
    Book book;

    explicit Recorder(Every every, const char* features = "best_bid_qty")
        : sampler(engine_of(features), every) {}

    static std::shared_ptr<FeatureEngine> engine_of(const char* features) {
        FeatureOptions options;
        options.features = features;
        return std::make_shared<FeatureEngine>(options);
    }

    void state(Lots size, Times at) {
        sampler.before_change(book, at);
        book.bids.set({100, size});
        book.sequence = size;
        book.ts_event_ns = at.ts_event_ns;
        book.ts_recv_ns = at.ts_recv_ns;
        sampler.on_state(book);
    }
    void state_received(Lots size, Nanos receive) { state(size, {1, receive}); }

    void trade(Times at) { sampler.on_trade({{100, 1}, at}, book); }
};

Every every_nth(std::int64_t count) {
    return {.count = count};
}

const Every on_grid{.mode = Every::Mode::time, .interval_ns = grid_ns};
const Every at_trades{.mode = Every::Mode::trade};

void every_nth_state_gives_a_row() {
    Recorder recorder(every_nth(2));
    for (Lots size = 1; size <= 5; ++size) recorder.state(size, {100 + size, 200 + size});

    const Rows rows = recorder.sampler.take();

    CHECK(rows.values == Values{2, 4} && rows.sequence == std::vector<Sequence>{2, 4});
    CHECK(rows.ts_event_ns == Instants{102, 104} && rows.ts_recv_ns == Instants{202, 204});
    CHECK(recorder.sampler.take().size() == 0);
    recorder.state(6, {106, 206});
    CHECK(recorder.sampler.take().values == Values{6});
}

void a_grid_row_shows_the_last_state_at_or_before_its_time() {
    Recorder recorder(on_grid);
    recorder.state_received(1, 93);
    recorder.state_received(2, 97);
    recorder.state_received(3, 110);
    recorder.state_received(4, 110);
    recorder.state_received(5, 111);
    recorder.state_received(6, 140);
    recorder.sampler.finish(recorder.book);

    const Rows rows = recorder.sampler.take();

    CHECK(rows.ts_recv_ns == Instants{100, 110, 120, 130, 140});
    CHECK(rows.values == Values{2, 4, 5, 5, 6});
    CHECK(rows.ts_event_ns == Instants(5, 1));
}

void a_state_on_the_grid_has_its_row_and_a_last_one_behind_it_has_none() {
    Recorder first_on_grid(on_grid);
    first_on_grid.state_received(1, 100);
    first_on_grid.state_received(2, 101);
    first_on_grid.sampler.finish(first_on_grid.book);
    CHECK(first_on_grid.sampler.take().ts_recv_ns == Instants{100});

    Recorder alone(on_grid);
    alone.state_received(1, 100);
    alone.sampler.finish(alone.book);
    CHECK(alone.sampler.take().ts_recv_ns == Instants{100});
}

void a_clock_that_runs_backwards_repeats_no_grid_time() {
    Recorder recorder(on_grid);
    recorder.state_received(1, 95);
    recorder.state_received(2, 105);
    recorder.state_received(3, 98);
    recorder.state_received(4, 111);

    const Rows rows = recorder.sampler.take();

    CHECK(rows.ts_recv_ns == Instants{100, 110} && rows.values == Values{1, 3});
    recorder.sampler.on_break();
    recorder.state_received(5, 90);
    recorder.state_received(6, 131);
    CHECK(recorder.sampler.take().ts_recv_ns == Instants{120, 130});
}

void the_grid_is_empty_from_a_break_to_the_next_state() {
    Recorder recorder(on_grid);
    recorder.state_received(1, 95);
    recorder.state_received(2, 105);
    recorder.sampler.before_change(recorder.book, {1, 121});
    recorder.sampler.on_break();
    recorder.sampler.before_change(recorder.book, {1, 500});
    recorder.state_received(3, 555);
    recorder.state_received(4, 565);

    CHECK(recorder.sampler.take().ts_recv_ns == Instants{100, 110, 120, 560});
}

// A receive time of another century must not fill the memory with rows.
void a_jump_over_a_million_grid_times_is_an_error() {
    Recorder recorder(on_grid);
    recorder.state_received(1, 100);
    CHECK_THROWS(recorder.state_received(2, 100 + 1'000'000 * grid_ns), DecodeError,
                 "receive time: expected a jump of less than a million rows of the time grid");
    CHECK(recorder.sampler.take().size() == 0);
    recorder.state_received(2, 99 + 1'000'000 * grid_ns);
    CHECK(recorder.sampler.take().size() == 1'000'000);
}

void a_grid_time_past_the_end_of_int64_never_comes() {
    constexpr Nanos last = std::numeric_limits<Nanos>::max();
    for (const Nanos interval : {Nanos{1'000}, last / 3, last / 2, last - 1, last}) {
        Recorder recorder({.mode = Every::Mode::time, .interval_ns = interval});
        recorder.state_received(1, last - 10);
        recorder.state_received(2, last - 1);
        CHECK(recorder.sampler.take().size() <= 1);
    }
}

void a_time_grid_needs_receive_times() {
    Recorder recorder(on_grid);
    CHECK_THROWS(recorder.state(1, {.ts_event_ns = 5}), DecodeError,
                 "--every: expected receive times, for a time grid");
}

void a_trade_row_shows_the_last_state_before_the_trade_on_both_clocks() {
    Recorder recorder(at_trades);
    recorder.state(1, {100, 200});
    recorder.state(2, {110, 205});
    recorder.state(3, {120, 207});

    recorder.trade({111, 210});  // received behind state 3, which the venue made later
    recorder.trade({120, 210});
    recorder.trade({130, 207});
    recorder.trade({121, 208});
    recorder.trade({100, 300});
    recorder.trade({300, 200});
    const Rows rows = recorder.sampler.take();

    CHECK(rows.values == Values{2, 2, 2, 3});
    CHECK(rows.ts_event_ns == Instants{111, 120, 130, 121});
    CHECK(rows.ts_recv_ns == Instants{210, 210, 207, 208});
    CHECK(recorder.sampler.trades_without_state() == 2);
}

void one_clock_is_enough_and_none_is_not() {
    Recorder by_event(at_trades);
    by_event.state(1, {.ts_event_ns = 100});
    by_event.trade({.ts_event_ns = 101});
    by_event.trade({.ts_event_ns = 101, .ts_recv_ns = 5});
    by_event.trade({.ts_recv_ns = 500});
    CHECK(by_event.sampler.take().size() == 2);

    Recorder by_receive(at_trades);
    by_receive.state(1, {.ts_recv_ns = 100});
    by_receive.trade({.ts_event_ns = 7, .ts_recv_ns = 101});
    by_receive.trade({});
    CHECK(by_receive.sampler.take().size() == 1);
}

void no_trade_looks_back_behind_a_break() {
    Recorder recorder(at_trades);
    recorder.state(1, {100, 200});
    recorder.sampler.on_break();
    recorder.trade({150, 250});
    recorder.state(2, {160, 260});
    recorder.trade({155, 270});
    recorder.trade({170, 270});

    CHECK(recorder.sampler.take().values == Values{2});
    CHECK(recorder.sampler.trades_without_state() == 2);
}

// ---- Features that remember ---------------------------------------------------------------

void every_state_is_remembered_also_where_few_have_a_row() {
    Recorder recorder(every_nth(3), "mean(best_bid_qty, window=3), best_bid_qty");
    for (Lots size = 1; size <= 6; ++size) recorder.state(size, {size, size});
    CHECK(recorder.sampler.take().values == Values{2, 3, 5, 6});
}

void a_row_on_the_grid_holds_what_was_remembered_at_its_state() {
    Recorder recorder(on_grid, "mean(best_bid_qty, window=2), last_trade_side");
    recorder.state_received(1, 91);
    recorder.state_received(3, 95);
    recorder.trade({absent, 96});  // seen at the next state, behind the grid time
    recorder.state_received(7, 105);
    recorder.state_received(9, 115);

    const Rows rows = recorder.sampler.take();
    CHECK(rows.values.size() == 4 && rows.values[0] == 2 && std::isnan(rows.values[1]));
    CHECK(rows.values[2] == 5 && rows.values[3] == 1);
}

void a_row_at_a_trade_holds_what_was_remembered_before_it() {
    Recorder recorder(at_trades, "signed_flow, best_bid_qty");
    recorder.state(1, {100, 200});
    recorder.trade({110, 210});
    recorder.state(2, {120, 220});
    recorder.trade({119, 230});  // before state 2 on the venue's clock
    recorder.trade({130, 230});

    const Rows rows = recorder.sampler.take();
    CHECK(rows.values.size() == 6 && std::isnan(rows.values[0]) && rows.values[1] == 1);
    CHECK(std::isnan(rows.values[2]) && rows.values[3] == 1);
    CHECK(rows.values[4] == 1 && rows.values[5] == 2);
}

void a_break_forgets_states_and_trades() {
    Recorder recorder(every_nth(1), "mean(best_bid_qty, window=2), last_trade_side");
    recorder.state(1, {100, 200});
    recorder.state(2, {110, 210});
    recorder.trade({115, 215});
    recorder.sampler.on_break();
    recorder.state(3, {120, 220});
    recorder.state(4, {130, 230});

    const Rows rows = recorder.sampler.take();
    CHECK(rows.values.size() == 8 && rows.values[2] == 1.5 && std::isnan(rows.values[4]));
    CHECK(rows.values[6] == 3.5 && std::isnan(rows.values[7]));
}

// Bounded memory: a trade overtaken by more than a thousand states is an error, never a wrong
// row or one left out.
void a_trade_too_late_for_the_states_kept_is_an_error() {
    Recorder recorder(at_trades);
    for (Lots size = 1; size <= 2'000; ++size) recorder.state(size, {size, size});
    recorder.trade({1'500, 1'500});
    CHECK_THROWS(recorder.trade({900, 900}), DecodeError, "behind more than 1024 later states");

    CHECK(recorder.sampler.take().values == Values{1'499});
}

}  // namespace

int main() {
    return run_tests({
        every_nth_state_gives_a_row,
        a_grid_row_shows_the_last_state_at_or_before_its_time,
        a_state_on_the_grid_has_its_row_and_a_last_one_behind_it_has_none,
        a_clock_that_runs_backwards_repeats_no_grid_time,
        the_grid_is_empty_from_a_break_to_the_next_state,
        a_jump_over_a_million_grid_times_is_an_error,
        a_grid_time_past_the_end_of_int64_never_comes,
        a_time_grid_needs_receive_times,
        a_trade_row_shows_the_last_state_before_the_trade_on_both_clocks,
        one_clock_is_enough_and_none_is_not,
        no_trade_looks_back_behind_a_break,
        every_state_is_remembered_also_where_few_have_a_row,
        a_row_on_the_grid_holds_what_was_remembered_at_its_state,
        a_row_at_a_trade_holds_what_was_remembered_before_it,
        a_break_forgets_states_and_trades,
        a_trade_too_late_for_the_states_kept_is_an_error,
    });
}
