"""Connections that go, and connections that are replaced before they go."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ingest.made import MARKETS
from ingest.scene import (
    ETH,
    QUICK,
    RAW,
    caught_up,
    following,
    live,
    made_tape,
    serving,
    subscribed,
    synced,
    told,
    top,
    until,
    venue_top,
)
from obcore import Disconnected, Gap, Resynced, Stale, Update
from obcore.errors import FeedError
from obcore.ingest.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from obcore.ingest.feed import Feed
    from obcore.venue import LocalVenue


def hang_up(venue: LocalVenue) -> None:
    """Cut every connection as a network does, without a word."""
    for session in tuple(venue.hub.sessions):
        session._transport.abort()


def connects(feed: Feed) -> int:
    return sum(connection.connects for connection in feed._engine.connections)


@pytest.mark.slow
def test_a_cut_heals_within_the_first_wait_and_the_time_of_a_connection() -> None:
    usual = Settings(seed=7)

    async def outages() -> list[float]:
        async with serving(speed=15.0, start="subscriber") as venue:
            async with following(venue, settings=usual) as feed:
                await until(lambda: feed.health(ETH).is_trusted)
                for _ in range(5):
                    await asyncio.sleep(1.1)  # longer than the wait, so that it is a first one
                    hang_up(venue)
                    await until(lambda: not feed.health(ETH).is_trusted)
                    await until(lambda: feed.health(ETH).is_trusted)
                events = feed.events_so_far()
        starts = [event.ts_recv_ns for event in told(events, Disconnected)][:5]
        ends = [event.ts_recv_ns for event in told(events, Resynced)][1:]
        return [(end - start) / 1e9 for start, end in zip(starts, ends, strict=True)]

    seconds = asyncio.run(outages())
    print("seconds out of sync:", ", ".join(f"{s:.2f}" for s in sorted(seconds)))  # noqa: T201

    assert max(seconds) < 1.0 + 0.5
    assert min(seconds) < 1.0


def test_a_connection_is_replaced_without_a_loss_and_without_a_word() -> None:
    async def main() -> tuple[list[int | None], list[int], int]:
        async with serving() as venue:
            async with following(venue, settings=replace(QUICK, lifetime_s=0.2)) as feed:
                await subscribed(venue)
                await synced(venue, feed, step=20)
                while not venue.is_finished:
                    await venue.play(30)
                    await asyncio.sleep(0.01)
                await caught_up(venue, feed)
                assert top(feed.book(ETH)) == venue_top(venue, ETH)
                events = feed.events_so_far()
                number = connects(feed)
        assert told(events, Disconnected, Gap, Stale) == []
        assert len(told(events, Resynced)) == 1
        records = venue.hub.listings["binance-futures", "ETHUSDT"].track.records
        ids = [json.loads(r.payload)["data"]["u"] for r in records if r.role.name == "DELTA"]
        return [update.sequence for update in told(events, Update)], ids, number

    sequences, ids, number = asyncio.run(main())

    assert number >= 5
    assert sequences[0] in ids
    assert sequences == ids[ids.index(sequences[0]) :]


@pytest.mark.parametrize("market", list(MARKETS))
def test_a_stream_with_snapshots_of_its_own_is_replaced_too(
    market: str, shared_data: Callable[[str], Path]
) -> None:
    tape = made_tape(shared_data(RAW), market)
    name = f"{market}:{MARKETS[market]}"

    async def main() -> None:
        async with serving(tape) as venue:
            async with following(venue, name, settings=replace(QUICK, lifetime_s=0.2)) as feed:
                await subscribed(venue)
                await synced(venue, feed)
                while venue.position < 1_500:
                    await venue.play(20)
                    await asyncio.sleep(0.01)
                    if venue.position % 100 == 0:
                        await caught_up(venue, feed)
                        assert top(feed.book(name), 10) == venue_top(venue, name, 10)
                events = feed.events_so_far()
                assert connects(feed) >= 3
        assert told(events, Disconnected, Gap, Stale) == []
        assert len(told(events, Resynced)) == 1

    asyncio.run(main())


def test_books_that_only_a_checksum_or_the_connection_proves_are_replaced_too(
    shared_data: Callable[[str], Path],
) -> None:
    recordings = [shared_data("exchange_ws/KRAKEN_a.jsonl.gz"), shared_data(RAW)]
    names = ["kraken:XMR/USD", "coinbase:ETH-USDT"]

    async def main() -> None:
        async with serving(recordings, speed=8.0, start="subscriber", start_when=2) as venue:
            async with following(venue, names, settings=replace(QUICK, lifetime_s=0.5)) as feed:
                await until(lambda: all(feed.health(name).is_trusted for name in names))
                await asyncio.sleep(3.0)
                events = feed.events_so_far()
                assert connects(feed) >= 6
        told_them = told(events, Disconnected, Gap, Stale)
        assert [event for event in told_them if "no message" not in event.reason] == []

    asyncio.run(main())


def test_a_venue_that_says_that_it_leaves_is_left_before(
    shared_data: Callable[[str], Path],
) -> None:
    spot = shared_data("binance_raw/spot_btcusdt_20240808.gz")
    name = "binance:BTCUSDT"

    async def main() -> None:
        async with serving([spot]) as venue, following(venue, name) as feed:
            await subscribed(venue)
            await synced(venue, feed)
            (old,) = venue.hub.sessions
            assert old.goodbye is not None
            old.reply(old.goodbye())
            old.flush()
            deadline = time.monotonic() + 10
            while old in venue.hub.sessions:
                assert time.monotonic() < deadline
                await venue.play(50)
                await asyncio.sleep(0.01)
            await venue.play(500)
            await caught_up(venue, feed)
            events = feed.events_so_far()
        assert told(events, Disconnected, Gap, Stale) == []

    asyncio.run(main())


def test_who_says_goodbye_and_hangs_up_at_once_is_called_back_at_once() -> None:
    # With the usual waits: up to a second behind other ends.
    async def main() -> float:
        async with (
            serving() as venue,
            following(
                venue, settings=replace(QUICK, backoff_first_s=60.0, backoff_longest_s=60.0)
            ) as feed,
        ):
            await subscribed(venue)
            await synced(venue, feed)
            started = time.monotonic()
            (session,) = venue.hub.sessions
            session._say_goodbye()
            await until(lambda: not feed.health(ETH).is_trusted)
            await synced(venue, feed)
            return time.monotonic() - started

    assert asyncio.run(main()) < 5.0


def test_who_hangs_up_after_each_hello_is_not_called_without_a_pause() -> None:
    async def main() -> int:
        async with serving() as venue:

            def soon() -> None:
                asyncio.get_running_loop().call_later(0.005, hang_up, venue)

            venue.hub.on_subscription = soon
            async with following(
                venue,
                settings=replace(QUICK, seed=1, backoff_first_s=0.4, backoff_longest_s=60.0),
            ) as feed:
                await asyncio.sleep(3.0)
                return connects(feed)

    assert 2 <= asyncio.run(main()) <= 9


def test_a_feed_gives_up_where_it_is_told_to() -> None:
    async def main() -> None:
        async with serving() as venue:
            feed = live(venue, settings=replace(QUICK, max_attempts=3))
            port = venue.port
        assert port
        with pytest.raises(FeedError, match="gave up after 3 attempts"):
            async with feed:
                await until(lambda: feed.has_ended)

    asyncio.run(main())
