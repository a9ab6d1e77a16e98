"""The right answers, from the slowest and plainest book: two dicts, and two sorted lists."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from obcore.bench.contest import Levels
from obcore.bench.standard import COUNT, DEPTH
from obcore.errors import ObcoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from obcore.bench.streams import Stream

    Floats = NDArray[np.float64]

OBI_10 = COUNT  # the column behind the 58: the imbalance of the ten best levels
IMBALANCE = 12


class Reference:
    """Replays a stream once and keeps what every entry must arrive at.

    Parameters
    ----------
    stream : Stream
        What the entries replay too.
    rows : bool, optional
        Whether the 58 numbers are wanted as well as the final books.
    """

    def __init__(self, stream: Stream, *, rows: bool = True) -> None:
        self._stream = stream
        self.rows = _rows(stream) if rows else np.empty((0, COUNT + 1))

    def levels(self, messages: int) -> Levels:
        """Return the book after so many messages."""
        bids, asks = _Side(self._stream.bids), _Side(self._stream.asks)
        for _ in _replayed(self._stream, bids, asks, messages):
            pass
        return Levels(_table(bids)[::-1], _table(asks))


class _Side:
    """Sizes by price, and the prices in order. Whole numbers throughout."""

    def __init__(self, snapshot: NDArray[np.void]) -> None:
        self.sizes: dict[int, int] = {
            price: size for price, size in snapshot.tolist() if size > 0
        }
        self.prices = sorted(self.sizes)
        self.total = sum(self.sizes.values())

    def set(self, price: int, size: int) -> None:
        before = self.sizes.pop(price, 0)
        self.total += size - before
        if size:
            self.sizes[price] = size
        if size and not before:
            insort(self.prices, price)
        elif before and not size:
            del self.prices[bisect_left(self.prices, price)]


def _replayed(stream: Stream, bids: _Side, asks: _Side, messages: int) -> Iterator[int]:
    """Apply message after message; yields the index of each when it is done."""
    sides, prices, sizes, offsets = (
        column.tolist()
        for column in (stream.sides, stream.prices, stream.sizes, stream.offsets)
    )
    for message in range(messages):
        for i in range(offsets[message], offsets[message + 1]):
            (asks if sides[i] else bids).set(prices[i], sizes[i])
        yield message


def _table(side: _Side) -> NDArray[np.int64]:
    pairs = [(price, side.sizes[price]) for price in side.prices]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _rows(stream: Stream) -> Floats:
    bids, asks = _Side(stream.bids), _Side(stream.asks)
    rows = np.empty((stream.messages, COUNT + 1))
    tick, lot = Fraction(stream.instrument.tick_size), Fraction(stream.instrument.lot_size)
    for message in _replayed(stream, bids, asks, stream.messages):
        rows[message] = _row(bids, asks, tick, lot)
    return rows


def _row(bids: _Side, asks: _Side, tick: Fraction, lot: Fraction) -> list[float]:
    """Return the 58 numbers and `OBI_10`: whole numbers until one division at the end."""
    bid_prices, ask_prices = bids.prices[: -DEPTH - 1 : -1], asks.prices[:DEPTH]
    if not bid_prices or not ask_prices:
        msg = "expected a book with two sides after every message, found an empty one"
        raise ObcoreError(msg)
    bid_sizes = [bids.sizes[price] for price in bid_prices]
    ask_sizes = [asks.sizes[price] for price in ask_prices]
    twice_mid, spread = bid_prices[0] + ask_prices[0], ask_prices[0] - bid_prices[0]
    bid_vol, ask_vol = sum(bid_sizes), sum(ask_sizes)
    bid_turnover = sum(p * q for p, q in zip(bid_prices, bid_sizes, strict=True))
    ask_turnover = sum(p * q for p, q in zip(ask_prices, ask_sizes, strict=True))
    mid = _scaled(twice_mid, tick, 2)
    row = [
        mid,
        _scaled(spread, tick),
        2 * spread / twice_mid,
        math.log(mid),
        _scaled(bid_vol, lot),
        _scaled(ask_vol, lot),
        _scaled(bid_vol + ask_vol, lot),
        _scaled(bid_vol - ask_vol, lot),
        bid_vol / ask_vol,
        _scaled(bid_turnover, tick, bid_vol),
        _scaled(ask_turnover, tick, ask_vol),
        _scaled(bid_turnover * ask_vol + ask_turnover * bid_vol, tick, 2 * bid_vol * ask_vol),
        (bids.total - asks.total) / (bids.total + asks.total),
        _scaled(bid_sizes[0], lot),
        _scaled(ask_sizes[0], lot),
        _scaled(bid_sizes[0] - ask_sizes[0], lot),
        _scaled(sum(bid_sizes[:5]), lot),
        _scaled(sum(ask_sizes[:5]), lot),
    ]
    for prices, sizes in ((bid_prices, bid_sizes), (ask_prices, ask_sizes)):
        for price, size in zip(prices, sizes, strict=True):
            row += [(2 * price - twice_mid) / twice_mid, _scaled(size, lot)]
        row += [0.0, 0.0] * (DEPTH - len(prices))
    return [*row, (bid_vol - ask_vol) / (bid_vol + ask_vol)]


def _scaled(count: int, step: Fraction, divisor: int = 1) -> float:
    """Return ``count · step / divisor``: whole numbers, divided once."""
    return count * step.numerator / (step.denominator * divisor)
