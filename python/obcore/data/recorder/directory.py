"""A directory that holds a recording: its manifest, its segments, and who may write there."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from obcore.errors import RecorderError, damaged_input

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
MANIFEST = "manifest.json"
LOCK = ".lock"
NOTES = 1_000  # of a kind that a manifest lists; all are counted
_NAME = re.compile(r"\d{6,}-\d{4}-\d{2}-\d{2}\.jsonl\.gz")


@dataclass(slots=True)
class Segment:
    """One file of a recording, as the manifest has it.

    Parameters
    ----------
    name : str
        The number of the segment and the UTC day of its first line.
    is_closed : bool
        Whether nothing will be added; `size` and `sha256` are then final.
    size, frames : int
        Bytes of the file, and frames in it.
    first_ns, last_ns : int or None
        Receive times of its first and last line.
    sha256 : str or None
        Of the file's bytes, once it is closed.
    torn_bytes : int
        Cut off its end, where a recorder was killed.
    damage : str
        What is wrong with it, where that cannot be mended.
    """

    name: str
    is_closed: bool = False
    size: int = 0
    frames: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    sha256: str | None = None
    torn_bytes: int = 0
    damage: str = ""


@dataclass(slots=True)
class Manifest:
    """What a recording holds; written anew as a whole, so that it is never half a manifest."""

    format: int = FORMAT
    obcore: str = ""
    venues: list[str] = field(default_factory=list)
    symbols: list[str] = field(default_factory=list)
    instruments: dict[str, dict[str, str | None]] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)
    lost_frames: int = 0
    lost: list[dict[str, Any]] = field(default_factory=list)
    outage_count: int = 0
    outages: list[dict[str, Any]] = field(default_factory=list)

    def note_lost(self, count: int, from_ns: int, to_ns: int, reason: str) -> None:
        """Keep that frames could not be written."""
        self.lost_frames += count
        if len(self.lost) < NOTES:
            note = {"count": count, "from_ns": from_ns, "to_ns": to_ns, "reason": reason}
            self.lost.append(note)

    def note_outage(self, **told: Any) -> None:
        """Keep a gap or an outage that a feed told."""
        self.outage_count += 1
        if len(self.outages) < NOTES:
            self.outages.append(told)


def read_manifest(directory: Path) -> Manifest | None:
    """Return the manifest of a directory; None where there is none.

    Raises
    ------
    DecodeError
        If it is damaged, or of a version that is not known.
    """
    path = directory / MANIFEST
    if not path.exists():
        return None
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT:
            reason = f"format: expected {FORMAT}, received {document['format']!r}"
            raise damaged_input(str(path), reason)
        document["segments"] = [Segment(**segment) for segment in document["segments"]]
        return Manifest(**document)
    except (ValueError, KeyError, TypeError) as error:
        if hasattr(error, "reason"):
            raise
        reason = (
            f"expected the manifest of a recording, received {type(error).__name__}: {error}"
        )
        raise damaged_input(str(path), reason) from error


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Put a manifest in the place of the one before, whole or not at all."""
    text = json.dumps(asdict(manifest), indent=1).encode() + b"\n"
    part = directory / f"{MANIFEST}.part"
    with part.open("wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(directory / MANIFEST)


def is_recording(directory: Path) -> bool:
    """Whether a directory holds a recording."""
    if not directory.is_dir():
        return False
    return (directory / MANIFEST).exists() or bool(_segment_names(directory))


def segments_of(directory: Path) -> list[Segment]:
    """Return the segments of a directory in order, also those that no manifest names yet.

    Raises
    ------
    DecodeError
        If one that the manifest names is missing, or the manifest is damaged.
    """
    manifest = read_manifest(directory) or Manifest()
    known = {segment.name: segment for segment in manifest.segments}
    for name in known:
        if not _NAME.fullmatch(name) or not (directory / name).is_file():
            reason = f"segments: expected the file {name!r}, received none of that name"
            raise damaged_input(str(directory / MANIFEST), reason)
    names = sorted({*known, *_segment_names(directory)}, key=number_of)
    return [known.get(name) or Segment(name) for name in names]


def _segment_names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir() if _NAME.fullmatch(path.name)]


def number_of(name: str) -> int:
    """Return the number of a segment, which is its place."""
    return int(name.partition("-")[0])


def index_of(segment: Path) -> Path:
    """Return the index that stands beside a segment."""
    return segment.with_name(segment.name.removesuffix(".jsonl.gz") + ".index.jsonl")


def indexed_end(segment: Path) -> int:
    """Return up to where the index says that the segment is whole; 0 where it says nothing."""
    end = 0
    index = index_of(segment)
    for line in index.read_bytes().splitlines(keepends=True) if index.exists() else []:
        if not line.endswith(b"\n"):
            break  # torn like the segment itself
        try:
            entry = json.loads(line)
            end = max(end, entry["offset"] + entry["size"])
        except (ValueError, KeyError, TypeError):
            break
    return end


def lock(directory: Path) -> int:
    """Return the descriptor that keeps other recorders out of a directory while it is open.

    Raises
    ------
    RecorderError
        If another process records there.
    """
    import fcntl  # noqa: PLC0415  Windows has none, and reads recordings all the same

    held = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        msg = f"{directory}: expected a directory to record into alone, another process records there"
        raise RecorderError(msg) from None
    return held
