"""When each message is played: as recorded, or at made-up arrivals."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obcore.venue.record import Record
    from obcore.venue.tape import Tape

_BLOCK = 4096
_SECOND_NS = 1e9


class Due(NamedTuple):
    """A record to play, its time from the start, and which copy of its symbol it is for."""

    due_ns: int
    record: Record
    copy: int


def recorded(tape: Tape, *, copies: int, rng: np.random.Generator) -> Iterator[Due]:
    """Yield records at their recorded distances.

    Each copy runs up to a second behind the tape, at random, so that copies do not all speak in
    the same instant; the first runs with the tape.
    """
    behind = [0, *(int(x * _SECOND_NS) for x in rng.random(copies - 1))]

    def of_copy(copy: int) -> Iterator[Due]:
        late = behind[copy]
        for due_ns, record in zip(tape.due_ns, tape.records, strict=True):
            yield Due(due_ns + late, record, copy)

    if copies == 1:
        return of_copy(0)
    return heapq.merge(*map(of_copy, range(copies)), key=lambda due: due.due_ns)


def poisson(tape: Tape, *, copies: int, rate: float, rng: np.random.Generator) -> Iterator[Due]:
    """Yield records at the arrivals of a Poisson process.

    Parameters
    ----------
    tape : Tape
        Whose records; each copy gets them in the tape's order.
    copies : int
        How many times each symbol is served; each arrival is for one of them by chance.
    rate : float
        Arrivals a second, all copies together.
    rng : numpy.random.Generator
        For times and copies.
    """
    left = [iter(tape.records) for _ in range(copies)]
    now = 0.0
    while left:
        gaps = rng.exponential(_SECOND_NS / rate, _BLOCK)
        times = now + np.cumsum(gaps)
        now = float(times[-1])
        for due, choice in zip(times.tolist(), rng.random(_BLOCK).tolist(), strict=True):
            copy = int(choice * copies)
            record = next(left[copy], None)
            if record is None:
                # Whoever has played all is passed over in favour of one that has not.
                record, copy = _any_other(left)
            if record is None:
                return
            yield Due(int(due), record, copy)


def _any_other(left: list[Iterator[Record]]) -> tuple[Record | None, int]:
    for copy, records in enumerate(left):
        record = next(records, None)
        if record is not None:
            return record, copy
    return None, 0
