"""Binance spot, USD-M and COIN-M: what a message is, and what it says."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from obcore.venue.record import DEPTH, TRADE, Depth, Record, Role, Trade

SPOT, USD_M, COIN_M = "binance", "binance-futures", "binance-coin"
MARKETS: tuple[str, ...] = (SPOT, USD_M, COIN_M)

_MS = 1_000_000
_COIN_M_SYMBOL = re.compile(r"USD_(PERP|\d{6})$")
_ENVELOPE = b'{"stream":"'
_HOSTS = {"fapi": USD_M, "fstream": USD_M, "dapi": COIN_M, "dstream": COIN_M}
_SPEED = re.compile(r"depth(@\d+ms)?$")


def market_of(payload: bytes, symbol: str) -> str | None:
    """Return the market that a message must come from, or None where its content cannot tell."""
    if _COIN_M_SYMBOL.search(symbol):
        return COIN_M
    if b'"e":"depthUpdate"' in payload:
        return USD_M if b'"pu":' in payload else SPOT
    if b"@bookTicker" in payload[:80]:
        return USD_M if b'"e":"bookTicker"' in payload else SPOT
    return None


def stream_of(payload: bytes) -> str | None:
    """Return the stream name of a combined envelope, or None where there is no envelope.

    Examples
    --------
    >>> stream_of(b'{"stream":"btcusdt@trade","data":{}}')
    'btcusdt@trade'
    """
    if not payload.startswith(_ENVELOPE):
        return None
    start = len(_ENVELOPE)
    return payload[start : payload.index(b'"', start)].decode()


def channel_of(stream: str) -> tuple[str, str]:
    """Return symbol and channel of a stream name; a diff's speed is not part of its channel.

    Examples
    --------
    >>> channel_of("btcusdt@depth@100ms"), channel_of("btcusdt@depth5@100ms")
    (('BTCUSDT', 'depth'), ('BTCUSDT', 'depth5@100ms'))
    """
    symbol, _, rest = stream.partition("@")
    return symbol.upper(), DEPTH if _SPEED.fullmatch(rest) else rest


def record_of(ts_recv_ns: int, payload: bytes, market: str, symbol: str = "") -> Record | None:
    """Return the record of a message, or None where it holds no market data.

    `symbol` is that of a REST snapshot, which does not name it.
    """
    stream = stream_of(payload)
    if stream is not None:
        name, channel = channel_of(stream)
    elif payload.startswith(b'{"lastUpdateId"'):
        return Record(ts_recv_ns, market, symbol, DEPTH, "", payload, Role.REST)
    else:
        event = json.loads(payload)
        if not isinstance(event, dict) or "s" not in event:
            return None
        name, channel = event["s"], event.get("e", "bookTicker")
        channel = DEPTH if channel == "depthUpdate" else channel
    role = Role.DELTA if channel == DEPTH else Role.OTHER
    return Record(ts_recv_ns, market, name, channel, stream or "", payload, role)


def data_of(payload: bytes) -> bytes:
    """Return what stands inside the combined envelope, byte for byte."""
    if not payload.startswith(_ENVELOPE):
        return payload
    return payload[payload.index(b'"data":') + 7 : -1]


def depth(record: Record) -> Depth:
    """Return a diff or a REST snapshot in neutral words."""
    event = json.loads(data_of(record.payload))
    # A spot snapshot does not say when it was taken; not after it was received.
    ts_event_ns = event["E"] * _MS if "E" in event else record.ts_recv_ns
    if record.role is Role.REST:
        return Depth(
            event["bids"], event["asks"], event["lastUpdateId"], ts_event_ns=ts_event_ns
        )
    return Depth(
        event["b"], event["a"], event["u"], event["U"], event.get("pu"), ts_event_ns=ts_event_ns
    )


def trades(record: Record) -> list[Trade]:
    """Return the trades of a ``trade`` or ``aggTrade`` message that the order book made."""
    if record.channel not in (TRADE, "aggTrade"):
        return []
    event: dict[str, Any] = json.loads(data_of(record.payload))
    if event.get("X", "MARKET") != "MARKET":
        return []
    trade_id = event["t"] if "t" in event else event["a"]
    side = "sell" if event["m"] else "buy"
    return [Trade(event["p"], event["q"], side, str(trade_id), event["T"] * _MS)]


def record_of_capture(ts_recv_ns: int, payload: bytes, address: str) -> Record | None:
    """Return the record of a message or REST snapshot; the address tells market and symbol."""
    url = urlsplit(address)
    host = url.hostname or ""
    market = next((m for word, m in _HOSTS.items() if host.startswith(word)), SPOT)
    symbol = parse_qs(url.query).get("symbol", [""])[0]
    return record_of(ts_recv_ns, payload, market, symbol)
