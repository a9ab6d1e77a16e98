"""The segment that is being written: whole members, appended, each with its line of the index."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

from obcore.data.recorder.directory import Segment, index_of
from obcore.data.recorder.members import pack
from obcore.data.recorder.repair import entry_of

if TYPE_CHECKING:
    from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC


class SegmentWriter:
    """Appends members to a new file.

    A member is there as a whole or not at all: where a write fails, what it left is cut off, and
    the caller may try again.
    """

    def __init__(self, directory: Path, name: str) -> None:
        path = directory / name
        self.segment = Segment(name)
        self._hash = hashlib.sha256()
        self._index_size = 0
        self._file = os.open(path, _NEW, 0o644)
        try:
            self._index = os.open(index_of(path), _NEW, 0o644)
        except OSError:
            os.close(self._file)
            path.unlink()
            raise

    def append(self, text: bytes) -> None:
        """Append the member of a text; OSError where there is no room for it."""
        packed = pack(text)
        entry = entry_of(self.segment.size, len(packed), text)
        line = json.dumps(entry).encode() + b"\n"
        self._cut()
        try:
            _write(self._file, packed)
            _write(self._index, line)
            os.fdatasync(self._file)
        except OSError:
            self._cut()
            raise
        self._hash.update(packed)
        self._index_size += len(line)
        segment = self.segment
        segment.size += len(packed)
        segment.frames += entry["frames"] or 0
        segment.first_ns = entry["first_ns"] if segment.first_ns is None else segment.first_ns
        segment.last_ns = entry["last_ns"]

    def _cut(self) -> None:
        """Cut off what a failed write left."""
        os.ftruncate(self._file, self.segment.size)
        os.ftruncate(self._index, self._index_size)

    def close(self) -> None:
        """Let nothing more be added."""
        self._cut()
        os.close(self._file)
        os.close(self._index)
        self.segment.sha256 = self._hash.hexdigest()
        self.segment.is_closed = True


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
