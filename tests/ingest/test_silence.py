"""Streams that say nothing, too little or too late."""

from __future__ import annotations

import asyncio
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
    made_tape,
    serving,
    subscribed,
    synced,
    told,
    top,
    until,
    venue_top,
)
from obcore import BookState, Disconnected, Resynced, Stale
from obcore.ingest.venues.binance import BINANCE_FUTURES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("vain", [1, 2])
def test_a_stream_that_is_acknowledged_and_silent_is_subscribed_to_again(vain: int) -> None:
    faults = [f"silent:#{','.join(map(str, range(vain)))}"]

    async def main() -> None:
        # The tape runs on: whoever is heard again has its first message at once.
        async with serving(faults=faults, speed=1.0, start="subscriber") as venue:
            async with following(venue, settings=replace(QUICK, first_message_s=1.0)) as feed:
                await until(lambda: "no message" in feed.health(ETH).reason)
                assert not feed.health(ETH).is_trusted
                await until(lambda: feed.health(ETH).is_trusted)
                events = feed.events_so_far()
                assert venue.hub.subscriptions == 1 + vain
        stale = told(events, Stale)
        assert len(stale) == vain
        assert all(event.reason.startswith("subscribed, but no message in") for event in stale)

    asyncio.run(main())


def test_one_silent_stream_of_many_leaves_the_others_alone() -> None:
    async def main() -> None:
        async with serving(faults=["silent:#1"], copies=3) as venue:
            names = list(venue.books)
            async with following(venue, names) as feed:
                await subscribed(venue, 3)
                await synced(venue, feed)
                events = feed.events_so_far()
        assert [event.symbol for event in told(events, Stale)] == [names[1]]
        assert told(events, Disconnected) == []

    asyncio.run(main())


@pytest.mark.parametrize("market", list(MARKETS))
@pytest.mark.parametrize("fault", ["drop", "truncate"])
def test_a_stream_that_loses_the_snapshot_that_it_begins_with_begins_again(
    market: str, fault: str, shared_data: Callable[[str], Path]
) -> None:
    tape = made_tape(shared_data(RAW), market)
    name = f"{market}:{MARKETS[market]}"

    async def main() -> None:
        async with serving(tape, faults=[f"{fault}:#0"]) as venue:
            async with following(venue, name) as feed:
                await subscribed(venue)
                await synced(venue, feed, step=5)
                await venue.play(50)
                await caught_up(venue, feed)
                assert top(feed.book(name), 10) == venue_top(venue, name, 10)
                events = feed.events_so_far()
        assert [e.reason for e in told(events, Stale)] == ["subscribed, but no snapshot in 0 s"]

    asyncio.run(main())


def test_a_snapshot_that_is_lost_behind_a_gap_is_asked_for_again(
    shared_data: Callable[[str], Path],
) -> None:
    # A message is lost, and then the snapshot of the stream that begins anew for it.
    tape = made_tape(shared_data(RAW), "okx")
    name = f"okx:{MARKETS['okx']}"

    async def main() -> None:
        async with serving(tape, faults=["drop:#100,102"]) as venue:
            async with following(venue, name) as feed:
                await subscribed(venue)
                await venue.play(102)
                await until(lambda: feed.health(name).gaps == 1)
                await subscribed(venue, 2)
                await synced(venue, feed, step=2)
                assert venue.faults.counts["drop"] == 2
                assert venue.hub.subscriptions == 3

    asyncio.run(main())


def test_a_book_that_falls_silent_is_stale_until_it_speaks() -> None:
    async def main() -> None:
        settings = replace(QUICK, silence_s=0.3, first_message_s=60.0)
        async with serving() as venue, following(venue, settings=settings) as feed:
            await subscribed(venue)
            await synced(venue, feed)
            await until(lambda: feed.health(ETH).state is BookState.STALE)
            assert feed.health(ETH).reason == "silent for 0 s"
            await subscribed(venue, 2)
            await synced(venue, feed)
            await caught_up(venue, feed)
            events = feed.events_so_far()
            assert feed.health(ETH).joins == 1  # its ids go on: nothing was built anew
        kinds = [type(event) for event in told(events, Stale, Resynced)]
        assert kinds == [Resynced, Stale, Resynced]

    asyncio.run(main())


def test_a_book_whose_messages_come_late_is_stale_until_they_do_not() -> None:
    async def main() -> None:
        settings = replace(QUICK, lag_s=0.3)
        faults = ["delay:#80:800@binance-futures/depth"]
        async with serving(faults=faults, speed=1.0, start="subscriber") as venue:
            async with following(venue, settings=settings) as feed:
                await until(lambda: feed.health(ETH).is_trusted)
                await until(lambda: feed.health(ETH).outages == 1)
                await until(lambda: feed.health(ETH).is_trusted)
                events = feed.events_so_far()
        stale = told(events, Stale)
        assert len(stale) == 1  # not once a message
        assert stale[0].reason.startswith("lagging by ")

    asyncio.run(main())


def test_a_connection_without_any_frame_is_given_up() -> None:
    limits = replace(BINANCE_FUTURES.limits, idle_s=0.3)
    impatient = {"binance-futures": replace(BINANCE_FUTURES, limits=limits)}

    async def main() -> None:
        async with serving() as venue, following(venue, venues=impatient) as feed:
            await subscribed(venue)
            await synced(venue, feed)
            await until(lambda: feed.health(ETH).state is BookState.STALE)
            assert "closed" in feed.health(ETH).reason
            await subscribed(venue, 2)
            await synced(venue, feed)

    asyncio.run(main())


def test_a_market_that_is_quiet_is_asked_less_and_less_often() -> None:
    async def main() -> int:
        settings = replace(QUICK, first_message_s=0.1, resubscribe_s=0.01)
        async with serving() as venue, following(venue, settings=settings):
            await subscribed(venue)
            await asyncio.sleep(3.2)  # 0.1, 0.2, 0.4, 0.8 and 1.6 s: then the next comes
            return venue.hub.subscriptions

    assert 4 <= asyncio.run(main()) <= 7
