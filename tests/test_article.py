"""Mode source against the article's own columns, and the normal mode as its opposite.

The article's recipe is in ``article.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import article
from pandas_markets import ESTIMATORS, IMBALANCES, SIDED, check_near, write_as_the_article

if TYPE_CHECKING:
    from pathlib import Path

    from obcore import FeatureTable
    from pandas_markets import Files

OF_THE_ARTICLE = ["mid_price", *SIDED, *IMBALANCES, *ESTIMATORS]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write_as_the_article(tmp_path_factory.mktemp("article"))


@pytest.fixture(scope="module")
def in_mode_source(files: Files) -> FeatureTable:
    return files.recording.features(OF_THE_ARTICLE, every="trade", mode="source")


@pytest.fixture(scope="module")
def published(files: Files) -> pd.DataFrame:
    depth, trades = article.read_depth(files.depth), article.read_trades(files.trades)
    return article.estimates(depth, trades)


@pytest.mark.parametrize("name", OF_THE_ARTICLE)
def test_mode_source_gives_the_articles_columns_with_its_signs_and_lags(
    in_mode_source: FeatureTable, published: pd.DataFrame, name: str
) -> None:
    found = pd.Series(in_mode_source[name])

    wanted = published[name]

    rtol = 1e-14 if name in ESTIMATORS else 1e-12
    check_near(found, wanted, rtol, 1 if name in IMBALANCES else 0)
    assert wanted.notna().mean() > 0.9


def test_mode_source_has_one_row_for_each_merged_trade_of_the_article(
    in_mode_source: FeatureTable, published: pd.DataFrame
) -> None:
    times_ms = in_mode_source.ts_event_ns // 10**6

    assert times_ms.tolist() == published["transact_time"].tolist()


def test_mode_source_gives_the_articles_relative_squared_errors(
    in_mode_source: FeatureTable, published: pd.DataFrame
) -> None:
    rows = pd.DataFrame(in_mode_source.values, columns=list(in_mode_source.names))
    rows["price"] = published["price"]  # what they estimate

    errors, wanted = (article.relative_squared_errors(r) for r in (rows, published))

    check_near(errors, wanted, 1e-9)
    assert errors.nunique() == 4


def test_the_normal_mode_has_the_opposite_signs_and_only_what_was_before(
    files: Files,
) -> None:
    depth, trades = article.read_depth(files.depth), article.read_trades(files.trades)
    tape = article.merged(trades)
    tape = tape.join(article.flow(tape))[["transact_time", *IMBALANCES]]

    table = files.recording.features(IMBALANCES, every="trade")

    # The last state before each trade, then the last trades before that state.
    states = depth[["transact_time"]].assign(time_of_state=depth["transact_time"])
    rows = pd.merge_asof(trades, states, on="transact_time", allow_exact_matches=False)
    rows = rows.dropna().astype({"time_of_state": np.int64})[["time_of_state"]]
    wanted = -pd.merge_asof(
        rows,
        tape,
        left_on="time_of_state",
        right_on="transact_time",
        allow_exact_matches=False,
    )[IMBALANCES]
    np.testing.assert_allclose(table.values, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mode", ["causal", "source"])
def test_only_in_mode_source_the_row_at_a_trade_contains_it(
    files: Files, tmp_path: Path, mode: str
) -> None:
    trades = article.read_trades(files.trades)
    time = trades["transact_time"][800]
    trades.loc[trades["transact_time"] == time, "quantity"] *= 1000
    article.write_trades(tmp_path / "trades.csv", trades)

    before, after = (
        given.recording.features("qi, adjusted_mid_10", every="trade", mode=mode)
        for given in (files, files._replace(trades=tmp_path / "trades.csv"))
    )

    changed = (before.values != after.values) & ~np.isnan(before.values)
    first = before.ts_event_ns[changed.any(axis=1)][0] // 10**6
    assert first == time if mode == "source" else first > time
