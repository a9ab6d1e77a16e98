"""Captures of venues' streams read with ``json`` and dicts, slow and obvious.

A book is two dicts of exact prices to the venue's own texts. Every rule that proves it is
asserted on the way, so that a reference which comes to its end has been proved itself.
"""

from __future__ import annotations

import gzip
import json
import zlib
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from obcore import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from obcore import Book as ObcoreBook

    Line = dict[str, Any]  # of a capture; times are exact
    Pairs = list[tuple[Decimal, Decimal]]

KRAKEN_DEPTH = 1_000
"""That the recorded books were subscribed with."""


@cache
def read_capture(path: Path) -> list[Line]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(row, parse_float=Decimal) for row in file]


def write_capture(path: Path, lines: Iterable[Line]) -> Path:
    """Write lines as `read_capture` gave them; times keep their digits."""
    with path.open("w", encoding="utf-8") as file:
        for line in lines:
            text = json.dumps({key: line[key] for key in line if key != "ts"}, default=str)
            file.write(f'{text[:-1]}, "ts": {line["ts"]}}}\n' if "ts" in line else f"{text}\n")
    return path


def time_ns(line: Line) -> int:
    return int(line["ts"] * 10**9)


class Book:
    """Two sides of exact prices, each with the texts of its price and size."""

    def __init__(self) -> None:
        self.bids: dict[Decimal, tuple[str, str]] = {}
        self.asks: dict[Decimal, tuple[str, str]] = {}
        self.states = 0
        self.checksums = 0
        self.touches: list[tuple[Decimal | None, Decimal | None]] = []

    def replace(self, bids: Iterable[Any], asks: Iterable[Any]) -> None:
        self.bids.clear()
        self.asks.clear()
        self.update(bids, asks)

    def update(self, bids: Iterable[Any], asks: Iterable[Any]) -> None:
        for side, levels in ((self.bids, bids), (self.asks, asks)):
            for px, sz, *_ in levels:
                if Decimal(sz) == 0:
                    side.pop(Decimal(px), None)
                else:
                    side[Decimal(px)] = str(px), str(sz)

    def cut(self, depth: int) -> None:
        for px in sorted(self.bids, reverse=True)[depth:]:
            del self.bids[px]
        for px in sorted(self.asks)[depth:]:
            del self.asks[px]

    def texts(self, depth: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        bids = [self.bids[px] for px in sorted(self.bids, reverse=True)[:depth]]
        return bids, [self.asks[px] for px in sorted(self.asks)[:depth]]

    def levels(self) -> tuple[Pairs, Pairs]:
        bids = [(px, Decimal(self.bids[px][1])) for px in sorted(self.bids, reverse=True)]
        return bids, [(px, Decimal(self.asks[px][1])) for px in sorted(self.asks)]

    def note_state(self) -> None:
        self.states += 1
        self.touches.append((max(self.bids, default=None), min(self.asks, default=None)))


def messages(lines: Iterable[Line], connection: str = "") -> Iterator[Any]:
    """What connections received; all of them where none is named."""
    for line in lines:
        if line["t"] == "recv" and connection in ("", line["conn"]):
            yield json.loads(line["data"], parse_float=Decimal)


def follow_bybit(lines: Iterable[Line], symbol: str, connection: str = "") -> Book:
    """v5 ``orderbook``: a snapshot, then deltas whose ``u`` is the one before plus 1."""
    book, last = Book(), -1
    for message in messages(lines, connection):
        if message.get("topic") != f"orderbook.200.{symbol}":
            continue
        data = message["data"]
        if message["type"] == "snapshot":
            book.replace(data["b"], data["a"])
        else:
            assert data["u"] == last + 1
            book.update(data["b"], data["a"])
        last = data["u"]
        book.note_state()
    return book


def follow_okx(lines: Iterable[Line], symbol: str) -> Book:
    """v5 ``books`` of before 2023, which a checksum of 25 levels a side proves."""
    book = Book()
    for message in messages(lines):
        if (
            message.get("arg") != {"channel": "books", "instId": symbol}
            or "data" not in message
        ):
            continue
        for data in message["data"]:
            change = book.replace if message["action"] == "snapshot" else book.update
            change(data["bids"], data["asks"])
            assert okx_checksum(book) == data["checksum"]
            book.checksums += 1
            book.note_state()
    return book


def okx_checksum(book: Book) -> int:
    bids, asks = book.texts(25)
    words: list[str] = []
    for i in range(max(len(bids), len(asks))):
        words += [*(bids[i] if i < len(bids) else ()), *(asks[i] if i < len(asks) else ())]
    value = zlib.crc32(":".join(words).encode())
    return value - 2**32 if value >= 2**31 else value


def follow_kraken_v1(lines: Iterable[Line], pair: str) -> Book:
    """v1 ``book-1000``: a snapshot without a checksum, then updates with one of ten levels."""
    book = Book()
    for message in messages(lines):
        if not isinstance(message, list) or message[-2:] != ["book-1000", pair]:
            continue
        for part in message[1:-2]:
            if "as" in part:
                book.replace(part["bs"], part["as"])
            book.update(part.get("b", ()), part.get("a", ()))
        book.cut(KRAKEN_DEPTH)
        if "c" in message[-3]:
            assert kraken_checksum(book) == int(message[-3]["c"])
            book.checksums += 1
        book.note_state()
    return book


def kraken_checksum(book: Book) -> int:
    """Ten asks, then ten bids: the digits that were sent, without leading zeros."""
    bids, asks = book.texts(10)
    digits = [word.replace(".", "").lstrip("0") for level in asks + bids for word in level]
    return zlib.crc32("".join(digits).encode())


def follow_deribit(lines: Iterable[Line], instrument: str) -> Book:
    """``book.*.raw``: a snapshot, then changes that name the one before them."""
    book, last = Book(), -1
    for message in messages(lines):
        params = message.get("params", {})
        if params.get("channel") != f"book.{instrument}.raw":
            continue
        data = params["data"]
        sides = [
            [(px, 0 if action == "delete" else sz) for action, px, sz in data[side]]
            for side in ("bids", "asks")
        ]
        if data["type"] == "snapshot":
            book.replace(*sides)
        else:
            assert data["prev_change_id"] == last
            book.update(*sides)
        last = data["change_id"]
        book.note_state()
    return book


def follow_bitstamp(lines: list[Line], symbol: str) -> Book:
    """A REST order book, then the diffs whose time is later; nothing proves them."""
    book, last = Book(), 0
    for line in lines:
        if line["t"] == "http" and line["url"].endswith(f"/order_book/{symbol}"):
            data = json.loads(line["data"])
            book.replace(data["bids"], data["asks"])
            last = int(data["microtimestamp"])
    for message in messages(lines):
        if message["channel"] != f"diff_order_book_{symbol}" or message["event"] != "data":
            continue
        data = message["data"]
        if int(data["microtimestamp"]) > last:
            last = int(data["microtimestamp"])
            book.update(data["bids"], data["asks"])
            book.note_state()
    return book


def binance_lines(lines: list[Line], symbol: str) -> list[str]:
    """The lines of one symbol as ``binance_reference`` reads them."""
    out = []
    for line in lines:
        asked = line["t"] == "http" and f"symbol={symbol}&" in line["url"]
        stream = line["t"] == "recv" and f'"{symbol.lower()}@' in line["data"]
        if asked or stream:
            out.append(f"{time_ns(line)} {line['data']}\n")
    return out


def native_lines(lines: list[Line], connection: str, *, time: bool) -> list[str]:
    """What one connection received, as recorders of raw lines write it."""
    return [
        (f"{time_ns(line)} " if time else "") + f"{line['data']}\n"
        for line in lines
        if line["t"] == "recv" and line["conn"] == connection
    ]


def levels(book: ObcoreBook) -> tuple[Pairs, Pairs]:
    """Both sides of a book of obcore, exact, best first."""

    def side(which: Side) -> Pairs:
        grid = book.grid
        return [
            (Decimal(grid.price_text(px)), Decimal(grid.size_text(sz)))
            for px, sz in book.top(which).tolist()
        ]

    return side(Side.BID), side(Side.ASK)


FOLLOW: dict[str, Callable[[list[Line], str], Book]] = {
    "BYBIT_a": follow_bybit,
    "OKX_a": follow_okx,
    "KRAKEN_a": follow_kraken_v1,
    "DERIBIT": follow_deribit,
    "BITSTAMP": follow_bitstamp,
}
