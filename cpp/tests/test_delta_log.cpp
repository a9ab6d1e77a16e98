// The last deltas of a book: what went in comes out, and never more of it than there is room
// for.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/delta_log.hpp"

namespace {

using namespace obcore;
using Levels = std::vector<Level>;

Event delta(Sequence id, std::size_t bids, std::size_t asks) {
    Event event;
    event.kind = Kind::delta;
    event.rule = IdRule::binance_futures;
    event.ids = {id, id + 1, id - 1};
    for (std::size_t i = 0; i < bids; ++i) event.bids.push_back({id, static_cast<Lots>(i)});
    for (std::size_t i = 0; i < asks; ++i) event.asks.push_back({-id, static_cast<Lots>(i)});
    return event;
}

// Whether the log's delta is the event that went in.
bool is_same(const DeltaLog::Delta& kept, const Event& event) {
    return kept.rule == event.rule && kept.ids.first == event.ids.first &&
           kept.ids.last == event.ids.last && kept.ids.previous == event.ids.previous &&
           std::ranges::equal(kept.bids, event.bids) &&
           std::ranges::equal(kept.asks, event.asks);
}

void deltas_come_out_as_they_went_in() {
    Dice dice(1);
    DeltaLog log;
    std::vector<Event> events;
    for (Sequence id = 1; id <= 500; ++id) {
        events.push_back(delta(id, static_cast<std::size_t>(dice.below(4)),
                               static_cast<std::size_t>(dice.below(4))));
        log.push(events.back());
    }

    CHECK(log.size() == events.size());
    for (std::size_t i = 0; i < events.size(); ++i) CHECK(is_same(log[i], events[i]));
}

void a_delta_without_levels_is_kept_for_its_ids() {
    DeltaLog log;
    for (const Sequence id : {1, 2, 3}) log.push(delta(id, 0, 0));

    CHECK(log.size() == 3);
    for (const Sequence id : {1, 2, 3}) {
        CHECK(is_same(log[static_cast<std::size_t>(id - 1)], delta(id, 0, 0)));
    }
}

void a_cleared_log_begins_anew() {
    DeltaLog log;
    log.push(delta(1, 2, 2));

    log.clear();
    CHECK(log.size() == 0);
    log.push(delta(7, 1, 3));

    CHECK(log.size() == 1 && is_same(log[0], delta(7, 1, 3)));
}

void a_full_log_begins_anew_with_the_newest_and_has_no_hole() {
    DeltaLog log;
    const std::size_t most = DeltaLog::max_levels / 8;
    Sequence id = 1;
    for (; std::cmp_less_equal(id, most); ++id) log.push(delta(id, 4, 4));
    CHECK(log.size() == most);

    log.push(delta(id, 1, 0));

    CHECK(log.size() == 1 && is_same(log[0], delta(id, 1, 0)));
}

void empty_deltas_fill_a_log_too() {
    DeltaLog log;
    const auto most = static_cast<Sequence>(DeltaLog::max_levels);
    for (Sequence id = 1; id <= most; ++id) log.push(delta(id, 0, 0));
    CHECK(log.size() == DeltaLog::max_levels);

    log.push(delta(most + 1, 0, 0));

    CHECK(log.size() == 1 && is_same(log[0], delta(most + 1, 0, 0)));
}

// Whatever goes in: what is left are the last deltas, one behind the other.
void what_is_left_is_the_end_of_what_went_in() {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Dice dice(seed);
        DeltaLog log;
        std::size_t levels = 0;
        for (Sequence id = 1; id <= 400; ++id) {
            const auto bids = static_cast<std::size_t>(dice.below(200));
            const auto asks = static_cast<std::size_t>(dice.below(200));
            const std::size_t before = log.size();

            log.push(delta(id, bids, asks));

            const bool began_anew = log.size() == 1 && before > 0;
            CHECK(began_anew || log.size() == before + 1);
            if (began_anew) CHECK(levels + bids + asks > DeltaLog::max_levels);
            levels = (began_anew ? 0 : levels) + bids + asks;
            CHECK(levels <= DeltaLog::max_levels);
            const Sequence first = id - static_cast<Sequence>(log.size()) + 1;
            CHECK(log[0].ids.first == first);
            CHECK(log[log.size() - 1].ids.first == id);
            CHECK(log[log.size() / 2].ids.first ==
                  first + static_cast<Sequence>(log.size() / 2));
        }
    }
}

void its_memory_is_bounded_however_much_goes_in() {
    DeltaLog log;
    CHECK(log.memory_usage() == 0);
    log.push(delta(1, 100, 100));
    CHECK(log.memory_usage() >= 200 * sizeof(Level));

    for (Sequence id = 2; id < 100'000; ++id) log.push(delta(id, 3, 2));

    CHECK(log.memory_usage() < 2 * DeltaLog::max_levels * (sizeof(Level) + 64));
}

void a_finer_grid_reaches_every_level_and_no_id() {
    DeltaLog log;
    log.push(delta(3, 2, 1));
    log.push(delta(5, 0, 2));

    log.rescale({.price = 10, .size = 100});

    CHECK(std::ranges::equal(log[0].bids, Levels{{30, 0}, {30, 100}}));
    CHECK(std::ranges::equal(log[0].asks, Levels{{-30, 0}}));
    CHECK(log[1].bids.empty());
    CHECK(std::ranges::equal(log[1].asks, Levels{{-50, 0}, {-50, 100}}));
    CHECK(log[0].ids.first == 3 && log[1].ids.last == 6 && log[1].ids.previous == 4);
}

void a_grid_that_is_too_fine_for_a_level_is_an_error() {
    DeltaLog log;
    Event event = delta(1, 0, 0);
    event.bids.push_back({max_price_ticks, 1});
    log.push(event);

    CHECK_THROWS(log.rescale({.price = 10, .size = 1}), PrecisionError, "fit int64");
}

}  // namespace

int main() {
    return run_tests({
        deltas_come_out_as_they_went_in,
        a_delta_without_levels_is_kept_for_its_ids,
        a_cleared_log_begins_anew,
        a_full_log_begins_anew_with_the_newest_and_has_no_hole,
        empty_deltas_fill_a_log_too,
        what_is_left_is_the_end_of_what_went_in,
        its_memory_is_bounded_however_much_goes_in,
        a_finer_grid_reaches_every_level_and_no_id,
        a_grid_that_is_too_fine_for_a_level_is_an_error,
    });
}
