"""Binance spot, USD-M and COIN-M: streams by path and by request."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from obcore.venue.native import binance as native
from obcore.venue.protocols.base import Endpoint
from obcore.venue.protocols.binance_rest import FUTURES_RULES, SPOT_RULES, BinanceRest, Rules
from obcore.venue.record import DEPTH

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from obcore.venue.hub import Hub, Message
    from obcore.venue.protocols.base import Handler, Settings
    from obcore.venue.session import Session

_PUBLIC = ("depth", "rpiDepth", "bookTicker", "trade")
_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_PARTIAL = re.compile(r"depth(\d+)(?:@\d+ms)?$")
_TIMES = re.compile(rb'("[ET]"):(\d{13})(?=[,}])')
INVALID_REQUEST, INVALID_JSON = 2, 3


@dataclass(frozen=True, slots=True)
class Market:
    """What tells one of Binance's markets from another.

    Parameters
    ----------
    name : str
        Its name here, and its path.
    routes : tuple of str
        Paths in front of ``/stream`` and ``/ws``; a route carries its own streams only.
    messages_per_second : int
        How many a client may send.
    ping_every_s : int
        How often the venue sends a ping frame.
    rules : Rules
        Its REST interface.
    """

    name: str
    routes: tuple[str, ...]
    messages_per_second: int
    ping_every_s: int
    rules: Rules


SPOT = Market(native.SPOT, ("",), 5, 20, SPOT_RULES)
USD_M = Market(native.USD_M, ("", "/public", "/market"), 10, 180, FUTURES_RULES["/fapi/v1"])
COIN_M = Market(native.COIN_M, ("",), 10, 180, FUTURES_RULES["/dapi/v1"])


class Binance(Endpoint):
    """One of Binance's markets.

    Parameters
    ----------
    hub : Hub
        What is listed, and where the tape stands.
    settings : Settings
        What the venue was told.
    binance_market : Market
        Which market.
    """

    def __init__(self, hub: Hub, settings: Settings, binance_market: Market) -> None:
        super().__init__(hub, settings)
        self.binance_market = binance_market
        self.prefix = self.market = binance_market.name
        self.messages_per_second = binance_market.messages_per_second
        self.ping_every_s = binance_market.ping_every_s
        self.rest = BinanceRest(hub, settings, binance_market.name, binance_market.rules)

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return the streams' paths and those of REST."""
        paths = ("/stream", "/ws", "/ws/{streams:.+}")
        return [
            ("GET", route + path, self.serve_socket)
            for route in self.binance_market.routes
            for path in paths
        ] + self.rest.routes()

    def on_open(self, session: Session, request: web.Request) -> None:
        """Subscribe to what the path asks for."""
        path = request.path.removeprefix(f"/{self.prefix}")
        session.state["route"] = "/market" if path.startswith("/market/") else "/public"
        session.state["combined"] = path.endswith("/stream")
        unit = request.query.get("timeUnit", "").upper()
        session.state["micro"] = unit == "MICROSECOND" and self.market == native.SPOT
        session.goodbye = lambda: self._goodbye(session)
        streams = request.query.get("streams", request.match_info.get("streams", ""))
        for stream in filter(None, streams.split("/")):
            self._subscribe(session, stream)

    def on_text(self, session: Session, text: str) -> None:
        """Answer a control message."""
        try:
            request = json.loads(text)
        except ValueError as error:
            session.reply(_error(INVALID_JSON, f"Invalid JSON: {error}", None))
            return
        if not isinstance(request, dict):
            session.reply(_error(INVALID_REQUEST, "Invalid request: expected an object", None))
            return
        problem = _problem(request)
        if problem is not None:
            session.reply(
                _error(INVALID_REQUEST, f"Invalid request: {problem}", request.get("id"))
            )
            return
        result = self._do(session, request["method"], request.get("params", []))
        session.reply(_compact({"result": result, "id": request.get("id")}))

    def _do(self, session: Session, method: str, params: list[Any]) -> Any:
        match method:
            case "SUBSCRIBE":
                for stream in params:
                    self._subscribe(session, stream)
            case "UNSUBSCRIBE":
                for stream in params:
                    self.hub.unsubscribe(session, stream)
            case "LIST_SUBSCRIPTIONS":
                return list(session.subscriptions)
            case "SET_PROPERTY":
                session.state["combined"] = bool(params[1])
            case _:
                return session.state["combined"]
        return None

    def _subscribe(self, session: Session, stream: str) -> None:
        symbol, channel = native.channel_of(stream)
        listing = self.hub.listings.get((self.market, symbol))
        silent = not self._is_routed(session, channel)
        partial = _PARTIAL.fullmatch(channel)
        if partial is None:
            render = self._diffs(session, stream)
        else:
            channel, render = DEPTH, self._partial(session, stream, int(partial[1]))
        self.hub.subscribe(session, stream, listing, channel, render, silent=silent)

    def _is_routed(self, session: Session, channel: str) -> bool:
        if len(self.binance_market.routes) == 1:
            return True
        route = "/public" if channel.startswith(_PUBLIC) else "/market"
        return bool(session.state["route"] == route)

    def _diffs(self, session: Session, stream: str) -> Callable[[Message], bytes]:
        state = session.state
        prefix = f'{{"stream":"{stream}","data":'.encode()

        def render(message: Message) -> bytes:
            payload = message.payload
            if state["combined"] and not state["micro"] and payload.startswith(prefix):
                return payload
            data = native.data_of(payload)
            if state["micro"]:
                data = _TIMES.sub(rb"\1:\g<2>000", data)
            return prefix + data + b"}" if state["combined"] else data

        return render

    def _partial(
        self, session: Session, stream: str, levels: int
    ) -> Callable[[Message], bytes]:
        state = session.state
        is_spot = self.market == native.SPOT

        def render(message: Message) -> bytes:
            picture = message.listing.book.snapshot(levels)
            if is_spot:
                event: dict[str, Any] = {
                    "lastUpdateId": picture.last_id,
                    "bids": picture.bids,
                    "asks": picture.asks,
                }
            else:
                event = json.loads(native.data_of(message.payload))
                event |= {"b": picture.bids, "a": picture.asks}
            return _compact({"stream": stream, "data": event} if state["combined"] else event)

        return render

    def _goodbye(self, session: Session) -> bytes:
        event = {"e": "serverShutdown", "E": self.hub.now_ns // 1_000_000}
        if session.state["combined"]:
            return _compact({"stream": "!serverShutdown", "data": event})
        return _compact(event)


def _problem(request: dict[str, Any]) -> str | None:
    """Return what is wrong with a control message, or None."""
    method, params = request.get("method"), request.get("params", [])
    if method not in _METHODS:
        known = ", ".join(f"`{name}`" for name in _METHODS)
        return f"unknown variant `{method}`, expected one of {known}"
    if not isinstance(params, list):
        return "params must be a list"
    if method in ("SUBSCRIBE", "UNSUBSCRIBE"):
        if not params:
            return "no stream is given"
        if not all(isinstance(stream, str) and "@" in stream for stream in params):
            return "each stream must be text such as btcusdt@depth"
    if method == "SET_PROPERTY" and (len(params) != 2 or params[0] != "combined"):
        return "expected the property `combined` and its value"
    return None


def _error(code: int, message: str, request_id: Any) -> bytes:
    return _compact({"code": code, "msg": message, "id": request_id})


def _compact(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
