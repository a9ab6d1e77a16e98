"""A made-up market of any depth and length, as columns of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from obcore.book import ABSENT, BookState
from obcore.data.changes import ChangeBatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MIDDLE = 10_000_000
STEP_NS = 100_000
LEVELS_A_CHANGE = 8
ROWS = 8_192  # of a batch


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
    first_ns = 1_700_000_000_000_000_000
    picture = np.arange(1, levels + 1)
    yield _batch(
        first_ns, 0, 2,
        MIDDLE - picture, rng.integers(1, 100_000, levels),
        MIDDLE + picture, rng.integers(1, 100_000, levels),
        np.array([0, levels]),
    )  # fmt: skip
    changes, each = updates // LEVELS_A_CHANGE, LEVELS_A_CHANGE // 2
    for position in range(1, changes + 1, ROWS):
        n = min(ROWS, changes + 1 - position)
        away = 1 + np.sort(rng.integers(0, levels, (n, each)), axis=1).ravel()
        others = 1 + np.sort(rng.integers(0, levels, (n, each)), axis=1).ravel()
        yield _batch(
            first_ns + position * STEP_NS, position, 1,
            MIDDLE - away, rng.integers(0, 100_000, n * each) + 1,
            MIDDLE + others, rng.integers(0, 100_000, n * each) + 1,
            np.arange(n + 1) * each,
        )  # fmt: skip


def _batch(  # noqa: PLR0917
    first_ns: int,
    position: int,
    kind: int,
    bids: NDArray[np.int64],
    bid_sizes: NDArray[np.int64],
    asks: NDArray[np.int64],
    ask_sizes: NDArray[np.int64],
    offsets: NDArray[np.int64],
) -> ChangeBatch:
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
