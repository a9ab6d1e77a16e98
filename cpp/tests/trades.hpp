#pragma once

#include "dice.hpp"
#include "obcore/trade_flow.hpp"

// Trades for tests: one by hand, or any around a time, with clocks that may be absent.

namespace obcore {

inline TimedTrade trade_at(Times times, Ticks price = 100, Side taker = Side::bid,
                           Lots size = 1) {
    TimedTrade out;
    out.trade.price = price;
    out.trade.size = size;
    out.trade.taker = taker;
    out.times = times;
    return out;
}

inline Times random_times(Dice& dice, Nanos now) {
    Times times{now + dice.around(3), now + dice.around(2)};
    if (dice.one_in(6)) times.ts_event_ns = absent;
    if (dice.one_in(6) && times.ts_event_ns != absent) times.ts_recv_ns = absent;
    return times;
}

inline TimedTrade random_trade(Dice& dice, Nanos now) {
    return trade_at(random_times(dice, now), 1'000 + dice.around(50),
                    dice.one_in(2) ? Side::bid : Side::ask, 1 + dice.below(100));
}

}  // namespace obcore
