// Fixed work on a fixed recording, whose instructions bench/instructions.py counts.
//
// Run:   gzip -dc RECORDING.gz | instructions WORKLOAD     or instructions WORKLOAD FILE
//        instructions --workloads     instructions --compiler
// prints how many messages, levels or vectors the workload saw. Only what measured() runs is
// meant; reading the recording and all that is made of it before is not.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "obcore/book.hpp"
#include "obcore/error.hpp"
#include "obcore/feature_engine.hpp"
#include "obcore/feature_set.hpp"
#include "obcore/format.hpp"
#include "obcore/replay.hpp"
#include "obcore/shared_top.hpp"
#include "obcore/splitter.hpp"

// The gate: callgrind counts from its entry to its return (--toggle-collect=measured). Weak, so
// that the compiler neither inlines it nor makes a clone of another name.
extern "C" [[gnu::weak]] void measured(const std::function<void()>& work) {
    work();
}

namespace obcore::bench {
namespace {

constexpr Grid grid{.tick = {1, 2, 2}, .lot = {1, 3, 3}};  // 0.01 and 0.001
constexpr std::size_t chunk = std::size_t{1} << 20;        // as obcore.Recording reads

// Calls on_event for each event of `text`.
template <typename OnEvent>
void decode_all(std::string_view text, Event& event, OnEvent&& on_event) {
    Splitter splitter;
    FormatDecoder decoder;
    const auto on_message = [&](std::string_view message) {
        if (decoder.decode(message, grid, event)) on_event();
    };
    splitter.feed(text, on_message);
    splitter.finish(on_message);
    if (decoder.finish(event)) on_event();
}

std::int64_t count_events(std::string_view text) {
    Event event;
    std::int64_t events = 0;
    measured([&] { decode_all(text, event, [&] { ++events; }); });
    return events;
}

struct Depth {
    Event snapshot;
    std::vector<Event> deltas;
};

Depth depth_of(std::string_view recording) {
    Depth out;
    Event event;
    decode_all(recording, event, [&] {
        if (event.kind == Kind::snapshot) out.snapshot = event;
        if (event.kind == Kind::delta) out.deltas.push_back(event);
    });
    return out;
}

Book book_at_start(const Depth& depth) {
    Book book;
    book.grid = grid;
    book.replace(depth.snapshot.bids, depth.snapshot.asks);
    return book;
}

Book book_at_end(std::string_view recording) {
    const Depth depth = depth_of(recording);
    Book book = book_at_start(depth);
    for (const Event& delta : depth.deltas) book.update(delta.bids, delta.asks);
    return book;
}

// The depth of a recording as Tardis would have written it.
std::string as_tardis(std::string_view recording) {
    std::string out =
        "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n";
    const auto add = [&](const Event& event, std::string_view side,
                         const std::vector<Level>& levels) {
        std::string start = "binance-futures,ETHUSDT,";
        start.append(std::to_string(event.ts_event_ns / 1'000)).append(",");
        start.append(std::to_string(event.ts_recv_ns / 1'000));
        start.append(event.kind == Kind::snapshot ? ",true," : ",false,").append(side);
        for (const auto& [ticks, lots] : levels) {
            out.append(start).append(",").append(to_text(Int128{ticks}, grid.tick));
            out.append(",").append(to_text(Int128{lots}, grid.lot)).append("\n");
        }
    };
    const auto add_both = [&](const Event& event) {
        add(event, "bid", event.bids);
        add(event, "ask", event.asks);
    };
    const Depth depth = depth_of(recording);
    add_both(depth.snapshot);
    for (const Event& delta : depth.deltas) add_both(delta);
    return out;
}

// ---- Workloads ------------------------------------------------------------------------------

std::int64_t decode_json(std::string_view recording) {
    return count_events(recording);
}

std::int64_t decode_tardis(std::string_view recording) {
    return count_events(as_tardis(recording));
}

std::int64_t apply_deltas(std::string_view recording) {
    const Depth depth = depth_of(recording);
    Book book = book_at_start(depth);
    std::int64_t levels = 0;
    measured([&] {
        for (const Event& delta : depth.deltas) {
            book.update(delta.bids, delta.asks);
            levels += static_cast<std::int64_t>(delta.bids.size() + delta.asks.size());
        }
    });
    return book.bids.empty() || book.asks.empty() ? 0 : levels;
}

std::int64_t read_ten_levels(std::string_view recording) {
    const Book book = book_at_end(recording);
    std::vector<Level> bids(10);
    std::vector<Level> asks(10);
    std::size_t levels = 0;
    measured([&] { levels = book.bids.top(bids) + book.asks.top(asks); });
    return static_cast<std::int64_t>(levels);
}

std::int64_t standard_vector(std::string_view recording) {
    const Book book = book_at_end(recording);
    FeatureSet features("standard");
    std::vector<double> values(features.size());
    measured([&] { features.compute(book, values); });
    return values.front() > 0 ? static_cast<std::int64_t>(values.size()) : 0;
}

std::int64_t publish_top(std::string_view recording) {
    const Book book = book_at_end(recording);
    SharedTop<> shared;
    measured([&] { shared.publish(book); });
    return static_cast<std::int64_t>(shared.read().bids().size());
}

std::int64_t replay(std::string_view recording, const char* features) {
    ReplayOptions options;
    options.features.features = features;
    options.grid = grid;
    Replay replay(std::move(options));
    std::size_t rows = 0;
    measured([&] {
        replay.begin("recording");
        for (std::size_t at = 0; at < recording.size(); at += chunk) {
            replay.feed(recording.substr(at, chunk));
            rows += replay.take_rows().size();
        }
        replay.end();
        replay.finish();
        rows += replay.take_rows().size();
    });
    return static_cast<std::int64_t>(rows);
}

std::int64_t replay_standard(std::string_view recording) {
    return replay(recording, "standard");
}

std::int64_t replay_all(std::string_view recording) {
    return replay(recording, "all");
}

std::int64_t replay_stateful(std::string_view recording) {
    return replay(recording, "stateful");
}

struct Workload {
    std::string_view name;
    std::int64_t (*run)(std::string_view recording);
};

constexpr auto workloads = std::to_array<Workload>({
    {"decode_json", decode_json},
    {"decode_tardis", decode_tardis},
    {"apply_deltas", apply_deltas},
    {"read_ten_levels", read_ten_levels},
    {"publish_top", publish_top},
    {"standard_vector", standard_vector},
    {"replay_standard", replay_standard},
    {"replay_all", replay_all},
    {"replay_stateful", replay_stateful},
});

// ---- The program ----------------------------------------------------------------------------

std::string compiler() {
#if defined(__clang__)
    return "clang " + std::to_string(__clang_major__) + '.' + std::to_string(__clang_minor__) +
           '.' + std::to_string(__clang_patchlevel__);
#elif defined(__GNUC__)
    return "gcc " + std::to_string(__GNUC__) + '.' + std::to_string(__GNUC_MINOR__) + '.' +
           std::to_string(__GNUC_PATCHLEVEL__);
#else
    return "unknown compiler";
#endif
}

std::string read(std::istream& in) {
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::int64_t run(std::string_view name, const std::string& recording) {
    for (const Workload& workload : workloads) {
        if (workload.name != name) continue;
        const std::int64_t seen = workload.run(recording);
        if (seen == 0) throw Error("recording: expected snapshot and deltas, received none");
        return seen;
    }
    throw Error("workload: expected one that --workloads lists, received " + std::string(name));
}

int obey(const std::vector<std::string>& arguments) {
    if (arguments.empty() || arguments.size() > 2) {
        throw Error("expected WORKLOAD [FILE], --workloads or --compiler");
    }
    if (arguments.front() == "--compiler") {
        std::puts(compiler().c_str());
    } else if (arguments.front() == "--workloads") {
        for (const Workload& workload : workloads) std::puts(workload.name.data());
    } else {
        std::ifstream file;
        if (arguments.size() == 2) file.open(arguments.back(), std::ios::binary);
        const std::string recording = read(arguments.size() == 2 ? file : std::cin);
        std::printf("%lld\n", static_cast<long long>(run(arguments.front(), recording)));
    }
    return 0;
}

}  // namespace
}  // namespace obcore::bench

int main(int count, char** arguments) {
    try {
        return obcore::bench::obey({arguments + 1, arguments + count});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
