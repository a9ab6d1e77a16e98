"""What each venue is sent and how its answers are read, by the shapes of its documents."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from obcore.book import FeedState
from obcore.ingest.connection import Connection, Route
from obcore.ingest.feed import Feed
from obcore.ingest.secret import Secret
from obcore.ingest.venue import Control, Request, Say, Stream
from obcore.ingest.venues import VENUES, relay, tardis_live, tardis_replay

if TYPE_CHECKING:
    from obcore.ingest.venue import Venue

HOUSE = relay("house", "wss://relay.example/feed", path="/v1", depth=50)
MACHINE = tardis_live()
ALL = {**VENUES, "house": HOUSE, "tardis": MACHINE}

NOTHING = Control(Say.NOTHING)


def streams_of(venue: Venue, *symbols: str) -> list[Stream]:
    return [
        Stream(symbol, channel) for symbol in symbols for channel in (venue.depth, venue.trades)
    ]


def read(messages: list[str]) -> list[Any]:
    return [json.loads(message) for message in messages]


# ---- Addresses ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "symbol", "address"),
    [
        ("binance", "BTCUSDT", "wss://stream.binance.com:9443/stream"),
        ("binance-futures", "BTCUSDT", "wss://fstream.binance.com/public/stream"),
        ("binance-coin", "BTCUSD_PERP", "wss://dstream.binance.com/stream"),
        ("bybit-spot", "BTCUSDT", "wss://stream.bybit.com/v5/public/spot"),
        ("bybit-linear", "BTCUSDT", "wss://stream.bybit.com/v5/public/linear"),
        ("bybit-inverse", "BTCUSD", "wss://stream.bybit.com/v5/public/inverse"),
        ("bybit-option", "BTC-26SEP26-90000-C", "wss://stream.bybit.com/v5/public/option"),
        ("okx", "BTC-USDT-SWAP", "wss://ws.okx.com:8443/ws/v5/public"),
        ("kraken", "BTC/USD", "wss://ws.kraken.com/v2"),
        ("coinbase", "BTC-USD", "wss://advanced-trade-ws.coinbase.com"),
        ("deribit", "BTC-PERPETUAL", "wss://www.deribit.com/ws/api/v2"),
        ("bitstamp", "btcusd", "wss://ws.bitstamp.net"),
        ("house", "BTC", "wss://relay.example/feed/v1"),
    ],
)
def test_a_stream_of_depth_is_at_the_documents_address(
    name: str, symbol: str, address: str
) -> None:
    venue = ALL[name]

    assert venue.websocket + venue.path(Stream(symbol, venue.depth)) == address


def test_every_venue_is_known_by_its_own_name() -> None:
    assert {name: venue.name for name, venue in VENUES.items()} == {
        name: name for name in VENUES
    }


# ---- What begins and ends streams ---------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "symbol", "said"),
    [
        (
            "binance",
            "BTCUSDT",
            [
                {
                    "method": "SUBSCRIBE",
                    "params": ["btcusdt@depth@100ms", "btcusdt@trade"],
                    "id": 7,
                }
            ],
        ),
        (
            "binance-futures",
            "BTCUSDT",
            [
                {
                    "method": "SUBSCRIBE",
                    "params": ["btcusdt@depth@100ms", "btcusdt@aggTrade"],
                    "id": 7,
                }
            ],
        ),
        (
            "bybit-linear",
            "BTCUSDT",
            [
                {
                    "req_id": "7",
                    "op": "subscribe",
                    "args": ["orderbook.200.BTCUSDT", "publicTrade.BTCUSDT"],
                }
            ],
        ),
        (
            "bybit-option",
            "BTC-26SEP26-90000-C",
            [
                {
                    "req_id": "7",
                    "op": "subscribe",
                    "args": [
                        "orderbook.100.BTC-26SEP26-90000-C",
                        "publicTrade.BTC-26SEP26-90000-C",
                    ],
                }
            ],
        ),
        (
            "okx",
            "BTC-USDT-SWAP",
            [
                {
                    "id": "7",
                    "op": "subscribe",
                    "args": [
                        {"channel": "books", "instId": "BTC-USDT-SWAP"},
                        {"channel": "trades", "instId": "BTC-USDT-SWAP"},
                    ],
                }
            ],
        ),
        (
            "kraken",
            "BTC/USD",
            [
                {
                    "method": "subscribe",
                    "params": {
                        "channel": "book",
                        "symbol": ["BTC/USD"],
                        "depth": 100,
                        "snapshot": True,
                    },
                    "req_id": 7,
                },
                {
                    "method": "subscribe",
                    "params": {"channel": "trade", "symbol": ["BTC/USD"], "snapshot": False},
                    "req_id": 7,
                },
            ],
        ),
        (
            "coinbase",
            "BTC-USD",
            [
                {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": "level2"},
                {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": "market_trades"},
                {"type": "subscribe", "channel": "heartbeats"},
            ],
        ),
        (
            "deribit",
            "BTC-PERPETUAL",
            [
                {
                    "jsonrpc": "2.0",
                    "id": 7,
                    "method": "public/subscribe",
                    "params": {
                        "channels": ["book.BTC-PERPETUAL.100ms", "trades.BTC-PERPETUAL.100ms"]
                    },
                }
            ],
        ),
        (
            "bitstamp",
            "BTCUSD",
            [
                {"event": "bts:subscribe", "data": {"channel": "diff_order_book_btcusd"}},
                {"event": "bts:subscribe", "data": {"channel": "live_trades_btcusd"}},
            ],
        ),
        ("tardis", "binance:BTCUSDT", []),  # its address says it all
    ],
)
def test_a_subscription_is_the_documents_message(
    name: str, symbol: str, said: list[Any]
) -> None:
    venue = ALL[name]

    assert read(venue.subscribe(streams_of(venue, symbol), 7)) == said


@pytest.mark.parametrize(
    ("name", "symbol", "said"),
    [
        (
            "binance",
            "BTCUSDT",
            [{"method": "UNSUBSCRIBE", "params": ["btcusdt@depth@100ms"], "id": 8}],
        ),
        (
            "bybit-spot",
            "BTCUSDT",
            [{"req_id": "8", "op": "unsubscribe", "args": ["orderbook.200.BTCUSDT"]}],
        ),
        (
            "okx",
            "BTC-USDT",
            [
                {
                    "id": "8",
                    "op": "unsubscribe",
                    "args": [{"channel": "books", "instId": "BTC-USDT"}],
                }
            ],
        ),
        (
            "kraken",
            "BTC/USD",
            [
                {
                    "method": "unsubscribe",
                    "params": {"channel": "book", "symbol": ["BTC/USD"], "depth": 100},
                    "req_id": 8,
                }
            ],
        ),
        (
            "coinbase",
            "BTC-USD",  # the heartbeats go on
            [{"type": "unsubscribe", "product_ids": ["BTC-USD"], "channel": "level2"}],
        ),
        (
            "deribit",
            "BTC-PERPETUAL",
            [
                {
                    "jsonrpc": "2.0",
                    "id": 8,
                    "method": "public/unsubscribe",
                    "params": {"channels": ["book.BTC-PERPETUAL.100ms"]},
                }
            ],
        ),
        (
            "bitstamp",
            "btcusd",
            [{"event": "bts:unsubscribe", "data": {"channel": "diff_order_book_btcusd"}}],
        ),
        ("house", "BTC", [{"type": "unsubscribe", "symbols": ["BTC"]}]),
        ("tardis", "binance:BTCUSDT", []),
    ],
)
def test_to_end_a_stream_names_it_as_its_subscription_did(
    name: str, symbol: str, said: list[Any]
) -> None:
    venue = ALL[name]

    assert read(venue.unsubscribe([Stream(symbol, venue.depth)], 8)) == said


def test_many_symbols_are_one_message_for_each_channel_of_kraken() -> None:
    kraken = VENUES["kraken"]

    said = read(kraken.subscribe(streams_of(kraken, "BTC/USD", "ETH/USD", "SOL/USD"), 1))

    assert [(m["params"]["channel"], m["params"]["symbol"]) for m in said] == [
        ("book", ["BTC/USD", "ETH/USD", "SOL/USD"]),
        ("trade", ["BTC/USD", "ETH/USD", "SOL/USD"]),
    ]


def test_the_depth_that_kraken_is_asked_for_is_where_its_books_are_cut() -> None:
    kraken = VENUES["kraken"]

    [said] = read(kraken.subscribe([Stream("BTC/USD", "book")], 1))

    assert said["params"]["depth"] == kraken.depth_levels
    assert kraken.depth_levels in {10, 25, 100, 500, 1000}


def test_a_grouped_book_of_deribit_has_its_instrument_in_the_middle() -> None:
    [said] = read(
        VENUES["deribit"].subscribe([Stream("ETH-PERPETUAL", "book.none.10.100ms")], 1)
    )

    assert said["params"]["channels"] == ["book.ETH-PERPETUAL.none.10.100ms"]


def test_a_relay_is_asked_for_symbols_and_a_depth() -> None:
    said = read(HOUSE.subscribe([Stream("BTC", "orderbook"), Stream("ETH", "orderbook")], 1))

    assert said == [{"type": "subscribe", "symbols": ["BTC", "ETH"], "depth": 50}]


def test_a_symbol_that_is_not_ascii_is_asked_for_too() -> None:
    [said] = read(VENUES["binance"].subscribe([Stream("测试USDT", "trade")], 1))

    assert said["params"] == ["测试usdt@trade"]


# ---- Names --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ALL))
def test_depth_brings_the_book_and_trades_do_not(name: str) -> None:
    venue = ALL[name]

    assert venue.has_depth(venue.channel("depth"))
    assert not venue.has_depth(venue.channel("trades"))
    assert not venue.from_ticker(venue.channel("depth"))


@pytest.mark.parametrize(
    ("name", "channel", "depth"),
    [
        ("binance", "depth20@100ms", True),
        ("binance", "bookTicker", True),
        ("binance", "kline_1m", False),
        ("binance-futures", "aggTrade", False),
        ("bybit-linear", "orderbook.1", True),
        ("bybit-linear", "tickers", False),
        ("okx", "books5", True),
        ("okx", "bbo-tbt", True),
        ("okx", "trades-all", False),
        ("deribit", "book.none.10.100ms", True),
        ("deribit", "ticker.100ms", False),
        ("bitstamp", "order_book", True),
        ("coinbase", "ticker", False),
        ("tardis", "book_snapshot_5_0ms", True),
    ],
)
def test_a_venues_own_channels_are_told_apart(name: str, channel: str, depth: bool) -> None:
    venue = ALL[name]

    assert venue.channel(channel) == channel
    assert venue.has_depth(channel) is depth


def test_only_the_book_ticker_of_binance_is_the_best_bid_and_offer_alone() -> None:
    for name in ("binance", "binance-futures", "binance-coin"):
        assert VENUES[name].from_ticker("bookTicker")
        assert not VENUES[name].from_ticker("depth5")


@pytest.mark.parametrize(
    ("name", "symbol", "spelled"),
    [
        ("bitstamp", "btcusd", "BTCUSD"),
        ("tardis", "binance-futures:BTCUSDT", "BTCUSDT"),
        ("kraken", "BTC/USD", "BTC/USD"),
        ("binance", "BTCUSDT", "BTCUSDT"),
    ],
)
def test_frames_spell_a_symbol_in_their_own_way(name: str, symbol: str, spelled: str) -> None:
    assert ALL[name].symbol_on_wire(symbol) == spelled


# ---- Snapshots ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "symbol", "address", "query", "weight"),
    [
        (
            "binance",
            "BTCUSDT",
            "https://api.binance.com/api/v3/depth",
            {"symbol": "BTCUSDT", "limit": "1000"},
            50,
        ),
        (
            "binance-futures",
            "BTCUSDT",
            "https://fapi.binance.com/fapi/v1/depth",
            {"symbol": "BTCUSDT", "limit": "1000"},
            20,
        ),
        (
            "binance-coin",
            "BTCUSD_PERP",
            "https://dapi.binance.com/dapi/v1/depth",
            {"symbol": "BTCUSD_PERP", "limit": "1000"},
            20,
        ),
        ("bitstamp", "BTCUSD", "https://www.bitstamp.net/api/v2/order_book/btcusd", {}, 1),
    ],
)
def test_a_snapshot_is_asked_for_where_the_documents_say(
    name: str, symbol: str, address: str, query: dict[str, str], weight: int
) -> None:
    venue = VENUES[name]
    assert venue.snapshot is not None

    request = venue.snapshot(symbol)

    assert venue.rest + request.path == address
    assert request == Request(request.path, query, weight)


@pytest.mark.parametrize(
    ("name", "snapshots"), [("binance", 120), ("binance-futures", 120), ("binance-coin", 120)]
)
def test_the_budget_of_a_minute_is_so_many_snapshots(name: str, snapshots: int) -> None:
    venue = VENUES[name]
    assert venue.snapshot is not None

    assert venue.limits.weight_a_minute // venue.snapshot("BTCUSDT").weight == snapshots


@pytest.mark.parametrize(
    "name", sorted(set(ALL) - {"binance", "binance-futures", "binance-coin", "bitstamp"})
)
def test_elsewhere_books_begin_in_the_stream(name: str) -> None:
    assert ALL[name].snapshot is None
    assert not ALL[name].rest


# ---- Answers ------------------------------------------------------------------------------

ANSWERS: list[tuple[str, Any, Control]] = [
    # Binance
    ("binance", {"result": None, "id": 7}, Control(Say.ACCEPTED, request="7")),
    (
        "binance",
        {"code": 2, "msg": "Invalid request: unknown variant", "id": 7},
        Control(Say.REFUSED, "2: Invalid request: unknown variant", "7"),
    ),
    ("binance", {"code": 3, "msg": "Invalid JSON"}, Control(Say.REFUSED, "3: Invalid JSON")),
    # Bybit: spot and linear, then options
    (
        "bybit-linear",
        {
            "success": True,
            "ret_msg": "subscribe",
            "conn_id": "2324",
            "req_id": "7",
            "op": "subscribe",
        },
        Control(Say.ACCEPTED, request="7"),
    ),
    (
        "bybit-linear",
        {
            "success": False,
            "ret_msg": "error:handler not found,topic:orderbook.200.NONE",
            "conn_id": "2324",
            "req_id": "7",
            "op": "subscribe",
        },
        Control(Say.REFUSED, "error:handler not found,topic:orderbook.200.NONE", "7"),
    ),
    (
        "bybit-linear",
        {"success": True, "ret_msg": "pong", "conn_id": "2324", "req_id": "", "op": "ping"},
        NOTHING,
    ),
    ("bybit-option", {"args": ["1672916271846"], "op": "pong"}, NOTHING),
    # OKX
    (
        "okx",
        {
            "id": "7",
            "event": "subscribe",
            "arg": {"channel": "books", "instId": "BTC-USDT"},
            "connId": "a4d3ae55",
        },
        Control(Say.ACCEPTED, request="7"),
    ),
    (
        "okx",
        {
            "id": "7",
            "event": "error",
            "code": "60018",
            "msg": "Wrong URL or channel:books,instId:NONE doesn't exist.",
            "connId": "a4d3ae55",
        },
        Control(
            Say.REFUSED, "60018: Wrong URL or channel:books,instId:NONE doesn't exist.", "7"
        ),
    ),
    (
        "okx",
        {
            "event": "notice",
            "code": "64008",
            "msg": "The connection will soon be closed for a service upgrade. Please reconnect.",
            "connId": "a4d3ae55",
        },
        Control(
            Say.LEAVING,
            "The connection will soon be closed for a service upgrade. Please reconnect.",
        ),
    ),
    (
        "okx",
        {"id": "8", "event": "unsubscribe", "arg": {"channel": "books", "instId": "BTC-USDT"}},
        NOTHING,
    ),
    ("okx", {"event": "channel-conn-count", "channel": "books", "connCount": "2"}, NOTHING),
    # Kraken
    (
        "kraken",
        {
            "method": "subscribe",
            "result": {"channel": "book", "depth": 100, "snapshot": True, "symbol": "BTC/USD"},
            "success": True,
            "time_in": "2026-09-21T10:00:00.000000Z",
            "time_out": "2026-09-21T10:00:00.000100Z",
            "req_id": 7,
        },
        Control(Say.ACCEPTED, request="7"),
    ),
    (
        "kraken",
        {
            "error": "Currency pair not supported NO/NE",
            "method": "subscribe",
            "req_id": 7,
            "success": False,
            "symbol": "NO/NE",
            "time_in": "2026-09-21T10:00:00.000000Z",
            "time_out": "2026-09-21T10:00:00.000100Z",
        },
        Control(Say.REFUSED, "Currency pair not supported NO/NE", "7"),
    ),
    (
        "kraken",
        {
            "method": "pong",
            "req_id": 101,
            "time_in": "2026-09-21T10:00:00.000000Z",
            "time_out": "2026-09-21T10:00:00.000100Z",
        },
        NOTHING,
    ),
    ("kraken", {"channel": "heartbeat"}, NOTHING),
    (
        "kraken",
        {
            "channel": "status",
            "type": "update",
            "data": [
                {
                    "system": "online",
                    "api_version": "v2",
                    "connection_id": 1,
                    "version": "2.0.0",
                }
            ],
        },
        NOTHING,
    ),
    # Coinbase
    (
        "coinbase",
        {
            "channel": "subscriptions",
            "client_id": "",
            "timestamp": "2026-09-21T10:00:00.123456789Z",
            "sequence_num": 0,
            "events": [{"subscriptions": {"level2": ["BTC-USD"]}}],
        },
        Control(Say.ACCEPTED),
    ),
    (
        "coinbase",
        {"type": "error", "message": "NO-NE is not a valid product"},
        Control(Say.REFUSED, "NO-NE is not a valid product"),
    ),
    # Deribit
    (
        "deribit",
        {
            "jsonrpc": "2.0",
            "id": 7,
            "result": ["book.BTC-PERPETUAL.100ms"],
            "usIn": 1,
            "usOut": 2,
        },
        Control(Say.ACCEPTED, request="7"),
    ),
    (
        "deribit",
        {"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "heartbeat"}},
        NOTHING,
    ),
    (
        "deribit",
        {"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}},
        Control(
            Say.ANSWER,
            json.dumps({"jsonrpc": "2.0", "id": 0, "method": "public/test", "params": {}}),
        ),
    ),
    # Bitstamp
    (
        "bitstamp",
        {
            "event": "bts:subscription_succeeded",
            "channel": "diff_order_book_btcusd",
            "data": {},
        },
        Control(Say.ACCEPTED),
    ),
    (
        "bitstamp",
        {"event": "bts:request_reconnect", "channel": "", "data": ""},
        Control(Say.LEAVING, "bts:request_reconnect"),
    ),
    (
        "bitstamp",
        {"event": "bts:heartbeat", "channel": "", "data": {"status": "success"}},
        NOTHING,
    ),
    # A relay
    ("house", {"type": "authenticated"}, Control(Say.ACCEPTED)),
    ("house", {"type": "subscribed", "symbols": ["BTC"]}, Control(Say.ACCEPTED)),
    (
        "house",
        {"type": "error", "message": "no such symbol"},
        Control(Say.REFUSED, "no such symbol"),
    ),
    ("house", {"type": "auth_failed", "reason": "bad key"}, Control(Say.REFUSED, "bad key")),
    ("house", {"type": "ok", "success": False}, Control(Say.REFUSED, "ok")),
    ("house", {"type": "status", "load": 3}, NOTHING),
    # Tardis
    (
        "tardis",
        {"type": "error", "exchange": "binance", "details": "bad subscription"},
        Control(Say.REFUSED, "bad subscription"),
    ),
]


@pytest.mark.parametrize(("name", "message", "control"), ANSWERS)
def test_an_answer_is_read_as_it_is_meant(name: str, message: Any, control: Control) -> None:
    assert ALL[name].read_control(message) == control


@pytest.mark.parametrize(("name", "message", "control"), ANSWERS)
def test_the_core_hands_over_what_a_venue_says_of_the_connection(
    name: str, message: Any, control: Control
) -> None:
    state = FeedState()
    number = state.add_connection(ALL[name].wire, ALL[name].depth_levels, dict(ALL[name].relay))

    flags = state.on_frame(number, json.dumps(message).encode(), 1)

    assert flags == 1, f"{control} would be read by nobody"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("deribit", {"code": 11050, "message": "bad_request"}),
        ("bitstamp", {"code": 4000, "message": "Incorrect JSON format."}),
    ],
)
def test_a_refusal_tells_the_venues_own_reason(name: str, error: dict[str, Any]) -> None:
    message = (
        {"jsonrpc": "2.0", "id": 7, "error": error}
        if name == "deribit"
        else {"event": "bts:error", "channel": "", "data": error}
    )

    control = VENUES[name].read_control(message)

    assert control.say is Say.REFUSED
    assert str(error["message"]) in control.text
    assert str(error["code"]) in control.text
    assert control.request == ("7" if name == "deribit" else "")


@pytest.mark.parametrize(
    "message",
    [
        {"e": "serverShutdown", "E": 1790000000000},
        {
            "stream": "!serverShutdown",
            "data": {"e": "serverShutdown", "E": 1790000000000},
        },
    ],
)
def test_binance_says_that_it_will_leave(message: Any) -> None:
    state = FeedState()
    number = state.add_connection("binance_spot")

    flags = state.on_frame(number, json.dumps(message).encode(), 1)

    assert flags == 1
    assert VENUES["binance"].read_control(message) == Control(Say.LEAVING, "serverShutdown")


@pytest.mark.parametrize(
    ("name", "beat"),
    [
        ("bybit-linear", '{"op":"ping"}'),
        ("okx", "ping"),
        ("kraken", '{"method":"ping"}'),
        ("deribit", '{"jsonrpc":"2.0","id":0,"method":"public/test","params":{}}'),
        ("bitstamp", '{"event":"bts:heartbeat"}'),
    ],
)
def test_what_keeps_a_connection_alive_comes_often_enough(name: str, beat: str) -> None:
    venue = VENUES[name]
    assert venue.keepalive is not None

    said, every_s = venue.keepalive

    assert said == beat
    assert every_s <= 30.0
    assert every_s < venue.limits.idle_s


def test_where_the_venue_speaks_first_nothing_is_sent_to_keep_it_alive() -> None:
    # Binance's pings are frames and count as messages; Coinbase's heartbeats are subscribed to.
    for name in ("binance", "binance-futures", "binance-coin", "coinbase"):
        assert VENUES[name].keepalive is None


# ---- Tardis -------------------------------------------------------------------------------


def options_of(venue: Venue, streams: list[Stream]) -> Any:
    query = venue.query(streams)
    assert list(query) == ["options"]
    [options] = json.loads(query["options"])
    return options


def test_a_replay_is_asked_for_in_its_address() -> None:
    machine = tardis_replay("2026-09-01", "2026-09-01T01:00:00.000Z")
    streams = [
        *streams_of(machine, "binance-futures:BTCUSDT"),
        *streams_of(machine, "binance-futures:ETHUSDT"),
    ]

    assert options_of(machine, streams) == {
        "exchange": "binance-futures",
        "symbols": ["BTCUSDT", "ETHUSDT"],
        "from": "2026-09-01",
        "to": "2026-09-01T01:00:00.000Z",
        "dataTypes": ["book_change", "trade"],
        "withDisconnectMessages": True,
    }
    assert machine.is_finite
    assert machine.ends_at == "2026-09-01T01:00:00.000Z"


def test_a_live_machine_is_told_when_to_connect_anew() -> None:
    machine = tardis_live(timeout_ms=3_000)

    options = options_of(machine, streams_of(machine, "okex-swap:BTC-USDT-SWAP"))

    assert options == {
        "exchange": "okex-swap",
        "symbols": ["BTC-USDT-SWAP"],
        "dataTypes": ["book_change", "trade"],
        "withDisconnectMessages": True,
        "timeoutIntervalMS": 3_000,
    }
    assert not machine.is_finite


@pytest.mark.parametrize(
    ("machine", "address"),
    [
        (
            tardis_replay("2026-09-01", "2026-09-02"),
            "ws://127.0.0.1:8001/ws-replay-normalized",
        ),
        (
            tardis_replay("2026-09-01", "2026-09-02", machine="http://box:8000"),
            "http://box:8000/replay-normalized",
        ),
        (tardis_live(), "ws://127.0.0.1:8001/ws-stream-normalized"),
    ],
)
def test_a_machine_has_an_endpoint_for_each_use(machine: Venue, address: str) -> None:
    path = machine.path(Stream("binance:BTCUSDT", "book_change"))

    assert machine.websocket + path.partition("#")[0] == address


# ---- Logins -------------------------------------------------------------------------------


def test_nobody_but_a_relay_with_a_key_is_logged_in_to() -> None:
    assert [name for name, venue in ALL.items() if venue.login is not None] == []

    with_key = relay("house", "wss://relay.example", key=Secret("k"))

    assert with_key.login is not None
    assert json.loads(with_key.login(Secret("k"))) == {"type": "authenticate", "api_key": "k"}


# ---- Chunks -------------------------------------------------------------------------------


def words_of(venue: Venue, count: int) -> list[str]:
    """Return what a connection says to subscribe to the depth of so many symbols."""
    feed = Feed(f"{venue.name}:{'a:' * (venue.name == 'tardis')}X", venues=ALL)
    streams = tuple(Stream(f"SYM{i}", venue.depth) for i in range(count))
    route = Route(venue, venue.path(streams[0]), streams, tuple(range(count)))
    return Connection(route, feed._engine)._words(streams)


@pytest.mark.parametrize(
    ("name", "count", "messages"),
    [
        ("binance", 1_024, 6),
        ("binance-futures", 200, 2),
        ("bybit-spot", 200, 20),  # 10 a message, by its document
        ("okx", 100, 2),
        ("kraken", 100, 2),
        ("deribit", 200, 4),
        ("bitstamp", 50, 50),
        ("coinbase", 20, 2),  # the second one is that of the heartbeats
        ("tardis", 1_000, 0),
    ],
)
def test_a_subscription_of_many_streams_is_cut_into_messages(
    name: str, count: int, messages: int
) -> None:
    assert len(words_of(ALL[name], count)) == messages


@pytest.mark.parametrize("name", sorted(VENUES))
def test_the_messages_of_a_subscription_name_every_stream_once(name: str) -> None:
    venue = VENUES[name]
    count = venue.limits.streams

    told = re.findall(r"SYM\d+\b", " ".join(words_of(venue, count)), re.IGNORECASE)

    assert sorted(word.upper() for word in told) == sorted(f"SYM{i}" for i in range(count))


@pytest.mark.parametrize("name", sorted(VENUES))
def test_each_message_of_a_subscription_has_a_number_of_its_own(name: str) -> None:
    words = read(words_of(VENUES[name], VENUES[name].limits.streams))

    numbers = [m[key] for m in words for key in ("id", "req_id") if key in m]

    assert len(set(numbers)) == len(numbers)
    assert len(numbers) in {0, len(words)}


def test_the_topics_of_one_bybit_connection_are_not_too_long() -> None:
    bybit = VENUES["bybit-option"]
    longest = Stream("1000000MOG-26SEP26-0.00012345-C-USDT", bybit.depth)

    [said] = read(bybit.subscribe([longest] * bybit.limits.streams, 1))

    assert sum(map(len, said["args"])) <= 21_000


@pytest.mark.parametrize(
    ("name", "granted_a_second", "streams"),
    [("binance", 5.0, 1_024), ("binance-futures", 10.0, 200)],
)
def test_no_more_is_sent_and_carried_than_a_venue_grants(
    name: str, granted_a_second: float, streams: int
) -> None:
    limits = VENUES[name].limits

    assert limits.sends_a_second < granted_a_second
    assert limits.streams <= streams
    assert limits.lifetime_s < 24 * 3600


# ---- Names that are not known -------------------------------------------------------------


@pytest.mark.parametrize(
    "symbol", ["binanec:BTCUSDT", "BTCUSDT", "binance:", ":BTCUSDT", "", "Binance:BTCUSDT"]
)
def test_a_venue_that_is_not_known_is_an_error_that_names_those_that_are(symbol: str) -> None:
    with pytest.raises(ValueError, match="VENUE:SYMBOL") as raised:
        Feed(["binance:ETHUSDT", symbol])

    assert repr(symbol) in str(raised.value)
    for name in VENUES:
        assert name in str(raised.value)


def test_a_venue_of_ones_own_is_known_too() -> None:
    mine = replace(HOUSE, name="mine")

    assert Feed("mine:BTC", venues={"mine": mine}).symbols == ["mine:BTC"]
    with pytest.raises(ValueError, match="mine, received 'theirs:BTC'"):
        Feed("theirs:BTC", venues={"mine": mine})


def test_a_feed_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one symbol"):
        Feed([])
