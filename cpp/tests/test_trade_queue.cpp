// When a trade is seen: at the first state that is later, in which order, and how many may
// wait.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/trade_flow.hpp"
#include "trades.hpp"

namespace {

using namespace obcore;
using Prices = std::vector<Ticks>;

// A queue whose trades are told apart by their price.
struct Recorder {
    TradeQueue queue{TradeQueue::Rule::strictly_before};
    Prices seen;
    int leaks = 0;

    void arrive(const TimedTrade& trade) {
        queue.arrive(trade, [this](const TimedTrade& early) { see(early); });
    }
    // What is seen at a state.
    Prices at(Times state) {
        seen.clear();
        leaks += queue.leaks_at(state);
        queue.release(state, [this](const TimedTrade& trade) { see(trade); });
        return seen;
    }

private:
    void see(const TimedTrade& trade) { seen.push_back(trade.trade.price); }
};

// ---- When it is seen ----------------------------------------------------------------------

void a_trade_is_before_a_state_if_it_is_on_every_clock_that_both_carry() {
    CHECK(Times{1, 1}.before({2, 2}) && !Times{2, 1}.before({2, 2}));
    CHECK(!Times{1, 2}.before({2, 2}) && !Times{3, 1}.before({2, 2}));
    CHECK(Times{1, absent}.before({2, 2}) && !Times{2, absent}.before({2, 9}));
    CHECK(Times{absent, 1}.before({2, 2}) && !Times{absent, 2}.before({9, 2}));
    CHECK(Times{1, 5}.before({2, absent}) && !Times{2, 1}.before({2, absent}));
    CHECK(Times{1, absent}.before({absent, 1}) && Times{5, 5}.before({absent, absent}));
    CHECK(Times{2, 2}.not_after({2, 2}) && !Times{3, 1}.not_after({2, 2}));
    CHECK(!Times{1, 3}.not_after({2, 2}) && Times{9, absent}.not_after({absent, 1}));
    CHECK((Times{7, 9}.best() == 7) && (Times{absent, 9}.best() == 9));
    CHECK(Times{1, absent}.shares_clock({2, 3}) && !Times{1, absent}.shares_clock({absent, 3}));
}

void a_trade_waits_for_the_first_state_that_is_later() {
    Recorder recorder;
    recorder.arrive(trade_at({10, 20}, 1));
    CHECK(recorder.at({10, 25}).empty() && recorder.at({11, 20}).empty());
    CHECK(recorder.at({9, 30}).empty() && recorder.queue.waiting() == 1);
    CHECK(recorder.at({11, 21}) == Prices{1} && recorder.queue.waiting() == 0);
    CHECK(recorder.at({12, 22}).empty() && recorder.leaks == 0);
}

void a_trade_that_waits_holds_back_those_behind_it() {
    Recorder recorder;
    recorder.arrive(trade_at({10, 20}, 1));
    recorder.arrive(trade_at({50, 21}, 2));
    recorder.arrive(trade_at({11, 22}, 3));
    CHECK(recorder.at({30, 30}) == Prices{1});
    CHECK(recorder.at({50, 51}).empty());
    CHECK(recorder.at({51, 52}) == Prices({2, 3}));
}

void buyers_come_first_among_neighbours_of_one_time() {
    Recorder recorder;
    const auto arrive = [&](Nanos time, Ticks price, Side taker) {
        recorder.arrive(trade_at({time, time}, price, taker));
    };
    arrive(1, 1, Side::ask);
    arrive(1, 2, Side::bid);
    arrive(1, 3, Side::ask);
    arrive(1, 4, Side::bid);
    arrive(2, 5, Side::ask);
    arrive(1, 6, Side::bid);  // no neighbour of its time
    arrive(9, 7, Side::ask);
    CHECK(recorder.at({5, 5}) == Prices({2, 4, 1, 3, 5, 6}));
    arrive(9, 8, Side::bid);
    CHECK(recorder.at({10, 10}) == Prices({8, 7}));
}

void neighbours_of_one_time_that_are_not_both_seen_are_not_reordered() {
    Recorder recorder;
    recorder.arrive(trade_at({5, 10}, 1, Side::ask));
    recorder.arrive(trade_at({5, 30}, 2, Side::bid));
    CHECK(recorder.at({6, 20}) == Prices{1});
    CHECK(recorder.at({7, 31}) == Prices{2});
}

// The rule in its plainest form.
struct PlainQueue {
    std::deque<TimedTrade> waiting;

    std::vector<TimedTrade> at(const Times& state) {
        std::vector<TimedTrade> seen;
        while (!waiting.empty() && waiting.front().times.before(state)) {
            seen.push_back(waiting.front());
            waiting.pop_front();
        }
        for (std::size_t i = 0; i < seen.size();) {
            std::size_t end = i;
            while (end < seen.size() && seen[end].times.best() == seen[i].times.best()) ++end;
            std::stable_partition(
                seen.begin() + static_cast<std::ptrdiff_t>(i),
                seen.begin() + static_cast<std::ptrdiff_t>(end),
                [](const TimedTrade& each) { return each.trade.taker == Side::bid; });
            i = end;
        }
        return seen;
    }
};

void any_stream_is_seen_in_the_plain_order() {
    Dice dice(1);
    Recorder recorder;
    PlainQueue plain;
    std::size_t seen = 0;
    for (Nanos now = 0; now < 30'000; ++now) {
        if (dice.below(3) < 2) {
            plain.waiting.push_back(random_trade(dice, now / 2));
            recorder.arrive(plain.waiting.back());
            continue;
        }
        const Times state = random_times(dice, now / 2);
        Prices wanted;
        for (const TimedTrade& trade : plain.at(state)) wanted.push_back(trade.trade.price);
        CHECK(recorder.at(state) == wanted);
        seen += wanted.size();
        CHECK(recorder.queue.waiting() == plain.waiting.size());
    }
    CHECK(seen > 15'000 && recorder.leaks == 0);
}

void trades_that_wait_are_restored_from_bytes() {
    Recorder recorder;
    for (Nanos i = 0; i < 100; ++i) recorder.arrive(trade_at({i, i}, i));
    StateWriter out;
    recorder.queue.save(out);
    Recorder other;
    other.arrive(trade_at({1, 1}, 77));
    StateReader in(out.bytes());
    other.queue.load(in);
    CHECK(in.at_end() && other.at({90, 90}) == recorder.at({90, 90}));
    CHECK(other.at({100, 100}).size() == 10);
}

// ---- Bounded memory -----------------------------------------------------------------------

Recorder overfull(Nanos first, Nanos then) {
    Recorder recorder;
    recorder.arrive(trade_at({first, first}, 1));
    for (std::size_t i = 1; i < TradeQueue::max_waiting; ++i) {
        recorder.arrive(trade_at({then, then}, 2));
    }
    CHECK(recorder.seen.empty());
    recorder.arrive(trade_at({then, then}, 3));
    CHECK(recorder.seen == Prices{1});
    CHECK(recorder.queue.waiting() == TradeQueue::max_waiting);
    return recorder;
}

void the_oldest_trade_is_seen_early_where_too_many_wait() {
    Recorder recorder = overfull(10, 20);
    CHECK(recorder.at({11, 11}).empty() && recorder.leaks == 0);
    CHECK(recorder.at({21, 21}).size() == TradeQueue::max_waiting);
    CHECK(recorder.leaks == 0);
}

void a_state_that_is_older_than_a_trade_seen_early_is_told_once() {
    for (const Times state : {Times{10, 99}, Times{99, 10}, Times{5, 5}}) {
        Recorder recorder = overfull(10, 20);
        CHECK(recorder.at(state).empty() && recorder.leaks == 1);
        CHECK(recorder.at(state).empty() && recorder.leaks == 1);
        CHECK(recorder.at({21, 21}).size() == TradeQueue::max_waiting);
        CHECK(recorder.leaks == 1);
    }
}

}  // namespace

int main() {
    return run_tests({
        a_trade_is_before_a_state_if_it_is_on_every_clock_that_both_carry,
        a_trade_waits_for_the_first_state_that_is_later,
        a_trade_that_waits_holds_back_those_behind_it,
        buyers_come_first_among_neighbours_of_one_time,
        neighbours_of_one_time_that_are_not_both_seen_are_not_reordered,
        any_stream_is_seen_in_the_plain_order,
        trades_that_wait_are_restored_from_bytes,
        the_oldest_trade_is_seen_early_where_too_many_wait,
        a_state_that_is_older_than_a_trade_seen_early_is_told_once,
    });
}
