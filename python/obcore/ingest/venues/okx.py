"""OKX v5 public channels.

Documents: OKX API docs v5, "Order book channel" and "Sequence ID"; the notice of 2026-05-21 on
the checksum field, which is 0 since 2026-06-23 and is checked only where it is not.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from obcore.ingest.venue import Control, Limits, Say, Stream, Venue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _control(op: str) -> Callable[[Sequence[Stream], int], list[str]]:
    def message(streams: Sequence[Stream], request: int) -> list[str]:
        args = [{"channel": stream.channel, "instId": stream.symbol} for stream in streams]
        return [json.dumps({"id": str(request), "op": op, "args": args})]

    return message


def _read_control(message: Any) -> Control:
    event = message.get("event")
    request = str(message.get("id", ""))
    if event == "error":
        return Control(
            Say.REFUSED, f"{message.get('code', '')}: {message.get('msg', '')}", request
        )
    if event == "notice":  # the venue closes the connection soon, for maintenance
        return Control(Say.LEAVING, str(message.get("msg", "notice")))
    if event == "subscribe":
        return Control(Say.ACCEPTED, request=request)
    return Control(Say.NOTHING)


OKX = Venue(
    name="okx",
    wire="okx",
    websocket="wss://ws.okx.com:8443",
    depth="books",  # 400 levels, every 100 ms
    trades="trades",
    path=lambda _: "/ws/v5/public",
    subscribe=_control("subscribe"),
    unsubscribe=_control("unsubscribe"),
    has_depth=lambda channel: channel.startswith("book") or channel == "bbo-tbt",
    read_control=_read_control,
    keepalive=("ping", 20.0),
    limits=Limits(streams=100, streams_a_message=50, sends_a_second=3.0),
)
