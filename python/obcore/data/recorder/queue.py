"""What waits to be written: bounded in bytes, and never in the way of the feed."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obcore.ingest.connection import Link

OVERHEAD = 256  # bytes of a tuple, its bytes object, its time and its place in the queue


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a tap was told."""

    source: Link | str
    data: bytes | None
    ts_recv_ns: int

    @property
    def size(self) -> int:
        """Bytes that it takes in memory."""
        return OVERHEAD + len(self.data or b"")


@dataclass(slots=True)
class Hole:
    """Where arrivals were dropped, and which connections are open behind it."""

    from_ns: int
    to_ns: int
    reason: str
    count: int = 0
    open_links: tuple[Link, ...] = ()


class ArrivalQueue:
    """Arrivals in order, with a hole in the place of those that there was no room for.

    Once full, it takes nothing until half of it is free, so that a slow disk costs few holes.

    Parameters
    ----------
    limit : int
        Bytes that may wait.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._waiting: deque[Arrival | Hole] = deque()
        self._open: dict[Link, None] = {}
        self._hole: Hole | None = None
        self.size = 0
        self.lost = 0

    def put(self, arrival: Arrival, why_full: str) -> None:
        """Add what arrived, or count it as lost."""
        with self._lock:
            self._follow(arrival)
            if self._hole is not None and self.size <= self._limit // 2:
                self._end_hole()
            if self._hole is None and self.size + arrival.size <= self._limit:
                self._waiting.append(arrival)
                self.size += arrival.size
                return
            if self._hole is None:
                self._hole = Hole(arrival.ts_recv_ns, arrival.ts_recv_ns, why_full)
            self._hole.to_ns = arrival.ts_recv_ns
            self._hole.count += bool(arrival.data)
            self.lost += bool(arrival.data)

    def take(self) -> deque[Arrival | Hole]:
        """Return everything that waits; it counts until it is `done`."""
        with self._lock:
            if self._hole is not None and not self._waiting:
                self._end_hole()
            taken, self._waiting = self._waiting, deque()
            return taken

    def done(self, arrival: Arrival) -> None:
        """Make room: this one is in memory no more."""
        with self._lock:
            self.size -= arrival.size

    def _follow(self, arrival: Arrival) -> None:
        source = arrival.source
        if isinstance(source, str) or arrival.data:
            return
        if arrival.data is None:
            self._open.pop(source, None)
        else:
            self._open[source] = None

    def _end_hole(self) -> None:
        if self._hole is not None:
            self._hole.open_links = tuple(self._open)
            self._waiting.append(self._hole)
            self._hole = None
