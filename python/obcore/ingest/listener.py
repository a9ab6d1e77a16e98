"""One reader of a feed's events, in a loop or in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from obcore.errors import QueueOverflowError
from obcore.ingest.events import EVENT_TYPES

if TYPE_CHECKING:
    from obcore.book import FeedState, Listener
    from obcore.ingest.engine import Engine
    from obcore.ingest.events import Event
    from obcore.ingest.feed import Feed

BATCH = 256


class FeedEvents:
    """Events of a feed, in order, from a bounded queue of its own; made by `Feed.events`.

    Iterate with ``async for`` in a loop, or with ``for`` in a thread. It ends when the feed does.
    """

    def __init__(
        self, feed: Feed, state: FeedState, listener: Listener, engine: Engine
    ) -> None:
        self._feed, self._state, self._listener, self._engine = feed, state, listener, engine
        self._batch: deque[Event] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arrived: asyncio.Event | None = None
        self._signal = threading.Event()
        engine.add_listener(self._wake)

    # ---- In a loop --------------------------------------------------------------------------

    def __aiter__(self) -> Self:
        """Iterate over what happens from now on."""
        return self

    async def __anext__(self) -> Event:
        """Return the next event.

        Raises
        ------
        QueueOverflowError
            If the policy is ``raise`` and this reader was too slow.
        FeedError
            If the feed cannot go on.
        """
        if not self._batch:
            await self._fill()
        return self._batch.popleft()

    async def _fill(self) -> None:
        if self._arrived is None:
            self._loop, self._arrived = asyncio.get_running_loop(), asyncio.Event()
        while not self._take():
            self._arrived.clear()
            self._listener.is_waiting = True
            # What came between the look and the flag would wake nobody.
            if self._take():
                break
            if self._feed.has_ended:
                self._feed.raise_error()
                raise StopAsyncIteration
            await self._arrived.wait()
        self._listener.is_waiting = False

    # ---- In a thread ------------------------------------------------------------------------

    def __iter__(self) -> Self:
        """Iterate over what happens from now on."""
        return self

    def __next__(self) -> Event:
        """Return the next event, as ``async for`` does."""
        while not self._batch and not self._take():
            self._signal.clear()
            self._listener.is_waiting = True
            if self._take():
                break
            if self._feed.has_ended:
                self._feed.raise_error()
                raise StopIteration
            self._signal.wait()
        self._listener.is_waiting = False
        return self._batch.popleft()

    # ---- Both -------------------------------------------------------------------------------

    def poll(self) -> list[Event]:
        """Return what is there, without waiting."""
        while self._take():
            pass
        events, self._batch = list(self._batch), deque()
        return events

    def _take(self) -> bool:
        was_blocking = self._listener.is_blocking
        taken = self._listener.take(BATCH)
        if was_blocking:
            self._engine.make_room()
        if not taken:
            if self._listener.has_overflowed:
                msg = "events were lost: this reader was too slow, and its policy is raise"
                raise QueueOverflowError(msg)
            return False
        self._batch.extend(EVENT_TYPES[kind]._make(fields) for kind, fields in taken)
        return True

    def _wake(self) -> None:
        """Tell the reader to look; called in the feed's thread."""
        self._listener.is_waiting = False
        self._signal.set()
        if self._loop is not None and self._arrived is not None:
            with suppress(RuntimeError):  # the reader's loop has gone
                self._loop.call_soon_threadsafe(self._arrived.set)

    @property
    def dropped(self) -> int:
        """Events that went unread because the queue was full."""
        return self._listener.dropped

    @property
    def replaced(self) -> int:
        """Updates whose place a newer one took, with the policy ``latest``."""
        return self._listener.replaced

    @property
    def waiting(self) -> int:
        """Events that were not read yet."""
        return len(self._listener) + len(self._batch)

    def close(self) -> None:
        """Stop listening."""
        self._engine.remove_listener(self._wake)
        self._state.leave(self._listener)

    def __enter__(self) -> Self:
        """Listen for the length of a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self.close()
