"""Two dicts of price to size, sorted when somebody looks: the first book that everybody writes."""

from __future__ import annotations

import platform
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from obcore.bench.contest import Calls, Entry, Trial, Workload
from obcore.bench.decimals import FloatStream
from obcore.bench.standard import COUNT, DEPTH, standard_of_lists, ten

if TYPE_CHECKING:
    from obcore.bench.contest import Levels
    from obcore.bench.streams import Stream

    Book = tuple[dict[float, float], dict[float, float]]

NAME = "two dicts by hand"
VERSION = f"Python {platform.python_version()}"
VECTORS = 50


def entries() -> list[Entry]:
    """Return every path of the dicts; that from JSON is in `json_to_dicts`."""
    return [
        Entry(
            name=NAME,
            version=VERSION,
            path="book[price] = size, pop; never sorted",
            workload=Workload.APPLY,
            calls=Calls.EACH,
            make=_apply,
        ),
        Entry(
            name=NAME,
            version=VERSION,
            path="sorted(book)[:10], plain Python",
            workload=Workload.VECTOR,
            calls=Calls.EACH,
            make=_vector,
        ),
        Entry(
            name=NAME,
            version=VERSION,
            path="book[price] = size, pop; sorted(book)[:10], plain Python",
            workload=Workload.REPLAY,
            calls=Calls.EACH,
            make=_replay,
            limit=1_000,
        ),
    ]


def apply_updates(
    bids: dict[float, float],
    asks: dict[float, float],
    updates: list[tuple[int, float, float]],
) -> None:
    """Apply one message."""
    for side, price, size in updates:
        book = asks if side else bids
        if size:
            book[price] = size
        else:
            book.pop(price, None)


def messages_of(floats: FloatStream) -> list[list[tuple[int, float, float]]]:
    """Return each message as a list of side, price and size."""
    stream = floats.stream
    columns = (stream.sides.tolist(), floats.prices.tolist(), floats.sizes.tolist())
    updates = list(zip(*columns, strict=True))
    ends = stream.offsets.tolist()
    return [updates[begin:end] for begin, end in pairwise(ends)]


def _levels(floats: FloatStream, book: Book) -> Levels:
    return floats.levels(book[0].items(), book[1].items())


def _apply(stream: Stream) -> Trial:
    floats = FloatStream(stream)
    messages = messages_of(floats)

    def run(book: Book) -> None:
        for updates in messages:
            apply_updates(*book, updates)

    return Trial(floats.two_dicts, run, lambda book: _levels(floats, book), stream.updates)


def _standard(bids: dict[float, float], asks: dict[float, float]) -> list[float]:
    bid_prices = sorted(bids, reverse=True)[:DEPTH]
    ask_prices = sorted(asks)[:DEPTH]
    bid_sizes = [bids[price] for price in bid_prices]
    ask_sizes = [asks[price] for price in ask_prices]
    return standard_of_lists(ten(bid_prices), ten(bid_sizes), ten(ask_prices), ten(ask_sizes))


def _vector(stream: Stream) -> Trial:
    floats = FloatStream(stream)
    bids, asks = floats.two_dicts()
    for updates in messages_of(floats):
        apply_updates(bids, asks, updates)
    row = np.empty(COUNT)

    def run(_: object) -> None:
        for _ in range(VECTORS):
            row[:] = _standard(bids, asks)

    return Trial(lambda: None, run, lambda _: row, VECTORS)


def _replay(stream: Stream) -> Trial:
    floats = FloatStream(stream)
    messages = messages_of(floats)
    rows = np.zeros((stream.messages, COUNT))

    def run(book: Book) -> None:
        for row, updates in zip(rows, messages):  # noqa: B905  it costs time
            apply_updates(*book, updates)
            row[:] = _standard(*book)

    return Trial(floats.two_dicts, run, lambda _: rows, stream.messages)
