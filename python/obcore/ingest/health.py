"""How a live book is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obcore.book import BookState


@dataclass(frozen=True, slots=True)
class Health:
    """A live book's state, since when and why, and what was counted.

    Parameters
    ----------
    symbol : str
        ``venue:SYMBOL``.
    state, reason : BookState, str
        Whether it can be trusted, and why or why not.
    since_ns : int or None
        When it came into that state.
    lag_ns : int or None
        How much later than the fastest message the last one came; the clocks' offset cancels.
    clock_offset_ns : int or None
        Receive minus venue time of the fastest message; negative where our clock is behind.
    last_message_ns, last_trade_ns : int or None
        When the last one arrived.
    horizon_bid, horizon_ask : float or None
        Behind these prices levels may be missing; None where that side came whole.
    messages, trades, states : int
        Messages of depth, trades, and states that could be trusted.
    malformed, gaps, joins, outages : int
        Frames that could not be read; holes; snapshots joined; times that trust was lost.
    trades_lost : int
        Times that trades may have been missed, each told by `TradesLost`.
    skipped, crossed, stale_snapshots, buffer_overflows : int
        Older messages; messages that left it crossed; snapshots too old; dropped buffers.
    checksums, refreshes, corrections : int
        The venue's checksums that were right; newer snapshots that took over in sync; those of
        them that found the best ten levels wrong, which should never happen.
    memory_bytes : int
        That the book holds.
    refusal : str
        What the venue said when it refused the book; empty where it did not.
    """

    symbol: str
    state: BookState
    reason: str
    since_ns: int | None
    lag_ns: int | None
    clock_offset_ns: int | None
    last_message_ns: int | None
    last_trade_ns: int | None
    horizon_bid: float | None
    horizon_ask: float | None
    messages: int
    trades: int
    states: int
    malformed: int
    trades_lost: int
    outages: int
    gaps: int
    joins: int
    skipped: int
    crossed: int
    stale_snapshots: int
    buffer_overflows: int
    checksums: int
    refreshes: int
    corrections: int
    memory_bytes: int
    refusal: str = ""

    @property
    def is_trusted(self) -> bool:
        """Whether decisions may be taken on the book."""
        return self.state.name in ("SYNCED", "UNVERIFIED")
