"""Trades of a live feed: each told once, and what may be missing told too."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from ingest.scene import ETH, QUICK, following, serving, subscribed, synced, told, until
from obcore import Trade, TradesLost

BOTH = ("depth", "trade")  # as the bundled recording has them


def test_each_trade_is_told_once_while_connections_are_replaced() -> None:
    async def main() -> list[Trade]:
        settings = replace(QUICK, lifetime_s=0.2)
        async with (
            serving() as venue,
            following(venue, channels=BOTH, settings=settings) as feed,
        ):
            await subscribed(venue, 2)
            await synced(venue, feed)
            connects = sum(c.connects for c in feed._engine.connections)
            for _ in range(40):
                await venue.play(60)
                await asyncio.sleep(0.05)
            assert sum(c.connects for c in feed._engine.connections) > connects + 4
            assert feed.health(ETH).trades_lost == 0
            return told(feed.events_so_far(), Trade)

    trades = asyncio.run(main())
    ids = [trade.trade_id or 0 for trade in trades]
    assert len(ids) > 100
    assert ids == list(range(ids[0], ids[0] + len(ids)))  # the venue's, without a hole


def test_trades_that_are_acknowledged_and_silent_are_subscribed_to_again() -> None:
    async def main() -> None:
        settings = replace(QUICK, trade_silence_s=0.3)
        faults = ["silent:#0@binance-futures/trade"]
        async with serving(faults=faults) as venue:
            async with following(venue, channels=BOTH, settings=settings) as feed:
                await subscribed(venue, 2)
                await synced(venue, feed)
                await until(lambda: venue.hub.subscriptions == 3, "the second subscription")
                await venue.play(500)
                await until(lambda: feed.health(ETH).trades > 0, "a trade")
                events = feed.events_so_far()
                assert feed.health(ETH).is_trusted  # the book is not concerned
        assert [e.reason for e in told(events, TradesLost)] == ["no trade in 0 s"]

    asyncio.run(main())


def test_an_outage_tells_that_trades_are_missing() -> None:
    async def main() -> None:
        async with serving() as venue, following(venue, channels=BOTH) as feed:
            await subscribed(venue, 2)
            await synced(venue, feed)
            feed._engine.cut()
            await until(lambda: feed.health(ETH).trades_lost == 1)
            await subscribed(venue, 4)
            await synced(venue, feed)
            lost = told(feed.events_so_far(), TradesLost)
        assert len(lost) == 1
        assert lost[0].reason.startswith(
            "disconnected: ConnectionLostError: closed by the venue"
        )

    asyncio.run(main())
