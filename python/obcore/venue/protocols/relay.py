"""A relay of order books: authenticate, subscribe, pictures of the best levels."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from obcore.venue.protocols.base import Endpoint
from obcore.venue.record import DEPTH, Role
from obcore.venue.top import Follower, TopView
from obcore.venue.wire import compact, parsed

if TYPE_CHECKING:
    from collections.abc import Callable

    from obcore.venue.hub import Hub, Listing, Message
    from obcore.venue.protocols.base import Handler, Settings
    from obcore.venue.session import Session

_DEPTH = 20
_MS = 1_000_000


class Relay(Endpoint):
    """A vendor's feed in its own words, rendered from any venue's recording.

    A client first shows its key; then it subscribes to symbols and gets, for each change of the
    best levels, all of them, or what changed in them.
    """

    prefix = market = "relay"

    def __init__(self, hub: Hub, settings: Settings) -> None:
        super().__init__(hub, settings)
        self._symbols: dict[str, Listing] = {}
        for listing in hub.listings.values():
            self._symbols.setdefault(listing.symbol, listing)
            self._symbols[listing.name] = listing

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return the root."""
        return [("GET", "", self.serve_socket), ("GET", "/", self.serve_socket)]

    def on_text(self, session: Session, text: str) -> None:
        """Answer a request."""
        request = parsed(text) or {}
        match request.get("type"):
            case "authenticate":
                self._authenticate(session, request.get("api_key"))
            case "ping":
                session.reply(b'{"type":"pong"}')
            case _ if not session.state.get("authenticated"):
                _refuse(session, "not_authenticated", "authenticate first")
            case "subscribe":
                self._subscribe(session, request)
            case "unsubscribe":
                given = request.get("symbols")
                names = given if isinstance(given, list) else []
                symbols = [s for s in names if isinstance(s, str)]
                for symbol in symbols:
                    self.hub.unsubscribe(session, symbol)
                session.reply(compact({"type": "unsubscribed", "symbols": symbols}))
            case kind:
                _refuse(session, "unknown_type", f"unknown type {kind}")

    def _authenticate(self, session: Session, key: Any) -> None:
        expected = self.settings.relay_key
        given = key if isinstance(key, str) else ""
        if expected is not None and not hmac.compare_digest(expected.encode(), given.encode()):
            _refuse(session, "unauthorized", "the api_key is not valid")
            return
        session.state["authenticated"] = True
        session.reply(b'{"type":"authenticated"}')

    def _subscribe(self, session: Session, request: dict[str, Any]) -> None:
        symbols, depth = request.get("symbols"), request.get("depth", _DEPTH)
        if not isinstance(symbols, list) or not isinstance(depth, int) or depth < 1:
            _refuse(session, "bad_request", "expected symbols and a positive depth")
            return
        unknown = [s for s in symbols if not isinstance(s, str) or s not in self._symbols]
        if unknown:
            _refuse(session, "unknown_symbol", f"unknown symbols {unknown}")
            return
        session.reply(compact({"type": "subscribed", "symbols": symbols, "depth": depth}))
        for symbol in symbols:
            self._subscribe_symbol(session, symbol, depth)

    def _subscribe_symbol(self, session: Session, symbol: str, depth: int) -> None:
        listing = self._symbols[symbol]
        follower, view = Follower(), TopView(depth, tell_left=True)
        render = self._render(symbol, follower, view)
        subscription = self.hub.subscribe(session, symbol, listing, DEPTH, render)
        if listing.book.is_ready and not subscription.is_silent:
            follower.show(listing.book)
            session.push(self._whole(symbol, view, listing), listing.market, DEPTH)

    def _render(
        self, symbol: str, follower: Follower, view: TopView
    ) -> Callable[[Message], bytes | None]:
        deltas = self.settings.relay_deltas

        def render(message: Message) -> bytes | None:
            role, book = follower.needs(message), message.listing.book
            if role is Role.OTHER:
                return None
            if role is Role.SNAPSHOT:
                return self._whole(symbol, view, message.listing)
            bids, asks = view.changes(book)
            if not bids and not asks:
                return None
            if not deltas and view.picture is not None:
                bids, asks = view.picture.bids, view.picture.asks
            return _message(symbol, "delta" if deltas else None, message.listing, bids, asks)

        return render

    def _whole(self, symbol: str, view: TopView, listing: Listing) -> bytes:
        picture = view.show(listing.book)
        kind = "snapshot" if self.settings.relay_deltas else None
        return _message(symbol, kind, listing, picture.bids, picture.asks)


def _message(symbol: str, kind: str | None, listing: Listing, bids: Any, asks: Any) -> bytes:
    action = {"action": kind} if kind is not None else {}
    return compact(
        {
            "type": "orderbook",
            **action,
            "symbol": symbol,
            "bids": bids,
            "asks": asks,
            "update_id": listing.position,
            "timestamp": listing.book.ts_event_ns // _MS,
        }
    )


def _refuse(session: Session, code: str, message: str) -> None:
    session.reply(compact({"type": "error", "code": code, "message": message}))
