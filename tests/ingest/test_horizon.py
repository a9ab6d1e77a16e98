"""A market that leaves the levels of its snapshot: a new one takes over, and sync is never left."""

from __future__ import annotations

import asyncio
import json

from ingest.scene import caught_up, following, serving, subscribed, synced, told, top, venue_top
from obcore import BookState, Disconnected, Gap, Resynced, Stale
from obcore.venue import Tape
from obcore.venue.book import Track
from obcore.venue.record import DEPTH, Record, Role

NAME = "binance:BTCUSDT"
LEVELS, DRIFT, FIRST_ID = 6_000, 4_000, 1_000
MIDDLE = 50_000  # cents


def price(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def drifting() -> Tape:
    """A market that goes up by a cent a message, of which a snapshot tells 1,000 levels a side."""
    bids = [[price(MIDDLE - 1 - i), f"{1 + i % 7}.0"] for i in range(LEVELS)]
    asks = [[price(MIDDLE + i), f"{1 + i % 5}.0"] for i in range(LEVELS)]
    rest = {"lastUpdateId": FIRST_ID, "bids": bids, "asks": asks}
    records = [_record(0, rest, Role.REST)]
    for i in range(DRIFT):
        number = FIRST_ID + 1 + i
        update = {
            "e": "depthUpdate", "E": 1_790_000_000_000 + 10 * i, "s": "BTCUSDT",
            "U": number, "u": number,
            "b": [[price(MIDDLE + i), f"{1 + i % 3}.5"]], "a": [[price(MIDDLE + i), "0.0"]],
        }  # fmt: skip
        stream = {"stream": "btcusdt@depth@100ms", "data": update}
        records.append(_record(i, stream, Role.DELTA))
    track = Track("binance", "BTCUSDT")
    for record in records:
        track.add(record)
    start = records[0].ts_recv_ns
    due = [record.ts_recv_ns - start for record in records]
    return Tape(records, due, {("binance", "BTCUSDT"): track})


def _record(number: int, message: object, role: Role) -> Record:
    payload = json.dumps(message, separators=(",", ":")).encode()
    ts = 1_790_000_000_000_000_000 + number * 10_000_000
    return Record(ts, "binance", "BTCUSDT", DEPTH, "btcusdt@depth@100ms", payload, role)


def test_a_book_is_refreshed_near_its_horizon_without_leaving_sync() -> None:
    async def main() -> None:
        async with serving(drifting()) as venue, following(venue, NAME) as feed:
            await subscribed(venue)
            await synced(venue, feed, step=5)
            first = feed.health(NAME).horizon_ask
            assert first is not None
            while not venue.is_finished:
                await venue.play(20)
                await asyncio.sleep(0.005)
                health = feed.health(NAME)
                assert health.state is BookState.SYNCED
                assert feed.book(NAME).is_complete_to(100)
            await caught_up(venue, feed)
            assert top(feed.book(NAME), 400) == venue_top(venue, NAME, 400)
            health = feed.health(NAME)
            events = feed.events_so_far()
        # 4,000 cents up, and half of a thousand levels each time.
        assert 6 <= health.refreshes <= 10
        assert (health.corrections, health.outages, health.joins) == (0, 0, 1)
        assert health.horizon_ask is not None
        assert health.horizon_ask > first
        assert told(events, Gap, Stale, Disconnected) == []
        assert len(told(events, Resynced)) == 1

    asyncio.run(main())


def test_a_refresh_that_is_late_stale_or_refused_changes_nothing() -> None:
    faults = ["stale_snapshot:#1,4:300", "error_500:#2", "slow_snapshot:#3:0.3"]

    async def main() -> None:
        async with serving(drifting(), faults=faults) as venue, following(venue, NAME) as feed:
            await subscribed(venue)
            await synced(venue, feed, step=5)
            while not venue.is_finished:
                await venue.play(5)
                await asyncio.sleep(0.005)
                assert feed.health(NAME).state is BookState.SYNCED
            await caught_up(venue, feed)
            assert top(feed.book(NAME), 100) == venue_top(venue, NAME, 100)
            health = feed.health(NAME)
        assert health.refreshes >= 4
        assert (health.corrections, health.outages) == (0, 0)

    asyncio.run(main())
