"""Every recording, served through real sockets, ends in the book that offline replay gives."""

from __future__ import annotations

import asyncio
from copy import copy
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import obcore
from obcore.ingest.feed import Feed
from obcore.venue import LocalVenue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from obcore.book import BookView

Levels = dict[Decimal, Decimal]

BINANCE_RAW = [
    ("binance-futures:BTCUSDT", ["usdm_btcusdt_20240808"]),
    ("binance-futures:ETHUSDT", ["usdm_ethusdt_20240718", "usdm_ethusdt_20240719"]),
    ("binance:BTCUSDT", ["spot_btcusdt_20240808", "spot_btcusdt_20240809"]),
    ("binance-coin:BTCUSD_PERP", ["cm_btcusd_perp_20240808", "cm_btcusd_perp_20240809"]),
]
# Of each the books that have deltas behind their snapshot; how many checksums its stream has.
EXCHANGE_WS = {
    "BINANCE": 0,
    "BINANCE_FUTURES": 0,
    "BYBIT_a": 0,
    "OKX_a": 98,
    "KRAKEN_a": 2_217,
    "DERIBIT": 0,
    "BITSTAMP": 0,
}
FIRST = 0.3  # of a tape whose snapshots are asked for apart: books have to be in sync by then


def levels_within(book: BookView, side: obcore.Side, worst: Decimal | None) -> Levels:
    grid = book.grid
    levels = {
        Decimal(grid.price_text(ticks)): Decimal(grid.size_text(lots))
        for ticks, lots in book.top(side).tolist()
    }
    if worst is None:
        return levels
    is_bid = side is obcore.Side.BID
    return {px: sz for px, sz in levels.items() if (px >= worst if is_bid else px <= worst)}


def assert_same(live: BookView, replayed: BookView) -> None:
    """The live book began with a later snapshot: what lies behind its horizon it cannot know."""
    for side in obcore.Side:
        horizon = live.horizon[0 if side is obcore.Side.BID else 1]
        worst = None if horizon is None else Decimal(live.grid.price_text(horizon))

        mine = levels_within(live, side, worst)

        assert mine == levels_within(replayed, side, worst)


async def follow(paths: list[Path], symbols: list[str]) -> tuple[dict[str, BookView], int]:
    """Return the books at the end of recordings, and how many checksums were right."""
    async with LocalVenue(paths, speed=None, start="call") as venue:
        feed = Feed(symbols, channels=("depth",), base_url=venue.base_url)
        async with feed:
            await subscribed(venue, len(symbols))
            # Some first, so that snapshots are asked for in the middle of the tape.
            await venue.play(int(venue.length * FIRST / 30) + 1)
            await asyncio.sleep(0.3)
            await venue.play()
            await settled(feed, symbols)
            states = {symbol: feed.book(symbol).state for symbol in symbols}
            assert not {s: v for s, v in states.items() if v.name in ("GAP", "STALE")}
            books = {symbol: copy(feed.book(symbol)) for symbol in symbols}
            return books, sum(feed.health(symbol).checksums for symbol in symbols)


async def subscribed(venue: LocalVenue, count: int) -> None:
    for _ in range(1_000):
        if venue.hub.subscriptions >= count:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"{venue.hub.subscriptions} of {count} streams were subscribed to")


async def settled(feed: Feed, symbols: list[str]) -> None:
    """Wait until nothing arrives any more."""
    last = -1
    for _ in range(200):
        await asyncio.sleep(0.2)
        count = sum(feed.health(symbol).messages for symbol in symbols)
        if count == last:
            return
        last = count


@pytest.mark.parametrize(("symbol", "names"), BINANCE_RAW, ids=[row[0] for row in BINANCE_RAW])
def test_a_raw_recording_ends_in_the_replayed_book(
    symbol: str, names: list[str], shared_data: Callable[[str], Path]
) -> None:
    paths = [shared_data(f"binance_raw/{name}.gz") for name in names]

    books, _ = asyncio.run(follow(paths, [symbol]))

    replayed = obcore.Recording(paths).book()
    live = books[symbol]
    assert live.state is obcore.BookState.SYNCED
    assert live.sequence == replayed.sequence
    assert_same(live, replayed)


def test_the_bundled_recording_ends_in_the_replayed_book() -> None:
    symbol = "binance-futures:ETHUSDT"

    books, _ = asyncio.run(follow([obcore.sample()], [symbol]))

    replayed = obcore.Recording(obcore.sample()).book()
    live = books[symbol]
    assert live.state is obcore.BookState.SYNCED
    assert live.sequence == replayed.sequence
    assert_same(live, replayed)


@pytest.mark.parametrize("name", EXCHANGE_WS)
def test_a_recording_of_connections_ends_in_the_replayed_books(
    name: str, shared_data: Callable[[str], Path]
) -> None:
    path = shared_data(f"exchange_ws/{name}.jsonl.gz")
    symbols = list(LocalVenue([path]).books)

    books, checksums = asyncio.run(follow([path], symbols))

    assert checksums >= EXCHANGE_WS[name]
    for symbol in symbols:
        live = books[symbol]
        if live.sequence is None:
            continue  # no message of it came
        replayed = obcore.Recording(path, symbol=symbol).book()
        assert_same(live, replayed)
