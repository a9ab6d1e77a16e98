"""Whole gzip members, one behind the other: what a segment is made of."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 1 << 20
LEVEL = 3  # a tenth larger than the best, and several times as fast
_GZIP = 31  # zlib's window of 15 bits, with the header and the CRC of gzip


@dataclass(frozen=True, slots=True)
class Member:
    """One whole member: where it begins, its bytes in the file, and its text."""

    offset: int
    size: int
    text: bytes


class DamagedMemberError(Exception):
    """The bytes at an offset are no member."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"offset {offset}: {reason}")
        self.offset = offset


class TornMemberError(DamagedMemberError):
    """The file ends within a member: what a writer leaves that was killed."""


def pack(text: bytes) -> bytes:
    """Return the member of a text."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP)
    return packer.compress(text) + packer.flush()


def members(
    file: BinaryIO, offset: int = 0, on_read: Callable[[bytes], object] = len
) -> Iterator[Member]:
    """Yield the members of a file from an offset on, each once it is known to be whole.

    Raises
    ------
    TornMemberError
        If the file ends within the last one.
    DamagedMemberError
        If bytes are no member, or its checksum is wrong.
    """
    file.seek(offset)
    rest = b""
    while True:
        rest = rest or _read(file, on_read)
        if not rest:
            return
        unpacker, size, text = zlib.decompressobj(_GZIP), 0, []
        while not unpacker.eof:
            if not rest and not (rest := _read(file, on_read)):
                reason = "expected a whole member, received the end of the file"
                raise TornMemberError(offset, reason)
            try:
                text.append(unpacker.decompress(rest))
            except zlib.error as error:
                reason = f"expected a gzip member, received damaged bytes ({error})"
                raise DamagedMemberError(offset, reason) from error
            size += len(rest) - len(unpacker.unused_data)
            rest = unpacker.unused_data
        yield Member(offset, size, b"".join(text))
        offset += size


def _read(file: BinaryIO, on_read: Callable[[bytes], object]) -> bytes:
    chunk = file.read(CHUNK)
    on_read(chunk)
    return chunk
