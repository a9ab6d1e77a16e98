"""Deribit: what a message is, and what it says."""

from __future__ import annotations

import json
from typing import Any

from obcore.venue.record import DEPTH, TRADE, Depth, Levels, Record, Role, Trade

MARKET = "deribit"
MARKETS: tuple[str, ...] = (MARKET,)

_MS = 1_000_000
_CHANNELS = {"book": DEPTH, "trades": TRADE}


def record_of_capture(ts_recv_ns: int, payload: bytes, _: str) -> Record | None:
    """Return the record of a notification, None where it is none."""
    message = json.loads(payload)
    if message.get("method") != "subscription":
        return None
    stream = message["params"]["channel"]
    word, symbol, *_rest = stream.split(".")
    channel = _CHANNELS.get(word, word)
    role = Role.OTHER
    if channel == DEPTH:
        is_snapshot = message["params"]["data"]["type"] == "snapshot"
        role = Role.SNAPSHOT if is_snapshot else Role.DELTA
    return Record(ts_recv_ns, MARKET, symbol, channel, stream, payload, role)


def depth(record: Record) -> Depth:
    """Return a book notification in neutral words, numbers as their text."""
    data = _data(record)
    return Depth(
        _levels(data["bids"]),
        _levels(data["asks"]),
        data["change_id"],
        previous_id=data.get("prev_change_id"),
        ts_event_ns=data["timestamp"] * _MS,
    )


def trades(record: Record) -> list[Trade]:
    """Return the trades of a notification."""
    if record.channel != TRADE:
        return []
    return [
        Trade(
            str(t["price"]),
            str(t["amount"]),
            t["direction"],
            t["trade_id"],
            t["timestamp"] * _MS,
        )
        for t in _data(record)
    ]


def _data(record: Record) -> Any:
    return json.loads(record.payload, parse_float=str)["params"]["data"]


def _levels(changes: list[list[Any]]) -> Levels:
    return [[str(px), "0" if word == "delete" else str(sz)] for word, px, sz in changes]
