"""NumPy alone: a flat array of sizes a side, a message in one assignment, no compiler.

It knows before the race which prices will come, which no live book does.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from obcore.bench.contest import Calls, Entry, Levels, Trial, UnfitError, Workload, version
from obcore.bench.decimals import to_floats
from obcore.bench.standard import COUNT, DEPTH, standard_of_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from obcore.bench.streams import Stream

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

MOST_TICKS = 1 << 26  # a side: half a gigabyte
WINDOW = 64  # ticks looked at first; twice as many each time that ten levels are not in them
VECTORS = 500


def entries() -> list[Entry]:
    """Return every path of it."""
    entry = partial(Entry, "NumPy ladder by hand", version("numpy"), calls=Calls.EACH)
    write, read = (
        "sizes[ticks] = new sizes, no best price kept",
        "flatnonzero near the touch, NumPy",
    )
    return [
        entry(path=write, workload=Workload.APPLY, make=_apply),
        entry(path=read, workload=Workload.VECTOR, make=_vector),
        entry(
            path=f"sizes[ticks] = new sizes; {read}",
            workload=Workload.REPLAY,
            make=_replay,
            limit=5_000,
        ),
    ]


class Ladder:
    """Sizes by tick, bids mirrored so that the best of either side is the first that is there."""

    def __init__(self, count: int, snapshot: tuple[Integers, Floats, Integers, Floats]) -> None:
        bids, bid_sizes, asks, ask_sizes = snapshot
        self.sides = np.zeros(count), np.zeros(count)
        self.sides[0][bids] = bid_sizes
        self.sides[1][asks] = ask_sizes
        self.best = [int(bids.min()), int(asks.min())]

    def set(self, side: int, ticks: Integers, sizes: Floats) -> None:
        """Set levels of one side, and remember where its best can be at the earliest."""
        if len(ticks) > 0:
            self.sides[side][ticks] = sizes
            self.best[side] = min(self.best[side], int(ticks.min()))

    def top(self, side: int) -> tuple[Integers, Floats]:
        """Return ticks and sizes of the ten best levels."""
        sizes, best, window = self.sides[side], self.best[side], WINDOW
        while True:
            found = np.flatnonzero(sizes[best : best + window])[:DEPTH] + best
            if len(found) == DEPTH or best + window >= len(sizes):
                break
            window *= 2
        if len(found) > 0:
            self.best[side] = int(found[0])
        return found, sizes[found]


class _Track:
    """A stream as the ladder takes it: bid ticks count downwards from the highest."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        every = np.concatenate([stream.prices, stream.bids["price"], stream.asks["price"]])
        self.low, self.high = int(every.min()), int(every.max())
        self.count = self.high - self.low + 1
        if self.count > MOST_TICKS:
            megabytes = 16 * self.count / 1e6
            msg = f"its flat arrays would take {megabytes:,.0f} MB for {self.count:,} ticks"
            raise UnfitError(msg)
        lot = stream.instrument.lot_size
        self.snapshot = (
            self.high - stream.bids["price"],
            to_floats(stream.bids["size"], lot),
            stream.asks["price"] - self.low,
            to_floats(stream.asks["size"], lot),
        )
        self._prices = [
            to_floats(self.high - np.arange(self.count), stream.instrument.tick_size),
            to_floats(self.low + np.arange(self.count), stream.instrument.tick_size),
        ]

    def ladder(self) -> Ladder:
        """Return a ladder that holds the snapshot."""
        return Ladder(self.count, self.snapshot)

    def messages(self) -> list[tuple[Integers, Floats, Integers, Floats]]:
        """Return ticks and sizes of the bids, then of the asks, of each message."""
        stream = self.stream
        sizes = to_floats(stream.sizes, stream.instrument.lot_size)
        is_bid = stream.sides == 0
        ticks = np.where(is_bid, self.high - stream.prices, stream.prices - self.low)
        return list(self._split(ticks, sizes, is_bid))

    def _split(
        self, ticks: Integers, sizes: Floats, is_bid: NDArray[np.bool_]
    ) -> Iterator[tuple[Integers, Floats, Integers, Floats]]:
        for begin, end in pairwise(self.stream.offsets.tolist()):
            tick, size, bid = ticks[begin:end], sizes[begin:end], is_bid[begin:end]
            yield tick[bid], size[bid], tick[~bid], size[~bid]

    def standard(self, ladder: Ladder, row: Floats) -> None:
        """Fill a row with the 58 numbers."""
        columns = []
        for side in (0, 1):
            ticks, sizes = ladder.top(side)
            columns += [self._prices[side][ticks], sizes]
        if len(columns[1]) < DEPTH or len(columns[3]) < DEPTH:
            columns = [np.pad(column, (0, DEPTH - len(column))) for column in columns]
        standard_of_arrays(columns[0], columns[1], columns[2], columns[3], row)

    def levels(self, ladder: Ladder) -> Levels:
        """Return all levels of a ladder."""
        lot = float(self.stream.instrument.lot_size)
        sides = []
        for side, sizes in enumerate(ladder.sides):
            ticks = np.flatnonzero(sizes)
            prices = self.low + ticks if side else self.high - ticks
            sides.append(
                np.column_stack([prices, np.rint(sizes[ticks] / lot).astype(np.int64)])
            )
        return Levels(*sides)


def _apply(stream: Stream) -> Trial:
    track = _Track(stream)
    messages = track.messages()

    def run(ladder: Ladder) -> None:
        bids, asks = ladder.sides
        for bid_ticks, bid_sizes, ask_ticks, ask_sizes in messages:
            bids[bid_ticks] = bid_sizes
            asks[ask_ticks] = ask_sizes

    return Trial(track.ladder, run, track.levels, stream.updates)


def _vector(stream: Stream) -> Trial:
    track = _Track(stream)
    ladder, row = track.ladder(), np.empty(COUNT)
    for bid_ticks, bid_sizes, ask_ticks, ask_sizes in track.messages():
        ladder.set(0, bid_ticks, bid_sizes)
        ladder.set(1, ask_ticks, ask_sizes)

    def run(_: object) -> None:
        for _ in range(VECTORS):
            track.standard(ladder, row)

    return Trial(lambda: None, run, lambda _: row, VECTORS)


def _replay(stream: Stream) -> Trial:
    track = _Track(stream)
    messages, rows = track.messages(), np.zeros((stream.messages, COUNT))

    def run(ladder: Ladder) -> None:
        for row, (bid_ticks, bid_sizes, ask_ticks, ask_sizes) in zip(rows, messages):  # noqa: B905
            ladder.set(0, bid_ticks, bid_sizes)
            ladder.set(1, ask_ticks, ask_sizes)
            track.standard(ladder, row)

    return Trial(track.ladder, run, lambda _: rows, stream.messages)
