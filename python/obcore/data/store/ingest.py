"""Recordings of any format into a store."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obcore.book import ColumnSink
from obcore.data import lobster
from obcore.data.changes import ChangeBatch, TradeBatch
from obcore.data.recording import Recording
from obcore.data.store import manifest as manifests
from obcore.data.store.manifest import StoredRecording
from obcore.data.store.schema import VERSION
from obcore.data.store.writer import RecordingWriter, remove_leftovers
from obcore.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike

    from obcore.data.recording import Identity
    from obcore.data.table import Summary
    from obcore.instrument import Instrument

FINGERPRINT = 1 << 20  # bytes at either end of a file by which it is known again


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What was written, or was there already.

    Parameters
    ----------
    symbol : str
        ``venue:SYMBOL`` in the store.
    is_new : bool
        False where the store had the recording already.
    messages, trades, updates : int
        Changes of the book and trades written, and levels told.
    size : int
        Bytes of the files.
    summary : dict
        What the recording was seen to hold.
    """

    symbol: str
    is_new: bool
    messages: int
    trades: int
    updates: int
    size: int
    summary: dict[str, Any]


def write_store(
    inputs: str | PathLike[str] | Iterable[str | PathLike[str]],
    out: str | PathLike[str],
    *,
    trades: str | PathLike[str] | Iterable[str | PathLike[str]] = (),
    instrument: Instrument | None = None,
    symbol: str | None = None,
    venue: str | None = None,
    kind: str = "auto",
    uncross: bool = False,
    on_read: Callable[[int], None] | None = None,
) -> Ingested:
    """Write what happened to one book into a store, in memory independent of its length.

    Files appear when they are whole. A run that was interrupted, even killed, is finished by the
    next one with the same inputs; what the store has already is not written again.

    Parameters
    ----------
    inputs, trades, instrument, symbol, kind, uncross
        As in `Recording`: files in time order are one continuous recording.
    out : path-like
        The folder of the store; made where it is missing.
    venue : str, optional
        Under which the symbol is stored. Without it, the market in front of `symbol`, or the word
        that the format has for it.
    on_read : callable, optional
        Called with the number of file bytes read.

    Returns
    -------
    Ingested
        What was written.

    Raises
    ------
    StoreError
        If another process writes the symbol, or the store has another recording of the same time.
    DecodeError
        If the input is malformed; it names file and line.

    Examples
    --------
    >>> import tempfile
    >>> import obcore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = obcore.write_store(obcore.sample(), folder, venue="binance-futures")
    ...     book = obcore.Store(folder).state_at("ETHUSDT", "2024-07-18T23:58:00")
    >>> done.symbol, done.trades
    ('binance-futures:ETHUSDT', 1640)
    >>> book.state.name, book.best_bid
    ('SYNCED', (342516, 69992))
    """
    recording = Recording(
        inputs, trades=trades, instrument=instrument, symbol=symbol, kind=kind, uncross=uncross
    )
    return _Job(recording, Path(out), venue, on_read).run()


class _Job:
    """One recording on its way into a store."""

    def __init__(
        self,
        recording: Recording,
        root: Path,
        venue: str | None,
        on_read: Callable[[int], None] | None,
    ) -> None:
        self._recording, self._root, self._venue = recording, root, venue
        self._on_read = on_read

    def run(self) -> Ingested:
        sources = [
            {"name": path.name, "bytes": path.stat().st_size} for path in self._recording.files
        ]
        identity = _identity(self._recording)
        found = self._recording.identify()
        venue, symbol = self._name(found)
        # Positions go on from one recording to the next, in whatever order they are ingested: no
        # market has more than one message a nanosecond.
        sink = ColumnSink(first_position=found.first_ns or 0)
        with manifests.locked(self._root, venue, symbol):
            remove_leftovers(self._root, venue, symbol)
            manifest = manifests.load(self._root, venue, symbol)
            known = next((one for one in manifest.recordings if one.id == identity), None)
            if known is not None and known.complete:
                return _ingested(manifest.name, known, is_new=False)
            writer = RecordingWriter(
                self._root, manifest, known or StoredRecording(id=identity, sources=sources)
            )
            try:
                summary = self._recording.play(
                    sink, on_chunk=lambda _: _write(sink, writer), on_read=self._on_read
                )
                sink.finish()
                _write(sink, writer)
                writer.finish([asdict(one) for one in summary.sources], _told(summary))
            finally:
                writer.abandon()
        return _ingested(writer.manifest.name, writer.recording, is_new=True)

    def _name(self, found: Identity) -> tuple[str, str]:
        """Return venue and symbol, as asked for or as the first messages tell."""
        given, _, native = self._recording.symbol.rpartition(":")
        venue = self._venue or given or found.venue
        symbol = found.symbol or native
        if not symbol:
            names = ", ".join(path.name for path in self._recording.inputs)
            msg = f"{names}: the messages name no symbol; say it (--symbol)"
            raise StoreError(msg)
        return venue, symbol


def _write(sink: ColumnSink, writer: RecordingWriter) -> None:
    for part in sink.take_changes():
        batch = ChangeBatch.of(part)
        _require_room(writer, batch)
        writer.add(batch)
    for part in sink.take_trades():
        writer.add(TradeBatch.of(part))


def _require_room(writer: RecordingWriter, batch: ChangeBatch) -> None:
    """Raise where another recording of the symbol has the same time."""
    first, last = int(batch.time_ns[0]), int(batch.time_ns[-1])
    for other in writer.manifest.recordings:
        if other.id == writer.recording.id or other.first_ns is None or other.last_ns is None:
            continue
        if first <= other.last_ns and last >= other.first_ns:
            names = ", ".join(source["name"] for source in other.sources)
            msg = (
                f"{writer.manifest.name}: the store has {names} of the same time "
                f"({other.first_ns} to {other.last_ns}); ingest it into a store of its own"
            )
            raise StoreError(msg)


def _identity(recording: Recording) -> str:
    """Return what tells whether a recording is the same as another one."""
    told: list[Any] = [VERSION, recording.how]
    for path in recording.files:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            ends = file.read(FINGERPRINT)
            file.seek(max(0, size - FINGERPRINT))
            ends += file.read(FINGERPRINT)
        told.append([path.name, size, hashlib.sha256(ends).hexdigest()])
    openings = [opening.books for opening in lobster.with_contexts(recording.inputs)]
    told.append([None if books is None else books.sha256 for books in openings])
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _told(summary: Summary) -> dict[str, Any]:
    """Return what is kept of a summary."""
    counts = summary.counts
    kept = (
        "formats", "messages", "levels", "kinds", "recv_clock", "event_clock", "min_latency_ns",
        "max_latency_ns", "gap_count", "interruptions", "crossed", "locked", "skipped_old",
        "joins", "joined_deltas", "repeated_prices",
    )  # fmt: skip
    return {
        "state": summary.state,
        "reason": summary.reason,
        "states": summary.states,
        "gaps": summary.gaps,
        **{name: counts[name] for name in kept},
    }


def _ingested(symbol: str, recording: StoredRecording, *, is_new: bool) -> Ingested:
    files = recording.files
    return Ingested(
        symbol=symbol,
        is_new=is_new,
        messages=sum(file.rows for file in files if file.kind == "depth"),
        trades=sum(file.rows for file in files if file.kind == "trades"),
        updates=sum(file.updates for file in files),
        size=sum(file.size for file in files),
        summary=recording.summary,
    )
