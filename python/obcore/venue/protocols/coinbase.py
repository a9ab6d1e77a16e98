"""Coinbase Advanced Trade, rendered from any venue's recording."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from obcore.venue.protocols.base import Endpoint
from obcore.venue.record import DEPTH, TRADE, Role
from obcore.venue.top import Follower
from obcore.venue.wire import compact, iso_time, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aiohttp import web

    from obcore.venue.hub import Hub, Listing, Message
    from obcore.venue.protocols.base import Handler, Settings
    from obcore.venue.session import Session

_QUOTES = ("USDT", "USDC", "USD", "EUR", "GBP", "BTC", "ETH")
_PAIR = re.compile(rf"([A-Z0-9]+?)({'|'.join(_QUOTES)})(_.*)?")
_CHANNELS = ("level2", "market_trades", "heartbeats")
_SIDES = {"bid": 0, "offer": 1}


def product_of(symbol: str) -> str:
    """Return a venue's symbol as Coinbase would write the product.

    Examples
    --------
    >>> product_of("BTCUSDT"), product_of("KSM/BTC"), product_of("ethusd"), product_of("XY")
    ('BTC-USDT', 'KSM-BTC', 'ETH-USD', 'XY')
    """
    text = symbol.upper().replace("/", "-")
    match = _PAIR.fullmatch(text)
    if match is None:
        return text
    return f"{match[1]}-{match[2]}{match[3] or ''}"


class Coinbase(Endpoint):
    """Coinbase's channels level2, market_trades and heartbeats.

    Products are the symbols of all recordings; where two markets have the same, the plain name
    is that of the first, and ``market:SYMBOL`` names either.
    """

    prefix = market = "coinbase"

    def __init__(self, hub: Hub, settings: Settings) -> None:
        super().__init__(hub, settings)
        self._products: dict[str, Listing] = {}
        for listing in hub.listings.values():
            copy = listing.symbol.removeprefix(listing.track.symbol)
            product = product_of(listing.track.symbol) + copy
            self._products.setdefault(product, listing)
            self._products[listing.name] = listing

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return the root, which is where Coinbase listens."""
        return [("GET", "", self.serve_socket), ("GET", "/", self.serve_socket)]

    def on_open(self, session: Session, request: web.Request) -> None:
        """Begin to count."""
        del request
        session.state["sequence"] = 0
        session.state["beats"] = 0

    def on_tick(self, session: Session, second: int) -> None:
        """Beat once a second for whoever asked."""
        del second
        if "heartbeats" in session.subscriptions:
            session.state["beats"] += 1
            now = iso_time(self.hub.now_ns, "ns")
            beat = {"current_time": now, "heartbeat_counter": session.state["beats"]}
            session.reply(self._message(session, "heartbeats", [beat]))

    def on_text(self, session: Session, text: str) -> None:
        """Answer a request."""
        request = parsed(text) or {}
        kind, channel = request.get("type"), request.get("channel")
        products = request.get("product_ids", [])
        products = products if isinstance(products, list) else []
        if kind not in ("subscribe", "unsubscribe") or channel not in _CHANNELS:
            self._refuse(session, "unsupported type or channel")
            return
        if channel == "heartbeats":
            self._heartbeats(session, kind)
            return
        unknown = [p for p in products if not isinstance(p, str) or p not in self._products]
        if unknown or not products:
            self._refuse(session, f"{unknown or 'no product'} is not a valid product")
            return
        for product in products:
            if kind == "subscribe":
                self._subscribe(session, channel, product)
            else:
                self.hub.unsubscribe(session, f"{channel}:{product}")
        self._acknowledge(session)

    def _heartbeats(self, session: Session, kind: str) -> None:
        if kind == "subscribe":
            self.hub.subscribe(session, "heartbeats", None, "heartbeats", lambda _: None)
        else:
            self.hub.unsubscribe(session, "heartbeats")
        self._acknowledge(session)

    def _subscribe(self, session: Session, channel: str, product: str) -> None:
        listing = self._products[product]
        name = f"{channel}:{product}"
        if channel == "market_trades":
            render = self._trades(session, product)
            self.hub.subscribe(session, name, listing, TRADE, render)
            return
        follower = Follower()
        render = self._level2(session, product, follower)
        subscription = self.hub.subscribe(session, name, listing, DEPTH, render)
        if listing.book.is_ready and not subscription.is_silent:
            follower.show(listing.book)
            session.push(self._snapshot(session, product, listing), listing.market, DEPTH)

    def _level2(
        self, session: Session, product: str, follower: Follower
    ) -> Callable[[Message], bytes | None]:
        def render(message: Message) -> bytes | None:
            role = follower.needs(message)
            if role is Role.OTHER:
                return None
            if role is Role.SNAPSHOT:
                return self._snapshot(session, product, message.listing)
            depth = message.depth
            time = iso_time(depth.ts_event_ns)
            event = _event("update", product, (depth.bids, depth.asks), time)
            return self._message(session, "l2_data", [event])

        return render

    def _trades(self, session: Session, product: str) -> Callable[[Message], bytes | None]:
        def render(message: Message) -> bytes | None:
            trades = [
                {
                    "trade_id": t.trade_id,
                    "product_id": product,
                    "price": t.px,
                    "size": t.sz,
                    # Coinbase tells the maker's side.
                    "side": "SELL" if t.side == "buy" else "BUY",
                    "time": iso_time(t.ts_event_ns),
                }
                for t in message.trades
            ]
            if not trades:
                return None
            event = {"type": "update", "trades": trades}
            return self._message(session, "market_trades", [event])

        return render

    def _snapshot(self, session: Session, product: str, listing: Listing) -> bytes:
        picture = listing.book.snapshot()
        time = iso_time(picture.ts_event_ns)
        event = _event("snapshot", product, (picture.bids, picture.asks), time)
        return self._message(session, "l2_data", [event])

    def _acknowledge(self, session: Session) -> None:
        subscriptions: dict[str, list[str]] = {}
        for name in session.subscriptions:
            channel, _, product = name.partition(":")
            subscriptions.setdefault(channel, []).append(product or "heartbeats")
        event = {"subscriptions": subscriptions}
        session.reply(self._message(session, "subscriptions", [event]))

    def _message(self, session: Session, channel: str, events: list[Any]) -> bytes:
        number = session.state["sequence"]
        session.state["sequence"] = number + 1
        return compact(
            {
                "channel": channel,
                "client_id": "",
                "timestamp": iso_time(self.hub.now_ns, "ns"),
                "sequence_num": number,
                "events": events,
            }
        )

    @staticmethod
    def _refuse(session: Session, reason: str) -> None:
        session.reply(compact({"type": "error", "message": reason}))


def _event(
    kind: str, product: str, sides: tuple[Iterable[Any], Iterable[Any]], time: str
) -> dict[str, Any]:
    updates = [
        {"side": side, "event_time": time, "price_level": px, "new_quantity": sz}
        for side, index in _SIDES.items()
        for px, sz, *_ in sides[index]
    ]
    return {"type": kind, "product_id": product, "updates": updates}
