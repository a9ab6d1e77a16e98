"""The floor as entries of the race, so that noise hits it as it hits all others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from obcore.bench.contest import Calls, Entry, Levels, Role, Trial, Workload
from obcore.bench.floor import BareReplay, JsonTexts, instruction_sets
from obcore.bench.standard import COUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from obcore.bench.streams import Stream


def entries() -> list[Entry]:
    """Return an entry for each workload that has a floor, on each set of instructions."""
    return [entry for name in instruction_sets() for entry in _entries_on(name)]


def _entries_on(instruction_set: str) -> list[Entry]:
    version = f"bare C++, {instruction_set}"

    def entry(workload: Workload, path: str, make: Callable[[str, Stream], Trial]) -> Entry:
        made = partial(make, instruction_set)
        return Entry(
            "floor", version, path, workload, Calls.ALL, made, totals=True, role=Role.FLOOR
        )

    return [
        entry(Workload.APPLY, "one array over all prices, no checks", _apply),
        entry(Workload.JSON, "scanned without validation, applied to that array", _scan),
        entry(Workload.REPLAY, "that array and the 58 numbers", _replay),
    ]


def _apply(instruction_set: str, stream: Stream) -> Trial:
    bare = BareReplay(stream, instruction_set)
    return Trial(bare.load, lambda _: bare.apply(), lambda _: _levels(bare), stream.updates)


def _scan(instruction_set: str, stream: Stream) -> Trial:
    bare, texts = BareReplay(stream, instruction_set), JsonTexts(stream)
    return Trial(
        bare.load, lambda _: bare.scan(texts), lambda _: _levels(bare), stream.messages
    )


def _replay(instruction_set: str, stream: Stream) -> Trial:
    bare, rows = BareReplay(stream, instruction_set), np.zeros((stream.messages, COUNT))
    return Trial(bare.load, lambda _: bare.replay(rows), lambda _: rows, stream.messages)


def _levels(bare: BareReplay) -> Levels:
    bids, asks = (np.array(bare.levels(ask=ask)).reshape(-1, 2) for ask in (False, True))
    return Levels(bids, asks)
