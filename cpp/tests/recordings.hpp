#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dice.hpp"
#include "obcore/decimal.hpp"
#include "obcore/units.hpp"

// One random market, written down in every format that a replay reads.

// The book at one moment, and what changed since the moment before.
struct Moment {
    std::map<obcore::Ticks, obcore::Lots, std::greater<>> bids;
    std::map<obcore::Ticks, obcore::Lots> asks;
    std::vector<obcore::Level> bid_changes;
    std::vector<obcore::Level> ask_changes;
};

// Ticks of 0.01 and lots of 0.001. The first third of the moments needs no decimals and the
// last one all of them.
inline const obcore::Grid market_grid{obcore::Step::from_text("0.01"),
                                      obcore::Step::from_text("0.001")};

inline std::vector<Moment> random_market(std::uint64_t seed, int moments = 60) {
    Dice dice(seed);
    std::vector<Moment> out;
    Moment now;
    for (int i = 0; i < moments; ++i) {
        const std::int64_t coarse = i < moments / 3 ? 100 : i < 2 * moments / 3 ? 10 : 1;
        now.bid_changes.clear();
        now.ask_changes.clear();
        for (std::int64_t n = i == 0 ? 20 : 1 + dice.below(4); n > 0; --n) {
            const obcore::Ticks away = (1 + dice.below(12)) * coarse;
            const obcore::Lots lots = (1 + dice.below(50)) * (coarse == 1 ? 1 : 10 * coarse);
            const obcore::Lots size = dice.one_in(3) ? 0 : lots;
            if (dice.one_in(2)) {
                now.bid_changes.push_back({50'000 - away, size});
                now.bids[50'000 - away] = size;
            } else {
                now.ask_changes.push_back({50'000 + away, size});
                now.asks[50'000 + away] = size;
            }
        }
        std::erase_if(now.bids, [](const auto& level) { return level.second == 0; });
        std::erase_if(now.asks, [](const auto& level) { return level.second == 0; });
        out.push_back(now);
    }
    return out;
}

namespace recording {

inline std::string price(obcore::Ticks ticks) {
    return to_text(obcore::Int128{ticks}, market_grid.tick);
}
inline std::string size(obcore::Lots lots) {
    return to_text(obcore::Int128{lots}, market_grid.lot);
}

// Milliseconds of a moment; it is received 250 ms later.
inline std::int64_t time_ms(std::size_t i) {
    return 1'790'000'000'000 + 100 * static_cast<std::int64_t>(i);
}
inline std::string receive_ns(std::size_t i) {
    return std::to_string(time_ms(i) + 250) + "000000";
}

// [["500.00","1.000"],…]; the quote is ' in Python.
template <typename Levels>
std::string levels(const Levels& side, const std::string& quote = "\"") {
    std::string out;
    for (const auto& [ticks, lots] : side) {
        out += ",[" + quote + price(ticks) + quote + ", " + quote + size(lots) + quote + "]";
    }
    return "[" + out.substr(out.empty() ? 0 : 1) + "]";
}

// The first moment is a REST snapshot that ends at id 10, moment i a diff that ends at 10 + 2i.
inline std::string binance_json(const Moment& moment, std::size_t i) {
    const std::string last = std::to_string(10 + 2 * i);
    if (i == 0) {
        return "{\"lastUpdateId\":" + last + ",\"bids\":" + levels(moment.bids) +
               ",\"asks\":" + levels(moment.asks) + "}";
    }
    return "{\"e\":\"depthUpdate\",\"E\":" + std::to_string(time_ms(i)) +
           ",\"s\":\"BTCUSDT\",\"U\":" + std::to_string(9 + 2 * i) + ",\"u\":" + last +
           ",\"b\":" + levels(moment.bid_changes) + ",\"a\":" + levels(moment.ask_changes) +
           "}";
}

inline std::string binance_lines(const std::vector<Moment>& market) {
    std::string out;
    for (std::size_t i = 0; i < market.size(); ++i) {
        out += receive_ns(i) + " " + binance_json(market[i], i) + "\n";
    }
    return out;
}

inline std::string binance_array(const std::vector<Moment>& market) {
    std::string out = "[";
    for (std::size_t i = 0; i < market.size(); ++i) {
        out += (i == 0 ? "" : ",\n") + binance_json(market[i], i);
    }
    return out + "]\n";
}

inline std::string tardis_rows(const std::vector<Moment>& market) {
    std::string out =
        "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n";
    for (std::size_t i = 0; i < market.size(); ++i) {
        const std::string start = "binance,BTCUSDT," + std::to_string(time_ms(i)) + "000," +
                                  std::to_string(time_ms(i) + 250) + "000," +
                                  (i == 0 ? "true," : "false,");
        const auto add = [&](const std::string& side, const auto& changed) {
            for (const auto& [ticks, lots] : changed) {
                out += start + side + "," + price(ticks) + "," + size(lots) + "\n";
            }
        };
        add("bid", market[i].bid_changes);
        add("ask", market[i].ask_changes);
    }
    return out;
}

inline std::string research_rows(const std::vector<Moment>& market) {
    std::string out;
    for (std::size_t i = 0; i < market.size(); ++i) {
        const std::string time = std::to_string(time_ms(i));
        out += "depthUpdate," + time + "," + time + ",BTCUSDT,1,2,3,\"" +
               levels(market[i].bids, "'") + "\",\"" + levels(market[i].asks, "'") + "\"\n";
    }
    return out;
}

inline std::string picture_lines(const std::vector<Moment>& market) {
    std::string out;
    for (std::size_t i = 0; i < market.size(); ++i) {
        out += "{\"type\":\"book\",\"symbol\":\"BTCUSDT\",\"timestamp\":" +
               std::to_string(time_ms(i)) + ",\"bids\":" + levels(market[i].bids) +
               ",\"asks\":" + levels(market[i].asks) + "}\n";
    }
    return out;
}

// All of them; the first two prove their book, so that the first moment alone is no state.
inline std::vector<std::string> in_every_format(const std::vector<Moment>& market) {
    return {binance_lines(market), binance_array(market), tardis_rows(market),
            research_rows(market), picture_lines(market)};
}

}  // namespace recording
