// Which layout of one side of a book is fastest on a real recording, at real depth.
//
// Build: c++ -std=c++20 -O3 -ffp-contract=off -I cpp/include bench/layouts.cpp -o layouts
// Run:   gzip -dc RECORDING.gz | ./layouts        prints ns a level update, and with a read of
// the first 10 levels of both sides after each message, best of 15 passes each.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <iterator>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "obcore/format.hpp"
#include "obcore/ladder.hpp"
#include "obcore/splitter.hpp"

namespace {

using namespace obcore;

struct Messages {
    std::vector<Event> events;
    std::size_t updates = 0;
};

// The depth events from the first snapshot on, decoded, so that only the book is timed.
Messages read(const std::string& bytes, const Grid& grid) {
    Messages out;
    Splitter splitter;
    FormatDecoder decoder;
    Event event;
    const auto on_message = [&](std::string_view text) {
        if (!decoder.decode(text, grid, event) || !event.is_depth()) return;
        if (out.events.empty() && event.kind != Kind::snapshot) return;
        if (!out.events.empty()) out.updates += event.bids.size() + event.asks.size();
        out.events.push_back(event);
    };
    splitter.feed(bytes, on_message);
    splitter.finish(on_message);
    return out;
}

template <Side side>
class Map {
public:
    void set(Level level) {
        if (level.size == 0) {
            levels_.erase(key(level.price));
        } else {
            levels_[key(level.price)] = level.size;
        }
    }
    std::size_t top(std::span<Level> out) const {
        std::size_t n = 0;
        for (auto it = levels_.begin(); it != levels_.end() && n < out.size(); ++it, ++n) {
            out[n] = {key(it->first), it->second};
        }
        return n;
    }

private:
    static Ticks key(Ticks price) { return side == Side::bid ? -price : price; }
    std::map<Ticks, Lots> levels_;
};

template <Side side>
class SortedVector {  // the best at the back, binary search
public:
    void set(Level level) {
        const Ticks k = key(level.price);
        const auto at = std::lower_bound(levels_.begin(), levels_.end(), k,
                                         [](const Level& l, Ticks x) { return l.price < x; });
        const bool held = at != levels_.end() && at->price == k;
        if (level.size == 0) {
            if (held) levels_.erase(at);
        } else if (held) {
            at->size = level.size;
        } else {
            levels_.insert(at, {k, level.size});
        }
    }
    std::size_t top(std::span<Level> out) const {
        std::size_t n = 0;
        for (auto it = levels_.rbegin(); it != levels_.rend() && n < out.size(); ++it, ++n) {
            out[n] = {key(it->price), it->size};
        }
        return n;
    }

private:
    static Ticks key(Ticks price) { return side == Side::bid ? price : -price; }
    std::vector<Level> levels_;
};

template <typename Bids, typename Asks>
double best_pass(const Messages& messages, bool read_top, long long& checksum) {
    double best = std::numeric_limits<double>::infinity();
    for (int pass = 0; pass < 15; ++pass) {
        Bids bids;
        Asks asks;
        std::vector<Level> top(10);
        long long sum = 0;
        auto start = std::chrono::steady_clock::now();
        for (const Event& event : messages.events) {
            if (event.kind == Kind::snapshot) start = std::chrono::steady_clock::now();
            for (const Level& level : event.bids) bids.set(level);
            for (const Level& level : event.asks) asks.set(level);
            if (!read_top) continue;
            for (std::size_t i = bids.top(top); i > 0; --i) sum += top[i - 1].size;
            for (std::size_t i = asks.top(top); i > 0; --i) sum += top[i - 1].size;
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count());
        for (std::size_t i = bids.top(top); i > 0; --i) sum += top[i - 1].size;
        checksum = sum;
    }
    return best;
}

template <template <Side> class Layout>
void race(const char* name, const Messages& messages) {
    using Bids = Layout<Side::bid>;
    using Asks = Layout<Side::ask>;
    long long applied = 0;
    long long with_top = 0;
    const double apply = best_pass<Bids, Asks>(messages, false, applied);
    const double read = best_pass<Bids, Asks>(messages, true, with_top);
    std::printf("%-28s %8.1f %12.1f   %lld %lld\n", name,
                apply / static_cast<double>(messages.updates) * 1e9,
                read / static_cast<double>(messages.updates) * 1e9, applied, with_top);
}

template <Side side>
using Ring12 = Ladder<side, 1 << 12>;
template <Side side>
using Ring14 = Ladder<side, 1 << 14>;
template <Side side>
using Ring15 = Ladder<side, 1 << 15>;
template <Side side>
using Ring16 = Ladder<side, 1 << 16>;
template <Side side>
using Ring18 = Ladder<side, 1 << 18>;

}  // namespace

int main(int argc, char** argv) {
    const std::string bytes{std::istreambuf_iterator<char>(std::cin), {}};
    const char* tick = argc > 1 ? argv[1] : "0.01";
    const char* lot = argc > 2 ? argv[2] : "0.00000001";
    const Messages messages = read(bytes, {Step::from_text(tick), Step::from_text(lot)});
    std::printf("%zu messages, %zu level updates\n%-28s %8s %12s   checksums\n",
                messages.events.size(), messages.updates, "layout", "ns/upd", "+ top 10");
    race<Ring12>("ladder, ring of 4,096", messages);
    race<Ring14>("ladder, ring of 16,384", messages);
    race<Ring15>("ladder, ring of 32,768", messages);
    race<Ring16>("ladder, ring of 65,536", messages);
    race<Ring18>("ladder, ring of 262,144", messages);
    race<SortedVector>("sorted vector", messages);
    race<Map>("std::map", messages);
}
