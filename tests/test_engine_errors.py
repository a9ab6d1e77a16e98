"""What an engine refuses, and that its errors say what to do."""

from __future__ import annotations

import math
import re
import threading
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine_streams import (
    BTC,
    ETH,
    SAMPLE,
    START,
    column,
    lines_of,
    rows_of,
    same,
    show,
    touch,
    warm,
)
from obcore import Book, DecodeError, FeatureEngine, Instrument, ObcoreError, Side
from obcore.book import Replay
from stateful_stream import Picture

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_book_that_is_not_in_sync_is_refused_and_says_how_to_go_on() -> None:
    engine = warm()
    before = engine.save()

    with pytest.raises(ObcoreError, match=r"expected one in sync, received EMPTY.*reset\(\)"):
        engine.on_book(Book(BTC))

    assert engine.save() == before


def test_a_book_of_another_instrument_is_refused_and_both_grids_are_named() -> None:
    book = Book(Instrument("X", "0.5", "0.01"))
    show(book, Picture([(1, 1)], [(2, 1)], None, None))

    with pytest.raises(ObcoreError, match=r"0\.1.? and 0\.001, received 0\.5 and 0\.01"):
        FeatureEngine(BTC, "ofi").on_book(book)


@pytest.mark.parametrize("features", ["stateful", "mid_price"])
def test_a_trade_without_any_time_is_refused(features: str) -> None:
    with pytest.raises(DecodeError, match="expected a venue time or a receive time"):
        FeatureEngine(BTC, features).on_trade(1, 1, Side.BID)


@pytest.mark.parametrize(("price", "size"), [(1, -1), (0, 1), (-5, 1)])
def test_a_trade_of_a_size_or_price_that_cannot_be_is_refused(price: int, size: int) -> None:
    with pytest.raises(DecodeError, match="trade"):
        FeatureEngine(BTC, "ofi").on_trade(price, size, Side.BID, ts_event_ns=START)


def test_a_window_of_a_duration_over_states_without_times_is_refused() -> None:
    engine = FeatureEngine(BTC, "ofi(window=1s)")

    with pytest.raises(DecodeError, match=r"states with times, .* of a duration"):
        rows_of(engine, [touch(None)])

    assert (engine.states, set(engine.missing.values())) == (0, {"a first state"})
    assert column([touch(None), touch(None)], "ofi") == same([math.nan, 0])


WINDOW = "a window of 1 to 1048576 states, or of a time such as 500ms"
REFUSED = {
    "": "feature",
    "ofis": "feature",
    "ofi_0": "level 1 to 1000",
    "ofi_1001": "level 1 to 1000",
    "ofi_x": "feature",
    "ofi(window=0)": WINDOW,
    "ofi(window=-1)": WINDOW,
    "ofi(window=1x)": WINDOW,
    "ofi(window=1.5s)": WINDOW,
    "ofi(window=)": WINDOW,
    "ofi(window=1048577)": WINDOW,
    "ofi(window=9999999h)": WINDOW,
    "return(horizon=0)": WINDOW,
    "ofi(windows=5)": "settings as the catalogue lists them",
    "ofi(obi_1)": "settings as the catalogue lists them",
    "oi(window=5)": "settings as the catalogue lists them",
    "mean()": "one feature that it reads, as in mean(obi_1)",
    "mean": "one feature that it reads, as in mean(obi_1)",
    "mean(obi_1, obi_3)": "one feature that it reads, as in mean(obi_1)",
    "mean(nothing)": "feature",
    "mean(standard)": "feature",
    "mean(stateful)": "feature",
    "mean(obi_1": "a closing parenthesis",
    "ofi, ofi": "each feature once",
    "mean(" * 12 + "obi_1" + ")" * 12: "at most 8 features in each other",
}


@pytest.mark.parametrize(("features", "expected"), REFUSED.items())
def test_what_is_no_feature_is_refused_with_what_was_expected(
    features: str, expected: str
) -> None:
    with pytest.raises(ObcoreError, match=f"^feature.*{re.escape(expected)}.*, received '"):
        FeatureEngine(BTC, features)


@pytest.mark.parametrize("weights", [[0.1] * 11, [math.nan], [0.5, math.inf]])
def test_weights_that_are_none_are_refused(weights: list[float]) -> None:
    with pytest.raises(ObcoreError, match="ofi_weights: expected 1 to 10 finite numbers"):
        FeatureEngine(BTC, "integrated_ofi", ofi_weights=weights)


def test_a_mode_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="mode: expected causal or source, received 'x'"):
        FeatureEngine(BTC, "ofi", mode="x")


def test_a_vector_is_filled_in_place_and_only_where_it_fits() -> None:
    engine, book, out = FeatureEngine(BTC, "spread, ofi"), Book(BTC), np.empty(2)
    show(book, Picture([(1000, 5)], [(1002, 5)], None, None))

    assert engine.on_book(book, out) is out
    assert out.tolist() == same([0.2, math.nan])
    with pytest.raises(ValueError, match=r"expected shape \(2,\), received \(3,\)"):
        engine.on_book(book, np.empty(3))
    assert engine.states == 1


def test_an_engine_for_another_grid_than_the_recording_is_refused() -> None:
    replay_of_btc = {"engine": FeatureEngine(BTC, "ofi"), "grid": ETH.grid}

    with pytest.raises(ObcoreError, match="expected a recording of its instrument"):
        Replay(**replay_of_btc)  # type: ignore[arg-type]


USES: list[Callable[[FeatureEngine], object]] = [
    FeatureEngine.save,
    FeatureEngine.reset,
    lambda engine: engine.missing,
    lambda engine: engine.ready,
    lambda engine: engine.restore(b""),
    lambda engine: engine.on_trade(1, 1, Side.BID, ts_event_ns=1),
]


@pytest.mark.parametrize("use", USES)
def test_an_engine_on_which_a_replay_runs_is_refused_to_other_threads(
    use: Callable[[FeatureEngine], object],
) -> None:
    engine, errors = FeatureEngine(ETH, "ofi"), list[str]()

    def meanwhile() -> None:  # the replay asks for trades while it reads depth
        thread = threading.Thread(target=lambda: errors.append(error_of(use, engine)))
        thread.start()
        thread.join()

    replay = Replay(engine=engine, grid=ETH.grid, trades=meanwhile)
    replay.begin("sample")
    replay.feed(b"".join(islice(lines_of(SAMPLE), 100)))

    assert errors == ["engine: another thread is using it"]
    assert engine.states > 0


def error_of(use: Callable[[FeatureEngine], object], engine: FeatureEngine) -> str:
    try:
        use(engine)
    except ObcoreError as error:
        return str(error)
    return ""
