"""Tardis' CSV files: ``incremental_book_L2`` and ``trades``.

Their times are microseconds: nanoseconds are lost, cut and not rounded, so that order stays.
"""

from __future__ import annotations

import gzip
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO, cast

from obcore.book import ABSENT, Grid
from obcore.data.export.trusted import trusted_messages
from obcore.data.export.whole_file import whole_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from os import PathLike

    from obcore.data.changes import ChangeBatch, TradeBatch
    from obcore.data.export.trusted import Levels, Message

BOOK_HEADER = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n"
TRADES_HEADER = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
_PRICES_KEPT = 1 << 16


@dataclass(frozen=True, slots=True)
class TardisReport:
    """What was written: messages, rows, and messages that a reader takes for one.

    Rows that share a ``local_timestamp`` are one message there, so those that lie within a
    microsecond are told as one: the book behind the last of them is right, and those in between
    are not seen.
    """

    messages: int
    rows: int
    merged: int


def write_tardis_csv(
    batches: Iterable[ChangeBatch],
    path: str | PathLike[str],
    *,
    symbol: str,
    on_written: Callable[[int], None] | None = None,
) -> TardisReport:
    """Write a book as Tardis' ``incremental_book_L2``, and return what was written.

    Parameters
    ----------
    batches : iterable of ChangeBatch
        What happened, in order; one batch at a time is held.
    path : path-like
        The file, there only once it is whole; ``.gz`` at its end packs it.
    symbol : str
        Whose book it is, with Tardis' name of its exchange: ``"binance-futures:BTCUSDT"``.
    on_written : callable, optional
        Called behind each message with the number of rows so far.

    Notes
    -----
    ``local_timestamp`` is ``time_ns``; ``timestamp`` is the venue's time, the same where there
    is none. A book in doubt becomes no rows, and the next trusted one a snapshot. Where no row
    lies between two snapshots they are one run of ``is_snapshot`` rows, which readers merge: the
    second has rows of amount 0 for levels of the first that are gone.

    Examples
    --------
    >>> import tempfile
    >>> import obcore
    >>> from obcore.book import ColumnSink
    >>> from obcore.data.changes import ChangeBatch
    >>> sink = ColumnSink()
    >>> summary = obcore.Recording(obcore.sample()).play(sink)
    >>> sink.finish()
    >>> batches = [ChangeBatch.of(part) for part in sink.take_changes()]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "book.csv.gz"
    ...     write_tardis_csv(batches, path, symbol="binance-futures:ETHUSDT").merged
    0
    """
    messages = rows = merged = 0
    texts = _Texts(symbol)
    last_us: int | None = None
    behind_snapshot = False
    with _text_file(Path(path)) as file:
        file.write(BOOK_HEADER)
        for message in trusted_messages(batches):
            lines = texts.of_message(message, tells_gone=behind_snapshot)
            file.writelines(lines)
            behind_snapshot = message.is_snapshot
            local_us = message.time_ns // 1000
            merged += local_us == last_us
            last_us = local_us
            messages += 1
            rows += len(lines)
            if on_written is not None:
                on_written(rows)
    return TardisReport(messages, rows, merged)


def write_tardis_trades(
    batches: Iterable[TradeBatch],
    path: str | PathLike[str],
    *,
    symbol: str,
    on_written: Callable[[int], None] | None = None,
) -> int:
    """Write trades as Tardis' ``trades``, and return how many there were.

    Parameters
    ----------
    batches : iterable of TradeBatch
        The trades, in order.
    path, symbol, on_written
        As in `write_tardis_csv`.
    """
    rows = 0
    with _text_file(Path(path)) as file:
        file.write(TRADES_HEADER)
        for batch in batches:
            file.writelines(_trade_lines(batch, symbol))
            rows += len(batch.time_ns)
            if on_written is not None:
                on_written(rows)
    return rows


@contextmanager
def _text_file(path: Path) -> Iterator[TextIO]:
    with whole_file(path) as temporary, temporary.open("wb") as raw, ExitStack() as packing:
        file: BinaryIO = raw
        if path.suffix == ".gz":
            # Without name and time, so that the same content is the same bytes.
            packed = gzip.GzipFile("", "wb", fileobj=raw, mtime=0)
            file = cast("BinaryIO", packing.enter_context(packed))
        with TextIOWrapper(file, encoding="ascii", newline="\n") as text:
            yield text


class _Texts:
    """Rows of messages; what a grid's prices are called is remembered."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._tick = self._lot = ""

    def of_message(self, message: Message, *, tells_gone: bool) -> list[str]:
        grid = message.grid
        if (grid.tick, grid.lot) != (self._tick, self._lot):
            self._tick, self._lot = grid.tick, grid.lot
            numbers = Grid(grid.tick, grid.lot)
            self._price = lru_cache(_PRICES_KEPT)(numbers.price_text)
            self._size = lru_cache(_PRICES_KEPT)(numbers.size_text)
        head = _head(self._symbol, message.ts_event_ns, message.time_ns)
        head += "true" if message.is_snapshot else "false"
        bids, asks = message.bids, message.asks
        if tells_gone and message.is_snapshot:
            bids = bids + [(ticks, 0) for ticks in message.gone_bids]
            asks = asks + [(ticks, 0) for ticks in message.gone_asks]
        return self._side(f"{head},bid,", bids) + self._side(f"{head},ask,", asks)

    def _side(self, head: str, levels: Levels) -> list[str]:
        return [f"{head}{self._price(ticks)},{self._size(lots)}\n" for ticks, lots in levels]


def _trade_lines(batch: TradeBatch, symbol: str) -> Iterator[str]:
    numbers = Grid(batch.tick, batch.lot)
    columns = (
        batch.ts_event_ns, batch.time_ns, batch.id, batch.taker_is_buyer, batch.price, batch.size,
    )  # fmt: skip
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for event, time, trade_id, taker_is_buyer, price, size in rows:
        head = _head(symbol, event, time)
        number = "" if trade_id == ABSENT else trade_id
        side = "buy" if taker_is_buyer else "sell"
        yield f"{head}{number},{side},{numbers.price_text(price)},{numbers.size_text(size)}\n"


def _head(symbol: str, ts_event_ns: int, time_ns: int) -> str:
    """Return the first four fields, and the comma behind them."""
    exchange, _, bare = symbol.rpartition(":")
    event = time_ns if ts_event_ns == ABSENT else ts_event_ns
    return f"{exchange},{bare},{event // 1000},{time_ns // 1000},"
