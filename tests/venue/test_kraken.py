"""Kraken v2 over real sockets."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from venue.client import NaiveBook, run, serving, venue_top

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAIRS = ["WAVES/EUR", "XMR/USD", "KSM/BTC", "ETH/CHF", "OCEAN/BTC"]


@pytest.fixture
def recording(shared_data: Callable[[str], Path]) -> Path:
    return shared_data("exchange_ws/KRAKEN_a.jsonl.gz")


def subscribe(depth: int, *symbols: str) -> dict[str, Any]:
    params = {"channel": "book", "symbol": list(symbols), "depth": depth}
    return {"method": "subscribe", "params": params, "req_id": 5}


def crc(book: NaiveBook) -> int:
    bids, asks = book.top(10)
    fields = [field for level in asks + bids for field in level]
    return zlib.crc32("".join(f.replace(".", "").lstrip("0") for f in fields).encode())


def follow(texts: list[str], depth: int) -> dict[str, NaiveBook]:
    """Keep books by the published rules, with numbers as their text."""
    books: dict[str, NaiveBook] = {}
    for number, text in enumerate(texts):
        message = json.loads(text, parse_float=str, parse_int=str)
        if message.get("channel") != "book":
            continue
        (data,) = message["data"]
        sides = [[(x["price"], x["qty"]) for x in data[side]] for side in ("bids", "asks")]
        if message["type"] == "snapshot":
            books[data["symbol"]] = NaiveBook()
        book = books[data["symbol"]]
        book.apply(*sides)
        if max(len(book.bids), len(book.asks)) > depth:
            bids, asks = book.top(depth)
            book.bids, book.asks = dict(bids), dict(asks)
        # The books are large and the sum is slow here; a mistake would stay in the book.
        assert number % 4 or crc(book) == int(data["checksum"])
    return books


@pytest.mark.parametrize(("depth", "played"), [(1000, 0), (10, 0), (25, 900), (1000, 900)])
def test_every_checksum_holds_and_the_books_are_the_venue_s_own(
    recording: Path, depth: int, played: int
) -> None:
    async def main() -> None:
        async with serving([recording]) as client:
            await client.venue.play(played)
            socket = await client.open("kraken", "/v2")
            await socket.send(subscribe(depth, *PAIRS))
            first = await socket.texts(1 + len(PAIRS))
            await client.venue.play()
            books = follow(first + await socket.texts(), depth)
            assert sorted(books) == sorted(PAIRS)
            for pair, book in books.items():
                assert book.top() == venue_top(client.venue, f"kraken:{pair}", depth)

    run(main)


def test_numbers_keep_the_digits_that_were_recorded(recording: Path) -> None:
    async def main() -> str:
        async with serving([recording]) as client:
            socket = await client.open("kraken", "/v2")
            await socket.send(subscribe(1000, "XMR/USD"))
            await socket.texts(2)
            await client.venue.play()
            return next(x for x in await socket.texts() if '"type":"update"' in x)

    first = '"bids":[{"price":354.15000000,"qty":5.00000000}],"asks":[],"checksum":2583817756'
    assert first in run(main)


def test_acknowledgements_name_symbol_and_depth(recording: Path) -> None:
    async def main() -> list[Any]:
        async with serving([recording]) as client:
            socket = await client.open("kraken", "/v2")
            await socket.send(
                subscribe(10, "XMR/USD"),
                subscribe(10, "NO/NE"),
                subscribe(11, "XMR/USD"),
                subscribe(10, "XMR/USD"),
                {"method": "ping", "req_id": 9},
                {"method": "unsubscribe", "params": {"channel": "book", "symbol": ["XMR/USD"]}},
                "not JSON",
            )
            return await socket.messages()

    status, ack, unknown, depth, twice, pong, gone, malformed = run(main)
    assert status["channel"] == "status"
    assert ack["result"] == {
        "channel": "book",
        "depth": 10,
        "snapshot": True,
        "symbol": "XMR/USD",
    }
    assert (ack["method"], ack["success"], ack["req_id"]) == ("subscribe", True, 5)
    assert {"time_in", "time_out"} <= ack.keys()
    assert unknown["error"] == "Currency pair not supported NO/NE"
    assert depth["error"] == "Subscription depth not supported"
    assert twice["error"] == "Already subscribed"
    assert (pong["method"], pong["req_id"]) == ("pong", 9)
    assert (gone["method"], gone["success"]) == ("unsubscribe", True)
    assert malformed["success"] is False


def test_trades_and_heartbeats_are_served(recording: Path) -> None:
    async def main() -> list[Any]:
        async with serving([recording]) as client:
            socket = await client.open("kraken", "/v2")
            params = {"channel": "trade", "symbol": ["XMR/USD"]}
            await socket.send({"method": "subscribe", "params": params})
            await socket.texts(2)
            await client.venue.play()
            return await socket.messages(4)

    trade, *_, beat = run(main)
    assert trade["channel"] == "trade"
    assert trade["data"][0]["side"] == "sell"
    assert trade["data"][0]["price"] == 354.11
    assert beat == {"channel": "heartbeat"}
