"""Recorded files to records: which format a file is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from obcore.venue.capture import records_of_capture
from obcore.venue.lines import read_lines
from obcore.venue.raw import records_of_raw

if TYPE_CHECKING:
    from pathlib import Path

    from obcore.venue.record import Record


def read_records(path: Path) -> list[Record]:
    """Return the records of a recorded file, plain or gzip, in the order of the file.

    Parameters
    ----------
    path : Path
        Lines ``<receive time> <json>`` of Binance, or a capture with one envelope a line.

    Raises
    ------
    DecodeError
        Where a line has neither shape; with file and line.
    """
    lines = read_lines(path)
    is_capture = bool(lines) and lines[0].startswith(b'{"t":')
    return records_of_capture(path, lines) if is_capture else records_of_raw(path, lines)
