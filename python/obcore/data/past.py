"""What stores and histories share: the book of any moment, and what happened between two."""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from obcore.book import BookState, ChangePlayer, FeatureSet, Grid, Side
from obcore.data.arguments import parse_time
from obcore.data.changes import ChangeBatch, TradeBatch, rows_of
from obcore.data.table import joined
from obcore.data.view import PastView
from obcore.errors import NotCoveredError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from obcore.book import Book
    from obcore.data.coverage import Coverage
    from obcore.data.table import FeatureTable

TRUSTED = (BookState.SYNCED.value, BookState.UNVERIFIED.value)
START_OF_TIME, END_OF_TIME = -(2**63) + 1, 2**63 - 1
KEY = 4  # the kind of a row that tells nothing new


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


class Past(ABC):
    """What happened to several books, from which the exact book of any moment can be had."""

    @property
    @abstractmethod
    def symbols(self) -> tuple[str, ...]:
        """What it holds, as ``venue:SYMBOL``."""

    @abstractmethod
    def grid(self, symbol: str) -> Grid:
        """Return the steps of price and size of a symbol."""

    @abstractmethod
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

    @abstractmethod
    def trade_batches(
        self, symbol: str, start: str | int | None = None, end: str | int | None = None
    ) -> Iterator[TradeBatch]:
        """Yield the trades of a symbol in pieces; the first holds `start`, the last `end`."""

    @abstractmethod
    def coverage(self, symbol: str) -> Coverage:
        """Return from when to when a book is known, and where it is not and why."""

    @abstractmethod
    def span(self, name: str) -> str:
        """Return in words from when to when a symbol is known."""

    @abstractmethod
    def _book_at(self, name: str, time_ns: int | None, sequence: int | None) -> Book | None:
        """Return the book as of a time or an update id; None where all that is known is later."""

    def full_name(self, symbol: str) -> str:
        """Return ``venue:SYMBOL`` of a symbol, which may be named without its venue.

        Raises
        ------
        StoreError
            If there is none of that name, or several.
        """
        if symbol in self.symbols:
            return symbol
        found = [name for name in self.symbols if name.partition(":")[2] == symbol]
        if len(found) == 1:
            return found[0]
        known = ", ".join(found or self.symbols) or "nothing yet"
        problem = "several" if found else "none"
        msg = f"{self}: expected one of {known}; {problem} is {symbol!r}"
        raise StoreError(msg)

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
        book = self._book_at(name, until_ns, sequence)
        if book is None:
            msg = f"{name}: {self.span(name)}, not {moment(until_ns, sequence)}"
            raise NotCoveredError(msg)
        if book.state.value not in TRUSTED and not stale:
            msg = (
                f"{name}: at {moment(until_ns, sequence)} the book was {book.state.name}: "
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

    def between(
        self, symbol: str, start: str | int | None = None, end: str | int | None = None
    ) -> Iterator[ChangeBatch]:
        """Yield what happened from `start` to `end`, both included, and nothing else."""
        first_ns = START_OF_TIME if start is None else parse_time(start)
        last_ns = END_OF_TIME if end is None else parse_time(end)
        for batch in self.batches(symbol, start, end):
            begin = int(np.searchsorted(batch.time_ns, first_ns, "left"))
            stop = int(np.searchsorted(batch.time_ns, last_ns, "right"))
            begin += int(begin < stop and batch.kind[begin] == KEY)
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
        first_ns = START_OF_TIME if start is None else parse_time(start)
        last_ns = END_OF_TIME if end is None else parse_time(end)
        player = ChangePlayer(self.grid(symbol))
        for batch in self.batches(symbol, start, end):
            for row, time_ns in enumerate(batch.time_ns.tolist()):
                if time_ns > last_ns:
                    return
                is_key = batch.kind[row] == KEY
                player.play(rows_of(batch, row, row + 1))
                if time_ns >= first_ns and not is_key:
                    yield player.book()

    def view(
        self, symbol: str, start: str | int | None = None, end: str | int | None = None
    ) -> PastView:
        """Return a stretch of one symbol, which gives features as a recording does."""
        return PastView(self, self.full_name(symbol), start, end)

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

    def _changes_of(
        self, name: str, start: str | int | None, end: str | int | None
    ) -> Iterator[Change]:
        for batch in self.between(name, start, end):
            for row, time_ns in enumerate(batch.time_ns.tolist()):
                if batch.kind[row] != KEY:
                    yield Change(name, time_ns, batch, row)


def moment(time_ns: int | None, sequence: int | None) -> str:
    """Return a time, or an update id, in words.

    Examples
    --------
    >>> moment(1721347080000000001, None), moment(None, 7)
    ('2024-07-18T23:58:00.000000001Z', 'update id 7')
    """
    if time_ns is None:
        return f"update id {sequence}"
    return f"{np.datetime_as_string(np.array(time_ns, 'M8[ns]'))}Z"
