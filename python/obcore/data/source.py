"""The bytes of an input file, plain or packed, in chunks."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from obcore.data.archive import ZIP_MAGIC, Member, open_only_member
from obcore.data.hftbacktest_rows import FORMAT_NAME, NPY_MAGIC, Levels, messages
from obcore.errors import damaged_input

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from io import BufferedReader
    from os import PathLike

CHUNK = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Source:
    """One input as it was read: name, sha256 of the file's bytes and their number.

    `torn_bytes` of them, at the end of a recorder's segment, are what a kill left of its last
    member, and were dropped.
    """

    name: str
    sha256: str
    size: int
    torn_bytes: int = 0


class SourceReader:
    """Reads one file once, hashing what it reads.

    Parameters
    ----------
    path : path-like
        A plain or gzip file, a zip with one file in it, or rows of hftbacktest (``.npz``,
        ``.npy``); the first bytes tell which.
    on_read : callable, optional
        Called with the number of file bytes read, for a progress bar.
    levels : Levels, optional
        The book behind the file before, for rows that go on from there.

    Attributes
    ----------
    format_name : str
        What the file was found to hold, where its content is rewritten as another format.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        on_read: Callable[[int], None] | None = None,
        *,
        levels: Levels | None = None,
    ) -> None:
        self.path = Path(path)
        self.format_name = ""
        self._on_read = on_read
        self._levels = Levels() if levels is None else levels
        self._hash = hashlib.sha256()
        self._size = 0

    def chunks(self) -> Generator[bytes]:
        """Yield the content, unpacked.

        Raises
        ------
        DecodeError
            If what is packed is damaged or ends early.
        """
        with self.path.open("rb") as file:
            start = file.peek(len(NPY_MAGIC))
            counted = _Counted(file, self._count)
            if start.startswith(ZIP_MAGIC):
                yield from self._unpack_zip(file)
            elif start.startswith(GZIP_MAGIC):
                # GzipFile needs no more than read() of what it reads from.
                with gzip.GzipFile(fileobj=cast("BinaryIO", counted)) as unpacked:
                    while chunk := self._unpack(unpacked):
                        yield chunk
            elif start.startswith(NPY_MAGIC):
                yield from self._rewrite(Member(self.path.name, "rows", counted))
            else:
                while chunk := counted.read(CHUNK):
                    yield chunk

    def source(self) -> Source:
        """Return name, hash and size of what was read so far."""
        return Source(self.path.name, self._hash.hexdigest(), self._size)

    def _count(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self._size += len(chunk)
        if self._on_read is not None:
            self._on_read(len(chunk))

    def _unpack_zip(self, file: BufferedReader) -> Iterator[bytes]:
        """Yield the content of an archive, which is read in its own order: hashed before."""
        self._hash = hashlib.file_digest(file, "sha256")
        self._size = file.tell()
        reached = 0
        with open_only_member(file, self.path.name) as member:
            is_array = member.name.endswith(".npy")
            for chunk in self._rewrite(member) if is_array else _pieces(member):
                reached = self._tell_progress(reached, min(file.tell(), self._size))
                yield chunk
        self._tell_progress(reached, self._size)

    def _rewrite(self, member: Member) -> Iterator[bytes]:
        self.format_name = FORMAT_NAME
        return messages(member, self._levels)

    def _tell_progress(self, reached: int, position: int) -> int:
        if self._on_read is not None and position > reached:
            self._on_read(position - reached)
        return max(reached, position)

    def _unpack(self, unpacked: gzip.GzipFile) -> bytes:
        try:
            return unpacked.read(CHUNK)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            reason = f"gzip: expected a whole stream, received damaged bytes ({error})"
            raise damaged_input(self.path.name, reason) from error


class ChunkFeed:
    """Gives the content of several files piece by piece, to whoever asks for the next.

    Parameters
    ----------
    paths : list of Path
        The files, in order.
    on_read : callable, optional
        Called with the number of file bytes read.
    """

    def __init__(self, paths: list[Path], on_read: Callable[[int], None] | None = None) -> None:
        levels = Levels()
        self._readers = [SourceReader(path, on_read, levels=levels) for path in paths]
        self._pieces = (
            (reader.path.name, chunk, number == 0)
            for reader in self._readers
            for number, chunk in enumerate(reader.chunks())
        )

    def __call__(self) -> tuple[str, bytes, bool] | None:
        """Return a file's name, its next bytes and whether it begins; None behind the last."""
        return next(self._pieces, None)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The files, as far as they were read."""
        return tuple(reader.source() for reader in self._readers)


def _pieces(member: Member) -> Iterator[bytes]:
    while chunk := member.read(CHUNK):
        yield chunk


class _Counted:
    """A file that tells what was read from it."""

    def __init__(self, file: BufferedReader, on_chunk: Callable[[bytes], None]) -> None:
        self._file = file
        self._on_chunk = on_chunk

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._on_chunk(chunk)
        return chunk
