"""Rows of hftbacktest as the messages that they were, in the text of Tardis' normalised ones.

So they take the way of every other format through the core. A float is written as its shortest
decimal, which is the number that was meant.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from obcore.data.hftbacktest import (
    BUY,
    DEPTH,
    DEPTH_BBO,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    KIND_MASK,
    LOCAL,
    ROW,
    SELL,
    TRADE,
)
from obcore.errors import damaged_input

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from obcore.data.archive import Member

    Row: TypeAlias = tuple[int, int, int, int, float, float]  # kind, side, exch, local, px, qty

FORMAT_NAME = "hftbacktest npz"
NPY_MAGIC = b"\x93NUMPY"
CHUNK_ROWS = 1 << 15
MAX_LEVELS = 1 << 20  # a side, as in the core
NO_TIME = 0
_USED = ("ev", "exch_ts", "local_ts", "px", "qty")
_KINDS = (DEPTH, TRADE, DEPTH_CLEAR, DEPTH_SNAPSHOT, DEPTH_BBO)


class Levels:
    """The book of the rows so far, by price: what is left of it when a part is cleared.

    ``is_untold`` where it came without a time, as in a file that hftbacktest's
    ``create_last_snapshot`` made: the first message that has one tells it whole.
    """

    def __init__(self) -> None:
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self.is_untold = False


def messages(member: Member, levels: Levels) -> Iterator[bytes]:
    """Yield the rows of an array as text, in chunks of whole messages.

    Parameters
    ----------
    member : Member
        A ``.npy`` file of rows.
    levels : Levels
        The book behind the rows before these, which this goes on with.

    Raises
    ------
    DecodeError
        If the array is another one, or a row cannot be; it names the row, counted from 0.
    """
    writer = _Writer(levels)
    is_local = False
    for first, rows in _read(member):
        _require_sense(rows, first, member)
        local = rows[rows["ev"] & LOCAL != 0]
        is_local |= len(local) > 0
        writer.add(local)
        if len(levels.bids) > MAX_LEVELS or len(levels.asks) > MAX_LEVELS:
            raise _wrong(member, f"row {first}", f"at most {MAX_LEVELS} levels a side", "more")
        yield writer.take()
    if not is_local:
        raise _wrong(member, "ev", "rows with the flag LOCAL (1 << 30)", "none")
    writer.end_message()
    yield writer.take()


def _read(member: Member) -> Iterator[tuple[int, NDArray[np.void]]]:
    """Yield the rows, in chunks, and the number of the first of each."""
    count, dtype = _read_header(member)
    for first in range(0, count, CHUNK_ROWS):
        wanted = min(CHUNK_ROWS, count - first) * dtype.itemsize
        data = member.read(wanted)
        if len(data) != wanted:
            reached = first + len(data) // dtype.itemsize
            raise _wrong(member, "array", f"{count} rows", f"the end behind {reached}")
        yield first, np.frombuffer(data, dtype)


def _read_header(member: Member) -> tuple[int, np.dtype[np.void]]:
    try:
        version = np.lib.format.read_magic(member)  # type: ignore[arg-type]  # needs read() alone
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read is None:
            raise _wrong(member, "array", "version 1 or 2 of the format .npy", str(version))
        shape, _, dtype = read(member)  # type: ignore[arg-type]
    except ValueError as error:
        raise _wrong(member, "array", "the header of a .npy file", str(error)) from error
    fits = dtype.names is not None and all(
        name in dtype.names and dtype[name].newbyteorder("=") == ROW[name] for name in _USED
    )
    if not fits or len(shape) != 1:
        expected = (
            "one row an event, with ev, exch_ts, local_ts, px and qty as hftbacktest 2 has"
        )
        raise _wrong(member, "array", expected, f"{dtype} of shape {shape}")
    return shape[0], dtype


def _require_sense(rows: NDArray[np.void], first: int, member: Member) -> None:
    """Refuse what no row of levels and trades can be."""
    kind = rows["ev"] & KIND_MASK
    side = rows["ev"] & (BUY | SELL)
    is_valued = np.isin(kind, (DEPTH, TRADE, DEPTH_SNAPSHOT))
    is_level = np.isin(kind, (DEPTH, DEPTH_SNAPSHOT))
    with np.errstate(invalid="ignore"):
        checks = (
            (
                "ev",
                "depth, trade, clear, snapshot or BBO (single orders are not read)",
                ~np.isin(kind, _KINDS),
            ),
            ("ev", "one of the flags BUY and SELL", is_level & (side != BUY) & (side != SELL)),
            ("ev", "not both flags, BUY and SELL", side == BUY | SELL),
            ("px", "a price", is_valued & ~np.isfinite(rows["px"])),
            (
                "qty",
                "a size of 0 or more",
                is_valued & ~(np.isfinite(rows["qty"]) & (rows["qty"] >= 0)),
            ),
        )
    for field, expected, is_wrong in checks:
        if is_wrong.any():
            at = int(is_wrong.argmax())
            raise _wrong(member, f"row {first + at} {field}", expected, str(rows[field][at]))


def _wrong(member: Member, where: str, expected: str, received: str) -> Exception:
    reason = f"{member.name} {where}: expected {expected}, received {received}"
    return damaged_input(member.source, reason)


class _Writer:
    """Gathers the rows of a message, which share their local time, and writes it as text."""

    def __init__(self, levels: Levels) -> None:
        self._levels = levels
        self._lines: list[str] = []
        self._bids: list[tuple[float, float]] = []
        self._asks: list[tuple[float, float]] = []
        self._is_whole = False  # the message tells the book anew
        self._exch = 0
        self._local: int | None = None  # none: no message is open

    def add(self, rows: NDArray[np.void]) -> None:
        ev = rows["ev"]
        columns = (
            ev & KIND_MASK, ev & (BUY | SELL),
            rows["exch_ts"], rows["local_ts"], rows["px"], rows["qty"],
        )  # fmt: skip
        for row in zip(*(column.tolist() for column in columns), strict=True):
            kind = row[0]
            if kind == TRADE:
                self._add_trade(row)
            elif kind == DEPTH_BBO:
                self._lines.append('{"type":"BBO","symbol":""}\n')
            else:
                self._add_change(row)

    def take(self) -> bytes:
        text = "".join(self._lines).encode()
        self._lines.clear()
        return text

    def end_message(self) -> None:
        if self._local is None:
            return
        bids, asks = self._bids, self._asks
        if self._is_whole:
            bids, asks = list(self._levels.bids.items()), list(self._levels.asks.items())
        self._lines.append(
            f'{{"type":"book_change","symbol":"","isSnapshot":{str(self._is_whole).lower()},'
            f'"bids":[{_text(bids)}],"asks":[{_text(asks)}],'
            f'"timestamp":"{self._exch}","localTimestamp":"{self._local}"}}\n'
        )
        self._bids.clear()
        self._asks.clear()
        self._is_whole = False
        self._local = None

    def _add_trade(self, row: Row) -> None:
        _, side, exch, local, px, qty = row
        if local != self._local:
            self.end_message()
        taker = {BUY: "buy", SELL: "sell"}.get(side, "unknown")
        self._lines.append(
            f'{{"type":"trade","symbol":"","id":"","price":{px!r},"amount":{qty!r},'
            f'"side":"{taker}","timestamp":"{exch}","localTimestamp":"{local}"}}\n'
        )

    def _add_change(self, row: Row) -> None:
        kind, side, exch, local, px, qty = row
        if local == NO_TIME:
            self._levels.is_untold = True
        else:
            self._open(local, exch)
        if kind == DEPTH_CLEAR:
            self._is_whole = True
            self._clear(side, px)
            return
        self._is_whole |= kind == DEPTH_SNAPSHOT
        levels, changes = (
            (self._levels.bids, self._bids) if side == BUY else (self._levels.asks, self._asks)
        )
        if local != NO_TIME:
            changes.append((px, qty))
        if qty == 0:
            levels.pop(px, None)
        else:
            levels[px] = qty

    def _open(self, local: int, exch: int) -> None:
        """Begin a message, or go on with the one of this time."""
        if local != self._local:
            self.end_message()
            self._local = local
            self._is_whole = self._levels.is_untold
            self._levels.is_untold = False
        self._exch = exch

    def _clear(self, side: int, px: float) -> None:
        """Drop the levels from the best to ``px``; all where there is no such price, or no side."""
        is_range = side != 0 and math.isfinite(px)
        if side != SELL:
            bids = self._levels.bids
            for price in [price for price in bids if not is_range or price >= px]:
                del bids[price]
        if side != BUY:
            asks = self._levels.asks
            for price in [price for price in asks if not is_range or price <= px]:
                del asks[price]


def _text(levels: list[tuple[float, float]]) -> str:
    return ",".join(f'{{"price":{px!r},"amount":{qty!r}}}' for px, qty in levels)
