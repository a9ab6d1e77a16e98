"""What is written for hftbacktest, read by hftbacktest itself (the extra ``bench`` installs it)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import obcore
from change_batches import (
    DELTA,
    PICTURE,
    STATE,
    SYNCED,
    Change,
    batch_of,
    binance_changes,
    binance_trades,
    trades_of,
)
from obcore import BookState, Instrument, Recording, Side
from obcore.data.export import write_npz

if TYPE_CHECKING:
    from pathlib import Path

hft = pytest.importorskip("hftbacktest")

T0 = 1_700_000_000_000_000_000
SECOND = 1_000_000_000
NEAR = 300  # ticks behind the touch that are compared


def backtest(paths: list[Path], tick: float, lot: float) -> Any:
    asset = (
        hft.BacktestAsset()
        .data([str(path) for path in paths])
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(tick)
        .lot_size(lot)
        .last_trades_capacity(0)
    )
    return hft.HashMapMarketDepthBacktest([asset])


def test_the_sample_is_the_same_book_there(tmp_path: Path) -> None:
    grid = {"tick": "0.01", "lot": "0.001"}
    changes = binance_changes(obcore.sample(), tick_decimals=2, lot_decimals=3)
    trades = list(binance_trades(obcore.sample(), tick_decimals=2, lot_decimals=3))
    path = tmp_path / "sample.npz"
    write_npz([batch_of(changes, **grid)], [trades_of(trades, **grid)], path)
    validation = pytest.importorskip("hftbacktest.data.validation")
    validation.validate_event_order(np.load(path)["data"])
    recording = Recording(obcore.sample(), instrument=Instrument("ETHUSDT", "0.01", "0.001"))
    reader = backtest([path], 0.01, 0.001)

    compared = 0
    while reader.elapse(10 * SECOND) == 0:
        depth = reader.depth(0)
        book = recording.book(at=reader.current_timestamp)
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
        assert book.best_bid is not None
        assert book.best_ask is not None
        assert (book.best_bid[0], book.best_ask[0]) == (bid, ask)
        for i in range(NEAR):
            assert round(depth.bid_qty_at_tick(bid - i) * 1000) == book.size_at(
                Side.BID, bid - i
            )
            assert round(depth.ask_qty_at_tick(ask + i) * 1000) == book.size_at(
                Side.ASK, ask + i
            )
        compared += 1
    assert compared >= 15


def test_a_file_behind_another_begins_a_new_book_there(tmp_path: Path) -> None:
    for name, time, bid in (("a.npz", T0, 10), ("b.npz", T0 + SECOND, 50)):
        change = Change(time, PICTURE, SYNCED, [(bid, 1)], [(190 - bid, 1)], time)
        later = Change(time + SECOND // 2, DELTA, SYNCED, [(bid, 2)], [], time + SECOND // 2)
        write_npz([batch_of([change, later], tick="0.1", lot="1")], [], tmp_path / name)
    reader = backtest([tmp_path / "a.npz", tmp_path / "b.npz"], 0.1, 1.0)

    reader.elapse(int(1.2 * SECOND))

    depth = reader.depth(0)
    assert [depth.bid_qty_at_tick(tick) for tick in (50, 10)] == [1.0, 0.0]
    assert [depth.ask_qty_at_tick(tick) for tick in (140, 180)] == [1.0, 0.0]


def test_nothing_is_left_there_of_the_book_before_a_hole(tmp_path: Path) -> None:
    changes = [
        Change(T0, PICTURE, SYNCED, [(50, 1), (10, 4)], [(90, 1), (200, 2)], T0),
        Change(T0 + 1 * SECOND, DELTA, SYNCED, [(5, 7)], [], T0 + 1 * SECOND),
        Change(T0 + 2 * SECOND, STATE, BookState.GAP.value, [], [], T0 + 2 * SECOND),
        Change(T0 + 3 * SECOND, PICTURE, SYNCED, [(48, 3)], [(95, 1)], T0 + 3 * SECOND),
        Change(T0 + 9 * SECOND, DELTA, SYNCED, [(47, 3)], [], T0 + 9 * SECOND),
    ]
    write_npz([batch_of(changes, tick="0.1", lot="1")], [], tmp_path / "a.npz")
    reader = backtest([tmp_path / "a.npz"], 0.1, 1.0)

    reader.elapse(5 * SECOND)

    depth = reader.depth(0)
    bids = {tick: depth.bid_qty_at_tick(tick) for tick in range(1, 300)}
    asks = {tick: depth.ask_qty_at_tick(tick) for tick in range(1, 300)}
    assert {tick: size for tick, size in bids.items() if size} == {48: 3.0}
    assert {tick: size for tick, size in asks.items() if size} == {95: 1.0}
