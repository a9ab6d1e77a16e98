"""A made-up market of any depth and length, as columns of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from obcore.book import ABSENT, BookState
from obcore.data.changes import ChangeBatch

if TYPE_CHECKING:
    from collections.abc import Iterator

MIDDLE = 10_000_000
STEP_NS = 100_000
LEVELS_A_CHANGE = 8


def market(levels: int, updates: int, seed: int = 0) -> Iterator[ChangeBatch]:
    """Yield batches of changes of a book that keeps about `levels` a side.

    Parameters
    ----------
    levels : int
        A side.
    updates : int
        Levels told behind the first picture.
    """
    rng = np.random.default_rng(seed)
    first_ns, position = 1_700_000_000_000_000_000, 0
    picture = np.arange(1, levels + 1)
    yield _batch(
        first_ns, position, 2,
        MIDDLE - picture, rng.integers(1, 100_000, levels),
        MIDDLE + picture, rng.integers(1, 100_000, levels),
        np.array([0, levels]),
    )  # fmt: skip
    rows = 65_536 // LEVELS_A_CHANGE
    each = LEVELS_A_CHANGE // 2
    for done in range(0, updates, rows * LEVELS_A_CHANGE):
        n = min(rows, max(1, (updates - done) // LEVELS_A_CHANGE))
        position += n
        away = 1 + np.sort(rng.integers(0, levels, (n, each)), axis=1).ravel()
        others = 1 + np.sort(rng.integers(0, levels, (n, each)), axis=1).ravel()
        yield _batch(
            first_ns + position * STEP_NS, position, 1,
            MIDDLE - away, rng.integers(0, 100_000, n * each) + 1,
            MIDDLE + others, rng.integers(0, 100_000, n * each) + 1,
            np.arange(n + 1) * each,
        )  # fmt: skip


def _batch(
    first_ns: int, position: int, kind: int, bids: np.ndarray, bid_sizes: np.ndarray,
    asks: np.ndarray, ask_sizes: np.ndarray, offsets: np.ndarray,
) -> ChangeBatch:  # fmt: skip
    n = len(offsets) - 1
    places = np.arange(position, position + n, dtype=np.int64)
    times = first_ns + np.arange(n, dtype=np.int64) * STEP_NS
    none = np.full(n, ABSENT, dtype=np.int64)
    return ChangeBatch(
        tick="0.01",
        lot="0.001",
        position=places,
        time_ns=times,
        id=places,
        kind=np.full(n, kind, dtype=np.uint8),
        state=np.full(n, BookState.SYNCED.value, dtype=np.uint8),
        reason=np.zeros(n, dtype=np.int32),
        reasons=["made up"],
        ts_event_ns=times,
        ts_recv_ns=times,
        sequence=places,
        horizon_bid=none,
        horizon_ask=none,
        depth=np.zeros(n, dtype=np.int32),
        bid_offsets=offsets.astype(np.int64),
        bid_price=bids.astype(np.int64),
        bid_size=bid_sizes.astype(np.int64),
        ask_offsets=offsets.astype(np.int64),
        ask_price=asks.astype(np.int64),
        ask_size=ask_sizes.astype(np.int64),
    )
