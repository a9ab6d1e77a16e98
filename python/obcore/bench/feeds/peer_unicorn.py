"""The books of unicorn-binance-local-depth-cache, in its own threads.

How it is pointed at the local venue: a subclass of its REST manager with other endpoint constants,
which stay if ``tld`` is given in place of ``exchange``, for it asks for the time while it is made;
and ``websocket_base_uri`` of its WebSocket manager.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from unicorn_binance_local_depth_cache import BinanceLocalDepthCacheManager
from unicorn_binance_rest_api import BinanceRestApiManager
from websockets.asyncio.client import ClientConnection

from obcore.bench.feeds.course import Touch
from obcore.bench.feeds.stamps import now

if TYPE_CHECKING:
    from obcore.bench.feeds.course import Target
    from obcore.bench.feeds.stamps import Stamps

FOREVER_S = 1e6
# Seconds between two subscriptions; four by default. The venue hangs up on more than ten a second.
SUBSCRIBE_S = 0.2


class Unicorn:
    """One manager with all symbols."""

    def __init__(self, target: Target, stamps: Stamps | None) -> None:
        self._target, self._stamps = target, stamps
        self.received = 0
        if stamps is not None:
            stamps.watch(ClientConnection)
        exchange = "binance.com" if target.is_spot else "binance.com-futures"
        rest = _rest_manager(target)
        self._manager: Any = BinanceLocalDepthCacheManager(
            exchange=exchange,
            depth_cache_update_interval=100,
            high_performance=True,
            init_interval=SUBSCRIBE_S,
            disable_colorama=True,
            ubra_manager=rest,
            warn_on_update=False,
        )
        self._manager.ubwa.websocket_base_uri = f"{target.websocket}/"
        self._apply = self._manager._apply_updates  # it has no callback
        self._manager._apply_updates = self._counted

    def _counted(self, asks: Any = None, bids: Any = None, market: Any = None) -> Any:
        applied = self._apply(asks=asks, bids=bids, market=market)
        self.received += 1
        if self._stamps is not None:
            self._stamps.ready.append((now(), None))
        return applied

    def run(self) -> None:
        """Follow until the process ends."""
        self._manager.create_depthcache(markets=list(self._target.symbols))
        time.sleep(FOREVER_S)

    @property
    def is_ready(self) -> bool:
        """Whether it says that every book is in sync."""
        return all(
            self._manager.is_depth_cache_synchronized(market=symbol.lower())
            for symbol in self._target.symbols
        )

    def touch(self) -> dict[str, Touch]:
        """Return the best prices."""
        return {symbol: self._touch(symbol.lower()) for symbol in self._target.symbols}

    def _touch(self, market: str) -> Touch:
        levels: list[float | None] = []
        for side in (self._manager.get_bids, self._manager.get_asks):
            best = side(market=market, limit_count=1)
            levels += best[0] if best else [None, None]
        return Touch(*levels)


def _rest_manager(target: Target) -> Any:
    class Local(BinanceRestApiManager):  # type: ignore[misc]
        API_URL = f"{target.rest}/api"
        FUTURES_URL = f"{target.rest}/fapi"

    return Local(tld="com", warn_on_update=False, disable_colorama=True)
