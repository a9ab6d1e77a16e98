"""Bitstamp: what a message is, and what it says."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from obcore.venue.record import DEPTH, TRADE, Depth, Record, Role, Trade

MARKET = "bitstamp"
MARKETS: tuple[str, ...] = (MARKET,)

_US = 1000
_CHANNELS = {"diff_order_book_": DEPTH, "live_trades_": TRADE}


def channel_of(stream: str) -> tuple[str, str] | None:
    """Return pair and channel of a stream name, None where it is neither diffs nor trades.

    Examples
    --------
    >>> channel_of("diff_order_book_ethusd")
    ('ethusd', 'depth')
    """
    for start, channel in _CHANNELS.items():
        if stream.startswith(start):
            return stream.removeprefix(start), channel
    return None


def record_of_capture(ts_recv_ns: int, payload: bytes, address: str) -> Record | None:
    """Return the record of a message or a REST book, None where it is no market data."""
    path = urlsplit(address).path
    if "/order_book/" in path:
        pair = path.rstrip("/").rpartition("/")[2]
        return Record(ts_recv_ns, MARKET, pair, DEPTH, "", payload, Role.REST)
    message = json.loads(payload)
    named = channel_of(message.get("channel", ""))
    if named is None or message["event"] not in ("data", "trade"):
        return None
    pair, channel = named
    role = Role.DELTA if channel == DEPTH else Role.OTHER
    return Record(ts_recv_ns, MARKET, pair, channel, message["channel"], payload, role)


def depth(record: Record) -> Depth:
    """Return a diff or a REST book in neutral words; its id is the venue's time."""
    message = json.loads(record.payload)
    data = message if record.role is Role.REST else message["data"]
    stamp = int(data["microtimestamp"])
    return Depth(data["bids"], data["asks"], stamp, ts_event_ns=stamp * _US)


def trades(record: Record) -> list[Trade]:
    """Return the trade of a message."""
    if record.channel != TRADE:
        return []
    t = json.loads(record.payload)["data"]
    side = "buy" if t["type"] == 0 else "sell"
    ts_event_ns = int(t["microtimestamp"]) * _US
    return [Trade(t["price_str"], t["amount_str"], side, str(t["id"]), ts_event_ns)]
