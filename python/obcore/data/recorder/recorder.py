"""The recorder: the tap of a feed that writes what arrives, and never makes the feed wait."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from obcore.data.recorder.directory import (
    Manifest,
    lock,
    number_of,
    read_manifest,
    segments_of,
    write_manifest,
)
from obcore.data.recorder.queue import Arrival, ArrivalQueue, Hole
from obcore.data.recorder.repair import repair
from obcore.data.recorder.segment import SegmentWriter
from obcore.errors import RecorderError
from obcore.ingest.capture import CaptureLines, lost_line
from obcore.ingest.events import Disconnected, Gap, Stale, TradesLost

if TYPE_CHECKING:
    from os import PathLike

    from obcore.data.recorder.directory import Segment
    from obcore.ingest.connection import Link
    from obcore.ingest.feed import Feed
    from obcore.ingest.listener import FeedEvents

MEMBER_BYTES = 1 << 20  # of text in one member
MEMBER_S = 0.5  # a member waits no longer, so that a kill costs less than a second
PAUSE_S = 0.05
RETRY_S = 0.5  # between two tries to write where the disk is full
MANIFEST_S = 1.0
DAY_NS = 86_400 * 10**9


class Recorder:
    """Keeps what a feed receives in a directory, lossless, in segments that survive a kill.

    A tap of `obcore.live`. It only queues what arrives; a thread of its own writes. What there is
    no room for is counted, and said in the recording, so that one with a hole never reads as
    whole. `Recording` and every command read the directory.

    Parameters
    ----------
    directory : path
        Where the recording is, or will be: one that is there goes on in a new segment, after what
        a kill left is mended.
    segment_size : int, optional
        Bytes at which a segment ends; one ends at midnight UTC too.
    queue_size : int, optional
        Bytes that may wait to be written.

    Raises
    ------
    RecorderError
        When it is opened: if another process records there.
    DecodeError
        When it is opened: if the manifest there is damaged.

    Examples
    --------
    >>> import obcore, tempfile
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     with obcore.Recorder(directory) as recorder:
    ...         feed = obcore.live("binance-futures:BTCUSDT", tap=recorder)
    ...     recorder.state, recorder.frames, recorder.lost
    ('closed', 0, 0)
    """

    def __init__(
        self,
        directory: str | PathLike[str],
        *,
        segment_size: int = 256 << 20,
        queue_size: int = 64 << 20,
    ) -> None:
        for name, size in (("segment_size", segment_size), ("queue_size", queue_size)):
            if size <= 0:
                msg = f"{name}: expected a positive number of bytes, received {size}"
                raise ValueError(msg)
        self.directory = Path(directory)
        self.state = "new"
        self.error = ""
        self.frames = 0
        self.bytes_written = 0
        self.repaired: list[Segment] = []
        self._segment_size = segment_size
        self._queue = ArrivalQueue(queue_size)
        self._given_up = 0
        self._lines = CaptureLines()
        self._text: list[bytes] = []
        self._text_bytes = self._text_frames = self._text_ns = 0
        self._text_began = 0.0
        self._preface: list[bytes] = []
        self._number = self._day = 0
        self._reason_of_hole = ""
        self._segment: SegmentWriter | None = None
        self._manifest = Manifest()
        self._manifest_lock = threading.Lock()
        self._manifest_due = 0.0
        self._is_manifest_stale = False
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock: int | None = None
        self._events: FeedEvents | None = None

    # ---- Life -------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Take the directory, mend what is there, and begin to write."""
        if self._thread is not None:
            msg = "expected a recorder that was not opened before: make a new one"
            raise RecorderError(msg)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._lock = lock(self.directory)
        try:
            self._go_on()
        except BaseException:
            os.close(self._lock)
            raise
        self.state = "recording"
        self._thread = threading.Thread(target=self._run, name="obcore recorder", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is queued, and close the segment and the manifest.

        Where the disk is full, what is queued is counted as lost.
        """
        self._closing.set()
        if self._thread is not None and self._lock is not None:
            self._thread.join()
            os.close(self._lock)
            self._lock = None
        if self.state == "failed":
            msg = f"{self.directory}: the recorder failed: {self.error}"
            raise RecorderError(msg)

    def __call__(self, source: Link | str, data: bytes | None, ts_recv_ns: int) -> None:
        """Queue what arrived; never waits for the disk."""
        if self._thread is None:
            msg = "expected an open recorder: with obcore.Recorder(…) as recorder"
            raise RecorderError(msg)
        if not self._thread.is_alive():  # closed, or failed
            self._given_up += bool(data)
            return
        is_writing = self.state == "recording"
        why = (
            "the queue was full"
            if is_writing
            else f"the recorder is {self.state}: {self.error}"
        )
        self._queue.put(Arrival(source, data, ts_recv_ns), why)

    @property
    def lost(self) -> int:
        """Frames and answers that could not be written, of this recorder."""
        return self._queue.lost + self._given_up

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait to be written."""
        return self._queue.size

    def note(self, feed: Feed) -> None:
        """Keep in the manifest what a feed knows: ticks and lots, and outages since the last call."""
        if self._events is None:
            self._events = feed.events(capacity=4_096, features=False)
        told = [event for event in self._events.poll() if isinstance(event, _OUTAGES)]
        with self._manifest_lock:
            for symbol in feed.symbols:
                grid = feed.book(symbol).grid
                is_known = feed.health(symbol).states > 0
                self._manifest.instruments[symbol] = {
                    "tick": grid.tick if is_known else None,
                    "lot": grid.lot if is_known else None,
                }
            for event in told:
                self._manifest.note_outage(
                    symbol=event.symbol,
                    kind=type(event).__name__,
                    ts_recv_ns=event.ts_recv_ns,
                    reason=getattr(event, "reason", ""),
                )
            self._is_manifest_stale = True

    def _go_on(self) -> None:
        """Close what a killed recorder left open, and begin behind it."""
        from obcore import __version__  # noqa: PLC0415  the package imports this layer

        found = segments_of(self.directory)
        self._manifest = read_manifest(self.directory) or Manifest()
        self._manifest.obcore = __version__
        self._manifest.segments = found
        for segment in found:
            if not segment.is_closed:
                repair(self.directory, segment)
                self.repaired.append(segment)
        if found:
            self._number = number_of(found[-1].name)
            self._reason_of_hole = "the recording ended and began again"
        write_manifest(self.directory, self._manifest)

    # ---- In its thread ----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._write_until_closed()
            self._close()
        except Exception as error:  # noqa: BLE001  the feed goes on, and who closes is told
            self.error = f"{type(error).__name__}: {error}"
            self.state = "failed"
            waiting = [item for item in self._queue.take() if isinstance(item, Arrival)]
            self._given_up += self._text_frames + sum(bool(item.data) for item in waiting)

    def _write_until_closed(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._closing.wait(PAUSE_S)
            taken = self._queue.take()
            while taken:
                self._take(taken.popleft())
            if is_last or time.monotonic() - self._text_began >= MEMBER_S:
                self._flush()
            if self._is_manifest_stale and time.monotonic() >= self._manifest_due:
                self._save_manifest()

    def _take(self, item: Arrival | Hole) -> None:
        if isinstance(item, Hole):
            self._take_hole(item)
            return
        self._begin_member(item.ts_recv_ns)
        self._add(self._lines.of(item.source, item.data, item.ts_recv_ns))
        self._text_frames += bool(item.data)
        self._queue.done(item)
        if item.data == b"" and not isinstance(item.source, str):
            self._name(item.source)
        if self._text_bytes >= MEMBER_BYTES:
            self._flush()

    def _take_hole(self, hole: Hole) -> None:
        self._begin_member(hole.to_ns)
        self._lines.keep(hole.open_links)
        reason = f"{hole.count} frames could not be written: {hole.reason}"
        self._add(lost_line(hole.to_ns, reason), *self._lines.open(hole.to_ns))
        for link in hole.open_links:
            self._name(link)
        self._note_lost(hole.count, hole.from_ns, hole.to_ns, hole.reason)

    def _begin_member(self, ts_recv_ns: int) -> None:
        """Make sure that there is a member to add to; a new day begins another one."""
        if self._text and ts_recv_ns // DAY_NS > self._text_ns // DAY_NS:
            self._flush()
        if not self._text:
            self._text_ns = max(ts_recv_ns, self._text_ns)  # a clock may be set back
            self._text_began = time.monotonic()
            self._preface = list(self._lines.open(ts_recv_ns))

    def _add(self, *lines: bytes) -> None:
        self._text += lines
        self._text_bytes += sum(map(len, lines))

    def _flush(self) -> None:
        """Write the member, however long the disk is full; at the end, try no more than once."""
        while self._text:
            try:
                self._append()
            except OSError as error:
                self.error = error.strerror or str(error)
                self.state = "full"
                if self._closing.wait(RETRY_S):
                    self._give_up()
            else:
                self.state = "recording"
                self._forget_text()

    def _append(self) -> None:
        day = self._text_ns // DAY_NS
        segment = self._segment
        if segment is None or segment.segment.size >= self._segment_size or day > self._day:
            segment = self._rotate(day)
        text = self._text
        if segment.segment.size == 0:
            text = [*self._first_lines(), *text]
        before = segment.segment.size
        segment.append(b"".join(text))
        self._reason_of_hole = ""
        self.bytes_written += segment.segment.size - before
        self.frames += self._text_frames

    def _first_lines(self) -> list[bytes]:
        header = {"t": "header", "obcore": self._manifest.obcore, "segment": self._number}
        lines = [json.dumps(header).encode() + b"\n"]
        if self._reason_of_hole:
            lines.append(lost_line(self._text_ns, self._reason_of_hole))
        return lines + self._preface

    def _rotate(self, day: int) -> SegmentWriter:
        if self._segment is not None:
            self._segment.close()
            self._segment = None
        date = time.strftime("%Y-%m-%d", time.gmtime(day * 86_400))
        name = f"{self._number + 1:06d}-{date}.jsonl.gz"
        self._segment = SegmentWriter(self.directory, name)
        self._number, self._day = self._number + 1, day
        with self._manifest_lock:
            self._manifest.segments.append(self._segment.segment)
        self._save_manifest()
        return self._segment

    def _give_up(self) -> None:
        self._given_up += self._text_frames
        self._note_lost(self._text_frames, self._text_ns, self._text_ns, self.error)
        self._forget_text()

    def _forget_text(self) -> None:
        self._text = []
        self._text_bytes = self._text_frames = 0

    def _close(self) -> None:
        was_full = self.state == "full"
        try:
            if self._segment is not None:
                self._segment.close()
            self._save_manifest()
        except OSError as error:
            self.error = error.strerror or str(error)
        self.state = "full" if was_full else "closed"

    # ---- The manifest -----------------------------------------------------------------------

    def _name(self, link: Link) -> None:
        venue = link.route.venue.name
        with self._manifest_lock:
            _add_new(self._manifest.venues, venue)
            for stream in link.route.streams:
                symbol = f"{venue}:{stream.symbol}"
                _add_new(self._manifest.symbols, symbol)
                self._manifest.instruments.setdefault(symbol, {"tick": None, "lot": None})
            self._is_manifest_stale = True

    def _note_lost(self, count: int, from_ns: int, to_ns: int, reason: str) -> None:
        with self._manifest_lock:
            self._manifest.note_lost(count, from_ns, to_ns, reason)
            self._is_manifest_stale = True

    def _save_manifest(self) -> None:
        """Write it where there is room; where not, it is tried again."""
        self._manifest_due = time.monotonic() + MANIFEST_S
        try:
            with self._manifest_lock:
                write_manifest(self.directory, self._manifest)
                self._is_manifest_stale = False
        except OSError as error:
            self._is_manifest_stale = True
            self.error = error.strerror or str(error)


_OUTAGES = (Disconnected, Gap, Stale, TradesLost)


def _add_new(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)
