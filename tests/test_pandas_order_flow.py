"""Order flow, queues at the touch and returns against shifted columns of pandas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pytest

from obcore import Recording
from pandas_markets import (
    LEVELS,
    MARKETS,
    check_near,
    columns,
    market_named,
    pictures,
    rolled,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pandas_markets import Column, Columns, Market

FLOW_WINDOWS = ["1", "20", "1s"]
FLOWS = {"ofi": 1, "ofi_1": 1, "ofi_2": 2, "ofi_10": 10}
RATES = [f"{side}_{what}_rate" for side in ("bid", "ask") for what in ("arrival", "depletion")]
HORIZONS = ["1", "100", "1s"]


@pytest.fixture(scope="module", params=MARKETS)
def market(request: pytest.FixtureRequest, shared_data: Callable[[str], Path]) -> Market:
    return market_named(request.param, shared_data)


class Levels(NamedTuple):
    """The best levels as frames over the venue time, and what one lot is."""

    frames: list[pd.DataFrame]
    lot: float

    @property
    def mid(self) -> Column:
        return self.frames[0]["bid"] / 2 + self.frames[0]["ask"] / 2


@pytest.fixture(scope="module")
def levels(market: Market) -> Levels:
    times_ms, values = pictures(market)
    index = pd.DatetimeIndex(np.array(times_ms, np.int64) * 10**6)
    names = ["bid", "bid_size", "ask", "ask_size"]
    frames = [pd.DataFrame(values[:, k], index, names) for k in range(LEVELS)]
    return Levels(frames, 10.0**-market.lot_decimals)


@pytest.fixture(scope="module")
def changes(market: Market) -> Columns:
    names = [*FLOWS, *RATES, "integrated_ofi", "realised_volatility"]
    asked = [f"{name}(window={window})" for name in names for window in FLOW_WINDOWS]
    returns = [f"return(horizon={horizon})" for horizon in HORIZONS]
    return columns(Recording(market.path), asked + returns)


def imbalance(level: pd.DataFrame) -> Column:
    """e, from each state to the next, in lots."""
    then = level.shift()
    bids = level["bid_size"].where(level["bid"] >= then["bid"], 0) - then["bid_size"].where(
        level["bid"] <= then["bid"], 0
    )
    asks = level["ask_size"].where(level["ask"] <= then["ask"], 0) - then["ask_size"].where(
        level["ask"] >= then["ask"], 0
    )
    return (bids - asks).where(then["bid"].notna())


@pytest.mark.parametrize("window", FLOW_WINDOWS)
@pytest.mark.parametrize("name", FLOWS)
def test_order_flow_is_that_of_shifted_columns(
    levels: Levels, changes: Columns, name: str, window: str
) -> None:
    flow = rolled(imbalance(levels.frames[FLOWS[name] - 1]), window, "sum")

    check_near(changes[f"{name}(window={window})"], flow * levels.lot, 1e-12)


@pytest.mark.parametrize("window", FLOW_WINDOWS)
def test_integrated_order_flow_is_the_mean_of_ten_levels_over_their_depth(
    levels: Levels, changes: Columns, window: str
) -> None:
    flows = [rolled(imbalance(level), window, "sum") for level in levels.frames]
    sizes = pd.concat([level[["bid_size", "ask_size"]] for level in levels.frames], axis=1)
    of_a_level = sizes.mean(axis=1)
    of_a_level.iloc[0] = np.nan  # of no transition

    flow = pd.concat(flows, axis=1).mean(axis=1, skipna=False)

    wanted = flow / rolled(of_a_level, window, "mean")
    check_near(changes[f"integrated_ofi(window={window})"], wanted, 1e-12, 1)


def arrival(price: Column, size: Column) -> Column:
    """Lots new at the best price: all of a better one's, what is more at the same one."""
    then, more = price.shift(), size.diff().clip(lower=0)
    return size.where(price > then, more.where(price == then, 0)).where(then.notna())


def depletion(price: Column, size: Column) -> Column:
    """Lots gone from the best price: all where it is worse now, what is less at the same."""
    then, less = price.shift(), (-size.diff()).clip(lower=0)
    return size.shift().where(price < then, less.where(price == then, 0)).where(then.notna())


def seconds_over(column: Column, window: str) -> Column | float:
    """From the state before the window's first transition to now."""
    if not window.isdecimal():
        return pd.Timedelta(window).total_seconds()
    times = pd.Series(column.index, column.index)
    seconds: Column = times.diff(int(window)).dt.total_seconds()
    return seconds


@pytest.mark.parametrize("window", FLOW_WINDOWS)
@pytest.mark.parametrize("name", RATES)
def test_arrivals_and_depletions_at_the_touch_are_those_of_shifted_columns(
    levels: Levels, changes: Columns, name: str, window: str
) -> None:
    side, what, _ = name.split("_")
    price, size = (levels.frames[0][column] for column in (side, f"{side}_size"))
    better = price if side == "bid" else -price

    lots = arrival(better, size) if what == "arrival" else depletion(better, size)

    wanted = rolled(lots, window, "sum") * levels.lot / seconds_over(price, window)
    check_near(changes[f"{name}(window={window})"], wanted, 1e-12)


def mid_ago(mid: Column, horizon: str) -> Column:
    """So many states ago, or of the last state that is so old."""
    if horizon.isdecimal():
        return mid.shift(int(horizon))
    times = mid.index.to_numpy()
    old_enough = np.searchsorted(times, times - pd.Timedelta(horizon).to_timedelta64(), "right")
    then = mid.to_numpy()[old_enough - 1]
    return pd.Series(np.where(old_enough > 0, then, np.nan), mid.index)


@pytest.mark.parametrize("horizon", HORIZONS)
def test_returns_are_logarithms_of_the_mid_over_a_shifted_one(
    levels: Levels, changes: Columns, horizon: str
) -> None:
    wanted = (levels.mid / mid_ago(levels.mid, horizon)).map(math.log)

    check_near(changes[f"return(horizon={horizon})"], wanted, 1e-9)


@pytest.mark.parametrize("window", FLOW_WINDOWS)
def test_realised_volatility_is_the_root_of_the_sum_of_squared_returns(
    levels: Levels, changes: Columns, window: str
) -> None:
    squares = (levels.mid / levels.mid.shift()).map(math.log) ** 2

    wanted = rolled(squares, window, "sum") ** 0.5
    check_near(changes[f"realised_volatility(window={window})"], wanted, 1e-9)
