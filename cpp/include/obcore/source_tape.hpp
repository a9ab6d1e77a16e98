#pragma once

#include <optional>

#include "obcore/trade_flow.hpp"
#include "obcore/units.hpp"

namespace obcore {

// The article's tape, for mode "source": all trades of one time and side are one, buyers first,
// and complete once the time is over.
class SourceTape {
public:
    void add(const TimedTrade& trade) {
        std::optional<TimedTrade>& open = trade.trade.taker == Side::bid ? buy_ : sell_;
        if (open) {
            open->trade.size += trade.trade.size;
        } else {
            open = trade;
        }
    }

    // Hands over what is earlier than `next`.
    template <typename Take>
    void close(Nanos next, Take&& take) {
        for (std::optional<TimedTrade>* open : {&buy_, &sell_}) {
            if (!*open || (*open)->times.best() >= next) continue;
            take(**open);
            open->reset();
        }
    }

private:
    std::optional<TimedTrade> buy_;
    std::optional<TimedTrade> sell_;
};

}  // namespace obcore
