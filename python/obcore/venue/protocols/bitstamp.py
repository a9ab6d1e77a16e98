"""Bitstamp: diffs and trades by WebSocket, the whole book by REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from obcore.venue.native.bitstamp import MARKET, channel_of
from obcore.venue.protocols.base import Endpoint
from obcore.venue.record import DEPTH
from obcore.venue.rest import Refusal, befallen, book_of_age, json_response, retry_after
from obcore.venue.wire import compact, parsed

if TYPE_CHECKING:
    from aiohttp import web

    from obcore.venue.book import Picture
    from obcore.venue.hub import Message
    from obcore.venue.protocols.base import Handler
    from obcore.venue.session import Session

_TOP = 100
_S, _US = 10**9, 1000
_ORDER_BOOK = "order_book_"


class Bitstamp(Endpoint):
    """Bitstamp's public channels and its order book by REST."""

    prefix = market = MARKET

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return the paths of WebSocket and REST."""
        return [
            ("GET", "", self.serve_socket),
            ("GET", "/", self.serve_socket),
            ("GET", "/api/v2/order_book/{pair}", self.order_book),
            ("GET", "/api/v2/order_book/{pair}/", self.order_book),
        ]

    def on_open(self, session: Session, request: web.Request) -> None:
        """Prepare the request to reconnect that ends a connection."""
        del request
        session.goodbye = lambda: _event("bts:request_reconnect", "", "")

    def on_text(self, session: Session, text: str) -> None:
        """Answer a request."""
        request = parsed(text) or {}
        data = request.get("data")
        channel = data.get("channel") if isinstance(data, dict) else None
        match request.get("event"):
            case "bts:subscribe" if self._subscribe(session, channel):
                session.reply(_event("bts:subscription_succeeded", str(channel), {}))
            case "bts:unsubscribe" if self.hub.unsubscribe(session, str(channel)):
                session.reply(_event("bts:unsubscription_succeeded", str(channel), {}))
            case "bts:heartbeat":
                session.reply(_event("bts:heartbeat", "", {"status": "success"}))
            case _:
                error = {"code": None, "message": "Bad subscription string."}
                session.reply(_event("bts:error", "", error))

    async def order_book(self, request: web.Request) -> web.Response:
        """Answer with the book where the tape stands."""
        pair = request.match_info["pair"]
        listing = self.hub.listings.get((MARKET, pair))
        fault = await befallen(self.hub, MARKET, listing, depth=True)
        if isinstance(fault, Refusal):
            headers = retry_after(fault.wait_s) if fault.wait_s else None
            return json_response('{"status":"error"}', status=fault.status, headers=headers)
        if listing is None:
            return json_response('{"error":"Invalid pair"}', status=404)
        book = book_of_age(listing, fault)
        rest = listing.track.rest_snapshot
        if rest is not None and book.last_record is rest:
            return json_response(rest.payload)
        return json_response(compact(_book(book.snapshot())))

    def _subscribe(self, session: Session, name: Any) -> bool:
        if not isinstance(name, str):
            return False
        if name.startswith(_ORDER_BOOK):
            pair, channel, render = name.removeprefix(_ORDER_BOOK), DEPTH, _top(name)
        else:
            named = channel_of(name)
            if named is None:
                return False
            pair, channel = named
            render = _as_recorded
        # Bitstamp acknowledges pairs that it does not have, too.
        listing = self.hub.listings.get((MARKET, pair))
        self.hub.subscribe(session, name, listing, channel, render)
        return True


def _as_recorded(message: Message) -> bytes:
    return message.payload


def _top(name: str) -> Any:
    def render(message: Message) -> bytes:
        data = _book(message.listing.book.snapshot(_TOP))
        return compact({"data": data, "channel": name, "event": "data"})

    return render


def _book(picture: Picture) -> dict[str, Any]:
    return {
        "timestamp": str(picture.ts_event_ns // _S),
        "microtimestamp": str(picture.ts_event_ns // _US),
        "bids": picture.bids,
        "asks": picture.asks,
    }


def _event(event: str, channel: str, data: Any) -> bytes:
    return compact({"event": event, "channel": channel, "data": data})
