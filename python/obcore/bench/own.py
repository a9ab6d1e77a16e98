"""obcore's own entries, by the same rules as everybody's."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

import obcore
from obcore.bench.contest import Calls, Entry, Levels, Role, Trial, Workload
from obcore.bench.standard import COUNT
from obcore.book import (
    LEVEL_DTYPE,
    Book,
    BookView,
    DeltaBatch,
    FeatureEngine,
    FeatureSet,
    LiveBook,
    Side,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from obcore.bench.streams import Stream

VECTORS = 2_000  # taken of one settled book in a round


def entries() -> list[Entry]:
    """Return every path of obcore's."""
    entry = partial(Entry, "obcore", f"obcore {obcore.__version__}", totals=True, role=Role.OWN)
    each, every = Calls.EACH, Calls.ALL
    apply, json = Workload.APPLY, Workload.JSON
    vector, replay = Workload.VECTOR, Workload.REPLAY
    return [
        entry("Book.apply_message(batch, i)", apply, each, _apply_messages),
        entry("Book.apply_delta(bids, asks)", apply, each, _apply_deltas),
        entry("Book.apply_batch(batch)", apply, every, _apply_batch),
        entry("LiveBook.apply_json(message): ids and units checked", json, each, _json),
        entry("FeatureSet.compute(book, out=row)", vector, each, _vector),
        entry("Book.apply_message, FeatureSet.compute", replay, each, _replay_each),
        entry("FeatureEngine.replay(book, batch, out)", replay, every, _replay_all),
    ]


def opening_book(stream: Stream) -> Book:
    """Return a book that holds the stream's snapshot."""
    book = Book(stream.instrument)
    book.apply_snapshot(stream.bids, stream.asks)
    return book


def batch_of(stream: Stream) -> DeltaBatch:
    """Return all messages of a stream."""
    return DeltaBatch(
        stream.instrument, stream.sides, stream.prices, stream.sizes, stream.offsets
    )


def levels_of(book: BookView) -> Levels:
    """Return all levels of a book."""
    return Levels(_pairs(book.top(Side.BID)), _pairs(book.top(Side.ASK)))


def _pairs(levels: NDArray[np.void]) -> NDArray[np.int64]:
    return np.column_stack([levels["price"], levels["size"]])


def _apply_messages(stream: Stream) -> Trial:
    batch = batch_of(stream)

    def run(book: Book) -> None:
        apply_message = book.apply_message
        for i in range(len(batch)):
            apply_message(batch, i)

    return Trial(lambda: opening_book(stream), run, levels_of, stream.updates)


def _apply_deltas(stream: Stream) -> Trial:
    levels = np.empty(stream.updates, dtype=LEVEL_DTYPE)
    levels["price"], levels["size"] = stream.prices, stream.sizes
    deltas = []
    for begin, end in pairwise(stream.offsets.tolist()):
        part, sides = levels[begin:end], stream.sides[begin:end]
        deltas.append((part[sides == 0], part[sides == 1]))

    def run(book: Book) -> None:
        apply_delta = book.apply_delta
        for bids, asks in deltas:
            apply_delta(bids, asks)

    return Trial(lambda: opening_book(stream), run, levels_of, stream.updates)


def _apply_batch(stream: Stream) -> Trial:
    batch = batch_of(stream)

    def run(book: Book) -> None:
        book.apply_batch(batch)

    return Trial(lambda: opening_book(stream), run, levels_of, stream.updates)


def _json(stream: Stream) -> Trial:
    snapshot, messages = stream.snapshot_json(), stream.json_messages()

    def fresh() -> LiveBook:
        live = LiveBook(stream.instrument)
        live.apply_json(snapshot)
        return live

    def run(live: LiveBook) -> None:
        apply_json = live.apply_json
        for message in messages:
            apply_json(message)

    return Trial(fresh, run, lambda live: levels_of(live.book), stream.messages)


def _vector(stream: Stream) -> Trial:
    book = opening_book(stream)
    book.apply_batch(batch_of(stream))
    chosen, row = FeatureSet("standard"), np.empty(COUNT)

    def run(_: object) -> None:
        compute = chosen.compute
        for _ in range(VECTORS):
            compute(book, row)

    return Trial(lambda: None, run, lambda _: row, VECTORS)


def _replay_each(stream: Stream) -> Trial:
    batch, chosen = batch_of(stream), FeatureSet("standard")
    rows = np.zeros((stream.messages, COUNT))

    def run(book: Book) -> None:
        apply_message, compute = book.apply_message, chosen.compute
        for i, row in enumerate(rows):
            apply_message(batch, i)
            compute(book, row)

    return Trial(lambda: opening_book(stream), run, lambda _: rows, stream.messages)


def _replay_all(stream: Stream) -> Trial:
    batch, rows = batch_of(stream), np.zeros((stream.messages, COUNT))

    def fresh() -> tuple[Book, FeatureEngine]:
        return opening_book(stream), FeatureEngine(stream.instrument, "standard")

    def run(state: tuple[Book, FeatureEngine]) -> None:
        book, engine = state
        engine.replay(book, batch, rows)

    return Trial(fresh, run, lambda _: rows, stream.messages)
