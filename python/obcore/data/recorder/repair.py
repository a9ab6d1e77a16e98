"""What a killed recorder left behind, made whole again."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from obcore.data.recorder.directory import index_of, indexed_end
from obcore.data.recorder.members import DamagedMemberError, TornMemberError, members

if TYPE_CHECKING:
    from pathlib import Path

    from obcore.data.recorder.directory import Segment


def repair(directory: Path, segment: Segment) -> None:
    """Close a segment that nobody closed: a torn tail is cut off, and its index made anew.

    Damage that no kill explains is left as it is, and noted; whoever reads it gets an error.
    """
    path = directory / segment.name
    entries: list[str] = []
    end = segment.frames = 0
    indexed = indexed_end(path)
    with path.open("rb+") as file:
        try:
            for member in members(file):
                entry = entry_of(member.offset, member.size, member.text)
                segment.frames += entry["frames"] or 0
                if segment.first_ns is None:
                    segment.first_ns = entry["first_ns"]
                segment.last_ns = entry["last_ns"]
                entries.append(json.dumps(entry) + "\n")
                end = member.offset + member.size
        except DamagedMemberError as error:
            size = path.stat().st_size
            if isinstance(error, TornMemberError) and indexed <= end:
                segment.torn_bytes = size - end
                file.truncate(end)
            else:
                segment.damage = str(error)
        segment.size = path.stat().st_size
        file.seek(0)
        segment.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    segment.is_closed = True
    index_of(path).write_text("".join(entries), encoding="ascii")


def entry_of(offset: int, size: int, text: bytes) -> dict[str, int | None]:
    """Return what the index says of a member."""
    lines = text.splitlines()
    times = [_time_ns(line) for line in lines]
    known = [time for time in times if time is not None]
    return {
        "offset": offset,
        "size": size,
        "first_ns": known[0] if known else None,
        "last_ns": known[-1] if known else None,
        "frames": sum(line.startswith(b'{"t":"recv"') for line in lines),
        "bytes": len(text),
    }


def _time_ns(line: bytes) -> int | None:
    """Return the time of a line that a recorder wrote."""
    before, found, rest = line[:128].partition(b'"ts":')
    if not found or not before.startswith(b'{"t":'):
        return None
    return int(rest.partition(b",")[0].rstrip(b"}").replace(b".", b""))
