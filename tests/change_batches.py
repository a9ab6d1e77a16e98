"""Changes of a book as columns, from lists and from a Binance recording: the slow, plain way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from binance_reference import _Follower, is_diff, is_snapshot, read_lines, scaled
from obcore.book import ABSENT, BookState
from obcore.data.changes import KINDS, ChangeBatch, TradeBatch
from reference import ReferenceBook

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from reference import Pair

STATE, DELTA, PICTURE, REFRESH, KEY = range(len(KINDS))
SYNCED = BookState.SYNCED.value


class Change(NamedTuple):
    """One row of a `ChangeBatch`."""

    time_ns: int
    kind: int
    state: int
    bids: list[Pair]
    asks: list[Pair]
    ts_event_ns: int = ABSENT
    sequence: int = ABSENT
    depth: int = 0


class TradeRow(NamedTuple):
    """One row of a `TradeBatch`."""

    time_ns: int
    price: int
    size: int
    taker_is_buyer: bool
    ts_event_ns: int = ABSENT
    id: int = ABSENT


def batch_of(changes: list[Change], *, tick: str, lot: str) -> ChangeBatch:
    sides: dict[str, Any] = {}
    for side in ("bid", "ask"):
        levels = [getattr(change, f"{side}s") for change in changes]
        flat = np.array([pair for part in levels for pair in part], np.int64).reshape(-1, 2)
        sides[f"{side}_offsets"] = np.cumsum([0, *map(len, levels)], dtype=np.int64)
        sides[f"{side}_price"], sides[f"{side}_size"] = flat[:, 0].copy(), flat[:, 1].copy()
    none = np.full(len(changes), ABSENT)
    return ChangeBatch(
        tick=tick,
        lot=lot,
        position=np.arange(len(changes)),
        id=none,
        reason=np.zeros(len(changes), np.int32),
        reasons=[""],
        horizon_bid=none,
        horizon_ask=none,
        depth=np.array([change.depth for change in changes], np.int32),
        time_ns=np.array([change.time_ns for change in changes], np.int64),
        ts_event_ns=np.array([change.ts_event_ns for change in changes], np.int64),
        ts_recv_ns=np.array([change.time_ns for change in changes], np.int64),
        sequence=np.array([change.sequence for change in changes], np.int64),
        kind=np.array([change.kind for change in changes], np.uint8),
        state=np.array([change.state for change in changes], np.uint8),
        **sides,
    )


def trades_of(trades: list[TradeRow], *, tick: str, lot: str) -> TradeBatch:
    times = np.array([trade.time_ns for trade in trades], np.int64)
    return TradeBatch(
        tick=tick,
        lot=lot,
        time_ns=times,
        ts_event_ns=np.array([trade.ts_event_ns for trade in trades], np.int64),
        ts_recv_ns=times,
        price=np.array([trade.price for trade in trades], np.int64),
        size=np.array([trade.size for trade in trades], np.int64),
        taker_is_buyer=np.array([trade.taker_is_buyer for trade in trades], np.uint8),
        is_aggregate=np.zeros(len(trades), np.uint8),
        position=np.arange(len(trades)),
        id=np.array([trade.id for trade in trades], np.int64),
    )


class _Log(ReferenceBook):
    """A book that remembers the last delta."""

    last: tuple[list[Pair], list[Pair]] = ([], [])

    def apply_delta(self, bids: Iterable[Pair], asks: Iterable[Pair]) -> None:
        self.last = (list(bids), list(asks))
        super().apply_delta(*self.last)


def binance_changes(path: Path, *, tick_decimals: int, lot_decimals: int) -> list[Change]:
    """The states of a futures recording, by the reference reader."""
    follower = _Follower(tick_decimals, lot_decimals)
    book = follower.book = _Log()
    changes: list[Change] = []
    event = ABSENT  # of the last diff: a join is as old as what it ends with
    for line in read_lines(path):
        assert line.ts_recv_ns is not None
        if is_snapshot(line):
            is_new, is_join = follower.take_snapshot(line.message), True
        elif is_diff(line):
            is_join = not changes
            event = line.message["T"] * 1_000_000
            is_new = follower.take_diff(line.message)
        else:
            continue
        if not is_new:
            continue
        levels = (book.bids(), book.asks()) if is_join else book.last
        kind = PICTURE if is_join else DELTA
        changes.append(Change(line.ts_recv_ns, kind, SYNCED, *levels, event, follower.last_id))
    return changes


def binance_trades(path: Path, *, tick_decimals: int, lot_decimals: int) -> Iterator[TradeRow]:
    """The trades of a futures recording that were matched in its book."""
    for line in read_lines(path):
        trade = line.message
        if trade.get("e") != "trade" or trade["X"] != "MARKET":
            continue
        assert line.ts_recv_ns is not None
        price, size = scaled(trade["p"], tick_decimals), scaled(trade["q"], lot_decimals)
        event = trade["T"] * 1_000_000
        yield TradeRow(line.ts_recv_ns, price, size, not trade["m"], event, trade["t"])
