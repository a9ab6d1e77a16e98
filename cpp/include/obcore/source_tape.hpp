#pragma once

#include <optional>

#include "obcore/error.hpp"
#include "obcore/trade_flow.hpp"
#include "obcore/units.hpp"

namespace obcore {

// The article's tape, for mode "source": all trades of one time and side are one, buyers first,
// and complete once the time is over.
class SourceTape {
public:
    void add(const TimedTrade& trade) {
        std::optional<Merged>& open = trade.trade.taker == Side::bid ? buy_ : sell_;
        if (!open) {
            open = {trade, trade};
            return;
        }
        open->last = trade;
        Lots& size = open->whole.trade.size;
        if (__builtin_add_overflow(size, trade.trade.size, &size)) {
            throw DecodeError("trade", "a sum of sizes that fits int64 lots", "more");
        }
    }

    // Hands over what is earlier than `next`: all of it as one, and its last part.
    template <typename Take>
    void close(Nanos next, Take&& take) {
        for (std::optional<Merged>* open : {&buy_, &sell_}) {
            if (!*open || (*open)->whole.times.best() >= next) continue;
            take((*open)->whole, (*open)->last);
            open->reset();
        }
    }

    void rescale(const Rescale& factors) {
        for (std::optional<Merged>* open : {&buy_, &sell_}) {
            if (!*open) continue;
            obcore::rescale((*open)->whole.trade, factors);
            obcore::rescale((*open)->last.trade, factors);
        }
    }

private:
    struct Merged {
        TimedTrade whole;
        TimedTrade last;
    };

    std::optional<Merged> buy_;
    std::optional<Merged> sell_;
};

}  // namespace obcore
