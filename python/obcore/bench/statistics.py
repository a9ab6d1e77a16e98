"""What a stream looks like: how long its messages are, where they touch, how deep its book is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from obcore.bench.streams import Stream

SAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class StreamStatistics:
    """Figures of a stream; those of single states are taken at some 2,000 of them.

    Attributes
    ----------
    updates, messages : int
        How many there are.
    deletes, absent_deletes : float
        Shares of the updates that remove a level, and one that is not there.
    crossed : int
        States sampled whose best bid was not below the best ask.
    bid_levels, ask_levels : (int, int, int)
        Smallest, median and largest number of levels.
    within_20_ticks, within_100_ticks : float
        Shares of the updates that are so near to the best price of their side.
    mid_range_ticks : float
        The largest mid less the smallest.
    """

    updates: int
    messages: int
    deletes: float
    absent_deletes: float
    crossed: int
    bid_levels: tuple[int, int, int]
    ask_levels: tuple[int, int, int]
    within_20_ticks: float
    within_100_ticks: float
    mid_range_ticks: float

    @property
    def updates_per_message(self) -> float:
        """The mean length of a message."""
        return self.updates / self.messages


def measure_stream(stream: Stream) -> StreamStatistics:
    """Replay a stream into two dicts, and return its figures."""
    book: tuple[dict[int, int], dict[int, int]] = (
        dict(stream.bids.tolist()),
        dict(stream.asks.tolist()),
    )
    step = max(1, stream.messages // SAMPLES)
    ends = stream.offsets.tolist()
    absent = 0
    counts, touches, distances = [], [], []
    for message in range(stream.messages):
        rows = slice(ends[message], ends[message + 1])
        sides, prices = stream.sides[rows], stream.prices[rows]
        if message % step == 0:
            best_bid, best_ask = max(book[0]), min(book[1])
            counts.append((len(book[0]), len(book[1])))
            touches.append((best_bid, best_ask))
            distances.append(np.where(sides == 0, best_bid - prices, prices - best_ask))
        sizes = stream.sizes[rows].tolist()
        for side, price, size in zip(sides.tolist(), prices.tolist(), sizes, strict=True):
            if size:
                book[side][price] = size
            else:
                absent += book[side].pop(price, None) is None
    touch = np.array(touches)
    distance = np.concatenate(distances)
    mids = touch.mean(axis=1)
    bid_levels, ask_levels = (_spread(column) for column in np.array(counts).T)
    return StreamStatistics(
        stream.updates,
        stream.messages,
        float(np.mean(stream.sizes == 0)),
        absent / stream.updates,
        int(np.sum(touch[:, 0] >= touch[:, 1])),
        bid_levels,
        ask_levels,
        float(np.mean(distance <= 20)),
        float(np.mean(distance <= 100)),
        float(np.ptp(mids)),
    )


def _spread(counts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[int, int, int]:
    return int(counts.min()), int(np.median(counts)), int(counts.max())
