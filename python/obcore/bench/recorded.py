"""The depth messages of a recorded Binance stream, in order, from its joined snapshot on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obcore.book import Verdict, judge_binance, judge_binance_join
from obcore.data.recording import Recording
from obcore.data.source import SourceReader
from obcore.errors import damaged_input
from obcore.instrument import Instrument

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class DepthMessage:
    """One message: the venue's text, and its levels in ticks and lots."""

    text: bytes
    bids: NDArray[np.void]
    asks: NDArray[np.void]


@dataclass(frozen=True, slots=True, eq=False)
class RecordedDepth:
    """A snapshot and the deltas that follow it without a gap."""

    name: str
    instrument: Instrument
    snapshot: DepthMessage
    messages: list[DepthMessage]


def read_depth(path: str | PathLike[str], symbol: str | None = None) -> RecordedDepth:
    """Return the depth of a recording, up to the first gap in its ids.

    The grid is the one that obcore finds when it replays the recording, and its rules judge
    which deltas follow.
    """
    path = Path(path)
    grid = Recording(path, symbol=symbol).book().grid
    snapshot, deltas = _snapshot_and_deltas(path, symbol)
    name = deltas[0].content["s"] if deltas else ""
    instrument = Instrument(name, grid.tick, grid.lot)
    chained = [message.depth(instrument, "b", "a") for message in _chain(snapshot, deltas)]
    if not chained:
        raise damaged_input(
            path.name, "expected a delta that joins the snapshot, received none"
        )
    opening = snapshot.depth(instrument, "bids", "asks")
    return RecordedDepth(f"{name}, {path.stem}", instrument, opening, chained)


@dataclass(frozen=True, slots=True)
class _Message:
    text: bytes
    content: dict[str, Any]

    def depth(self, instrument: Instrument, bids: str, asks: str) -> DepthMessage:
        levels = instrument.levels
        return DepthMessage(self.text, levels(self.content[bids]), levels(self.content[asks]))


def _snapshot_and_deltas(path: Path, symbol: str | None) -> tuple[_Message, list[_Message]]:
    snapshot = None
    deltas: list[_Message] = []
    for message in _messages(path):
        if "lastUpdateId" in message.content:
            snapshot = snapshot or message
        elif message.content.get("e") == "depthUpdate":
            symbol = symbol or message.content["s"]
            if message.content["s"] == symbol:
                deltas.append(message)
    if snapshot is None:
        raise damaged_input(path.name, "expected a REST snapshot, received none")
    return snapshot, deltas


def _messages(path: Path) -> Iterator[_Message]:
    """Yield the JSON of every line; what stands before it is the time of receipt."""
    for line in b"".join(SourceReader(path).chunks()).splitlines():
        text = line[line.index(b"{") :]
        content = json.loads(text)
        yield _Message(text, content.get("data", content))


def _chain(snapshot: _Message, deltas: list[_Message]) -> Iterator[_Message]:
    """Yield the deltas that follow the snapshot, each the one before it."""
    last = snapshot.content["lastUpdateId"]
    joined = False
    for delta in deltas:
        ids = delta.content["U"], delta.content["u"], delta.content.get("pu")
        verdict = judge_binance(last, *ids) if joined else judge_binance_join(last, *ids)
        if verdict is Verdict.APPLY:
            yield delta
            last, joined = delta.content["u"], True
        elif verdict is not Verdict.SKIP:
            return
