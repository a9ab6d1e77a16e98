"""Deribit: JSON-RPC over a WebSocket; books as a chain of change ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from obcore.venue.native.deribit import MARKET
from obcore.venue.protocols.base import Endpoint
from obcore.venue.record import DEPTH, TRADE, Role
from obcore.venue.wire import compact, parsed

if TYPE_CHECKING:
    from collections.abc import Callable

    from obcore.venue.book import Picture
    from obcore.venue.hub import Listing, Message
    from obcore.venue.protocols.base import Handler
    from obcore.venue.session import Session

_CHANNELS = {"book": DEPTH, "trades": TRADE}
_INTERVALS = ("raw", "100ms", "agg2")
_GROUPED_PARTS = 5
_LEAST_HEARTBEAT_S = 10
_MS, _US = 1_000_000, 1000
INVALID_REQUEST, NO_METHOD, INVALID_PARAMS = -32600, -32601, -32602


class Deribit(Endpoint):
    """Deribit's channels ``book`` and ``trades``."""

    prefix = market = MARKET

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return the path of the API."""
        return [("GET", "/ws/api/v2", self.serve_socket)]

    def on_tick(self, session: Session, second: int) -> None:
        """Ask whether the client is there, where it wanted to be asked."""
        interval = session.state.get("heartbeat")
        if interval is not None and second % interval == 0:
            beat = {"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}}
            session.reply(compact(beat))

    def on_text(self, session: Session, text: str) -> None:
        """Answer a request."""
        request = parsed(text)
        if request is None:
            self._refuse(session, {}, INVALID_REQUEST, "Invalid Request")
            return
        params = request.get("params")
        params = params if isinstance(params, dict) else {}
        match request.get("method"):
            case "public/subscribe":
                self._change(session, request, params, subscribe=True)
            case "public/unsubscribe":
                self._change(session, request, params, subscribe=False)
            case "public/unsubscribe_all":
                for name in list(session.subscriptions):
                    self.hub.unsubscribe(session, name)
                self._accept(session, request, "ok")
            case "public/set_heartbeat":
                self._set_heartbeat(session, request, params)
            case method:
                self._simple(session, request, method)

    def _simple(self, session: Session, request: dict[str, Any], method: Any) -> None:
        match method:
            case "public/test" | "public/hello":
                self._accept(session, request, {"version": "1.2.26"})
            case "public/get_time":
                self._accept(session, request, self.hub.now_ns // _MS)
            case "public/disable_heartbeat":
                session.state.pop("heartbeat", None)
                self._accept(session, request, "ok")
            case _:
                self._refuse(session, request, NO_METHOD, "Method not found")

    def _set_heartbeat(
        self, session: Session, request: dict[str, Any], params: dict[str, Any]
    ) -> None:
        interval = params.get("interval")
        if not isinstance(interval, int) or interval < _LEAST_HEARTBEAT_S:
            reason = {"reason": f"must be at least {_LEAST_HEARTBEAT_S}", "param": "interval"}
            self._refuse(session, request, INVALID_PARAMS, "Invalid params", reason)
            return
        session.state["heartbeat"] = interval
        self._accept(session, request, "ok")

    def _change(
        self,
        session: Session,
        request: dict[str, Any],
        params: dict[str, Any],
        *,
        subscribe: bool,
    ) -> None:
        channels = params.get("channels")
        if not isinstance(channels, list):
            reason = {"reason": "must be an array", "param": "channels"}
            self._refuse(session, request, INVALID_PARAMS, "Invalid params", reason)
            return
        # Deribit leaves out of its answer what it does not know.
        found = [(c, self._listing(c)) for c in channels if isinstance(c, str)]
        known = {c: listing for c, listing in found if listing is not None}
        self._accept(session, request, list(known))
        for channel, listing in known.items():
            if subscribe:
                self._subscribe(session, channel, listing)
            else:
                self.hub.unsubscribe(session, channel)

    def _listing(self, channel: str) -> Listing | None:
        parts = channel.split(".")
        if parts[0] not in _CHANNELS or parts[-1] not in _INTERVALS or len(parts) < 3:
            return None
        if len(parts) == _GROUPED_PARTS and not parts[3].isdigit():
            return None
        return self.hub.listing(MARKET, parts[1])

    def _subscribe(self, session: Session, channel: str, listing: Listing) -> None:
        parts = channel.split(".")
        render = _renamed(channel)
        if parts[0] == "book" and len(parts) == _GROUPED_PARTS:
            render = _pictures(channel, int(parts[3]))
        subscription = self.hub.subscribe(
            session, channel, listing, _CHANNELS[parts[0]], render
        )
        if parts[0] == "book" and listing.book.is_ready and not subscription.is_silent:
            is_whole = len(parts) == _GROUPED_PARTS
            picture = listing.book.snapshot(int(parts[3]) if is_whole else None)
            payload = _snapshot(channel, listing, picture, grouped=is_whole)
            session.push(payload, MARKET, DEPTH)

    def _accept(self, session: Session, request: dict[str, Any], result: Any) -> None:
        session.reply(compact({**_head(request), "result": result, **self._tail()}))

    def _refuse(
        self,
        session: Session,
        request: dict[str, Any],
        code: int,
        text: str,
        data: dict[str, Any] | None = None,
    ) -> None:
        error: dict[str, Any] = {"code": code, "message": text}
        if data is not None:
            error["data"] = data
        session.reply(compact({**_head(request), "error": error, **self._tail()}))

    def _tail(self) -> dict[str, Any]:
        now = self.hub.now_ns // _US
        return {"usIn": now, "usOut": now, "usDiff": 0, "testnet": False}


def _head(request: dict[str, Any]) -> dict[str, Any]:
    own_id = {"id": request["id"]} if "id" in request else {}
    return {"jsonrpc": "2.0", **own_id}


def _renamed(channel: str) -> Callable[[Message], bytes | None]:
    own = f'"channel":"{channel}"'.encode()

    def render(message: Message) -> bytes | None:
        record, listing = message.record, message.listing
        if record.role is Role.DELTA and not listing.book.is_ready:
            return None
        payload = message.payload
        if own in payload:
            return payload
        recorded = listing.named(f'"channel":"{record.stream}"'.encode())
        return payload.replace(recorded, own, 1)

    return render


def _pictures(channel: str, depth: int) -> Callable[[Message], bytes | None]:
    """Return what renders a grouped channel, whose every message is complete."""

    def render(message: Message) -> bytes | None:
        book = message.listing.book
        if not book.is_ready:
            return None
        return _snapshot(channel, message.listing, book.snapshot(depth), grouped=True)

    return render


def _snapshot(channel: str, listing: Listing, picture: Picture, *, grouped: bool) -> bytes:
    word = "" if grouped else '"new",'
    kind = "" if grouped else '"type":"snapshot",'
    bids, asks = (
        # The recorded text is a JSON number already.
        ",".join(f"[{word}{px},{sz}]" for px, sz in side)
        for side in (picture.bids, picture.asks)
    )
    return (
        '{"jsonrpc":"2.0","method":"subscription","params":{'
        f'"channel":"{channel}","data":{{{kind}"timestamp":{picture.ts_event_ns // _MS},'
        f'"instrument_name":"{listing.symbol}","change_id":{picture.last_id},'
        f'"bids":[{bids}],"asks":[{asks}]}}}}}}'
    ).encode()
