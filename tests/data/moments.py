"""Moments of a recording at which a book is held against a replay, and the recordings.

``OBCORE_MOMENTS=1000`` takes so many of each recording.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from obcore import Recording, Side

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from obcore import Book, History, Store

    SharedData = Callable[[str], Path]

MOMENTS = int(os.environ.get("OBCORE_MOMENTS", "4"))
SMALL = (  # quick enough for every run
    ("exchange_ws/OKX_a.jsonl.gz", "okx:BTC-USDT"),
    ("exchange_ws/BYBIT_a.jsonl.gz", "bybit-linear:BTCUSDT"),
    ("exchange_ws/KRAKEN_a.jsonl.gz", "kraken:XMR/USD"),
    ("exchange_ws/DERIBIT.jsonl.gz", "deribit:ETH-30JUL21-2800-C"),
    ("tardis_csv/deribit_incremental_book_L2_BTC-PERPETUAL.csv", None),
    ("tardis_csv/binance-futures_book_snapshot_25_BTCUSDT.csv", None),
    ("binance_raw/usdm_ethusdt_20240718.gz", None),
)
LARGE = (
    ("binance_raw/usdm_btcusdt_20240808.gz", None),
    ("binance_raw/cm_btcusd_perp_20240808.gz", None),
    ("binance_raw/spot_btcusdt_20240808.gz", None),
    ("lobster/AAPL_2012-06-21_34200000_37800000_message_50.csv.gz", None),
    (
        "tardis_csv/converted/binance-futures_incremental_book_L2_2024-08-08_BTCUSDT.csv.gz",
        None,
    ),
)


def recordings() -> dict[str, Callable[[SharedData], Recording]]:
    """Return how to open each recording, by its name."""
    chosen = SMALL + (LARGE if MOMENTS > 10 else ())
    return {path: _opener(path, symbol) for path, symbol in chosen}


def _opener(path: str, symbol: str | None) -> Callable[[SharedData], Recording]:
    return lambda shared_data: Recording(shared_data(path), symbol=symbol)


def moments_of(past: History | Store, symbol: str) -> list[int]:
    """Return times at random, the first and the last, on changes, and a nanosecond beside them."""
    rng = np.random.default_rng(3)
    batches = list(past.batches(symbol))
    times = np.unique(np.concatenate([batch.time_ns for batch in batches]))
    times = times[times > 0]
    keys = np.array([batch.time_ns[0] for batch in batches if batch.time_ns[0] > 0])
    times = times if len(times) > 1 else np.append(times, times + 1)
    chosen = [
        times[:1],
        times[-2:-1],  # the last one is the end, which a replay does not tell
        rng.integers(times[0], max(times[-1], times[0] + 1), MOMENTS),
        rng.choice(times[:-1], min(2, len(times) - 1)),
        rng.choice(times[:-2], 2) + 1 if len(times) > 3 else times[:1],
        rng.choice(keys, min(2, len(keys))),
    ]
    return sorted({int(time_ns) for part in chosen for time_ns in part.tolist()})


def assert_same_book(found: Book, wanted: Book, moment: int) -> None:
    """Compare level by level, with all that a book says of itself; on any grid."""
    assert (found.state, found.reason, found.sequence) == (
        wanted.state,
        wanted.reason,
        wanted.sequence,
    ), moment
    assert (found.ts_event_ns, found.ts_recv_ns) == (wanted.ts_event_ns, wanted.ts_recv_ns), (
        moment
    )
    for side in Side:
        if found.grid == wanted.grid:
            assert found.top(side).tolist() == wanted.top(side).tolist(), (moment, side)
        else:
            assert _texts(found, side) == _texts(wanted, side), (moment, side)


def _texts(book: Book, side: Side) -> list[tuple[float, float]]:
    grid = book.grid
    return [
        (float(grid.price_text(ticks)), float(grid.size_text(lots)))
        for ticks, lots in book.top(side).tolist()
    ]
