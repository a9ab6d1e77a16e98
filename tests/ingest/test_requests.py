"""Snapshots that are asked for: when, how often, and what a refusal does."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ingest.scene import (
    ETH,
    QUICK,
    caught_up,
    following,
    serving,
    subscribed,
    synced,
    told,
    top,
    until,
    venue_top,
)
from obcore import Disconnected
from obcore.errors import FeedError
from obcore.ingest import budget as client_budget
from obcore.ingest.secret import Secret
from obcore.ingest.venue import Request
from obcore.ingest.venues import VENUES, relay
from obcore.ingest.venues.binance import BINANCE_FUTURES
from obcore.venue import Settings as VenueSettings
from obcore.venue import rest as venue_rest
from obcore.venue.protocols import binance_rest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from obcore.ingest.feed import Feed


@pytest.fixture
def asked_at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When requests for a book reached the venue."""
    times: list[float] = []
    befallen = venue_rest.befallen

    async def noted(*args: Any, **options: Any) -> Any:
        times.append(time.monotonic())
        return await befallen(*args, **options)

    monkeypatch.setattr(binance_rest, "befallen", noted)
    return times


@pytest.mark.parametrize("status", [429, 418])
def test_nothing_is_sent_to_a_host_that_refused_until_it_may_be(
    status: int, asked_at: list[float]
) -> None:
    async def main() -> None:
        async with serving(faults=[f"refuse_{status}:#0:1.5"], copies=4) as venue:
            names = list(venue.books)
            async with following(venue, names[:1]) as feed:
                await subscribed(venue)
                await venue.play(100)
                await until(lambda: len(asked_at) == 1)
                await synced(venue, feed)

    asyncio.run(main())

    # In whole seconds, as the header has it.
    assert len(asked_at) == 2
    assert 2.0 <= asked_at[1] - asked_at[0] < 3.0


def test_books_that_wait_with_a_refused_one_are_not_asked_for_either(
    asked_at: list[float],
) -> None:
    async def main() -> None:
        async with serving(faults=["refuse_429:#2:1.0"], copies=6) as venue:
            names = list(venue.books)
            async with following(venue, names) as feed:
                await subscribed(venue, 6)
                await venue.play(600)
                await until(lambda: len(asked_at) >= 3)
                await synced(venue, feed, step=100)
                assert max(feed.health(name).stale_snapshots for name in names) < 5

    asyncio.run(main())

    # What was on its way already arrives; behind it nothing, for as long as was asked.
    refused = asked_at[2]
    later = [at - refused for at in asked_at[3:]]
    assert [at for at in later if 0.3 < at < 1.0] == []


def test_a_snapshot_that_is_too_old_is_asked_for_again_with_pauses(
    asked_at: list[float],
) -> None:
    async def main() -> int:
        faults = ["stale_snapshot:#0,1,2,3:400"]
        settings = replace(QUICK, seed=3, snapshot_retry_s=0.2, backoff_longest_s=2.0)
        async with serving(faults=faults) as venue:
            await venue.play(7_000)
            async with following(venue, settings=settings) as feed:
                await subscribed(venue)
                await synced(venue, feed, step=10)
                await caught_up(venue, feed)
                assert top(feed.book(ETH)) == venue_top(venue, ETH)
                return feed.health(ETH).stale_snapshots

    assert asyncio.run(main()) == 4
    assert len(asked_at) == 5
    assert asked_at[-1] - asked_at[0] > 0.2


@pytest.mark.parametrize("fault", ["error_500:#0,1,2", "slow_snapshot:#0:0.3"])
def test_an_answer_that_fails_or_is_slow_is_got_over(fault: str) -> None:
    async def main() -> None:
        async with serving(faults=[fault]) as venue, following(venue) as feed:
            await subscribed(venue)
            await synced(venue, feed)
            await caught_up(venue, feed)
            assert top(feed.book(ETH)) == venue_top(venue, ETH)

    asyncio.run(main())


def five_levels(symbol: str) -> Request:
    return Request("/fapi/v1/depth", {"symbol": symbol, "limit": "5"}, 2)


@pytest.mark.slow
def test_hundreds_of_books_take_as_long_as_the_budget_demands(
    asked_at: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window of 3 s in place of a minute, and 50 snapshots in it, for 300 books."""
    window_s, books, each = 3.0, 300, 2
    monkeypatch.setattr(client_budget, "WINDOW_S", window_s)
    monkeypatch.setattr(venue_rest, "MINUTE_S", window_s)
    limits = replace(
        BINANCE_FUTURES.limits, weight_a_minute=50 * each, streams=books, sends_a_second=1e3
    )
    # Five levels, because the time of the answers counts too, and of a minute it is nothing.
    small = replace(BINANCE_FUTURES, limits=limits, snapshot=five_levels)
    settings = VenueSettings(weight_budget=50 * each)
    demanded_s = (books / 50 - 1) * window_s

    async def main() -> float:
        async with serving(copies=books, settings=settings) as venue:
            names = list(venue.books)
            async with following(venue, names, venues={"binance-futures": small}) as feed:
                await subscribed(venue, books)
                for name in names:  # the venue makes its books when they are looked at
                    assert venue.books[name].is_ready
                await venue.play(80 * books)
                await until(lambda: len(asked_at) > 0)
                assert feed.eta_s <= demanded_s + window_s
                await until(lambda: len(asked_at) >= books, patience_s=60)
                (desk,) = feed._engine.desks.values()
                assert desk.refusals == 0
                assert desk.requests == books
                await synced(venue, feed, step=books)
        return asked_at[books - 1] - asked_at[0]

    took = asyncio.run(main())
    assert demanded_s - 0.1 <= took <= 1.1 * demanded_s
    for start in asked_at:
        assert sum(start <= at < start + window_s for at in asked_at) <= 50


# ---- Refusals that last -------------------------------------------------------------------


def refused(feed: Feed, name: str) -> str:
    with pytest.raises(FeedError, match="refused"):
        feed.wait_synced(5.0)
    return feed.health(name).refusal


@pytest.mark.parametrize(
    ("recording", "good", "bad"),
    [
        (None, ETH, "binance-futures:NOSUCH"),
        ("OKX_a", "okx:BTC-USDT", "okx:NO-SUCH"),
        ("BYBIT_a", "bybit-linear:BTCUSDT", "bybit-linear:NOSUCH"),
        ("KRAKEN_a", "kraken:XMR/USD", "kraken:NO/SUCH"),
        (None, "coinbase:ETH-USDT", "coinbase:NO-SUCH"),
    ],
)
def test_a_symbol_that_the_venue_does_not_know_is_told(
    recording: str | None, good: str, bad: str, shared_data: Callable[[str], Path]
) -> None:
    paths = [shared_data(f"exchange_ws/{recording}.jsonl.gz")] if recording else None
    # Where one word of many is refused, all of them are: each has its own here.
    venue_name = good.partition(":")[0]
    usual = VENUES[venue_name]
    apart = {venue_name: replace(usual, limits=replace(usual.limits, streams_a_message=1))}

    async def main() -> str:
        async with serving(paths, start="now", speed=20.0) as venue:
            async with following(venue, [good, bad], venues=apart) as feed:
                text = await asyncio.to_thread(refused, feed, bad)
                await until(lambda: feed.health(good).is_trusted)
                assert feed.health(good).refusal == ""
                assert told(feed.events_so_far(), Disconnected) == []
                return text

    text = asyncio.run(main())
    assert text
    assert "not" in text.lower() or "invalid" in text.lower() or "exist" in text


def test_a_refusal_that_is_taken_back_is_forgotten() -> None:
    async def main() -> None:
        async with serving() as venue, following(venue) as feed:
            feed._engine.note_refusal(0, "for now")
            assert feed.health(ETH).refusal == "for now"
            await subscribed(venue)
            await synced(venue, feed)
            await until(lambda: feed.health(ETH).refusal == "")
            assert feed.wait_synced(1.0)

    asyncio.run(main())


def test_a_relay_that_refuses_the_key_says_so() -> None:
    async def main() -> str:
        settings = VenueSettings(relay_key="right")
        house = {"relay": relay("relay", "ws://nowhere", key=Secret("wrong"))}
        async with serving(settings=settings) as venue:
            async with following(venue, "relay:ETHUSDT", venues=house) as feed:
                return await asyncio.to_thread(refused, feed, "relay:ETHUSDT")

    assert "not valid" in asyncio.run(main())
