"""What happened to several books, kept in memory, bounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from obcore.book import ChangePlayer, ColumnSink
from obcore.book import History as Tapes
from obcore.data.arguments import parse_every, parse_time
from obcore.data.changes import ChangeBatch, TradeBatch
from obcore.data.coverage import Coverage, cover
from obcore.data.past import END_OF_TIME, START_OF_TIME, Past, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from obcore.book import Book, ChangeSink, Grid
    from obcore.data.recording import Recording
    from obcore.data.table import Summary

LEVELS_A_PIECE = 1 << 14


@dataclass(frozen=True, slots=True)
class Dropped:
    """What had to leave a history.

    Parameters
    ----------
    events, size : int
        Changes and trades, and the bytes that they took.
    until_ns : int or None
        The last moment of which anything is gone.
    """

    events: int
    size: int
    until_ns: int | None


class History(Past):
    """The past of several books in memory: the exact book of any moment, in microseconds.

    What is full drops the oldest, of whichever book. One thread may write each book while any
    number read.

    Parameters
    ----------
    max_bytes : int, optional
        Memory of all books together; the parts still being written, some kilobytes a book, come on
        top.
    max_events : int, optional
        Changes and trades of all books together.
    max_age : str, optional
        How long before the newest moment: ``"500ms"``, ``"30s"``, ``"60m"``.

    Examples
    --------
    >>> import obcore
    >>> history = History(max_bytes=1 << 28)
    >>> summary = history.record(obcore.Recording(obcore.sample()), "binance-futures:ETHUSDT")
    >>> history.state_at("ETHUSDT", "2024-07-18T23:58:00").best_bid
    (342516, 69992)
    >>> history.dropped.events
    0
    """

    def __init__(
        self,
        *,
        max_bytes: int | None = None,
        max_events: int | None = None,
        max_age: str | None = None,
    ) -> None:
        age_ns = None if max_age is None else parse_every(max_age)[1]
        self._tapes = Tapes(max_bytes=max_bytes, max_events=max_events, max_age_ns=age_ns)

    def __repr__(self) -> str:
        return f"History({len(self.symbols)} books, {self.memory_usage():,} bytes)"

    @property
    def symbols(self) -> tuple[str, ...]:
        """What it holds."""
        return tuple(self._tapes.symbols)

    @property
    def dropped(self) -> Dropped:
        """What had to leave so far."""
        told = self._tapes.dropped
        return Dropped(told["events"] or 0, told["bytes"] or 0, told["until_ns"])

    @property
    def events(self) -> int:
        """Changes and trades held, key frames among them."""
        return self._tapes.events

    def memory_usage(self) -> int:
        """Return the bytes held."""
        return self._tapes.memory_usage()

    # ---- Writing ----------------------------------------------------------------------------

    def sink(self, symbol: str) -> ChangeSink:
        """Return what takes the changes of a book, for `Recording.play`."""
        return self._tapes.tape(symbol).sink

    def record(
        self,
        recording: Recording,
        symbol: str | None = None,
        *,
        on_read: Callable[[int], None] | None = None,
    ) -> Summary:
        """Take in everything that happens in a recording.

        Parameters
        ----------
        recording : Recording
            What is read.
        symbol : str, optional
            The name to keep it under; by default what the recording says of itself.
        on_read : callable, optional
            Called with the number of file bytes read.
        """
        if symbol is None:
            found = recording.identify()
            symbol = f"{found.venue}:{found.symbol}"
        return recording.play(self.sink(symbol), on_read=on_read)

    def load(
        self,
        past: Past,
        symbol: str,
        start: str | int | None = None,
        end: str | int | None = None,
    ) -> None:
        """Take in a stretch of a store, or of another history; its trades stay where they are."""
        name = past.full_name(symbol)
        player, sink = ChangePlayer(past.grid(name)), self.sink(name)
        for batch in past.batches(name, start, end):
            player.tell(batch, sink)

    # ---- Reading ----------------------------------------------------------------------------

    def grid(self, symbol: str) -> Grid:
        """Return the steps of price and size of a symbol, the newest ones."""
        return self._tapes.tape(self.full_name(symbol)).grid

    def read_into(
        self,
        out: Book,
        symbol: str,
        time_ns: int | None = None,
        *,
        sequence: int | None = None,
    ) -> bool:
        """Write the book as of a moment into one that is there; False before the first moment.

        The fastest way: nothing is allocated. Whether it can be trusted, its ``state`` tells.
        """
        return self._tapes.tape(symbol).book_into(time_ns, sequence, out)

    def batches(
        self,
        symbol: str,
        start: str | int | None = None,
        end: str | int | None = None,
        *,
        on_read: Callable[[int], None] | None = None,
    ) -> Iterator[ChangeBatch]:
        """Yield everything that happened to a book; see `Past.batches`."""
        for part in self._told(symbol, start, end).take_changes():
            batch = ChangeBatch.of(part)
            if on_read is not None:
                on_read(batch.updates)
            yield batch

    def trade_batches(
        self, symbol: str, start: str | int | None = None, end: str | int | None = None
    ) -> Iterator[TradeBatch]:
        """Yield the trades of a symbol; see `Past.trade_batches`."""
        for part in self._told(symbol, start, end).take_trades():
            yield TradeBatch.of(part)

    def coverage(self, symbol: str) -> Coverage:
        """Return from when to when a book is known, and where it is not and why."""
        name = self.full_name(symbol)
        return cover(name, self.batches(name), self.trade_batches(name), [])

    def span(self, name: str) -> str:
        """Return in words from when to when a symbol is known."""
        first, last = self._tapes.tape(name).span
        if first is None or last is None:
            return "the history has nothing"
        dropped = self._tapes.tape(name).dropped
        gone = (
            f" ({dropped['events']:,} events before it were dropped)"
            if dropped["events"]
            else ""
        )
        return f"the history has {moment(first, None)} to {moment(last, None)}{gone}"

    def _book_at(self, name: str, time_ns: int | None, sequence: int | None) -> Book | None:
        return self._tapes.tape(name).book_at(time_ns, sequence)

    def _told(self, symbol: str, start: str | int | None, end: str | int | None) -> ColumnSink:
        first_ns = START_OF_TIME if start is None else parse_time(start)
        last_ns = END_OF_TIME if end is None else parse_time(end)
        columns = ColumnSink(LEVELS_A_PIECE)
        self._tapes.tape(self.full_name(symbol)).tell(first_ns, last_ns, columns)
        columns.finish(is_end=False)
        return columns
