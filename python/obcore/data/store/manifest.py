"""What a store holds of one symbol: recordings, files, and who may write them."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from obcore.data.store.schema import VERSION
from obcore.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWN = "_obcore"  # readers of partitions pass over names that begin so
KINDS = ("depth", "trades")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that is whole.

    Parameters
    ----------
    path : str
        Below the store.
    number : int
        Of the recording's files of one kind, from 0.
    rows, updates, size : int
        Messages or trades, levels told, and bytes.
    sha256 : str
        Of the bytes.
    first_ns, last_ns : int or None
        First and last time.
    """

    path: str
    number: int
    rows: int
    updates: int
    size: int
    sha256: str
    first_ns: int | None
    last_ns: int | None

    @property
    def kind(self) -> str:
        """``"depth"`` or ``"trades"``."""
        return self.path.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecording:
    """What was ingested in one go.

    Parameters
    ----------
    id : str
        Told by the inputs and how they were read.
    sources : list of dict
        Inputs with name, bytes and, once read, sha256.
    files : list of StoredFile
        What became of them.
    complete : bool
        Whether the inputs were read to their end.
    summary : dict
        What was counted, once it is complete.
    """

    id: str
    sources: list[dict[str, Any]]
    files: list[StoredFile] = field(default_factory=list)
    complete: bool = False
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def first_ns(self) -> int | None:
        """First time of any file."""
        return min((f.first_ns for f in self.files if f.first_ns is not None), default=None)

    @property
    def last_ns(self) -> int | None:
        """Last time of any file."""
        return max((f.last_ns for f in self.files if f.last_ns is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One symbol of a store.

    Parameters
    ----------
    venue, symbol : str
        Together its name.
    tick, lot : str
        Steps of all its files; empty before the first one.
    nonpositive_prices : bool
        Whether prices of zero or less are legal.
    recordings : list of StoredRecording
        In the order of time.
    """

    venue: str
    symbol: str
    tick: str = ""
    lot: str = ""
    nonpositive_prices: bool = False
    recordings: list[StoredRecording] = field(default_factory=list)

    @property
    def name(self) -> str:
        """``venue:SYMBOL``."""
        return f"{self.venue}:{self.symbol}"

    def with_recording(self, recording: StoredRecording) -> Manifest:
        """Return it with a recording added, or in place of the one of the same id."""
        others = [one for one in self.recordings if one.id != recording.id]
        ordered = sorted([*others, recording], key=lambda one: one.first_ns or 0)
        return replace(self, recordings=ordered)

    def files(self, kind: str) -> list[StoredFile]:
        """Return the files of a kind in the order of time."""
        return [file for one in self.recordings for file in one.files if file.kind == kind]


def partition(kind: str, venue: str, symbol: str, date: str) -> str:
    """Return where files of one day lie, below the store.

    Examples
    --------
    >>> partition("depth", "kraken", "XBT/USD", "2024-08-08")
    'depth/venue=kraken/symbol=XBT%2FUSD/date=2024-08-08'
    """
    return f"{kind}/venue={_quoted(venue)}/symbol={_quoted(symbol)}/date={date}"


def _quoted(name: str) -> str:
    return quote(name, safe="-_.")


def manifest_path(root: Path, venue: str, symbol: str) -> Path:
    """Return the manifest's file."""
    return root / OWN / _quoted(venue) / f"{_quoted(symbol)}.json"


def is_store(path: Path) -> bool:
    """Return whether a path is the folder of a store."""
    return (path / OWN).is_dir()


def names_in(root: Path) -> list[tuple[str, str]]:
    """Return venue and symbol of everything that a store holds."""
    found = (root / OWN).glob("*/*.json")
    return sorted((unquote(path.parent.name), unquote(path.stem)) for path in found)


def load(root: Path, venue: str, symbol: str) -> Manifest:
    """Return what is there of a symbol; an empty manifest where that is nothing."""
    path = manifest_path(root, venue, symbol)
    if not path.exists():
        return Manifest(venue=venue, symbol=symbol)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told.pop("schema") != VERSION:
            raise _damaged(path, f"expected schema version {VERSION}; a newer obcore wrote it")
        told.pop("obcore_version")
        recordings = [
            StoredRecording(**one | {"files": [StoredFile(**file) for file in one["files"]]})
            for one in told.pop("recordings")
        ]
        return Manifest(**told, recordings=recordings)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, f"expected a manifest of a store: {error}") from error


def save(root: Path, manifest: Manifest) -> None:
    """Write a manifest, all of it or nothing."""
    from obcore import __version__  # noqa: PLC0415  the package imports this layer

    path = manifest_path(root, manifest.venue, manifest.symbol)
    document = {"schema": VERSION, "obcore_version": __version__, **asdict(manifest)}
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        sync(file)
    temporary.replace(path)
    sync_folder(path.parent)


def sync(file: IO[Any]) -> None:
    """Let what was written to a file survive a loss of power."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Let a rename in a folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(root: Path, venue: str, symbol: str) -> Iterator[None]:
    """Hold a symbol of a store for writing; the operating system lets go of it with the process.

    Raises
    ------
    StoreError
        If another process is writing it.
    """
    path = manifest_path(root, venue, symbol).with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            who = file.read().strip() or "?"
            msg = (
                f"{root}: {venue}:{symbol} is being written by process {who}; wait for its end"
            )
            raise StoreError(msg) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _damaged(path: Path, reason: str) -> StoreError:
    return StoreError(f"{path}: {reason}")
