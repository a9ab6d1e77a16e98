// The trades of a live feed: told beside the book, once each, and what may be missing is told
// too.

#include <cstddef>
#include <cstdint>
#include <string>

#include "check.hpp"
#include "feed_by_hand.hpp"

namespace {

using namespace obcore;
using namespace obcore::by_hand;

std::string trade(std::int64_t id, const std::string& symbol = "BTCUSDT") {
    return R"({"e":"trade","E":1790000000131,"s":")" + symbol + R"(","t":)" +
           std::to_string(id) + R"(,"p":"100","q":"5","T":1790000000130,"m":true,"M":true})";
}

// The same books, and a connection that brings trades of the first alone.
struct TradesFeed : SpotFeed {
    std::size_t trades = add_trades();

    std::size_t add_trades() {
        const std::size_t added = add_connection(Wire::binance_spot);
        state.subscribe(added, "BTCUSDT", 0, false, start);
        return added;
    }
};

void trades_are_told_beside_updates_also_of_a_book_that_is_not_in_sync() {
    TradesFeed feed;

    feed.give(feed.trades, trade(7));
    feed.btc(20, 21, "");
    feed.give(feed.trades, trade(8));

    CHECK(feed.told() == Texts{"0 trade 100 5 sold", "0 gap 11 20", "0 trade 100 5 sold"});
    CHECK(feed.state.book(0).counters().trades == 2);
}

void when_their_connection_goes_trades_are_lost_and_the_book_is_not() {
    TradesFeed feed;

    feed.state.disconnect(feed.trades, "gone", feed.now);

    CHECK(feed.told() == Texts{"0 trades lost disconnected: gone"});
    CHECK(feed.state.book(0).counters().trades_lost == 1);
    CHECK(feed.state_of(0) == BookState::synced && feed.wanted().empty());
}

void while_two_connections_bring_them_each_trade_is_told_once() {
    TradesFeed feed;
    const std::size_t next = feed.add_trades();

    feed.give(feed.trades, trade(7));
    feed.give(next, trade(7));
    feed.give(next, trade(8));
    feed.give(feed.trades, trade(8));
    feed.state.disconnect(feed.trades, "replaced", feed.now);
    feed.give(next, trade(9));

    CHECK(feed.told() == Texts(3, "0 trade 100 5 sold"));
}

void a_frame_that_cannot_be_read_may_have_been_a_trade() {
    TradesFeed feed;

    CHECK(feed.give(feed.trades, R"({"e":"trade","s":"BTC)").malformed);

    const Texts told = feed.told();
    CHECK(told.size() == 1);
    CHECK(told[0].starts_with("0 trades lost a frame could not be read: "));
    feed.give(feed.connection, spot("BTCUSDT", 11, 11, R"(["x","1"])"));  // brings no trades
    CHECK(feed.told().empty());
}

void a_connection_that_counts_its_messages_tells_that_trades_are_missing() {
    Feed feed;
    const std::size_t coinbase = feed.add_connection(Wire::coinbase);
    const std::size_t book = feed.add_book("BTC-USD");
    feed.state.subscribe(coinbase, "BTC-USD", book, false, start);
    const auto heartbeat = [&](int sequence) {
        return R"({"channel":"heartbeats","client_id":"","timestamp":"2026-09-21T14:13:20Z",)"
               R"("sequence_num":)" +
               std::to_string(sequence) + R"(,"events":[]})";
    };

    feed.give(coinbase, heartbeat(0));
    feed.give(coinbase, heartbeat(1));
    CHECK(feed.told().empty());
    feed.give(coinbase, heartbeat(3));

    CHECK(feed.told() == Texts{"0 trades lost messages of the connection are missing"});
}

void trades_that_fall_silent_are_subscribed_to_again() {
    TradesFeed feed;
    feed.give(feed.trades, trade(7));
    static_cast<void>(feed.told());
    const Nanos silent = feed.now + 120 * second;
    feed.now = silent - second;
    const Nanos told_at = start + 119 * second;  // by the venue: nothing is late
    feed.btc(11, 11, "", "", told_at);
    feed.give(feed.connection, spot("ETHUSDT", 11, 11, "", "", told_at));
    static_cast<void>(feed.told());

    feed.state.check(silent - 1);
    CHECK(feed.told().empty() && feed.wanted().empty());
    CHECK(feed.state.check(silent).wants);

    CHECK(feed.told() == Texts{"0 trades lost no trade in 120 s"});
    CHECK(feed.wanted() == Texts{"0 trades"} && feed.state_of(0) == BookState::synced);
    feed.state.resubscribed_to_trades(0, silent + second);
    feed.give(feed.trades, trade(8));
    CHECK(feed.told() == Texts{"0 trade 100 5 sold"});
}

}  // namespace

int main() {
    return run_tests({
        trades_are_told_beside_updates_also_of_a_book_that_is_not_in_sync,
        when_their_connection_goes_trades_are_lost_and_the_book_is_not,
        while_two_connections_bring_them_each_trade_is_told_once,
        a_frame_that_cannot_be_read_may_have_been_a_trade,
        a_connection_that_counts_its_messages_tells_that_trades_are_missing,
        trades_that_fall_silent_are_subscribed_to_again,
    });
}
