"""Binance's REST: depth and exchangeInfo, paid for from a budget of weight."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from obcore.venue.native import binance as native
from obcore.venue.native import depth_of
from obcore.venue.rest import (
    BANNED,
    SERVER_ERROR,
    Budget,
    Refusal,
    befallen,
    book_of_age,
    json_response,
    retry_after,
)
from obcore.venue.steps import steps_of

if TYPE_CHECKING:
    from aiohttp import web

    from obcore.venue.hub import Hub, Listing
    from obcore.venue.protocols.base import Handler, Settings

_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Rules:
    """A market's REST interface.

    Parameters
    ----------
    path : str
        In front of ``/depth``.
    budget : int
        Weight a minute.
    default_limit : int
        Levels a side where a request does not say.
    weights : tuple of (int, int)
        Up to so many levels a side, the weight.
    exact : tuple of int
        The only numbers of levels it answers; empty where it takes any.
    info_weight : int
        Weight of ``/exchangeInfo``.
    """

    path: str
    budget: int
    default_limit: int
    weights: tuple[tuple[int, int], ...]
    exact: tuple[int, ...] = ()
    info_weight: int = 20


_FUTURES_WEIGHTS = ((50, 2), (100, 5), (500, 10), (1000, 20))
_FUTURES_LIMITS = (5, 10, 20, 50, 100, 500, 1000)
SPOT_RULES = Rules("/api/v3", 6000, 100, ((100, 5), (500, 25), (1000, 50), (5000, 250)))
FUTURES_RULES = {
    path: Rules(path, 2400, 500, _FUTURES_WEIGHTS, _FUTURES_LIMITS, 1)
    for path in ("/fapi/v1", "/dapi/v1")
}


class BinanceRest:
    """The REST side of one of Binance's markets.

    Parameters
    ----------
    hub : Hub
        What is listed, and where the tape stands.
    settings : Settings
        The budget, where it is not the documented one.
    market : str
        Which market.
    rules : Rules
        Its paths and weights.
    """

    def __init__(self, hub: Hub, settings: Settings, market: str, rules: Rules) -> None:
        self.hub = hub
        self.market = market
        self.rules = rules
        self.budget = Budget(
            settings.weight_budget or rules.budget, settings.patience, settings.ban_s
        )

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return the paths that are answered."""
        path = self.rules.path
        return [
            ("GET", f"{path}/depth", self.depth),
            ("GET", f"{path}/exchangeInfo", self.exchange_info),
            ("GET", f"{path}/ping", self.ping),
            ("GET", f"{path}/time", self.time),
        ]

    async def depth(self, request: web.Request) -> web.Response:
        """Answer with the book where the tape stands."""
        symbol = request.query.get("symbol", "")
        listing = self.hub.listings.get((self.market, symbol))
        limit, weight = self._limit(request.query.get("limit"))
        refusal = self._spend(weight)
        if refusal is not None:
            return refusal
        fault = await befallen(self.hub, self.market, listing, depth=True)
        if isinstance(fault, Refusal):
            return self._refuse(fault.status, fault.wait_s)
        if not symbol:
            text = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
            return self._error(400, -1102, text)
        if limit is None:
            given = request.query.get("limit")
            return self._error(400, -4021, f"'{given}' is not valid depth limit.")
        if listing is None:
            return self._error(400, -1121, "Invalid symbol.")
        return self._json(self._snapshot(listing, limit, fault))

    async def exchange_info(self, request: web.Request) -> web.Response:
        """Answer with the symbols, their steps and the limits of requests."""
        refusal = self._spend(self.rules.info_weight)
        if refusal is not None:
            return refusal
        fault = await befallen(self.hub, self.market, None, depth=False)
        if isinstance(fault, Refusal):
            return self._refuse(fault.status, fault.wait_s)
        symbol = request.query.get("symbol")
        if symbol is not None and (self.market, symbol) not in self.hub.listings:
            return self._error(400, -1121, "Invalid symbol.")
        wanted = [s for s in self._symbols if symbol in (None, s["symbol"])]
        limit = {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": self.budget.limit,
        }
        document = {
            "timezone": "UTC",
            "serverTime": self.hub.now_ns // _MS,
            "rateLimits": [limit],
            "exchangeFilters": [],
            "symbols": wanted,
        }
        return self._json(json.dumps(document, separators=(",", ":")))

    async def ping(self, _: web.Request) -> web.Response:
        """Answer with nothing."""
        return self._spend(1) or self._json("{}")

    async def time(self, _: web.Request) -> web.Response:
        """Answer with the tape's time."""
        return self._spend(1) or self._json(f'{{"serverTime":{self.hub.now_ns // _MS}}}')

    @cached_property
    def _symbols(self) -> list[dict[str, Any]]:
        return [_symbol(listing) for listing in self.hub.of_market(self.market)]

    def _limit(self, text: str | None) -> tuple[int | None, int]:
        """Return levels a side, None where the venue refuses the number, and the weight."""
        weights = self.rules.weights
        if text is None:
            limit = self.rules.default_limit
        elif text.isdigit() and int(text) > 0:
            limit = min(int(text), weights[-1][0]) if not self.rules.exact else int(text)
        else:
            return None, weights[0][1]
        if self.rules.exact and limit not in self.rules.exact:
            return None, weights[0][1]
        return limit, next(weight for most, weight in weights if limit <= most)

    def _snapshot(self, listing: Listing, limit: int, age: int) -> bytes | str:
        book = book_of_age(listing, age)
        picture = book.snapshot(limit)
        rest = listing.track.rest_snapshot
        if rest is not None and book.last_record is rest:
            recorded = depth_of(rest)
            if max(len(recorded.bids), len(recorded.asks)) <= limit:
                return listing.named(rest.payload)
        document: dict[str, Any] = {"lastUpdateId": picture.last_id}
        if self.market != native.SPOT:
            document |= {"E": picture.ts_event_ns // _MS, "T": picture.ts_event_ns // _MS}
        if self.market == native.COIN_M:
            document |= {"symbol": listing.symbol, "pair": listing.symbol.partition("_")[0]}
        document |= {"bids": picture.bids, "asks": picture.asks}
        return json.dumps(document, separators=(",", ":"))

    def _spend(self, weight: int) -> web.Response | None:
        status, wait_s = self.budget.spend(weight, _now())
        return None if status == 200 else self._refuse(status, wait_s)

    def _refuse(self, status: int, wait_s: float) -> web.Response:
        if status == SERVER_ERROR:
            return self._error(status, -1000, "An unknown error occurred.")
        if status == BANNED:
            until = self.hub.now_ns // _MS + int(wait_s * 1000)
            text = f"Way too much request weight used; IP banned until {until}."
        else:
            limit = self.budget.limit
            text = (
                f"Too much request weight used; current limit is {limit} request weight per "
                "1 MINUTE. Please use WebSocket Streams for live updates to avoid polling."
            )
        return self._error(status, -1003, text, retry_after(wait_s))

    def _error(
        self, status: int, code: int, text: str, headers: dict[str, str] | None = None
    ) -> web.Response:
        body = json.dumps({"code": code, "msg": text}, separators=(",", ":"))
        return json_response(body, status=status, headers=self._headers() | (headers or {}))

    def _json(self, body: bytes | str) -> web.Response:
        return json_response(body, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return {"X-MBX-USED-WEIGHT-1M": str(self.budget.used(_now()))}


def _symbol(listing: Listing) -> dict[str, Any]:
    tick, step = steps_of(listing.track)
    return {
        "symbol": listing.symbol,
        "status": "TRADING",
        "contractStatus": "TRADING",
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": tick},
            {"filterType": "LOT_SIZE", "stepSize": step},
        ],
    }


def _now() -> float:
    return asyncio.get_running_loop().time()
