"""Means, deviations, z-scores and trends over windows against rolling columns of pandas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from obcore import Recording
from pandas_markets import MARKETS, check_near, columns, market_named, rolled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pandas_markets import Column, Columns, Market, Values

BASES = ["obi_1", "mid_price", "spread", "log_mid_price", "ofi_1", "signed_flow"]
WINDOWS = ["20", "7", "100", "1s", "250ms"]
TRENDS = [("5", "10"), ("7", "100"), ("250ms", "1s"), ("1s", "20")]


@pytest.fixture(scope="module", params=MARKETS)
def market(request: pytest.FixtureRequest, shared_data: Callable[[str], Path]) -> Market:
    return market_named(request.param, shared_data)


@pytest.fixture(scope="module")
def rolling(market: Market) -> Columns:
    statistics = [
        f"{statistic}({base}, window={window})"
        for statistic in ("mean", "std", "z_score")
        for base in BASES
        for window in WINDOWS
    ]
    trends = [
        f"trend({base}, fast={fast}, slow={slow})" for base in BASES for fast, slow in TRENDS
    ]
    return columns(Recording(market.path), BASES + statistics + trends)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("base", BASES)
def test_statistics_over_a_window_are_those_of_pandas(
    rolling: Columns, base: str, window: str
) -> None:
    column = rolling[base]

    mean, variance = (rolled(column, window, statistic) for statistic in ("mean", "var"))

    means, stds, z_scores = (
        rolling[f"{statistic}({base}, window={window})"]
        for statistic in ("mean", "std", "z_score")
    )
    # Where a mean is near 0, rounding is still that of the column's largest value.
    check_near(means, mean, 1e-14, column.abs().max())
    # Large values that leave the window take digits of pandas' variance with them.
    check_near(stds**2, variance, 1e-10, (column.max() - column.min()) ** 2)
    distance = (column - mean).where(variance.notna())
    check_near(z_scores * stds, distance, 1e-14, column.abs().max())


@pytest.mark.parametrize(("fast", "slow"), TRENDS)
@pytest.mark.parametrize("base", BASES)
def test_trends_are_the_differences_of_pandas_means(
    rolling: Columns, base: str, fast: str, slow: str
) -> None:
    column = rolling[base]

    trend = rolled(column, fast, "mean") - rolled(column, slow, "mean")

    found = rolling[f"trend({base}, fast={fast}, slow={slow})"]
    check_near(found, trend, 1e-14, column.abs().max())


def windows(column: Column, window: str, nth: int) -> Iterator[tuple[int, Values]]:
    """The values in the window at every nth state at which it is warm."""
    values: Values = np.array(column)
    times = column.index.astype(np.int64).to_numpy()
    count = int(window) if window.isdecimal() else 0
    duration = 0 if count else pd.Timedelta(window).value
    for i in range(count, len(values), nth):
        if times[0] <= times[i] - duration:
            start = np.searchsorted(times, times[i] - duration, side="right")
            yield i, values[i + 1 - count if count else start : i + 1]


def std_and_z_score(values: Values) -> tuple[float, float]:
    """From the differences to the newest value, which are exact where digits are at stake."""
    if not np.isfinite(values).all() or len(values) < 2:
        return math.nan, math.nan
    away = values - values[-1]
    mean = math.fsum(away) / len(away)
    std = math.sqrt(math.fsum((away - mean) ** 2) / (len(away) - 1))
    return std, -mean / std if std > 0 else 0.0


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("base", BASES)
def test_deviations_keep_the_digits_that_pandas_loses(
    rolling: Columns, base: str, window: str
) -> None:
    exact = {i: std_and_z_score(v) for i, v in windows(rolling[base], window, nth=5)}

    stds, z_scores = (
        rolling.values[f"{statistic}({base}, window={window})"][list(exact)]
        for statistic in ("std", "z_score")
    )

    std, z_score = np.array(list(exact.values())).T
    np.testing.assert_allclose(stds, std, rtol=1e-12)
    np.testing.assert_allclose(z_scores, z_score, rtol=1e-12, atol=1e-12)
    assert np.isfinite(std).sum() > 0.9 * len(std)
