"""Mode source: the article's signs and columns, and its rows at trades."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given

from engine_any_stream import MADE_UP, any_stream
from engine_oracle import TRADE_FEATURES, as_pictures, exact_rows, fractions_of, wrong
from engine_streams import (
    BALANCED,
    BTC,
    ETH,
    SAMPLE,
    buy,
    column,
    is_depth,
    is_trade,
    lines_of,
    recorded,
    rows_of,
    sell,
    touch,
)
from obcore import FeatureEngine, Recording
from stateful_reference import source_trade_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine_streams import Floats
    from stateful_stream import Event


@pytest.mark.slow
@given(stream=any_stream())
def test_mode_source_has_the_features_of_its_definitions(stream: list[Event]) -> None:
    engine = FeatureEngine(MADE_UP, ", ".join(TRADE_FEATURES), mode="source")

    found = rows_of(engine, stream)

    exact = exact_rows(stream, TRADE_FEATURES, MADE_UP, source=True)
    assert wrong(TRADE_FEATURES, found, exact) == {}


def test_mode_source_has_the_opposite_signs_and_swapped_columns() -> None:
    names = TRADE_FEATURES[: TRADE_FEATURES.index("signed_flow")]
    stream = [*BALANCED, buy(4_100, 9), buy(4_101, 5), touch(4_500)]

    causal, source = (
        rows_of(FeatureEngine(BTC, ", ".join(names), mode=mode), stream)[0].tolist()
        for mode in ("causal", "source")
    )

    pairs = list(zip(causal[:8:2], causal[1:8:2], strict=True))
    assert list(zip(source[1:8:2], source[:8:2], strict=True)) == pairs
    assert source[8:] == [-value for value in causal[8:]]
    assert all(abs(value) > 0.01 for value in causal[8:])


@pytest.mark.parametrize("name", ["adjusted_mid_9", "adjusted_mid_10"])
def test_adjusted_mids_of_mode_source_contain_a_trade_of_the_states_own_time(
    name: str,
) -> None:
    stream = [*BALANCED, buy(4_100, 9), touch(4_100), touch(4_101)]

    causal, source = (column(stream, name, mode=mode) for mode in ("causal", "source"))

    assert causal[0] != causal[1]
    assert source == [causal[1], causal[1]]


def test_adjusted_mid_11_of_mode_source_does_not_contain_a_trade_of_the_states_own_time() -> (
    None
):
    stream = [*BALANCED, buy(4_050), sell(4_060), buy(4_100, 9), touch(4_100), touch(4_101)]

    causal, source = (
        column(stream, "adjusted_mid_11", mode=mode) for mode in ("causal", "source")
    )

    assert causal[0] != causal[1]
    assert source == causal


AT_TRADES = (
    *(name for name in TRADE_FEATURES if name != "last_trade_price"),
    "mid_price",
    "ofi_1",
    "ofi_3",
    "return",
    "realised_volatility",
    "mean(obi_1)",
)


def at_trades(path: Path, names: Sequence[str]) -> tuple[Floats, Floats]:
    """Rows at trades in mode source as they are, and as they should be."""
    table = Recording(path, instrument=ETH).features(names, every="trade", mode="source")
    stream = as_pictures(recorded([path], ETH))
    exact = source_trade_rows(stream, names, **fractions_of(ETH))
    shown = np.array([list(row.values()) for row in exact])
    # The oracle has rows before the first state as well.
    return table.values, shown[table.summary.counts["trades_without_state"] :]


@pytest.fixture(scope="session")
def in_venue_order(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample from its join on, in the order of the venue's clock: depth, buyers, sellers."""
    lines = [line for line in lines_of(SAMPLE) if is_trade(line) or is_depth(line)]
    join = next(i for i, line in enumerate(lines) if b"lastUpdateId" in line)
    early = [line for line in lines[:join] if is_trade(line)]
    buffered = [line for line in lines[: join + 1] if not is_trade(line)]
    path = tmp_path_factory.mktemp("sorted") / "in_venue_order.txt"
    path.write_bytes(b"".join([*buffered, *sorted(early + lines[join + 1 :], key=venue_order)]))
    return path


def venue_order(line: bytes) -> tuple[int, int]:
    data = json.loads(line.partition(b" ")[2])["data"]
    return data["T"], 0 if data["e"] == "depthUpdate" else 2 if data["m"] else 1


@pytest.mark.slow
def test_rows_at_trades_in_mode_source_are_those_of_the_definitions(
    in_venue_order: Path,
) -> None:
    found, exact = at_trades(in_venue_order, AT_TRADES)

    assert wrong(AT_TRADES, found, exact) == {}
    assert len(found) == 787


@pytest.mark.slow
def test_the_last_trade_of_a_row_at_a_merged_trade_is_the_last_that_it_merges(
    in_venue_order: Path,
) -> None:
    found, exact = at_trades(in_venue_order, ["last_trade_price"])

    assert wrong(["last_trade_price"], found, exact) == {}


@pytest.mark.slow
def test_depth_received_behind_its_trade_changes_four_rows_at_trades_and_no_trade_feature() -> (
    None
):
    found, exact = at_trades(SAMPLE, AT_TRADES)

    missed = found != exact
    missed &= ~np.isclose(found, exact, rtol=1e-9, atol=0, equal_nan=True)
    assert missed.any(axis=1).sum() == 4
    assert not missed[:, : AT_TRADES.index("adjusted_mid_9")].any()
