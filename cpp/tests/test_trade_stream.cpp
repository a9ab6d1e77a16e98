// Trades that come by one connection or by two: each is news once, and silence is noticed.

#include <cstddef>
#include <optional>

#include "check.hpp"
#include "obcore/trade_stream.hpp"

namespace {

using namespace obcore;

constexpr std::size_t old_one = 3;
constexpr std::size_t new_one = 8;
constexpr Nanos limit = 100;

void every_trade_of_one_connection_is_news() {
    TradeStream trades;
    trades.begin(old_one, 0);

    for (const std::int64_t id : {7, 8, 8, 2}) CHECK(trades.is_news(old_one, id, 1));
    CHECK(trades.is_news(old_one, absent, 1));
}

void of_two_connections_the_first_to_bring_a_trade_tells_it() {
    TradeStream trades;
    trades.begin(old_one, 0);
    CHECK(trades.is_news(old_one, 7, 1));
    trades.begin(new_one, 2);

    CHECK(!trades.is_news(new_one, 7, 3));
    CHECK(trades.is_news(new_one, 8, 3));
    CHECK(!trades.is_news(old_one, 8, 4) && trades.is_news(old_one, 9, 4));

    CHECK(!trades.leave(old_one));  // the other one has brought the same
    CHECK(trades.is_news(new_one, 10, 5));
}

void without_ids_one_connection_is_followed_until_it_goes() {
    TradeStream trades;
    trades.begin(old_one, 0);
    trades.begin(new_one, 0);

    CHECK(trades.is_news(old_one, absent, 1) && !trades.is_news(new_one, absent, 1));
    CHECK(trades.leave(old_one));  // nobody knows whether the other one lacks some
    CHECK(trades.is_news(new_one, absent, 2));
}

void where_the_next_one_fails_nothing_is_missing() {
    TradeStream trades;
    trades.begin(old_one, 0);
    trades.begin(new_one, 0);
    CHECK(trades.is_news(old_one, absent, 1));

    CHECK(!trades.leave(new_one));
    CHECK(trades.is_news(old_one, absent, 2));
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
    CHECK(trades.is_news(old_one, 7, 1));

    CHECK(trades.leave(old_one) && !trades.leave(old_one));
    CHECK(!trades.silent_for(1'000, limit));
    CHECK(!TradeStream().leave(old_one));
}

void silence_is_said_ever_more_rarely_until_the_next_trade() {
    TradeStream trades;
    trades.begin(old_one, 50);

    CHECK(!trades.silent_for(149, limit));
    CHECK(trades.silent_for(150, limit) == 100);
    CHECK(!trades.silent_for(349, limit) && trades.silent_for(350, limit) == 200);
    CHECK(!trades.silent_for(749, limit) && trades.silent_for(750, limit) == 400);

    CHECK(trades.is_news(old_one, 1, 760));
    CHECK(!trades.silent_for(859, limit) && trades.silent_for(860, limit) == 100);
}

}  // namespace

int main() {
    return run_tests({
        every_trade_of_one_connection_is_news,
        of_two_connections_the_first_to_bring_a_trade_tells_it,
        without_ids_one_connection_is_followed_until_it_goes,
        where_the_next_one_fails_nothing_is_missing,
        before_the_first_trade_one_connection_is_as_good_as_the_other,
        trades_that_nobody_brings_may_be_missing,
        silence_is_said_ever_more_rarely_until_the_next_trade,
    });
}
