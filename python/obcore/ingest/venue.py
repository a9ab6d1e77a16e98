"""What a venue has to say of itself so that the one engine can follow its books."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from obcore.ingest.secret import Secret


class Stream(NamedTuple):
    """One channel of one symbol, both in the venue's own words."""

    symbol: str
    channel: str


class Say(Enum):
    """What a venue says of a connection, besides market data."""

    NOTHING = "nothing"  # that anybody has to know
    ACCEPTED = "accepted"  # a subscription or a login
    REFUSED = "refused"
    ANSWER = "answer"  # it asks for an answer: send `text`
    LEAVING = "leaving"  # it will close the connection: open another one first


class Control(NamedTuple):
    """A message of the venue on the connection itself."""

    say: Say
    text: str = ""  # why it refused; what to send as answer
    request: str = ""  # the id of the request it is about


class Request(NamedTuple):
    """How a book's snapshot is asked for."""

    path: str
    query: Mapping[str, str]
    weight: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What a venue grants one connection, and one address.

    Parameters
    ----------
    streams : int
        On one connection.
    streams_a_message : int
        Named in one subscription.
    sends_a_second : float
        Messages that may be sent to it.
    lifetime_s : float
        After which it closes a connection; a new one is opened before.
    idle_s : float
        After which a connection without any frame is given up.
    weight_a_minute : int
        Of requests, for the whole address.
    """

    streams: int = 100
    streams_a_message: int = 50
    sends_a_second: float = 5.0
    lifetime_s: float = float("inf")
    idle_s: float = 60.0
    weight_a_minute: int = 1_200


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """A venue: addresses, words and limits. Everything else is the engine's.

    Parameters
    ----------
    name : str
        As in ``name:SYMBOL``.
    place : str
        Below which name a local venue has it; its own where empty.
    wire : str
        Which decoder of the core reads its frames.
    websocket, rest : str
        Base addresses; ``rest`` is empty where nothing is asked for. A ``websocket`` that begins
        with ``http`` is a long answer instead, a frame a line.
    depth, trades : str
        Its channels behind the names ``depth`` and ``trades``.
    path : callable
        What stands behind the base address of the connection that carries a stream. Streams of
        different paths never share a connection.
    query : callable
        The query of a connection with these streams; none for most.
    subscribe, unsubscribe : callable
        The messages that begin and end streams, each with a request id.
    has_depth : callable
        Whether a channel brings the book.
    read_control : callable
        What a message on the connection itself means.
    symbol_on_wire : callable
        How frames spell a symbol.
    snapshot : callable or None
        How a snapshot is asked for, where the stream does not begin with one.
    login : callable or None
        The message that has to be accepted before any other.
    keepalive : (str, float) or None
        What to send, and every how many seconds.
    key : Secret or None
        For `login` and `headers`.
    headers : callable
        Of the connection's request.
    depth_levels : int
        Levels that its books were subscribed with, where frames do not tell it.
    relay : mapping
        Names of keys, of the generic relay.
    from_ticker : callable
        Whether a channel is the best bid and offer alone.
    is_finite : bool
        Whether the source ends by itself, and the feed with it.
    ends_at : str
        Where a finite source should end, ISO 8601 UTC: one that ends earlier says nothing.
    """

    name: str
    wire: str
    websocket: str
    rest: str = ""
    depth: str
    trades: str
    path: Callable[[Stream], str]
    subscribe: Callable[[Sequence[Stream], int], list[str]]
    unsubscribe: Callable[[Sequence[Stream], int], list[str]]
    has_depth: Callable[[str], bool]
    read_control: Callable[[Any], Control]
    query: Callable[[Sequence[Stream]], Mapping[str, str]] = lambda _: {}
    symbol_on_wire: Callable[[str], str] = lambda symbol: symbol
    snapshot: Callable[[str], Request] | None = None
    login: Callable[[Secret], str] | None = None
    keepalive: tuple[str, float] | None = None
    key: Secret | None = None
    headers: Callable[[Secret], Mapping[str, str]] = lambda _: {}
    depth_levels: int = 0
    relay: Mapping[str, str] = field(default_factory=dict)
    from_ticker: Callable[[str], bool] = lambda _: False
    is_finite: bool = False
    ends_at: str = ""
    place: str = ""
    limits: Limits = field(default_factory=Limits)

    def channel(self, name: str) -> str:
        """Return the venue's word for ``depth`` or ``trades``; others are its own already."""
        return {"depth": self.depth, "trades": self.trades}.get(name, name)
