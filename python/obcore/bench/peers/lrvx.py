"""lrvx, formerly flox-py: a flat array a side behind pybind11.

It holds 8,192 ticks and says nothing of what lies beyond, so that wide books are not its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from lrvx import OrderBook

from obcore.bench.contest import Calls, Entry, Levels, Trial, UnfitError, Workload, version
from obcore.bench.decimals import FloatStream
from obcore.bench.peers.compiled import fill_standard
from obcore.bench.peers.json_floats import decoder
from obcore.bench.standard import COUNT, DEPTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from obcore.bench.streams import Stream

    Floats = NDArray[np.float64]
    Delta = tuple[Floats, Floats, Floats, Floats]

EVERYTHING = 1 << 30
VECTORS = 1_000


def entries() -> list[Entry]:
    """Return every path of it."""

    def entry(
        workload: Workload, path: str, make: Callable[[Stream], Trial], *others: str
    ) -> Entry:
        packages = version("lrvx", *others)
        return Entry("lrvx", packages, path, workload, Calls.EACH, make)

    read = "get_bids(10), get_asks(10), numba"
    return [
        entry(Workload.APPLY, "apply_delta(four sliced arrays)", _apply),
        entry(Workload.JSON, "msgspec to floats, NumPy, apply_delta", _json, "msgspec"),
        entry(Workload.VECTOR, read, _vector, "numba"),
        entry(Workload.REPLAY, f"apply_delta(four sliced arrays), {read}", _replay, "numba"),
    ]


@dataclass(frozen=True)
class _Sides:
    """A stream's prices and sizes by side, and where each message begins in them."""

    floats: FloatStream

    def book(self) -> Any:
        """Return a book that holds the snapshot."""
        book = OrderBook(float(self.floats.stream.instrument.tick_size))
        book.apply_snapshot(*self.floats.snapshot)
        return book

    def columns(self) -> tuple[Delta, list[int], list[int]]:
        """Return the four arrays, and both sides' offsets of the messages."""
        stream, prices, sizes = self.floats.stream, self.floats.prices, self.floats.sizes
        is_bid = stream.sides == 0
        counts = [np.concatenate([[0], np.cumsum(mask)]) for mask in (is_bid, ~is_bid)]
        bid_offsets, ask_offsets = (count[stream.offsets].tolist() for count in counts)
        arrays = (prices[is_bid], sizes[is_bid], prices[~is_bid], sizes[~is_bid])
        return arrays, bid_offsets, ask_offsets

    def levels(self, book: Any) -> Levels:
        """Return all levels that the book still has."""
        return self.floats.levels(
            book.get_bids(EVERYTHING).tolist(), book.get_asks(EVERYTHING).tolist()
        )


def _sliced(arrays: Delta, bids: list[int], asks: list[int]) -> Iterator[Delta]:
    bid_prices, bid_sizes, ask_prices, ask_sizes = arrays
    b, a = bids[0], asks[0]
    for b_end, a_end in zip(bids[1:], asks[1:]):  # noqa: B905  it costs time
        yield bid_prices[b:b_end], bid_sizes[b:b_end], ask_prices[a:a_end], ask_sizes[a:a_end]
        b, a = b_end, a_end


def _apply(stream: Stream) -> Trial:
    sides = _Sides(FloatStream(stream))
    columns = sides.columns()

    def run(book: Any) -> None:
        apply_delta = book.apply_delta
        for delta in _sliced(*columns):
            apply_delta(*delta)

    return Trial(sides.book, run, sides.levels, stream.updates)


def _json(stream: Stream) -> Trial:
    sides, texts = _Sides(FloatStream(stream)), stream.json_messages()
    decode, nothing = decoder(texts), np.empty((0, 2))

    def run(book: Any) -> None:
        apply_delta = book.apply_delta
        for text in texts:
            message = decode(text)
            bids = np.array(message.b) if message.b else nothing
            asks = np.array(message.a) if message.a else nothing
            apply_delta(bids[:, 0], bids[:, 1], asks[:, 0], asks[:, 1])

    return Trial(sides.book, run, sides.levels, stream.messages)


def _fill(book: Any, row: Floats) -> None:
    bids, asks = book.get_bids(DEPTH), book.get_asks(DEPTH)
    if len(bids) < DEPTH or len(asks) < DEPTH:
        msg = f"its window lost levels: {len(bids)} bids and {len(asks)} asks are left"
        raise UnfitError(msg)
    fill_standard(bids[:, 0], bids[:, 1], asks[:, 0], asks[:, 1], row)


def _vector(stream: Stream) -> Trial:
    sides = _Sides(FloatStream(stream))
    book, row = sides.book(), np.empty(COUNT)
    for delta in _sliced(*sides.columns()):
        book.apply_delta(*delta)

    def run(_: object) -> None:
        for _ in range(VECTORS):
            _fill(book, row)

    return Trial(lambda: None, run, lambda _: row, VECTORS)


def _replay(stream: Stream) -> Trial:
    sides = _Sides(FloatStream(stream))
    columns = sides.columns()
    rows = np.zeros((stream.messages, COUNT))

    def run(book: Any) -> None:
        apply_delta = book.apply_delta
        for row, delta in zip(rows, _sliced(*columns)):  # noqa: B905  it costs time
            apply_delta(*delta)
            _fill(book, row)

    return Trial(sides.book, run, lambda _: rows, stream.messages)
