"""A key that a feed logs in with is nowhere else to be seen."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ingest.scene import QUICK, following, serving, subscribed, synced, until
from obcore.ingest.secret import Secret
from obcore.ingest.venues import relay
from obcore.venue import Settings as VenueSettings

if TYPE_CHECKING:
    from obcore.ingest import Event
    from obcore.ingest.feed import Feed

KEY = "sk-5e0f7c-very-secret"
NAME = "relay:ETHUSDT"


def printed(feed: Feed) -> list[str]:
    """Return what of a feed anybody might print."""
    engine = feed._engine
    shown: list[Any] = [feed, feed.settings, feed.health(NAME), feed.book(NAME), engine]
    for connection in engine.connections:
        shown += [connection, connection.route, connection.route.venue, connection.route.name]
        shown += list(vars(connection).values())
    return [text for one in shown for text in (repr(one), str(one))]


@pytest.mark.parametrize("key", [KEY, f"{KEY}-and-wrong"])
def test_a_key_is_in_no_log_no_event_no_frame_and_no_repr(
    key: str, caplog: pytest.LogCaptureFixture
) -> None:
    frames: list[bytes] = []
    events: list[Event] = []
    texts: list[str] = []
    house = {"relay": relay("relay", "ws://nowhere", key=Secret(key))}

    def tap(source: object, data: bytes | None, _now: int) -> None:
        frames.append(data or b"")
        texts.append(repr(source))

    async def main() -> None:
        settings = VenueSettings(relay_key=KEY)
        async with (
            serving(settings=settings) as venue,
            following(
                venue, NAME, venues=house, tap=tap, settings=replace(QUICK, max_attempts=None)
            ) as feed,
        ):
            if key == KEY:
                await subscribed(venue)
                await synced(venue, feed)
            else:
                await until(lambda: feed.health(NAME).refusal)
            events.extend(feed.events_so_far())
            texts.extend(printed(feed))
            for session in tuple(venue.hub.sessions):
                session._transport.abort()
            await until(lambda: "closed" in feed.health(NAME).reason or key != KEY)
            events.extend(feed.events_so_far())
            texts.extend(printed(feed))

    with caplog.at_level(logging.DEBUG):
        asyncio.run(main())

    texts += map(repr, events)
    texts += [record.getMessage() for record in caplog.records]
    texts += [str(record.exc_info) for record in caplog.records]
    assert len(texts) > 20
    assert [text for text in texts if KEY in text] == []
    assert [frame for frame in frames if KEY.encode() in frame] == []
