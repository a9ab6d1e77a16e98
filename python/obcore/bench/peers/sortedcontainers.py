"""sortedcontainers: a sorted dict a side, the bids by the negative of their price."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from sortedcontainers import SortedDict

from obcore.bench.contest import Calls, Entry, Trial, Workload, version
from obcore.bench.decimals import FloatStream
from obcore.bench.peers.json_floats import decoder
from obcore.bench.standard import COUNT, DEPTH, standard_of_lists, ten

if TYPE_CHECKING:
    from collections.abc import Callable

    from obcore.bench.contest import Levels
    from obcore.bench.streams import Stream

NAME = "sortedcontainers"
VECTORS = 500


def entries() -> list[Entry]:
    """Return every path of it."""

    def entry(workload: Workload, path: str, make: Callable[[Stream], Trial]) -> Entry:
        others = ["msgspec"] if workload is Workload.JSON else []
        package = version("sortedcontainers", *others)
        return Entry(NAME, package, path, workload, Calls.EACH, make, limit=5_000)

    write = "SortedDict[price] = size, pop"
    return [
        entry(Workload.APPLY, write, _apply),
        entry(Workload.JSON, f"msgspec to floats, {write}", _json),
        entry(Workload.VECTOR, "islice(items(), 10), plain Python", _vector),
        entry(Workload.REPLAY, f"{write}; islice, plain Python", _replay),
    ]


class _Book:
    """Two sorted dicts, and how a message and the 58 numbers come and go."""

    def __init__(self, floats: FloatStream) -> None:
        bids, asks = floats.two_dicts()
        self.bids: Any = SortedDict({-price: size for price, size in bids.items()})
        self.asks: Any = SortedDict(asks)

    def apply(self, updates: list[tuple[int, float, float]]) -> None:
        """Apply one message, whose bids are already by the negative of their price."""
        bids, asks = self.bids, self.asks
        for side, price, size in updates:
            book = asks if side else bids
            if size:
                book[price] = size
            else:
                book.pop(price, None)

    def standard(self) -> list[float]:
        bids = list(islice(self.bids.items(), DEPTH))
        asks = list(islice(self.asks.items(), DEPTH))
        return standard_of_lists(
            ten([-price for price, _ in bids]),
            ten([size for _, size in bids]),
            ten([price for price, _ in asks]),
            ten([size for _, size in asks]),
        )


def _levels(floats: FloatStream, book: _Book) -> Levels:
    bids = [(-price, size) for price, size in book.bids.items()]
    return floats.levels(bids, book.asks.items())


def _messages(floats: FloatStream) -> list[list[tuple[int, float, float]]]:
    stream = floats.stream
    keys = np.where(stream.sides == 0, -floats.prices, floats.prices).tolist()
    updates = list(zip(stream.sides.tolist(), keys, floats.sizes.tolist(), strict=True))
    ends = stream.offsets.tolist()
    return [updates[begin:end] for begin, end in pairwise(ends)]


def _apply(stream: Stream) -> Trial:
    floats = FloatStream(stream)
    messages = _messages(floats)

    def run(book: _Book) -> None:
        for updates in messages:
            book.apply(updates)

    return Trial(lambda: _Book(floats), run, lambda book: _levels(floats, book), stream.updates)


def _json(stream: Stream) -> Trial:
    floats, texts = FloatStream(stream), stream.json_messages()
    decode = decoder(texts)

    def run(book: _Book) -> None:
        bids, asks = book.bids, book.asks
        for text in texts:
            message = decode(text)
            for price, size in message.b:
                if size:
                    bids[-price] = size
                else:
                    bids.pop(-price, None)
            for price, size in message.a:
                if size:
                    asks[price] = size
                else:
                    asks.pop(price, None)

    return Trial(
        lambda: _Book(floats), run, lambda book: _levels(floats, book), stream.messages
    )


def _vector(stream: Stream) -> Trial:
    floats = FloatStream(stream)
    book = _Book(floats)
    for updates in _messages(floats):
        book.apply(updates)
    row = np.empty(COUNT)

    def run(_: object) -> None:
        for _ in range(VECTORS):
            row[:] = book.standard()

    return Trial(lambda: None, run, lambda _: row, VECTORS)


def _replay(stream: Stream) -> Trial:
    floats = FloatStream(stream)
    messages = _messages(floats)
    rows = np.zeros((stream.messages, COUNT))

    def run(book: _Book) -> None:
        for row, updates in zip(rows, messages):  # noqa: B905  it costs time
            book.apply(updates)
            row[:] = book.standard()

    return Trial(lambda: _Book(floats), run, lambda _: rows, stream.messages)
