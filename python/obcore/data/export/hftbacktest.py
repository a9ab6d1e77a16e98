"""The array that hftbacktest 2 reads, with every nanosecond."""

from __future__ import annotations

import heapq
import shutil
import tempfile
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np

from obcore.book import ABSENT
from obcore.data.export.event_order import EventOrder
from obcore.data.export.trusted import Grid, trusted_messages
from obcore.data.export.whole_file import whole_file
from obcore.data.hftbacktest import (
    BUY,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    ROW,
    SELL,
    TRADE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from os import PathLike

    from numpy.typing import NDArray

    from obcore.data.changes import ChangeBatch, TradeBatch
    from obcore.data.export.trusted import Levels, Message

CHUNK_ROWS = 1 << 15
_MEMBER = "data.npy"
_NO_PRICE = ABSENT
_CLEAR_ALL = [(DEPTH_CLEAR | BUY, _NO_PRICE, 0), (DEPTH_CLEAR | SELL, _NO_PRICE, 0)]
_DIGITS = 15  # so many of any decimal survive a double
_EXACT = 10**_DIGITS


class _Part(NamedTuple):
    """The rows of one message or of one trade: ``(ev, ticks, lots)`` each."""

    time_ns: int
    exch_ts: int
    grid: Grid
    rows: list[tuple[int, int, int]]


def write_npz(
    batches: Iterable[ChangeBatch],
    trades: Iterable[TradeBatch],
    path: str | PathLike[str],
    *,
    reorder_ns: int = 10_000_000_000,
    on_written: Callable[[int], None] | None = None,
) -> int:
    """Write a book and its trades as hftbacktest reads them, and return the number of rows.

    Parameters
    ----------
    batches : iterable of ChangeBatch
        What happened to the book, in order; one batch at a time is held.
    trades : iterable of TradeBatch
        The trades beside it, in order; at the same time they go before the book's messages.
    path : path-like
        The file, there only once it is whole.
    reorder_ns : int, optional
        How far the venue's times may run backwards. So much of the recording is held.
    on_written : callable, optional
        Called with the number of rows so far.

    Raises
    ------
    ValueError
        If a number would not survive a double, or the venue's times run back further than
        ``reorder_ns``. Nothing is written then.

    Notes
    -----
    ``local_ts`` is ``time_ns``; ``exch_ts`` is the venue's time, the same where there is none.
    Times are as recorded: where the recorder's clock ran behind, `local_ts` is less than
    `exch_ts`, which hftbacktest's own ``correct_local_timestamp`` mends. Rows are in the order of
    both clocks; where these disagree a row stands twice, for each of them once. A snapshot
    follows clears that reach as far as any level before it; the first one follows clears of
    all, without a price, so that files may be read one behind the other.

    Examples
    --------
    >>> import tempfile
    >>> import obcore
    >>> from obcore.book import ColumnSink
    >>> from obcore.data.changes import ChangeBatch, TradeBatch
    >>> sink = ColumnSink()
    >>> summary = obcore.Recording(obcore.sample()).play(sink)
    >>> sink.finish()
    >>> batches = [ChangeBatch.of(part) for part in sink.take_changes()]
    >>> trades = [TradeBatch.of(part) for part in sink.take_trades()]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = write_npz(batches, trades, Path(folder) / "sample.npz")
    ...     obcore.Recording(Path(folder) / "sample.npz").book(at="2024-07-18T23:58:00")
    <Book UNVERIFIED: 1702 bids, 1445 asks>
    """
    path = Path(path)
    order = EventOrder(reorder_ns)
    count = 0
    # The number of rows stands before them, and is known only behind them.
    with whole_file(path) as packed, tempfile.TemporaryFile(dir=path.parent) as file:
        for rows in _chunks(heapq.merge(_trades(trades), _messages(batches), key=_time)):
            count += _append(order.add(rows), file)
            if on_written is not None:
                on_written(count)
        count += _append(order.rest(), file)
        file.seek(0)
        _pack(file, count, packed)
    return count


def _time(part: _Part) -> int:
    return part.time_ns


def _messages(batches: Iterable[ChangeBatch]) -> Iterator[_Part]:
    rows = _CLEAR_ALL  # of a file before, about which nothing is known
    for message in trusted_messages(batches):
        exch_ts = message.time_ns if message.ts_event_ns == ABSENT else message.ts_event_ns
        rows = rows + (_clears(message) if message.is_snapshot else [])
        kind = DEPTH_SNAPSHOT if message.is_snapshot else DEPTH
        rows += [(kind | BUY, ticks, lots) for ticks, lots in message.bids]
        rows += [(kind | SELL, ticks, lots) for ticks, lots in message.asks]
        yield _Part(message.time_ns, exch_ts, message.grid, rows)
        rows = []


def _clears(message: Message) -> list[tuple[int, int, int]]:
    """Return the rows that empty both sides: each clears from the best to a price."""
    bids = message.gone_bids + _prices(message.bids)
    asks = message.gone_asks + _prices(message.asks)
    rows = [(DEPTH_CLEAR | BUY, min(bids), 0)] if bids else []
    return rows + ([(DEPTH_CLEAR | SELL, max(asks), 0)] if asks else [])


def _prices(levels: Levels) -> list[int]:
    return [ticks for ticks, _ in levels]


def _trades(batches: Iterable[TradeBatch]) -> Iterator[_Part]:
    for batch in batches:
        grid = Grid(tick=batch.tick, lot=batch.lot)
        columns = (
            batch.time_ns,
            batch.ts_event_ns,
            batch.taker_is_buyer,
            batch.price,
            batch.size,
        )
        rows = zip(*(column.tolist() for column in columns), strict=True)
        for time_ns, event, taker_is_buyer, price, size in rows:
            ev = TRADE | (BUY if taker_is_buyer else SELL)
            yield _Part(
                time_ns, time_ns if event == ABSENT else event, grid, [(ev, price, size)]
            )


def _chunks(parts: Iterable[_Part]) -> Iterator[NDArray[np.void]]:
    """Yield the rows of whole parts, in arrays; those of one array lie on one grid."""
    kept: list[_Part] = []
    size = 0
    for part in parts:
        if kept and (size >= CHUNK_ROWS or part.grid != kept[0].grid):
            yield _to_array(kept)
            kept, size = [], 0
        kept.append(part)
        size += len(part.rows)
    if kept:
        yield _to_array(kept)


def _to_array(parts: list[_Part]) -> NDArray[np.void]:
    lengths = [len(part.rows) for part in parts]
    rows = np.zeros(sum(lengths), ROW)
    rows["local_ts"] = np.repeat([part.time_ns for part in parts], lengths)
    rows["exch_ts"] = np.repeat([part.exch_ts for part in parts], lengths)
    numbers = np.array([row for part in parts for row in part.rows], np.int64).reshape(-1, 3)
    rows["ev"] = numbers[:, 0]
    is_priced = numbers[:, 1] != _NO_PRICE
    prices = np.where(is_priced, numbers[:, 1], 0)
    rows["px"] = np.where(is_priced, _to_doubles(prices, parts[0].grid.tick, "price"), np.nan)
    rows["qty"] = _to_doubles(numbers[:, 2], parts[0].grid.lot, "size")
    return rows


def _to_doubles(counts: NDArray[np.int64], step: str, name: str) -> NDArray[np.float64]:
    """Return the doubles whose shortest decimals are these multiples of a step."""
    exponent = max(0, -int(Decimal(step).normalize().as_tuple().exponent))
    units = int(Decimal(step).scaleb(exponent))
    is_long = np.abs(counts) >= _EXACT // units
    doubles = (
        np.where(is_long, 0, counts) * units
    ) / 10.0**exponent  # exact both: rounded once
    for at in np.flatnonzero(is_long).tolist():
        number = int(counts[at]) * units
        if len(str(abs(number)).rstrip("0")) > _DIGITS:
            msg = f"{name}: expected at most {_DIGITS} digits, received {number} at {step}"
            raise ValueError(msg)
        doubles[at] = float(Decimal(number).scaleb(-exponent))
    return doubles


def _append(rows: NDArray[np.void], file: IO[bytes]) -> int:
    file.write(rows.tobytes())
    return len(rows)


def _pack(rows: IO[bytes], count: int, path: Path) -> None:
    """Write the array of the rows into an archive; without its time, so that bytes repeat."""
    header = {
        "descr": np.lib.format.dtype_to_descr(ROW),
        "fortran_order": False,
        "shape": (count,),
    }
    info = zipfile.ZipInfo(_MEMBER)
    info.compress_type = zipfile.ZIP_DEFLATED
    with (
        zipfile.ZipFile(path, "w") as archive,
        archive.open(info, "w", force_zip64=True) as member,
    ):
        np.lib.format.write_array_header_1_0(member, header)
        shutil.copyfileobj(rows, member, 1 << 20)
