// How far back a feature looks: texts, the queue behind a window, and what enters and leaves.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "check.hpp"
#include "dice.hpp"
#include "obcore/window.hpp"

namespace {

using namespace obcore;

constexpr Nanos second = 1'000'000'000;

std::string canonical(std::string_view text) {
    const auto window = Window::from_text(text);
    return window ? window->text() : "none";
}

// ---- Texts --------------------------------------------------------------------------------

void a_number_counts_states_and_a_number_with_a_unit_is_a_time() {
    CHECK(Window::from_text("20") == Window{.states = 20});
    CHECK(Window::from_text("7ns") == Window{.duration_ns = 7});
    CHECK(Window::from_text("7us") == Window{.duration_ns = 7'000});
    CHECK(Window::from_text("7ms") == Window{.duration_ns = 7'000'000});
    CHECK(Window::from_text("7s") == Window{.duration_ns = 7 * second});
    CHECK(Window::from_text("7m") == Window{.duration_ns = 420 * second});
    CHECK(Window::from_text("7h") == Window{.duration_ns = 25'200 * second});
    CHECK(!Window::from_text("20")->is_timed() && Window::from_text("20ns")->is_timed());
    CHECK(Window::from_text("20")->limit() == 20);
    CHECK(Window::from_text("20ns")->limit() == Window::max_timed_states);
}

void a_window_is_written_in_the_largest_unit_that_is_whole() {
    for (const char* text : {"1", "20", "1048576", "1ns", "999ns", "1us", "1500us", "1ms",
                             "90s", "1m", "59m", "1h", "25h", "8784h"}) {
        CHECK(canonical(text) == text);
    }
    CHECK(canonical("1000ns") == "1us" && canonical("1000000us") == "1s");
    CHECK(canonical("1500ms") == "1500ms" && canonical("2000ms") == "2s");
    CHECK(canonical("120s") == "2m" && canonical("3600s") == "1h" && canonical("90m") == "90m");
    CHECK(canonical("007") == "7" && canonical("060s") == "1m");
}

void a_text_reads_back_as_the_same_window() {
    Dice dice(1);
    for (int i = 0; i < 10'000; ++i) {
        const bool timed = dice.one_in(2);
        const Nanos reach = dice.one_in(2) ? 10 * second : Window::max_duration_ns;
        const Window window = timed ? Window{.duration_ns = 1 + dice.below(reach)}
                                    : Window{.states = 1 + dice.below(Window::max_states)};
        CHECK(Window::from_text(window.text()) == window);
    }
}

void what_is_no_window_or_beyond_the_limits_is_none() {
    for (const char* text : {"",
                             " ",
                             "0",
                             "0s",
                             "00",
                             "-1",
                             "+1",
                             "-1s",
                             "1.5",
                             "1.5s",
                             "1 s",
                             " 1",
                             "1 ",
                             "s",
                             "ms",
                             "1d",
                             "1S",
                             "1Ms",
                             "1sx",
                             "1s1",
                             "0x10",
                             "1e3",
                             "1048577",
                             "8785h",
                             "527041m",
                             "31622400001ms",
                             "9223372036854775807",
                             "9223372036854775808",
                             "9223372036854775807h",
                             "99999999999999999999ns"}) {
        CHECK(!Window::from_text(text));
    }
    CHECK(Window::from_text("527040m") == Window::from_text("8784h"));
    CHECK(Window::from_text("31622400000ms")->duration_ns == Window::max_duration_ns);
}

void a_time_too_long_for_64_bits_is_the_longest() {
    constexpr Nanos last = std::numeric_limits<Nanos>::max();
    CHECK(elapsed(3, 10) == 7 && elapsed(10, 3) == -7 && elapsed(-last, last) == last);
    CHECK(elapsed(absent, 0) == last && elapsed(absent + 1, 0) == last);
}

// ---- The queue ----------------------------------------------------------------------------

void a_ring_is_a_queue_however_it_grows_and_wraps() {
    for (const std::size_t limit : {1U, 2U, 15U, 16U, 17U, 33U, 100U}) {
        Dice dice(limit);
        Ring<int> ring(limit);
        std::deque<int> wanted;
        for (int i = 0; i < 3'000; ++i) {
            // Mostly fuller for a while, then mostly emptier.
            const bool adds = wanted.empty() || dice.below(10) < (i / 250 % 2 == 0 ? 7 : 3);
            if (adds && !ring.full()) {
                ring.push_back(i);
                wanted.push_back(i);
            } else if (!ring.empty()) {
                ring.pop_front();
                wanted.pop_front();
            }
            CHECK(ring.size() == wanted.size() && ring.empty() == wanted.empty());
            CHECK(ring.full() == (wanted.size() == limit) && ring.limit() == limit);
            for (std::size_t k = 0; k < wanted.size(); ++k) CHECK(ring[k] == wanted[k]);
            if (wanted.empty()) continue;
            CHECK(ring.front() == wanted.front() && ring.back() == wanted.back());
        }
        ring.clear();
        CHECK(ring.empty());
    }
}

void a_ring_changes_all_and_none_but_its_items() {
    Ring<int> ring(20);
    for (int i = 0; i < 30; ++i) {
        if (ring.full()) ring.pop_front();
        ring.push_back(i);
    }
    int changed = 0;
    ring.for_each([&](int& item) {
        item *= 2;
        ++changed;
    });
    CHECK(changed == 20 && ring.front() == 20 && ring.back() == 58);
}

void a_ring_is_restored_from_its_bytes_alone() {
    Ring<int> ring(20);
    for (int i = 0; i < 50; ++i) {
        if (ring.full()) ring.pop_front();
        ring.push_back(i);
    }
    StateWriter out;
    ring.save(out);

    Ring<int> other(20);
    other.push_back(-1);
    StateReader in(out.bytes());
    other.load(in);
    CHECK(in.at_end() && other.size() == 20 && other.front() == 30 && other.back() == 49);

    Ring<int> shorter(19);
    StateReader again(out.bytes());
    CHECK_THROWS(shorter.load(again), DecodeError, "received a longer window");
    StateReader cut(std::string_view(out.bytes()).substr(0, out.bytes().size() - 1));
    CHECK_THROWS(other.load(cut), DecodeError, "saved state: expected the bytes that save()");
}

// ---- What enters and leaves ---------------------------------------------------------------

std::vector<int> items(Windowed<int>& window) {
    std::vector<int> out;
    window.for_each([&](int item) { out.push_back(item); });
    return out;
}

void a_counted_window_holds_the_last_states_whatever_their_times() {
    Windowed<int> window(Window{.states = 3});
    std::vector<int> left;
    const auto leave = [&](int item) { left.push_back(item); };
    for (int i = 0; i < 6; ++i) {
        CHECK(window.is_warm(absent, absent) == (i >= 3));
        CHECK(window.missing(0, 0) == (i >= 3 ? "" : std::to_string(i) + " of 3 states"));
        window.push(i % 2 == 0 ? absent : 0, i, leave);
    }
    CHECK(items(window) == std::vector<int>{3, 4, 5} && left == std::vector<int>{0, 1, 2});
    CHECK(window.oldest() == 3);
    window.clear();
    CHECK(window.size() == 0 && !window.is_warm(0, 0));
}

void a_timed_window_holds_what_is_younger_than_its_duration() {
    for (const Nanos duration : {1LL, 2LL, 10LL, 1'000LL}) {
        Dice dice(static_cast<std::uint64_t>(duration));
        Windowed<int> window(Window{.duration_ns = duration});
        std::vector<Nanos> times;
        std::vector<int> left;
        Nanos now = -50;
        for (int i = 0; i < 2'000; ++i) {
            now += dice.one_in(3) ? 0 : dice.below(7);
            if (dice.one_in(100)) now += 5 * duration;
            times.push_back(now);
            window.push(now, i, [&](int item) { left.push_back(item); });

            std::vector<int> wanted;
            for (int k = 0; k <= i; ++k) {
                if (times[static_cast<std::size_t>(k)] > now - duration) wanted.push_back(k);
            }
            CHECK(items(window) == wanted && window.oldest() == wanted.front());
            CHECK(left.size() + wanted.size() == times.size());
        }
        for (std::size_t k = 0; k < left.size(); ++k) CHECK(std::cmp_equal(left[k], k));
    }
}

void a_gap_of_centuries_empties_a_timed_window() {
    constexpr Nanos last = std::numeric_limits<Nanos>::max();
    Windowed<int> window(Window{.duration_ns = Window::max_duration_ns});
    int left = 0;
    window.push(-last, 1, [&](int) { ++left; });
    window.push(last, 2, [&](int) { ++left; });
    CHECK(left == 1 && items(window) == std::vector<int>{2} && window.is_warm(-last, last));
}

void a_timed_window_is_warm_once_the_first_state_is_as_old_as_it() {
    const Windowed<int> window(Window{.duration_ns = 2 * second});
    CHECK(!window.is_warm(100, 99 + 2 * second) && window.is_warm(100, 100 + 2 * second));
    CHECK(window.missing(100, 100 + second / 2) == "500ms of 2s");
    CHECK(window.missing(100, 100 + 2 * second).empty());
}

// Bounded memory: where more states come than are kept, no value is better than a wrong one.
void too_many_states_for_a_timed_window_leave_it_undefined_until_they_fit() {
    constexpr auto most = static_cast<int>(Window::max_timed_states);
    const auto ignore = [](int) {};
    Windowed<int> window(Window{.duration_ns = second});
    for (int i = 0; i < most; ++i) window.push(second, i, ignore);
    CHECK(window.is_warm(0, second) && window.size() == Window::max_timed_states);

    window.push(second + 5, most, ignore);
    CHECK(!window.is_warm(0, second + 5) && window.size() == Window::max_timed_states);
    CHECK(window.missing(0, second + 5) == "a window of at most 65536 states");

    StateWriter out;
    window.save(out);
    Windowed<int> restored(Window{.duration_ns = second});
    StateReader in(out.bytes());
    restored.load(in);
    for (Windowed<int>* each : {&window, &restored}) {
        each->push(2 * second - 1, most + 1, ignore);
        CHECK(!each->is_warm(0, 2 * second - 1));
        each->push(2 * second, most + 2, ignore);
        CHECK(each->is_warm(0, 2 * second));
        CHECK(items(*each) == std::vector<int>{most, most + 1, most + 2});
    }
}

}  // namespace

int main() {
    return run_tests({
        a_number_counts_states_and_a_number_with_a_unit_is_a_time,
        a_window_is_written_in_the_largest_unit_that_is_whole,
        a_text_reads_back_as_the_same_window,
        what_is_no_window_or_beyond_the_limits_is_none,
        a_time_too_long_for_64_bits_is_the_longest,
        a_ring_is_a_queue_however_it_grows_and_wraps,
        a_ring_changes_all_and_none_but_its_items,
        a_ring_is_restored_from_its_bytes_alone,
        a_counted_window_holds_the_last_states_whatever_their_times,
        a_timed_window_holds_what_is_younger_than_its_duration,
        a_gap_of_centuries_empties_a_timed_window,
        a_timed_window_is_warm_once_the_first_state_is_as_old_as_it,
        too_many_states_for_a_timed_window_leave_it_undefined_until_they_fit,
    });
}
