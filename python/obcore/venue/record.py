"""What a recording is taken apart into: messages in their own words, told apart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

DEPTH = "depth"
TRADE = "trade"

# Price and size as the venue wrote them; some venues add more fields behind.
Levels = list[list[str]]


class Role(Enum):
    """What a message means for the book of its symbol."""

    REST = "a snapshot that was asked for"
    SNAPSHOT = "a snapshot within the stream"
    DELTA = "sets levels to absolute sizes"
    OTHER = "nothing"


@dataclass(frozen=True, slots=True)
class Record:
    """One recorded message.

    Parameters
    ----------
    ts_recv_ns : int
        When the recorder received it.
    market : str
        Whose it is, e.g. ``"binance-futures"``.
    symbol : str
        The symbol as the venue writes it in messages.
    channel : str
        What it is about, without the venue's spelling of speed or depth: ``"depth"``,
        ``"trade"``, or the venue's own word.
    stream : str
        The venue's own name of its stream, empty where it has none.
    payload : bytes
        The message, byte for byte.
    role : Role
        What it means for the book.
    """

    ts_recv_ns: int
    market: str
    symbol: str
    channel: str
    stream: str
    payload: bytes
    role: Role


@dataclass(frozen=True, slots=True)
class Depth:
    """A depth message in neutral words; prices and sizes stay text.

    Parameters
    ----------
    bids, asks : list of list of str
        Levels, price and absolute size first.
    last_id : int
        The venue's update id that the book has after it; 0 where the venue has none.
    first_id, previous_id : int or None
        The first id folded into it, and the id of the message before it, where told.
    ts_event_ns : int
        The venue's time.
    """

    bids: Levels
    asks: Levels
    last_id: int
    first_id: int | None = None
    previous_id: int | None = None
    ts_event_ns: int = 0


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade in neutral words; `side` is its taker's, ``"buy"`` or ``"sell"``."""

    px: str
    sz: str
    side: str
    trade_id: str
    ts_event_ns: int
