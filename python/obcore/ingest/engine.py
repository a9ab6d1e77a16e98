"""What a feed does in its own thread: connections, snapshots and watching clocks."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

import aiohttp
import numpy as np

from obcore.book import BookState
from obcore.ingest.connection import Connection, Link, Route
from obcore.ingest.snapshots import SnapshotDesk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from obcore.book import FeedState
    from obcore.ingest.settings import Settings
    from obcore.ingest.venue import Stream, Venue

# What arrives, as it arrives: bytes of a connection, or the answer of REST to an address.
# Empty bytes: the connection begins; None: it has gone.
Tap = Callable[[Link | str, bytes | None, int], None]

logger = logging.getLogger(__name__)


def plan_routes(wanted: Sequence[tuple[Venue, Stream, int]]) -> list[Route]:
    """Return the fewest connections that carry the streams, within the venues' limits.

    Parameters
    ----------
    wanted : sequence of (Venue, Stream, int)
        Each stream with its venue and the number of its book.
    """
    groups: dict[tuple[str, str], list[tuple[Stream, int]]] = {}
    venues: dict[str, Venue] = {}
    for venue, stream, book in wanted:
        venues[venue.name] = venue
        groups.setdefault((venue.name, venue.path(stream)), []).append((stream, book))
    routes = []
    for (name, path), streams in groups.items():
        size = venues[name].limits.streams
        for start in range(0, len(streams), size):
            part = streams[start : start + size]
            routes.append(
                Route(
                    venues[name],
                    path,
                    tuple(s for s, _ in part),
                    tuple(book for _, book in part),
                )
            )
    return routes


class Engine:
    """Follows the books of a feed; lives in one thread, with a loop of its own.

    Parameters
    ----------
    state : FeedState
        The core's books, connections and listeners.
    wanted : sequence of (Venue, Stream, int)
        What to follow.
    names, symbols : sequence of str
        Of the books: in full, and in the venue's spelling.
    settings : Settings
        How patient it is.
    base_url : str or None
        Where all venues are instead of at their own addresses, each below its name.
    tap : callable or None
        As of the feed.
    """

    CONTROL, WANTS, WAKE, BLOCK, MALFORMED = 1, 2, 4, 8, 16

    def __init__(
        self,
        state: FeedState,
        wanted: Sequence[tuple[Venue, Stream, int]],
        *,
        names: Sequence[str],
        symbols: Sequence[str],
        settings: Settings,
        base_url: str | None = None,
        tap: Tap | None = None,
    ) -> None:
        self.state = state
        self.settings = settings
        self.tap = tap
        self.is_ending = False  # connections that go now are no outage
        self.random = np.random.default_rng(settings.seed)
        self.refusals: dict[int, str] = {}
        self.session: aiohttp.ClientSession
        self._names, self._symbols = names, symbols
        self._base_url = base_url.rstrip("/") if base_url else None
        self._routes = plan_routes(wanted)
        self._venue_of = {book: venue for venue, _, book in wanted}
        self._connections: list[Connection] = []
        self._desks: dict[str, SnapshotDesk] = {}
        self._tasks: asyncio.TaskGroup
        self._wants: asyncio.Event
        self._room: asyncio.Event
        self._loop: asyncio.AbstractEventLoop
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._malformed_told = 0.0
        self._resubscribed_at: dict[int, float] = {}

    # ---- In its thread ----------------------------------------------------------------------

    async def run(self, started: Callable[[], None]) -> None:
        """Follow the books until cancelled, or until every source has ended."""
        self._loop = asyncio.get_running_loop()
        self._wants, self._room = asyncio.Event(), asyncio.Event()
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            self.session = session
            self._connections = [Connection(route, self) for route in self._routes]
            self._desks = {
                venue.name: SnapshotDesk(venue, self)
                for venue in self._venue_of.values()
                if venue.snapshot is not None
            }
            started()
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                servants = [tasks.create_task(desk.run()) for desk in self._desks.values()]
                servants += [tasks.create_task(self._serve_wants())]
                servants += [tasks.create_task(self._watch())]
                connections = [tasks.create_task(c.run()) for c in self._connections]
                await asyncio.gather(*connections)
                for servant in servants:
                    servant.cancel()

    def take(self, flags: int) -> None:
        """Do what the core's flags ask for."""
        if flags & self.WANTS:
            self._wants.set()
        if flags & self.WAKE:
            self.wake_listeners()

    async def wait_for_listeners(self) -> None:
        """Wait until no listener that may hold up the feed is full."""
        while self.state.is_blocked:
            self._room.clear()
            if self.state.is_blocked:
                await self._room.wait()

    async def _serve_wants(self) -> None:
        while True:
            await self._wants.wait()
            self._wants.clear()
            wanted: dict[str, list[int]] = defaultdict(list)
            for book, want in self.state.take_wants():
                wanted[want].append(book)
            for book in wanted["snapshot"]:
                self._ask(book)
            for book in wanted["refresh"]:
                self._ask(book, is_refresh=True)
            self._resubscribe(set(wanted["resubscription"]))
            self._begin_anew(set(wanted["trades"]), of_trades=True)

    def _ask(self, book: int, *, is_refresh: bool = False) -> None:
        desk = self._desks.get(self._venue_of[book].name)
        if desk is not None:
            desk.ask(book, is_refresh=is_refresh)

    def _resubscribe(self, books: set[int]) -> None:
        """Begin streams anew, but none too often."""
        for book in books:
            # Some acknowledge symbols that they do not have: REST says so.
            if self.state.book(book).state is BookState.EMPTY:
                self._ask(book, is_refresh=True)
        now, pause_s = time.monotonic(), self.settings.resubscribe_s
        early = {b for b in books if now - self._resubscribed_at.get(b, -pause_s) < pause_s}
        for book in books - early:
            self._resubscribed_at[book] = now
        self._begin_anew(books - early)
        if early:
            self._loop.call_later(pause_s, self._ask_again, early)

    def _begin_anew(self, books: set[int], *, of_trades: bool = False) -> None:
        for connection in self._connections:
            if mine := books & set(connection.route.books):
                self._tasks.create_task(connection.resubscribe(mine, of_trades=of_trades))

    def _ask_again(self, books: set[int]) -> None:
        for book in books:
            self.state.ask_again(book)
        self._wants.set()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.settings.check_s)
            now = time.time_ns()
            self.take(self.state.check(now))
            await asyncio.gather(*(connection.check(now) for connection in self._connections))
            for book in [book for book in self.refusals if self._is_trusted(book)]:
                self.forget_refusal(book)

    def _is_trusted(self, book: int) -> bool:
        return self.state.book(book).state in (BookState.SYNCED, BookState.UNVERIFIED)

    # ---- What happened ----------------------------------------------------------------------

    def note_malformed(self, route: Route) -> None:
        """Log what could not be read, but not more than once a second."""
        now = time.monotonic()
        if now - self._malformed_told < 1.0:
            return
        self._malformed_told = now
        logger.warning("%s: a frame could not be read: %s", route.name, self.state.last_error)

    def note_refusal(self, book: int, reason: str) -> None:
        """Keep why a venue refuses a book."""
        self.refusals[book] = reason

    def forget_refusal(self, book: int) -> None:
        """Forget why a venue refused a book: it has thought better of it."""
        self.refusals.pop(book, None)

    def name_of(self, book: int) -> str:
        """Return ``venue:SYMBOL`` of a book."""
        return self._names[book]

    def symbol_of(self, book: int) -> str:
        """Return the venue's own symbol of a book."""
        return self._symbols[book]

    # ---- Addresses --------------------------------------------------------------------------

    def websocket_base(self, venue: Venue) -> str:
        """Return where the venue's streams are."""
        if self._base_url is None:
            return venue.websocket
        if venue.websocket.startswith("http"):
            return f"{self._base_url}/{venue.place or venue.name}"
        return f"{self._base_url.replace('http', 'ws', 1)}/{venue.place or venue.name}"

    def rest_base(self, venue: Venue) -> str:
        """Return where the venue answers requests."""
        if self._base_url is None:
            return venue.rest
        return f"{self._base_url}/{venue.place or venue.name}"

    # ---- From other threads -----------------------------------------------------------------

    def add_listener(self, wake: Callable[[], None]) -> None:
        """Call `wake` when a listener that waits has something to read."""
        with self._lock:
            self._listeners = [*self._listeners, wake]

    def remove_listener(self, wake: Callable[[], None]) -> None:
        """Call it no more."""
        with self._lock:
            self._listeners = [one for one in self._listeners if one is not wake]
        self.make_room()

    def wake_listeners(self) -> None:
        """Tell every listener to look."""
        for wake in self._listeners:
            wake()

    def make_room(self) -> None:
        """Tell connections that wait for a listener to look again; from any thread."""
        try:
            self._loop.call_soon_threadsafe(self._room.set)
        except (RuntimeError, AttributeError):
            return  # it has ended, or has not begun

    def cut(self) -> None:
        """Drop every connection at once, as an outage would; from any thread, for tests."""

        def drop() -> None:
            for connection in self._connections:
                self._loop.create_task(connection.drop("cut"))

        self._loop.call_soon_threadsafe(drop)

    @property
    def eta_s(self) -> float:
        """Seconds until every snapshot that is wanted is asked for, by the venues' budgets."""
        return max((desk.eta_s for desk in self._desks.values()), default=0.0)

    @property
    def desks(self) -> dict[str, SnapshotDesk]:
        """Who asks for snapshots, by venue."""
        return self._desks

    @property
    def connections(self) -> list[Connection]:
        """The connections, in the order in which they were planned."""
        return self._connections
