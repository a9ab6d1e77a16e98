"""Recordings of every venue, written as others read them and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from obcore import BookState, Recording, Side
from obcore.book import ColumnSink
from obcore.data.changes import ChangeBatch, TradeBatch
from obcore.data.export import write_npz, write_tardis_csv

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECORDINGS = [
    ("exchange_ws/BYBIT_a.jsonl.gz", "bybit-linear:BTCUSDT"),
    ("exchange_ws/OKX_a.jsonl.gz", "BTC-USDT"),
    ("exchange_ws/KRAKEN_a.jsonl.gz", "XMR/USD"),  # cut to its depth behind each delta
    ("exchange_ws/BINANCE.jsonl.gz", "BLZETH"),
    ("lobster/AAPL_2012-06-21_34200000_37800000_message_50.csv.gz", ""),
]
TRUSTED = {BookState.SYNCED.value, BookState.UNVERIFIED.value}


def levels(recording: Recording, at: int) -> list[list[tuple[float, float]]]:
    """Prices and sizes: the grids of two files may differ."""
    book = recording.book(at=at)
    return [
        [
            (book.grid.price(ticks), book.grid.size(lots))
            for ticks, lots in book.top(side).tolist()
        ]
        for side in (Side.BID, Side.ASK)
    ]


@pytest.mark.parametrize(("name", "symbol"), RECORDINGS)
def test_a_recording_reads_back(
    shared_data: Callable[[str], Path], tmp_path: Path, name: str, symbol: str
) -> None:
    recording = Recording(shared_data(name), symbol=symbol or None)
    sink = ColumnSink()
    recording.play(sink)
    sink.finish()
    changes = [ChangeBatch.of(part) for part in sink.take_changes()]
    trades = [TradeBatch.of(part) for part in sink.take_trades()]
    rows = [
        (int(time), int(state))
        for batch in changes
        for time, state in zip(batch.time_ns, batch.state, strict=True)
    ]
    # The last state of each microsecond, for there is no other in Tardis' file.
    times = [
        time
        for i, (time, state) in enumerate(rows)
        if state in TRUSTED and (i + 1 == len(rows) or rows[i + 1][0] // 1000 != time // 1000)
    ]
    assert len(times) > 5

    write_npz(changes, trades, tmp_path / "a.npz")
    write_tardis_csv(changes, tmp_path / "a.csv", symbol=f"venue:{symbol or 'X'}")

    copies = [Recording(tmp_path / "a.npz"), Recording(tmp_path / "a.csv")]
    for time in [*times[:: len(times) // 5], times[-1]]:
        expected = levels(recording, time)
        assert [levels(copy, time) for copy in copies] == [expected] * 2
