"""All entrants in rounds, and what was measured as one document."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from obcore.bench.contest import Role, UnfitError
from obcore.bench.document import machine
from obcore.bench.feeds.course import Course
from obcore.bench.feeds.entrant import ENTRANTS, entrants
from obcore.bench.feeds.process import ChildError
from obcore.bench.feeds.trial import Bench, Costs, Latencies, WrongAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from obcore.bench.feeds.entrant import Entrant

ARRIVALS = ("poisson", "recorded")
PERCENTILES = ("p50", "p99", "p99.9", "max")
# What was asked for before anything was measured.
MOST_ABOVE_FLOOR_US, LEAST_TIMES_PEER, MOST_P99_US = 3.0, 4.0, 100.0
NOTES = (
    (
        "The depth of one recorded symbol, as often as there are symbols, from the local venue over"
        " loopback sockets; server and client in processes of their own, each on its core."
    ),
    (
        "CPU time of the whole client process a message, medians of shuffled rounds: at the rate,"
        " where each message wakes the process, and as fast as it reads, where many come at once."
    ),
    (
        "Latency from asyncio's data_received to the moment in the last column, stamped in runs of"
        " their own; states that a peer passes over, since newer ones were there, have none."
    ),
    (
        "Only runs count after which every book's best prices and sizes were the venue's own."
        " obcore also computed its 58 features after each message; the peers keep a book alone."
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What is raced.

    Parameters
    ----------
    recording : Path
        What is played.
    symbols, rate, seconds : int, float, float
        How many books, at how many messages a second together, for how long.
    rounds : int
        How often each entrant runs.
    seed : int
        Of arrivals and of the rounds' order.
    entrants : tuple of str
        Who.
    latencies : bool
        Whether they are taken.
    undisturbed : bool
        Whether server and client go before all other programs while they are.
    """

    recording: Path
    symbols: int = 100
    rate: float = 2000.0
    seconds: float = 5.0
    rounds: int = 3
    seed: int = 7
    entrants: tuple[str, ...] = tuple(entrant.key for entrant in ENTRANTS)
    latencies: bool = True
    undisturbed: bool = False


@dataclass(slots=True)
class Results:
    """What one entrant did, by round."""

    entrant: Entrant
    costs: dict[int, Costs] = field(default_factory=dict)
    latencies: dict[str, dict[int, Latencies]] = field(
        default_factory=lambda: {arrivals: {} for arrivals in ARRIVALS}
    )
    failures: list[str] = field(default_factory=list)

    def cpu_us(self, phase: str) -> dict[int, float]:
        """Return microseconds of CPU a message by round, of ``paced`` or ``blast``."""
        return {number: getattr(one, phase).cpu_us for number, one in self.costs.items()}


class FeedRace:
    """Runs entrants round by round, and keeps what is measured so far.

    Parameters
    ----------
    settings : Settings
        What is raced.
    racing : sequence of Entrant, optional
        Who, where it is not those that the settings name.
    """

    def __init__(self, settings: Settings, racing: Sequence[Entrant] | None = None) -> None:
        self.settings = settings
        self.on_step: Callable[[str], None] = lambda _: None
        self.interrupted = False
        self.absent: list[dict[str, str]] = []
        racing = entrants(settings.entrants) if racing is None else racing
        self._results = {entrant.key: Results(entrant) for entrant in racing}
        server, client = _cores()
        course = Course(
            recording=str(settings.recording.resolve()),
            symbols=settings.symbols,
            rate=settings.rate,
            seed=settings.seed,
            core=server,
        )
        self._bench = Bench(course, settings.seconds, client, settings.undisturbed)

    @property
    def steps(self) -> int:
        """How many times `on_step` will be called, if nobody falls out."""
        runs = 1 + len(ARRIVALS) * self.settings.latencies
        rounds = (
            min(self.settings.rounds, one.entrant.most_rounds) for one in self._results.values()
        )
        return runs * sum(rounds)

    def run(self) -> None:
        """Measure; an interrupt ends it, and what is measured stays."""
        order = np.random.default_rng(self.settings.seed)
        try:
            for number in range(self.settings.rounds):
                racing = list(self._results.values())
                for i in order.permutation(len(racing)).tolist():
                    if number < racing[i].entrant.most_rounds:
                        self._round(number, racing[i])
        except KeyboardInterrupt:
            self.interrupted = True

    def document(self) -> dict[str, Any]:
        """Return what is measured so far."""
        settings = asdict(self.settings)
        settings["recording"] = self.settings.recording.name
        settings["entrants"] = list(self.settings.entrants)
        counting = [one for one in self._results.values() if one.costs]
        floor = self._floor()
        peer = min(
            (one for one in counting if one.entrant.role is Role.PEER),
            key=lambda one: _median(one.cpu_us("blast")),
            default=None,
        )
        rows = [_row(one, floor, peer) for one in counting]
        return {
            "machine": machine(),
            "settings": settings,
            "rows": rows,
            "fastest_peer": None if peer is None else peer.entrant.name,
            "targets": _targets(rows),
            "not_counted": [
                {"name": one.entrant.name, "path": one.entrant.path, "reason": reason}
                for one in self._results.values()
                for reason in one.failures
            ],
            "absent": self.absent,
            "notes": list(NOTES),
            "interrupted": self.interrupted,
        }

    def _floor(self) -> Results | None:
        floor = self._results.get("floor")
        return floor if floor is not None and floor.costs else None

    def _round(self, number: int, results: Results) -> None:
        entrant = results.entrant
        try:
            self.on_step(f"round {number + 1}: {entrant.name}: CPU")
            results.costs[number] = self._bench.costs(entrant)
            if not self.settings.latencies:
                return
            for arrivals in ARRIVALS:
                self.on_step(f"round {number + 1}: {entrant.name}: {arrivals} latency")
                taken = self._bench.latencies(entrant, arrivals)
                results.latencies[arrivals][number] = taken
        except UnfitError as unfit:
            self.absent.append({"name": entrant.name, "reason": str(unfit)})
            del self._results[entrant.key]
        except (WrongAnswerError, ChildError) as error:
            results.failures.append(f"round {number + 1}: {error}")


def _cores() -> tuple[int | None, int | None]:
    """Return the cores of server and client; none where there is but one."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    mine = sorted(os.sched_getaffinity(0))
    return (mine[0], mine[1]) if len(mine) > 1 else (None, None)


def _row(results: Results, floor: Results | None, peer: Results | None) -> dict[str, Any]:
    entrant = results.entrant
    costs = list(results.costs.values())
    row: dict[str, Any] = {
        "key": entrant.key,
        "name": entrant.name,
        "version": costs[0].version,
        "path": entrant.path,
        "role": entrant.role.name.lower(),
        "ready": entrant.ready,
        "rounds": len(costs),
        "failed": len(results.failures),
        "rss_mb": float(np.median([one.rss_bytes for one in costs])) / 1e6,
        "latency_us": _latency_part(results),
    }
    for phase in ("paced", "blast"):
        own = results.cpu_us(phase)
        row[phase] = {
            "messages": int(np.median([getattr(one, phase).messages for one in costs])),
            "cpu_us": _spread(own),
            "messages_per_cpu_second": 1e6 / _median(own),
            "messages_per_second": float(
                np.median(
                    [getattr(c, phase).messages / getattr(c, phase).wall_s for c in costs]
                )
            ),
            "times_fastest_peer": _ratios(peer, own, phase, inverse=True),
            "times_floor": _ratios(floor, own, phase, inverse=False),
            "above_floor_us": _above(floor, own, phase),
        }
    return row


def _latency_part(results: Results) -> dict[str, dict[str, float] | None]:
    """Return medians over the rounds of each percentile, by kind of arrivals."""
    part: dict[str, dict[str, float] | None] = {}
    for arrivals, by_round in results.latencies.items():
        if not by_round:
            part[arrivals] = None
            continue
        columns = np.median([one.us for one in by_round.values()], axis=0).tolist()
        part[arrivals] = dict(zip(PERCENTILES, columns, strict=True))
        part[arrivals]["messages"] = float(  # type: ignore[index]
            np.median([one.messages for one in by_round.values()])
        )
    return part


def _median(by_round: dict[int, float]) -> float:
    return float(np.median(list(by_round.values())))


def _spread(by_round: dict[int, float]) -> list[float]:
    """Return the 10th percentile, the median and the 90th."""
    values: list[float] = np.percentile(list(by_round.values()), [10, 50, 90]).tolist()
    return values


def _pairs(
    other: Results | None, own: dict[int, float], phase: str
) -> list[tuple[float, float]]:
    """Return own and other of the rounds that both have; medians where they share none."""
    if other is None:
        return []
    theirs = other.cpu_us(phase)
    shared = own.keys() & theirs.keys()
    if not shared:
        return [(_median(own), _median(theirs))]
    return [(own[number], theirs[number]) for number in shared]


def _ratios(
    other: Results | None, own: dict[int, float], phase: str, *, inverse: bool
) -> list[float] | None:
    pairs = _pairs(other, own, phase)
    if not pairs:
        return None
    ratios = {i: b / a if inverse else a / b for i, (a, b) in enumerate(pairs)}
    return _spread(ratios)


def _above(other: Results | None, own: dict[int, float], phase: str) -> list[float] | None:
    pairs = _pairs(other, own, phase)
    return _spread({i: a - b for i, (a, b) in enumerate(pairs)}) if pairs else None


def _targets(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what obcore was asked to do beside what it did."""
    by_key: dict[str, dict[str, Any]] = defaultdict(dict, {row["key"]: row for row in rows})
    own = by_key["obcore"]
    if not own:
        return []
    latency = own["latency_us"]["poisson"]
    found = [
        (
            "µs of CPU a message above the bare loop, at full speed",
            _middle(own["blast"]["above_floor_us"]),
            MOST_ABOVE_FLOOR_US,
            True,
        ),
        (
            "µs of CPU a message above the bare loop, at the rate",
            _middle(own["paced"]["above_floor_us"]),
            MOST_ABOVE_FLOOR_US,
            True,
        ),
        (
            "times the fastest peer's messages a second of CPU, at full speed",
            _middle(own["blast"]["times_fastest_peer"]),
            LEAST_TIMES_PEER,
            False,
        ),
        (
            "times the fastest peer's messages a second of CPU, at the rate",
            _middle(own["paced"]["times_fastest_peer"]),
            LEAST_TIMES_PEER,
            False,
        ),
        (
            "µs from data_received to features, p99 at Poisson arrivals",
            latency["p99"] if latency else None,
            MOST_P99_US,
            True,
        ),
    ]
    return [
        {
            "what": what,
            "measured": measured,
            "target": target,
            "at_most": at_most,
            "met": None if measured is None else (measured <= target) is at_most,
        }
        for what, measured, target, at_most in found
    ]


def _middle(spread: list[float] | None) -> float | None:
    return None if spread is None else spread[1]
