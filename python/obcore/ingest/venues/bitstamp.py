"""Bitstamp, WebSocket v2.

Document: bitstamp.net/websocket/v2, "Live full order book" and "Live order book diffs". Its
messages carry a clock and no numbers: a hole can't be seen, and its books are UNVERIFIED.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from obcore.ingest.venue import Control, Limits, Request, Say, Stream, Venue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _control(event: str) -> Callable[[Sequence[Stream], int], list[str]]:
    def messages(streams: Sequence[Stream], _: int) -> list[str]:
        return [
            json.dumps(
                {
                    "event": event,
                    "data": {"channel": f"{stream.channel}_{stream.symbol.lower()}"},
                }
            )
            for stream in streams
        ]

    return messages


def _read_control(message: Any) -> Control:
    event = message.get("event")
    if event == "bts:request_reconnect":
        return Control(Say.LEAVING, "bts:request_reconnect")
    if event == "bts:error":
        return Control(Say.REFUSED, str(message.get("data", "")))
    if event == "bts:subscription_succeeded":
        return Control(Say.ACCEPTED)
    return Control(Say.NOTHING)


BITSTAMP = Venue(
    name="bitstamp",
    wire="bitstamp",
    websocket="wss://ws.bitstamp.net",
    rest="https://www.bitstamp.net",
    depth="diff_order_book",
    trades="live_trades",
    path=lambda _: "",
    subscribe=_control("bts:subscribe"),
    unsubscribe=_control("bts:unsubscribe"),
    has_depth=lambda channel: "order_book" in channel,
    read_control=_read_control,
    symbol_on_wire=str.upper,
    snapshot=lambda symbol: Request(f"/api/v2/order_book/{symbol.lower()}", {}, 1),
    keepalive=('{"event":"bts:heartbeat"}', 30.0),
    limits=Limits(streams=50, streams_a_message=1, sends_a_second=10.0, weight_a_minute=400),
)
