// Lines of many venues as a recording: whose they are, several events in one, interruptions.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "obcore/market_address.hpp"
#include "obcore/replay.hpp"

namespace {

using namespace obcore;

using Sequences = std::vector<Sequence>;

constexpr std::size_t whole = std::size_t{1} << 30;

template <typename Change>
ReplayOptions options_with(Change change) {
    ReplayOptions options;
    change(options);
    return options;
}

Replay replayed(const ReplayOptions& options, const std::vector<std::string>& inputs,
                std::size_t chunk = whole) {
    Replay replay(options);
    for (const std::string& input : inputs) {
        replay.begin("file");
        for (std::size_t at = 0; at < input.size(); at += chunk) {
            replay.feed(std::string_view(input).substr(at, chunk));
        }
        replay.end();
    }
    replay.finish();
    return replay;
}

// ---- Messages -----------------------------------------------------------------------------

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string okx_entry(Sequence previous, Sequence id, std::string_view bid) {
    return R"({"asks":[["101","1","0","1"]],"bids":[[)" + quoted(bid) +
           R"(,"1","0","1"]],"ts":"1790000000300","checksum":0,"prevSeqId":)" +
           std::to_string(previous) + ",\"seqId\":" + std::to_string(id) + "}";
}

std::string okx(std::string_view action, std::string_view entries,
                std::string_view symbol = "BTC-USDT") {
    return R"({"arg":{"channel":"books","instId":)" + quoted(symbol) + R"(},"action":)" +
           quoted(action) + ",\"data\":[" + std::string(entries) + "]}";
}

std::string snapshot(Sequence id, std::string_view symbol = "BTC-USDT") {
    return okx("snapshot", okx_entry(-1, id, "99"), symbol);
}
std::string update(Sequence id, std::string_view symbol = "BTC-USDT") {
    return okx("update", okx_entry(id - 1, id, "99"), symbol);
}

// The receive time is the second, and the unit is told by its size.
std::string at(int second) {
    return std::to_string(1'790'000'000 + second);
}
std::string raw(int second, std::string_view json) {
    return at(second) + " " + std::string(json) + "\n";
}
std::string connect(int second, std::string_view name, std::string_view address) {
    return R"({"t":"connect","conn":)" + quoted(name) + ",\"ts\":" + at(second) +
           ",\"addr\":" + quoted(address) + "}\n";
}
std::string received(int second, std::string_view name, std::string_view text) {
    return R"({"t":"recv","conn":)" + quoted(name) + ",\"ts\":" + at(second) +
           ",\"data\":" + quoted(text) + "}\n";
}
std::string asked(int second, std::string_view url, std::string_view text) {
    return R"({"t":"http","conn":"http","ts":)" + at(second) + ",\"url\":" + quoted(url) +
           ",\"data\":" + quoted(text) + "}\n";
}

constexpr std::string_view okx_address = "wss://ws.okx.com:8443/ws/v5/public";
constexpr std::string_view interrupted = R"({"obcore":"interrupted","reason":"a \"queue\""})";

std::string capture_of_okx() {
    return R"({"t":"header","format":2})"
           "\n" +
           connect(0, "OKX.1", okx_address) +
           R"({"t":"send","conn":"OKX.1","ts":1790000000,"addr":"wss://ws.okx.com/","data":"x"})"
           "\n" +
           received(1, "OKX.1", R"({"event":"subscribe","arg":{}})") +
           received(2, "OKX.1", snapshot(10)) + received(3, "OKX.1", update(11)) +
           received(4, "OKX.1", update(12));
}

std::string lines_of_okx() {
    return raw(1, R"({"event":"subscribe","arg":{}})") + raw(2, snapshot(10)) +
           raw(3, update(11)) + raw(4, update(12));
}

// ---- The same events, however they are written ----------------------------------------------

void captures_and_raw_lines_in_chunks_of_any_size_give_the_same_rows() {
    for (const std::string& input : {capture_of_okx(), lines_of_okx()}) {
        for (const std::size_t chunk :
             {std::size_t{1}, std::size_t{3}, std::size_t{64}, whole}) {
            Replay replay = replayed({}, {input}, chunk);
            const Rows rows = replay.take_rows();
            CHECK(rows.sequence == Sequences({10, 11, 12}));
            CHECK(rows.ts_recv_ns.back() == 1'790'000'004'000'000'000);
            CHECK(replay.book().state == BookState::synced && replay.gaps().empty());
            CHECK(replay.symbol() == "BTC-USDT");
        }
    }
    CHECK(replayed({}, {capture_of_okx()}).formats() ==
          std::vector<std::string>{"capture json"});
    CHECK(replayed({}, {lines_of_okx()}).formats() == std::vector<std::string>{"okx json"});
}

void every_event_of_a_line_comes_in_its_order() {
    const std::string two =
        okx("update", okx_entry(10, 11, "99.5") + "," + okx_entry(11, 12, "99.25"));
    Replay replay = replayed({}, {snapshot(10) + "\n" + two + "\n"});
    CHECK(replay.take_rows().sequence == Sequences({10, 11, 12}));

    // A stop within the line leaves the rest of it.
    const ReplayOptions stop = options_with([](auto& o) { o.stop.sequence = 11; });
    const Replay stopped = replayed(stop, {snapshot(10) + "\n" + two + "\n"});
    CHECK(stopped.stopped() && stopped.book().sequence == 11);

    // The second update does not follow the first.
    const std::string hole =
        okx("update", okx_entry(10, 11, "99") + "," + okx_entry(12, 13, "99"));
    const Replay lost = replayed({}, {snapshot(10) + "\n" + hole + "\n"});
    CHECK(lost.states() == 2 && lost.gaps().size() == 1);
    CHECK(lost.gaps()[0].expected == 11 && lost.gaps()[0].received == 12);
    CHECK(lost.gaps()[0].reason == "deltas are missing: expected previous id 11, received 12");
}

// Trades of an input of their own may need a finer grid while events of a line still wait.
void events_that_wait_move_onto_a_finer_grid() {
    const auto replay_with = [&](bool has_trades) {
        bool told = !has_trades;
        ReplayOptions options;
        options.trades = [told]() mutable -> std::optional<TradeInput::Chunk> {
            if (told) return std::nullopt;
            told = true;
            const std::string trade =
                R"({"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[)"
                R"({"instId":"BTC-USDT","px":"99.125","sz":"0.5","side":"buy","ts":"1790000000100"},)"
                R"({"instId":"BTC-USDT","px":"99","sz":"0.25","side":"sell","ts":"1790000000100"}]})";
            return TradeInput::Chunk{"trades", raw(3, trade), true};
        };
        const std::string two =
            okx("update", okx_entry(10, 11, "99.5") + "," + okx_entry(11, 12, "98.5"));
        return replayed(options, {raw(2, snapshot(10)) + raw(4, two)});
    };

    const Replay coarse = replay_with(false);
    const Replay fine = replay_with(true);

    CHECK(coarse.book().grid.tick.decimals == 1 && fine.book().grid.tick.decimals == 3);
    CHECK(fine.book().grid.lot.decimals == 2 && fine.statistics().by_kind[4] == 2);
    CHECK(fine.book().bids.size_at(99'500) == 100 && fine.book().bids.size_at(98'500) == 100);
    CHECK(coarse.book().bids.size_at(985) == 1 && fine.book().bids.count() == 3);
}

// ---- Whose they are -------------------------------------------------------------------------

void one_symbol_of_two_markets_is_never_one_book() {
    constexpr std::string_view linear = "wss://stream.bybit.com/v5/public/linear";
    constexpr std::string_view spot = "wss://stream.bybit.com/v5/public/spot";
    const auto book = [](Sequence u) {
        return R"({"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1790000000000,)"
               R"("data":{"s":"BTCUSDT","b":[["1","1"]],"a":[["2","1"]],"u":)" +
               std::to_string(u) + ",\"seq\":1}}";
    };
    const std::string lines = connect(0, "a", linear) + connect(0, "b", spot) +
                              received(1, "a", book(5)) + received(1, "b", book(7));
    const auto chosen = [&](const std::string& symbol) {
        return replayed(options_with([&](auto& o) { o.symbol = symbol; }), {lines});
    };

    CHECK(chosen("bybit-linear:BTCUSDT").book().sequence == 5);
    CHECK(chosen("Bybit-Spot:btc/usdt").book().sequence == 7);
    CHECK(chosen("bybit-spot:BTCUSDT").statistics().other_symbols == 1);
    CHECK(chosen("okx:BTCUSDT").book().state == BookState::empty);
    const std::string place = "file line 4: symbol: expected bybit-linear:BTCUSDT ";
    CHECK_THROWS(chosen("BTCUSDT"), DecodeError,
                 place + "or bybit-spot:BTCUSDT (--symbol), received BTCUSDT");
    CHECK_THROWS(replayed({}, {lines}), DecodeError,
                 place +
                     "as before (mixed symbols: choose with --symbol), received "
                     "bybit-spot:BTCUSDT");
    // In two inputs they are no more one.
    const std::string first = connect(0, "a", linear) + received(1, "a", book(5));
    const std::string second = connect(0, "b", spot) + received(1, "b", book(7));
    CHECK_THROWS(replayed({}, {first, second}), DecodeError,
                 "file line 2: symbol: expected bybit-linear:BTCUSDT as before (mixed symbols: "
                 "choose with --symbol), received bybit-spot:BTCUSDT");
}

void answers_are_of_the_symbol_in_their_address() {
    const auto diff = [](std::string_view symbol, Sequence id) {
        return R"({"stream":"x@depth","data":{"e":"depthUpdate","E":1790000000000,"s":)" +
               quoted(symbol) + ",\"U\":" + std::to_string(id) +
               ",\"u\":" + std::to_string(id) + R"(,"b":[["1.5","1"]],"a":[]}})";
    };
    constexpr std::string_view book =
        R"({"lastUpdateId":10,"bids":[["1","1"]],"asks":[["2","1"]]})";
    constexpr std::string_view url = "https://api.binance.com/api/v3/depth?limit=5&symbol=";
    const std::string lines =
        asked(0, std::string(url) + "ETHUSDT", R"({"lastUpdateId":99,"bids":[],"asks":[]})") +
        asked(0, std::string(url) + "BTCUSDT", book) +
        asked(0, "https://api.binance.com/api/v3/exchangeInfo", "{}") +
        connect(0, "ws", "wss://stream.binance.com:9443/stream") +
        received(1, "ws", diff("BTCUSDT", 11)) + received(1, "ws", diff("ETHUSDT", 100));

    const Replay replay =
        replayed(options_with([](auto& o) { o.symbol = "BTCUSDT"; }), {lines});

    CHECK(replay.book().state == BookState::synced && replay.book().sequence == 11);
    CHECK(replay.statistics().other_symbols == 2);
    CHECK(replay.statistics().skipped_names.at("api.binance.com/api/v3/exchangeInfo") == 1);
}

void an_address_tells_the_market() {
    const auto market = [](std::string_view url) {
        const auto wire = wire_of_address(url);
        return wire ? market_of_address(*wire, url) : std::string("?");
    };
    CHECK(market("wss://stream.binance.com:9443/ws/x@depth") == "binance");
    CHECK(market("wss://fstream.binance.com/stream") == "binance-futures");
    CHECK(market("wss://dstream.binance.com/ws") == "binance-coin");
    CHECK(market("wss://stream.bybit.com/v5/public/inverse") == "bybit-inverse");
    CHECK(market("wss://stream.bybit.com/v5/private") == "bybit");
    CHECK(market("wss://ws.kraken.com") == "kraken");
    CHECK(market("wss://ws.kraken.com/v2") == "kraken");
    CHECK(market("wss://www.deribit.com/ws/api/v2") == "deribit");
    CHECK(market("wss://example.com") == "?");

    const auto answer = [](std::string_view url) {
        const auto source = source_of_answer(url);
        return source ? std::string(source->market) + ":" + source->symbol : std::string("?");
    };
    CHECK(answer("https://dapi.binance.com/dapi/v1/depth?limit=5&symbol=A") ==
          "binance-coin:A");
    CHECK(answer("https://fapi.binance.com/fapi/v1/depth?symbol=A&limit=5") ==
          "binance-futures:A");
    CHECK(answer("https://www.bitstamp.net/api/v2/order_book/ethusd/") == "bitstamp:ETHUSD");
    for (const std::string_view url :
         {"https://api.binance.com/api/v3/depth",
          "https://api.binance.com/api/v3/depth?symbol=",
          "https://www.bitstamp.net/api/v2/ticker/ethusd", "https://x/depth?symbol=A", ""}) {
        CHECK(answer(url) == "?");
    }
    CHECK(venue_of_symbol("Bybit-Spot:X") == "bybit-spot" && venue_of_symbol("X").empty());
    CHECK(is_market_of("bybit-spot", "bybit") && !is_market_of("binance-coin", "binance"));
}

// ---- Interruptions --------------------------------------------------------------------------

void a_source_s_word_of_a_loss_ends_the_rows_until_the_next_snapshot() {
    const std::string head = lines_of_okx();
    const std::string tail = raw(6, update(13)) + raw(7, snapshot(20)) + raw(8, update(21));
    for (const std::string& loss :
         {std::string("\n"), std::string(interrupted) + "\n", raw(5, interrupted)}) {
        std::string lines = head;
        lines.append(loss).append(tail);
        Replay replay = replayed({}, {lines});
        CHECK(replay.take_rows().sequence == Sequences({10, 11, 12, 20, 21}));
        CHECK(replay.interruptions() == 1 && replay.gaps().empty());
        CHECK(replay.statistics().by_kind[static_cast<std::size_t>(Kind::lost)] == 1);
        CHECK(replay.statistics().skipped_names.size() == 1);  // the acknowledgement
    }
    const Replay ended = replayed({}, {head + raw(5, interrupted)});
    CHECK(ended.book().state == BookState::stale && ended.book().reason == "a \"queue\"");
    const ReplayOptions strict = options_with([](auto& o) { o.strict = true; });
    CHECK_THROWS(replayed(strict, {head + raw(5, interrupted)}), GapError,
                 "file line 5: a \"queue\"");
}

void a_connection_that_begins_again_was_lost() {
    const std::string again = connect(6, "OKX.1", okx_address);
    const std::string tail = received(7, "OKX.1", snapshot(20));

    const Replay stale = replayed({}, {capture_of_okx() + again});
    Replay healed = replayed({}, {capture_of_okx() + again + tail});
    const Replay other = replayed({}, {capture_of_okx() + connect(6, "OKX.2", okx_address)});

    CHECK(stale.book().state == BookState::stale);
    CHECK(stale.book().reason == "OKX.1 connected again");
    CHECK(healed.take_rows().sequence == Sequences({10, 11, 12, 20}));
    CHECK(other.book().state == BookState::synced && other.interruptions() == 0);
}

void a_loss_past_the_stop_leaves_the_book() {
    const ReplayOptions stop =
        options_with([](auto& o) { o.stop.time = 1'790'000'004'500'000'000; });

    const Replay replay = replayed(stop, {lines_of_okx() + raw(5, interrupted)});

    CHECK(replay.stopped() && replay.book().state == BookState::synced);
}

// The connection goes on in the next input, and its numbers with it.
void what_was_learned_of_a_connection_holds_in_the_next_input() {
    const auto message = [](int number, std::string_view type) {
        return R"({"channel":"l2_data","timestamp":"2026-09-21T10:00:00Z","sequence_num":)" +
               std::to_string(number) + R"(,"events":[{"type":)" + quoted(type) +
               R"(,"product_id":"BTC-USD","updates":[{"side":"bid","price_level":"1",)"
               R"("new_quantity":"1"}]}]})"
               "\n";
    };
    const std::string first = message(0, "snapshot");

    CHECK(replayed({}, {first, message(1, "update")}).gaps().empty());
    const Replay lost = replayed({}, {first, message(2, "update")});
    CHECK(lost.gaps().size() == 1 && lost.gaps()[0].expected == 1);
    CHECK(lost.gaps()[0].received == 2 && lost.gaps()[0].line == 1);
    // Behind an interruption it may be another connection, which counts anew.
    const std::string own = std::string(interrupted) + "\n";
    const Replay anew = replayed({}, {first, own + message(0, "snapshot")});
    CHECK(anew.gaps().empty() && anew.states() == 2 && anew.interruptions() == 1);
}

void a_wrong_checksum_is_a_gap_without_ids() {
    const std::string lines =
        R"({"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[],)"
        R"("asks":[{"price":1,"qty":1}],"checksum":7,"timestamp":"2026-09-21T10:00:00Z"}]})"
        "\n";

    const Replay replay = replayed({}, {lines});

    CHECK(replay.gaps().size() == 1 && replay.gaps()[0].expected == absent);
    CHECK(replay.gaps()[0].reason.starts_with("checksum: expected 7, the book has "));
    const ReplayOptions strict = options_with([](auto& o) { o.strict = true; });
    try {
        static_cast<void>(replayed(strict, {lines}));
        CHECK(false);
    } catch (const GapError& error) {
        CHECK(error.expected == absent && error.received == absent);
        CHECK(std::string_view(error.what()).starts_with("file line 1: checksum: expected 7"));
    }
}

}  // namespace

int main() {
    return run_tests({
        captures_and_raw_lines_in_chunks_of_any_size_give_the_same_rows,
        every_event_of_a_line_comes_in_its_order,
        events_that_wait_move_onto_a_finer_grid,
        one_symbol_of_two_markets_is_never_one_book,
        answers_are_of_the_symbol_in_their_address,
        an_address_tells_the_market,
        a_source_s_word_of_a_loss_ends_the_rows_until_the_next_snapshot,
        a_connection_that_begins_again_was_lost,
        a_loss_past_the_stop_leaves_the_book,
        what_was_learned_of_a_connection_holds_in_the_next_input,
        a_wrong_checksum_is_a_gap_without_ids,
    });
}
