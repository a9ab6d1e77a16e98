"""A local venue in a thread of its own, for tests that are no coroutines."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from obcore.venue import LocalVenue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@contextmanager
def local_venue(recordings: Sequence[Path], **options: Any) -> Iterator[str]:
    """Yield the base URL of a venue that plays the recordings."""
    started, stop = threading.Event(), asyncio.Event()
    found: list[tuple[str, asyncio.AbstractEventLoop]] = []

    async def serve() -> None:
        async with LocalVenue(recordings, **options) as venue:
            found.append((venue.base_url, asyncio.get_running_loop()))
            started.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert started.wait(30)
        base_url, loop = found[0]
        yield base_url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
