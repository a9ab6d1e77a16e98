"""python-binance's books: a ``DepthCacheManager`` a symbol, each with its own connection.

How it is pointed at the local venue: its endpoint constants, set on the instances. Spot alone: its
``FuturesDepthCacheManager`` keeps no book, but shows the ten levels of a partial depth stream.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from binance import AsyncClient, BinanceSocketManager, DepthCacheManager
from websockets.asyncio.client import ClientConnection

from obcore.bench.contest import UnfitError
from obcore.bench.feeds.course import Touch
from obcore.bench.feeds.stamps import now

if TYPE_CHECKING:
    from obcore.bench.feeds.course import Target
    from obcore.bench.feeds.stamps import Stamps

QUEUE = 1_000_000  # messages; the default of 100 ends a connection that is read too slowly


class PythonBinance:
    """A task a symbol that awaits ``recv``."""

    def __init__(self, target: Target, stamps: Stamps | None) -> None:
        if not target.is_spot:
            msg = (
                "its FuturesDepthCacheManager keeps no book: it shows the ten levels of a partial"
                " stream; it races on spot recordings"
            )
            raise UnfitError(msg)
        self._target, self._stamps = target, stamps
        self.received = 0
        self._managers: dict[str, Any] = {}
        self._synced: set[str] = set()
        if stamps is not None:
            stamps.watch(ClientConnection)

    def run(self) -> None:
        """Follow until the process ends."""
        asyncio.run(self._follow())

    async def _follow(self) -> None:
        client = AsyncClient()
        client.API_URL = f"{self._target.rest}/api"
        sockets = BinanceSocketManager(client, max_queue_size=QUEUE)
        sockets.STREAM_URL = f"{self._target.websocket}/"
        async with asyncio.TaskGroup() as tasks:
            for symbol in self._target.symbols:
                manager = DepthCacheManager(
                    client, symbol, bm=sockets, limit=1000, ws_interval=100
                )
                self._managers[symbol] = manager
                tasks.create_task(self._receive(symbol, manager))

    async def _receive(self, symbol: str, manager: Any) -> None:
        stamps = self._stamps
        async with manager:
            while True:
                await manager.recv()
                self.received += 1
                self._synced.add(symbol)
                if stamps is not None:
                    stamps.ready.append((now(), (symbol, manager._last_update_id)))

    @property
    def is_ready(self) -> bool:
        """Whether every book took a message."""
        return len(self._synced) == len(self._target.symbols)

    def touch(self) -> dict[str, Touch]:
        """Return the best prices."""
        return {symbol: _touch(manager) for symbol, manager in self._managers.items()}


def _touch(manager: Any) -> Touch:
    cache = manager.get_depth_cache()
    levels: list[float | None] = []
    for side in (cache.get_bids(), cache.get_asks()):
        levels += side[0] if side else [None, None]
    return Touch(*levels)
