"""A venue on this machine: real recordings over real sockets, with faults if asked for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import numpy as np
from aiohttp import web

from obcore.venue import schedule
from obcore.venue.faults import Fault, Faults
from obcore.venue.hub import Hub
from obcore.venue.player import Player
from obcore.venue.protocols import endpoints
from obcore.venue.protocols.base import Settings
from obcore.venue.tape import Tape, load_tape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from obcore.venue.book import VenueBook

STARTS = ("subscriber", "now", "call")
ARRIVALS = ("recorded", "poisson")
_SHUTDOWN_S = 1.0


class LocalVenue:
    """A venue on this machine that plays recordings to whoever connects.

    Used as ``async with LocalVenue([...]) as venue``; clients are given ``venue.url(...)`` and
    add the venue's documented paths. Each venue has its own path, so that all can be served from
    one port.

    Parameters
    ----------
    recordings : sequence of path, or Tape
        Recorded files; those that continue each other may be given together. Or a tape that was
        loaded before, which several venues may share.
    speed : float or None
        Times as fast as recorded; None for as fast as clients read.
    faults : iterable of Fault or str
        What goes wrong, e.g. ``"drop:0.01"``; see `Fault`.
    seed : int
        Of faults and of made-up arrivals.
    start : str
        ``"subscriber"``: once `start_when` subscriptions were made; ``"now"``: at once;
        ``"call"``: only by `play`.
    start_when : int
        How many subscriptions to wait for.
    host, port : str, int
        Where to listen; port 0 takes a free one.
    copies : int
        How many times each symbol is served; above 1 under made-up names, ``BTCUSDT0001`` on.
    arrivals : str
        ``"recorded"``, or ``"poisson"`` with `rate`.
    rate : float
        Messages a second, all symbols together, for made-up arrivals.
    settings : Settings, optional
        What concerns single protocols: budgets, keys.

    Raises
    ------
    DecodeError
        Where a recording cannot be read.
    ValueError
        Where an option is none of those above.
    """

    def __init__(
        self,
        recordings: Sequence[Path | str] | Tape,
        *,
        speed: float | None = 1.0,
        faults: Iterable[Fault | str] = (),
        seed: int = 0,
        start: str = "subscriber",
        start_when: int = 1,
        host: str = "127.0.0.1",
        port: int = 0,
        copies: int = 1,
        arrivals: str = "recorded",
        rate: float = 2000.0,
        settings: Settings | None = None,
    ) -> None:
        _require(start in STARTS, "start", STARTS, start)
        _require(arrivals in ARRIVALS, "arrivals", ARRIVALS, arrivals)
        _require(speed is None or speed > 0, "speed", "a positive number", speed)
        _require(copies > 0, "copies", "a positive number", copies)
        _require(rate > 0, "rate", "a positive number", rate)
        self.tape = recordings if isinstance(recordings, Tape) else load_tape(recordings)
        self.faults = Faults(faults, seed=seed)
        self.hub = Hub(self.tape, self.faults, copies=copies)
        self.host = host
        self.port = port
        self.length = len(self.tape.records) * copies
        self._start, self._start_when = start, start_when
        rng = np.random.default_rng(seed)
        dues = (
            schedule.recorded(self.tape, copies=copies, rng=rng)
            if arrivals == "recorded"
            else schedule.poisson(self.tape, copies=copies, rate=rate, rng=rng)
        )
        self._player = Player(self.hub, dues, speed=speed)
        self._endpoints = endpoints(self.hub, settings or Settings())
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._may_start = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application()
        for endpoint in self._endpoints:
            for method, path, handler in endpoint.routes():
                app.router.add_route(method, f"/{endpoint.prefix}{path}", handler)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.hub.on_subscription = self._on_subscription
        if self._start == "now":
            self._may_start.set()
        self._tasks = [asyncio.create_task(self._tick())]
        if self._start != "call":
            self._tasks.append(asyncio.create_task(self._play()))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await asyncio.gather(*(session.closed() for session in tuple(self.hub.sessions)))
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def venues(self) -> list[str]:
        """The names of the venues served, each a path."""
        return [endpoint.prefix for endpoint in self._endpoints]

    @property
    def books(self) -> Books:
        """The venue's own books where the tape stands."""
        return Books(self.hub)

    @property
    def position(self) -> int:
        """How many messages were played."""
        return self.hub.position

    @property
    def is_finished(self) -> bool:
        """Whether the tape has been played and every client has taken it."""
        return self._player.finished.is_set()

    @property
    def base_url(self) -> str:
        """The address of all venues, to which each adds its name as a path; over HTTP."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def url(self, venue: str, scheme: str = "ws") -> str:
        """Return a venue's base URL.

        Parameters
        ----------
        venue : str
            One of `venues`.
        scheme : str
            ``"ws"`` or ``"http"``.
        """
        if venue not in self.venues:
            msg = f"expected a venue of {', '.join(self.venues)}, received {venue!r}"
            raise ValueError(msg)
        return f"{scheme}{self.base_url.removeprefix('http')}/{venue}"

    async def play(self, count: int | None = None) -> None:
        """Play `count` messages, or all that are left; for a venue of ``start="call"``."""
        await self._player.play(count)

    async def finished(self) -> None:
        """Wait until the tape has been played and every client has taken it."""
        playing = [task for task in self._tasks[1:] if task.done()]
        for task in playing:
            task.result()
        await self._player.finished.wait()

    async def _play(self) -> None:
        await self._may_start.wait()
        await self._player.play()

    def _on_subscription(self) -> None:
        if self._start == "subscriber" and self.hub.subscriptions >= self._start_when:
            self._may_start.set()

    async def _tick(self) -> None:
        second = 0
        while True:
            await asyncio.sleep(1.0)
            second += 1
            for session in tuple(self.hub.sessions):
                session.on_tick(second)
                session.flush()


class Books(Mapping[str, "VenueBook"]):
    """A venue's books by ``"market:symbol"``, or by symbol where only one market lists it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def __getitem__(self, name: str) -> VenueBook:
        found = [
            listing
            for listing in self._hub.listings.values()
            if name in (listing.name, listing.symbol)
        ]
        if len(found) != 1:
            raise KeyError(name)
        return found[0].book

    def __iter__(self) -> Iterator[str]:
        return (listing.name for listing in self._hub.listings.values())

    def __len__(self) -> int:
        return len(self._hub.listings)


def _require(holds: bool, name: str, expected: object, received: object) -> None:
    if not holds:
        msg = f"{name}: expected {expected}, received {received!r}"
        raise ValueError(msg)
