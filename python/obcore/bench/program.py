"""Everything that ``obcore bench`` measures, in order."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from obcore.bench import document, floor_entries, own
from obcore.bench.contest import Workload
from obcore.bench.peers import Absent, load_peers
from obcore.bench.race import run_heat
from obcore.bench.reference import Reference
from obcore.bench.streams import Stream
from obcore.bench.throughput import PASSES, measure_throughput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from obcore.bench.contest import Entry
    from obcore.bench.race import Heat

THROUGHPUT = "w5"
SOME_MESSAGES = 1_000  # whose texts tell how long one is


@dataclass(frozen=True, slots=True)
class Settings:
    """What is measured.

    Parameters
    ----------
    workloads : tuple of str
        ``w1`` to ``w4``, the values of `Workload`, and ``w5``.
    levels, spacings : tuple of int
        A made-up stream for each pair.
    updates : int
        The length of each.
    drift : float
        Ticks of the spacing that its mid drifts a message.
    seed : int
        Of the made-up streams and of the order of the rounds.
    recordings : tuple of Path
        Streams of their own, and what ``w5`` replays.
    rounds : int
        How often each entry is timed.
    peers : bool
        Whether others race too.
    """

    workloads: tuple[str, ...]
    levels: tuple[int, ...]
    spacings: tuple[int, ...]
    updates: int
    drift: float
    seed: int
    recordings: tuple[Path, ...]
    rounds: int
    peers: bool


@dataclass
class Program:
    """Runs the races one after the other, and keeps what is measured so far."""

    settings: Settings
    on_step: Callable[[str], None] = lambda _: None
    streams: list[dict[str, Any]] = field(default_factory=list)
    races: list[dict[str, Any]] = field(default_factory=list)
    recordings: list[dict[str, Any]] = field(default_factory=list)
    absent: Sequence[Absent] = ()
    interrupted: bool = False

    def __post_init__(self) -> None:
        self._entries: list[Entry] = own.entries() + floor_entries.entries()
        if self.settings.peers:
            theirs, self.absent = load_peers()
            self._entries += theirs
        self._order = np.random.default_rng(self.settings.seed)

    @property
    def steps(self) -> int:
        """How many times `on_step` will be called."""
        settings = self.settings
        racing = sum(entry.workload in self._workloads for entry in self._entries)
        streams = len(settings.levels) * len(settings.spacings) + len(settings.recordings)
        alone = (
            len(PASSES) * len(settings.recordings) if THROUGHPUT in settings.workloads else 0
        )
        return streams * (1 + racing * (1 + settings.rounds)) * bool(self._workloads) + alone

    @property
    def _workloads(self) -> list[Workload]:
        return [each for each in Workload if each.value in self.settings.workloads]

    def run(self) -> None:
        """Measure everything; an interrupt ends it, and what is measured stays."""
        try:
            self._race()
            if THROUGHPUT in self.settings.workloads:
                self._replay_recordings()
        except KeyboardInterrupt:
            self.interrupted = True

    def document(self) -> dict[str, Any]:
        """Return what is measured so far."""
        settings = asdict(self.settings)
        settings["recordings"] = [path.name for path in self.settings.recordings]
        return {
            "machine": document.machine(),
            "settings": settings,
            "streams": self.streams,
            "races": self.races,
            "recordings": self.recordings,
            "absent": document.absent_part(self.absent),
            "notes": list(document.NOTES if settings["peers"] else document.NOTES[:2]),
            "interrupted": self.interrupted,
        }

    def _race(self) -> None:
        if not self._workloads:
            return
        for stream in self._streams():
            self.on_step(f"{stream.name}: the right answers")
            self.streams.append(document.stream_part(stream))
            rows = bool({Workload.VECTOR, Workload.REPLAY} & set(self._workloads))
            reference = Reference(stream, rows=rows)
            texts = stream.json_messages(SOME_MESSAGES)
            text_bytes = sum(map(len, texts)) / len(texts)
            for workload in self._workloads:
                heat = self._heat(workload, stream, reference)
                if not heat.interrupted or any(result.counts for result in heat.results):
                    self.races.append(document.heat_part(heat, text_bytes))
                if heat.interrupted:
                    raise KeyboardInterrupt

    def _heat(self, workload: Workload, stream: Stream, reference: Reference) -> Heat:
        return run_heat(
            workload,
            self._entries,
            stream,
            reference,
            rounds=self.settings.rounds,
            order=self._order,
            on_step=lambda name: self.on_step(f"{stream.name}: {workload.value} {name}"),
        )

    def _streams(self) -> Iterator[Stream]:
        settings = self.settings
        # Read first: a wrong file is told before anything is measured, which it would cost.
        recorded = [Stream.of_recording(path) for path in settings.recordings]
        for spacing in settings.spacings:
            for levels in settings.levels:
                yield Stream.made_up(
                    levels,
                    settings.updates,
                    seed=settings.seed,
                    spacing=spacing,
                    drift=settings.drift,
                )
        yield from recorded

    def _replay_recordings(self) -> None:
        for path in self.settings.recordings:
            passes = measure_throughput(path, rounds=self.settings.rounds, on_step=self.on_step)
            self.recordings.append(document.throughput_part(path.name, passes))
