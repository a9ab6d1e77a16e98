"""How each venue talks to its clients; one module a venue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from obcore.venue.native import bitstamp as bitstamp_native
from obcore.venue.native import bybit as bybit_native
from obcore.venue.native import deribit as deribit_native
from obcore.venue.native import kraken as kraken_native
from obcore.venue.native import okx as okx_native
from obcore.venue.protocols.binance import COIN_M, SPOT, USD_M, Binance
from obcore.venue.protocols.bitstamp import Bitstamp
from obcore.venue.protocols.bybit import Bybit
from obcore.venue.protocols.coinbase import Coinbase
from obcore.venue.protocols.deribit import Deribit
from obcore.venue.protocols.kraken import Kraken
from obcore.venue.protocols.okx import Okx
from obcore.venue.protocols.relay import Relay
from obcore.venue.protocols.tardis import Tardis

if TYPE_CHECKING:
    from obcore.venue.hub import Hub
    from obcore.venue.protocols.base import Endpoint, Settings

_OWN: tuple[tuple[type[Endpoint], tuple[str, ...]], ...] = (
    (Bybit, bybit_native.MARKETS),
    (Okx, okx_native.MARKETS),
    (Kraken, kraken_native.MARKETS),
    (Deribit, deribit_native.MARKETS),
    (Bitstamp, bitstamp_native.MARKETS),
)
# They render what any venue recorded.
_RENDERED: tuple[type[Endpoint], ...] = (Coinbase, Tardis, Relay)


def endpoints(hub: Hub, settings: Settings) -> list[Endpoint]:
    """Return every venue that has something to serve."""
    markets = hub.markets
    found: list[Endpoint] = [
        Binance(hub, settings, market)
        for market in (SPOT, USD_M, COIN_M)
        if market.name in markets
    ]
    found += [kind(hub, settings) for kind, own in _OWN if not markets.keys().isdisjoint(own)]
    return found + [kind(hub, settings) for kind in _RENDERED]
