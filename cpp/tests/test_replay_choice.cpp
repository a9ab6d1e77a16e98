// Which messages of a recording count: symbols, kinds of depth, gaps, and where a replay stops.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/replay.hpp"

namespace {

using namespace obcore;
using Sequences = std::vector<Sequence>;

template <typename Change>
ReplayOptions options_with(Change change) {
    ReplayOptions options;
    change(options);
    return options;
}

ReplayOptions symbol(const std::string& name) {
    return options_with([&](auto& o) { o.symbol = name; });
}

ReplayOptions kind(Format format) {
    return options_with([&](auto& o) { o.format = format; });
}

Replay replayed(const ReplayOptions& options, std::string_view bytes) {
    Replay replay(options);
    replay.begin("file");
    replay.feed(bytes);
    replay.end();
    replay.finish();
    return replay;
}

Sequences rows(Replay replay) {
    return replay.take_rows().sequence;
}

// ---- Messages, one a line; each is received and made at a second of its last id -------------

std::string time_ms(Sequence id) {
    return std::to_string(1'790'000'000'000 + 1'000 * id);
}

std::string snapshot(Sequence id, const std::string& extra = "") {
    return time_ms(id) + R"( {"lastUpdateId":)" + std::to_string(id) + extra +
           R"(,"bids":[["10","1"]],"asks":[["20","1"]]})"
           "\n";
}

std::string body(const std::string& name, const Ids& ids, const std::string& bids) {
    const std::string previous =
        ids.previous == absent ? "" : R"(,"pu":)" + std::to_string(ids.previous);
    return R"({"e":"depthUpdate","E":)" + time_ms(ids.last) + R"(,"s":")" + name + R"(","U":)" +
           std::to_string(ids.first) + R"(,"u":)" + std::to_string(ids.last) + previous +
           R"(,"b":[)" + bids + R"(],"a":[]})";
}

std::string diff(Sequence first, Sequence last, const std::string& name = "BTCUSDT") {
    return time_ms(last) + " " + body(name, {first, last, absent}, R"(["11","2"])") + "\n";
}

std::string futures_diff(Sequence id, const std::string& bids) {
    return body("BTCUSDT", {id, id, id - 1}, bids) + "\n";
}

std::string enveloped(const std::string& stream, std::string line) {
    line.pop_back();
    return R"({"stream":")" + stream + R"(","data":)" + line + "}\n";
}

// ---- Symbols ------------------------------------------------------------------------------

void one_symbol_needs_no_name() {
    Replay replay = replayed({}, snapshot(10) + diff(11, 12) + diff(13, 14));

    CHECK(replay.symbol() == "BTCUSDT" && replay.statistics().other_symbols == 0);
    CHECK(rows(std::move(replay)) == Sequences{12, 14});
}

void mixed_symbols_need_a_choice() {
    const std::string extra = R"(,"symbol":"BTCUSDT")";
    const std::string mixed = snapshot(10, extra) + diff(11, 12) + diff(1, 5, "ETHUSDT") +
                              diff(6, 9, "ETHUSDT") + diff(13, 14);

    CHECK_THROWS(replayed({}, mixed), InputError,
                 "file line 3: symbol: expected BTCUSDT as before (mixed symbols: choose with "
                 "--symbol), received ETHUSDT");
    for (const char* name : {"BTCUSDT", "btcusdt", "BTC/USDT", "btc-USDT"}) {
        Replay replay = replayed(symbol(name), mixed);
        CHECK(replay.symbol() == "BTCUSDT" && replay.statistics().other_symbols == 2);
        CHECK(rows(std::move(replay)) == Sequences{12, 14});
    }
    CHECK(rows(replayed(symbol("XRPUSDT"), mixed)).empty());
}

void a_snapshot_without_symbol_is_refused_among_several_symbols() {
    const std::string error = "snapshot: expected one that names its symbol";
    const std::string other = diff(1, 5, "ETHUSDT");

    CHECK_THROWS(replayed(symbol("BTCUSDT"), snapshot(10) + diff(11, 12) + other), InputError,
                 error);
    CHECK_THROWS(replayed(symbol("BTCUSDT"), other + diff(11, 12) + snapshot(10)), InputError,
                 error);
}

void a_kind_without_use_is_skipped_whatever_its_symbol() {
    const std::string kline = R"({"e":"kline","s":"ETHUSDT"})"
                              "\n";
    const std::string control = R"({"result":null,"id":1})"
                                "\n";

    Replay replay = replayed({}, kline + control + snapshot(10) + kline + diff(11, 12));

    CHECK(replay.symbol() == "BTCUSDT");
    CHECK(replay.statistics().skipped_names.at("kline") == 2);
    CHECK(rows(std::move(replay)) == Sequences{12});
}

// ---- Diffs and pictures -------------------------------------------------------------------

void bare_futures_depth_that_could_be_either_is_ambiguous() {
    std::string bytes;
    for (Sequence id = 1; id < 100; ++id) bytes += futures_diff(id, R"(["10","1"])");
    const std::string deletion = futures_diff(100, R"(["10","0"])");
    std::string long_side = R"(["1","1"])";
    for (int price = 2; price <= 21; ++price) {
        long_side += R"(,[")" + std::to_string(price) + R"(","1"])";
    }

    const std::string error = "depthUpdate: expected a deletion or more than 20 levels a side";
    CHECK_THROWS(replayed({}, bytes), InputError, error);  // the end comes before the proof
    CHECK_THROWS(replayed({}, bytes + futures_diff(100, "") + deletion), InputError, error);
    CHECK(replayed({}, bytes + deletion + futures_diff(101, "")).statistics().messages == 101);
    CHECK(replayed({}, bytes + futures_diff(100, long_side)).statistics().messages == 100);
    CHECK(replayed({}, enveloped("x@depth@100ms", futures_diff(1, ""))).states() == 0);
    CHECK(replayed(kind(Format::diff), bytes).book().state == BookState::buffering);
    CHECK(replayed(kind(Format::topn), bytes).states() == 99);
}

void spot_depth_is_never_doubted() {
    CHECK(rows(replayed({}, snapshot(10) + diff(11, 12))) == Sequences{12});
}

void diffs_and_pictures_in_one_recording_need_a_choice() {
    const std::string top =
        enveloped("btcusdt@depth20@100ms", futures_diff(12, R"(["9","1"])"));
    const std::string both = enveloped("btcusdt@depth", futures_diff(11, R"(["10","1"])")) +
                             top + enveloped("btcusdt@depth", futures_diff(13, ""));

    CHECK_THROWS(replayed({}, both), InputError,
                 "file line 2: depth: expected diffs or top-N pictures (--kind diff or topn), "
                 "received both in one recording");
    CHECK(rows(replayed(kind(Format::topn), both)) == Sequences{12});
    const Replay diffs = replayed(kind(Format::diff), snapshot(10) + both);
    CHECK(diffs.book().state == BookState::gap && diffs.statistics().ignored_depth == 1);
}

// The same bytes make different books as diffs and as pictures.
void pictures_replace_where_diffs_change() {
    const std::string bytes =
        futures_diff(11, R"(["10","1"])") + futures_diff(12, R"(["9","1"])");

    const Replay pictures = replayed(kind(Format::topn), bytes);
    const Replay diffs = replayed(kind(Format::diff), snapshot(10) + bytes);

    CHECK(pictures.book().bids.count() == 1 && pictures.book().state == BookState::unverified);
    CHECK(diffs.book().bids.count() == 2 && diffs.book().state == BookState::synced);
}

// ---- Gaps ---------------------------------------------------------------------------------

void rows_end_at_a_gap_and_resume_at_the_next_join() {
    const std::string bytes = snapshot(10) + diff(11, 12) + diff(15, 16) + diff(17, 18) +
                              snapshot(16) + diff(19, 20) + diff(30, 31);

    Replay replay = replayed({}, bytes);

    CHECK(replay.gaps().size() == 2 && replay.sync().joins == 2);
    const Gap& gap = replay.gaps()[0];
    CHECK(gap.source == "file" && gap.line == 3 && gap.expected == 13 && gap.received == 15);
    CHECK(gap.ts_recv_ns == 1'790'000'016'000'000'000);
    CHECK(replay.gaps()[1].line == 7 && replay.book().state == BookState::gap);
    CHECK(rows(std::move(replay)) == Sequences{12, 18, 20});
}

void a_time_grid_has_no_rows_inside_a_gap() {
    const ReplayOptions seconds =
        options_with([](auto& o) { o.every = {Every::Mode::time, 1, 1'000'000'000}; });

    const std::string bytes = snapshot(10) + diff(11, 12) + diff(13, 14) + diff(17, 18) +
                              diff(19, 20) + snapshot(18) + diff(21, 22);

    const Rows found = replayed(seconds, bytes).take_rows();

    // The snapshot's clock ran backwards: the join is known at second 20, not at 18.
    CHECK(found.sequence == Sequences{12, 12, 14, 14, 14, 14, 20, 20, 22});
    CHECK(found.ts_recv_ns.back() == 1'790'000'022'000'000'000);
    CHECK(found.ts_recv_ns[6] == 1'790'000'020'000'000'000);
}

void a_gap_is_an_error_where_the_caller_is_strict() {
    const ReplayOptions strict = options_with([](auto& o) { o.strict = true; });
    const std::string bytes = snapshot(10) + diff(11, 12) + diff(15, 16);
    try {
        static_cast<void>(replayed(strict, bytes));
        CHECK(false);
    } catch (const GapError& error) {
        CHECK(error.expected == 13 && error.received == 15);
        CHECK(std::string_view(error.what()) ==
              "file line 3: expected update id 13, received 15");
    }
}

void a_recording_that_never_joins_has_no_rows() {
    Replay replay = replayed({}, diff(11, 12) + diff(13, 14));

    CHECK(replay.book().state == BookState::buffering && replay.states() == 0);
    CHECK(rows(std::move(replay)).empty());
}

// ---- Where a replay stops -----------------------------------------------------------------

void a_replay_stops_at_a_time_or_a_sequence() {
    // The second snapshot lies ahead of the deltas and waits: it is no reason to stop.
    const std::string ahead = time_ms(13) + snapshot(20).substr(13);
    const std::string bytes =
        snapshot(10) + diff(11, 12) + ahead + diff(13, 14) + diff(15, 16) + "}";
    const auto stopped = [&](const StopAt& stop) {
        Replay replay(options_with([&](auto& o) { o.stop = stop; }));
        replay.begin("file");
        replay.feed(bytes);
        if (replay.stopped()) replay.end();
        return replay;
    };
    const auto second = [](Sequence id) { return (1'790'000'000 + id) * 1'000'000'000; };

    for (const StopAt& stop :
         {StopAt{second(14), absent}, StopAt{second(15), absent}, StopAt{absent, 14},
          StopAt{absent, 15}, StopAt{second(15), 14}}) {
        Replay replay = stopped(stop);
        CHECK(replay.stopped() && replay.book().sequence == 14);
        CHECK(replay.book().state == BookState::synced);
        CHECK(rows(std::move(replay)) == Sequences{12, 14});
    }
    CHECK(!stopped({second(16), absent}).stopped());
    CHECK(stopped({second(9), absent}).book().state == BookState::empty);
    CHECK(stopped({absent, 11}).book().sequence == 10);
}

}  // namespace

int main() {
    return run_tests({
        one_symbol_needs_no_name,
        mixed_symbols_need_a_choice,
        a_snapshot_without_symbol_is_refused_among_several_symbols,
        a_kind_without_use_is_skipped_whatever_its_symbol,
        bare_futures_depth_that_could_be_either_is_ambiguous,
        spot_depth_is_never_doubted,
        diffs_and_pictures_in_one_recording_need_a_choice,
        pictures_replace_where_diffs_change,
        rows_end_at_a_gap_and_resume_at_the_next_join,
        a_time_grid_has_no_rows_inside_a_gap,
        a_gap_is_an_error_where_the_caller_is_strict,
        a_recording_that_never_joins_has_no_rows,
        a_replay_stops_at_a_time_or_a_sequence,
    });
}
