#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dice.hpp"
#include "recordings.hpp"

// Recordings with everything in them that may go wrong on the way.

inline std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        out.emplace_back(text.substr(at, end - at + 1));
        at = end + 1;
    }
    return out;
}

inline std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) out += line;
    return out;
}

// Some lines are missing, come twice, or change places, and a source says that it was cut off.
inline std::vector<std::string> with_losses(const std::vector<std::string>& lines, Dice& dice) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0 && dice.one_in(15)) continue;
        out.push_back(lines[i]);
        if (dice.one_in(15)) out.push_back(lines[i]);
        if (dice.one_in(10)) out.push_back(lines[0]);  // the snapshot again
        if (out.size() > 1 && dice.one_in(15)) std::swap(out.back(), out[out.size() - 2]);
        if (dice.one_in(25))
            out.emplace_back("{\"obcore\":\"interrupted\",\"reason\":\"test\"}\n");
    }
    return out;
}

inline std::vector<std::vector<std::string>> streams(std::uint64_t seed) {
    std::vector<std::vector<std::string>> out;
    const std::vector<Moment> market = random_market(seed);
    Dice dice(seed);
    for (const std::string& bytes :
         {recording::binance_lines(market), recording::tardis_rows(market),
          recording::research_rows(market), recording::picture_lines(market)}) {
        out.push_back(lines_of(bytes));
    }
    const std::vector<std::string> binance = lines_of(recording::binance_lines(market));
    for (int i = 0; i < 4; ++i) out.push_back(with_losses(binance, dice));
    return out;
}
