"""Rows in the order of two clocks at once, as hftbacktest wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from obcore.data.hftbacktest import EXCH, LOCAL, ROW

if TYPE_CHECKING:
    from numpy.typing import NDArray


class EventOrder:
    """Flags rows for the clocks that they are in order of, doubling those that are not of both.

    Rows come in the order of ``local_ts``. One that has no later ``exch_ts`` before it and no
    earlier one behind it is in the order of both. Elsewhere, each place holds two rows: the one
    that belongs there by the venue's clock, and the one that does by ours.

    Parameters
    ----------
    reach_ns : int
        How far ``exch_ts`` may run backwards; rows are held for so long.
    """

    def __init__(self, reach_ns: int) -> None:
        self._reach_ns = reach_ns
        self._held: NDArray[np.void] = np.zeros(0, ROW)
        self._latest = np.iinfo(np.int64).min  # exch_ts that was seen
        self._done = self._latest  # exch_ts that was given out

    def add(self, rows: NDArray[np.void]) -> NDArray[np.void]:
        """Return the rows whose place no later row can change.

        Raises
        ------
        ValueError
            If a row's ``exch_ts`` lies before one that was given out.
        """
        if not len(rows):
            return rows
        earliest = int(rows["exch_ts"].min())
        if earliest < self._done:
            msg = (
                f"exch_ts: expected times that run back by at most {self._reach_ns} ns "
                f"(reorder_ns), received {earliest} behind {self._latest}"
            )
            raise ValueError(msg)
        self._held = np.concatenate([self._held, rows])
        exch = self._held["exch_ts"]
        self._latest = max(self._latest, int(rows["exch_ts"].max()))
        until = np.maximum.accumulate(exch)
        behind = np.minimum.accumulate(exch[::-1])[::-1]  # the earliest from here on
        closed = (until[:-1] <= behind[1:]) & (until[:-1] <= self._latest - self._reach_ns)
        ends = np.flatnonzero(closed)
        return self._give_out(int(ends[-1]) + 1) if len(ends) else rows[:0]

    def rest(self) -> NDArray[np.void]:
        """Return the rows that are left, behind the last."""
        return self._give_out(len(self._held))

    def _give_out(self, count: int) -> NDArray[np.void]:
        rows, self._held = self._held[:count], self._held[count:].copy()
        if count:
            self._done = int(rows["exch_ts"].max())
        return in_both_orders(rows)


def in_both_orders(rows: NDArray[np.void]) -> NDArray[np.void]:
    """Return all rows of an array in the order of ``local_ts`` in both orders, flagged."""
    exch = rows["exch_ts"]
    if not len(rows):
        return rows
    by_exch = rows[np.argsort(exch, kind="stable")]
    is_latest = exch >= np.maximum.accumulate(exch)
    is_earliest = exch <= np.minimum.accumulate(exch[::-1])[::-1]
    is_both = is_latest & is_earliest
    out = np.repeat(rows, np.where(is_both, 1, 2))
    last = np.cumsum(np.where(is_both, 1, 2)) - 1  # where a place ends
    out["ev"][last] |= np.where(is_both, EXCH | LOCAL, LOCAL).astype(np.uint64)
    doubled = ~is_both
    out[last[doubled] - 1] = by_exch[doubled]
    out["ev"][last[doubled] - 1] |= np.uint64(EXCH)
    return out
