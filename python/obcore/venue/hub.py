"""The middle of a venue: what is listed, who listens, and where the tape stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from obcore.venue.book import VenueBook
from obcore.venue.faults import SUBSCRIPTION_FAULTS
from obcore.venue.native import depth_of, trades_of
from obcore.venue.record import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from obcore.venue.book import Track
    from obcore.venue.faults import Faults
    from obcore.venue.record import Depth, Record, Trade
    from obcore.venue.session import Session
    from obcore.venue.tape import Tape


@dataclass(slots=True)
class Listing:
    """A symbol that is served: a track, under its own name or a made-up one.

    Parameters
    ----------
    market, symbol : str
        What clients call it.
    track : Track
        Its recorded book.
    """

    market: str
    symbol: str
    track: Track
    position: int = 0
    listeners: dict[str, list[Subscription]] = field(default_factory=dict)
    _book: VenueBook | None = None

    @property
    def name(self) -> str:
        """Market and symbol, e.g. ``"binance-futures:ETHUSDT"``."""
        return f"{self.market}:{self.symbol}"

    @property
    def has_own_name(self) -> bool:
        """Whether it is served under the name that was recorded."""
        return self.symbol == self.track.symbol

    @property
    def has_passed_snapshot(self) -> bool:
        """Whether the tape is past the REST snapshot; True where there is none."""
        return self.position >= self.track.rest_position

    @property
    def book(self) -> VenueBook:
        """The venue's book where the tape stands."""
        if self._book is None:
            self._book = VenueBook(self.track)
        return self._book.advance(self.position)

    def book_before(self, messages: int) -> VenueBook:
        """Return the book as it was some of its messages ago."""
        return VenueBook(self.track).advance(max(0, self.position - messages))

    def named(self, payload: bytes) -> bytes:
        """Return a recorded message with the symbol that is served."""
        if self.has_own_name:
            return payload
        old, new = self.track.symbol, self.symbol
        payload = payload.replace(old.encode(), new.encode())
        if old.lower() != old:
            payload = payload.replace(old.lower().encode(), new.lower().encode())
        return payload


@dataclass(slots=True)
class Message:
    """A record on its way to those who listen to a listing."""

    record: Record
    listing: Listing
    _depth: Depth | None = None

    @property
    def payload(self) -> bytes:
        """The message in the venue's own words, with the symbol that is served."""
        return self.listing.named(self.record.payload)

    @property
    def depth(self) -> Depth:
        """The message in neutral words, where its record is one of depth."""
        if self._depth is None:
            self._depth = depth_of(self.record)
        return self._depth

    @property
    def trades(self) -> list[Trade]:
        """The trades in it."""
        return trades_of(self.record)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One listener: how a message reads to it."""

    session: Session
    render: Callable[[Message], bytes | None]
    listing: Listing | None
    channel: str
    is_silent: bool


class Hub:
    """What every protocol shares.

    Parameters
    ----------
    tape : Tape
        What is played.
    faults : Faults
        What may go wrong.
    copies : int
        How many times each symbol is served; above 1 under made-up names.
    """

    def __init__(self, tape: Tape, faults: Faults, *, copies: int = 1) -> None:
        self.tape = tape
        self.faults = faults
        self.copies = copies
        self.listings: dict[tuple[str, str], Listing] = {}
        self.sessions: set[Session] = set()
        self.position = 0
        self.now_ns = tape.records[0].ts_recv_ns if tape.records else 0
        self.on_subscription: Callable[[], None] = lambda: None
        self.subscriptions = 0
        self.sent_before = 0
        self._copies: dict[tuple[str, str], list[Listing]] = {}
        for (market, symbol), track in tape.tracks.items():
            named = [
                Listing(market, f"{symbol}{copy + 1:04}" if copies > 1 else symbol, track)
                for copy in range(copies)
            ]
            self._copies[market, symbol] = named
            self.listings.update({(market, listing.symbol): listing for listing in named})

    @property
    def sent(self) -> int:
        """Data messages sent to all clients so far."""
        return self.sent_before + sum(session.sent for session in self.sessions)

    @property
    def markets(self) -> dict[str, list[str]]:
        """The symbols served of each market."""
        found: dict[str, list[str]] = {}
        for market, symbol in self.listings:
            found.setdefault(market, []).append(symbol)
        return found

    def listing(self, market: str, symbol: object) -> Listing | None:
        """Return what a client asks for, None where nothing has that name."""
        return self.listings.get((market, symbol)) if isinstance(symbol, str) else None

    def of_market(self, market: str) -> Iterator[Listing]:
        """Yield what a market lists."""
        return (entry for (name, _), entry in self.listings.items() if name == market)

    def publish(self, record: Record, copy: int = 0) -> None:
        """Play a record: move its book on, and tell those who listen."""
        listing = self._copies[record.market, record.symbol][copy]
        self.now_ns = record.ts_recv_ns
        self.position += 1
        if record.role is not Role.OTHER:
            listing.position += 1
            if record.role is Role.REST:
                return
        listeners = listing.listeners.get(record.channel)
        if not listeners:
            return
        message = Message(record, listing)
        for listener in tuple(listeners):
            payload = listener.render(message)
            if payload is not None:
                listener.session.push(payload, record.market, record.channel)

    def flush(self) -> None:
        """Write what has gathered for every client."""
        for session in self.sessions:
            session.flush()

    def subscribe(
        self,
        session: Session,
        name: str,
        listing: Listing | None,
        channel: str,
        render: Callable[[Message], bytes | None],
        *,
        silent: bool = False,
    ) -> Subscription:
        """Note a subscription under the client's name for it.

        Parameters
        ----------
        session : Session
            Who listens.
        name : str
            What the client calls it; a second one of that name replaces the first.
        listing : Listing or None
            What to; None listens to nothing, as a venue that knows no better.
        channel : str
            Which of its records.
        render : callable
            Turns a message into what this client gets; None for nothing.
        silent : bool
            Acknowledged, and then nothing: on purpose, or by a fault.
        """
        self.unsubscribe(session, name)
        market = listing.market if listing is not None else session.market
        for strike in self.faults.strikes(SUBSCRIPTION_FAULTS, market, channel):
            silent = True
            self.faults.done(self.now_ns, strike.kind, market, session.name, name)
        subscription = Subscription(session, render, listing, channel, silent)
        session.subscriptions[name] = subscription
        if listing is not None and not silent:
            listing.listeners.setdefault(channel, []).append(subscription)
        self.subscriptions += 1
        self.on_subscription()
        return subscription

    def unsubscribe(self, session: Session, name: str) -> bool:
        """Forget a subscription; returns whether there was one."""
        subscription = session.subscriptions.pop(name, None)
        if subscription is None:
            return False
        listing = subscription.listing
        if listing is not None and not subscription.is_silent:
            listing.listeners[subscription.channel].remove(subscription)
        return True

    def forget(self, session: Session) -> None:
        """Forget a client that has gone."""
        for name in list(session.subscriptions):
            self.unsubscribe(session, name)
        self.sessions.discard(session)
        self.sent_before += session.sent
