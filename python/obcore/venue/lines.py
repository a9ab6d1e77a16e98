"""Lines of a recorded file, and the error for one that cannot be read."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from obcore.errors import DecodeError, damaged_input

if TYPE_CHECKING:
    from pathlib import Path

GZIP_MAGIC = b"\x1f\x8b"


def read_lines(path: Path) -> list[bytes]:
    """Return the lines of a file, plain or gzip."""
    data = path.read_bytes()
    if data.startswith(GZIP_MAGIC):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError) as error:
            raise damaged_input(str(path), f"gzip: {error}") from None
    return data.splitlines()


def damaged_line(path: Path, line: int, reason: str) -> DecodeError:
    """Return the error for a line, counted from 1, that cannot be read."""
    error = damaged_input(str(path), f"line {line}: {reason}")
    error.line, error.reason = line, reason
    return error
