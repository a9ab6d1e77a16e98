"""Binance spot, USD-M and COIN-M.

Documents: binance-spot-api-docs, web-socket-streams.md and rest-api.md; developers.binance.com,
derivatives: "Websocket Market Streams", "How to manage a local order book correctly", and the
notice of 2026-03-06 on routed stream addresses.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from obcore.ingest.venue import Control, Limits, Request, Say, Stream, Venue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# USD-M: on the wrong path a stream is acknowledged and then silent for ever.
_PUBLIC = re.compile(r"(depth|rpiDepth|bookTicker|trade$)")
_DEPTH = re.compile(r"(depth|bookTicker)")
# Closed by the venue after 24 hours; jitter keeps many connections from going at once.
_LIFETIME_S = 23.5 * 3600


def _stream_name(stream: Stream) -> str:
    return f"{stream.symbol.lower()}@{stream.channel}"


def _control(method: str) -> Callable[[Sequence[Stream], int], list[str]]:
    def message(streams: Sequence[Stream], request: int) -> list[str]:
        names = [_stream_name(stream) for stream in streams]
        return [json.dumps({"method": method, "params": names, "id": request})]

    return message


def _read_control(message: Any) -> Control:
    """Acknowledgements ``{"result": null, "id": 7}``, errors ``{"code": 2, "msg": …}``."""
    if "serverShutdown" in (message.get("e"), message.get("data", {}).get("e")):
        return Control(Say.LEAVING, "serverShutdown")
    request = str(message.get("id", ""))
    error = message.get("error", message)
    if "code" in error:
        return Control(Say.REFUSED, f"{error['code']}: {error.get('msg', '')}", request)
    return Control(Say.ACCEPTED, request=request)


def _has_depth(channel: str) -> bool:
    return _DEPTH.match(channel) is not None


def _depth_request(path: str, limit: int, weight: int) -> Callable[[str], Request]:
    def request(symbol: str) -> Request:
        query: Mapping[str, str] = {"symbol": symbol, "limit": str(limit)}
        return Request(path, query, weight)

    return request


def _usdm_path(stream: Stream) -> str:
    return "/public/stream" if _PUBLIC.match(stream.channel) else "/market/stream"


BINANCE = Venue(
    name="binance",
    wire="binance_spot",
    websocket="wss://stream.binance.com:9443",
    rest="https://api.binance.com",
    depth="depth@100ms",
    trades="trade",
    path=lambda _: "/stream",
    subscribe=_control("SUBSCRIBE"),
    unsubscribe=_control("UNSUBSCRIBE"),
    has_depth=_has_depth,
    from_ticker=lambda channel: channel == "bookTicker",
    read_control=_read_control,
    snapshot=_depth_request("/api/v3/depth", 1000, 50),
    limits=Limits(
        streams=1024,
        streams_a_message=200,
        sends_a_second=3.0,  # 5 are granted, and pongs count
        lifetime_s=_LIFETIME_S,
        weight_a_minute=6_000,
    ),
)

BINANCE_FUTURES = replace(
    BINANCE,
    name="binance-futures",
    wire="binance_futures",
    websocket="wss://fstream.binance.com",
    rest="https://fapi.binance.com",
    trades="aggTrade",
    path=_usdm_path,
    snapshot=_depth_request("/fapi/v1/depth", 1000, 20),
    limits=Limits(
        streams=200,
        streams_a_message=100,
        sends_a_second=5.0,  # 10 are granted
        lifetime_s=_LIFETIME_S,
        weight_a_minute=2_400,
    ),
)

BINANCE_COIN = replace(
    BINANCE_FUTURES,
    name="binance-coin",
    websocket="wss://dstream.binance.com",
    rest="https://dapi.binance.com",
    path=lambda _: "/stream",  # stays unrouted, by the notice
    snapshot=_depth_request("/dapi/v1/depth", 1000, 20),
)
