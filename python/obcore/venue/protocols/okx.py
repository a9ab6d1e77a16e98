"""OKX v5: books with a chain of ids, books5 and bbo-tbt in full, trades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from obcore.venue import checksum
from obcore.venue.native.okx import MARKET
from obcore.venue.protocols.base import Endpoint
from obcore.venue.record import DEPTH, TRADE, Role
from obcore.venue.wire import compact, parsed

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from obcore.venue.hub import Listing, Message
    from obcore.venue.protocols.base import Handler
    from obcore.venue.session import Session

_FULL = {"books5": 5, "bbo-tbt": 1}
_CHANNELS = {"books": DEPTH, "trades": TRADE, "tickers": "tickers"}
_LEVELS = 400
_MS = 1_000_000
WRONG_REQUEST, NO_SUCH_CHANNEL, UPGRADE = "60012", "60018", "64008"


def sequence_id(position: int) -> int:
    """Return the id of a book's message for a recording without: growing, not dense."""
    return 1_000_000 + 10 * position + position * position % 7


class Okx(Endpoint):
    """OKX's public channels."""

    prefix = market = MARKET

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return the public path."""
        return [("GET", "/ws/v5/public", self.serve_socket)]

    def on_open(self, session: Session, request: web.Request) -> None:
        """Prepare the notice that a service upgrade ends the connection."""
        del request
        notice = {
            "event": "notice",
            "code": UPGRADE,
            "msg": "The connection will soon be closed for a service upgrade."
            " Please reconnect.",
            "connId": session.name,
        }
        session.goodbye = lambda: compact(notice)

    def on_text(self, session: Session, text: str) -> None:
        """Answer a request."""
        if text == "ping":
            session.reply(b"pong")
            return
        request = parsed(text) or {}
        op, args = request.get("op"), request.get("args")
        if op not in ("subscribe", "unsubscribe") or not isinstance(args, list) or not args:
            self._refuse(session, request, WRONG_REQUEST, f"Invalid request: {text}")
            return
        for arg in args:
            self._do(session, request, op, arg if isinstance(arg, dict) else {})

    def _do(self, session: Session, request: dict[str, Any], op: str, arg: Any) -> None:
        channel, symbol = arg.get("channel"), arg.get("instId")
        listing = self.hub.listing(MARKET, symbol)
        if listing is None or channel not in (*_CHANNELS, *_FULL):
            reason = (
                f"Wrong URL or channel:{channel},instId:{symbol} doesn't exist. Please use the"
                " correct URL, channel and parameters referring to API document."
            )
            self._refuse(session, request, NO_SUCH_CHANNEL, reason)
            return
        own_id = {"id": request["id"]} if "id" in request else {}
        session.reply(compact({**own_id, "event": op, "arg": arg, "connId": session.name}))
        name = f"{channel}:{symbol}"
        if op == "unsubscribe":
            self.hub.unsubscribe(session, name)
        else:
            self._subscribe(session, name, channel, listing)

    def _subscribe(self, session: Session, name: str, channel: str, listing: Listing) -> None:
        if channel in _FULL:
            render = _full(channel, _FULL[channel])
            self.hub.subscribe(session, name, listing, DEPTH, render)
        elif channel != "books":
            self.hub.subscribe(session, name, listing, _CHANNELS[channel], lambda m: m.payload)
        else:
            subscription = self.hub.subscribe(session, name, listing, DEPTH, _books)
            if listing.book.is_ready and not subscription.is_silent:
                session.push(_snapshot(listing), MARKET, DEPTH)

    def _refuse(
        self, session: Session, request: dict[str, Any], code: str, reason: str
    ) -> None:
        own_id = {"id": request["id"]} if "id" in request else {}
        error = {"event": "error", "code": code, "msg": reason, "connId": session.name}
        session.reply(compact({**own_id, **error}))


def _books(message: Message) -> bytes | None:
    """Return a recorded message with its ids, made up where it was recorded without."""
    listing, role = message.listing, message.record.role
    if not listing.book.is_ready:
        return None
    payload = message.payload
    if b'"seqId"' in payload:
        return payload
    position = listing.position
    before = -1 if role is Role.SNAPSHOT else sequence_id(position - 1)
    ids = f',"prevSeqId":{before},"seqId":{sequence_id(position)}}}]}}'
    return payload[: -len("}]}")] + ids.encode()


def _snapshot(listing: Listing) -> bytes:
    book = listing.book
    picture = book.snapshot(_LEVELS)
    data = {
        "asks": _levels(picture.asks),
        "bids": _levels(picture.bids),
        "ts": str(picture.ts_event_ns // _MS),
        "checksum": checksum.okx(book),
        "prevSeqId": -1,
        "seqId": book.last_id or sequence_id(listing.position),
    }
    arg = {"channel": "books", "instId": listing.symbol}
    return compact({"arg": arg, "action": "snapshot", "data": [data]})


def _full(channel: str, levels: int) -> Callable[[Message], bytes | None]:
    """Return what renders a channel whose every message is complete."""
    shown: list[Any] = [None]

    def render(message: Message) -> bytes | None:
        listing = message.listing
        picture = listing.book.snapshot(levels)
        top = picture.bids, picture.asks
        if not listing.book.is_ready or top == shown[0]:
            return None
        shown[0] = top
        data = {
            "asks": _levels(picture.asks),
            "bids": _levels(picture.bids),
            "instId": listing.symbol,
            "ts": str(picture.ts_event_ns // _MS),
            "seqId": picture.last_id or sequence_id(listing.position),
        }
        return compact({"arg": {"channel": channel, "instId": listing.symbol}, "data": [data]})

    return render


def _levels(pairs: list[tuple[str, str]]) -> list[list[str]]:
    # How many orders stand at a price is not kept, so each level has one.
    return [[px, sz, "0", "1"] for px, sz in pairs]
