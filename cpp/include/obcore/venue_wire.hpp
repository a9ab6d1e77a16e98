#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "obcore/binance.hpp"
#include "obcore/bitstamp.hpp"
#include "obcore/bybit.hpp"
#include "obcore/coinbase.hpp"
#include "obcore/deribit.hpp"
#include "obcore/error.hpp"
#include "obcore/frame.hpp"
#include "obcore/json.hpp"
#include "obcore/json_fields.hpp"
#include "obcore/kraken.hpp"
#include "obcore/kraken_v1.hpp"
#include "obcore/okx.hpp"
#include "obcore/relay.hpp"
#include "obcore/tardis_json.hpp"

namespace obcore {

// Whose messages they are.
enum class Wire : std::uint8_t {
    binance_spot,
    binance_futures,
    bybit,
    okx,
    kraken,
    kraken_v1,
    coinbase,
    deribit,
    bitstamp,
    tardis,
    relay,
};

[[nodiscard]] constexpr const char* to_string(Wire wire) noexcept {
    switch (wire) {
        case Wire::binance_spot:
            return "binance_spot";
        case Wire::binance_futures:
            return "binance_futures";
        case Wire::bybit:
            return "bybit";
        case Wire::okx:
            return "okx";
        case Wire::kraken:
            return "kraken";
        case Wire::kraken_v1:
            return "kraken_v1";
        case Wire::coinbase:
            return "coinbase";
        case Wire::deribit:
            return "deribit";
        case Wire::bitstamp:
            return "bitstamp";
        case Wire::tardis:
            return "tardis";
        case Wire::relay:
            return "relay";
    }
    return "?";
}

// Where every message that is lost shows by the ids of the next one of its book. Elsewhere a
// frame that cannot be read leaves the books of its connection in doubt.
[[nodiscard]] constexpr bool has_ids(Wire wire) noexcept {
    return wire == Wire::binance_spot || wire == Wire::binance_futures || wire == Wire::bybit ||
           wire == Wire::okx || wire == Wire::coinbase || wire == Wire::deribit;
}

// What some venues do not say in their messages.
struct WireSettings {
    std::size_t depth = 0;  // that Kraken's books were subscribed with; 0: as the venue tells
    relay::Settings relay;
};

// Decodes the frames of one connection of a venue. Throws DecodeError; the frame is then
// worthless, and nothing else happened.
class WireDecoder {
public:
    explicit WireDecoder(Wire wire, WireSettings settings = {})
        : decoder_(make(wire, std::move(settings))) {}

    void decode(std::string_view json, Grids& grids, Frame& frame) {
        std::visit([&](auto& decoder) { decoder.decode(json, grids, frame); }, decoder_);
    }

    // An answer of REST: the book of one instrument, which it may not name.
    void decode_snapshot(std::string_view json, Grids& grids, Frame& frame) {
        auto* const binance = std::get_if<binance::Decoder>(&decoder_);
        if (binance == nullptr) {
            decode(json, grids, frame);
            return;
        }
        frame.clear();
        if (const Grid* grid = grids.find("")) binance->decode(json, *grid, frame.add());
    }

    // A new connection begins: what was learned of the old one counts no longer.
    void reset() noexcept {  // NOLINT(bugprone-exception-escape): it is never valueless
        std::visit(
            [](auto& decoder) {
                if constexpr (requires { decoder.reset(); }) decoder.reset();
            },
            decoder_);
    }

private:
    using Decoder =
        std::variant<binance::Decoder, bybit::Decoder, okx::Decoder, kraken::Decoder,
                     kraken_v1::Decoder, coinbase::Decoder, deribit::Decoder, bitstamp::Decoder,
                     tardis_json::Decoder, relay::Decoder>;

    [[nodiscard]] static Decoder make(Wire wire, WireSettings settings) {
        switch (wire) {
            case Wire::binance_spot:
            case Wire::binance_futures:
                return binance::Decoder();
            case Wire::bybit:
                return bybit::Decoder();
            case Wire::okx:
                return okx::Decoder();
            case Wire::kraken:
                return kraken::Decoder(settings.depth);
            case Wire::kraken_v1:
                return kraken_v1::Decoder();
            case Wire::coinbase:
                return coinbase::Decoder();
            case Wire::deribit:
                return deribit::Decoder();
            case Wire::bitstamp:
                return bitstamp::Decoder();
            case Wire::tardis:
                return tardis_json::Decoder();
            case Wire::relay:
                return relay::Decoder(std::move(settings.relay));
        }
        throw Error("wire: expected a venue, received another number");
    }

    Decoder decoder_;
};

namespace detail {

// What tells venues apart by the content of one message.
class WireSigns {
public:
    [[nodiscard]] std::optional<Wire> read(std::string_view json) {
        JsonReader reader(json);
        if (reader.peek() == '[') return of_array(reader);
        fields_.read(json);
        return of_object();
    }

private:
    enum class Key : std::uint8_t {
        arg,
        asks,
        bids,
        channel,
        code,
        data,
        event,
        events,
        jsonrpc,
        local_timestamp,
        method,
        microtimestamp,
        op,
        ret_msg,
        success,
        time_in,
        topic,
        type,
        key_count
    };

    // [channelID, payload …, "book-1000", "XBT/USD"]
    [[nodiscard]] static std::optional<Wire> of_array(JsonReader& reader) {
        JsonToken first;
        JsonToken before_last;
        JsonToken last;
        std::size_t count = 0;
        reader.array([&](std::size_t i) {
            before_last = std::exchange(last, reader.value());
            if (i == 0) first = last;
            count = i + 1;
        });
        reader.finish();
        const bool named =
            before_last.is(JsonToken::Type::string) && last.is(JsonToken::Type::string);
        if (count < 4 || !named || !first.is(JsonToken::Type::number)) return std::nullopt;
        return Wire::kraken_v1;
    }

    [[nodiscard]] std::optional<Wire> of_object() const {
        if (is_text(Key::jsonrpc)) return Wire::deribit;
        if (is_text(Key::topic) && is_bybit(fields_.string(Key::topic))) return Wire::bybit;
        if (is_text(Key::op) && is_text(Key::ret_msg)) return Wire::bybit;
        if (fields_[Key::arg].is(JsonToken::Type::object)) return Wire::okx;
        if (is_text(Key::event)) return of_event(fields_.string(Key::event));
        if (is_text(Key::channel)) return of_channel(fields_.string(Key::channel));
        if (is_text(Key::method)) {
            const bool reply = fields_.has(Key::success) || fields_.has(Key::time_in);
            return reply ? std::optional(Wire::kraken) : std::nullopt;
        }
        if (is_text(Key::type) && is_text(Key::local_timestamp)) return Wire::tardis;
        if (fields_.has(Key::microtimestamp) && is_list(Key::bids) && is_list(Key::asks)) {
            return Wire::bitstamp;
        }
        return std::nullopt;
    }

    // "orderbook.200.BTCUSDT"; KuCoin's topics are paths.
    [[nodiscard]] static bool is_bybit(std::string_view topic) noexcept {
        return topic.find('.') != std::string_view::npos &&
               topic.find('/') == std::string_view::npos;
    }

    [[nodiscard]] std::optional<Wire> of_event(std::string_view event) const {
        constexpr std::array<std::string_view, 4> kraken_v1{"heartbeat", "systemStatus",
                                                            "subscriptionStatus", "pong"};
        constexpr std::array<std::string_view, 3> streams{"diff_order_book_", "order_book_",
                                                          "live_"};
        if (event.starts_with("bts:")) return Wire::bitstamp;
        if (is_text(Key::channel)) {
            const std::string_view channel = fields_.string(Key::channel);
            const bool is_stream = std::ranges::any_of(
                streams, [&](std::string_view stream) { return channel.starts_with(stream); });
            return is_stream ? std::optional(Wire::bitstamp) : std::nullopt;
        }
        if (std::ranges::find(kraken_v1, event) != kraken_v1.end()) return Wire::kraken_v1;
        return is_text(Key::code) ? std::optional(Wire::okx) : std::nullopt;
    }

    [[nodiscard]] std::optional<Wire> of_channel(std::string_view channel) const {
        if (is_list(Key::events)) return Wire::coinbase;
        const bool kraken = is_list(Key::data) && is_text(Key::type);
        if (kraken || channel == "heartbeat") return Wire::kraken;
        return std::nullopt;
    }

    [[nodiscard]] bool is_text(Key key) const noexcept {
        return fields_[key].is(JsonToken::Type::string);
    }
    [[nodiscard]] bool is_list(Key key) const noexcept {
        return fields_[key].is(JsonToken::Type::array);
    }

    JsonFields<Key> fields_{{"arg", "asks", "bids", "channel", "code", "data", "event",
                             "events", "jsonrpc", "localTimestamp", "method", "microtimestamp",
                             "op", "ret_msg", "success", "time_in", "topic", "type"}};
};

}  // namespace detail

// Whose message it is, where its content tells. It does not of Binance and of relays.
[[nodiscard]] inline std::optional<Wire> recognise(std::string_view json) {
    try {
        return detail::WireSigns().read(json);
    } catch (const DecodeError&) {
        return std::nullopt;
    }
}

// Whose connection it is, by the host of its address: "wss://ws.okx.com:8443/ws/v5/public".
[[nodiscard]] inline std::optional<Wire> wire_of_address(std::string_view url) {
    struct Host {
        std::string_view name;
        Wire wire;
    };
    constexpr std::array hosts{
        Host{"stream.binance.com", Wire::binance_spot},
        Host{"data-stream.binance.vision", Wire::binance_spot},
        Host{"stream.testnet.binance.vision", Wire::binance_spot},
        Host{"demo-stream.binance.com", Wire::binance_spot},
        Host{"fstream.binance.com", Wire::binance_futures},
        Host{"dstream.binance.com", Wire::binance_futures},
        Host{"fstream.binancefuture.com", Wire::binance_futures},
        Host{"demo-fstream.binance.com", Wire::binance_futures},
        Host{"stream.bybit.com", Wire::bybit},
        Host{"stream-testnet.bybit.com", Wire::bybit},
        Host{"ws.okx.com", Wire::okx},
        Host{"wspap.okx.com", Wire::okx},
        Host{"ws.kraken.com", Wire::kraken_v1},
        Host{"beta-ws.kraken.com", Wire::kraken_v1},
        Host{"advanced-trade-ws.coinbase.com", Wire::coinbase},
        Host{"www.deribit.com", Wire::deribit},
        Host{"test.deribit.com", Wire::deribit},
        Host{"ws.bitstamp.net", Wire::bitstamp},
    };
    const auto scheme = url.find("://");
    if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    const std::string_view name = url.substr(0, url.find_first_of(":/?"));
    const auto* const host = std::ranges::find(hosts, name, &Host::name);
    if (host == hosts.end()) return std::nullopt;
    const auto slash = url.find('/');
    const std::string_view path = slash == std::string_view::npos ? "" : url.substr(slash);
    const bool is_v2 = path == "/v2" || path.starts_with("/v2/") || path.starts_with("/v2?");
    if (host->wire == Wire::kraken_v1 && is_v2) return Wire::kraken;
    return host->wire;
}

}  // namespace obcore
