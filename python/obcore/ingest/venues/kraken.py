"""Kraken spot, WebSocket v2.

Documents: docs.kraken.com, "Book" and "Book Checksum (WebSocket v2)".
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from obcore.ingest.venue import Control, Limits, Say, Stream, Venue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DEPTH = 100  # of 10, 25, 100, 500 and 1000; the checksum covers ten, whatever it is


def _control(method: str) -> Callable[[Sequence[Stream], int], list[str]]:
    def messages(streams: Sequence[Stream], request: int) -> list[str]:
        out = []
        by_channel = sorted(streams, key=lambda stream: stream.channel)
        for channel, group in groupby(by_channel, key=lambda stream: stream.channel):
            params: dict[str, Any] = {"channel": channel, "symbol": [s.symbol for s in group]}
            if channel == "book":
                params["depth"] = DEPTH
            if method == "subscribe":
                params["snapshot"] = channel == "book"
            out.append(json.dumps({"method": method, "params": params, "req_id": request}))
        return out

    return messages


def _read_control(message: Any) -> Control:
    if "method" not in message:  # heartbeats and the status of the venue
        return Control(Say.NOTHING)
    request = str(message.get("req_id", ""))
    if message.get("success") is False:
        return Control(Say.REFUSED, str(message.get("error", "")), request)
    if message["method"] == "subscribe":
        return Control(Say.ACCEPTED, request=request)
    return Control(Say.NOTHING)


KRAKEN = Venue(
    name="kraken",
    wire="kraken",
    websocket="wss://ws.kraken.com",
    depth="book",
    trades="trade",
    path=lambda _: "/v2",
    subscribe=_control("subscribe"),
    unsubscribe=_control("unsubscribe"),
    has_depth=lambda channel: channel == "book",
    read_control=_read_control,
    keepalive=('{"method":"ping"}', 30.0),
    depth_levels=DEPTH,
    limits=Limits(streams=100, streams_a_message=50, sends_a_second=5.0),
)
