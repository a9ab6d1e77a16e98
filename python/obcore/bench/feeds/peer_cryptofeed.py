"""cryptofeed's books: ``FeedHandler`` with a callback for ``L2_BOOK``.

How it is pointed at the local venue: a subclass with other endpoint constants. It takes no address
but ``wss://``, so the ``connect`` that its connections call drops the ``s``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import cryptofeed.connection
from cryptofeed import FeedHandler
from cryptofeed.connection import RestEndpoint, Routes, WebsocketEndpoint
from cryptofeed.defines import L2_BOOK
from cryptofeed.exchanges import Binance, BinanceFutures
from websockets.asyncio.client import ClientConnection, connect

from obcore.bench.feeds.course import Touch
from obcore.bench.feeds.stamps import now

if TYPE_CHECKING:
    from obcore.bench.feeds.course import Target
    from obcore.bench.feeds.stamps import Stamps

SNAPSHOT = "/depth?symbol={}&limit={}"


class Cryptofeed:
    """Its default settings, uvloop among them."""

    def __init__(self, target: Target, stamps: Stamps | None) -> None:
        self._stamps = stamps
        self.received = 0
        self._books: dict[str, Any] = {}
        if stamps is not None:
            stamps.watch(ClientConnection)
        cryptofeed.connection.connect = _connect
        self._feed = _exchange(target)(
            symbols=_names(target), channels=[L2_BOOK], callbacks={L2_BOOK: self._on_book}
        )
        self._to_symbol = self._feed.std_symbol_to_exchange_symbol
        self._wanted = len(target.symbols)

    def run(self) -> None:
        """Follow until the process ends."""
        handler = FeedHandler()
        asyncio.set_event_loop(asyncio.new_event_loop())  # it expects one, as Python once had
        handler.add_feed(self._feed)
        handler.run(install_signal_handlers=False)

    async def _on_book(self, book: Any, _: float) -> None:
        if book.delta is None:
            return  # the snapshot
        self.received += 1
        self._books[book.symbol] = book
        if self._stamps is not None:
            key = self._to_symbol(book.symbol), book.sequence_number
            self._stamps.ready.append((now(), key))

    @property
    def is_ready(self) -> bool:
        """Whether every book took a message after its snapshot."""
        return len(self._books) == self._wanted

    def touch(self) -> dict[str, Touch]:
        """Return the best prices."""
        return {self._to_symbol(name): _touch(book.book) for name, book in self._books.items()}


def _touch(book: Any) -> Touch:
    levels: list[float | None] = []
    for side in (book.bids, book.asks):
        levels += list(map(float, side.index(0))) if len(side) else [None, None]
    return Touch(*levels)


def _connect(address: str, **options: Any) -> Any:
    return connect(address.replace("wss://", "ws://", 1), **options)


def _exchange(target: Target) -> Any:
    address = target.websocket.replace("ws://", "wss://", 1)
    parent, path = (Binance, "/api/v3") if target.is_spot else (BinanceFutures, "/fapi/v1")
    websocket = WebsocketEndpoint(
        address if target.is_spot else f"{address}/public",
        options=None if target.is_spot else {"compression": None},
    )
    routes = Routes(f"{path}/exchangeInfo", l2book=path + SNAPSHOT)

    class Local(parent):  # type: ignore[misc,valid-type]
        websocket_endpoints = [websocket]  # noqa: RUF012  so it is in the library
        rest_endpoints = [RestEndpoint(target.rest, routes=routes)]  # noqa: RUF012

    return Local


def _names(target: Target) -> list[str]:
    mapping = _exchange(target).symbol_mapping()
    by_symbol = {symbol: name for name, symbol in mapping.items()}
    return [by_symbol[symbol] for symbol in target.symbols]
