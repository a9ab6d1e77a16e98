"""Streams of states and trades, recorded or by hand, and an engine that is fed with them."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pytest

import obcore
from obcore import LEVEL_DTYPE, Book, FeatureEngine, Instrument, Side
from obcore.book import BookState, Replay
from stateful_stream import Break, Picture, Trade

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from stateful_stream import Event

    Floats: TypeAlias = NDArray[np.float64]

MS = 1_000_000
S = 1_000_000_000
START = 1_700_000_000 * S
SAMPLE = obcore.sample()
ETH = Instrument("ETHUSDT", "0.01", "0.001")
BTC = Instrument("BTCUSDT", "0.10", "0.001")


# Recorded streams.


def recorded(paths: Iterable[Path], instrument: Instrument) -> Iterator[Book | Trade | Break]:
    """What a Binance recording holds, in order of arrival; each book is a copy."""
    replay, was_book = Replay(features="mid_price", grid=instrument.grid), False
    for path in paths:
        replay.begin(path.name)
        for line in lines_of(path):
            if is_trade(line):
                trade = trade_of(line, instrument)
                if trade is not None:
                    yield trade
                continue
            replay.feed(line)
            if len(replay.take_rows()[3]) > 0:
                was_book = True
                yield replay.book()
            elif was_book and replay.book().state is not BookState.SYNCED:
                was_book = False
                yield Break()
        replay.end()


def lines_of(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        yield from file


def is_trade(line: bytes) -> bool:
    return b'"e":"trade"' in line or b'"e": "trade"' in line


def is_depth(line: bytes) -> bool:
    return b"depthUpdate" in line or b"lastUpdateId" in line


def trade_of(line: bytes, instrument: Instrument) -> Trade | None:
    """None where it is no trade of the market: insurance fund and the like."""
    received, _, text = line.partition(b" ")
    message: dict[str, Any] = json.loads(text)
    data = message.get("data", message)
    if data.get("X", "MARKET") != "MARKET":
        return None
    price, size = instrument.grid.ticks(data["p"]), instrument.grid.lots(data["q"])
    return Trade(price, size, not data["m"], data["T"] * MS, int(received))


# An engine, event by event.


def feed(engine: FeatureEngine, event: Book | Trade | Break) -> Floats | None:
    """The row, where the event is a state."""
    if isinstance(event, Book):
        return engine.on_book(event)
    if isinstance(event, Break):
        engine.reset()
    else:
        taker = Side.BID if event.buyer else Side.ASK
        price, size, _, venue, received = event
        engine.on_trade(price, size, taker, ts_event_ns=venue, ts_recv_ns=received)
    return None


def rows_of(engine: FeatureEngine, stream: Iterable[Book | Event]) -> Floats:
    """All rows, event by event; a picture becomes a book first."""
    book, rows = Book(engine), []
    for event in stream:
        if isinstance(event, Picture):
            show(book, event)
            rows.append(engine.on_book(book))
        elif (row := feed(engine, event)) is not None:
            rows.append(row)
    return np.array(rows).reshape(-1, len(engine))


def show(book: Book, picture: Picture) -> None:
    bids, asks = (np.array(list(s), dtype=LEVEL_DTYPE) for s in (picture.bids, picture.asks))
    book.apply_snapshot(bids, asks, ts_event_ns=picture.event, ts_recv_ns=picture.recv)


# Events by hand.


def touch(
    at: int | None, bids: Sequence[tuple[int, int]] = ((1000, 5),), recv: int | None = None
) -> Event:
    """A touch of 100.0 and 100.2 in tenths; times in ms after the start."""
    return Picture(bids, [(1002, 5)], ns(at), ns(recv))


def buy(at: int | None, size: int = 1, price: int = 1002, recv: int | None = None) -> Event:
    return Trade(price, size, True, ns(at), ns(recv))


def sell(at: int | None, size: int = 1, price: int = 1000, recv: int | None = None) -> Event:
    return Trade(price, size, False, ns(at), ns(recv))


def ns(ms: int | None) -> int | None:
    return None if ms is None else START + ms * MS


BALANCED: list[Event] = [(buy, sell)[i % 2](100 * i, 2) for i in range(40)]
"""Trades of both sides in turn, each 100 ms, of two lots."""


# What an engine makes of them.


def column(stream: Iterable[Event], name: str, **options: Any) -> list[float]:
    column: list[float] = rows_of(FeatureEngine(BTC, name, **options), stream)[:, 0].tolist()
    return column


def same(values: Sequence[float]) -> object:
    return pytest.approx(values, rel=1e-14, abs=0, nan_ok=True)


FEW = "ofi(window=2), oi, mean(obi_1, window=1s), return, last_trade_price"


def warm(features: str = FEW) -> FeatureEngine:
    """An engine that has seen a few events."""
    engine = FeatureEngine(BTC, features)
    rows_of(engine, [buy(1), touch(2), sell(3), touch(4, [(1000, 7)]), buy(4)])
    return engine
