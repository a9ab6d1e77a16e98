"""Bybit v5: spot, linear, inverse and options.

Documents: bybit-exchange/docs, v5/ws/connect and v5/websocket/public/orderbook, trade.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from obcore.ingest.venue import Control, Limits, Say, Stream, Venue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _control(op: str) -> Callable[[Sequence[Stream], int], list[str]]:
    def message(streams: Sequence[Stream], request: int) -> list[str]:
        topics = [f"{stream.channel}.{stream.symbol}" for stream in streams]
        return [json.dumps({"req_id": str(request), "op": op, "args": topics})]

    return message


def _read_control(message: Any) -> Control:
    if message.get("op") in ("ping", "pong") or message.get("ret_msg") == "pong":
        return Control(Say.NOTHING)
    request = str(message.get("req_id", ""))
    if message.get("success") is False:
        return Control(Say.REFUSED, str(message.get("ret_msg", "")), request)
    return Control(Say.ACCEPTED, request=request)


BYBIT_LINEAR = Venue(
    name="bybit-linear",
    place="bybit",
    wire="bybit",
    websocket="wss://stream.bybit.com",
    depth="orderbook.200",  # every 100 ms; 50 levels come every 20 ms, 1,000 every 200 ms
    trades="publicTrade",
    path=lambda _: "/v5/public/linear",
    subscribe=_control("subscribe"),
    unsubscribe=_control("unsubscribe"),
    has_depth=lambda channel: channel.startswith("orderbook"),
    read_control=_read_control,
    keepalive=('{"op":"ping"}', 20.0),
    limits=Limits(streams=200, streams_a_message=10, sends_a_second=10.0),
)
BYBIT_SPOT = replace(BYBIT_LINEAR, name="bybit-spot", path=lambda _: "/v5/public/spot")
BYBIT_INVERSE = replace(BYBIT_LINEAR, name="bybit-inverse", path=lambda _: "/v5/public/inverse")
BYBIT_OPTION = replace(
    BYBIT_LINEAR, name="bybit-option", path=lambda _: "/v5/public/option", depth="orderbook.100"
)
