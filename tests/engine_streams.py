"""Streams of states and trades for the feature engine: recorded ones and made-up ones."""

from __future__ import annotations

import gzip
import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from hypothesis import strategies as st

from obcore import LEVEL_DTYPE, Book, FeatureEngine, Instrument, Side
from obcore.book import BookState, Replay
from stateful_reference import Break, Picture, Trade

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from stateful_reference import Event

    Clocks: TypeAlias = tuple[int | None, int | None]
    Floats: TypeAlias = NDArray[np.float64]

MS = 1_000_000
S = 1_000_000_000
ORACLES_LEVELS = 25


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


def trade_of(line: bytes, instrument: Instrument) -> Trade | None:
    """None where it is no trade of the market: insurance fund and the like."""
    received, _, text = line.partition(b" ")
    message: dict[str, Any] = json.loads(text)
    data = message.get("data", message)
    if data.get("X", "MARKET") != "MARKET":
        return None
    price, size = instrument.grid.ticks(data["p"]), instrument.grid.lots(data["q"])
    return Trade(price, size, not data["m"], data["T"] * MS, int(received))


def as_picture(book: Book) -> Picture:
    bids, asks = (book.top(side, ORACLES_LEVELS).tolist() for side in (Side.BID, Side.ASK))
    return Picture(bids, asks, book.ts_event_ns, book.ts_recv_ns)


def as_pictures(stream: Iterable[Book | Trade | Break]) -> Iterator[Event]:
    for event in stream:
        yield as_picture(event) if isinstance(event, Book) else event


def fractions_of(instrument: Instrument) -> dict[str, Any]:
    """What the oracle wants to know of an instrument."""
    return {"tick": Fraction(instrument.grid.tick), "lot": Fraction(instrument.grid.lot)}


# The engine, event by event.


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


# Made-up streams.

YEAR = 365 * 86_400 * S
STEPS = st.one_of(
    st.sampled_from([0, 0, 1, MS, 3 * MS, 20 * MS, 100 * MS, S, YEAR, -1, -5 * MS, -2 * S]),
    st.integers(0, 50).map(lambda ms: ms * MS),
)
START = 1_700_000_000 * S


KINDS = ["book"] * 12 + ["trade"] * 6 + ["flurry", "break"]


@st.composite
def streams(draw: st.DrawFn, *, bare_states: bool = False, size: int = 60) -> list[Event]:
    """Pictures, trades and breaks on two clocks that may stand still, leap and run back.

    Each event has one clock or both; where ``bare_states``, a picture may have none. Prices
    are around 22 ticks, or around 0.
    """
    base = draw(st.sampled_from([22, 22, 0]))
    clocks = draw(st.sampled_from(["event", "recv", "both", "any"]))
    least = draw(st.integers(0, size))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=least, max_size=size))
    event = recv = START
    stream: list[Event] = []
    for kind in kinds:
        event, recv = event + draw(STEPS), recv + draw(STEPS)
        if kind == "break":
            stream.append(Break())
        elif kind == "flurry":
            stream += draw(flurries(base, event, recv))
            event, recv = event + 50 * MS, recv + 50 * MS
        else:
            bare = bare_states and kind == "book"
            times = draw(st.sampled_from(carried(clocks, event, recv) + [(None, None)] * bare))
            stream.append(draw((pictures if kind == "book" else trades)(base, times)))
    return stream


def carried(clocks: str, event: int, recv: int) -> list[Clocks]:
    """The times that an event may carry."""
    kinds: dict[str, Clocks]
    kinds = {"event": (event, None), "recv": (None, recv), "both": (event, recv)}
    return list(kinds.values()) if clocks == "any" else [kinds[clocks]]


SMALL = st.integers(1, 3)
SIZES = st.one_of(SMALL, st.integers(1, 10**6))
LEVELS = st.sampled_from([0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4])


@st.composite
def pictures(draw: st.DrawFn, base: int, times: Clocks) -> Event:
    """A few levels, often the same; sides may be empty, the book locked or crossed."""
    bid = base + draw(st.integers(-2, 2))
    ask = bid + draw(st.sampled_from([1, 1, 1, 2, 2, 3, 0, -1]))

    def side(best: int, away: int) -> list[tuple[int, int]]:
        depth = draw(LEVELS)
        gaps = draw(st.lists(SMALL, min_size=depth, max_size=depth))
        sizes = draw(st.lists(SIZES, min_size=depth, max_size=depth))
        return [(best + away * sum(gaps[:k]), size) for k, size in enumerate(sizes)]

    return Picture(side(bid, -1), side(ask, 1), *times)


@st.composite
def trades(draw: st.DrawFn, base: int, times: Clocks) -> Event:
    return Trade(base + draw(st.integers(-7, 8)), draw(SIZES), draw(st.booleans()), *times)


@st.composite
def flurries(draw: st.DrawFn, base: int, event: int, recv: int) -> list[Trade]:
    """45 trades in 45 ms, of both sides."""
    ticks, sizes = (draw(st.lists(SMALL, min_size=2, max_size=5)) for _ in range(2))
    every = draw(st.integers(2, 5))
    return [
        Trade(base + ticks[i % len(ticks)], sizes[i % len(sizes)], i % every == 0, *times)
        for i, times in enumerate((event + k * MS, recv + k * MS) for k in range(45))
    ]
