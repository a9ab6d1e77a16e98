"""A venue's own book in plain dictionaries, exact text, independent of the compiled core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from obcore.venue.native import depth_of
from obcore.venue.record import Depth, Levels, Record, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

Side = dict[str, str]


@dataclass(frozen=True, slots=True)
class Picture:
    """A book at one moment, best levels first.

    Parameters
    ----------
    bids, asks : list of tuple of str
        Price and size as the venue wrote them.
    last_id : int
        The venue's update id of this state.
    ts_event_ns : int
        The venue's time of this state.
    """

    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]
    last_id: int
    ts_event_ns: int


class Track:
    """All that was recorded of one book, in order.

    Parameters
    ----------
    market, symbol : str
        Whose book it is.
    depth_limit : int or None
        Levels a side that the venue keeps; it tells no deletion of what falls behind them.
    """

    def __init__(self, market: str, symbol: str, *, depth_limit: int | None = None) -> None:
        self.market = market
        self.symbol = symbol
        self.depth_limit = depth_limit
        self.records: list[Record] = []
        self.rest_snapshot: Record | None = None
        self.rest_position = 0

    def add(self, record: Record) -> None:
        """Append a record; the first REST snapshot is the one that the book starts from."""
        self.records.append(record)
        if record.role is Role.REST and self.rest_snapshot is None:
            self.rest_snapshot, self.rest_position = record, len(self.records)


class VenueBook:
    """The book of a track after a number of its records; it moves on when it is looked at.

    Playback only counts, so that a book nobody asks for costs nothing. A book starts from the
    recorded REST snapshot, and the diffs that this already holds change nothing; or from the
    first snapshot of the stream; or, where there is neither, empty before the first diff.

    Parameters
    ----------
    track : Track
        What was recorded; it is only read.
    """

    def __init__(self, track: Track) -> None:
        self.track = track
        self.bids: Side = {}
        self.asks: Side = {}
        self.last_id = 0
        self.ts_event_ns = 0
        self.is_ready = False
        self.position = 0
        self.last_record: Record | None = None
        self._start()

    def advance(self, position: int) -> VenueBook:
        """Apply the records up to `position`, a number of records of the track."""
        for record in self.track.records[self.position : position]:
            self._apply(record)
        self.position = max(self.position, position)
        return self

    def snapshot(self, limit: int | None = None) -> Picture:
        """Return the best `limit` levels a side, all of them without."""
        return Picture(
            ordered(self.bids, limit, descending=True),
            ordered(self.asks, limit, descending=False),
            self.last_id,
            self.ts_event_ns,
        )

    def _start(self) -> None:
        rest = self.track.rest_snapshot
        if rest is not None:
            self._replace(depth_of(rest), rest)
            return
        first = next((r for r in self.track.records if r.role is not Role.OTHER), None)
        if first is not None and first.role is Role.DELTA:
            before = depth_of(first)
            self.is_ready = True
            self.ts_event_ns = before.ts_event_ns
            self.last_id = _id_before(before)

    def _apply(self, record: Record) -> None:
        if record.role is Role.SNAPSHOT:
            self._replace(depth_of(record), record)
            return
        if record.role is not Role.DELTA or not self.is_ready:
            return
        depth = depth_of(record)
        if 0 < depth.last_id <= self.last_id and not _restarted(depth):
            return
        update(self.bids, depth.bids)
        update(self.asks, depth.asks)
        self._cut()
        self._moved(depth, record)

    def _replace(self, depth: Depth, record: Record) -> None:
        self.bids, self.asks = {}, {}
        update(self.bids, depth.bids)
        update(self.asks, depth.asks)
        self.is_ready = True
        self._moved(depth, record)

    def _moved(self, depth: Depth, record: Record) -> None:
        self.last_id, self.ts_event_ns = depth.last_id, depth.ts_event_ns
        self.last_record = record

    def _cut(self) -> None:
        limit = self.track.depth_limit
        if limit is None:
            return
        while len(self.bids) > limit:
            del self.bids[min(self.bids, key=float)]
        while len(self.asks) > limit:
            del self.asks[max(self.asks, key=float)]


def update(side: Side, levels: Levels) -> None:
    """Set levels of a side to absolute sizes; a size of zero, however spelt, removes one."""
    for px, sz, *_ in levels:
        if is_zero(sz):
            side.pop(px, None)
        else:
            side[px] = sz


def is_zero(sz: str) -> bool:
    """Return whether a size is zero.

    Examples
    --------
    >>> is_zero("0.000"), is_zero("0"), is_zero("0.001"), is_zero("10")
    (True, True, False, False)
    """
    return not sz.strip("0.") and float(sz) == 0.0


def ordered(side: Side, limit: int | None, *, descending: bool) -> list[tuple[str, str]]:
    """Return the levels of a side, best first, as prices and sizes."""
    prices: Sequence[str] = sorted(side, key=float, reverse=descending)[:limit]
    return [(px, side[px]) for px in prices]


def _id_before(depth: Depth) -> int:
    if depth.previous_id is not None:
        return depth.previous_id
    return depth.first_id - 1 if depth.first_id is not None else 0


def _restarted(depth: Depth) -> bool:
    """Return whether a venue says that its ids begin again at small numbers."""
    return depth.previous_id is not None and depth.last_id < depth.previous_id
