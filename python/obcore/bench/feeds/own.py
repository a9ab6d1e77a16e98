"""obcore's own feed, with and without somebody who reads its events."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from aiohttp.client_proto import ResponseHandler

from obcore.bench.feeds.course import Touch
from obcore.bench.feeds.stamps import now
from obcore.ingest import Update, live

if TYPE_CHECKING:
    from obcore.bench.feeds.course import Target
    from obcore.bench.feeds.stamps import Stamps

FOREVER_S = 1e6


class Own:
    """Books and features followed in the feed's thread; nobody reads events."""

    def __init__(self, target: Target, stamps: Stamps | None) -> None:
        self._names = {f"{target.market}:{symbol}": symbol for symbol in target.symbols}
        self._stamps = stamps
        self.feed = live(
            list(self._names), features="standard", channels=("depth",), base_url=target.base
        )
        self._state = self.feed._engine.state  # to count without asking every book
        if stamps is not None:
            stamps.watch(ResponseHandler)
            self._stamp(stamps)

    def _stamp(self, stamps: Stamps) -> None:
        self.feed._engine.state = _Stamped(self._state, stamps)  # type: ignore[assignment]

    def run(self) -> None:
        """Follow until the process ends."""
        with self.feed:
            time.sleep(FOREVER_S)

    @property
    def received(self) -> int:
        """Frames, answers to subscriptions among them."""
        connections = self.feed._engine.connections
        return sum(self._state.frames(n)[0] for n in range(2 * len(connections)))

    @property
    def is_ready(self) -> bool:
        """Whether every book can be trusted."""
        return all(self.feed.health(name).is_trusted for name in self._names)

    def touch(self) -> dict[str, Touch]:
        """Return the best prices."""
        return {symbol: self._touch(name) for name, symbol in self._names.items()}

    def _touch(self, name: str) -> Touch:
        book = self.feed.book(name)
        tick, lot = float(book.grid.tick), float(book.grid.lot)
        sides: list[float | None] = []
        for best in (book.best_bid, book.best_ask):
            sides += [None, None] if best is None else [best[0] * tick, best[1] * lot]
        return Touch(*sides)


class _Stamped:
    """The core's books, with a stamp after each frame."""

    def __init__(self, state: Any, stamps: Stamps) -> None:
        self._state, self._keep, self._on_frame = state, stamps.ready.append, state.on_frame

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)

    def on_frame(self, connection: int, frame: bytes, arrived: int) -> int:
        flags: int = self._on_frame(connection, frame, arrived)
        self._keep((now(), None))
        return flags


class OwnEvents(Own):
    """The same, and a loop in the main thread that reads every event."""

    def __init__(self, target: Target, stamps: Stamps | None) -> None:
        super().__init__(target, stamps)
        self.events = 0

    def _stamp(self, stamps: Stamps) -> None:
        """Stamp in the reader instead."""

    def run(self) -> None:
        """Follow and read until the process ends."""
        asyncio.run(self._read())

    async def _read(self) -> None:
        stamps, names = self._stamps, self._names
        async with self.feed as feed:
            if stamps is not None:
                keep = stamps.ready.append
                async for event in feed:
                    if type(event) is Update and event.sequence is not None:
                        keep((now(), (names[event.symbol], event.sequence)))
                    self.events += 1
            async for _ in feed:
                self.events += 1

    @property
    def received(self) -> int:
        """Updates read."""
        return self.events
