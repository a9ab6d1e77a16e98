"""Zip archives that hold one file, read piece by piece."""

from __future__ import annotations

import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from obcore.errors import damaged_input

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

ZIP_MAGIC = b"PK\x03\x04"
ARRAY = "data.npy"  # what NumPy calls the array of the key "data"
_ENCRYPTED = 0x1


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes."""


class Member:
    """The one file in an archive, read from its start to its end."""

    def __init__(self, source: str, name: str, file: Readable) -> None:
        self.source = source
        self.name = name
        self._file = file

    def read(self, size: int) -> bytes:
        """Return the next bytes, fewer than asked for only at the end.

        Raises
        ------
        DecodeError
            If what is stored is damaged; it names archive and member.
        """
        try:
            return self._file.read(size)
        except (EOFError, zipfile.BadZipFile, zlib.error) as error:
            reason = f"expected whole content, received damaged bytes ({error})"
            raise damaged_input(self.source, f"{self.name}: {reason}") from error


@contextmanager
def open_only_member(file: IO[bytes], source: str) -> Iterator[Member]:
    """Open the array ``data.npy`` of an archive, or the only file in it.

    Raises
    ------
    DecodeError
        If there is none or no telling which, or it cannot be read.
    """
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        reason = f"zip: expected a whole archive, received damaged bytes ({error})"
        raise damaged_input(source, reason) from error
    with archive:
        info = _choose(archive, source)
        if info.flag_bits & _ENCRYPTED:
            reason = f"{info.filename}: expected plain content, received an encrypted one"
            raise damaged_input(source, reason)
        try:
            opened = archive.open(info)
        except (NotImplementedError, zipfile.BadZipFile) as error:
            reason = f"{info.filename}: expected a stored or deflated file, received {error}"
            raise damaged_input(source, reason) from error
        with opened as unpacked:
            yield Member(source, info.filename, unpacked)


def _choose(archive: zipfile.ZipFile, source: str) -> zipfile.ZipInfo:
    files = [info for info in archive.infolist() if not info.is_dir()]
    arrays = [info for info in files if info.filename == ARRAY]
    if len(files) == 1 or len(arrays) == 1:
        return (arrays or files)[0]
    names = ", ".join(info.filename for info in files[:5]) + (", …" if len(files) > 5 else "")
    reason = f"zip: expected one file in it, received {len(files)}" + (names and f": {names}")
    raise damaged_input(source, reason)
