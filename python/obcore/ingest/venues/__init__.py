"""The venues, each one file: its addresses, words and limits, with its documents cited."""

from __future__ import annotations

from obcore.ingest.venues.binance import BINANCE, BINANCE_COIN, BINANCE_FUTURES
from obcore.ingest.venues.bitstamp import BITSTAMP
from obcore.ingest.venues.bybit import BYBIT_INVERSE, BYBIT_LINEAR, BYBIT_OPTION, BYBIT_SPOT
from obcore.ingest.venues.coinbase import COINBASE
from obcore.ingest.venues.deribit import DERIBIT
from obcore.ingest.venues.kraken import KRAKEN
from obcore.ingest.venues.okx import OKX
from obcore.ingest.venues.relay import relay
from obcore.ingest.venues.tardis import tardis_live, tardis_replay

__all__ = ["VENUES", "relay", "tardis_live", "tardis_replay"]

VENUES = {
    venue.name: venue
    for venue in (
        BINANCE,
        BINANCE_FUTURES,
        BINANCE_COIN,
        BYBIT_SPOT,
        BYBIT_LINEAR,
        BYBIT_INVERSE,
        BYBIT_OPTION,
        OKX,
        KRAKEN,
        COINBASE,
        DERIBIT,
        BITSTAMP,
    )
}
