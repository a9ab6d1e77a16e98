"""Writes the batches of one recording into files that appear when they are whole."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from obcore.book import ABSENT
from obcore.data.changes import ChangeBatch, TradeBatch
from obcore.data.store import manifest as manifests
from obcore.data.store.manifest import Manifest, StoredFile, StoredRecording, partition
from obcore.data.store.schema import (
    VERSION,
    WORDS,
    depth_schema,
    finest,
    rescaled,
    steps_of,
    to_changes,
    to_table,
    to_trades,
    trade_schema,
    writer,
)

if TYPE_CHECKING:
    from pathlib import Path

UPDATES_A_FILE = 1 << 24  # what an interruption can cost
TRADES_A_FILE = 1 << 24


class RecordingWriter:
    """Writes one recording of a symbol; whoever makes it holds the symbol's lock.

    Files that an interrupted run has finished are not written again: the same inputs give the
    same batches, and those are passed over.

    Parameters
    ----------
    root : Path
        The store.
    manifest : Manifest
        What it holds of the symbol.
    recording : StoredRecording
        What is written, with the files that are there already.
    """

    def __init__(self, root: Path, manifest: Manifest, recording: StoredRecording) -> None:
        self.root = root
        self.recording = recording
        self.manifest = manifest
        self._open: dict[str, _OpenFile | None] = {"depth": None, "trades": None}
        self._numbers = {"depth": 0, "trades": 0}
        self.rows = {"depth": 0, "trades": 0}
        self.updates = 0

    def add(self, batch: ChangeBatch | TradeBatch) -> None:
        """Write a batch of one day behind those before it."""
        kind = "depth" if isinstance(batch, ChangeBatch) else "trades"
        date = _date_of(batch)
        file = self._open[kind]
        # Told by the batches alone, so that a second run makes the same files.
        if file is not None and file.has_to_end(batch, date):
            self._close(kind)
            file = None
        self._follow(batch)
        if file is None:
            file = self._begin(kind, batch, date)
        file.add(rescaled(batch, self.manifest.tick, self.manifest.lot))
        self.rows[kind] += len(batch)
        self.updates += batch.updates if isinstance(batch, ChangeBatch) else 0

    def finish(self, sources: list[dict[str, Any]], summary: dict[str, Any]) -> None:
        """Close the files and say that the recording is whole."""
        for kind in self._open:
            self._close(kind)
        self.recording = replace(
            self.recording, complete=True, sources=sources, summary=summary
        )
        self._save()

    def abandon(self) -> None:
        """Drop what is not whole."""
        for file in self._open.values():
            if file is not None:
                file.drop()

    def _begin(self, kind: str, batch: ChangeBatch | TradeBatch, date: str) -> _OpenFile:
        number = self._numbers[kind]
        self._numbers[kind] += 1
        folder = partition(kind, self.manifest.venue, self.manifest.symbol, date)
        path = f"{folder}/{self.recording.id[:12]}-{number:05}.parquet"
        known = next((f for f in self.recording.files if f.path == path), None)
        told = {
            "schema": VERSION,
            "venue": self.manifest.venue,
            "symbol": self.manifest.symbol,
            "tick": self.manifest.tick,
            "lot": self.manifest.lot,
        }
        file = _OpenFile(self.root, path, number, told, known)
        file.date, file.steps = date, (batch.tick, batch.lot)
        self._open[kind] = file
        return file

    def _close(self, kind: str) -> None:
        file = self._open[kind]
        self._open[kind] = None
        if file is None:
            return
        stored = file.finish()
        if file.is_known:
            return
        self.recording = replace(self.recording, files=[*self.recording.files, stored])
        self._save()

    def _save(self) -> None:
        self.manifest = self.manifest.with_recording(self.recording)
        manifests.save(self.root, self.manifest)

    def _follow(self, batch: ChangeBatch | TradeBatch) -> None:
        """Move the symbol's files onto a finer grid where a batch needs one."""
        steps = (batch.tick, batch.lot)
        now = (self.manifest.tick, self.manifest.lot)
        wanted = steps if now == ("", "") else finest(now, steps)
        if wanted == now:
            return
        for kind in self._open:
            self._close(kind)
        self.manifest = replace(
            self.manifest,
            tick=wanted[0],
            lot=wanted[1],
            recordings=[
                replace(one, files=[self._moved(file, wanted) for file in one.files])
                for one in self.manifest.recordings
            ],
        )
        for one in self.manifest.recordings:
            if one.id == self.recording.id:
                self.recording = one
        manifests.save(self.root, self.manifest)

    def _moved(self, file: StoredFile, steps: tuple[str, str]) -> StoredFile:
        from pyarrow import parquet  # noqa: PLC0415  an extra

        path = self.root / file.path
        words = list(WORDS) if file.kind == "depth" else None
        with parquet.ParquetFile(path, read_dictionary=words) as old:
            told = steps_of(old.metadata.metadata, path) | {"tick": steps[0], "lot": steps[1]}
            before = steps_of(old.metadata.metadata, path)
            out = _OpenFile(self.root, file.path, file.number, told)
            for group in range(old.num_row_groups):
                table = old.read_row_group(group)
                if file.kind == "depth":
                    out.add(rescaled(to_changes(table, before, path), *steps))
                else:
                    out.add(rescaled(to_trades(table, before), *steps))
        return out.finish()


class _OpenFile:
    """A Parquet file under a temporary name, or one that is there and passed over."""

    date = ""
    steps = ("", "")  # of the batches as they come

    def __init__(
        self,
        root: Path,
        path: str,
        number: int,
        told: dict[str, Any],
        known: StoredFile | None = None,
    ) -> None:
        self._path, self._number, self._known = path, number, known
        self._rows = self._updates = 0
        self._first = self._last = ABSENT
        self._final = root / path
        self._temporary = self._final.with_name(f".{self._final.name}.tmp")
        self._writer: Any = None
        if known is not None:
            return
        self._final.parent.mkdir(parents=True, exist_ok=True)
        schema = depth_schema() if path.startswith("depth/") else trade_schema()
        self._writer = writer(self._temporary, schema, told)

    @property
    def is_known(self) -> bool:
        return self._known is not None

    def has_to_end(self, batch: ChangeBatch | TradeBatch, date: str) -> bool:
        """Whether a batch belongs into the next file."""
        return (
            date != self.date
            or (batch.tick, batch.lot) != self.steps
            or self._updates >= UPDATES_A_FILE
            or self._rows >= TRADES_A_FILE
        )

    def add(self, batch: ChangeBatch | TradeBatch) -> None:
        self._rows += len(batch)
        self._updates += batch.updates if isinstance(batch, ChangeBatch) else 0
        known = batch.time_ns[batch.time_ns != ABSENT]
        if len(known):
            self._first = int(known[0]) if self._first == ABSENT else self._first
            self._last = int(known[-1])
        if self._writer is not None:
            self._writer.write_table(to_table(batch), row_group_size=max(1, len(batch)))

    def finish(self) -> StoredFile:
        if self._known is not None:
            return self._known
        self._writer.close()
        digest = hashlib.sha256()
        with self._temporary.open("rb+") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
            size = file.tell()
            manifests.sync(file)
        self._temporary.replace(self._final)
        manifests.sync_folder(self._final.parent)
        return StoredFile(
            path=self._path,
            number=self._number,
            rows=self._rows,
            updates=self._updates,
            size=size,
            sha256=digest.hexdigest(),
            first_ns=None if self._first == ABSENT else self._first,
            last_ns=None if self._last == ABSENT else self._last,
        )

    def drop(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._temporary.unlink(missing_ok=True)


def _date_of(batch: ChangeBatch | TradeBatch) -> str:
    known = batch.time_ns[batch.time_ns != ABSENT]
    if not len(known):
        msg = "expected times, to know the day; none of these messages has one"
        raise ValueError(msg)
    return str(known[0].view("M8[ns]").astype("M8[D]"))


def remove_leftovers(root: Path, venue: str, symbol: str) -> None:
    """Delete what a run that was killed has left half written."""
    for kind in manifests.KINDS:
        folder = root / partition(kind, venue, symbol, "").rpartition("/")[0]
        for path in folder.glob("date=*/.*.tmp"):
            path.unlink()
