"""Kraken v2 from a recording of v1: numbers printed with the digits that were recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from obcore.venue import checksum
from obcore.venue.native import kraken as native
from obcore.venue.protocols.base import Endpoint
from obcore.venue.record import DEPTH, TRADE, Role
from obcore.venue.steps import steps_of
from obcore.venue.top import TopView
from obcore.venue.wire import compact, iso_time, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aiohttp import web

    from obcore.venue.hub import Listing, Message
    from obcore.venue.protocols.base import Handler
    from obcore.venue.session import Session

_DEPTHS = (10, 25, 100, 500, 1000)
_CHANNELS = {"book": DEPTH, "trade": TRADE}
_STATUS = {
    "channel": "status",
    "type": "update",
    "data": [{"system": "online", "api_version": "v2", "version": "2.0.10"}],
}


class Kraken(Endpoint):
    """Kraken's public channels: book, trade, instrument, heartbeat and ping."""

    prefix = market = native.MARKET

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return the path of v2."""
        return [("GET", "/v2", self.serve_socket)]

    def on_open(self, session: Session, request: web.Request) -> None:
        """Say that the system is online."""
        del request
        session.reply(compact(_STATUS))

    def on_tick(self, session: Session, second: int) -> None:
        """Beat once a second for whoever subscribed to anything."""
        del second
        if session.subscriptions:
            session.reply(b'{"channel":"heartbeat"}')

    def on_text(self, session: Session, text: str) -> None:
        """Answer a request."""
        request = parsed(text) or {}
        method = request.get("method")
        params = request.get("params")
        if method == "ping":
            session.reply(compact({"method": "pong"} | self._tail(request)))
        elif method in ("subscribe", "unsubscribe") and isinstance(params, dict):
            self._change(session, request, method, params)
        else:
            self._refuse(session, request, "Malformed request")

    def _change(
        self, session: Session, request: dict[str, Any], method: str, params: dict[str, Any]
    ) -> None:
        channel = params.get("channel")
        if channel == "instrument":
            self._instrument(session, request, method)
            return
        symbols = params.get("symbol")
        depth = params.get("depth", 10)
        if channel not in tuple(_CHANNELS):
            self._refuse(session, request, f"Channel not supported {channel}")
        elif channel == "book" and not (isinstance(depth, int) and depth in _DEPTHS):
            self._refuse(session, request, "Subscription depth not supported")
        elif not isinstance(symbols, list):
            self._refuse(session, request, "Symbol(s) not found")
        else:
            for symbol in symbols:
                self._change_symbol(session, request, params | {"symbol": symbol})

    def _change_symbol(
        self, session: Session, request: dict[str, Any], params: dict[str, Any]
    ) -> None:
        channel, symbol = params["channel"], params["symbol"]
        depth = params.get("depth", 10) if channel == "book" else 0
        listing = self.hub.listing(native.MARKET, symbol)
        name = f"{channel}:{symbol}"
        is_new = request["method"] == "subscribe"
        problem = None
        if listing is None:
            problem = f"Currency pair not supported {symbol}"
        elif is_new == (name in session.subscriptions):
            problem = "Already subscribed" if is_new else "Subscription Not Found"
        if problem is not None or listing is None:
            self._refuse(session, request, problem or "", symbol=symbol)
            return
        result: dict[str, Any] = {"channel": channel}
        if channel == "book":
            result["depth"] = depth
        if is_new:
            result["snapshot"] = params.get("snapshot", channel == "book")
        self._accept(session, request, result | {"symbol": symbol})
        if not is_new:
            self.hub.unsubscribe(session, name)
        elif channel == "trade":
            self.hub.subscribe(session, name, listing, TRADE, _trades)
        else:
            self._subscribe_book(session, name, listing, depth, whole=result["snapshot"])

    def _subscribe_book(
        self, session: Session, name: str, listing: Listing, depth: int, *, whole: bool
    ) -> None:
        view = TopView(depth, tell_left=False)
        render = _book(view)
        subscription = self.hub.subscribe(session, name, listing, DEPTH, render)
        if listing.book.is_ready and not subscription.is_silent:
            snapshot = _snapshot(view, listing)
            if whole:
                session.push(snapshot, native.MARKET, DEPTH)

    def _instrument(self, session: Session, request: dict[str, Any], method: str) -> None:
        self._accept(session, request, {"channel": "instrument", "snapshot": True})
        if method == "subscribe":
            pairs = [_pair(listing) for listing in self.hub.of_market(native.MARKET)]
            data = b'{"assets":[],"pairs":[' + b",".join(pairs) + b"]}"
            session.reply(b'{"channel":"instrument","type":"snapshot","data":' + data + b"}")

    def _accept(
        self, session: Session, request: dict[str, Any], result: dict[str, Any]
    ) -> None:
        answer = {"method": request["method"], "result": result, "success": True}
        session.reply(compact(answer | self._tail(request)))

    def _refuse(
        self, session: Session, request: dict[str, Any], reason: str, **more: Any
    ) -> None:
        answer = {"error": reason, "method": request.get("method"), "success": False, **more}
        session.reply(compact(answer | self._tail(request)))

    def _tail(self, request: dict[str, Any]) -> dict[str, Any]:
        now = iso_time(self.hub.now_ns)
        own_id = {"req_id": request["req_id"]} if "req_id" in request else {}
        return {"time_in": now, "time_out": now, **own_id}


def _book(view: TopView) -> Callable[[Message], bytes | None]:
    def render(message: Message) -> bytes | None:
        record, listing = message.record, message.listing
        book = listing.book
        if record.role is Role.SNAPSHOT:
            return _snapshot(view, listing)
        if not book.is_ready:
            return None
        depth = message.depth
        bids: Iterable[Any] = depth.bids
        asks: Iterable[Any] = depth.asks
        if native.depth_limit(record) != view.depth:
            bids, asks = view.changes(book)
            if not bids and not asks:
                return None
        recorded = native.checksum(record)
        value = recorded if recorded is not None else checksum.kraken(book)
        return _message(
            "update", listing.symbol, bids, asks, value=value, ts_event_ns=depth.ts_event_ns
        )

    return render


def _snapshot(view: TopView, listing: Listing) -> bytes:
    book = listing.book
    picture = view.show(book)
    return _message(
        "snapshot",
        listing.symbol,
        picture.bids,
        picture.asks,
        value=checksum.kraken(book),
        ts_event_ns=picture.ts_event_ns,
    )


def _message(
    kind: str,
    symbol: str,
    bids: Iterable[Any],
    asks: Iterable[Any],
    *,
    value: int,
    ts_event_ns: int,
) -> bytes:
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":{json.dumps(symbol)},'
        f'"bids":[{_levels(bids)}],"asks":[{_levels(asks)}],"checksum":{value},'
        f'"timestamp":"{iso_time(ts_event_ns)}"}}]}}'
    ).encode()


def _levels(levels: Iterable[Any]) -> str:
    # The recorded text is a JSON number already, and its trailing zeros count.
    return ",".join(f'{{"price":{px},"qty":{sz}}}' for px, sz, *_ in levels)


def _trades(message: Message) -> bytes | None:
    symbol = json.dumps(message.listing.symbol)
    parts = [
        f'{{"symbol":{symbol},"side":"{t.side}","price":{t.px},"qty":{t.sz},'
        f'"ord_type":"market","trade_id":{t.ts_event_ns // 1000 + i},'
        f'"timestamp":"{iso_time(t.ts_event_ns)}"}}'
        for i, t in enumerate(message.trades)
    ]
    return f'{{"channel":"trade","type":"update","data":[{",".join(parts)}]}}'.encode()


def _pair(listing: Listing) -> bytes:
    tick, step = steps_of(listing.track)
    px_decimals, sz_decimals = (len(text.partition(".")[2]) for text in (tick, step))
    return (
        f'{{"symbol":{json.dumps(listing.symbol)},"status":"online",'
        f'"price_precision":{px_decimals},"qty_precision":{sz_decimals},'
        f'"price_increment":{tick},"qty_increment":{step}}}'
    ).encode()
