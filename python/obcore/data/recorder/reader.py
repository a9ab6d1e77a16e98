"""A recorder's segment as an input: what is whole is read, what is damaged is an error."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from obcore.data.recorder.directory import indexed_end
from obcore.data.recorder.members import DamagedMemberError, TornMemberError, members
from obcore.data.source import Source
from obcore.errors import damaged_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from obcore.data.recorder.directory import Segment


class SegmentReader:
    """Reads one segment once, and changes nothing: the counterpart of `SourceReader`.

    Parameters
    ----------
    path : path
        The file.
    segment : Segment
        What the manifest says of it.
    on_read : callable, optional
        Called with the number of file bytes read.
    """

    format_name = ""  # what it holds is read as it is

    def __init__(
        self, path: Path, segment: Segment, on_read: Callable[[int], None] | None = None
    ) -> None:
        self.path = path
        self._segment = segment
        self._on_read = on_read
        self._hash = hashlib.sha256()
        self._size = 0
        self._torn_bytes = 0

    def chunks(self) -> Iterator[bytes]:
        """Yield the text of each whole member.

        Raises
        ------
        DecodeError
            If the file is not the one that was closed, or a member is damaged.
        """
        self._require("size", self._segment.size, self.path.stat().st_size)
        indexed, end = indexed_end(self.path), 0
        with self.path.open("rb") as file:
            try:
                for member in members(file, on_read=self._count):
                    end = member.offset + member.size
                    yield member.text
            except DamagedMemberError as error:
                is_torn = isinstance(error, TornMemberError) and indexed <= end
                if not is_torn or self._segment.is_closed:
                    raise damaged_input(str(self.path), str(error)) from error
                self._torn_bytes = self._size - end
        self._require("sha256", self._segment.sha256, self._hash.hexdigest())

    def source(self) -> Source:
        """Return name, hash and size of what was read so far."""
        return Source(self.path.name, self._hash.hexdigest(), self._size, self._torn_bytes)

    def _count(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self._size += len(chunk)
        if self._on_read is not None:
            self._on_read(len(chunk))

    def _require(self, field: str, expected: int | str | None, received: int | str) -> None:
        if self._segment.is_closed and expected != received:
            reason = f"{field}: expected {expected} as when it was closed, received {received}"
            raise damaged_input(str(self.path), reason)
