"""A grid that only the trades of a file make finer: the depth in hand must follow it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from obcore import Instrument, Recording

if TYPE_CHECKING:
    from pathlib import Path

START_MS = 1_700_000_000_000
FINE = Instrument("X", "0.01", "0.001")
Line = dict[str, Any]


def snapshot(at: int, last: int) -> Line:
    sides = {"bids": [["100", "5"], ["99", "4"]], "asks": [["101", "7"], ["102", "3"]]}
    return {"lastUpdateId": last, "T": START_MS + at, "E": START_MS + at, **sides}


def diff(at: int, number: int, bids: list[list[str]], asks: list[list[str]]) -> Line:
    ids = {"U": number, "u": number, "pu": number - 1}
    time = START_MS + at
    return {"e": "depthUpdate", "s": "X", "E": time, "T": time, **ids, "b": bids, "a": asks}


def picture(at: int, size: str) -> Line:
    message = diff(at, at, [["100", size], ["99", "4"]], [["101", "7"], ["102", "3"]])
    return {"stream": "x@depth5@100ms", "data": message}


def trade(at: int, price: str, size: str) -> Line:
    time = START_MS + at
    text = {"e": "trade", "s": "X", "t": at, "p": price, "q": size, "m": False, "X": "MARKET"}
    return {**text, "E": time, "T": time}


def write(path: Path, messages: list[Line]) -> Path:
    path.write_text("".join(json.dumps(message) + "\n" for message in messages))
    return path


DIFFS = [
    snapshot(0, 10),
    *(diff(10 * n, 10 + n, [["100", f"{5 + n}"]], [["103", f"{n}"]]) for n in range(1, 6)),
    diff(60, 16, [["99", "0"]], [["102", "0"]]),
]
PICTURES = [picture(at, f"{at}") for at in (10, 20, 30, 40)]
FINER = {"price": ("100.25", "1"), "size": ("100", "0.001"), "both": ("100.25", "0.001")}
FEATURES = "all, stateful"
CHOICES = [(every, mode) for every in ("event", "trade") for mode in ("causal", "source")]


@pytest.mark.parametrize("finer", FINER)
@pytest.mark.parametrize("at", [-5, 5, 15, 25, 45])
@pytest.mark.parametrize("depth", [DIFFS, PICTURES], ids=["diffs", "pictures"])
@pytest.mark.parametrize("chosen", CHOICES, ids=" ".join)
def test_a_trade_on_a_finer_grid_moves_the_depth_that_waits_for_it(
    tmp_path: Path, depth: list[Line], at: int, finer: str, chosen: tuple[str, str]
) -> None:
    every, mode = chosen
    whole = [trade(at - 1, "100", "2"), trade(at, "101", "3")]
    fine = trade(at, *FINER[finer])
    files = write(tmp_path / "depth", depth), write(tmp_path / "trades", [*whole, fine])

    found = Recording(files[0], trades=files[1]).features(FEATURES, mode=mode, every=every)

    wanted = Recording(files[0], trades=files[1], instrument=FINE)
    expected = wanted.features(FEATURES, mode=mode, every=every).values
    assert found.values == pytest.approx(expected, rel=1e-12, nan_ok=True)
    assert found.summary.states > 3
    assert found.summary.counts["crossed"] == 0
