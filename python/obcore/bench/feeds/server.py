"""The server of a race, a process of its own: the local venue, told what to play when.

Commands are lines of JSON on stdin, answers lines of JSON on stdout.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from aiohttp import web

from obcore.bench.feeds.course import Course, Touch, take_place
from obcore.errors import damaged_input
from obcore.venue import LocalVenue, Settings, schedule
from obcore.venue.protocols.binance import SPOT, USD_M
from obcore.venue.protocols.binance_rest import BinanceRest
from obcore.venue.record import DEPTH, Role
from obcore.venue.rest import json_response
from obcore.venue.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from obcore.venue.book import Track
    from obcore.venue.hub import Listing
    from obcore.venue.protocols.binance import Market
    from obcore.venue.schedule import Due

NO_LIMIT = 1 << 40  # of request weight: who asks how often is not what is raced
FINE_S = 0.003  # how long it may block the loop to be in time
MARKETS = {market.name: market for market in (SPOT, USD_M)}


class Server:
    """Plays the depth of one recorded symbol, as many times as there are symbols."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.venue = LocalVenue(
            [course.recording],
            start="call",
            copies=course.symbols,
            seed=course.seed,
            settings=Settings(weight_budget=NO_LIMIT),
        )
        self.track = _busiest(self.venue.tape, course.recording)
        self._dues = self._schedule()
        self._played = 0

    @property
    def listings(self) -> list[Listing]:
        """The symbols that are served."""
        hub = self.venue.hub
        return [one for one in hub.of_market(self.track.market) if one.track is self.track]

    def _schedule(self) -> Iterator[Due]:
        """Return the depth alone: what every book needs, and nothing that one of them skips."""
        import numpy as np  # noqa: PLC0415

        course, tape = self.course, self.venue.tape
        kept = [
            (due, record)
            for due, record in zip(tape.due_ns, tape.records, strict=True)
            if record.role in (Role.REST, Role.DELTA)
            and (record.market, record.symbol) == (self.track.market, self.track.symbol)
        ]
        depth = Tape([record for _, record in kept], [due for due, _ in kept], tape.tracks)
        rng = np.random.default_rng(course.seed)
        if course.arrivals == "recorded":
            return schedule.recorded(depth, copies=course.symbols, rng=rng)
        return schedule.poisson(depth, copies=course.symbols, rate=course.rate, rng=rng)

    async def run(self) -> None:
        """Serve until stdin ends."""
        async with self.venue as venue:
            rest = await _serve_rest(venue, MARKETS[self.track.market], self.listings)
            gc.freeze()
            gc.disable()
            _say(
                {
                    "market": self.track.market,
                    "base": f"http://{venue.host}:{venue.port}",
                    "rest": rest,
                    "symbols": [one.symbol for one in self.listings],
                    "recorded": len(self.track.records) - 1,
                }
            )
            loop = asyncio.get_running_loop()
            while line := await loop.run_in_executor(None, sys.stdin.readline):
                command = json.loads(line)
                if command["do"] == "volley":
                    self._volley(command["messages"])
                else:
                    _say(await self._do(command))

    async def _do(self, command: dict[str, Any]) -> dict[str, Any]:
        match command["do"]:
            case "subscriptions":
                heard = sum(bool(one.listeners.get(DEPTH)) for one in self.listings)
                return {"subscriptions": heard}
            case "pace":
                await self._pace(islice(self._dues, command["messages"]))
            case "touch":
                return {"touch": {one.symbol: _touch(one) for one in self.listings}}
        return {"sent": self._played}

    async def _pace(self, dues: Iterable[Due]) -> None:
        """Play at the scheduled times, one write a message.

        A timer of asyncio is up to a millisecond late, and messages that gathered meanwhile
        would arrive as one; so the last of each wait blocks.
        """
        loop, hub = asyncio.get_running_loop(), self.venue.hub
        origin: float | None = None
        for due in dues:
            at = due.due_ns * 1e-9
            origin = loop.time() - at if origin is None else origin
            wait = origin + at - loop.time()
            await asyncio.sleep(max(0.0, wait - FINE_S))
            if (wait := origin + at - loop.time()) > 0:
                time.sleep(wait)  # noqa: ASYNC251
            self._publish(due)
            hub.flush()
        await asyncio.sleep(0)
        while any(s.is_open and s.backlog for s in hub.sessions):  # noqa: ASYNC110
            await asyncio.sleep(0)

    def _volley(self, messages: int) -> None:
        """Say when it begins, and send so many at once: rendering them takes longer than reading.

        All of it is in the transport's buffer then, and goes as fast as the client reads.
        """
        for due in islice(self._dues, messages):
            self._publish(due)
        _say({"sent": self._played})
        self.venue.hub.flush()

    def _publish(self, due: Due) -> None:
        self.venue.hub.publish(due.record, due.copy)
        self._played += due.record.role is Role.DELTA


def _busiest(tape: Tape, name: str) -> Track:
    """Return the recorded book with the most messages of those that begin with a snapshot."""
    tracks = [
        track
        for (market, _), track in tape.tracks.items()
        if market in MARKETS and track.rest_snapshot is not None
    ]
    if not tracks:
        raise damaged_input(name, "expected Binance spot or USD-M depth with its snapshot")
    return max(tracks, key=lambda track: len(track.records))


async def _serve_rest(venue: LocalVenue, market: Market, listings: list[Listing]) -> str:
    """Serve REST at the root of a port of its own, for clients that know no path before it.

    It is the venue's own, but for an answer to ``exchangeInfo`` with the fields that peers
    insist on: assets, kind of contract, precisions.
    """
    own = BinanceRest(venue.hub, Settings(weight_budget=NO_LIMIT), market.name, market.rules)
    info = json.dumps(_exchange_info(listings, is_spot=market.name == SPOT.name))

    async def exchange_info(_: web.Request) -> web.Response:
        return json_response(info)

    async def ping(_: web.Request) -> web.Response:
        return json_response("{}", headers={"X-MBX-USED-WEIGHT": "1"})

    app = web.Application()
    for method, path, handler in own.routes():
        if path.endswith("/exchangeInfo"):
            app.router.add_route(method, path, exchange_info)
        elif path.endswith("/depth"):
            app.router.add_route(method, path, handler)
    for path in ("/api/v3", "/fapi/v1"):  # some ask spot even for futures
        app.router.add_get(f"{path}/ping", ping)
        app.router.add_get(f"{path}/time", own.time)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, venue.host, 0).start()
    return f"http://{venue.host}:{runner.addresses[0][1]}"


def _exchange_info(listings: list[Listing], *, is_spot: bool) -> dict[str, Any]:
    symbols = []
    for number, listing in enumerate(listings):
        symbol: dict[str, Any] = {
            "symbol": listing.symbol,
            "pair": listing.symbol,
            "status": "TRADING",
            "baseAsset": f"X{number:04}",
            "quoteAsset": "USDT",
            "pricePrecision": 8,
            "quantityPrecision": 8,
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "permissions": ["SPOT"],
            "permissionSets": [["SPOT"]],
            "orderTypes": ["LIMIT", "MARKET"],
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "tickSize": "0.01",
                    "minPrice": "0.01",
                    "maxPrice": "1000000",
                },
                {
                    "filterType": "LOT_SIZE",
                    "stepSize": "0.00001",
                    "minQty": "0.00001",
                    "maxQty": "1000000",
                },
            ],
        }
        if not is_spot:
            symbol |= {
                "contractType": "PERPETUAL",
                "marginAsset": "USDT",
                "underlyingType": "COIN",
                "deliveryDate": 4133404800000,
                "onboardDate": 1569398400000,
            }
        symbols.append(symbol)
    return {
        "timezone": "UTC",
        "serverTime": 0,
        "rateLimits": [],
        "exchangeFilters": [],
        "assets": [],
        "symbols": symbols,
    }


def _touch(listing: Listing) -> Touch:
    picture = listing.book.snapshot(1)
    (bid_px, bid_sz), (ask_px, ask_sz) = (
        levels[0] if levels else (None, None) for levels in (picture.bids, picture.asks)
    )
    return Touch(
        *(None if text is None else float(text) for text in (bid_px, bid_sz, ask_px, ask_sz))
    )


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    course = Course(**json.loads(sys.argv[1]))
    take_place(course.core, undisturbed=course.undisturbed)
    asyncio.run(Server(course).run())
