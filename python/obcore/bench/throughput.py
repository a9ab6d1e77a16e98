"""obcore alone: how fast the text of a recording becomes features."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from obcore.book import Replay
from obcore.data.source import CHUNK, SourceReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DEPTH_MARKS = (b'"depthUpdate"', b'"lastUpdateId"')
# What is said of a pass, whether it takes the depth messages alone, and its features.
PASSES = (
    ("whole file to the 58 numbers", False, "standard"),
    ("depth messages alone to the 58 numbers", True, "standard"),
    ("whole file to all 90 features of a state", False, "all"),
    ("whole file to 41 features that remember", False, "stateful"),
)


@dataclass(frozen=True, slots=True)
class Throughput:
    """One pass over a recording in memory.

    Parameters
    ----------
    what : str
        Which text became which features.
    megabytes : float
        Of text.
    messages : int
        In it, of every kind.
    seconds : tuple of float
        CPU time, one a round.
    """

    what: str
    megabytes: float
    messages: int
    seconds: tuple[float, ...]

    @property
    def megabytes_per_second(self) -> float:
        """Median over the rounds."""
        return self.megabytes / float(np.median(self.seconds))

    @property
    def ns_per_message(self) -> float:
        """Median over the rounds."""
        return float(np.median(self.seconds)) * 1e9 / self.messages


def measure_throughput(
    path: Path, *, rounds: int, on_step: Callable[[str], None] = lambda _: None
) -> list[Throughput]:
    """Replay a recording from memory, once for each of the `PASSES`.

    Decompression is not on the clock.
    """
    text = b"".join(SourceReader(path).chunks())
    depth = b"".join(
        line
        for line in text.splitlines(keepends=True)
        if any(mark in line for mark in DEPTH_MARKS)
    )
    out = []
    for what, depth_alone, features in PASSES:
        content = depth if depth_alone else text
        on_step(f"{path.name}: {what}")
        messages = _replayed(content, features)  # once outside the clock
        seconds = tuple(_timed(content, features) for _ in range(rounds))
        out.append(Throughput(what, len(content) / 1e6, messages, seconds))
    return out


def _timed(content: bytes, features: str) -> float:
    gc.disable()
    try:
        start = time.process_time_ns()
        _replayed(content, features)
        return (time.process_time_ns() - start) / 1e9
    finally:
        gc.enable()


def _replayed(content: bytes, features: str) -> int:
    """Return how many messages there were."""
    replay = Replay(features=features)
    replay.begin("bench")
    for start in range(0, len(content), CHUNK):
        replay.feed(memoryview(content)[start : start + CHUNK])
        replay.take_rows()
    replay.end()
    replay.finish()
    return int(replay.summary()["messages"])
