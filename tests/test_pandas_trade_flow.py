"""Trade flow and the estimators that use it against pandas, from one file and from two.

Of the article's recipe, in ``article.py``, here only what came before a state counts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import article
from binance_reference import is_diff, is_snapshot, read_lines
from obcore import Recording
from pandas_markets import (
    ESTIMATORS,
    IMBALANCES,
    MARKETS,
    SIDED,
    check_near,
    market_named,
    reference_states,
    trades_of,
    write_as_the_article,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from obcore import FeatureTable
    from pandas_markets import Column, Files, Market

LAST_TRADE = [f"last_trade_{what}" for what in ("price", "side", "age")]
TRADE_FLOW = SIDED + IMBALANCES + ["signed_flow", *LAST_TRADE, *ESTIMATORS]
OF_THE_STATE = ["mid_price", "spread", *(f"imbalance_level_{k}" for k in (1, 2, 3))]


@pytest.fixture(scope="module", params=MARKETS)
def market(request: pytest.FixtureRequest, shared_data: Callable[[str], Path]) -> Market:
    return market_named(request.param, shared_data)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write_as_the_article(tmp_path_factory.mktemp("article"))


def in_venue_order(market: Market) -> Iterator[str]:
    """Depth and trades by the venue's clock alone, depth first where they have one time.

    What was buffered for the join stays in its order, and has the time of the join.
    """
    number_of_join = next(reference_states(market))[0]
    lines = list(read_lines(market.path))
    depth = [line for line in lines if is_diff(line) or is_snapshot(line)]
    trades = [line for line in lines if line.message.get("e") == "trade"]
    join = max(line.message["T"] for line in depth if line.number <= number_of_join)
    timed = [(max(line.message["T"], join), line) for line in depth]
    timed += [(line.message["T"], line) for line in trades]
    for _, line in sorted(timed, key=lambda entry: entry[0]):
        in_stream = {"stream": line.stream, "data": line.message}
        yield json.dumps(in_stream if line.stream else line.message) + "\n"


def trade_flow_at(table: FeatureTable, trades: pd.DataFrame) -> pd.DataFrame:
    """What pandas makes of the trades strictly before each state of a table."""
    tape = article.merged(trades)
    tape = tape.join(article.flow(tape, buy_is_buyer_maker=False))
    tape["signed_flow"] = (-maker_sign(tape) * tape["quantity"]).ewm(alpha=0.1).mean()
    tape["r"] = article.momentum(tape)
    last = trades.sort_values(["transact_time", "is_buyer_maker"], kind="stable")
    last = last.assign(last_trade_time=last["transact_time"], last_trade_side=-maker_sign(last))
    last = last.rename(columns={"price": "last_trade_price"})

    rows = pd.DataFrame({"transact_time": table.ts_event_ns // 10**6})
    rows = pd.merge_asof(rows, tape, on="transact_time", allow_exact_matches=False)
    rows = pd.merge_asof(
        rows,
        last[["transact_time", *LAST_TRADE[:2], "last_trade_time"]],
        on="transact_time",
        allow_exact_matches=False,
    )
    rows["last_trade_age"] = rows["transact_time"] - rows["last_trade_time"]
    mid, spread, *levels = (table[name] for name in OF_THE_STATE)
    y = np.array([0.7, 0.2, 0.1]) @ levels
    rows["adjusted_mid_9"] = mid + 2 * spread * rows["oi"]
    rows["adjusted_mid_10"] = mid + 1.4 * spread * rows["vi"]
    inside = 1.5 * rows["vi"] + 0.7 * y**3 + 150 * rows["r"]
    rows["adjusted_mid_11"] = mid + spread * inside
    return rows


def maker_sign(trades: pd.DataFrame) -> Column:
    """1 where the buyer was the maker, -1 where the seller was."""
    return trades["is_buyer_maker"] * 2.0 - 1.0


def check_trade_flow(table: FeatureTable, trades: pd.DataFrame) -> None:
    wanted = trade_flow_at(table, trades)

    for name in TRADE_FLOW:
        around_zero = name in {*IMBALANCES, "signed_flow"}
        scale = wanted[name].abs().max() if around_zero else 0.0
        rtol = 1e-14 if name in ESTIMATORS else 1e-12
        check_near(pd.Series(table[name]), wanted[name], rtol, scale)
    assert wanted.notna().all(axis=1).mean() > 0.9


def test_trade_flow_in_the_order_of_the_venue_is_that_of_pandas(
    market: Market, tmp_path: Path
) -> None:
    (tmp_path / "in_venue_order.txt").write_text("".join(in_venue_order(market)))
    trades = trades_of(read_lines(market.path))

    table = Recording(tmp_path / "in_venue_order.txt").features(OF_THE_STATE + TRADE_FLOW)

    check_trade_flow(table, trades)


def test_trade_flow_of_depth_and_trades_in_two_files_is_that_of_pandas(files: Files) -> None:
    table = files.recording.features(OF_THE_STATE + TRADE_FLOW)

    check_trade_flow(table, article.read_trades(files.trades))
