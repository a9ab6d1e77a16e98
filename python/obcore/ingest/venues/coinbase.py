"""Coinbase Advanced Trade.

Documents: docs.cdp.coinbase.com, Advanced Trade WebSocket, "Channels". That ``sequence_num``
counts one connection over all its channels is common practice and not in the document.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from obcore.ingest.venue import Control, Limits, Say, Stream, Venue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _control(kind: str) -> Callable[[Sequence[Stream], int], list[str]]:
    def messages(streams: Sequence[Stream], _: int) -> list[str]:
        out = []
        by_channel = sorted(streams, key=lambda stream: stream.channel)
        for channel, group in groupby(by_channel, key=lambda stream: stream.channel):
            products = [stream.symbol for stream in group]
            message = {"type": kind, "product_ids": products, "channel": channel}
            out.append(json.dumps(message))
        # Quiet channels are closed after 60 to 90 s; this one speaks every second.
        if kind == "subscribe":
            out.append(json.dumps({"type": kind, "channel": "heartbeats"}))
        return out

    return messages


def _read_control(message: Any) -> Control:
    if message.get("type") == "error":
        return Control(Say.REFUSED, str(message.get("message", "")))
    if message.get("channel") == "subscriptions":
        return Control(Say.ACCEPTED)
    return Control(Say.NOTHING)


COINBASE = Venue(
    name="coinbase",
    wire="coinbase",
    websocket="wss://advanced-trade-ws.coinbase.com",
    depth="level2",
    trades="market_trades",
    path=lambda _: "",
    subscribe=_control("subscribe"),
    unsubscribe=_control("unsubscribe"),
    has_depth=lambda channel: channel == "level2",
    read_control=_read_control,
    # One hole concerns every book of the connection, so few share one.
    limits=Limits(streams=20, streams_a_message=20, sends_a_second=8.0, idle_s=10.0),
)
