"""Several recorded files as one tape, in order of time, and the books that are on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from obcore.errors import damaged_input
from obcore.venue.book import Track
from obcore.venue.files import read_records
from obcore.venue.native import depth_limit_of
from obcore.venue.record import Record, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

# Recordings further apart than this were not made together; they are played side by side.
APART_NS = 60 * 10**9


@dataclass(frozen=True, slots=True)
class Tape:
    """Records in the order in which they are played.

    Parameters
    ----------
    records : list of Record
        All records, sorted by `due_ns`.
    due_ns : list of int
        When each is played, from the start of the tape.
    tracks : dict
        The track of each book by market and symbol.
    """

    records: list[Record]
    due_ns: list[int]
    tracks: dict[tuple[str, str], Track]

    @property
    def span_ns(self) -> int:
        """How long the tape lasts at recorded speed."""
        return self.due_ns[-1] if self.due_ns else 0


def load_tape(recordings: Sequence[Path | str]) -> Tape:
    """Read recorded files into one tape.

    Files that were recorded together or one after the other keep their distance in time; those
    that lie over a minute apart all begin at the start of the tape.

    Parameters
    ----------
    recordings : sequence of path
        Files in any order.

    Raises
    ------
    DecodeError
        Where a file cannot be read; with file and line.
    """
    files = []
    for path in map(Path, recordings):
        records = read_records(path)
        if not records:
            raise damaged_input(str(path), "no market data in it")
        # Connections are recorded one behind the other, so lines need not be in order.
        files.append(sorted(records, key=lambda record: record.ts_recv_ns))
    files.sort(key=lambda records: records[0].ts_recv_ns)
    timed = [
        (record.ts_recv_ns - start, record)
        for start, records in _with_starts(files)
        for record in records
    ]
    timed.sort(key=lambda entry: entry[0])
    records = [record for _, record in timed]
    return Tape(records, [due for due, _ in timed], _tracks(records))


def _with_starts(files: list[list[Record]]) -> list[tuple[int, list[Record]]]:
    placed = []
    start = end = None
    for records in files:
        first, last = records[0].ts_recv_ns, records[-1].ts_recv_ns
        if start is None or end is None or first > end + APART_NS:
            start, end = first, last
        end = max(end, last)
        placed.append((start, records))
    return placed


def _tracks(records: list[Record]) -> dict[tuple[str, str], Track]:
    tracks: dict[tuple[str, str], Track] = {}
    for record in records:
        key = record.market, record.symbol
        track = tracks.get(key)
        if track is None:
            track = tracks[key] = Track(*key)
        if record.role is not Role.OTHER:
            track.depth_limit = track.depth_limit or depth_limit_of(record)
            track.add(record)
    return tracks
