"""Watches a feed from inside its own thread: every state that it calls proved, every hole."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.oracle import Reader
from obcore.book import BookState

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.fault_run import Run
    from ingest.oracle import Oracle
    from obcore.book import BookView
    from obcore.ingest.connection import Link
    from obcore.ingest.feed import Feed

MOST_COMPLAINTS = 20


@dataclass(frozen=True, slots=True)
class Chain:
    """How a venue's messages follow one another, as its documents have it.

    Parameters
    ----------
    message : bytes pattern
        A delta; its groups are the symbol and the ids.
    is_hole : callable
        Whether a delta with such ids leaves a hole behind a book at this id.
    """

    message: re.Pattern[bytes]
    is_hole: Callable[[int, list[int]], bool]


_SYMBOL = re.compile(rb'"(?:s|symbol|instId|instrument_name|product_id)":"([^"]+)"')
CHAINS = {
    "binance_spot": Chain(
        re.compile(rb'"depthUpdate".*?"s":"([^"]+)","U":(\d+),"u":\d+,'),
        lambda at, ids: ids[0] > at + 1,
    ),
    "binance_futures": Chain(
        re.compile(rb'"depthUpdate".*?"s":"([^"]+)".*?,"u":(\d+),"pu":(\d+)'),
        lambda at, ids: ids[0] > at and ids[1] != at,
    ),
    "bybit": Chain(
        re.compile(rb'"type":"delta".*?"s":"([^"]+)".*?"u":(\d+)'),
        lambda at, ids: ids[0] > at + 1,
    ),
    "okx": Chain(
        re.compile(rb'"instId":"([^"]+)".*?"action":"update".*?"prevSeqId":(-?\d+)'),
        lambda at, ids: ids[0] != at,
    ),
    "deribit": Chain(
        re.compile(
            rb'^(?=.*"instrument_name":"([^"]+)")(?=.*"prev_change_id":(\d+)).*"type":"change"'
        ),
        lambda at, ids: ids[0] != at,
    ),
}


@dataclass(slots=True)
class Watched:
    """A book, and the table that it is held against."""

    name: str
    venue: str
    view: BookView
    reader: Reader
    by_time: bool
    state_at: Callable[[int], set[int] | None]
    seen: tuple[int | None, int | None, BookState] | None = None
    states: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Hole:
    book: Watched
    gaps: int
    frame: bytes


class Referee:
    """What a feed is tapped with.

    The tap is called before a frame is applied, so that it sees what the one before has left:
    every state of every book is compared, none is skipped.
    """

    def __init__(self, *, unverified: bool = False) -> None:
        self.frames = 0
        self.answers = 0
        self.compared = 0
        self.deltas = 0
        self.holes = 0
        self.complaints: list[str] = []
        self._proved = (BookState.SYNCED, BookState.UNVERIFIED)[: 1 + unverified]
        self._books: list[Watched] = []
        self._by_symbol: dict[tuple[str, bytes], Watched] = {}
        self._feed: Feed | None = None
        self._hole: _Hole | None = None
        self._last: Watched | None = None

    def watch(self, feed: Feed, name: str, oracle: Oracle, one: Run) -> None:
        """Hold a book of the feed against a table."""
        self._feed = feed
        view = feed.book(name)
        state_at = oracle.until if one.until else oracle.at
        venue, symbol = name.partition(":")[0], name.rpartition(":")[2]
        reader = Reader(view, oracle.levels)
        watched = Watched(name, venue, view, reader, one.by_time, state_at)
        self._books.append(watched)
        self._by_symbol[venue, symbol.encode()] = watched

    def tap(self, link: Link | str, data: bytes | None, _: int) -> None:
        """Look at what the frame before this one has left."""
        if self._last is None:
            self.look()
        else:
            self._look_at(self._last)
            self._look_at_hole()
        self._last = None
        if isinstance(link, str):  # an answer of REST
            self.answers += 1
            return
        if data is None:  # the connection has gone
            return
        self.frames += 1
        named = _SYMBOL.search(data)
        if named is not None:
            self._last = self._by_symbol.get((link.route.venue.name, named[1]))
        chain = CHAINS.get(link.route.venue.wire)
        if chain is not None and self._last is not None:
            self._expect(chain, self._last, data)

    def look(self) -> None:
        """Compare every book that shows a new state."""
        for book in self._books:
            self._look_at(book)
        self._look_at_hole()

    def _look_at_hole(self) -> None:
        hole = self._hole
        if hole is not None:
            self._hole = None
            if self._gaps(hole.book) == hole.gaps:
                self._complain(hole.book, f"a hole was not reported: {hole.frame[:200]!r}")

    def _look_at(self, book: Watched) -> None:
        view = book.view
        state = view.state
        if state not in self._proved:
            return
        seen = view.sequence, view.ts_event_ns, state
        if seen == book.seen and not book.by_time:
            return
        book.seen = seen
        self.compared += 1
        book.states[state.name] += 1
        key = view.ts_event_ns if book.by_time else view.sequence
        expected = book.state_at(key) if key is not None else None
        if expected is None:
            self._complain(book, f"shows a state that the venue never had: {key}")
        elif book.reader.digest() not in expected:
            self._complain(book, f"is wrong at {key}, and says {state.name}: {view.reason}")

    def _expect(self, chain: Chain, book: Watched, data: bytes) -> None:
        found = chain.message.search(data)
        if found is None or book.view.state is not BookState.SYNCED:
            return
        symbol, *ids = found.groups()
        self.deltas += 1
        at = book.view.sequence
        if at is None or not chain.is_hole(at, list(map(int, ids))):
            return
        if self._by_symbol.get((book.venue, symbol)) is not book or not _is_json(data):
            return
        self.holes += 1
        self._hole = _Hole(book, self._gaps(book), data)

    def _gaps(self, book: Watched) -> int:
        assert self._feed is not None
        return self._feed.health(book.name).gaps

    def _complain(self, book: Watched, text: str) -> None:
        if len(self.complaints) < MOST_COMPLAINTS:
            self.complaints.append(f"{book.name} {text}")


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True
