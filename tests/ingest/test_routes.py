"""Which streams share a connection: as many as a venue allows, and never two venues."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obcore.ingest.engine import plan_routes
from obcore.ingest.venue import Stream
from obcore.ingest.venues import VENUES, relay, tardis_live

if TYPE_CHECKING:
    from obcore.ingest.connection import Route
    from obcore.ingest.venue import Venue

USD_M = VENUES["binance-futures"]
SPOT, LINEAR = VENUES["bybit-spot"], VENUES["bybit-linear"]


def wanted_of(
    venue: Venue, symbols: int, channels: tuple[str, ...] = ("depth", "trades"), first: int = 0
) -> list[tuple[Venue, Stream, int]]:
    """Every channel of so many symbols, whose books are numbered from `first` on."""
    return [
        (venue, Stream(f"SYM{i}", venue.channel(channel)), first + i)
        for i in range(symbols)
        for channel in channels
    ]


def carried(routes: list[Route]) -> Counter[tuple[str, Stream, int]]:
    return Counter(
        (route.venue.name, stream, book)
        for route in routes
        for stream, book in zip(route.streams, route.books, strict=True)
    )


# ---- Limits -------------------------------------------------------------------------------


@pytest.mark.parametrize("venue", VENUES.values(), ids=VENUES.keys())
@pytest.mark.parametrize("symbols", [1, 100, 300])
def test_no_connection_carries_more_than_its_venue_allows(venue: Venue, symbols: int) -> None:
    routes = plan_routes(wanted_of(venue, symbols))

    assert max(len(route.streams) for route in routes) <= venue.limits.streams
    assert sum(len(route.streams) for route in routes) == 2 * symbols


@pytest.mark.parametrize(
    ("name", "symbols", "connections"),
    [
        ("binance", 512, 1),
        ("binance", 513, 2),
        ("binance-futures", 200, 2),  # a path each for depth and trades
        ("binance-futures", 201, 4),
        ("bybit-linear", 101, 2),
        ("okx", 50, 1),
        ("kraken", 51, 2),
        ("coinbase", 10, 1),
        ("coinbase", 11, 2),
        ("deribit", 100, 1),
        ("bitstamp", 26, 2),
    ],
)
def test_there_are_no_more_connections_than_needed(
    name: str, symbols: int, connections: int
) -> None:
    assert len(plan_routes(wanted_of(VENUES[name], symbols))) == connections


venues_and_symbols = st.lists(
    st.tuples(st.sampled_from(sorted(VENUES)), st.integers(1, 120)),
    max_size=5,
    unique_by=lambda pair: pair[0],
)


@given(venues_and_symbols, st.integers(1, 50))
def test_every_stream_is_carried_once_by_the_fewest_connections_of_its_own_venue_and_path(
    chosen: list[tuple[str, int]], limit: int
) -> None:
    wanted: list[tuple[Venue, Stream, int]] = []
    for name, symbols in chosen:
        venue = VENUES[name]
        small = replace(venue, limits=replace(venue.limits, streams=limit))
        wanted += wanted_of(small, symbols, first=len(wanted))

    routes = plan_routes(wanted)

    assert carried(routes) == Counter((venue.name, s, book) for venue, s, book in wanted)
    needed = Counter((venue.name, venue.path(stream)) for venue, stream, _ in wanted)
    made = Counter((route.venue.name, route.path) for route in routes)
    assert made == {key: ceil(count / limit) for key, count in needed.items()}
    for route in routes:
        assert {route.venue.path(stream) for stream in route.streams} == {route.path}


def test_nothing_wanted_needs_no_connection() -> None:
    assert plan_routes([]) == []


# ---- Paths --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "path"),
    [
        ("depth", "/public/stream"),
        ("depth@0ms", "/public/stream"),
        ("depth@100ms", "/public/stream"),
        ("depth@500ms", "/public/stream"),
        ("depth5", "/public/stream"),
        ("depth20@100ms", "/public/stream"),
        ("rpiDepth@500ms", "/public/stream"),
        ("bookTicker", "/public/stream"),
        ("trade", "/public/stream"),
        ("aggTrade", "/market/stream"),
        ("markPrice", "/market/stream"),
        ("markPrice@1s", "/market/stream"),
        ("kline_1m", "/market/stream"),
        ("forceOrder", "/market/stream"),
        ("ticker", "/market/stream"),
        ("miniTicker", "/market/stream"),
    ],
)
def test_usd_m_has_a_path_for_each_kind_of_stream(channel: str, path: str) -> None:
    [route] = plan_routes([(USD_M, Stream("BTCUSDT", channel), 0)])

    assert route.path == path
    assert route.venue.websocket + route.path == f"wss://fstream.binance.com{path}"


def test_depth_and_aggregate_trades_of_usd_m_never_share_a_connection() -> None:
    routes = plan_routes(wanted_of(USD_M, 3))

    channels = {route.path: {stream.channel for stream in route.streams} for route in routes}
    assert channels == {"/public/stream": {"depth@100ms"}, "/market/stream": {"aggTrade"}}


def test_both_paths_of_a_symbol_serve_the_same_book() -> None:
    routes = plan_routes(wanted_of(USD_M, 3, first=7))

    assert [route.books for route in routes] == [(7, 8, 9), (7, 8, 9)]


@pytest.mark.parametrize("name", ["binance", "binance-coin"])
def test_spot_and_coin_m_have_one_path_for_everything(name: str) -> None:
    [route] = plan_routes(wanted_of(VENUES[name], 3))

    assert route.path == "/stream"


# ---- Venues -------------------------------------------------------------------------------


def test_venues_never_share_a_connection() -> None:
    wanted = [one for venue in VENUES.values() for one in wanted_of(venue, 2)]

    routes = plan_routes(wanted)

    assert {route.venue.name for route in routes} == set(VENUES)
    for route in routes:
        mine = {(s, book) for venue, s, book in wanted if venue.name == route.venue.name}
        assert set(zip(route.streams, route.books, strict=True)) <= mine


def test_the_same_symbol_of_two_bybit_products_stays_apart() -> None:
    stream = Stream("BTCUSDT", "orderbook.200")

    spot, linear = plan_routes([(SPOT, stream, 0), (LINEAR, stream, 1)])

    assert (spot.path, spot.books) == ("/v5/public/spot", (0,))
    assert (linear.path, linear.books) == ("/v5/public/linear", (1,))


def test_each_exchange_behind_a_tardis_machine_has_a_connection() -> None:
    tardis = tardis_live()
    streams = [
        Stream(f"{exchange}:BTCUSDT", "book_change") for exchange in ("bybit", "binance")
    ]

    routes = plan_routes([(tardis, stream, i) for i, stream in enumerate(streams)])

    assert [route.books for route in routes] == [(0,), (1,)]
    assert routes[0].path.partition("#")[0] == routes[1].path.partition("#")[0]


def test_two_relays_are_two_venues() -> None:
    stream = Stream("BTC", "orderbook")
    one, other = relay("one", "wss://one.example"), relay("other", "wss://other.example")

    routes = plan_routes([(one, stream, 0), (other, stream, 1)])

    assert [route.venue.websocket for route in routes] == [
        "wss://one.example",
        "wss://other.example",
    ]


def test_a_route_names_its_venue_and_its_path_in_logs() -> None:
    [route] = plan_routes(wanted_of(LINEAR, 3))

    assert route.name == "bybit-linear/v5/public/linear, 6 streams"
