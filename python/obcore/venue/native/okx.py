"""OKX v5: what a message is, and what it says."""

from __future__ import annotations

import json

from obcore.venue.record import DEPTH, TRADE, Depth, Record, Role, Trade

MARKET = "okx"
MARKETS: tuple[str, ...] = (MARKET,)

_MS = 1_000_000
_CHANNELS = {"books": DEPTH, "trades": TRADE}


def record_of_capture(ts_recv_ns: int, payload: bytes, _: str) -> Record | None:
    """Return the record of a message, None where it is no market data."""
    message = json.loads(payload)
    if "data" not in message:
        return None
    stream, symbol = message["arg"]["channel"], message["arg"]["instId"]
    channel = _CHANNELS.get(stream, stream)
    role = Role.OTHER
    if channel == DEPTH:
        role = Role.SNAPSHOT if message["action"] == "snapshot" else Role.DELTA
    return Record(ts_recv_ns, MARKET, symbol, channel, stream, payload, role)


def depth(record: Record) -> Depth:
    """Return a message of ``books`` in neutral words; old recordings have no ids."""
    data = json.loads(record.payload)["data"][0]
    return Depth(
        data["bids"],
        data["asks"],
        data.get("seqId", 0),
        previous_id=data.get("prevSeqId"),
        ts_event_ns=int(data["ts"]) * _MS,
    )


def trades(record: Record) -> list[Trade]:
    """Return the trades of a message."""
    if record.channel != TRADE:
        return []
    return [
        Trade(t["px"], t["sz"], t["side"], t["tradeId"], int(t["ts"]) * _MS)
        for t in json.loads(record.payload)["data"]
    ]
