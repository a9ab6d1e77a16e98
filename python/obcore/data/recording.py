"""A recording: one or several files replayed as one, into books and features."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obcore.book import Book, ChangeSink, Every, FeatureEngine, Replay
from obcore.data import lobster
from obcore.data.arguments import parse_every, parse_kind, parse_time
from obcore.data.columns import ColumnPlan
from obcore.data.hftbacktest_rows import Levels
from obcore.data.recorder.directory import is_recording, segments_of
from obcore.data.recorder.reader import SegmentReader
from obcore.data.source import ChunkFeed, Source, SourceReader
from obcore.data.table import FeatureTable, Summary, joined
from obcore.errors import NeverSyncedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from obcore.data.recorder.directory import Segment
    from obcore.features import ColumnFeature
    from obcore.instrument import Instrument

    Path_ = str | PathLike[str]
    Features = str | ColumnFeature | Iterable[str | ColumnFeature] | FeatureEngine

_WITHOUT_PRICES = {"unknown", "control", "lost"}


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose messages a recording holds, as far as they say it, and from when on."""

    venue: str
    symbol: str
    first_ns: int | None


class Recording:
    """Market data in files, replayed as one continuous stream. Reads nothing until asked.

    Parameters
    ----------
    inputs : path or iterable of paths
        Files in time order, plain, gzip, zip or ``.npz``; several are one recording. A directory
        that `Recorder` wrote stands for its segments. A LOBSTER orderbook file before its message
        file is where the book begins.
    trades : path or iterable of paths, optional
        Files that hold the trades, in time order; only these then count as trades. They are
        merged with the depth on the clock of receipt where both have it, else on the venue's.
    instrument : Instrument, optional
        Fixes tick and lot: a finer number is then an error. Without it both are found from the
        data, as coarse as loses nothing.
    symbol : str, optional
        Which symbol to take from a recording of several; ``BTC/USDT`` and ``btcusdt`` name
        ``BTCUSDT``. Where several markets have it, the market in front tells them apart:
        ``bybit-linear:BTCUSDT``.
    kind : {"auto", "diff", "topn", "pictures", "tardis", "research", "lobster"}, optional
        What the files hold. Recognised from the content by default.
    uncross : bool, optional
        Remove the older side's levels while the book is crossed, in formats without ids.
    strict : bool, optional
        Raise `GapError` where messages are missing, or may be and no id would tell, instead of
        ending the rows there until the next proved join.

    Examples
    --------
    >>> import obcore
    >>> recording = Recording(obcore.sample())
    >>> table = recording.features("microprice, obi_5", every="1s")
    >>> table.values.shape
    (177, 2)
    >>> book = recording.book(at="2024-07-18T23:58:00")
    >>> book.state.name, book.best_bid
    ('SYNCED', (342516, 69992))
    """

    def __init__(
        self,
        inputs: Path_ | Iterable[Path_],
        *,
        trades: Path_ | Iterable[Path_] = (),
        instrument: Instrument | None = None,
        symbol: str | None = None,
        kind: str = "auto",
        uncross: bool = False,
        strict: bool = False,
    ) -> None:
        self._segments: dict[Path, Segment] = {}
        self.inputs = self._files_of(inputs)
        self.trades = _paths(trades)
        if not self.inputs:
            msg = "expected at least one input, received none"
            raise ValueError(msg)
        self._options: dict[str, Any] = {
            "kind": parse_kind(kind),
            "symbol": symbol or (instrument.symbol if instrument is not None else ""),
            "grid": instrument.grid if instrument is not None else None,
            "uncross": uncross,
            "strict": strict,
        }

    def __repr__(self) -> str:
        return f"Recording({[str(path) for path in self.inputs]})"

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that is read."""
        return (*self.inputs, *self.trades)

    @property
    def symbol(self) -> str:
        """What was asked for; empty: the only one."""
        return str(self._options["symbol"])

    @property
    def how(self) -> str:
        """How the files are read, in words that are the same for the same way."""
        return ", ".join(f"{name}={value}" for name, value in self._options.items())

    def identify(self) -> Identity:
        """Return whose messages these are, from no more of them than it takes."""
        replay = self._books_only()
        for _ in self._run(replay, None):
            counts = replay.summary()
            if counts["symbol"] and counts["states"]:
                break
        counts = replay.summary()
        firsts = (counts["recv_clock"]["first_ns"], counts["event_clock"]["first_ns"])
        return Identity(
            venue=counts["venue"],
            symbol=counts["symbol"],
            first_ns=next((first for first in firsts if first is not None), None),
        )

    def features(
        self,
        features: Features = "standard",
        *,
        depth: int = 10,
        every: str | int = "event",
        mode: str = "causal",
        ofi_weights: Sequence[float] | None = None,
        on_read: Callable[[int], None] | None = None,
    ) -> FeatureTable:
        """Return the features of every state in one pass.

        Parameters
        ----------
        features : str, iterable or FeatureEngine, optional
            Names and sets, as a list or with commas between them: ``"standard"``, ``"all"``,
            ``"collector"``, ``"stateful"``, ``"oi, mean(spread)"``. A list may hold
            `ColumnFeature` functions too. An engine goes on from its memory, and keeps what it
            sees: so it is warmed up. The recording must go on where the engine is; where a
            hole lies between, `FeatureEngine.reset` it first.
        depth : int, optional
            Levels a side, where a formula has a depth.
        every : str or int, optional
            A row at every ``"event"``, at every nth (``"10"``), on a grid of receive time
            (``"100ms"``), or at each ``"trade"`` (the last state strictly before it). A row is
            the vector of one state: trades count that were strictly before that state.
        mode : {"causal", "source"}, optional
            As in `FeatureEngine`. In mode ``"source"`` the rows at trades are the article's:
            each merged trade with the last state at or before it, and itself among the trades.
        ofi_weights : sequence of float, optional
            As in `FeatureEngine`.
        on_read : callable, optional
            Called with the number of file bytes read, for a progress bar.

        Raises
        ------
        NeverSyncedError
            If the recording never became a book that can be trusted.
        DecodeError
            If the input is malformed; it names file and line.
        """
        if isinstance(features, FeatureEngine):
            plan = None
        else:
            plan = ColumnPlan.of(features, depth)
            features = plan.native
        parts = list(
            self.batches(
                features,
                depth=depth,
                every=every,
                mode=mode,
                ofi_weights=ofi_weights,
                on_read=on_read,
            )
        )
        table = joined(parts)
        return table if plan is None else plan.complete(table)

    def batches(
        self,
        features: str | Iterable[str] | FeatureEngine = "standard",
        *,
        depth: int = 10,
        every: str | int = "event",
        mode: str = "causal",
        ofi_weights: Sequence[float] | None = None,
        on_read: Callable[[int], None] | None = None,
    ) -> Iterator[FeatureTable]:
        """Yield the rows of `features` in pieces, in memory independent of the length."""
        chosen: dict[str, Any]
        if isinstance(features, FeatureEngine):
            if depth != 10 or mode != "causal" or ofi_weights is not None:
                msg = "depth, mode, ofi_weights: expected none, for the engine has its own"
                raise ValueError(msg)
            chosen = {"engine": features, **self._of_engine(features)}
        else:
            names = features if isinstance(features, str) else ", ".join(features)
            chosen = {"features": names, "depth": depth, "mode": mode}
            chosen["ofi_weights"] = ofi_weights
        trades = ChunkFeed(self.trades, on_read)
        every_mode, n = parse_every(every)
        replay = Replay(
            **self._options | chosen,
            trades=trades if self.trades else None,
            every=every_mode,
            every_n=n,
        )
        columns = tuple(replay.names)
        for sources in self._run(replay, on_read):
            summary = _summary(replay, sources + trades.sources)
            yield FeatureTable(columns, *replay.take_rows(), summary)
        self._require_trust(_summary(replay, ()))

    def book(
        self,
        *,
        at: str | int | None = None,
        sequence: int | None = None,
        on_read: Callable[[int], None] | None = None,
    ) -> Book:
        """Return the book as it was.

        Parameters
        ----------
        at : str or int, optional
            The last state at or before this receive time (venue time where the recording has no
            receive times): ISO 8601 UTC text, or an integer in s, ms, µs or ns.
        sequence : int, optional
            The last state whose final update id is not above this one.
        on_read : callable, optional
            Called with the number of file bytes read.

        Returns
        -------
        Book
            With neither `at` nor `sequence` the one at the end. Its ``state`` and ``reason`` say
            how far it can be trusted.
        """
        return self.book_and_summary(at=at, sequence=sequence, on_read=on_read)[0]

    def play(
        self,
        sink: ChangeSink,
        *,
        on_chunk: Callable[[Replay], None] | None = None,
        on_read: Callable[[int], None] | None = None,
    ) -> Summary:
        """Tell a sink everything that happens to the book, and the trades, in one pass.

        Parameters
        ----------
        sink : ChangeSink
            What is told.
        on_chunk : callable, optional
            Called between the chunks of the input with the replay that is running.
        on_read : callable, optional
            Called with the number of file bytes read.

        Raises
        ------
        DecodeError
            If the input is malformed; it names file and line.
        """
        trades = ChunkFeed(self.trades, on_read)
        replay = self._books_only(sink=sink, trades=trades if self.trades else None)
        sources: tuple[Source, ...] = ()
        for sources in self._run(replay, on_read):  # noqa: B007  the last one is the whole
            if on_chunk is not None:
                on_chunk(replay)
        return _summary(replay, sources + trades.sources)

    def summary(self, *, on_read: Callable[[int], None] | None = None) -> Summary:
        """Return what the recording holds; it need not ever have been in sync."""
        return self.book_and_summary(on_read=on_read)[1]

    def book_and_summary(
        self,
        *,
        at: str | int | None = None,
        sequence: int | None = None,
        on_read: Callable[[int], None] | None = None,
    ) -> tuple[Book, Summary]:
        """Return `book` and the `summary` up to its moment, in one pass."""
        replay, sources = self._replay_until(at, sequence, on_read)
        return replay.book(), _summary(replay, sources)

    def _replay_until(
        self, at: str | int | None, sequence: int | None, on_read: Callable[[int], None] | None
    ) -> tuple[Replay, tuple[Source, ...]]:
        if at is not None and sequence is not None:
            msg = f"expected at or sequence, received both: {at!r} and {sequence!r}"
            raise ValueError(msg)
        if sequence is not None and abs(sequence) >= 2**63:
            msg = f"sequence: expected an integer of 64 bits, received {sequence}"
            raise ValueError(msg)
        replay = self._books_only(
            stop_time_ns=None if at is None else parse_time(at), stop_sequence=sequence
        )
        sources: tuple[Source, ...] = ()
        for sources in self._run(replay, on_read):  # noqa: B007  the last one is the whole
            pass
        return replay, sources

    def _books_only(self, **options: Any) -> Replay:
        """Return a replay that makes no rows."""
        return Replay(
            features="mid_price",
            every=Every.EVENT,
            every_n=1 << 62,
            **self._options,
            **options,
        )

    def _run(
        self, replay: Replay, on_read: Callable[[int], None] | None
    ) -> Iterator[tuple[Source, ...]]:
        """Push every input through; yields after each chunk and at the very end."""
        done: list[Source] = []
        levels = Levels()
        for path, context, books in lobster.with_contexts(self.inputs):
            done += [] if books is None else [books]
            reader = self._reader(path, on_read, levels)
            replay.begin(path.name, **context)
            for chunk in reader.chunks():
                replay.feed(chunk)
                yield (*done, reader.source())
                if replay.stopped:
                    replay.finish()  # a doubt about the format counts here too
                    return
            replay.end(reader.format_name)
            done.append(reader.source())
        while replay.drain():
            yield tuple(done)
        replay.finish()
        yield tuple(done)

    def _reader(
        self, path: Path, on_read: Callable[[int], None] | None, levels: Levels
    ) -> SourceReader | SegmentReader:
        segment = self._segments.get(path)
        if segment is None:
            return SourceReader(path, on_read, levels=levels)
        return SegmentReader(path, segment, on_read)

    def _files_of(self, inputs: Path_ | Iterable[Path_]) -> list[Path]:
        """Return the files, in place of a recorder's directory its segments."""
        files: list[Path] = []
        for path in _paths(inputs):
            if not is_recording(path):
                files.append(path)
                continue
            segments = {path / segment.name: segment for segment in segments_of(path)}
            if not segments:
                msg = f"{path}: expected a recording, received one without a segment yet"
                raise ValueError(msg)
            self._segments |= segments
            files += segments
        return files

    def _of_engine(self, engine: FeatureEngine) -> dict[str, Any]:
        """Return the options that follow from an engine's instrument."""
        symbol, grid = self._options["symbol"], self._options["grid"]
        bare = symbol.partition(":")[2] or symbol  # without the market in front
        normalised = bare.replace("/", "").replace("-", "").upper()
        if symbol and engine.symbol and normalised != engine.symbol:
            msg = f"engine: expected one of {normalised}, received one of {engine.symbol}"
            raise ValueError(msg)
        if grid is not None and grid != engine.grid:
            msg = (
                f"engine: expected tick {grid.tick} and lot {grid.lot} as the recording has, "
                f"received {engine.grid.tick} and {engine.grid.lot}"
            )
            raise ValueError(msg)
        return {"symbol": symbol or engine.symbol, "grid": engine.grid}

    def _require_trust(self, summary: Summary) -> None:
        if not summary.is_trusted:
            names = ", ".join(path.name for path in self.inputs)
            reason = _why_nothing(summary.counts) or summary.reason
            raise NeverSyncedError(names, state=summary.state, reason=reason)


def _paths(paths: Path_ | Iterable[Path_]) -> list[Path]:
    return [Path(path) for path in ([paths] if isinstance(paths, (str, PathLike)) else paths)]


def _why_nothing(counts: dict[str, Any]) -> str:
    """Return why there is not even a depth message; empty where there are some."""
    kinds = {kind: count for kind, count in counts["kinds"].items() if count}
    if kinds.keys() <= _WITHOUT_PRICES and counts["other_symbols"]:
        return f"all of its {counts['other_symbols']:,} messages are of other symbols"
    if not kinds:
        return "there is no message in it"
    if kinds.keys() & {"snapshot", "delta", "topn"}:
        return ""
    if kinds.keys() <= _WITHOUT_PRICES:
        return f"none of its {counts['messages']:,} messages is of a kind that obcore knows"
    found = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
    return f"it holds no depth messages, only {found}"


def _summary(replay: Replay, sources: tuple[Source, ...]) -> Summary:
    counts = replay.summary()
    named = {
        key: counts.pop(key) for key in ("symbol", "tick", "lot", "state", "reason", "states")
    }
    return Summary(sources=sources, gaps=counts.pop("gaps"), counts=counts, **named)
