"""Recorded markets in pandas: features as columns, books and trades as frames and as files.

Depth and trades are read by ``binance_reference``. Tolerances are those of pandas: a number near
0 is held to a part of its column's scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pytest

import article
import obcore
from binance_reference import is_diff, read_lines, states
from obcore import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from binance_reference import Line
    from reference import ReferenceBook

    Column = pd.Series[float]
    Values = NDArray[np.float64]

LEVELS = 10
IMBALANCES = ["oi", "qi", "vi"]
SIDED = [
    f"{what}_{side}"
    for what in ("interval", "quantity", "rate", "volume")
    for side in ("buy", "sell")
]
ESTIMATORS = [f"adjusted_mid_{n}" for n in (9, 10, 11)]


class Market(NamedTuple):
    """A recording of one symbol in one file."""

    path: Path
    tick_decimals: int
    lot_decimals: int


SAMPLE = Market(obcore.sample(), 2, 3)
MARKETS = ["sample", pytest.param("usdm_btcusdt", marks=pytest.mark.slow)]


def market_named(name: str, shared_data: Callable[[str], Path]) -> Market:
    if name == "sample":
        return SAMPLE
    return Market(shared_data("binance_raw") / f"{name}_20240808.gz", 1, 3)


def check_near(found: Column, wanted: Column, rtol: float, scale: float = 0.0) -> None:
    """NaN in the same places; elsewhere equal to rtol of the value, or of the scale."""
    np.testing.assert_allclose(
        found.to_numpy(), wanted.to_numpy(), rtol=rtol, atol=rtol * scale
    )


@dataclass(frozen=True, slots=True)
class Columns:
    """Features by the text that asked for them, over the venue time that never runs back."""

    values: dict[str, Values]
    index: pd.DatetimeIndex

    def __getitem__(self, name: str) -> Column:
        return pd.Series(self.values[name], self.index)


def columns(recording: Recording, asked: Sequence[str]) -> Columns:
    table = recording.features(asked)
    times = np.maximum.accumulate(table.ts_event_ns)
    return Columns(dict(zip(asked, table.values.T, strict=True)), pd.DatetimeIndex(times))


def rolled(column: Column, window: str, statistic: str) -> Column:
    """NaN until the window is warm, and while it holds one.

    Over a duration pandas itself starts with the first value, and leaves NaN out.
    """
    if window.isdecimal():
        return column.rolling(int(window)).agg(statistic)
    is_warm = column.index >= column.index[0] + pd.Timedelta(window)
    holds_nan = column.isna().astype(float).rolling(window).sum() > 0
    return column.rolling(window).agg(statistic).where(is_warm & ~holds_nan)


class Pictures(NamedTuple):
    """Venue time, and best levels: bid, its size, ask and its size, in ticks and lots."""

    times_ms: list[int]
    values: Values  # (states, LEVELS, 4)


def reference_states(market: Market) -> Iterator[tuple[int, int, ReferenceBook]]:
    _, tick_decimals, lot_decimals = market
    return states([market.path], tick_decimals=tick_decimals, lot_decimals=lot_decimals)


def pictures(market: Market) -> Pictures:
    lines = read_lines(market.path)
    last_diff = list(
        accumulate((line.message["T"] if is_diff(line) else 0 for line in lines), max)
    )
    times, values = [], []
    for number, _, book in reference_states(market):
        times.append(last_diff[number - 1])
        values.append(np.hstack([book.bids()[:LEVELS], book.asks()[:LEVELS]]))
    return Pictures(times, np.array(values, dtype=np.float64))


def trades_of(lines: Iterator[Line]) -> pd.DataFrame:
    messages = [line.message for line in lines if line.message.get("e") == "trade"]
    keys = {"transact_time": "T", "is_buyer_maker": "m", "price": "p", "quantity": "q"}
    trades = pd.DataFrame({name: [m[key] for m in messages] for name, key in keys.items()})
    return trades.astype({"price": float, "quantity": float})


class Files(NamedTuple):
    """Depth and trades as the article had them: headerless CSV."""

    depth: Path
    trades: Path

    @property
    def recording(self) -> Recording:
        return Recording(self.depth, trades=self.trades)


def write_as_the_article(folder: Path) -> Files:
    """The sample in two files."""
    made = Files(folder / "depth.csv", folder / "trades.csv")
    article.write_trades(made.trades, trades_of(read_lines(SAMPLE.path)))
    times_ms, values = pictures(SAMPLE)
    sides = [
        [[texts(level) for level in picture] for picture in values[:, :, side].tolist()]
        for side in (slice(0, 2), slice(2, 4))
    ]
    article.write_depth(made.depth, times_ms, *sides)
    return made


def texts(level: list[float]) -> list[str]:
    """Price and size as the venue writes them."""
    decimals = SAMPLE.tick_decimals, SAMPLE.lot_decimals
    return [
        str(Decimal(int(count)).scaleb(-places))
        for count, places in zip(level, decimals, strict=True)
    ]
