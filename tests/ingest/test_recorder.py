"""A recording of a live feed replays to the feed's own books, whatever happened meanwhile."""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import obcore
from ingest.made import MARKETS
from ingest.scene import (
    ETH,
    QUICK,
    RAW,
    caught_up,
    following,
    made_tape,
    serving,
    subscribed,
    synced,
    until,
)
from obcore.ingest.secret import Secret
from obcore.ingest.venues import relay
from obcore.venue import Settings as VenueSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from obcore.ingest.feed import Feed
    from obcore.venue import LocalVenue

KEY = "sk-5e0f7c-very-secret"


def lines_of(directory: Path) -> list[dict[str, Any]]:
    """Return every line of a recording."""
    texts = [gzip.decompress(path.read_bytes()) for path in sorted(directory.glob("*.gz"))]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def manifest_of(directory: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((directory / "manifest.json").read_bytes())
    return manifest


async def play(venue: LocalVenue, position: int, step: int = 30) -> None:
    while venue.position < position:
        await venue.play(step)
        await asyncio.sleep(0.01)


async def cut_off(venue: LocalVenue, feed: Feed, name: str) -> None:
    """Hang up, and wait until the book is whole again."""
    for session in tuple(venue.hub.sessions):
        session._transport.abort()
    await until(lambda: not feed.health(name).is_trusted, "the cut")
    await subscribed(venue)
    await synced(venue, feed, step=20)


def record_live(
    directory: Path,
    name: str = ETH,
    tape: Any = None,
    *,
    lifetime_s: float = float("inf"),
    cuts: int = 0,
    messages: int = 2_000,
    segment_size: int = 1 << 28,
) -> tuple[obcore.Book, int]:
    """Record a venue; return the feed's last book and how often it connected."""

    async def main() -> tuple[obcore.Book, int]:
        settings = replace(QUICK, lifetime_s=lifetime_s)
        with obcore.Recorder(directory, segment_size=segment_size) as recorder:
            async with serving(tape) as venue:
                async with following(venue, name, settings=settings, tap=recorder) as feed:
                    recorder.note(feed)
                    await subscribed(venue)
                    await synced(venue, feed, step=20)
                    for _ in range(cuts):
                        await play(venue, venue.position + 200)
                        await cut_off(venue, feed, name)
                    await play(venue, min(messages, venue.length))
                    await caught_up(venue, feed)
                    recorder.note(feed)
                    view = feed.book(name)
                    book = view.__copy__()
                    connects = sum(one.connects for one in feed._engine.connections)
        assert (recorder.state, recorder.lost) == ("closed", 0)
        return book, connects

    return asyncio.run(main())


def assert_same(recorded: obcore.Book, live: obcore.Book) -> None:
    assert recorded.state is live.state is obcore.BookState.SYNCED
    assert recorded.sequence == live.sequence
    for side in (obcore.Side.BID, obcore.Side.ASK):
        assert recorded.grid.price_text(1) == live.grid.price_text(1)
        assert recorded.top(side, 5_000).tolist() == live.top(side, 5_000).tolist()


def test_a_recording_in_many_segments_ends_in_the_books_of_the_feed(tmp_path: Path) -> None:
    live, _ = record_live(tmp_path, segment_size=2_000)

    recording = obcore.Recording(tmp_path)
    book, summary = recording.book_and_summary()
    assert_same(book, live)
    assert len(recording.inputs) > 1
    assert summary.as_dict()["gap_count"] == 0
    manifest = manifest_of(tmp_path)
    assert manifest["symbols"] == [ETH]
    assert manifest["instruments"][ETH] == {"tick": "0.01", "lot": "0.001"}
    assert sum(s["frames"] for s in manifest["segments"]) > 300
    assert all(s["is_closed"] and s["sha256"] for s in manifest["segments"])


def test_a_later_segment_alone_is_readable_and_never_passes_for_a_book(tmp_path: Path) -> None:
    record_live(tmp_path, segment_size=2_000)

    last = obcore.Recording(tmp_path).inputs[-1]
    book, summary = obcore.Recording(last).book_and_summary()
    assert summary.as_dict()["kinds"]["delta"] > 0
    assert book.state is obcore.BookState.BUFFERING


def test_a_recording_across_renewals_replays_without_a_loss(tmp_path: Path) -> None:
    live, connects = record_live(tmp_path, lifetime_s=0.15)

    book, summary = obcore.Recording(tmp_path, strict=True).book_and_summary()
    assert connects >= 3
    assert_same(book, live)
    assert summary.as_dict()["gap_count"] == summary.as_dict()["interruptions"] == 0
    after = [line.get("after") for line in lines_of(tmp_path) if line["t"] == "connect"]
    assert len(after) >= connects
    assert after[0] is None
    assert None not in after[1:]


@pytest.mark.parametrize("market", list(MARKETS))
def test_the_same_of_streams_with_snapshots_of_their_own(
    market: str, shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    tape = made_tape(shared_data(RAW), market)

    name = f"{market}:{MARKETS[market]}"
    live, connects = record_live(tmp_path, name, tape, lifetime_s=0.15, messages=1_200)

    book, summary = obcore.Recording(tmp_path, symbol=name).book_and_summary()
    assert connects >= 2
    assert book.state is live.state
    assert book.sequence == live.sequence
    for side in (obcore.Side.BID, obcore.Side.ASK):
        assert book.top(side, 10).tolist() == live.top(side, 10).tolist()
    assert summary.as_dict()["gap_count"] == 0


def test_an_outage_is_an_outage_in_the_recording_too(tmp_path: Path) -> None:
    live, connects = record_live(tmp_path, cuts=2)

    book, summary = obcore.Recording(tmp_path).book_and_summary()
    assert connects == 3
    assert_same(book, live)
    assert summary.as_dict()["interruptions"] == 2
    kinds = [outage["kind"] for outage in manifest_of(tmp_path)["outages"]]
    assert kinds.count("Disconnected") == 2


def test_a_key_is_in_no_file_of_a_recording(tmp_path: Path) -> None:
    house = {"relay": relay("relay", "ws://nowhere", key=Secret(KEY))}

    async def main() -> None:
        with obcore.Recorder(tmp_path) as recorder:
            async with serving(settings=VenueSettings(relay_key=KEY)) as venue:
                async with following(
                    venue, "relay:ETHUSDT", venues=house, tap=recorder
                ) as feed:
                    recorder.note(feed)
                    await subscribed(venue)
                    await synced(venue, feed)

    asyncio.run(main())

    assert len(lines_of(tmp_path)) > 5
    assert KEY not in json.dumps(lines_of(tmp_path))
    assert not any(KEY.encode() in path.read_bytes() for path in tmp_path.iterdir())
