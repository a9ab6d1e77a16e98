"""Who reads a feed: slowly, twice, from other threads, or not at all."""

from __future__ import annotations

import asyncio
import copy
import gc
import logging
import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from ingest.fault_run import resources
from ingest.scene import (
    ETH,
    caught_up,
    following,
    live,
    serving,
    subscribed,
    synced,
    told,
    top,
    until,
    venue_top,
)
from obcore import BookState, Gap, Resynced, Side, Update
from obcore.errors import FeedError, QueueOverflowError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from obcore.ingest import Event


@pytest.mark.parametrize("policy", ["drop_oldest", "latest"])
def test_who_does_not_read_delays_no_book(policy: str) -> None:
    async def main() -> tuple[list[Event], int, int]:
        async with serving() as venue, following(venue) as feed:
            reader = feed.events(policy=policy, capacity=100)
            await subscribed(venue)
            await synced(venue, feed)
            await venue.play()
            await caught_up(venue, feed)
            assert top(feed.book(ETH)) == venue_top(venue, ETH)
            events = reader.poll()
            dropped, replaced = reader.dropped, reader.replaced
            reader.close()
        return events, dropped, replaced

    events, dropped, replaced = asyncio.run(main())

    updates = told(events, Update)
    if policy == "latest":
        assert (len(updates), dropped) == (1, 0)
        assert replaced > 1_000
    else:
        assert len(events) == 100
        assert replaced == 0
        assert events[0].missed == dropped > 1_000
        assert all(event.missed == 0 for event in events[1:])


def test_a_reader_whose_loop_is_blocked_delays_no_book() -> None:
    async def main() -> None:
        async with serving(speed=30.0, start="subscriber") as venue:
            feed = live(venue, channels=("depth", "trade"))
            async with feed:
                await until(lambda: feed.health(ETH).is_trusted)
                reader = aiter(feed)
                await anext(reader)
                before = feed.health(ETH).messages
                # Of the feed: the venue lives in this loop too, and what it wrote is read.
                await asyncio.to_thread(time.sleep, 0.5)
                assert feed.health(ETH).messages > before + 50
                await anext(reader)

    asyncio.run(main())


def test_block_holds_the_connection_up_and_says_so() -> None:
    async def main() -> None:
        async with serving() as venue, following(venue, policy="drop_oldest") as feed:
            reader = feed.events(policy="block", capacity=10)
            await subscribed(venue)
            await synced_or_blocked(venue.play, lambda: feed._state.is_blocked)
            stuck = feed.book(ETH).sequence
            await venue.play(300)
            await asyncio.sleep(0.3)
            assert feed.book(ETH).sequence == stuck
            events = reader.poll()
            await until(lambda: feed.book(ETH).sequence != stuck)
            while not venue.is_finished:
                await venue.play(500)
                await asyncio.sleep(0.01)
                events += reader.poll()
            while feed.book(ETH).sequence != venue.books[ETH].last_id:
                events += reader.poll()
                await asyncio.sleep(0.001)
            events += reader.poll()
            assert top(feed.book(ETH)) == venue_top(venue, ETH)
            reader.close()
        assert all(event.missed == 0 for event in events)
        sequences = [update.sequence for update in told(events, Update)]
        assert len(sequences) > 2_000
        assert all(a < b for a, b in pairwise(sequences))

    async def synced_or_blocked(
        play: Callable[..., object], blocked: Callable[[], bool]
    ) -> None:
        deadline = time.monotonic() + 10
        while not blocked():
            assert time.monotonic() < deadline
            await play(30)  # type: ignore[misc]
            await asyncio.sleep(0.01)

    asyncio.run(main())


def test_raise_tells_a_reader_who_is_too_slow() -> None:
    async def main() -> int:
        async with serving() as venue, following(venue) as feed:
            reader = feed.events(policy="raise", capacity=50)
            await subscribed(venue)
            await synced(venue, feed)
            await venue.play()
            await caught_up(venue, feed)
            read = 0
            with pytest.raises(QueueOverflowError, match="too slow"):  # noqa: PT012
                async for _ in reader:
                    read += 1
            assert reader.dropped > 1_000
            reader.close()
            return read

    assert asyncio.run(main()) == 50


def test_several_readers_are_told_the_same() -> None:
    async def main() -> None:
        async with serving() as venue, following(venue, channels=("depth", "trade")) as feed:
            readers = [feed.events(), feed.events()]
            await subscribed(venue, 2)
            await synced(venue, feed)
            await venue.play(2_000)
            await caught_up(venue, feed)
            await asyncio.sleep(0.1)
            first, second = (reader.poll() for reader in readers)
            for reader in readers:
                reader.close()
        assert len(first) > 300
        assert first == second

    asyncio.run(main())


def test_a_loop_and_a_thread_read_the_same_feed() -> None:
    heard: list[Event] = []

    async def main() -> list[Event]:
        async with serving() as venue, following(venue) as feed:
            reader = feed.events()
            thread = threading.Thread(target=lambda: heard.extend(reader))
            thread.start()
            own: list[Event] = []
            await subscribed(venue)

            async def read() -> None:
                own.extend([event async for event in feed])

            reading = asyncio.create_task(read())
            await synced(venue, feed)
            await venue.play(1_000)
            await caught_up(venue, feed)
            await asyncio.to_thread(feed.__exit__)
            await reading
            await asyncio.to_thread(thread.join, 5.0)
            assert not thread.is_alive()
            return own

    own = asyncio.run(main())
    assert len(own) > 100
    assert heard == own


def test_books_are_whole_whoever_reads_them_meanwhile() -> None:  # noqa: C901
    wrong: list[str] = []
    reads = [0]

    async def main() -> None:
        async with serving() as venue, following(venue, features="standard") as feed:
            stop = threading.Event()
            book = feed.book(ETH)

            def read() -> None:
                while not stop.is_set():
                    one = copy.copy(book)
                    reads[0] += 1
                    bid, ask = one.best_bid, one.best_ask
                    if one.state is BookState.SYNCED and not (bid and ask and bid[0] < ask[0]):
                        wrong.append(f"{bid} {ask} {one.reason}")
                    if (one.top(Side.BID, 50)["size"] <= 0).any():
                        wrong.append("an empty level")
                    feed.features(ETH)
                    feed.health(ETH)

            threads = [threading.Thread(target=read) for _ in range(3)]
            for thread in threads:
                thread.start()
            await subscribed(venue)
            await synced(venue, feed)
            while not venue.is_finished:
                await venue.play(500)
            await caught_up(venue, feed)
            stop.set()
            for thread in threads:
                await asyncio.to_thread(thread.join)
            assert top(feed.book(ETH)) == venue_top(venue, ETH)

    asyncio.run(main())
    assert wrong == []
    assert reads[0] > 100


def test_an_error_in_the_feeds_thread_reaches_who_reads() -> None:
    def tap(_source: object, data: bytes | None, _now: int) -> None:
        if b"depthUpdate" in (data or b""):
            msg = "the disk is full"
            raise OSError(msg)

    def broken_tap(_source: object, data: bytes | None, _now: int) -> None:
        if b"depthUpdate" in (data or b""):
            msg = "a mistake"
            raise ValueError(msg)

    async def main() -> None:
        async with serving() as venue:
            feed = live(venue, tap=broken_tap)
            with pytest.raises(FeedError, match="a mistake"):  # noqa: PT012
                async with feed:
                    await subscribed(venue)
                    await venue.play(100)
                    async for _ in feed:
                        pass
            assert feed.has_ended

    asyncio.run(main())
    assert tap is not broken_tap


def test_an_error_that_nobody_reads_is_raised_at_the_end() -> None:
    def tap(_source: object, data: bytes | None, _now: int) -> None:
        if b"depthUpdate" in (data or b""):
            msg = "a mistake"
            raise ValueError(msg)

    async def main() -> None:
        async with serving() as venue:
            feed = live(venue, tap=tap)
            with pytest.raises(FeedError, match="a mistake"):  # noqa: PT012
                async with feed:
                    await subscribed(venue)
                    await venue.play(100)
                    await until(lambda: feed.has_ended)

    asyncio.run(main())


def test_two_connections_of_bybit_with_one_topic_stay_apart(
    shared_data: Callable[[str], Path],
) -> None:
    names = ["bybit-spot:BTCUSDT", "bybit-linear:BTCUSDT"]

    async def main() -> None:
        async with serving([shared_data("exchange_ws/BYBIT_a.jsonl.gz")]) as venue:
            async with following(venue, names) as feed:
                await subscribed(venue, 2)
                await synced(venue, feed)
                await venue.play()
                await caught_up(venue, feed)
                tops = [top(feed.book(name)) for name in names]
                assert tops == [venue_top(venue, name) for name in names]
                assert tops[0] != tops[1]
                assert told(feed.events_so_far(), Gap) == []

    asyncio.run(main())


def test_nothing_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serving() as venue:
            for _ in range(3):
                async with following(venue, features="standard") as feed:
                    await subscribed(venue, venue.hub.subscriptions + 1)
                    await synced(venue, feed)
                    assert told(feed.events_so_far(), Resynced)
                await until(lambda: not venue.hub.sessions)

    asyncio.run(main())
    gc.collect()
    before = resources()
    with caplog.at_level(logging.ERROR):
        asyncio.run(main())
    gc.collect()
    after = resources()
    assert after.threads == before.threads
    assert after.descriptors == before.descriptors
    assert [record for record in caplog.records if record.name == "asyncio"] == []
