// Trades that come by one connection or by two: each is news once, and silence is noticed.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "check.hpp"
#include "obcore/trade_stream.hpp"

namespace {

using namespace obcore;

constexpr std::size_t old_one = 3;
constexpr std::size_t new_one = 8;
constexpr Nanos limit = 100;

Trade trade(std::int64_t id, bool is_aggregate = false) {
    return {.price = 100, .size = 1, .id = id, .is_aggregate = is_aggregate};
}

void every_trade_of_one_connection_is_news() {
    TradeStream trades;
    trades.begin(old_one, 0);

    for (const std::int64_t id : {7, 8, 8, 2}) CHECK(trades.is_news(old_one, trade(id), 1));
    CHECK(trades.is_news(old_one, trade(absent), 1));
}

void of_two_connections_the_first_to_bring_a_trade_tells_it() {
    TradeStream trades;
    trades.begin(old_one, 0);
    CHECK(trades.is_news(old_one, trade(7), 1));
    trades.begin(new_one, 2);

    CHECK(!trades.is_news(new_one, trade(7), 3));
    CHECK(trades.is_news(new_one, trade(8), 3));
    CHECK(!trades.is_news(old_one, trade(8), 4) && trades.is_news(old_one, trade(9), 4));

    CHECK(!trades.leave(old_one));  // the other one has brought the same
    CHECK(trades.is_news(new_one, trade(10), 5));
}

void trades_and_aggregates_on_connections_of_their_own_have_ids_of_their_own() {
    TradeStream trades;
    trades.begin(old_one, 0);
    trades.begin(new_one, 0);

    CHECK(trades.is_news(old_one, trade(900), 1));
    CHECK(trades.is_news(new_one, trade(7, true), 2));
    CHECK(trades.is_news(old_one, trade(901), 3));
    CHECK(!trades.is_news(old_one, trade(7, true), 4));
}

void without_ids_one_connection_is_followed_until_it_goes() {
    TradeStream trades;
    trades.begin(old_one, 0);
    trades.begin(new_one, 0);

    CHECK(trades.is_news(old_one, trade(absent), 1) &&
          !trades.is_news(new_one, trade(absent), 1));
    CHECK(trades.leave(old_one));  // nobody knows whether the other one lacks some
    CHECK(trades.is_news(new_one, trade(absent), 2));
}

void where_the_next_one_fails_nothing_is_missing() {
    TradeStream trades;
    trades.begin(old_one, 0);
    trades.begin(new_one, 0);
    CHECK(trades.is_news(old_one, trade(absent), 1));

    CHECK(!trades.leave(new_one));
    CHECK(trades.is_news(old_one, trade(absent), 2));
}

void before_the_first_trade_one_connection_is_as_good_as_the_other() {
    TradeStream trades;
    trades.begin(old_one, 0);
    trades.begin(new_one, 0);

    CHECK(!trades.leave(old_one));
}

void trades_that_nobody_brings_may_be_missing() {
    TradeStream trades;
    trades.begin(old_one, 0);
    CHECK(trades.is_news(old_one, trade(7), 1));

    CHECK(trades.leave(old_one) && !trades.leave(old_one));
    CHECK(!trades.notice_silence(1'000, limit));
    CHECK(!TradeStream().leave(old_one));
}

void silence_is_said_ever_more_rarely_until_the_next_trade() {
    TradeStream trades;
    trades.begin(old_one, 50);

    CHECK(!trades.notice_silence(149, limit));
    CHECK(trades.notice_silence(150, limit) == 100);
    CHECK(!trades.notice_silence(349, limit) && trades.notice_silence(350, limit) == 200);
    CHECK(!trades.notice_silence(749, limit) && trades.notice_silence(750, limit) == 400);

    CHECK(trades.is_news(old_one, trade(1), 760));
    CHECK(!trades.notice_silence(859, limit) && trades.notice_silence(860, limit) == 100);
}

}  // namespace

int main() {
    return run_tests({
        every_trade_of_one_connection_is_news,
        of_two_connections_the_first_to_bring_a_trade_tells_it,
        trades_and_aggregates_on_connections_of_their_own_have_ids_of_their_own,
        without_ids_one_connection_is_followed_until_it_goes,
        where_the_next_one_fails_nothing_is_missing,
        before_the_first_trade_one_connection_is_as_good_as_the_other,
        trades_that_nobody_brings_may_be_missing,
        silence_is_said_ever_more_rarely_until_the_next_trade,
    });
}
