#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "obcore/event.hpp"
#include "obcore/frame.hpp"
#include "obcore/json.hpp"
#include "obcore/levels.hpp"
#include "obcore/symbol.hpp"
#include "obcore/verdict.hpp"

// Binance spot, USD-M and COIN-M market streams and REST depth snapshots.
// Documents: binance-spot-api-docs web-socket-streams.md and rest-api.md;
// developers.binance.com, derivatives, "Diff. Book Depth Streams" and "How to manage a local
// order book correctly".
namespace obcore::binance {

// ---- Sequence rules -----------------------------------------------------------------------
// "How to manage a local order book correctly", spot as corrected on 2025-11-12, and USD-M.

// May `next` follow an event that ended at `last`? For a synced book and inside a buffer.
// Where the venue tells its clock alone, nothing that is newer can be seen to leave a hole.
[[nodiscard]] inline Verdict judge(IdRule rule, Sequence last, const Ids& next) noexcept {
    if (next.last < last) return Verdict::skip;
    if (rule == IdRule::clock && next.last > last) return Verdict::apply;
    if (rule == IdRule::binance_futures && next.previous == last) return Verdict::apply;
    if (next.last == last) return Verdict::skip;
    if (rule == IdRule::binance_spot && next.first <= last + 1) return Verdict::apply;
    return Verdict::gap;
}

// May `next` be the first event on top of a snapshot? `resync` where the snapshot is too old.
[[nodiscard]] inline Verdict judge_join(IdRule rule, Sequence snapshot,
                                        const Ids& next) noexcept {
    if (rule == IdRule::binance_spot) {
        if (snapshot == -1) return Verdict::apply;  // a symbol that has never traded
        if (next.last <= snapshot) return Verdict::skip;
        // The published "S within [U, u]" would refuse the perfect join U == S + 1.
        return next.first <= snapshot + 1 ? Verdict::apply : Verdict::resync;
    }
    if (rule == IdRule::clock) return next.last <= snapshot ? Verdict::skip : Verdict::apply;
    if (next.last < snapshot) return Verdict::skip;
    // pu == S without containing S comes on live streams and is free of a gap.
    const bool joins = next.first <= snapshot || next.previous == snapshot;
    return joins ? Verdict::apply : Verdict::resync;
}

// ---- Payloads -----------------------------------------------------------------------------

// Decodes one JSON message, raw or in the combined-stream envelope, in one pass and whatever
// the order of its keys. Throws DecodeError; the event is then worthless, and nothing else
// happened.
class Decoder {
public:
    // What a bare depthUpdate is where no stream name tells diff and partial depth apart.
    enum class BareDepth : std::uint8_t { diff, topn };

    // Numbers of symbols that `filter` does not mean are not read: they lie on other grids.
    explicit Decoder(BareDepth bare_depth = BareDepth::diff, SymbolFilter filter = {})
        : bare_depth_(bare_depth), filter_(std::move(filter)) {}

    void decode(std::string_view json, const Grid& grid, Event& event) {
        event.reset();
        decode_by(OneGrid{grid, filter_}, json, event);
    }

    // The same of a connection that carries many symbols.
    void decode(std::string_view json, Grids& grids, Frame& frame) {
        frame.clear();
        decode_by(ManyGrids{grids}, json, frame.add());
    }

private:
    // Keys that obcore reads. One letter is the venue's own spelling.
    // NOLINTBEGIN(readability-identifier-naming): the venue tells E and e apart
    enum Key : std::uint8_t {
        e,
        E,
        T,
        s,
        U,
        u,
        p,
        q,
        X,
        m,
        t,
        a,
        b,
        A,
        B,
        letter_count,
        pu = letter_count,
        bids,
        asks,
        lastUpdateId,
        symbol,
        stream,
        data,
        result,
        code,
        error,
        key_count
    };
    // NOLINTEND(readability-identifier-naming)
    static constexpr std::array<std::string_view, key_count> names{"e",
                                                                   "E",
                                                                   "T",
                                                                   "s",
                                                                   "U",
                                                                   "u",
                                                                   "p",
                                                                   "q",
                                                                   "X",
                                                                   "m",
                                                                   "t",
                                                                   "a",
                                                                   "b",
                                                                   "A",
                                                                   "B",
                                                                   "pu",
                                                                   "bids",
                                                                   "asks",
                                                                   "lastUpdateId",
                                                                   "symbol",
                                                                   "stream",
                                                                   "data",
                                                                   "result",
                                                                   "code",
                                                                   "error"};
    static constexpr auto letters = [] {
        std::array<Key, 128> table{};
        table.fill(key_count);
        for (std::uint8_t key = 0; key < letter_count; ++key) {
            table[static_cast<unsigned char>(names[key][0])] = static_cast<Key>(key);
        }
        return table;
    }();

    // Where the grid of a message comes from: while it is read, where its symbol may not be
    // known yet, and behind it. Null where the symbol is not meant, or not known.
    struct OneGrid {
        const Grid& grid;
        SymbolFilter& filter;

        [[nodiscard]] const Grid* early(const JsonToken& symbol) const {
            const bool meant =
                filter.any() || (symbol.present() && filter.accepts(symbol.text));
            return meant ? &grid : nullptr;
        }
        [[nodiscard]] const Grid* of(std::string_view symbol) const {
            return symbol.empty() || filter.accepts(symbol) ? &grid : nullptr;
        }
    };
    struct ManyGrids {
        Grids& grids;

        [[nodiscard]] const Grid* early(const JsonToken& symbol) const {
            return symbol.present() ? grids.find(symbol.text) : nullptr;
        }
        [[nodiscard]] const Grid* of(std::string_view symbol) const {
            return symbol.empty() ? nullptr : grids.find(symbol);
        }
    };

    struct Fields {
        std::array<JsonToken, key_count> tokens;
        bool bids_decoded = false;
        bool asks_decoded = false;

        [[nodiscard]] const JsonToken& operator[](Key key) const { return tokens[key]; }
        [[nodiscard]] bool has(Key key) const { return tokens[key].present(); }
    };

    [[nodiscard]] static Key key_of(std::string_view name) noexcept {
        if (name.size() == 1) {
            const auto letter = static_cast<unsigned char>(name[0]);
            return letter < letters.size() ? letters[letter] : key_count;
        }
        // By size and in so many words: a loop would compare by a call for each of them.
        const auto is = [&](Key key) {
            return std::memcmp(name.data(), names[key].data(), names[key].size()) == 0;
        };
        const auto one_of = [&](auto... keys) {
            Key found = key_count;
            static_cast<void>(((is(keys) && (found = keys, true)) || ...));
            return found;
        };
        switch (name.size()) {
            case 2:
                return one_of(pu);
            case 4:
                return one_of(data, bids, asks, code);
            case 5:
                return one_of(error);
            case 6:
                return one_of(stream, symbol, result);
            case 12:
                return one_of(lastUpdateId);
            default:
                return key_count;
        }
    }

    template <typename Source>
    void decode_by(const Source& source, std::string_view json, Event& event) {
        fields_ = {};
        JsonReader reader(json);
        read_message(reader, source, event, false);
        reader.finish();
        interpret(source, event);
    }

    template <typename Source>
    void read_message(JsonReader& reader, const Source& source, Event& event, bool inner) {
        reader.object([&](std::string_view name) {
            const Key key = key_of(name);
            if (key == key_count) {
                static_cast<void>(reader.value());
                return;
            }
            JsonToken& token = fields_.tokens[key];
            if (token.present()) throw DecodeError(name, "this key once", "the key twice");
            if (key == data && !inner && reader.peek() == '{') {
                token.type = JsonToken::Type::object;
                read_message(reader, source, event, true);
                return;
            }
            const Grid* const grid = reader.peek() == '[' && levels_expected(key)
                                         ? source.early(fields_[s])
                                         : nullptr;
            if (grid != nullptr) {
                token.type = JsonToken::Type::array;
                read_side(reader, key, *grid, event);
            } else {
                token = reader.value();
            }
        });
    }

    // Levels are decoded on the way where the kind is known by then, and afterwards where not:
    // in a kind that obcore does not know, the same key may hold anything.
    // Where a symbol is chosen, it must be known by then too.
    [[nodiscard]] bool levels_expected(Key key) const {
        if (key == bids || key == asks) return fields_.has(lastUpdateId);
        return (key == a || key == b) && fields_[e].text == "depthUpdate";
    }

    void read_side(JsonReader& reader, Key key, const Grid& grid, Event& event) {
        const bool bid = key == b || key == bids;
        (bid ? fields_.bids_decoded : fields_.asks_decoded) = true;
        read_levels(reader, names[key], grid, bid ? event.bids : event.asks);
    }

    template <typename Source>
    void interpret(const Source& source, Event& event) {
        event.enveloped = fields_.has(stream);
        const Key symbol_key = fields_.has(s) ? s : symbol;
        if (fields_.has(symbol_key)) {
            event.symbol = to_string_view(fields_[symbol_key], names[symbol_key]);
        }
        if (fields_.has(e)) {
            interpret_named(to_string_view(fields_[e], "e"), source, event);
        } else if (fields_.has(lastUpdateId)) {
            interpret_picture(source, event);
        } else if (fields_.has(b) && fields_.has(B) && fields_.has(a) && fields_.has(A)) {
            interpret_ticker(source, event);  // spot's has neither name nor time
        } else if (fields_.has(result) || fields_.has(code) || fields_.has(error)) {
            skip(Kind::control, "control", event);
        } else if (fields_.has(stream)) {
            skip(Kind::unknown, to_string_view(fields_[stream], "stream"), event);
        } else {
            skip(Kind::unknown, "(no event name)", event);
        }
    }

    template <typename Source>
    void interpret_named(std::string_view name, const Source& source, Event& event) {
        if (name == "depthUpdate") {
            interpret_depth(source, event);
        } else if (name == "trade" || name == "aggTrade") {
            interpret_trade(name == "trade" ? t : a, source, event);
        } else if (name == "bookTicker") {
            interpret_ticker(source, event);
        } else if (name == "serverShutdown") {  // the connection will be closed soon
            skip(Kind::control, name, event);
        } else {
            skip(Kind::unknown, name, event);
        }
    }

    static void skip(Kind kind, std::string_view name, Event& event) {
        event.kind = kind;
        event.name = name;
        event.bids.clear();
        event.asks.clear();
    }

    // Null for a message of a symbol that is not meant: its name is all that is wanted of it.
    template <typename Source>
    [[nodiscard]] static const Grid* grid_of(const Source& source, Event& event) {
        const Grid* const grid = source.of(event.symbol);
        if (grid == nullptr) event.kind = Kind::delta;
        return grid;
    }

    // A diff, or a futures partial depth: the same keys, and only the stream's name tells.
    template <typename Source>
    void interpret_depth(const Source& source, Event& event) {
        const Grid* const grid = grid_of(source, event);
        if (grid == nullptr) return;
        if (fields_[stream].text.find("@rpiDepth") != std::string_view::npos) {
            skip(Kind::unknown, "rpiDepth", event);  // another book: never merged into this one
            return;
        }
        const bool partial = event.enveloped
                                 ? is_partial_depth(to_string_view(fields_[stream], "stream"))
                                 : bare_depth_ == BareDepth::topn;
        event.kind = partial ? Kind::topn : Kind::delta;
        event.rule = fields_.has(pu) ? IdRule::binance_futures : IdRule::binance_spot;
        event.ids.first = to_int64(fields_[U], "U");
        event.ids.last = to_int64(fields_[u], "u");
        if (fields_.has(pu)) event.ids.previous = to_int64(fields_[pu], "pu");
        if (event.ids.first > event.ids.last) {
            throw DecodeError("u", "an id of at least U = " + std::to_string(event.ids.first),
                              std::to_string(event.ids.last));
        }
        static_cast<void>(to_string_view(fields_[s], "s"));
        read_time(fields_.has(T) ? T : E, true, event);
        finish_side(b, *grid, event);
        finish_side(a, *grid, event);
    }

    // A REST snapshot, or spot's partial depth, which only the envelope can carry.
    template <typename Source>
    void interpret_picture(const Source& source, Event& event) {
        if (event.symbol.empty() && event.enveloped) event.symbol = symbol_of_stream();
        const Grid* const grid = grid_of(source, event);
        if (grid == nullptr) return;
        const bool partial = event.enveloped || bare_depth_ == BareDepth::topn;
        event.kind = partial ? Kind::topn : Kind::snapshot;
        event.ids.first = event.ids.last = to_int64(fields_[lastUpdateId], "lastUpdateId");
        const bool futures = fields_.has(T) || fields_.has(E);
        event.rule = futures ? IdRule::binance_futures : IdRule::binance_spot;
        read_time(fields_.has(T) ? T : E, false, event);
        finish_side(bids, *grid, event);
        finish_side(asks, *grid, event);
    }

    void finish_side(Key key, const Grid& grid, Event& event) {
        const bool bid = key == b || key == bids;
        if (bid ? fields_.bids_decoded : fields_.asks_decoded) return;
        const JsonToken& token = fields_[key];
        if (!token.present()) throw DecodeError(names[key], "this key", "a message without it");
        if (!token.is(JsonToken::Type::array)) {
            throw DecodeError(names[key], "an array of levels", token.text);
        }
        JsonReader reader(token.text);
        read_side(reader, key, grid, event);
    }

    template <typename Source>
    void interpret_trade(Key id_key, const Source& source, Event& event) {
        const Grid* const grid = grid_of(source, event);
        if (grid == nullptr) return;
        if (fields_.has(X) && fields_[X].text != "MARKET") {
            skip(Kind::off_book, fields_[X].text, event);
            return;
        }
        event.kind = Kind::trade;
        event.trade.is_aggregate = id_key == a;
        read_time(fields_.has(T) ? T : E, true, event);
        static_cast<void>(to_string_view(fields_[s], "s"));
        event.trade.id = to_int64(fields_[id_key], names[id_key]);
        event.trade.price = decode_price(to_string_view(fields_[p], "p"), *grid, {"p"});
        event.trade.size = decode_size(to_string_view(fields_[q], "q"), *grid, {"q"});
        const JsonToken& maker = fields_[m];
        if (maker.text != "true" && maker.text != "false") {
            throw DecodeError("m", "true or false", maker.present() ? maker.text : "nothing");
        }
        event.trade.taker = maker.text == "true" ? Side::ask : Side::bid;
    }

    template <typename Source>
    void interpret_ticker(const Source& source, Event& event) {
        const Grid* const grid = grid_of(source, event);
        if (grid == nullptr) return;
        event.kind = Kind::bbo;
        event.ids.first = event.ids.last = to_int64(fields_[u], "u");
        read_time(fields_.has(T) ? T : E, false, event);
        read_best(b, B, *grid, event.bids);
        read_best(a, A, *grid, event.asks);
    }

    void read_best(Key price_key, Key size_key, const Grid& grid,
                   std::vector<Level>& out) const {
        Level best;
        best.size = decode_size(to_string_view(fields_[size_key], names[size_key]), grid,
                                {names[size_key]});
        const std::string_view price = to_string_view(fields_[price_key], names[price_key]);
        if (best.size == 0) return;  // an empty side is told as price 0, size 0
        best.price = decode_price(price, grid, {names[price_key]});
        out.push_back(best);
    }

    void read_time(Key key, bool required, Event& event) const {
        if (!required && !fields_.has(key)) return;
        event.ts_event_ns = decode_time(to_int64(fields_[key], names[key]), names[key]);
    }

    // "btcusdt@depth20@100ms" is a partial depth, "btcusdt@depth@100ms" is not.
    [[nodiscard]] static bool is_partial_depth(std::string_view name) {
        constexpr std::string_view mark = "@depth";
        const auto at = name.find(mark);
        if (at == std::string_view::npos) return false;
        const auto next = at + mark.size();
        return next < name.size() && detail::is_digit(name[next]);
    }

    [[nodiscard]] std::string symbol_of_stream() const {
        std::string_view name = to_string_view(fields_[stream], "stream");
        name = name.substr(0, name.find('@'));
        std::string out(name);
        for (char& c : out) {
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        }
        return out;
    }

    BareDepth bare_depth_;
    SymbolFilter filter_;
    Fields fields_;
};

}  // namespace obcore::binance
