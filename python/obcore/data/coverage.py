"""From when to when a book is known, and where it is not and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from obcore.book import ABSENT, BookState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from obcore.data.changes import ChangeBatch, TradeBatch

TRUSTED = (BookState.SYNCED.value, BookState.UNVERIFIED.value)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a book was in one state.

    Parameters
    ----------
    first_ns, last_ns : int
        From when, and up to when: the moment of the change that ended it.
    state, reason : str
        What the book said of itself.
    """

    first_ns: int
    last_ns: int
    state: str
    reason: str

    @property
    def is_trusted(self) -> bool:
        """Whether decisions could be taken on it."""
        return BookState[self.state].value in TRUSTED

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return (self.last_ns - self.first_ns) / 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What is known of one symbol, and what is not.

    Parameters
    ----------
    symbol : str
        ``venue:SYMBOL``.
    stretches : list of Stretch
        One behind the other from the first to the last moment.
    states, updates, trades : int
        New states of the market, levels told, and trades.
    recordings : list of dict
        What was ingested: sources, clock offset, crossings, duplicates, gaps by their ids.
    """

    symbol: str
    stretches: list[Stretch]
    states: int
    updates: int
    trades: int
    recordings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def gaps(self) -> list[Stretch]:
        """Where nothing can be trusted."""
        return [one for one in self.stretches if not one.is_trusted]

    @property
    def first_ns(self) -> int | None:
        """The first moment of which anything is known."""
        return self.stretches[0].first_ns if self.stretches else None

    @property
    def last_ns(self) -> int | None:
        """The last one."""
        return self.stretches[-1].last_ns if self.stretches else None

    @property
    def covered(self) -> float:
        """How much of the time between the first and the last moment can be trusted, 0 to 1."""
        whole = sum(one.seconds for one in self.stretches)
        return (
            sum(one.seconds for one in self.stretches if one.is_trusted) / whole
            if whole
            else 0.0
        )

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return asdict(self) | {"covered": self.covered}


def cover(
    name: str,
    changes: Iterable[ChangeBatch],
    trades: Iterable[TradeBatch],
    recordings: list[dict[str, Any]],
) -> Coverage:
    """Return what is known of a symbol, from all that happened to it."""
    stretches: list[Stretch] = []
    states = updates = 0
    now: tuple[int, str] | None = None
    since = last = ABSENT
    for batch in changes:
        updates += batch.updates
        told = (batch.kind == 1) | (batch.kind == 2)
        states += int((told & np.isin(batch.state, TRUSTED)).sum())
        codes = batch.state.astype(np.int64) << 32 | batch.reason
        turns = np.flatnonzero(np.diff(codes, prepend=-1))
        for row in turns.tolist():
            here = int(batch.state[row]), batch.reasons[batch.reason[row]]
            time_ns = int(batch.time_ns[row])
            if here == now:
                continue
            if now is not None and since != ABSENT:
                stretches.append(Stretch(since, time_ns, BookState(now[0]).name, now[1]))
            now, since = here, time_ns
        last = int(batch.time_ns[-1])
    if now is not None and since != ABSENT and last > since:
        stretches.append(Stretch(since, last, BookState(now[0]).name, now[1]))
    return Coverage(
        symbol=name,
        stretches=stretches,
        states=states,
        updates=updates,
        trades=sum(len(batch) for batch in trades),
        recordings=recordings,
    )
