"""Bybit v5: what a message is, and what it says."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from obcore.venue.record import DEPTH, TRADE, Depth, Record, Role, Trade

CATEGORIES = ("spot", "linear", "inverse")
MARKETS: tuple[str, ...] = tuple(f"bybit-{category}" for category in CATEGORIES)

_MS = 1_000_000
_CHANNELS = {"orderbook": DEPTH, "publicTrade": TRADE}


def record_of_capture(ts_recv_ns: int, payload: bytes, address: str) -> Record | None:
    """Return the record of a message; the address tells the category."""
    message = json.loads(payload)
    topic = message.get("topic")
    if topic is None:
        return None
    market = f"bybit-{urlsplit(address).path.rpartition('/')[2]}"
    word, _, rest = topic.partition(".")
    symbol = rest.rpartition(".")[2]
    channel = _CHANNELS.get(word, word)
    role = Role.OTHER
    if channel == DEPTH:
        role = Role.SNAPSHOT if message["type"] == "snapshot" else Role.DELTA
    return Record(ts_recv_ns, market, symbol, channel, topic, payload, role)


def depth(record: Record) -> Depth:
    """Return an order book message in neutral words; the time is the matching engine's."""
    message = json.loads(record.payload)
    data = message["data"]
    ts_event_ns = message.get("cts", message["ts"]) * _MS
    return Depth(data["b"], data["a"], data["u"], ts_event_ns=ts_event_ns)


def trades(record: Record) -> list[Trade]:
    """Return the trades of a message."""
    if record.channel != TRADE:
        return []
    return [
        Trade(t["p"], t["v"], t["S"].lower(), str(t["i"]), t["T"] * _MS)
        for t in json.loads(record.payload)["data"]
    ]
