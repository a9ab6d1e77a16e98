"""Any venue's messages in the normalised words of tardis-machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from obcore.venue.record import Role
from obcore.venue.wire import iso_time, js_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from obcore.venue.hub import Listing, Message
    from obcore.venue.top import Follower

BOOK_CHANGE, TRADE, BOOK = "book_change", "trade", "book"
DATA_TYPES = (BOOK_CHANGE, TRADE, BOOK)

EXCHANGES = {
    "binance": ("binance",),
    "binance-futures": ("binance-futures",),
    "binance-delivery": ("binance-coin",),
    "binance-coin": ("binance-coin",),
    "bybit": ("bybit-linear", "bybit-inverse"),
    "bybit-spot": ("bybit-spot",),
    "bybit-linear": ("bybit-linear",),
    "bybit-inverse": ("bybit-inverse",),
    "okex": ("okx",),
    "okex-swap": ("okx",),
    "okex-futures": ("okx",),
    "okx": ("okx",),
    "kraken": ("kraken",),
    "deribit": ("deribit",),
    "bitstamp": ("bitstamp",),
}


@dataclass(slots=True)
class Normaliser:
    """Renders one listing's messages.

    Parameters
    ----------
    exchange : str
        The name that the client asked with.
    listing : Listing
        Whose messages.
    types : frozenset of str
        Which of `DATA_TYPES` it wants.
    follower : Follower
        What it was shown of the book.
    """

    exchange: str
    listing: Listing
    types: frozenset[str]
    follower: Follower

    def messages(self, message: Message) -> Iterator[bytes]:
        """Yield what a message becomes, nothing where the client does not want it."""
        ts_recv_ns = message.record.ts_recv_ns
        if TRADE in self.types:
            for trade in message.trades:
                yield self._line(
                    TRADE,
                    f'"id":{json.dumps(trade.trade_id)},' if trade.trade_id else "",
                    f'"price":{js_number(trade.px)},"amount":{js_number(trade.sz)},'
                    f'"side":"{trade.side}"',
                    trade.ts_event_ns,
                    ts_recv_ns,
                )
        if message.record.role is not Role.OTHER and self.types & {BOOK_CHANGE, BOOK}:
            yield from self._book(message, ts_recv_ns)

    def whole(self, ts_recv_ns: int) -> Iterator[bytes]:
        """Yield the whole book as the client's first of it."""
        self.follower.show(self.listing.book)
        picture = self.listing.book.snapshot()
        if BOOK_CHANGE in self.types:
            yield self._change(
                picture.bids, picture.asks, picture.ts_event_ns, ts_recv_ns, whole=True
            )
        if BOOK in self.types:
            yield self._picture(ts_recv_ns)

    def _book(self, message: Message, ts_recv_ns: int) -> Iterator[bytes]:
        book = self.listing.book
        if not self.follower.is_shown:
            # Updates that were buffered until the snapshot are folded into the first message.
            if book.is_ready and self.listing.has_passed_snapshot:
                yield from self.whole(ts_recv_ns)
            return
        role = self.follower.needs(message)
        if role is Role.SNAPSHOT:
            yield from self.whole(ts_recv_ns)
        elif role is Role.DELTA:
            if BOOK_CHANGE in self.types:
                depth = message.depth
                yield self._change(
                    depth.bids, depth.asks, depth.ts_event_ns, ts_recv_ns, whole=False
                )
            if BOOK in self.types:
                yield self._picture(ts_recv_ns)

    def _change(
        self,
        bids: Iterable[Sequence[str]],
        asks: Iterable[Sequence[str]],
        ts_event_ns: int,
        ts_recv_ns: int,
        *,
        whole: bool,
    ) -> bytes:
        body = (
            f'"isSnapshot":{"true" if whole else "false"},'
            f'"bids":[{_levels(bids)}],"asks":[{_levels(asks)}]'
        )
        return self._line(BOOK_CHANGE, "", body, ts_event_ns, ts_recv_ns)

    def _picture(self, ts_recv_ns: int) -> bytes:
        picture = self.listing.book.snapshot()
        body = json.dumps({"bids": picture.bids, "asks": picture.asks}, separators=(",", ":"))
        return self._line(BOOK, "", body[1:-1], picture.ts_event_ns, ts_recv_ns)

    def _line(
        self, kind: str, first: str, body: str, ts_event_ns: int, ts_recv_ns: int
    ) -> bytes:
        return (
            f'{{"type":"{kind}","symbol":{json.dumps(self.listing.symbol)},'
            f'"exchange":"{self.exchange}",{first}{body},'
            f'"timestamp":"{iso_time(ts_event_ns, "ms")}",'
            f'"localTimestamp":"{iso_time(ts_recv_ns)}"}}'
        ).encode()


def disconnect(exchange: str, symbols: list[str], ts_recv_ns: int) -> bytes:
    """Return the message that says that data may be missing from here on."""
    return (
        f'{{"type":"disconnect","exchange":"{exchange}",'
        f'"localTimestamp":"{iso_time(ts_recv_ns)}","symbols":{json.dumps(symbols)}}}'
    ).encode()


def _levels(levels: Iterable[Sequence[str]]) -> str:
    return ",".join(
        f'{{"price":{js_number(level[0])},"amount":{js_number(level[1])}}}' for level in levels
    )
