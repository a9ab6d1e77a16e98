#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "obcore/venue_wire.hpp"

// Whose a connection or an answer of REST is, by its address, and what obcore calls the market:
// "bybit-linear", as in "bybit-linear:BTCUSDT".
namespace obcore {

namespace detail {

[[nodiscard]] inline std::string_view without_scheme(std::string_view url) noexcept {
    const auto scheme = url.find("://");
    if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    return url;
}

// Without its port and its query.
[[nodiscard]] inline std::string_view host_of(std::string_view url) noexcept {
    url = without_scheme(url);
    return url.substr(0, url.find_first_of(":/?"));
}
[[nodiscard]] inline std::string_view path_of(std::string_view url) noexcept {
    url = without_scheme(url);
    url = url.substr(0, url.find('?'));
    const auto slash = url.find('/');
    return slash == std::string_view::npos ? "" : url.substr(slash);
}

// "NKNUSDT" of "…/depth?symbol=NKNUSDT&limit=1000"; empty where there is none.
[[nodiscard]] inline std::string_view symbol_of_query(std::string_view url) noexcept {
    constexpr std::string_view key = "symbol=";
    const auto query = url.find('?');
    if (query == std::string_view::npos) return "";
    for (std::string_view rest = url.substr(query + 1); !rest.empty();) {
        const auto end = std::min(rest.find('&'), rest.size());
        if (rest.starts_with(key)) return rest.substr(key.size(), end - key.size());
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return "";
}

[[nodiscard]] inline std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return out;
}

}  // namespace detail

// The venue in front of a symbol, in lower case: "bybit-linear" of "bybit-linear:BTCUSDT".
[[nodiscard]] inline std::string venue_of_symbol(std::string_view symbol) {
    const auto colon = symbol.find(':');
    std::string out(colon == std::string_view::npos ? "" : symbol.substr(0, colon));
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

// Whether a market is of a venue that was asked for: itself or, for a venue of several, all of
// them. Empty: any.
[[nodiscard]] inline bool is_market_of(std::string_view market, std::string_view venue) {
    constexpr std::string_view bybit = "bybit";
    return venue.empty() || market == venue || (venue == bybit && market.starts_with(bybit));
}

// What a venue is called where an address does not tell its markets apart.
[[nodiscard]] constexpr std::string_view venue_of(Wire wire) noexcept {
    switch (wire) {
        case Wire::binance_spot:
            return "binance";
        case Wire::binance_futures:
            return "binance-futures";
        case Wire::kraken_v1:
            return "kraken";
        default:
            return to_string(wire);
    }
}

// What the market of a connection is called, given whose it is.
[[nodiscard]] inline std::string market_of_address(Wire wire, std::string_view url) {
    if (wire == Wire::binance_futures && detail::host_of(url).starts_with("dstream")) {
        return "binance-coin";
    }
    std::string market(venue_of(wire));
    constexpr std::string_view product = "/v5/public/";
    const std::string_view path = detail::path_of(url);
    if (wire == Wire::bybit && path.starts_with(product)) {
        const std::string_view rest = path.substr(product.size());
        market += '-';
        market += rest.substr(0, rest.find('/'));
    }
    return market;
}

// A snapshot that was asked for: which book it is of.
struct AnswerSource {
    Wire wire = Wire::binance_spot;
    std::string_view market;
    std::string symbol;
};

// Nothing where the address is not that of an order book which a stream has to be joined to.
[[nodiscard]] inline std::optional<AnswerSource> source_of_answer(std::string_view url) {
    struct Host {
        std::string_view name;
        Wire wire;
        std::string_view market;
    };
    constexpr std::array hosts{
        Host{"api.binance.com", Wire::binance_spot, "binance"},
        Host{"api-gcp.binance.com", Wire::binance_spot, "binance"},
        Host{"api1.binance.com", Wire::binance_spot, "binance"},
        Host{"api2.binance.com", Wire::binance_spot, "binance"},
        Host{"api3.binance.com", Wire::binance_spot, "binance"},
        Host{"api4.binance.com", Wire::binance_spot, "binance"},
        Host{"data-api.binance.vision", Wire::binance_spot, "binance"},
        Host{"testnet.binance.vision", Wire::binance_spot, "binance"},
        Host{"demo-api.binance.com", Wire::binance_spot, "binance"},
        Host{"fapi.binance.com", Wire::binance_futures, "binance-futures"},
        Host{"testnet.binancefuture.com", Wire::binance_futures, "binance-futures"},
        Host{"demo-fapi.binance.com", Wire::binance_futures, "binance-futures"},
        Host{"dapi.binance.com", Wire::binance_futures, "binance-coin"},
        Host{"www.bitstamp.net", Wire::bitstamp, "bitstamp"},
    };
    const auto* const host = std::ranges::find(hosts, detail::host_of(url), &Host::name);
    if (host == hosts.end()) return std::nullopt;
    AnswerSource source{host->wire, host->market, {}};
    std::string_view path = detail::path_of(url);
    if (source.wire == Wire::bitstamp) {
        constexpr std::string_view books = "/order_book/";
        const auto at = path.find(books);
        if (at == std::string_view::npos) return std::nullopt;
        path.remove_prefix(at + books.size());
        source.symbol = detail::upper(path.substr(0, path.find('/')));
    } else if (path.ends_with("/depth")) {
        source.symbol = detail::symbol_of_query(url);
    }
    if (source.symbol.empty()) return std::nullopt;
    return source;
}

}  // namespace obcore
