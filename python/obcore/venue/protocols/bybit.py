"""Bybit v5: a snapshot on subscribing, then deltas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from obcore.venue.protocols.base import Endpoint
from obcore.venue.record import DEPTH, TRADE, Role
from obcore.venue.top import TopView
from obcore.venue.wire import compact, parsed

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from obcore.venue.hub import Listing, Message
    from obcore.venue.protocols.base import Handler
    from obcore.venue.session import Session

_CHANNELS = {"orderbook": DEPTH, "publicTrade": TRADE}
_DEPTHS = (1, 50, 200, 500, 1000)
_MOST_SPOT_TOPICS = 10


class Bybit(Endpoint):
    """Bybit's public topics: order books, trades, and what else was recorded.

    A depth that was recorded is served as it was; a smaller one is cut from it, a larger one is
    the recorded one under the name asked for.
    """

    prefix = "bybit"

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return the path of each category."""
        return [("GET", "/v5/public/{category}", self.serve_socket)]

    def on_open(self, session: Session, request: web.Request) -> None:
        """Note the category."""
        category = request.match_info["category"]
        session.market = f"bybit-{category}"
        session.state["conn_id"] = session.name

    def on_text(self, session: Session, text: str) -> None:
        """Answer a request."""
        request = parsed(text) or {}
        match request.get("op"):
            case "ping":
                self._answer(session, request, "pong")
            case "subscribe":
                self._subscribe(session, request)
            case "unsubscribe":
                for topic in _topics(request):
                    self.hub.unsubscribe(session, topic)
                self._answer(session, request, "")
            case _:
                self._answer(session, request, "error:op not supported", success=False)

    def _subscribe(self, session: Session, request: dict[str, Any]) -> None:
        topics = _topics(request)
        problem = self._problem(session, topics)
        if problem is not None:
            self._answer(session, request, problem, success=False)
            return
        self._answer(session, request, "subscribe" if session.market == "bybit-spot" else "")
        for topic in topics:
            self._subscribe_topic(session, topic)

    def _problem(self, session: Session, topics: list[str]) -> str | None:
        if not topics:
            return "error:args is empty"
        if session.market == "bybit-spot" and len(topics) > _MOST_SPOT_TOPICS:
            return "args size >10"
        for topic in topics:
            word, depth, symbol = _split(topic)
            if word == "orderbook" and depth not in _DEPTHS:
                return f"error:handler not found,topic:{topic}"
            if (session.market, symbol) not in self.hub.listings:
                return f"Invalid symbol :[{topic}]"
            if topic in session.subscriptions:
                return f"error:already subscribed,topic:{topic}"
        return None

    def _subscribe_topic(self, session: Session, topic: str) -> None:
        word, depth, symbol = _split(topic)
        listing = self.hub.listings[session.market, symbol]
        channel = _CHANNELS.get(word, word)
        if depth is None:
            self.hub.subscribe(session, topic, listing, channel, lambda m: m.payload)
            return
        view = TopView(depth, tell_left=True)
        render = _pictures(topic, view) if depth == 1 else _deltas(topic, view)
        subscription = self.hub.subscribe(session, topic, listing, channel, render)
        if listing.book.is_ready and not subscription.is_silent:
            session.push(_snapshot(topic, view, listing), session.market, DEPTH)

    def _answer(
        self, session: Session, request: dict[str, Any], text: str, *, success: bool = True
    ) -> None:
        answer = {
            "success": success,
            "ret_msg": text,
            "conn_id": session.state["conn_id"],
            "req_id": request.get("req_id", ""),
            "op": request.get("op", ""),
        }
        session.reply(compact(answer))


def _topics(request: dict[str, Any]) -> list[str]:
    args = request.get("args", [])
    return [arg for arg in args if isinstance(arg, str)] if isinstance(args, list) else []


def _split(topic: str) -> tuple[str, int | None, str]:
    """Return word, depth and symbol of a topic."""
    word, *middle, symbol = topic.split(".") if "." in topic else (topic, "")
    depth = int(middle[0]) if middle and middle[0].isdigit() else None
    return word, depth, symbol


def _snapshot(topic: str, view: TopView, listing: Listing) -> bytes:
    """Return the venue's book in the words of the last message that changed it."""
    book = listing.book
    last = json.loads(book.last_record.payload) if book.last_record is not None else {}
    picture = view.show(book)
    return _message(topic, "snapshot", last, listing.symbol, (picture.bids, picture.asks))


def _deltas(topic: str, view: TopView) -> Callable[[Message], bytes | None]:
    def render(message: Message) -> bytes | None:
        record, listing = message.record, message.listing
        if not listing.book.is_ready:
            return None
        recorded = _split(record.stream)[1]
        if recorded is not None and recorded <= view.depth:
            return _renamed(message, topic)
        if record.role is Role.SNAPSHOT:
            return _snapshot(topic, view, listing)
        bids, asks = view.changes(listing.book)
        last = json.loads(record.payload)
        return _message(topic, "delta", last, listing.symbol, (bids, asks))

    return render


def _pictures(topic: str, view: TopView) -> Callable[[Message], bytes | None]:
    """Return what renders level 1, where each change of the touch is a snapshot."""

    def render(message: Message) -> bytes | None:
        bids, asks = view.changes(message.listing.book)
        return _snapshot(topic, view, message.listing) if bids or asks else None

    return render


def _renamed(message: Message, topic: str) -> bytes:
    payload = message.payload
    own = f'"topic":"{topic}"'.encode()
    if own in payload:
        return payload
    recorded = message.listing.named(f'"topic":"{message.record.stream}"'.encode())
    return payload.replace(recorded, own, 1)


def _message(
    topic: str, kind: str, last: dict[str, Any], symbol: str, sides: tuple[Any, Any]
) -> bytes:
    data = last.get("data", {})
    return compact(
        {
            "topic": topic,
            "type": kind,
            "ts": last.get("ts", 0),
            "data": {
                "s": symbol,
                "b": sides[0],
                "a": sides[1],
                "u": data.get("u", 0),
                "seq": data.get("seq", 0),
            },
            "cts": last.get("cts", 0),
        }
    )
