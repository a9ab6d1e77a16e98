#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "obcore/event.hpp"
#include "obcore/units.hpp"

namespace obcore {

// What a recording was seen to hold. Bounded: names of unknown kinds past the limit share a
// row.
struct Statistics {
    static constexpr std::size_t kinds = 9;
    static constexpr std::size_t max_names = 64;

    struct Clock {
        Nanos first = absent;
        Nanos last = absent;
        std::int64_t regressions = 0;  // times that ran backwards

        void see(Nanos time) {
            if (time == absent) return;
            if (first == absent) first = time;
            if (last != absent && time < last) ++regressions;
            last = std::max(last, time);
        }
    };

    std::int64_t bytes = 0;
    std::int64_t messages = 0;
    std::array<std::int64_t, kinds> by_kind{};
    std::map<std::string, std::int64_t> skipped_names;  // kinds that obcore has no use for
    std::int64_t other_symbols = 0;
    std::int64_t ignored_depth = 0;    // depth of the kind that --kind did not choose
    std::int64_t ignored_trades = 0;   // told twice, or replaced by inputs of trades alone
    std::int64_t repeated_prices = 0;  // snapshots in parts that told one price twice
    std::int64_t levels = 0;
    Clock recv;
    Clock event;
    Clock trade;  // the venue's, of trades
    // Lower envelope of receive − venue time: the clock offset plus the fastest way here.
    Nanos min_latency_ns = absent;
    Nanos max_latency_ns = absent;

    void see(const Event& seen) {
        ++messages;
        ++by_kind[static_cast<std::size_t>(seen.kind)];
        repeated_prices += seen.repeats_price;
        if (seen.is_depth()) {
            levels += static_cast<std::int64_t>(seen.bids.size() + seen.asks.size());
        }
        if (!seen.name.empty()) {
            const bool room =
                skipped_names.size() < max_names || skipped_names.contains(seen.name);
            ++skipped_names[room ? seen.name : "(other)"];
        }
        recv.see(seen.ts_recv_ns);
        if (seen.kind == Kind::trade) trade.see(seen.ts_event_ns);
        // A snapshot that was asked for is ahead of the stream that it joins.
        if (seen.ts_event_ns == absent || seen.kind == Kind::snapshot) return;
        if (seen.is_depth()) event.see(seen.ts_event_ns);
        if (seen.ts_recv_ns == absent) return;
        Nanos latency = 0;
        if (__builtin_sub_overflow(seen.ts_recv_ns, seen.ts_event_ns, &latency)) return;
        min_latency_ns = min_latency_ns == absent ? latency : std::min(min_latency_ns, latency);
        max_latency_ns = std::max(max_latency_ns, latency);
    }
};

}  // namespace obcore
