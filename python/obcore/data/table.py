"""What a recording gives: features with their times, and a summary of what was in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from obcore.data.source import Source


@dataclass(frozen=True, slots=True)
class Summary:
    """What a recording was seen to hold, and how far its book can be trusted at the end.

    Parameters
    ----------
    sources : tuple of Source
        The inputs, with their hashes.
    symbol, tick, lot : str
        The instrument; tick and lot as given, or the coarsest that lose nothing.
    state, reason : str
        State of the book at the end, and why.
    states : int
        Trusted states that the book went through.
    gaps : list of dict
        Where messages are missing: source, line, expected and received id, ts_recv_ns, reason.
        The ids are None where a wrong checksum tells. At most 1,000 are listed;
        ``counts["gap_count"]`` counts them all.
    counts : dict
        Everything else that was counted.
    """

    sources: tuple[Source, ...]
    symbol: str
    tick: str
    lot: str
    state: str
    reason: str
    states: int
    gaps: list[dict[str, Any]]
    counts: dict[str, Any] = field(repr=False)

    @property
    def is_trusted(self) -> bool:
        """Whether the recording ever was a book: synced by proof, or complete by its format."""
        return self.states > 0

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, ready for JSON; what was counted comes last."""
        return {
            "state": self.state,
            "reason": self.reason,
            "states": self.states,
            "gaps": self.gaps,
            **self.counts,
        }


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Features of the states of a book, one row each.

    Parameters
    ----------
    names : tuple of str
        The k columns of `values`.
    ts_event_ns, ts_recv_ns, sequence : (n,) int64 array
        Venue time, receive time and final update id of the row. ``-2**63``, which NumPy reads
        as ``NaT``, where the source has none. The rows of a time grid carry the grid's time as
        ``ts_recv_ns``; rows at trades carry the trade's times.
    values : (n, k) float64 array
        The features; units in `obcore.features.catalog`.
    summary : Summary
        The recording up to the last of these rows.
    """

    names: tuple[str, ...]
    ts_event_ns: NDArray[np.int64]
    ts_recv_ns: NDArray[np.int64]
    sequence: NDArray[np.int64]
    values: NDArray[np.float64]
    summary: Summary = field(repr=False)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Return one column as an (n,) view."""
        if name not in self.names:
            msg = f"expected one of {', '.join(self.names)}, received {name!r}"
            raise KeyError(msg)
        return self.values[:, self.names.index(name)]


def joined(parts: Sequence[FeatureTable]) -> FeatureTable:
    """Return pieces of one table, one behind the other."""
    last = parts[-1]
    return FeatureTable(
        last.names,
        np.concatenate([part.ts_event_ns for part in parts]),
        np.concatenate([part.ts_recv_ns for part in parts]),
        np.concatenate([part.sequence for part in parts]),
        np.concatenate([part.values for part in parts]),
        last.summary,
    )
