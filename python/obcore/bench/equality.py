"""Whether an entry's answer is the right one: its time does not count before that is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from obcore.bench.contest import Workload
from obcore.bench.reference import IMBALANCE, OBI_10
from obcore.bench.standard import COUNT
from obcore.book import feature_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from obcore.bench.contest import Entry, Levels
    from obcore.bench.reference import Reference

    Floats = NDArray[np.float64]

RELATIVE = 1e-9
# Where two floats nearly cancel, no float keeps nine digits; the last bits of the terms stay.
LAST_BITS = 8 * float(np.finfo(np.float64).eps)
NAMES = feature_names("standard")
MID_PRICE, TOTAL_VOL = NAMES.index("mid_price"), NAMES.index("total_vol")


def difference(entry: Entry, answer: object, reference: Reference, messages: int) -> str:
    """Return what is wrong with an entry's answer after so many messages; empty if nothing."""
    if entry.workload in (Workload.APPLY, Workload.JSON):
        return _difference_of_books(answer, reference.levels(messages))  # type: ignore[arg-type]
    rows = np.atleast_2d(np.asarray(answer, dtype=np.float64))
    first = messages - 1 if entry.workload is Workload.VECTOR else 0
    expected = reference.rows[first:messages]
    return _difference_of_rows(rows, expected, totals=entry.totals, first=first)


def _difference_of_books(got: Levels, expected: Levels) -> str:
    for side, ours, right in zip(("bids", "asks"), got, expected, strict=True):
        if len(ours) != len(right):
            return f"{len(ours):,} {side} at the end instead of {len(right):,}"
        wrong = np.flatnonzero((ours != right).any(axis=1))
        if len(wrong) > 0:
            received, wanted = ours[wrong[0]].tolist(), right[wrong[0]].tolist()
            return f"{side}[{wrong[0]}] is {received} instead of {wanted} (ticks, lots)"
    return ""


def _difference_of_rows(got: Floats, reference: Floats, *, totals: bool, first: int) -> str:
    expected = reference[:, :COUNT].copy()
    if not totals:
        expected[:, IMBALANCE] = reference[:, OBI_10]
    if got.shape != expected.shape:
        return f"an array of shape {got.shape} instead of {expected.shape}"
    near = np.abs(got - expected) <= RELATIVE * np.abs(expected) + _allowance(expected)
    if near.all():
        return ""
    row, column = np.argwhere(~near)[0]
    count = np.count_nonzero(~near.all(axis=1))
    received, wanted = got[row, column], expected[row, column]
    return (
        f"{count:,} of {len(got):,} rows, at message {row + first} "
        f"{NAMES[column]} is {received:.12g} instead of {wanted:.12g}"
    )


def _allowance(expected: Floats) -> Floats:
    """Return the last bits of what each column's formula subtracts; 0 where it does not."""
    scale = np.zeros_like(expected)
    for column, name in enumerate(NAMES):
        if name == "spread":
            scale[:, column] = expected[:, MID_PRICE]
        elif name in ("net_flow", "best_qty_diff"):
            scale[:, column] = expected[:, TOTAL_VOL]
        elif name == "normalized_spread" or "offset" in name or "imbalance" in name:
            scale[:, column] = 1.0
    return scale * LAST_BITS
