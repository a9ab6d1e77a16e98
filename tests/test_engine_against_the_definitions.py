"""The features of recordings and of made-up streams, against the exact reference."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from hypothesis import given

from engine_any_stream import MADE_UP, any_stream
from engine_oracle import NESTED, TIMED, UNTIMED, as_pictures, exact_rows, wrong
from engine_streams import BTC, ETH, SAMPLE, buy, column, recorded, rows_of, same, sell, touch
from obcore import FeatureEngine, Instrument, Recording
from stateful_reference import STATEFUL
from stateful_stream import Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from stateful_stream import Event


class Market(NamedTuple):
    files: list[str]
    instrument: Instrument
    states: int = 1_000


SHARED = {
    "usdm_btcusdt": Market(["usdm_btcusdt_20240808"], BTC),
    "usdm_ethusdt": Market(["usdm_ethusdt_20240718", "usdm_ethusdt_20240719"], ETH),
    "spot_btcusdt": Market(
        ["spot_btcusdt_20240808", "spot_btcusdt_20240809"],
        Instrument("BTCUSDT", "0.01", "0.00000001"),
    ),
    "cm_btcusd": Market(
        ["cm_btcusd_perp_20240808", "cm_btcusd_perp_20240809"],
        Instrument("BTCUSD_PERP", "0.1", "1"),
        states=1_900,  # in which there are forty trades
    ),
}


def check_recording(
    paths: list[Path], instrument: Instrument, states: int, skipped: int = 0
) -> None:
    """The first states, or those of ``states`` behind as many as are skipped."""
    names = (*STATEFUL, *NESTED)
    stream = as_pictures(recorded(paths, instrument))
    if skipped:
        stream = from_state(stream, skipped)
    taken = list(first_states(stream, states))

    found = rows_of(FeatureEngine(instrument, ", ".join(names)), taken)

    exact = exact_rows(taken, names, instrument)
    assert wrong(names, found, exact) == {}
    assert len(exact) == states
    assert np.isfinite(exact[-1]).all()
    if not skipped:
        table = Recording(paths, instrument=instrument).features(names)
        assert table.names == names
        assert table.values[:states].tobytes() == found.tobytes()


def first_states(stream: Iterable[Event], count: int) -> Iterator[Event]:
    for event in stream:
        yield event
        count -= isinstance(event, Picture)
        if count == 0:
            return


def from_state(stream: Iterable[Event], count: int) -> Iterator[Event]:
    """Goes on behind the first so many states."""
    stream = iter(stream)
    for _ in first_states(stream, count):
        pass
    return stream


@pytest.mark.slow
def test_the_features_of_the_sample_are_those_of_the_definitions() -> None:
    check_recording([SAMPLE], ETH, states=1_000)


@pytest.mark.slow
@pytest.mark.parametrize("market", SHARED.values(), ids=SHARED)
def test_the_features_of_shared_recordings_are_those_of_the_definitions(
    shared_data: Callable[[str], Path], market: Market
) -> None:
    paths = [shared_data(f"binance_raw/{name}.gz") for name in market.files]

    check_recording(paths, market.instrument, market.states)


@pytest.mark.slow
def test_from_one_day_into_the_next_the_features_are_those_of_the_definitions(
    shared_data: Callable[[str], Path],
) -> None:
    paths = [shared_data(f"binance_raw/{name}.gz") for name in SHARED["usdm_ethusdt"].files]
    assert Recording(paths[0], instrument=ETH).summary().states == 3_267

    check_recording(paths, ETH, states=600, skipped=3_000)


def check_made_up(stream: list[Event], names: Sequence[str]) -> None:
    found = rows_of(FeatureEngine(MADE_UP, ", ".join(names)), stream)

    assert wrong(names, found, exact_rows(stream, names, MADE_UP)) == {}


@pytest.mark.slow
@given(stream=any_stream())
def test_any_stream_has_the_features_of_the_definitions(stream: list[Event]) -> None:
    check_made_up(stream, UNTIMED + TIMED)


@pytest.mark.slow
@given(stream=any_stream(bare_states=True))
def test_states_without_any_time_have_the_features_of_the_definitions(
    stream: list[Event],
) -> None:
    check_made_up(stream, UNTIMED)


def test_what_happens_equally_often_on_both_sides_has_an_imbalance_of_exactly_zero() -> None:
    # Means of equal numbers over more of them on one side: their difference must not be 1e-33.
    buys, sells = [buy(10 * i, 3) for i in range(9)], [sell(10 * i, 3) for i in range(4)]
    stream = [*buys, *sells, touch(99)]

    found = [column(stream, name) for name in ("oi", "qi", "vi")]

    assert found == [[0.0], [0.0], [0.0]]


def test_given_weights_are_those_of_the_definition() -> None:
    stream: list[Event] = [
        touch(i, [(1000 - k, 1 + (i * k) % 7) for k in range(9)]) for i in range(9)
    ]
    weights = [0.5, 0.25, -0.125]

    found = rows_of(FeatureEngine(BTC, "integrated_ofi", ofi_weights=weights), stream)

    exact = exact_rows(stream, ["integrated_ofi"], BTC, weights=[*map(Fraction, weights)])
    assert found[:, 0].tolist() == same(exact[:, 0].tolist())
