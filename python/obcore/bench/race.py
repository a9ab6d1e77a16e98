"""Entries against each other: rounds in one process, in an order that changes, on CPU time."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from obcore.bench.contest import Role, UnfitError, Workload
from obcore.bench.equality import difference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from obcore.bench.contest import Entry, Trial
    from obcore.bench.reference import Reference
    from obcore.bench.streams import Stream


@dataclass(frozen=True, slots=True)
class Result:
    """One entry's time on one stream, or why there is none.

    Parameters
    ----------
    entry : Entry
        Whose.
    messages : int
        How many messages of the stream it did.
    updates : int
        How many level updates these hold.
    times : (rounds,) array
        CPU time per unit of the workload, one a round; empty where it does not count.
    reason : str
        Why it does not count: it cannot take the stream, failed, or gave another answer.
    """

    entry: Entry
    messages: int
    updates: int
    times: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    reason: str = ""

    @property
    def counts(self) -> bool:
        """Whether there is a time, of an answer that was right."""
        return not self.reason and len(self.times) > 0

    @property
    def median(self) -> float:
        """Median over the rounds."""
        return float(np.median(self.times))

    def times_faster_than(self, other: Result) -> NDArray[np.float64]:
        """Return how many times as fast it is: 10th percentile, median, 90th, of rounds."""
        ratios = other.times / self.times
        return np.asarray(np.percentile(ratios, [10, 50, 90]))


@dataclass(frozen=True, slots=True)
class Heat:
    """All entries of one workload on one stream."""

    workload: Workload
    stream: str
    results: list[Result]
    interrupted: bool = False

    def fastest_peer(self, like: Entry) -> Result | None:
        """Return the fastest that is not obcore's, among those called in the same way."""
        peers = [
            result
            for result in self.results
            if result.counts
            and result.entry.role is Role.PEER
            and result.entry.calls is like.calls
        ]
        return min(peers, key=lambda peer: peer.median, default=None)

    def floor(self) -> Result | None:
        """Return the least that the machine can do it in, where that is known."""
        bare = [each for each in self.results if each.counts and each.entry.role is Role.FLOOR]
        return min(bare, key=lambda each: each.median, default=None)


def run_heat(
    workload: Workload,
    entries: Sequence[Entry],
    stream: Stream,
    reference: Reference,
    *,
    rounds: int,
    order: np.random.Generator,
    on_step: Callable[[str], None] = lambda _: None,
) -> Heat:
    """Check every entry's answer, then time those that are right.

    Parameters
    ----------
    workload : Workload
        Entries of others are left out.
    entries : sequence of Entry
        Who races.
    stream : Stream
        On what.
    reference : Reference
        The right answers.
    rounds : int
        How often each is timed.
    order : numpy.random.Generator
        Shuffles the entries anew for each round, so that noise hits all alike.
    on_step : callable, optional
        Called with an entry's name before each of its runs.

    Returns
    -------
    Heat
        Interrupted by Ctrl-C, the rounds that were whole.
    """
    racing: list[tuple[Result, Trial]] = []
    out: list[Result] = []
    times: list[list[float]] = []
    interrupted = False
    try:
        for entry in (entry for entry in entries if entry.workload is workload):
            on_step(entry.name)
            result, trial = _checked(entry, stream, reference)
            if trial is None:
                out.append(result)
            else:
                racing.append((result, trial))
        _settle_memory()
        while len(times) < rounds:
            times.append(_round(racing, order, on_step))
    except KeyboardInterrupt:
        interrupted = True
    finally:
        gc.unfreeze()
    columns = np.array(times).reshape(len(times), len(racing)) / workload.ns_per_unit
    timed = [
        replace(result, times=columns[:, i], reason="" if times else "interrupted")
        for i, (result, _) in enumerate(racing)
    ]
    return Heat(workload, stream.name, [*timed, *out], interrupted)


def _checked(entry: Entry, stream: Stream, reference: Reference) -> tuple[Result, Trial | None]:
    """Return an entry made ready, once run and found right; without a trial if it is not."""
    part = stream if entry.limit is None else stream.first(entry.limit)
    result = Result(entry, part.messages, part.updates)
    try:
        trial = entry.make(part)
        state = trial.fresh()
        trial.run(state)
        answer = trial.answer(state)
    except UnfitError as unfit:
        return replace(result, reason=str(unfit)), None
    except Exception as error:  # noqa: BLE001  a peer may fail in any way; the race goes on
        return replace(result, reason=f"failed: {type(error).__name__}: {error}"), None
    wrong = difference(entry, answer, reference, part.messages)
    if wrong:
        return replace(result, reason=f"its answer is not the right one: {wrong}"), None
    return result, trial


def _round(
    racing: Sequence[tuple[Result, Trial]],
    order: np.random.Generator,
    on_step: Callable[[str], None],
) -> list[float]:
    """Return nanoseconds of CPU time per unit, one a trial."""
    out = [0.0] * len(racing)
    for i in order.permutation(len(racing)).tolist():
        result, trial = racing[i]
        on_step(result.entry.name)
        out[i] = _timed(trial)
    return out


def _timed(trial: Trial) -> float:
    state = trial.fresh()
    gc.disable()
    try:
        start = time.process_time_ns()
        trial.run(state)
        spent = time.process_time_ns() - start
    finally:
        gc.enable()
    return spent / trial.count


def _settle_memory() -> None:
    """Keep what the entries prepared out of later collections."""
    gc.collect()
    gc.freeze()
