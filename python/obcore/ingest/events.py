"""What a live feed tells, in the order in which it happened.

Named tuples rather than dataclasses: a busy feed makes tens of thousands a second, and these
cost a fifth. ``missed`` says how many events the listener's queue dropped just before this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from obcore.book import BookState, Side


class Update(NamedTuple):
    """A book shows a new state, which can be trusted.

    Prices and sizes of the touch are the nearest floats, NaN while a side is empty; the book
    itself, `Feed.book`, is exact. ``features`` are those of this very state, where the feed has
    any.
    """

    symbol: str
    ts_recv_ns: int
    ts_event_ns: int | None
    sequence: int | None
    state: BookState
    bid_px: float
    bid_sz: float
    ask_px: float
    ask_sz: float
    features: NDArray[np.float64] | None
    missed: int


class Trade(NamedTuple):
    """A match in the order book; ``taker`` is the aggressor, BID where the buyer was."""

    symbol: str
    ts_recv_ns: int
    ts_event_ns: int | None
    price: float
    size: float
    taker: Side
    trade_id: int | None
    missed: int


class Gap(NamedTuple):
    """Messages are missing: from now on the book is not to be trusted, until it is resynced.

    ``expected`` and ``received`` are the venue's ids, None where a checksum told the gap.
    """

    symbol: str
    ts_recv_ns: int
    expected: int | None
    received: int | None
    reason: str
    missed: int


class Resynced(NamedTuple):
    """A book is in sync, for the first time or again."""

    symbol: str
    ts_recv_ns: int
    sequence: int | None
    state: BookState
    reason: str
    missed: int


class Stale(NamedTuple):
    """A book may be old or wrong though nothing is known to be missing: the reason says why."""

    symbol: str
    ts_recv_ns: int
    reason: str
    missed: int


class Disconnected(NamedTuple):
    """The last connection that brought the book has gone; it is being replaced."""

    symbol: str
    ts_recv_ns: int
    reason: str
    missed: int


class InstrumentChanged(NamedTuple):
    """The venue told a finer price or size than before: the book moved onto a finer grid."""

    symbol: str
    ts_recv_ns: int
    tick_size: str
    lot_size: str
    missed: int


class TradesLost(NamedTuple):
    """Trades may be missing, or their stream is silent; the book is not concerned.

    Nothing tells that they are complete again but the next `Trade`.
    """

    symbol: str
    ts_recv_ns: int
    reason: str
    missed: int


Event = Update | Trade | Gap | Resynced | Stale | Disconnected | InstrumentChanged | TradesLost

# In the order of the core's kinds.
EVENT_TYPES: tuple[type[Event], ...] = (
    Update,
    Trade,
    Gap,
    Resynced,
    Stale,
    Disconnected,
    InstrumentChanged,
    TradesLost,
)
