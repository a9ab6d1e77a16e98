"""order-book, the book of cryptofeed: a dict in C that is sorted when it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from order_book import OrderBook

from obcore.bench.contest import Calls, Entry, Trial, Workload, version
from obcore.bench.decimals import FloatStream
from obcore.bench.peers.json_floats import decoder
from obcore.bench.peers.plain_dict import messages_of
from obcore.bench.standard import COUNT, DEPTH, standard_of_lists

if TYPE_CHECKING:
    from collections.abc import Callable

    from obcore.bench.streams import Stream

VECTORS = 500


def entries() -> list[Entry]:
    """Return every path of it."""

    def entry(
        workload: Workload, path: str, make: Callable[[Stream], Trial], limit: int | None = None
    ) -> Entry:
        others = ["msgspec"] if workload is Workload.JSON else []
        package = version("order-book", *others)
        return Entry("order-book", package, path, workload, Calls.EACH, make, limit=limit)

    write = "side[price] = size, del"
    return [
        entry(Workload.APPLY, f"{write}; never read, so never sorted", _apply),
        entry(Workload.JSON, f"msgspec to floats, {write}; never sorted", _json),
        entry(Workload.VECTOR, "index(0) to index(9), sorted already, plain Python", _vector),
        entry(
            Workload.REPLAY,
            f"{write}; index(0) to index(9), plain Python",
            _replay,
            limit=1_000,
        ),
    ]


def _opening(floats: FloatStream) -> Any:
    book = OrderBook()
    book.bids, book.asks = floats.two_dicts()
    return book


def _apply_updates(bids: Any, asks: Any, updates: list[tuple[int, float, float]]) -> None:
    for side, price, size in updates:
        book = asks if side else bids
        if size:
            book[price] = size
        elif price in book:
            del book[price]


def _standard(bids: Any, asks: Any) -> list[float]:
    best_bids = [bids.index(i) for i in range(min(DEPTH, len(bids)))]
    best_asks = [asks.index(i) for i in range(min(DEPTH, len(asks)))]
    missing = [(0.0, 0.0)] * DEPTH
    best_bids, best_asks = (best_bids + missing)[:DEPTH], (best_asks + missing)[:DEPTH]
    return standard_of_lists(
        [price for price, _ in best_bids],
        [size for _, size in best_bids],
        [price for price, _ in best_asks],
        [size for _, size in best_asks],
    )


def _trial_of_books(floats: FloatStream, run: Callable[[Any], None], count: int) -> Trial:
    return Trial(
        lambda: _opening(floats),
        run,
        lambda book: floats.levels(book.bids.to_dict().items(), book.asks.to_dict().items()),
        count,
    )


def _apply(stream: Stream) -> Trial:
    floats = FloatStream(stream)
    messages = messages_of(floats)

    def run(book: Any) -> None:
        bids, asks = book.bids, book.asks
        for updates in messages:
            _apply_updates(bids, asks, updates)

    return _trial_of_books(floats, run, stream.updates)


def _json(stream: Stream) -> Trial:
    floats, texts = FloatStream(stream), stream.json_messages()
    decode = decoder(texts)

    def run(book: Any) -> None:
        sides = book.bids, book.asks
        for text in texts:
            message = decode(text)
            for side, pairs in zip(sides, (message.b, message.a)):  # noqa: B905  it costs time
                for price, size in pairs:
                    if size:
                        side[price] = size
                    elif price in side:
                        del side[price]

    return _trial_of_books(floats, run, stream.messages)


def _vector(stream: Stream) -> Trial:
    floats = FloatStream(stream)
    book = _opening(floats)
    bids, asks = book.bids, book.asks
    for updates in messages_of(floats):
        _apply_updates(bids, asks, updates)
    row = np.empty(COUNT)

    def run(_: object) -> None:
        for _ in range(VECTORS):
            row[:] = _standard(bids, asks)

    return Trial(lambda: None, run, lambda _: row, VECTORS)


def _replay(stream: Stream) -> Trial:
    floats = FloatStream(stream)
    messages = messages_of(floats)
    rows = np.zeros((stream.messages, COUNT))

    def run(book: Any) -> None:
        bids, asks = book.bids, book.asks
        for row, updates in zip(rows, messages):  # noqa: B905  it costs time
            _apply_updates(bids, asks, updates)
            row[:] = _standard(bids, asks)

    return Trial(lambda: _opening(floats), run, lambda _: rows, stream.messages)
