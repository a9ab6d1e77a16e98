"""The strongest book that a Python user writes alone: a flat array of sizes a side, in numba.

It knows before the race which prices will come, which no live book does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from obcore.bench.contest import Calls, Entry, Levels, Trial, UnfitError, Workload, version
from obcore.bench.decimals import to_floats
from obcore.bench.peers.compiled import fill_standard
from obcore.bench.peers.json_floats import decoder
from obcore.bench.standard import COUNT, DEPTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from obcore.bench.streams import Stream

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

NAME = "numba ladder by hand"
MOST_TICKS = 1 << 26  # a side: half a gigabyte
VECTORS = 2_000
VECTORS_COMPILED = 20_000


def entries() -> list[Entry]:
    """Return every path of the ladder."""

    def entry(workload: Workload, calls: Calls, path: str, make: object) -> Entry:
        others = ["msgspec"] if workload is Workload.JSON else []
        return Entry(NAME, version("numba", *others), path, workload, calls, make)  # type: ignore[arg-type]

    each, every = Calls.EACH, Calls.ALL
    return [
        entry(Workload.APPLY, each, "njit function, once a message", _apply_each),
        entry(Workload.APPLY, every, "njit function, once for the stream", _apply_all),
        entry(Workload.JSON, each, "msgspec to floats, NumPy, njit function", _json),
        entry(Workload.VECTOR, each, "njit function called from Python", _vector),
        entry(Workload.VECTOR, every, "njit function in an njit loop", _vector_compiled),
        entry(Workload.REPLAY, each, "two njit functions a message", _replay_each),
        entry(Workload.REPLAY, every, "one njit function for the stream", _replay_all),
    ]


@njit
def first_below(sizes: Floats, tick: int) -> int:
    """Return the next level at or below a tick; -1 where there is none."""
    while tick >= 0 and sizes[tick] == 0.0:
        tick -= 1
    return tick


@njit
def first_above(sizes: Floats, tick: int) -> int:
    """Return the next level at or above a tick; one past the array where there is none."""
    while tick < len(sizes) and sizes[tick] == 0.0:
        tick += 1
    return tick


@njit
def apply_updates(
    bids: Floats, asks: Floats, best: Integers, sides: NDArray[np.uint8], ticks: Integers,
    sizes: Floats, begin: int, end: int,
) -> None:  # fmt: skip
    """Set levels and follow the best prices; `ticks` count from the arrays' first."""
    best_bid, best_ask = best[0], best[1]
    for i in range(begin, end):
        tick, size = ticks[i], sizes[i]
        if sides[i] == 0:
            bids[tick] = size
            if size > 0.0:
                best_bid = max(best_bid, tick)
            elif tick == best_bid:
                best_bid = first_below(bids, tick)
        else:
            asks[tick] = size
            if size > 0.0:
                best_ask = min(best_ask, tick)
            elif tick == best_ask:
                best_ask = first_above(asks, tick)
    best[0], best[1] = best_bid, best_ask


@njit
def fill_from_ladder(
    bids: Floats, asks: Floats, best: Integers, first: int, units: float, scale: float,
    top: Floats, out: Floats,
) -> None:  # fmt: skip
    """Take ten levels a side into `top`, and the 58 numbers of them into `out`."""
    top[1] = 0.0
    top[3] = 0.0
    found, tick = 0, best[0]
    while found < DEPTH and tick >= 0:
        if bids[tick] > 0.0:
            top[0, found] = (first + tick) * units / scale
            top[1, found] = bids[tick]
            found += 1
        tick -= 1
    found, tick = 0, best[1]
    while found < DEPTH and tick < len(asks):
        if asks[tick] > 0.0:
            top[2, found] = (first + tick) * units / scale
            top[3, found] = asks[tick]
            found += 1
        tick += 1
    fill_standard(top[0], top[1], top[2], top[3], out)


@njit
def replay(
    bids: Floats, asks: Floats, best: Integers, first: int, units: float, scale: float,
    sides: NDArray[np.uint8], ticks: Integers, sizes: Floats, offsets: Integers, rows: Floats,
) -> None:  # fmt: skip
    """Apply every message and take the 58 numbers after it."""
    top = np.zeros((4, DEPTH))
    for message in range(len(rows)):
        begin, end = offsets[message], offsets[message + 1]
        apply_updates(bids, asks, best, sides, ticks, sizes, begin, end)
        fill_from_ladder(bids, asks, best, first, units, scale, top, rows[message])


@njit
def take_many(
    bids: Floats, asks: Floats, best: Integers, first: int, units: float, scale: float,
    rows: Floats,
) -> None:  # fmt: skip
    """Take the 58 numbers of one book over and over."""
    top = np.zeros((4, DEPTH))
    for row in range(len(rows)):
        fill_from_ladder(bids, asks, best, first, units, scale, top, rows[row])


@dataclass(frozen=True, slots=True)
class Ladder:
    """Sizes by tick, the best ticks, and how a tick becomes a price."""

    bids: Floats
    asks: Floats
    best: Integers
    first: int
    units: float
    scale: float

    @property
    def arrays(self) -> tuple[Floats, Floats, Integers]:
        """What `apply_updates` changes."""
        return self.bids, self.asks, self.best

    @property
    def readable(self) -> tuple[Floats, Floats, Integers, int, float, float]:
        """What `fill_from_ladder` reads."""
        return *self.arrays, self.first, self.units, self.scale


class _Track:
    """A stream as the ladder takes it."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        every = [stream.prices, stream.bids["price"], stream.asks["price"]]
        self.first = min(int(prices.min()) for prices in every if len(prices))
        self.count = max(int(prices.max()) for prices in every if len(prices)) - self.first + 1
        if self.count > MOST_TICKS:
            megabytes = 16 * self.count / 1e6
            msg = f"its flat arrays would take {megabytes:,.0f} MB for {self.count:,} ticks"
            raise UnfitError(msg)
        self.ticks = stream.prices - self.first
        self.sizes = to_floats(stream.sizes, stream.instrument.lot_size)
        _, _, decimals = stream.instrument.tick_size.partition(".")
        self.scale = 10.0 ** len(decimals)
        self.units = round(float(stream.instrument.tick_size) * self.scale)

    @property
    def updates(self) -> tuple[NDArray[np.uint8], Integers, Floats]:
        return self.stream.sides, self.ticks, self.sizes

    def ladder(self) -> Ladder:
        """Return a ladder that holds the snapshot."""
        bids, asks = np.zeros(self.count), np.zeros(self.count)
        best = np.array([-1, self.count], dtype=np.int64)
        lot = self.stream.instrument.lot_size
        for side, levels in enumerate((self.stream.bids, self.stream.asks)):
            ticks = levels["price"] - self.first
            sizes = to_floats(levels["size"], lot)
            sides = np.full(len(levels), side, dtype=np.uint8)
            apply_updates(bids, asks, best, sides, ticks, sizes, 0, len(levels))
        return Ladder(bids, asks, best, self.first, float(self.units), self.scale)

    def levels(self, ladder: Ladder) -> Levels:
        """Return all levels of a ladder."""
        lot = float(self.stream.instrument.lot_size)
        sides = []
        for sizes in (ladder.bids, ladder.asks):
            ticks = np.flatnonzero(sizes)
            lots = np.rint(sizes[ticks] / lot).astype(np.int64)
            sides.append(np.column_stack([ticks + self.first, lots]))
        return Levels(sides[0][::-1], sides[1])


def _apply_each(stream: Stream) -> Trial:
    track = _Track(stream)
    offsets = stream.offsets.tolist()

    def run(ladder: Ladder) -> None:
        bids, asks, best = ladder.arrays
        sides, ticks, sizes = track.updates
        begin = 0
        for end in offsets[1:]:
            apply_updates(bids, asks, best, sides, ticks, sizes, begin, end)
            begin = end

    return Trial(track.ladder, run, track.levels, stream.updates)


def _apply_all(stream: Stream) -> Trial:
    track = _Track(stream)

    def run(ladder: Ladder) -> None:
        apply_updates(*ladder.arrays, *track.updates, 0, stream.updates)

    return Trial(track.ladder, run, track.levels, stream.updates)


def _json(stream: Stream) -> Trial:
    track, texts = _Track(stream), stream.json_messages()
    decode, per_unit, first = decoder(texts), track.scale / track.units, track.first
    sides = [np.full(stream.updates, side, dtype=np.uint8) for side in (0, 1)]

    def run(ladder: Ladder) -> None:
        bids, asks, best = ladder.arrays
        for text in texts:
            message = decode(text)
            for side, pairs in zip(sides, (message.b, message.a)):  # noqa: B905  it costs time
                if pairs:
                    levels = np.array(pairs)
                    ticks = np.rint(levels[:, 0] * per_unit).astype(np.int64) - first
                    sizes = levels[:, 1].copy()  # so that both are the arrays compiled for
                    apply_updates(bids, asks, best, side, ticks, sizes, 0, len(pairs))

    return Trial(track.ladder, run, track.levels, stream.messages)


def _settled(track: _Track) -> Ladder:
    ladder = track.ladder()
    apply_updates(*ladder.arrays, *track.updates, 0, track.stream.updates)
    return ladder


def _vector(stream: Stream) -> Trial:
    ladder = _settled(_Track(stream))
    top, row = np.zeros((4, DEPTH)), np.empty(COUNT)

    def run(_: object) -> None:
        bids, asks, best, first, units, scale = ladder.readable
        for _ in range(VECTORS):
            fill_from_ladder(bids, asks, best, first, units, scale, top, row)

    return Trial(lambda: None, run, lambda _: row, VECTORS)


def _vector_compiled(stream: Stream) -> Trial:
    ladder = _settled(_Track(stream))
    rows = np.zeros((VECTORS_COMPILED, COUNT))

    def run(_: object) -> None:
        take_many(*ladder.readable, rows)

    return Trial(lambda: None, run, lambda _: rows[-1], VECTORS_COMPILED)


def _replay_each(stream: Stream) -> Trial:
    track = _Track(stream)
    offsets = stream.offsets.tolist()
    top, rows = np.zeros((4, DEPTH)), np.zeros((stream.messages, COUNT))

    def run(ladder: Ladder) -> None:
        bids, asks, best, first, units, scale = ladder.readable
        sides, ticks, sizes = track.updates
        begin = 0
        for row, end in zip(rows, offsets[1:]):  # noqa: B905  it costs time
            apply_updates(bids, asks, best, sides, ticks, sizes, begin, end)
            fill_from_ladder(bids, asks, best, first, units, scale, top, row)
            begin = end

    return Trial(track.ladder, run, lambda _: rows, stream.messages)


def _replay_all(stream: Stream) -> Trial:
    track = _Track(stream)
    rows = np.zeros((stream.messages, COUNT))

    def run(ladder: Ladder) -> None:
        replay(*ladder.readable, *track.updates, stream.offsets, rows)

    return Trial(track.ladder, run, lambda _: rows, stream.messages)
