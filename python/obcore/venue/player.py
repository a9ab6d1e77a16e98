"""Playback: each message at its time, or as fast as clients read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obcore.venue.hub import Hub
    from obcore.venue.schedule import Due

BATCH = 64
BACKLOG = 1 << 18  # bytes a client may be behind before a tape without times waits for it
TOO_SLOW = 1 << 26  # bytes after which a venue in real time hangs up
POLICY_VIOLATION = 1008
_POLL_S = 0.0005
_HELD_S = 0.005
_NS = 1e9


class Player:
    """Plays a schedule to a hub.

    Parameters
    ----------
    hub : Hub
        Whom to tell.
    schedule : iterator of Due
        What to play when.
    speed : float or None
        Times as fast as recorded; None for as fast as clients read.
    """

    def __init__(self, hub: Hub, schedule: Iterator[Due], *, speed: float | None) -> None:
        self.hub = hub
        self.schedule = schedule
        self.speed = speed
        self.finished = asyncio.Event()
        self._origin: float | None = None

    async def play(self, count: int | None = None) -> None:
        """Play `count` records, or all that are left."""
        left = -1 if count is None else count
        unflushed = 0
        while left != 0:
            due = next(self.schedule, None)
            if due is None:
                await self._end()
                return
            if unflushed >= BATCH or self._is_early(due.due_ns):
                unflushed = 0
                await self._wait(due.due_ns)
            self.hub.publish(due.record, due.copy)
            unflushed += 1
            left -= 1
        self.hub.flush()
        await self._drain()

    def _is_early(self, due_ns: int) -> bool:
        return self.speed is not None and self._until(due_ns) > 0.0

    def _until(self, due_ns: int) -> float:
        """Return the seconds until a time of the tape; no lateness adds up."""
        if self.speed is None:
            return 0.0
        now = asyncio.get_running_loop().time()
        if self._origin is None:
            self._origin = now - due_ns / _NS / self.speed
        return self._origin + due_ns / _NS / self.speed - now

    async def _wait(self, due_ns: int) -> None:
        self.hub.flush()
        await self._keep_up()
        await asyncio.sleep(max(0.0, self._until(due_ns)))

    async def _keep_up(self) -> None:
        """Wait for clients that are behind, or, where the tape has times, hang up on them."""
        if self.speed is None:
            await self._drain()
            return
        for session in self.hub.sessions:
            if session.backlog > TOO_SLOW:
                session.close(POLICY_VIOLATION, b"Too slow")

    async def _drain(self) -> None:
        # A transport tells nobody but aiohttp when its buffer empties, so this has to look.
        while any(s.is_open and s.backlog > BACKLOG for s in self.hub.sessions):  # noqa: ASYNC110
            await asyncio.sleep(_POLL_S)

    async def _end(self) -> None:
        for session in tuple(self.hub.sessions):
            session.finish()
        while any(s.is_open and s.is_holding for s in self.hub.sessions):  # noqa: ASYNC110
            await asyncio.sleep(_HELD_S)
        self.hub.flush()
        await self._drain()
        self.finished.set()
