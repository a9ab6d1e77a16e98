"""Deribit, JSON-RPC over WebSocket.

Document: docs.deribit.com, ``public/subscribe`` and ``book.{instrument}.{interval}``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from obcore.ingest.venue import Control, Limits, Say, Stream, Venue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _channel_name(stream: Stream) -> str:
    kind, _, rest = stream.channel.partition(".")
    return f"{kind}.{stream.symbol}.{rest}"


def _control(method: str) -> Callable[[Sequence[Stream], int], list[str]]:
    def message(streams: Sequence[Stream], request: int) -> list[str]:
        channels = [_channel_name(stream) for stream in streams]
        call = {
            "jsonrpc": "2.0",
            "id": request,
            "method": method,
            "params": {"channels": channels},
        }
        return [json.dumps(call)]

    return message


def _read_control(message: Any) -> Control:
    if message.get("method") == "heartbeat":
        if message.get("params", {}).get("type") == "test_request":
            answer = {"jsonrpc": "2.0", "id": 0, "method": "public/test", "params": {}}
            return Control(Say.ANSWER, json.dumps(answer))
        return Control(Say.NOTHING)
    request = str(message.get("id", ""))
    if "error" in message:
        return Control(Say.REFUSED, str(message["error"]), request)
    return Control(Say.ACCEPTED, request=request)


DERIBIT = Venue(
    name="deribit",
    wire="deribit",
    websocket="wss://www.deribit.com",
    depth="book.100ms",  # "book.raw" needs a login
    trades="trades.100ms",
    path=lambda _: "/ws/api/v2",
    subscribe=_control("public/subscribe"),
    unsubscribe=_control("public/unsubscribe"),
    has_depth=lambda channel: channel.startswith("book."),
    read_control=_read_control,
    keepalive=('{"jsonrpc":"2.0","id":0,"method":"public/test","params":{}}', 20.0),
    limits=Limits(streams=200, streams_a_message=50, sends_a_second=5.0),
)
