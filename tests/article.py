"""The adjusted mid estimators as the article computes them: in pandas, signs and lags included.

The article calls "buy" what a maker bought. Its rows are the trades; those of one time and one
side are one. It lets the estimators 9 and 10 see the trade that they predict.
"""

from __future__ import annotations

import math
from ast import literal_eval
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    Sides = Sequence[Sequence[Sequence[str]]]  # of each picture its levels: price and size

DEPTH = ["type", "event_time", "transact_time", "symbol", "u1", "u2", "u3", "bids", "asks"]
AGG_TRADE = [
    *("type", "event_time", "id", "symbol", "price", "quantity", "first_id", "last_id"),
    *("transact_time", "is_buyer_maker"),
]


def read_depth(path: Path) -> pd.DataFrame:
    """Time, mid price, spread, and y = 0.7 I_1 + 0.2 I_2 + 0.1 I_3 of each picture."""
    rows = pd.read_csv(path, header=None, names=DEPTH)
    bids, asks = (
        np.array([np.array(literal_eval(text)[:3], float) for text in rows[side]])
        for side in ("bids", "asks")
    )
    (bid, bid_sizes), (ask, ask_sizes) = (
        (side[:, 0, 0], side[:, :, 1]) for side in (bids, asks)
    )
    imbalances = (bid_sizes - ask_sizes) / (bid_sizes + ask_sizes)
    return pd.DataFrame(
        {
            "transact_time": rows["transact_time"],
            "mid_price": (bid + ask) / 2,
            "spread": ask - bid,
            "y": imbalances @ [0.7, 0.2, 0.1],
        }
    )


def write_depth(path: Path, times_ms: Sequence[int], bids: Sides, asks: Sides) -> None:
    ids = np.arange(len(times_ms))
    columns = ["depthUpdate", times_ms, times_ms, "X", ids, ids, ids, bids, asks]
    rows = pd.DataFrame(dict(zip(DEPTH, columns, strict=True)))
    rows.to_csv(path, header=False, index=False)


def write_trades(path: Path, trades: pd.DataFrame) -> None:
    ids, times_ms = trades.index, trades["transact_time"]
    rows = trades.assign(
        type="aggTrade", event_time=times_ms, id=ids, symbol="X", first_id=ids, last_id=ids
    )
    rows[AGG_TRADE].to_csv(path, header=False, index=False)


def read_trades(path: Path) -> pd.DataFrame:
    rows = pd.read_csv(path, header=None, names=AGG_TRADE)
    return rows[["transact_time", "is_buyer_maker", "price", "quantity"]]


def merged(trades: pd.DataFrame) -> pd.DataFrame:
    """Trades of one time and side as one: the first price, the whole quantity."""
    grouped = trades.groupby(["transact_time", "is_buyer_maker"], as_index=False)
    return grouped.agg(price=("price", "first"), quantity=("quantity", "sum"))


def flow(tape: pd.DataFrame, *, buy_is_buyer_maker: bool = True) -> pd.DataFrame:
    """Who trades, how often and how much: known behind each row of the merged tape."""
    columns = {}
    for name, maker in (("buy", buy_is_buyer_maker), ("sell", not buy_is_buyer_maker)):
        side = tape[tape["is_buyer_maker"] == maker]
        interval = side["transact_time"].diff().ewm(alpha=0.1).mean()
        # The first trade of a side has no interval yet, and nothing is said of it before.
        quantity = side["quantity"].ewm(alpha=0.1).mean().where(interval.notna())
        columns[f"interval_{name}"], columns[f"quantity_{name}"] = interval, quantity
        columns[f"rate_{name}"] = 1000 / interval
        columns[f"volume_{name}"] = 1000 / interval * quantity
    out = pd.DataFrame(columns, index=tape.index).ffill()
    for name, what in (("oi", "rate"), ("qi", "quantity"), ("vi", "volume")):
        buy, sell = out[f"{what}_buy"], out[f"{what}_sell"]
        out[name] = (buy - sell) / (buy + sell)
    return out


def momentum(tape: pd.DataFrame) -> pd.Series[float]:
    """r: the log of the price over the mean of the last forty."""
    return (tape["price"] / tape["price"].rolling(40).mean()).map(math.log)


def estimates(depth: pd.DataFrame, trades: pd.DataFrame) -> pd.DataFrame:
    """A row for each merged trade, with the last picture at or before it."""
    tape = merged(trades)
    rows = tape.join(flow(tape))
    # What the estimator 11 adds up was known before the trade of its row.
    rows["vi_before"], rows["r_before"] = rows["vi"].shift(), momentum(tape).shift()

    rows = pd.merge_asof(rows, depth, on="transact_time")
    mid, spread = rows["mid_price"], rows["spread"]
    rows["adjusted_mid_9"] = mid - 2 * spread * rows["oi"]
    rows["adjusted_mid_10"] = mid - 1.4 * spread * rows["vi"]
    rows["adjusted_mid_11"] = mid + spread * (
        -1.5 * rows["vi_before"] + 0.7 * rows["y"] ** 3 + 150 * rows["r_before"]
    )
    return rows[mid.notna()].reset_index(drop=True)


def relative_squared_errors(rows: pd.DataFrame) -> pd.Series[float]:
    """Each estimator's squared error of the price, over the mid's, where all are defined."""
    estimators = ["mid_price", "adjusted_mid_9", "adjusted_mid_10", "adjusted_mid_11"]
    defined = rows.dropna(subset=estimators)
    squares: pd.Series[float] = defined[estimators].sub(defined["price"], axis=0).pow(2).sum()
    return squares / squares["mid_price"]
