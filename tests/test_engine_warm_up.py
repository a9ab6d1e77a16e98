"""What an engine waits for after a start, a reset or a gap."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

import made_up
from engine_oracle import NESTED
from engine_streams import BTC, ETH, FEW, SAMPLE, feed, recorded, rows_of, sell, touch, warm
from obcore import FeatureEngine, Recording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_what_is_missing_is_said_in_words() -> None:
    names = (
        "ofi(window=3), oi, mean(obi_1, window=1s), return(horizon=1s), signed_flow, rate_buy"
    )
    engine = FeatureEngine(BTC, names + ", adjusted_mid_11, mid_price")
    assert set(engine.missing.values()) == {"a first state"}
    assert list(engine.missing) == engine.names

    rows_of(engine, [touch(0), touch(300)])

    assert engine.missing == {
        "ofi(window=3)": "1 of 3 states",
        "oi": "two trades of each side",
        "mean(obi_1, window=1s)": "300ms of 1s",
        "return(horizon=1s)": "a state 1s ago",
        "signed_flow": "a trade",
        "rate_buy": "two trades of its side",
        "adjusted_mid_11": "0 of 40 trades",
    }
    assert not engine.ready


def test_what_is_missing_of_a_feature_is_missing_of_those_that_read_it() -> None:
    engine = FeatureEngine(BTC, "mean(signed_flow, window=2), mean(mean(obi_1, window=2))")

    rows_of(engine, [touch(0), touch(1)])

    assert engine.missing == {
        "mean(signed_flow, window=2)": "a value in 2 of 2 states",
        "mean(mean(obi_1, window=2))": "2 of 20 states",
    }


READY = [
    "stateful",
    *NESTED,
    "return(horizon=1s), oi",
    "std(ofi(window=7), window=9)",
    "mid_price",
]


@pytest.mark.slow
@pytest.mark.parametrize("names", READY)
def test_an_engine_is_ready_from_the_first_row_without_nan(names: str) -> None:
    engine = FeatureEngine(ETH, names)
    ready, whole = [], []

    for event in recorded([SAMPLE], ETH):
        row = feed(engine, event)
        if row is not None:
            ready.append(engine.ready)
            whole.append(not np.isnan(row).any())
            waiting = set(engine.missing)
            assert waiting == {
                n for n, x in zip(engine.names, row, strict=True) if math.isnan(x)
            }
        if sum(ready) == 50:
            break

    assert ready == whole
    assert sum(ready) == 50


def test_after_a_reset_all_is_missing_again_and_nothing_is_remembered() -> None:
    engine, new = warm(), FeatureEngine(BTC, FEW)

    engine.reset()

    assert set(engine.missing.values()) == {"a first state"}
    assert (engine.states, engine.ready) == (0, False)
    rest = [touch(2_000), sell(2_001), touch(2_002), touch(4_000)]
    assert rows_of(engine, rest).tobytes() == rows_of(new, rest).tobytes()


def walk(second: int, first_id: int, count: int) -> Iterator[str]:
    """A diff and two trades each second."""
    for i in range(count):
        size, at, u = f"{1 + i % 5}.5", second + i, first_id + 2 * i
        yield made_up.delta(at, u, u + 1, u - 1, bids=[("99.90", size)])
        for taker_sells in (False, True):
            yield made_up.message(
                at, "trade", t=u + taker_sells, p="100.10", q=size, m=taker_sells, X="MARKET"
            )


def joining(second: int, first_id: int) -> str:
    levels = [("99.90", "1.0")], [("100.10", "3.0")]
    return made_up.snapshot(second, first_id, *levels)


def test_rows_behind_a_gap_are_those_of_a_recording_that_starts_there(tmp_path: Path) -> None:
    before = [joining(0, 10), *walk(1, 11, 60)]
    lost = made_up.delta(70, 200, 201, 199)
    behind = [lost, joining(71, 201), *walk(72, 202, 60)]
    names = "stateful, z_score(ofi_2(window=5), window=10s), return(horizon=7s)"

    whole, end = (
        Recording(made_up.write(tmp_path, lines), instrument=ETH).features(names)
        for lines in ([*before, *behind], behind)
    )

    assert whole.summary.counts["gap_count"] == 1
    assert whole.values[-len(end) :].tobytes() == end.values.tobytes()
    assert np.isnan(end.values[0, : len(end.names)]).all()
    assert np.isfinite(end["adjusted_mid_11"][-1])
    assert np.isfinite(whole["mean(obi_1)"][-len(end) - 1])
