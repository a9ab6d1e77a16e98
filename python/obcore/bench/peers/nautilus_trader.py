"""nautilus_trader: its Cython book, its pyo3 book, and its own adapter for Binance's JSON."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from nautilus_trader.adapters.binance.common.schemas.market import BinanceOrderBookData
from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.model import data as cython_data
from nautilus_trader.model import enums as cython_enums
from nautilus_trader.model import identifiers as cython_identifiers
from nautilus_trader.model import objects as cython_objects
from nautilus_trader.model.book import OrderBook

from obcore.bench.contest import Calls, Entry, Trial, Workload, version
from obcore.bench.decimals import FloatStream
from obcore.bench.peers.json_floats import is_wrapped
from obcore.bench.standard import COUNT, DEPTH, standard_of_lists, ten

if TYPE_CHECKING:
    from collections.abc import Callable

    from obcore.bench.contest import Levels
    from obcore.bench.streams import Stream

LAST = 128  # the flag of a message's last delta


def entries() -> list[Entry]:
    """Return every path of it."""
    return [*_entries_of(CYTHON, replayed=100), *_entries_of(PYO3, replayed=2_000), _adapter()]


def _entries_of(library: _Library, *, replayed: int) -> list[Entry]:
    name = f"nautilus_trader, {library.name}"
    entry = partial(Entry, name, version("nautilus_trader"), calls=Calls.EACH)
    read = f"{library.reads}, plain Python"
    return [
        entry(
            path="apply_deltas(objects made before)",
            workload=Workload.APPLY,
            make=partial(_apply, library),
            limit=5_000,
        ),
        entry(
            path="objects made, then apply_deltas, both on the clock",
            workload=Workload.APPLY,
            make=partial(_build_and_apply, library),
            limit=1_000,
        ),
        entry(
            path=read,
            workload=Workload.VECTOR,
            make=partial(_vector, library),
            limit=replayed,
        ),
        entry(
            path=f"apply_deltas(objects made before), {read}",
            workload=Workload.REPLAY,
            make=partial(_replay, library),
            limit=replayed,
        ),
    ]


def _adapter() -> Entry:
    return Entry(
        name="nautilus_trader, Binance adapter",
        version=version("nautilus_trader"),
        path="msgspec, parse_to_order_book_deltas, apply_deltas",
        workload=Workload.JSON,
        calls=Calls.EACH,
        make=_json,
        limit=1_000,
    )


@dataclass(frozen=True)
class _Library:
    """One of its two libraries of the same names."""

    name: str
    reads: str
    book: Callable[[], Any]
    identifier: Any
    data: Any
    enums: Any
    objects: Any
    best: Callable[[Any], tuple[list[Any], list[Any]]]  # ten levels a side
    price: Callable[[Any], float]

    def deltas(self, updates: list[tuple[int, float, float]], decimals: tuple[int, int]) -> Any:
        """Return one message as its objects."""
        price_decimals, size_decimals = decimals
        delta, order = self.data.OrderBookDelta, self.data.BookOrder
        price_of, size_of = self.objects.Price, self.objects.Quantity
        buy, sell = self.enums.OrderSide.BUY, self.enums.OrderSide.SELL
        update, delete = self.enums.BookAction.UPDATE, self.enums.BookAction.DELETE
        last = len(updates) - 1
        return self.data.OrderBookDeltas(
            self.identifier,
            [
                delta(
                    self.identifier,
                    update if size else delete,
                    order(
                        sell if side else buy,
                        price_of(price, price_decimals),
                        size_of(size, size_decimals),
                        0,
                    ),
                    LAST if i == last else 0,
                    0,
                    0,
                    0,
                )
                for i, (side, price, size) in enumerate(updates)
            ],
        )

    def standard(self, book: Any) -> list[float]:
        """Return the 58 numbers of a book."""
        price = self.price
        bids, asks = self.best(book)
        return standard_of_lists(
            ten([price(level) for level in bids]),
            ten([level.size() for level in bids]),
            ten([price(level) for level in asks]),
            ten([level.size() for level in asks]),
        )

    def levels(self, floats: FloatStream, book: Any) -> Levels:
        """Return all levels of a book."""
        price = self.price
        bids, asks = (
            [(price(level), level.size()) for level in side]
            for side in (book.bids(), book.asks())
        )
        return floats.levels(bids, asks)


_CYTHON_ID = cython_identifiers.InstrumentId.from_str("BTCUSDT.BINANCE")
_PYO3_ID = nautilus_pyo3.InstrumentId.from_str("BTCUSDT.BINANCE")
CYTHON = _Library(
    name="Cython book",
    reads="bids()[:10], asks()[:10]",
    book=lambda: OrderBook(_CYTHON_ID, cython_enums.BookType.L2_MBP),
    identifier=_CYTHON_ID,
    data=cython_data,
    enums=cython_enums,
    objects=cython_objects,
    best=lambda book: (book.bids()[:DEPTH], book.asks()[:DEPTH]),
    price=lambda level: level.price.as_double(),
)
PYO3 = _Library(
    name="pyo3 book",
    reads="bids(10), asks(10)",
    book=lambda: nautilus_pyo3.OrderBook(_PYO3_ID, nautilus_pyo3.BookType.L2_MBP),
    identifier=_PYO3_ID,
    data=nautilus_pyo3,
    enums=nautilus_pyo3,
    objects=nautilus_pyo3,
    best=lambda book: (book.bids(DEPTH), book.asks(DEPTH)),
    price=lambda level: float(level.price),
)


class _Track:
    """A stream as updates of floats, message by message, and the books they start from."""

    def __init__(self, library: _Library, stream: Stream) -> None:
        self.floats, self._library = FloatStream(stream), library
        instrument = stream.instrument
        self.decimals = (_decimals(instrument.tick_size), _decimals(instrument.lot_size))
        bid_prices, bid_sizes, ask_prices, ask_sizes = (
            x.tolist() for x in self.floats.snapshot
        )
        opening = [(0, p, q) for p, q in zip(bid_prices, bid_sizes, strict=True)]
        opening += [(1, p, q) for p, q in zip(ask_prices, ask_sizes, strict=True)]
        self._opening = library.deltas(opening, self.decimals)

    def book(self) -> Any:
        """Return a book that holds the snapshot."""
        book = self._library.book()
        book.apply_deltas(self._opening)
        return book

    def updates(self) -> list[list[tuple[int, float, float]]]:
        """Return each message as a list of side, price and size."""
        stream = self.floats.stream
        columns = stream.sides, self.floats.prices, self.floats.sizes
        rows = list(zip(*(column.tolist() for column in columns), strict=True))
        ends = stream.offsets.tolist()
        return [rows[begin:end] for begin, end in pairwise(ends)]

    def messages(self) -> list[Any]:
        """Return each message as its objects."""
        return [self._library.deltas(rows, self.decimals) for rows in self.updates()]

    def levels(self, book: Any) -> Levels:
        return self._library.levels(self.floats, book)


def _decimals(step: str) -> int:
    return len(step.partition(".")[2])


def _apply(library: _Library, stream: Stream) -> Trial:
    track = _Track(library, stream)
    messages = track.messages()

    def run(book: Any) -> None:
        apply_deltas = book.apply_deltas
        for message in messages:
            apply_deltas(message)

    return Trial(track.book, run, track.levels, stream.updates)


def _build_and_apply(library: _Library, stream: Stream) -> Trial:
    track = _Track(library, stream)
    messages, decimals, deltas = track.updates(), track.decimals, library.deltas

    def run(book: Any) -> None:
        for updates in messages:
            book.apply_deltas(deltas(updates, decimals))

    return Trial(track.book, run, track.levels, stream.updates)


def _vector(library: _Library, stream: Stream) -> Trial:
    track = _Track(library, stream)
    book, row = track.book(), np.empty(COUNT)
    for message in track.messages():
        book.apply_deltas(message)
    vectors = stream.messages

    def run(_: object) -> None:
        for _ in range(vectors):
            row[:] = library.standard(book)

    return Trial(lambda: None, run, lambda _: row, vectors)


def _replay(library: _Library, stream: Stream) -> Trial:
    track = _Track(library, stream)
    messages, rows = track.messages(), np.zeros((stream.messages, COUNT))

    def run(book: Any) -> None:
        for row, message in zip(rows, messages):  # noqa: B905  it costs time
            book.apply_deltas(message)
            row[:] = library.standard(book)

    return Trial(track.book, run, lambda _: rows, stream.messages)


class _Envelope(msgspec.Struct):
    """The combined stream's wrapping."""

    data: BinanceOrderBookData


def _json(stream: Stream) -> Trial:
    track, texts = _Track(CYTHON, stream), stream.json_messages()
    if is_wrapped(texts):
        unwrap = msgspec.json.Decoder(_Envelope).decode

        def decode(text: bytes) -> Any:
            return unwrap(text).data
    else:
        decode = msgspec.json.Decoder(BinanceOrderBookData).decode

    def run(book: Any) -> None:
        for text in texts:
            book.apply_deltas(decode(text).parse_to_order_book_deltas(CYTHON.identifier, 0))

    return Trial(track.book, run, track.levels, stream.messages)
