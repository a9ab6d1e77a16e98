// Any bytes as a recording: only obcore::Error may escape, the book stays whole, and the size
// of the chunks changes nothing.
//
// The first eight bytes choose the options and the chunks, '0' the first of each; the rest is
// the recording. What chooses what: options_of(), and behind it two inputs and the size of the
// chunks.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ladder_check.hpp"
#include "obcore/replay.hpp"

namespace {

using namespace obcore;

constexpr std::size_t choices = 8;

template <typename Value, std::size_t count>
const Value& pick(const std::array<Value, count>& values, std::uint8_t choice) {
    return values[choice % count];
}

std::optional<Grid> grid_of(std::uint8_t choice) {
    if (choice % 4 == 0) return std::nullopt;
    Grid grid{Step::from_text("0.01"), Step::from_text("0.001")};
    if (choice % 4 == 1) grid = {Step::from_text("0.05"), Step::from_text("25e-4")};
    grid.nonpositive_prices = choice % 4 == 2;
    return grid;
}

Every every_of(std::uint8_t choice) {
    using enum Every::Mode;
    // So long that even a jump over two centuries gives few rows.
    constexpr Nanos season = 10'000'000'000'000'000;
    constexpr Nanos century = 4'000'000'000'000'000'000;
    return pick(std::array{Every{event, 1, 0}, Every{event, 3, 0}, Every{time, 1, season},
                           Every{time, 1, century}, Every{trade, 1, 0}},
                choice);
}

ReplayOptions options_of(const std::array<std::uint8_t, choices>& choice) {
    using enum Format;
    ReplayOptions options;
    options.format = pick(
        std::array{automatic, diff, topn, pictures, tardis, research, automatic}, choice[0]);
    options.symbol = pick(std::array<std::string, 3>{"", "btc/usdt", "ETHUSDT"}, choice[1]);
    options.grid = grid_of(choice[2]);
    options.every = every_of(choice[3]);
    options.features.features =
        pick(std::array<std::string, 4>{"collector", "standard", "all", "stateful"}, choice[4]);
    options.features.depth = 1 + choice[4] % 12;
    options.uncross = choice[5] % 2 != 0;
    options.strict = choice[5] % 4 == 3;
    if (choice[5] % 16 == 8) options.stop.sequence = 160;
    if (choice[5] % 16 == 4) options.stop.time = 1'790'000'000'500'000'000;
    return options;
}

// All that a replay leaves behind.
struct Outcome {
    std::string error;
    Rows rows;
    std::vector<Level> bids;
    std::vector<Level> asks;
    BookState state = BookState::empty;
    std::string reason;
    std::int64_t messages = 0;
};

void check(const Replay& replay, const Rows& rows, const ReplayOptions& options) {
    const Book& book = replay.book();
    const std::size_t n = rows.size();
    require(rows.ts_event_ns.size() == n && rows.ts_recv_ns.size() == n);
    require(rows.values.size() == n * replay.engine().size());
    require(book.state != BookState::synced || !book.is_crossed());
    const auto lost = replay.statistics().by_kind[static_cast<std::size_t>(Kind::lost)];
    require(book.state != BookState::stale || book.is_crossed() || lost > 0);
    require(!options.uncross || book.state != BookState::unverified || !book.is_crossed());
    require(!options.grid || book.grid == *options.grid);
    require(replay.states() == 0 || book.state != BookState::empty);
    require(static_cast<std::int64_t>(n) <= replay.states() ||
            options.every.mode != Every::Mode::event);
    const bool repeats = std::ranges::adjacent_find(rows.ts_recv_ns, std::greater_equal{}) !=
                         rows.ts_recv_ns.end();
    require(!repeats || options.every.mode != Every::Mode::time);
}

Outcome replayed(const ReplayOptions& options, std::string_view bytes, std::size_t chunk,
                 std::size_t cut) {
    Replay replay(options);
    Outcome out;
    try {
        for (const std::string_view input : {bytes.substr(0, cut), bytes.substr(cut)}) {
            replay.begin("input");
            for (std::size_t at = 0; at < input.size(); at += chunk) {
                // A copy of its own, so that a view which outlives its chunk is found out.
                const std::string_view part = input.substr(at, chunk);
                replay.feed({std::vector<char>(part.begin(), part.end()).data(), part.size()});
            }
            replay.end();
        }
        replay.finish();
    } catch (const Error& error) {
        out.error = error.what();
    }
    out.rows = replay.take_rows();
    check(replay, out.rows, options);
    out.bids = check_ladder(replay.book().bids);
    out.asks = check_ladder(replay.book().asks);
    out.state = replay.book().state;
    out.reason = replay.book().reason;
    out.messages = replay.statistics().messages;
    return out;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
    return a.size() == b.size() &&
           (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < choices) return 0;
    std::array<std::uint8_t, choices> choice{};
    std::transform(data, data + choices, choice.begin(),
                   [](std::uint8_t byte) { return static_cast<std::uint8_t>(byte - '0'); });
    std::string bytes(size - choices, '\0');
    std::memcpy(bytes.data(), data + choices, bytes.size());
    const ReplayOptions options = options_of(choice);
    const std::size_t cut = choice[7] == 0 ? bytes.size() : bytes.size() * choice[7] / 256;

    const Outcome once = replayed(options, bytes, bytes.size() + 1, cut);
    const Outcome parts = replayed(options, bytes, std::size_t{1} + choice[6], cut);

    require(once.error == parts.error);
    require(once.rows.sequence == parts.rows.sequence &&
            once.rows.ts_event_ns == parts.rows.ts_event_ns &&
            once.rows.ts_recv_ns == parts.rows.ts_recv_ns &&
            same_bits(once.rows.values, parts.rows.values));
    require(once.bids == parts.bids && once.asks == parts.asks);
    require(once.state == parts.state && once.reason == parts.reason);
    require(once.messages == parts.messages);
    return 0;
}
