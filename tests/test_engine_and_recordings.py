"""An engine goes through recordings one after the other, and says where it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine_streams import BTC, ETH, SAMPLE, lines_of
from obcore import FeatureEngine, Instrument, ObcoreError, Recording

if TYPE_CHECKING:
    from pathlib import Path


def test_an_engine_is_not_run_twice_over_the_same_days_without_a_reset() -> None:
    engine = FeatureEngine(ETH, "ofi, oi")
    recording = Recording(SAMPLE)
    first = recording.features(engine)

    with pytest.raises(
        ObcoreError, match=r"goes on from its last state, .* reset\(\) it first"
    ):
        recording.features(engine)

    engine.reset()
    again = recording.features(engine)
    assert again.values.tobytes() == first.values.tobytes()


def test_two_replays_do_not_share_an_engine_at_once() -> None:
    engine = FeatureEngine(ETH, "ofi")
    recording = Recording(SAMPLE)
    first = recording.batches(engine)
    next(first)

    with pytest.raises(ObcoreError, match=r"expected a recording that goes on"):
        next(recording.batches(engine))


def test_an_engine_that_was_used_meanwhile_is_noticed() -> None:
    engine = FeatureEngine(ETH, "ofi")
    batches = Recording(SAMPLE).batches(engine)
    next(batches)

    engine.reset()

    with pytest.raises(ObcoreError, match="something else used it while this recording"):
        next(batches)


@pytest.mark.parametrize(
    ("recording", "said"),
    [
        (
            Recording(SAMPLE, instrument=BTC),
            r"expected one of BTCUSDT, received one of ETHUSDT",
        ),
        (
            Recording(SAMPLE, instrument=Instrument("ETHUSDT", "0.01", "0.01")),
            r"expected tick 0.01 and lot 0.01 as the recording has, received 0.01 and 0.001",
        ),
    ],
)
def test_an_engine_of_another_instrument_is_refused(recording: Recording, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        recording.features(FeatureEngine(ETH, "ofi"))


def test_an_engine_takes_only_its_own_symbol_from_a_recording() -> None:
    other = Instrument("BTCUSDT", "0.01", "0.001")

    with pytest.raises(ObcoreError, match=r"symbol: expected BTCUSDT .*only other ones so far"):
        Recording(SAMPLE).features(FeatureEngine(other, "ofi"))


def test_settings_of_the_engine_are_not_given_again() -> None:
    with pytest.raises(ValueError, match="expected none, for the engine has its own"):
        Recording(SAMPLE).features(FeatureEngine(ETH, "ofi"), depth=5)


def test_an_array_that_cannot_be_written_costs_no_state() -> None:
    engine = FeatureEngine(ETH, "ofi")
    book = Recording(SAMPLE, instrument=ETH).book()
    locked = np.empty(1)
    locked.flags.writeable = False

    with pytest.raises(ValueError, match="not writeable"):
        engine.on_book(book, locked)

    assert engine.states == 0


def test_rows_behind_the_last_depth_are_counted(tmp_path: Path) -> None:
    lines = list(lines_of(SAMPLE))
    depth, trades = tmp_path / "depth.txt", tmp_path / "trades.txt"
    depth.write_bytes(b"".join(lines[:5_000]))
    trades.write_bytes(b"".join(line for line in lines if b'"e":"trade"' in line))

    table = Recording(depth, trades=trades).features("spread", every="trade")

    behind = table.summary.counts["trades_behind_depth"]
    assert behind > 100
    assert len(set(table.sequence[-behind:].tolist())) == 1
