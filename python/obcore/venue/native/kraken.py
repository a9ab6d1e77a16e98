"""Kraken v1 as recorded: what a message is, and what it says."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from obcore.venue.record import DEPTH, TRADE, Depth, Levels, Record, Role, Trade

MARKET = "kraken"
MARKETS: tuple[str, ...] = (MARKET,)

_NS = 10**9
_NAMES = {"XBT": "BTC", "XDG": "DOGE"}


def symbol_of(pair: str) -> str:
    """Return the name that v2 uses for a pair of v1.

    Examples
    --------
    >>> symbol_of("KSM/XBT"), symbol_of("ETH/CHF")
    ('KSM/BTC', 'ETH/CHF')
    """
    return "/".join(_NAMES.get(asset, asset) for asset in pair.split("/"))


def record_of_capture(ts_recv_ns: int, payload: bytes, _: str) -> Record | None:
    """Return the record of a message, None where it is no market data."""
    message = json.loads(payload)
    if not isinstance(message, list):
        return None
    stream, symbol = message[-2], symbol_of(message[-1])
    if not stream.startswith("book-"):
        return Record(ts_recv_ns, MARKET, symbol, stream, stream, payload, Role.OTHER)
    role = Role.SNAPSHOT if "as" in message[1] else Role.DELTA
    return Record(ts_recv_ns, MARKET, symbol, DEPTH, stream, payload, role)


def depth_limit(record: Record) -> int:
    """Return how many levels a side the recorded subscription kept."""
    return int(record.stream.removeprefix("book-"))


def parts(record: Record) -> dict[str, Any]:
    """Return the book parts of a message as one: a message of both sides has two."""
    merged: dict[str, Any] = {}
    for part in json.loads(record.payload)[1:-2]:
        merged |= part
    return merged


def checksum(record: Record) -> int | None:
    """Return the recorded checksum; a snapshot of v1 has none."""
    text = parts(record).get("c")
    return int(text) if text is not None else None


def depth(record: Record) -> Depth:
    """Return a book message in neutral words; Kraken has no ids."""
    part = parts(record)
    bids: Levels = part.get("bs", part.get("b", []))
    asks: Levels = part.get("as", part.get("a", []))
    times = [Decimal(level[2]) for level in (*bids, *asks)]
    return Depth(bids, asks, 0, ts_event_ns=int(max(times) * _NS) if times else 0)


def trades(record: Record) -> list[Trade]:
    """Return the trades of a message; v1 gives them no id."""
    if record.channel != TRADE:
        return []
    return [
        Trade(px, sz, "buy" if side == "b" else "sell", "", int(Decimal(time) * _NS))
        for px, sz, time, side, *_ in json.loads(record.payload)[1]
    ]
