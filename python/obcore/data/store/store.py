"""Reads a store: the exact book of any moment, and everything that happened since another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from obcore.book import BookState, ChangePlayer, FeatureSet, Grid, Side
from obcore.data.arguments import parse_time
from obcore.data.changes import ChangeBatch, TradeBatch, rows_of
from obcore.data.store import manifest as manifests
from obcore.data.store.coverage import Coverage, cover
from obcore.data.store.files import StoreFiles
from obcore.data.store.view import StoredView
from obcore.data.table import joined
from obcore.errors import NotCoveredError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from obcore.book import Book
    from obcore.data.store.manifest import Manifest
    from obcore.data.table import FeatureTable

TRUSTED = (BookState.SYNCED.value, BookState.UNVERIFIED.value)
END_OF_TIME = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Change:
    """What one message did to one book.

    Parameters
    ----------
    symbol : str
        ``venue:SYMBOL``.
    time_ns : int
        The moment that it belongs to.
    batch : ChangeBatch
        Where it is a row of.
    row : int
        Which one.
    """

    symbol: str
    time_ns: int
    batch: ChangeBatch
    row: int

    @property
    def state(self) -> BookState:
        """State of the book behind it."""
        return BookState(int(self.batch.state[self.row]))

    def levels(self, side: Side) -> list[tuple[int, int]]:
        """Return the levels told of one side as ticks and lots."""
        name = "bid" if side is Side.BID else "ask"
        begin, end = getattr(self.batch, f"{name}_offsets")[self.row : self.row + 2]
        price = getattr(self.batch, f"{name}_price")[begin:end]
        size = getattr(self.batch, f"{name}_size")[begin:end]
        return list(zip(price.tolist(), size.tolist(), strict=True))


class Store:
    """Market data in Parquet files, as `write_store` writes them. Reads nothing until asked.

    Not thread-safe: a thread needs a store of its own, which costs nothing to make.

    Parameters
    ----------
    root : path-like
        Its folder.

    Raises
    ------
    StoreError
        If it holds nothing.

    Examples
    --------
    >>> import tempfile
    >>> import obcore
    >>> folder = tempfile.TemporaryDirectory()
    >>> done = obcore.write_store(obcore.sample(), folder.name, venue="binance-futures")
    >>> store = Store(folder.name)
    >>> store.symbols
    ('binance-futures:ETHUSDT',)
    >>> store.state_at("ETHUSDT", "2024-07-18T23:58:00").best_bid
    (342516, 69992)
    >>> store.state_at("ETHUSDT", "2024-07-19")
    Traceback (most recent call last):
    obcore.errors.NotCoveredError: binance-futures:ETHUSDT: at 2024-07-19T00:00:00.000000000Z the \
book was STALE: the recording ends; stale=True gives it as it was
    >>> folder.cleanup()
    """

    def __init__(self, root: str | PathLike[str]) -> None:
        self.root = Path(root)
        names = manifests.names_in(self.root)
        if not names:
            msg = f"{self.root}: expected a store, received a folder without one; obcore ingest makes it"
            raise StoreError(msg)
        self._names = {f"{venue}:{symbol}": (venue, symbol) for venue, symbol in names}
        self._manifests: dict[str, Manifest] = {}
        self._files = StoreFiles(self.root)

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r})"

    @property
    def symbols(self) -> tuple[str, ...]:
        """What it holds, as ``venue:SYMBOL``."""
        return tuple(self._names)

    def refresh(self) -> None:
        """See what was written since."""
        self.__init__(self.root)  # type: ignore[misc]

    def manifest(self, symbol: str) -> Manifest:
        """Return what the store knows of a symbol: recordings, files, tick and lot."""
        name = self.full_name(symbol)
        if name not in self._manifests:
            self._manifests[name] = manifests.load(self.root, *self._names[name])
        return self._manifests[name]

    def full_name(self, symbol: str) -> str:
        """Return ``venue:SYMBOL`` of a symbol, which may be named without its venue.

        Raises
        ------
        StoreError
            If the store has none of that name, or several.
        """
        if symbol in self._names:
            return symbol
        found = [name for name, (_, native) in self._names.items() if native == symbol]
        if len(found) == 1:
            return found[0]
        known = ", ".join(found or self._names)
        problem = "several" if found else "none"
        msg = f"{self.root}: expected one of {known}; {problem} is {symbol!r}"
        raise StoreError(msg)

    def grid(self, symbol: str) -> Grid:
        """Return the steps of price and size of a symbol."""
        found = self.manifest(symbol)
        return Grid(found.tick, found.lot, nonpositive_prices=found.nonpositive_prices)

    # ---- One moment -------------------------------------------------------------------------

    def state_at(
        self,
        symbol: str,
        time: str | int | None = None,
        *,
        sequence: int | None = None,
        stale: bool = False,
    ) -> Book:
        """Return the book as it was.

        Parameters
        ----------
        symbol : str
            ``venue:SYMBOL``, or the symbol alone where one venue has it.
        time : str or int, optional
            The last state at or before this receive time (venue time where there is none): ISO
            8601 UTC, or an integer in s, ms, µs or ns.
        sequence : int, optional
            Instead of a time: the last state whose update id is not above this one.
        stale : bool, optional
            Give a book too that could not be trusted then: its ``state`` and ``reason`` tell.

        Raises
        ------
        NotCoveredError
            If nothing is known of that moment, or the book could not be trusted.
        """
        if (time is None) == (sequence is None):
            msg = f"expected a time or a sequence, received {time!r} and {sequence!r}"
            raise ValueError(msg)
        name = self.full_name(symbol)
        until_ns = None if time is None else parse_time(time)
        groups = self._files.groups(self.manifest(name))
        at = groups.last_until(until_ns, sequence)
        if at is None:
            raise NotCoveredError(
                f"{name}: {self.span(name)}, not {_moment(until_ns, sequence)}"
            )
        player = ChangePlayer(self.grid(name))
        player.play(self._files.changes(groups, at), until_ns=until_ns, until_id=sequence)
        book = player.book()
        if book.state.value not in TRUSTED and not stale:
            msg = (
                f"{name}: at {_moment(until_ns, sequence)} the book was {book.state.name}: "
                f"{book.reason}; stale=True gives it as it was"
            )
            raise NotCoveredError(msg)
        return book

    def features_at(
        self,
        symbol: str,
        time: str | int | None = None,
        features: str = "standard",
        *,
        sequence: int | None = None,
        depth: int = 10,
    ) -> dict[str, float]:
        """Return features of the book as it was; those of one state, without a memory.

        Raises
        ------
        NotCoveredError
            As `state_at`.
        """
        chosen = FeatureSet(features, depth=depth)
        book = self.state_at(symbol, time, sequence=sequence)
        return dict(zip(chosen.names, chosen.compute(book).tolist(), strict=True))

    # ---- A stretch of time ------------------------------------------------------------------

    def batches(
        self,
        symbol: str,
        start: str | int | None = None,
        end: str | int | None = None,
        *,
        on_read: Callable[[int], None] | None = None,
    ) -> Iterator[ChangeBatch]:
        """Yield everything that happened to a book, in pieces, in bounded memory.

        Each piece begins with the whole book. The first one holds `start`, the last one `end`:
        rows before and behind them are among the pieces.
        """
        name = self.full_name(symbol)
        groups = self._files.groups(self.manifest(name))
        first = 0 if start is None else groups.last_until(parse_time(start), None) or 0
        until = END_OF_TIME if end is None else parse_time(end)
        for at in range(first, len(groups)):
            if groups.first_ns[at] > until:
                return
            batch = self._files.changes(groups, at)
            if on_read is not None:
                on_read(batch.updates)
            yield batch

    def trade_batches(
        self, symbol: str, start: str | int | None = None, end: str | int | None = None
    ) -> Iterator[TradeBatch]:
        """Yield the trades of a symbol in pieces; the first holds `start`, the last `end`."""
        groups = self._files.groups(self.manifest(symbol), "trades")
        first = 0 if start is None else groups.last_until(parse_time(start), None) or 0
        until = END_OF_TIME if end is None else parse_time(end)
        for at in range(first, len(groups)):
            if groups.first_ns[at] > until:
                return
            yield self._files.trades(groups, at)

    def between(
        self, symbol: str, start: str | int | None = None, end: str | int | None = None
    ) -> Iterator[ChangeBatch]:
        """Yield what happened from `start` to `end`, both included, and nothing else."""
        first_ns = -END_OF_TIME if start is None else parse_time(start)
        last_ns = END_OF_TIME if end is None else parse_time(end)
        for batch in self.batches(symbol, start, end):
            begin = int(np.searchsorted(batch.time_ns, first_ns, "left"))
            stop = int(np.searchsorted(batch.time_ns, last_ns, "right"))
            begin += int(begin < stop and batch.kind[begin] == 4 and batch.position[begin] > 0)
            if begin < stop:
                yield rows_of(batch, begin, stop)

    def replay(
        self,
        start: str | int | None = None,
        end: str | int | None = None,
        *,
        symbols: list[str] | None = None,
        on_change: Callable[[Change], None] | None = None,
    ) -> Iterator[Change]:
        """Yield what happened to several books in the order of time.

        Parameters
        ----------
        start, end : str or int, optional
            The first and the last moment; all of it by default.
        symbols : list of str, optional
            All of them by default.
        on_change : callable, optional
            Called with each change too.
        """
        import heapq  # noqa: PLC0415

        names = [self.full_name(symbol) for symbol in symbols or self.symbols]
        streams = (self._changes_of(name, start, end) for name in names)
        for change in heapq.merge(*streams, key=lambda change: change.time_ns):
            if on_change is not None:
                on_change(change)
            yield change

    def states(
        self, symbol: str, start: str | int | None = None, end: str | int | None = None
    ) -> Iterator[Book]:
        """Yield the book behind each change from `start` to `end`, each a copy of its own."""
        first_ns = -END_OF_TIME if start is None else parse_time(start)
        last_ns = END_OF_TIME if end is None else parse_time(end)
        player = ChangePlayer(self.grid(symbol))
        for batch in self.batches(symbol, start, end):
            for row, time_ns in enumerate(batch.time_ns.tolist()):
                if time_ns > last_ns:
                    return
                is_key = batch.kind[row] == 4
                player.play(rows_of(batch, row, row + 1))
                if time_ns >= first_ns and not is_key:
                    yield player.book()

    def view(
        self, symbol: str, start: str | int | None = None, end: str | int | None = None
    ) -> StoredView:
        """Return a stretch of one symbol, which gives features as a recording does."""
        return StoredView(self, self.full_name(symbol), start, end)

    def features(
        self,
        symbol: str,
        features: str = "standard",
        *,
        start: str | int | None = None,
        end: str | int | None = None,
        every: str | int = "event",
        depth: int = 10,
        mode: str = "causal",
    ) -> FeatureTable:
        """Return the features of every state, bit for bit as `Recording.features` gives them.

        Rows are those from `start` to `end`; features with a memory begin at the key frame
        before `start`.

        Raises
        ------
        NotCoveredError
            If there is no state that can be trusted.
        """
        view = self.view(symbol, start, end)
        parts = list(view.batches(features, depth=depth, every=every, mode=mode))
        return joined(parts)

    # ---- What is there ----------------------------------------------------------------------

    def coverage(self, symbol: str) -> Coverage:
        """Return from when to when a book is known, and where it is not and why."""
        name = self.full_name(symbol)
        return cover(self.manifest(name), self.batches(name), self.trade_batches(name))

    def sql(self, query: str) -> Any:
        """Run SQL over the store with DuckDB; the result has ``df()``, ``arrow()``, ``fetchall()``.

        Tables are ``depth`` and ``trades``; views ``levels``, ``bbo``, ``gaps`` and
        ``instruments`` are made of them. Prices and sizes are decimal in ``bbo`` and ``trades``.
        """
        from obcore.data.store.sql import ask  # noqa: PLC0415  an extra

        return ask(self, query)

    def verify(self) -> None:
        """Compare every file with its sha256.

        Raises
        ------
        StoreError
            If one is missing or differs.
        """
        for name in self.symbols:
            for kind in manifests.KINDS:
                for file in self.manifest(name).files(kind):
                    self._files.verify(file)

    def _changes_of(
        self, name: str, start: str | int | None, end: str | int | None
    ) -> Iterator[Change]:
        for batch in self.between(name, start, end):
            for row, time_ns in enumerate(batch.time_ns.tolist()):
                if batch.kind[row] != 4:
                    yield Change(name, time_ns, batch, row)

    def span(self, name: str) -> str:
        """Return in words from when to when a symbol is known."""
        recordings = self.manifest(name).recordings
        spans = [
            f"{_moment(one.first_ns, None)} to {_moment(one.last_ns, None)}"
            for one in recordings
            if one.first_ns is not None
        ]
        return f"the store has {', '.join(spans) or 'nothing'}"


def _moment(time_ns: int | None, sequence: int | None) -> str:
    if time_ns is None:
        return f"update id {sequence}"
    return f"{np.datetime_as_string(np.array(time_ns, 'M8[ns]'))}Z"
