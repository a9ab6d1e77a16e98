"""A local venue and a feed that follows it, and how to wait for what they do."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import obcore
from ingest.made import made
from obcore.ingest.feed import Feed
from obcore.ingest.settings import Settings
from obcore.venue import LocalVenue, load_tape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from obcore.ingest import Event
    from obcore.venue import Tape

ETH = "binance-futures:ETHUSDT"  # of the bundled recording
RAW = "binance_raw/usdm_ethusdt_20240718.gz"
QUICK = Settings(
    first_message_s=0.4,
    backoff_first_s=0.05,
    backoff_longest_s=0.5,
    snapshot_retry_s=0.05,
    resubscribe_s=0.05,
    check_s=0.02,
    lag_s=1e6,
)
PATIENCE_S = 20.0


@cache
def made_tape(path: Path, market: str) -> Tape:
    """Return a recording in the words of a venue of `made.MARKETS`, made once."""
    return made(load_tape([path]), market)


@asynccontextmanager
async def serving(
    recordings: Sequence[Path] | Tape | None = None, **options: Any
) -> AsyncIterator[LocalVenue]:
    """Serve recordings, the bundled one without."""
    options = {"speed": None, "start": "call", **options}
    async with LocalVenue(recordings or [obcore.sample()], **options) as venue:
        yield venue


def live(venue: LocalVenue, symbols: str | Sequence[str] = ETH, **options: Any) -> Feed:
    """Return a feed that follows the venue, in a hurry."""
    options = {"settings": QUICK, "channels": ("depth",), "capacity": 1 << 20, **options}
    return Feed(symbols, base_url=f"http://{venue.host}:{venue.port}", **options)


@asynccontextmanager
async def following(
    venue: LocalVenue, symbols: str | Sequence[str] = ETH, **options: Any
) -> AsyncIterator[Feed]:
    """Follow the venue, and listen from the start."""
    feed = live(venue, symbols, **options)
    async with feed:
        assert feed.events_so_far() == []
        yield feed


async def until(
    holds: Callable[[], Any], what: str = "it", patience_s: float = PATIENCE_S
) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline, f"waited {patience_s:.0f} s in vain for {what}"
        await asyncio.sleep(0.005)


async def subscribed(venue: LocalVenue, count: int = 1) -> None:
    """Wait until the venue has so many subscriptions."""
    await until(lambda: venue.hub.subscriptions >= count, f"{count} subscriptions")


async def synced(venue: LocalVenue, feed: Feed, step: int = 50) -> None:
    """Play until every book of the feed can be trusted."""

    async def go_on() -> bool:
        await venue.play(step)
        await asyncio.sleep(0.01)
        return all(feed.health(symbol).is_trusted for symbol in feed.symbols)

    deadline = time.monotonic() + PATIENCE_S
    while not await go_on():
        states = {s: (feed.health(s).state.name, feed.health(s).reason) for s in feed.symbols}
        assert time.monotonic() < deadline, f"not in sync: {states}"


async def caught_up(venue: LocalVenue, feed: Feed, names: Sequence[str] | None = None) -> None:
    """Wait until the books are where the venue's are."""
    pairs = [(feed.book(name), venue.books[name]) for name in names or feed.symbols]
    await until(
        lambda: all(book.sequence == own.last_id for book, own in pairs), "the last message"
    )


def told(events: Sequence[Event], *kinds: type[Event]) -> list[Any]:
    """Return the events of some kinds."""
    return [event for event in events if isinstance(event, kinds)]


def top(book: obcore.BookView, levels: int = 20) -> list[list[tuple[float, float]]]:
    """Return the best levels of both sides as numbers."""
    grid = book.grid
    return [
        [
            (float(grid.price_text(px)), float(grid.size_text(sz)))
            for px, sz in book.top(side, levels).tolist()
        ]
        for side in (obcore.Side.BID, obcore.Side.ASK)
    ]


def venue_top(
    venue: LocalVenue, name: str, levels: int = 20
) -> list[list[tuple[float, float]]]:
    """Return the same of the venue's own book."""
    picture = venue.books[name].snapshot(levels)
    return [
        [(float(px), float(sz)) for px, sz in side] for side in (picture.bids, picture.asks)
    ]
