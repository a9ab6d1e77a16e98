#pragma once

// A feed of several books and connections, driven by hand: frames in, events and wishes out.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"
#include "obcore/checksum.hpp"
#include "obcore/feed_state.hpp"

namespace obcore::by_hand {

using Levels = std::vector<Level>;
using Texts = std::vector<std::string>;
using Want = Synchronizer::Want;

inline constexpr Nanos ms = 1'000'000;
inline constexpr Nanos second = 1'000 * ms;
inline constexpr Nanos start = 1'790'000'000 * second;

// ---- Frames ---------------------------------------------------------------------------------

// A delta of spot; its levels are written as in JSON: ["100","1"],["99","0"].
inline std::string spot(const std::string& symbol, Sequence first, Sequence last,
                        const std::string& bids, const std::string& asks = "",
                        Nanos ts_event_ns = start) {
    return R"({"e":"depthUpdate","E":)" + std::to_string(ts_event_ns / ms) + R"(,"s":")" +
           symbol + R"(","U":)" + std::to_string(first) + R"(,"u":)" + std::to_string(last) +
           R"(,"b":[)" + bids + R"(],"a":[)" + asks + "]}";
}

inline std::string spot_snapshot(Sequence id, const std::string& bids,
                                 const std::string& asks) {
    return R"({"lastUpdateId":)" + std::to_string(id) + R"(,"bids":[)" + bids +
           R"(],"asks":[)" + asks + "]}";
}

inline std::string bybit_book(const std::string& symbol, const std::string& type, Sequence id,
                              const std::string& bids, const std::string& asks = "") {
    return R"({"topic":"orderbook.50.)" + symbol + R"(","type":")" + type +
           R"(","ts":1790000000000,"data":{"s":")" + symbol + R"(","b":[)" + bids +
           R"(],"a":[)" + asks + R"(],"u":)" + std::to_string(id) +
           R"(,"seq":1},"cts":1790000000000})";
}

// The book of Kraken as the venue has it: one decimal of price, eight of size.
class KrakenBook {
public:
    explicit KrakenBook(std::string symbol) : symbol_(std::move(symbol)) {
        book_.grid = {Step::from_text("0.1"), Step::from_text("0.00000001")};
    }

    std::string snapshot(const Levels& bids, const Levels& asks) {
        book_.replace(bids, asks);
        return frame("snapshot", bids, asks);
    }
    std::string update(const Levels& bids, const Levels& asks) {
        book_.update(bids, asks);
        return frame("update", bids, asks);
    }

private:
    [[nodiscard]] std::string frame(const std::string& type, const Levels& bids,
                                    const Levels& asks) const {
        return R"({"channel":"book","type":")" + type + R"(","data":[{"symbol":")" + symbol_ +
               R"(","bids":)" + side(bids) + R"(,"asks":)" + side(asks) + R"(,"checksum":)" +
               std::to_string(checksum_of(book_, Checksum::Rule::kraken)) +
               R"(,"timestamp":"2026-09-21T14:13:20.000000Z"}]})";
    }
    [[nodiscard]] std::string side(const Levels& levels) const {
        std::string out;
        for (const auto& [price, size] : levels) {
            out += (out.empty() ? "" : ",") + std::string(R"({"price":)") +
                   to_text(price, book_.grid.tick) + R"(,"qty":)" +
                   to_text(size, book_.grid.lot) + "}";
        }
        return "[" + out + "]";
    }

    std::string symbol_;
    Book book_;
};

// ---- A feed and what it tells

inline std::string text(double value) {
    std::string out = std::to_string(value);
    out.erase(out.find_last_not_of('0') + 1);
    if (out.back() == '.') out.pop_back();
    return out;
}

// "0 update 105", "1 gap 19 22", "0 stale why".
inline std::string text(const FeedEvent& event) {
    using Kind = FeedEvent::Kind;
    const std::string book = std::to_string(event.book) + " ";
    switch (event.kind) {
        case Kind::update:
            return book + "update " + std::to_string(event.sequence);
        case Kind::trade:
            return book + "trade " + text(event.price) + " " + text(event.size) +
                   (event.taker == Side::bid ? " bought" : " sold");
        case Kind::gap:
            return book + "gap " + std::to_string(event.expected) + " " +
                   std::to_string(event.received);
        case Kind::resynced:
            return book + "resynced";
        case Kind::stale:
            return book + "stale " + event.reason;
        case Kind::disconnected:
            return book + "disconnected " + event.reason;
        case Kind::instrument:
            return book + "instrument " + event.reason;
        case Kind::trades_lost:
            return book + "trades lost " + event.reason;
    }
    return "?";
}

struct Feed {
    FeedState state{FeedState::Limits{}};
    std::shared_ptr<FeedState::Listener> listener =
        state.listen(EventQueue::Policy::drop_oldest, 4'096, true);
    Nanos now = start + 10 * ms;

    std::size_t add_book(const std::string& name, std::optional<Grid> grid = {}) {
        return state.add_book(name, grid, std::nullopt, false);
    }
    std::size_t add_connection(Wire wire, std::size_t depth = 0) {
        return state.add_connection(wire, {.depth = depth, .relay = {}});
    }

    FeedSignals give(std::size_t connection, const std::string& frame) {
        return state.on_frame(connection, frame, now);
    }
    Verdict answer(std::size_t book, const std::string& snapshot) {
        FeedSignals signals;
        return state.on_snapshot(book, Wire::binance_spot, snapshot, now, signals);
    }

    // What happened since the last look.
    [[nodiscard]] Texts told() const {
        Texts out;
        while (!listener->queue.is_empty()) out.push_back(text(listener->queue.take()));
        return out;
    }
    // What is wanted since the last look: "0 snapshot".
    Texts wanted() {
        Texts out;
        for (const auto& [book, want, of_trades] : state.take_wants()) {
            const char* const word = of_trades                      ? "trades"
                                     : want == Want::snapshot       ? "snapshot"
                                     : want == Want::refresh        ? "refresh"
                                     : want == Want::resubscription ? "resubscription"
                                                                    : "nothing";
            out.push_back(std::to_string(book) + " " + word);
        }
        return out;
    }
    [[nodiscard]] BookState state_of(std::size_t book) const {
        return state.book(book).book().state;
    }
};

inline const std::string bids = R"(["100","1"],["99","2"])";
inline const std::string asks = R"(["101","1"],["102","2"])";

// Books 0 and 1 on a connection of Binance, in sync at 10, with nothing left to be told.
struct SpotFeed : Feed {
    std::size_t connection = add_connection(Wire::binance_spot);

    SpotFeed() {
        for (const char* symbol : {"BTCUSDT", "ETHUSDT"}) {
            const std::size_t book = add_book(symbol);
            state.subscribe(connection, symbol, book, true, start);
            give(connection, spot(symbol, 9, 10, ""));
            CHECK(answer(book, spot_snapshot(9, bids, asks)) == Verdict::apply);
        }
        CHECK(wanted() == Texts{"0 snapshot", "1 snapshot"});
        CHECK(told() == Texts{"0 resynced", "0 update 10", "1 resynced", "1 update 10"});
    }

    FeedSignals btc(Sequence first, Sequence last, const std::string& its_bids,
                    const std::string& its_asks = "", Nanos ts_event_ns = start) {
        return give(connection, spot("BTCUSDT", first, last, its_bids, its_asks, ts_event_ns));
    }
};

}  // namespace obcore::by_hand
