"""The part of a book that may be told to others: its trusted states, and how each came about.

Formats without ids cannot say that a book is in doubt. So a message that leaves it so becomes
nothing, and the next trusted book is told whole, as a snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from obcore.book import BookState
from obcore.data.changes import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from obcore.data.changes import ChangeBatch

    Levels: TypeAlias = list[tuple[int, int]]  # ticks and lots

DELTA, PICTURE = KINDS.index("delta"), KINDS.index("picture")  # and what tells it anew
TRUSTED = {BookState.SYNCED.value, BookState.UNVERIFIED.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The steps that the numbers of a message count."""

    tick: str
    lot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message for a reader who knows all the messages before it.

    ``gone_bids`` and ``gone_asks`` are prices that such a reader has levels at, and that a
    snapshot has not.
    """

    grid: Grid
    time_ns: int
    ts_event_ns: int
    is_snapshot: bool
    bids: Levels
    asks: Levels
    gone_bids: list[int] = field(default_factory=list)
    gone_asks: list[int] = field(default_factory=list)


def trusted_messages(batches: Iterable[ChangeBatch]) -> Iterator[Message]:
    """Yield what leads a reader from each trusted state to the next.

    Raises
    ------
    ValueError
        If a batch lies on a grid that does not hold the numbers of the one before it.
    """
    books = _Books()
    for batch in batches:
        books.move_to(Grid(tick=batch.tick, lot=batch.lot))
        for change in _rows(batch):
            message = books.take(change)
            if message is not None:
                yield message


@dataclass(frozen=True, slots=True)
class _Change:
    kind: int
    state: int
    depth: int  # levels a side that are left behind it; 0: all of them
    time_ns: int
    ts_event_ns: int
    bids: Levels
    asks: Levels


def _rows(batch: ChangeBatch) -> Iterator[_Change]:
    bids = list(zip(batch.bid_price.tolist(), batch.bid_size.tolist(), strict=True))
    asks = list(zip(batch.ask_price.tolist(), batch.ask_size.tolist(), strict=True))
    bid_offsets, ask_offsets = batch.bid_offsets.tolist(), batch.ask_offsets.tolist()
    columns = (batch.kind, batch.state, batch.depth, batch.time_ns, batch.ts_event_ns)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for i, (kind, state, depth, time_ns, ts_event_ns) in enumerate(rows):
        of_bids = slice(bid_offsets[i], bid_offsets[i + 1])
        of_asks = slice(ask_offsets[i], ask_offsets[i + 1])
        of_sides = bids[of_bids], asks[of_asks]
        yield _Change(kind, state, depth, time_ns, ts_event_ns, *of_sides)


class _Side:
    """One side as it is, and, where it is in doubt, as it was told last."""

    def __init__(self, *, best_is_high: bool) -> None:
        self.now: dict[int, int] = {}
        self.told: dict[int, int] = {}
        self._best_is_high = best_is_high

    def apply(self, levels: Levels) -> None:
        for ticks, lots in levels:
            if lots == 0:
                self.now.pop(ticks, None)
            else:
                self.now[ticks] = lots

    def cut(self, depth: int) -> Levels:
        """Keep the best levels; return what a reader has to remove."""
        if depth == 0 or len(self.now) <= depth:
            return []
        gone = sorted(self.now, reverse=self._best_is_high)[depth:]
        for ticks in gone:
            del self.now[ticks]
        return [(ticks, 0) for ticks in gone]

    def replace(self, levels: Levels) -> Levels:
        """Take a whole side; return what a reader of the old one has to change."""
        old, self.now = self.now, {ticks: lots for ticks, lots in levels if lots != 0}
        changed = [(ticks, lots) for ticks, lots in self.now.items() if old.get(ticks) != lots]
        return changed + [(ticks, 0) for ticks in old if ticks not in self.now]

    def rescale(self, price: int, size: int) -> None:
        self.now = {ticks * price: lots * size for ticks, lots in self.now.items()}
        self.told = {ticks * price: lots * size for ticks, lots in self.told.items()}


class _Books:
    """Follows every message, and picks what to tell of it."""

    def __init__(self) -> None:
        self._bids = _Side(best_is_high=True)
        self._asks = _Side(best_is_high=False)
        self._grid: Grid | None = None
        self._is_whole = False  # a picture has come: deltas lead somewhere
        self._is_told = False  # a reader has the book as it is

    def move_to(self, grid: Grid) -> None:
        old, self._grid = self._grid, grid
        if old is None or old == grid:
            return
        price, size = _factor(old.tick, grid.tick), _factor(old.lot, grid.lot)
        if price is None or size is None:
            msg = (
                f"batch: expected tick {old.tick} and lot {old.lot}, or finer ones that divide "
                f"them, received {grid.tick} and {grid.lot}"
            )
            raise ValueError(msg)
        self._bids.rescale(price, size)
        self._asks.rescale(price, size)

    def take(self, change: _Change) -> Message | None:
        if change.state not in TRUSTED:
            self._doubt()
            self._apply(change)
            return None
        bids, asks = self._apply(change)
        if not self._is_told:
            return self._tell_whole(change)
        if not bids and not asks:
            return None
        return self._message(change, bids, asks)

    def _apply(self, change: _Change) -> tuple[Levels, Levels]:
        """Return what a reader of the book before has to change."""
        if change.kind >= PICTURE:  # a key tells nothing new, unless it is the first
            self._is_whole = True
            return self._bids.replace(change.bids), self._asks.replace(change.asks)
        if change.kind == DELTA and self._is_whole:
            self._bids.apply(change.bids)
            self._asks.apply(change.asks)
            gone = self._bids.cut(change.depth), self._asks.cut(change.depth)
            return change.bids + gone[0], change.asks + gone[1]
        return change.bids, change.asks

    def _doubt(self) -> None:
        if self._is_told:
            self._bids.told, self._asks.told = dict(self._bids.now), dict(self._asks.now)
            self._is_told = False

    def _tell_whole(self, change: _Change) -> Message | None:
        """Return the book; nothing while there is none to tell, for no row would say so."""
        bids, asks = self._bids, self._asks
        if not bids.now and not asks.now:
            return None
        self._is_told = True
        gone = [
            [ticks for ticks in side.told if ticks not in side.now] for side in (bids, asks)
        ]
        bids.told, asks.told = {}, {}
        whole = sorted(bids.now.items(), reverse=True), sorted(asks.now.items())
        return self._message(change, *whole, is_snapshot=True, gone=(gone[0], gone[1]))

    def _message(
        self,
        change: _Change,
        bids: Levels,
        asks: Levels,
        *,
        is_snapshot: bool = False,
        gone: tuple[list[int], list[int]] = ([], []),
    ) -> Message:
        assert self._grid is not None  # noqa: S101  a change is of a batch, which has one
        return Message(
            grid=self._grid,
            time_ns=change.time_ns,
            ts_event_ns=change.ts_event_ns,
            is_snapshot=is_snapshot,
            bids=bids,
            asks=asks,
            gone_bids=gone[0],
            gone_asks=gone[1],
        )


def _factor(old: str, new: str) -> int | None:
    """Return how many new steps make an old one; None where they do not divide it."""
    ratio = Decimal(old) / Decimal(new)
    return int(ratio) if ratio == int(ratio) else None
