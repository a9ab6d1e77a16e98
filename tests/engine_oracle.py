"""What is asked of an engine, and the rows that the oracle then expects of it.

The oracle, ``stateful_reference.py``, has fractions over the whole history, and shares nothing
with the C++.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from obcore import Book, Side
from stateful_reference import STATEFUL, rows
from stateful_stream import Picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from engine_streams import Floats
    from obcore import Instrument
    from stateful_stream import Break, Event, Trade

NESTED = (
    "z_score(ofi_2(window=5), window=1s)",
    "mean(mid_price, window=1s)",
    "std(mid_price, window=50)",
    "ofi(window=500ms)",
    "integrated_ofi(window=1s)",
    "realised_volatility(window=1s)",
    "return(horizon=1s)",
    "bid_arrival_rate(window=1s)",
    "trend(oi, fast=500ms, slow=20)",
)
EVERYTHING = ", ".join(["all, stateful", *NESTED])
TRADE_FEATURES = STATEFUL[STATEFUL.index("interval_buy") : STATEFUL.index("mean(obi_1)")]
UNTIMED = (
    "ofi",
    "ofi_2(window=3)",
    "integrated_ofi(window=2)",
    *TRADE_FEATURES,
    "mean(obi_1, window=3)",
    "std(obi_1, window=3)",
    "z_score(obi_1, window=3)",
    "trend(obi_1, fast=2, slow=4)",
    "realised_volatility(window=3)",
    "return",
    "return(horizon=3)",
    "bid_arrival_rate(window=3)",
    "bid_depletion_rate(window=1)",
    "ask_arrival_rate(window=4)",
    "ask_depletion_rate(window=2)",
    "std(mid_price, window=4)",
    "mean(vi, window=2)",
    "z_score(ofi_2(window=2), window=3)",
)
TIMED = (
    "ofi(window=20ms)",
    "integrated_ofi(window=5ms)",
    "mean(mid_price, window=10ms)",
    "std(mid_price, window=1s)",
    "z_score(obi_1, window=50ms)",
    "trend(oi, fast=20ms, slow=3)",
    "realised_volatility(window=1s)",
    "return(horizon=10ms)",
    "bid_arrival_rate(window=1s)",
    "bid_depletion_rate(window=20ms)",
    "ask_arrival_rate(window=3ms)",
    "ask_depletion_rate(window=1ns)",
)
RUNNING = ("mean", "std", "z_score", "trend", "realised_volatility")
LEVELS = 25  # of a side: more than any feature reads


def as_picture(book: Book) -> Picture:
    bids, asks = (book.top(side, LEVELS).tolist() for side in (Side.BID, Side.ASK))
    return Picture(bids, asks, book.ts_event_ns, book.ts_recv_ns)


def as_pictures(stream: Iterable[Book | Trade | Break]) -> Iterator[Event]:
    for event in stream:
        yield as_picture(event) if isinstance(event, Book) else event


def fractions_of(instrument: Instrument) -> dict[str, Any]:
    """What the oracle wants to know of an instrument."""
    return {"tick": Fraction(instrument.grid.tick), "lot": Fraction(instrument.grid.lot)}


def exact_rows(
    stream: Iterable[Event], names: Sequence[str], instrument: Instrument, **options: Any
) -> Floats:
    found = rows(stream, names, **options, **fractions_of(instrument))
    return np.array([list(row.values()) for row in found]).reshape(-1, len(names))


def wrong(
    names: Sequence[str], found: Floats, exact: Floats
) -> dict[str, tuple[int, float, float]]:
    """Where a feature first misses: the row, what was found there and what should have been."""
    assert found.shape == exact.shape
    within = np.array([1e-9 if name.startswith(RUNNING) else 1e-12 for name in names])
    missed = ~((np.abs(found - exact) <= within * np.abs(exact)) | (found == exact))
    missed &= ~(np.isnan(found) & np.isnan(exact))
    first = {j: int(missed[:, j].argmax()) for j in np.flatnonzero(missed.any(axis=0)).tolist()}
    return {names[j]: (i, float(found[i, j]), float(exact[i, j])) for j, i in first.items()}
