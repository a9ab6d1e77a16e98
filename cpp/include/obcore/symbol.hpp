#pragma once

#include <string>
#include <string_view>

namespace obcore {

// "BTC/USDT", "BTC-USDT", "btcusdt" and "binance:BTCUSDT" name what the venue calls "BTCUSDT".
[[nodiscard]] inline std::string normalised_symbol(std::string_view symbol) {
    symbol.remove_prefix(symbol.find(':') + 1);  // npos + 1 is 0
    std::string out;
    for (const char c : symbol) {
        if (c == '/' || c == '-') continue;
        out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return out;
}

// Which symbol is meant, asked for every row of a file of many: the last answer is kept.
class SymbolFilter {
public:
    SymbolFilter() = default;
    // Empty: every symbol is meant.
    explicit SymbolFilter(std::string_view wanted) : wanted_(normalised_symbol(wanted)) {}

    [[nodiscard]] bool any() const noexcept { return wanted_.empty(); }

    [[nodiscard]] bool accepts(std::string_view symbol) {
        if (any()) return true;
        if (symbol != last_) {
            last_ = symbol;
            last_accepted_ = normalised_symbol(symbol) == wanted_;
        }
        return last_accepted_;
    }

private:
    std::string wanted_;
    std::string last_;
    bool last_accepted_ = false;
};

}  // namespace obcore
