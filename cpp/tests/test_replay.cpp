// Bytes to rows in one pass: chunks, formats, grids, gaps, symbols, stops and errors.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/replay.hpp"
#include "recordings.hpp"
#include "same_book.hpp"

namespace {

using namespace obcore;

constexpr std::size_t whole = std::size_t{1} << 30;

template <typename Change>
ReplayOptions options_with(Change change) {
    ReplayOptions options;
    change(options);
    return options;
}

void feed(Replay& replay, std::string_view bytes, std::size_t chunk = whole) {
    for (std::size_t at = 0; at < bytes.size(); at += chunk)
        replay.feed(bytes.substr(at, chunk));
}

Replay replayed(const ReplayOptions& options, std::string_view bytes,
                std::size_t chunk = whole) {
    Replay replay(options);
    replay.begin("file");
    feed(replay, bytes, chunk);
    replay.end();
    replay.finish();
    return replay;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
    return a.size() == b.size() &&
           std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

bool is_close(double a, double b) {
    return (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-12 * std::abs(a);
}

// ---- Bytes --------------------------------------------------------------------------------

void chunks_of_any_size_give_the_same_rows() {
    for (const std::string& bytes : recording::in_every_format(random_market(1))) {
        Replay once = replayed({}, bytes);
        const Rows wanted = once.take_rows();
        CHECK(wanted.size() >= 59);
        for (const std::size_t chunk : {1U, 2U, 3U, 7U, 61U, 1'000U}) {
            Replay replay = replayed({}, bytes, chunk);
            const Rows rows = replay.take_rows();
            CHECK(rows.sequence == wanted.sequence && rows.ts_event_ns == wanted.ts_event_ns);
            CHECK(rows.ts_recv_ns == wanted.ts_recv_ns &&
                  same_bits(rows.values, wanted.values));
            CHECK(same_book(replay.book(), once.book()));
            CHECK(replay.statistics().messages == once.statistics().messages);
            CHECK(replay.formats() == once.formats());
        }
    }
}

void every_format_tells_the_same_states() {
    const std::vector<Moment> market = random_market(2);
    const std::vector<std::string> inputs = recording::in_every_format(market);
    const ReplayOptions options = options_with([](auto& o) { o.grid = market_grid; });
    const std::vector<double> wanted = replayed(options, inputs[0]).take_rows().values;
    CHECK(wanted.size() == std::size_t{59} * 58);
    for (const std::string& bytes : inputs) {
        Replay replay = replayed(options, bytes);
        std::vector<double> values = replay.take_rows().values;
        CHECK(values.size() >= wanted.size());
        values.erase(values.begin(), values.end() - static_cast<std::ptrdiff_t>(wanted.size()));
        CHECK(same_bits(values, wanted));
        CHECK(replay.symbol() == "BTCUSDT");
        CHECK(all_bids(replay.book()).size() == market.back().bids.size());
    }
}

void a_grid_found_on_the_way_gives_the_values_of_a_fixed_one() {
    const ReplayOptions any_grid =
        options_with([](auto& o) { o.features.features = "all, stateful"; });
    ReplayOptions one_grid = any_grid;
    one_grid.grid = market_grid;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        for (const std::string& bytes : recording::in_every_format(random_market(seed))) {
            Replay fixed = replayed(one_grid, bytes);
            Replay found = replayed(any_grid, bytes);
            const Rows wanted = fixed.take_rows();
            const Rows rows = found.take_rows();

            CHECK(found.regrids() > 0 && found.book().grid.tick.decimals == 2);
            CHECK(same_book(found.book(), fixed.book()));
            CHECK(rows.sequence == wanted.sequence &&
                  rows.values.size() == wanted.values.size());
            for (std::size_t i = 0; i < rows.values.size(); ++i) {
                CHECK(is_close(rows.values[i], wanted.values[i]));
            }
        }
    }
}

// ---- When a row is taken ------------------------------------------------------------------

void rows_are_taken_as_asked() {
    const std::string bytes = recording::binance_lines(random_market(3));
    const auto rows_with = [&](Every every) {
        return replayed(options_with([&](auto& o) { o.every = every; }), bytes).take_rows();
    };
    using enum Every::Mode;

    CHECK(rows_with({event, 1, 0}).size() == 59);
    CHECK(rows_with({event, 7, 0}).sequence ==
          std::vector<Sequence>{24, 38, 52, 66, 80, 94, 108, 122});
    const Rows grid = rows_with({time, 1, 200'000'000});
    CHECK(grid.size() == 29 && grid.ts_recv_ns[0] == 1'790'000'000'400'000'000);
    CHECK(grid.sequence[0] == 12 && grid.sequence[1] == 16);
    CHECK(rows_with({trade, 1, 0}).size() == 0);
}

// ---- Several inputs -----------------------------------------------------------------------

void several_inputs_are_one_recording() {
    const std::string bytes = recording::binance_lines(random_market(4));
    Replay once = replayed({}, bytes);
    const std::size_t cut = bytes.find('\n', bytes.size() / 2) + 1;
    Replay replay({});
    for (const std::string& part : {bytes.substr(0, cut), bytes.substr(cut)}) {
        replay.begin("part");
        feed(replay, part, 100);
        replay.end();
    }
    replay.finish();

    CHECK(same_bits(replay.take_rows().values, once.take_rows().values));
    CHECK(replay.formats() == std::vector<std::string>(2, "binance json"));
}

void an_error_names_the_input_and_the_line() {
    const std::string bytes = recording::binance_lines(random_market(5));
    Replay replay({});
    replay.begin("first.gz");
    replay.feed(bytes);
    replay.end();
    replay.begin("second.gz");
    replay.feed("\n\n" + bytes.substr(0, bytes.find('\n') + 1));

    try {
        replay.feed("what is this\n");
        CHECK(false);
    } catch (const InputError& error) {
        CHECK(error.source == "second.gz" && error.line == 4);
        CHECK(error.cause == InputError::Cause::malformed);
        CHECK(error.reason ==
              "line: expected '<receive time> <json>' or JSON, received what is this");
        CHECK(std::string(error.what()) == "second.gz line 4: " + error.reason);
    }
}

void an_input_that_ends_early_is_an_error() {
    const std::string array = recording::binance_array(random_market(6));
    const std::string lines = recording::binance_lines(random_market(6));

    CHECK_THROWS(replayed({}, array.substr(0, array.size() - 2)), InputError, "truncated?");
    CHECK_THROWS(replayed({}, lines.substr(0, lines.size() - 2)), InputError, "truncated?");
    CHECK(replayed({}, lines.substr(0, lines.size() - 1)).states() == 59);
    CHECK(replayed({}, "").formats() == std::vector<std::string>{"nothing"});
}

void bytes_of_no_known_format_are_ambiguous() {
    for (const char* text : {"hello\n", "1,2,3\n", "price,size\n", "\x1F\x8B\x08\n", "true"}) {
        try {
            static_cast<void>(replayed({}, text));
            CHECK(false);
        } catch (const InputError& error) {
            CHECK(error.cause == InputError::Cause::ambiguous && error.line == 1);
        }
    }
}

// ---- All or nothing -----------------------------------------------------------------------

// Every message of each format, cut at every tenth byte or with one byte changed: whatever the
// replay makes of it, where it throws the book is what it was before.
void a_message_that_throws_leaves_the_book_as_it_was() {
    int thrown = 0;
    for (const std::string& bytes : recording::in_every_format(random_market(7, 12))) {
        if (bytes[0] == '[') continue;  // the lines hold the same messages
        const std::size_t last = bytes.rfind('\n', bytes.size() - 2) + 1;
        const std::string message = bytes.substr(last, bytes.size() - last - 1);
        for (std::size_t at = 0; at < message.size(); ++at) {
            std::string wrong = message;
            if (at % 10 == 0) {
                wrong.resize(at);
            } else {
                wrong[at] = "x\",[]{}-.0 "[at % 11];
            }
            Replay replay(options_with([](auto& o) { o.grid = market_grid; }));
            replay.begin("file");
            replay.feed(std::string_view(bytes).substr(0, last));
            const Book before = replay.book();
            const std::int64_t states = replay.states();
            try {
                replay.feed(wrong + "\n");
            } catch (const InputError&) {
                ++thrown;
                CHECK(same_book(replay.book(), before) && replay.states() == states);
            }
        }
    }
    CHECK(thrown > 300);
}

// A later message needs a tick so fine that what is held, or what waits, no longer fits int64.
void a_grid_too_fine_for_what_is_held_changes_nothing() {
    const std::string far =
        R"({"lastUpdateId":10,"bids":[[50,1]],"asks":[[1000000000000000000,1]]})";
    const std::string near = R"({"lastUpdateId":10,"bids":[[50,1]],"asks":[[60,1]]})";
    const std::string delta =
        R"({"e":"depthUpdate","E":1790000000000,"s":"A","U":11,"u":12,"b":[],"a":[]})";
    const std::string pending =
        R"({"lastUpdateId":20,"bids":[],"asks":[[1000000000000000000,1]]})";
    const std::vector<std::string> recordings{far + '\n' + delta + '\n',
                                              near + '\n' + delta + '\n' + pending + '\n'};
    for (const std::string& held : recordings) {
        Replay replay({});
        replay.begin("file");
        replay.feed(held);
        const Book before = replay.book();
        CHECK(before.state == BookState::synced);

        const std::string finer = R"({"lastUpdateId":30,"bids":[["0.5","1"]],"asks":[]})";
        CHECK_THROWS(replay.feed(finer + '\n'), InputError, "finer grid");

        CHECK(same_book(replay.book(), before));
    }
}

void a_number_off_a_fixed_grid_is_told_apart_from_other_errors() {
    const std::string bytes = recording::binance_lines(random_market(8));
    const Grid coarse{Step::from_text("1"), Step::from_text("1")};
    try {
        static_cast<void>(replayed(options_with([&](auto& o) { o.grid = coarse; }), bytes));
        CHECK(false);
    } catch (const InputError& error) {
        CHECK(error.cause == InputError::Cause::off_grid && error.line > 20);
        CHECK(error.reason.find("expected a multiple of the") != std::string::npos);
    }
}

}  // namespace

int main() {
    return run_tests({
        chunks_of_any_size_give_the_same_rows,
        every_format_tells_the_same_states,
        a_grid_found_on_the_way_gives_the_values_of_a_fixed_one,
        rows_are_taken_as_asked,
        several_inputs_are_one_recording,
        an_error_names_the_input_and_the_line,
        an_input_that_ends_early_is_an_error,
        bytes_of_no_known_format_are_ambiguous,
        a_message_that_throws_leaves_the_book_as_it_was,
        a_grid_too_fine_for_what_is_held_changes_nothing,
        a_number_off_a_fixed_grid_is_told_apart_from_other_errors,
    });
}
