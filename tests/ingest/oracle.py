"""What a recorded book is at each of its ids: a table made once, of plain dictionaries.

It knows nothing of the core nor of the local venue's own books, and keeps of each state only a
digest of its best levels, so that a book can be compared at every update.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from obcore import Side
from obcore.book import LEVEL_DTYPE
from obcore.venue.native import depth_of
from obcore.venue.protocols.okx import sequence_id
from obcore.venue.record import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from obcore.book import BookView
    from obcore.venue.book import Track
    from obcore.venue.record import Depth, Levels, Record

PX_DECIMALS, SZ_DECIMALS = 12, 10  # of every recording here; int64 holds them


class OracleSide:
    """One side of a book: sizes by price, and its prices in order."""

    def __init__(self, *, best_is_highest: bool) -> None:
        self._sign = -1 if best_is_highest else 1
        self._sizes: dict[int, int] = {}
        self._order: list[int] = []

    def update(self, levels: Levels) -> None:
        for px_text, sz_text, *_ in levels:
            px = _integer(px_text, PX_DECIMALS)
            sz = _integer(sz_text, SZ_DECIMALS)
            key = px * self._sign
            if sz == 0:
                if self._sizes.pop(px, None) is not None:
                    del self._order[bisect_left(self._order, key)]
                continue
            if px not in self._sizes:
                insort(self._order, key)
            self._sizes[px] = sz

    def cut(self, depth: int) -> None:
        for key in self._order[depth:]:
            del self._sizes[key * self._sign]
        del self._order[depth:]

    def top(self, levels: int) -> bytes:
        """Return the best levels as pairs of 64-bit integers."""
        sign, sizes = self._sign, self._sizes
        flat = [
            number for key in self._order[:levels] for number in (key * sign, sizes[key * sign])
        ]
        return struct.pack(f"<{len(flat)}q", *flat)


def _integer(text: str, decimals: int) -> int:
    whole, _, fraction = text.partition(".")
    if "e" in text or "E" in text or len(fraction) > decimals:
        scaled = Decimal(text).scaleb(decimals)
        assert scaled == int(scaled), text
        return int(scaled)
    return int(whole + fraction.ljust(decimals, "0"))


class Oracle:
    """Digests of a recorded book by what identifies its states.

    Parameters
    ----------
    track : Track
        What was recorded.
    levels : int
        How many of the best levels a side are compared.
    key_of : callable
        What identifies the state after a record: the venue's id, or a time where it has none.
        Several states may share a time; any of them is right then.
    """

    def __init__(
        self, track: Track, levels: int, key_of: Callable[[Record, Depth, int], int]
    ) -> None:
        self.levels = levels
        self.digests: dict[int, set[int]] = defaultdict(set)
        self._track, self._key_of = track, key_of
        self._build()
        self._keys = sorted(self.digests)

    def at(self, key: int) -> set[int] | None:
        """Return the digests of the state with this id or time; None where there is none."""
        return self.digests.get(key)

    def until(self, key: int) -> set[int] | None:
        """Return those of the last state that is not later than a time."""
        place = bisect_right(self._keys, key)
        return self.digests[self._keys[place - 1]] if place else None

    def _build(self) -> None:
        rest = self._track.rest_snapshot
        bids, asks = _sides()
        last_id: int | None = None
        is_ready = False
        if rest is not None:
            depth = depth_of(rest)
            bids.update(depth.bids)
            asks.update(depth.asks)
            last_id, is_ready = depth.last_id, True
            self.digests[self._key_of(rest, depth, 0)].add(self._digest(bids, asks))
        for position, record in enumerate(self._track.records, 1):
            if record.role is Role.REST:
                continue
            depth = depth_of(record)
            if record.role is Role.SNAPSHOT:
                bids, asks = _sides()
                is_ready = True
            elif not is_ready or (rest is not None and depth.last_id <= (last_id or 0)):
                continue
            bids.update(depth.bids)
            asks.update(depth.asks)
            if self._track.depth_limit is not None:
                bids.cut(self._track.depth_limit)
                asks.cut(self._track.depth_limit)
            last_id = depth.last_id
            key = self._key_of(record, depth, position)
            self.digests[key].add(self._digest(bids, asks))

    def _digest(self, bids: OracleSide, asks: OracleSide) -> int:
        return hash(bids.top(self.levels) + asks.top(self.levels))


def _sides() -> tuple[OracleSide, OracleSide]:
    return OracleSide(best_is_highest=True), OracleSide(best_is_highest=False)


def by_id(_record: Record, depth: Depth, _position: int) -> int:
    """Venues whose messages have an id."""
    return depth.last_id


def by_okx_id(_record: Record, depth: Depth, position: int) -> int:
    """Old recordings of OKX have no ids: the local venue makes them up, message by message."""
    return depth.last_id or sequence_id(position)


def by_time(_record: Record, depth: Depth, _position: int) -> int:
    """Venues without ids, in whose messages the venue's time is."""
    return depth.ts_event_ns


def by_arrival(record: Record, _depth: Depth, position: int) -> int:
    """What the local venue renders of other venues' records carries the tape's time."""
    return record.ts_recv_ns if position else 0


class Reader:
    """A book of the core, read as the oracle keeps its own.

    Parameters
    ----------
    book : BookView
        The book.
    levels : int
        As of the oracle.
    """

    def __init__(self, book: BookView, levels: int) -> None:
        self._book = book
        self._tops = np.zeros((2, levels), LEVEL_DTYPE)
        self._numbers = self._tops.view(np.int64).reshape(2, levels, 2)
        self._grid: tuple[str, str] | None = None
        self._factors = np.ones(2, np.int64)

    def digest(self) -> int:
        """Return what the oracle keeps of such a book."""
        grid = self._book.grid
        steps = grid.tick, grid.lot
        if steps != self._grid:
            self._grid = steps
            self._factors[:] = (
                _integer(steps[0], PX_DECIMALS),
                _integer(steps[1], SZ_DECIMALS),
            )
        bids = self._book.top_into(Side.BID, self._tops[0])
        asks = self._book.top_into(Side.ASK, self._tops[1])
        numbers = self._numbers * self._factors
        return hash(numbers[0, :bids].tobytes() + numbers[1, :asks].tobytes())
