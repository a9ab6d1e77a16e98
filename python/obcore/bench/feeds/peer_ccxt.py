"""ccxt.pro's books: ``watch_order_book_for_symbols`` in a loop.

How it is pointed at the local venue: its own ``urls`` dictionary. ``aiohttp`` is beneath it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import ccxt.pro
from aiohttp.client_proto import ResponseHandler

from obcore.bench.feeds.course import Touch
from obcore.bench.feeds.stamps import now

if TYPE_CHECKING:
    from obcore.bench.feeds.course import Target
    from obcore.bench.feeds.stamps import Stamps


class Ccxt:
    """One loop over all symbols, which share a connection."""

    def __init__(self, target: Target, stamps: Stamps | None) -> None:
        self._target, self._stamps = target, stamps
        self.received = 0
        if stamps is not None:
            stamps.watch(ResponseHandler)
        self._exchange: Any = None
        self._names: dict[str, str] = {}

    def run(self) -> None:
        """Follow until the process ends."""
        asyncio.run(self._watch())

    async def _watch(self) -> None:
        exchange = self._exchange = _exchange(self._target, self)
        await exchange.load_markets()
        ids = {market["id"]: name for name, market in exchange.markets.items()}
        self._names = {ids[symbol]: symbol for symbol in self._target.symbols}
        names, stamps = list(self._names), self._stamps
        if stamps is None:
            while True:
                await exchange.watch_order_book_for_symbols(names)
        while True:
            book = await exchange.watch_order_book_for_symbols(names)
            stamps.ready.append((now(), (self._names[book["symbol"]], book["nonce"])))

    @property
    def is_ready(self) -> bool:
        """Whether every book has its snapshot."""
        books = self._exchange.orderbooks if self._exchange is not None else {}
        return bool(self._names) and all(
            name in books and books[name]["nonce"] is not None for name in self._names
        )

    def touch(self) -> dict[str, Touch]:
        """Return the best prices."""
        books = self._exchange.orderbooks
        return {symbol: _touch(books[name]) for name, symbol in self._names.items()}


def _touch(book: Any) -> Touch:
    levels: list[float | None] = []
    for side in (book["bids"], book["asks"]):
        levels += side[0][:2] if len(side) else [None, None]
    return Touch(*levels)


def _exchange(target: Target, counter: Ccxt) -> Any:
    parent = ccxt.pro.binance if target.is_spot else ccxt.pro.binanceusdm

    class Local(parent):  # type: ignore[misc,valid-type]
        def handle_order_book(self, client: Any, message: Any) -> Any:
            counter.received += 1
            return super().handle_order_book(client, message)

    kind = "spot" if target.is_spot else "linear"
    # Snapshots of a hundred books in a second: how long it would wait for them is not raced.
    exchange = Local({"enableRateLimit": False, "options": {"fetchMarkets": {"types": [kind]}}})
    exchange.has["fetchCurrencies"] = False
    exchange.urls["api"]["ws"][kind] = f"{target.websocket}/ws"
    exchange.urls["api"]["public"] = f"{target.rest}/api/v3"
    exchange.urls["api"]["fapiPublic"] = f"{target.rest}/fapi/v1"
    return exchange
