// Any bytes as the frames of a live connection: nothing may escape, books stay whole, and a
// book that says SYNCED is not crossed.
//
// The first byte chooses the venue, '0' the first of them, and the second the policy of the
// listener; each line of the rest is a frame, or behind an '@' the answer to a request for a
// snapshot.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "ladder_check.hpp"
#include "obcore/feed_state.hpp"

namespace {

using namespace obcore;

constexpr std::size_t choices = 2;
constexpr Nanos start = 1'790'000'000'000'000'000;
constexpr std::size_t capacity = 8;

FeatureOptions features() {
    FeatureOptions options;
    options.features = "spread, obi_5, ofi, oi";
    return options;
}

void check(const FeedBook& kept) {
    const Book& book = kept.book();
    require(book.state != BookState::synced || !book.is_crossed());
    require(!book.reason.empty());
    check_ladder(book.bids);
    check_ladder(book.asks);
    for (const double value : kept.values()) require(kept.is_trusted() || value != value);
}

void drain(FeedState::Listener& listener) {
    while (!listener.queue.is_empty()) {
        const FeedEvent& event = listener.queue.take();
        require(event.kind != FeedEvent::Kind::update || is_trusted(event.state));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < choices) return 0;
    const auto choice = [&](std::size_t i) { return static_cast<std::uint8_t>(data[i] - '0'); };
    const auto wire = static_cast<Wire>(choice(0) % (static_cast<int>(Wire::relay) + 1));
    const auto policy = static_cast<EventQueue::Policy>(choice(1) % 4);
    const std::string bytes(reinterpret_cast<const char*>(data) + choices, size - choices);

    FeedState feed({});
    const std::size_t connection = feed.add_connection(wire, {});
    for (const char* const symbol :
         {"BTCUSDT", "BTC-USDT", "BTC/USD", "BTC-USD", "BTC-PERPETUAL", "BTCUSD", "ETHUSDT"}) {
        const std::size_t book = feed.add_book(symbol, std::nullopt, features(), false);
        feed.subscribe(connection, symbol, book, true, start);
    }
    const auto listener = feed.listen(policy, capacity, true);

    Nanos now = start;
    std::string_view rest = bytes;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        now += 1'000'000;
        // A copy of its own, so that a view which outlives its frame is found out.
        const bool is_answer = line.starts_with('@');
        const std::string_view text = line.substr(is_answer ? 1 : 0);
        const auto frame = std::make_unique<char[]>(text.size());  // NOLINT: no terminator
        text.copy(frame.get(), text.size());
        const std::string_view copy(frame.get(), text.size());
        if (is_answer) {
            try {
                FeedSignals signals;
                static_cast<void>(feed.on_snapshot(0, wire, copy, now, signals));
            } catch (const Error&) {  // it is no snapshot
            }
        } else {
            static_cast<void>(feed.on_frame(connection, copy, now));
        }
        if (policy == EventQueue::Policy::block) {
            drain(*listener);
        } else {
            require(listener->queue.size() <= capacity);
        }
        static_cast<void>(feed.take_wants());
    }
    static_cast<void>(feed.check(now + 100'000'000'000));
    static_cast<void>(feed.disconnect(connection, "the end", now));
    drain(*listener);
    for (std::size_t i = 0; i < feed.book_count(); ++i) check(feed.book(i));
    return 0;
}
