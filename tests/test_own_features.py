"""The ways to a feature of one's own, as the guide tells them: its code is what runs here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import obcore
from obcore.features import ColumnFeature

if TYPE_CHECKING:
    from numpy.typing import NDArray

GUIDE = Path(__file__).parents[1] / "docs" / "your-own-feature.md"
needs_guide = pytest.mark.skipif(not GUIDE.exists(), reason="the docs are not here")
needs_compiler = pytest.mark.skipif(shutil.which("c++") is None, reason="needs c++")


def fences(language: str) -> list[str]:
    pattern = rf"^```{language}\n(.*?)^```"
    return re.findall(pattern, GUIDE.read_text(), re.DOTALL | re.MULTILINE)


def build(folder: Path, source: str) -> Path:
    """Build a feature library with the very command of the guide."""
    (folder / "touch_age.cpp").write_text(source)
    [command] = fences("sh")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(  # noqa: S602  the guide's line is a shell line
        command, shell=True, check=True, cwd=folder, env=os.environ | {"PATH": path}
    )
    return folder / "touch_age.so"


def run(script: str, *arguments: object) -> str:
    """Run it in a process of its own: what is loaded stays loaded."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr.strip().rpartition("\n")[2]


@needs_guide
def test_the_guides_python_feature_runs() -> None:
    names: dict[str, Any] = {}

    exec(compile(fences("python")[0], GUIDE.name, "exec"), names)  # noqa: S102

    table = names["table"]
    assert table.names == ("mid_price", "oi", "spread_over_noise")
    assert np.nanmin(table["spread_over_noise"]) > 0


@needs_guide
@needs_compiler
@pytest.mark.slow
def test_the_guides_library_builds_loads_and_says_how_long_the_touch_stood(
    tmp_path: Path,
) -> None:
    library = build(tmp_path, fences("cpp")[0])

    output = run(AGES, library)

    assert output == "['touch_age']\nas the recording says\n"


AGES = """
import sys
import numpy as np
import obcore

print(obcore.features.load(sys.argv[1]))
assert obcore.features.catalog()[-1].name == "touch_age"
recording = obcore.Recording(obcore.sample())
table = recording.features("mid_price, spread, touch_age, mean(touch_age, window=20)")
times = table.ts_event_ns
moved = (np.diff(table["mid_price"], prepend=0) != 0) | (np.diff(table["spread"], prepend=0) != 0)
since = np.maximum.accumulate(np.where(moved, times, times[0]))
assert np.array_equal(table["touch_age"], (times - since) / 1e6)
mean = np.convolve(table["touch_age"], np.ones(20) / 20, "valid")
assert np.allclose(table["mean(touch_age)"][19:], mean, rtol=1e-12)
print("as the recording says")
"""

LOAD = """
import sys
import obcore

try:
    obcore.features.load(sys.argv[1])
except obcore.ObcoreError as error:
    print(error, len([f for f in obcore.features.catalog() if f.name == "touch_age"]))
"""


@needs_guide
@needs_compiler
@pytest.mark.slow
def test_a_library_with_one_name_that_is_taken_adds_nothing(tmp_path: Path) -> None:
    source = fences("cpp")[0].rstrip().removesuffix("}")
    library = build(tmp_path, source + 'registry.add<TouchAge>({.name = "spread"});\n}\n')

    assert run(LOAD, library) == (
        "feature: expected a name that is not taken, received 'spread' 0\n"
    )


@needs_guide
@needs_compiler
def test_a_library_for_other_headers_is_refused(tmp_path: Path) -> None:
    library = build(tmp_path, 'extern "C" void obcore_features_0() {}')

    assert "to define obcore_features_2, for the headers of this version" in run(LOAD, library)


def test_a_library_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(obcore.ObcoreError, match=r"features: .*missing\.so"):
        obcore.features.load(tmp_path / "missing.so")


def test_a_column_feature_reads_hidden_columns_and_stands_where_it_was_asked_for() -> None:
    @obcore.column_feature("vwap(levels=5)", "mean(spread, window=5)")
    def both(vwap: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float64]:
        return vwap + spread

    recording = obcore.Recording(obcore.sample())

    table = recording.features([both, "collector", "oi"])

    core = recording.features("vwap, mean(spread, window=5), collector, oi")
    assert table.names == ("both", *core.names[2:])
    assert np.array_equal(table["both"], core["vwap"] + core.values[:, 1], equal_nan=True)
    assert np.array_equal(table.values[:, 1:], core.values[:, 2:], equal_nan=True)


def test_a_column_feature_of_another_length_is_an_error_that_names_it() -> None:
    short = ColumnFeature("short", ("spread",), lambda spread: spread[1:])

    with pytest.raises(
        ValueError, match=r"short: expected an array of shape \(177,\), received"
    ):
        obcore.Recording(obcore.sample()).features([short], every="1s")


def test_a_column_feature_stands_alone_or_beside_others_of_other_names() -> None:
    recording = obcore.Recording(obcore.sample())
    twice = ColumnFeature("twice", ("spread",), lambda spread: 2 * spread)
    taken = ColumnFeature("spread", ("mid_price",), lambda mid: mid)

    assert recording.features(twice).names == ("twice",)
    with pytest.raises(ValueError, match="expected each feature once, received 'spread' twice"):
        recording.features(["spread", taken])


def test_a_column_feature_that_reads_what_is_not_there_says_what_it_wanted() -> None:
    lost = ColumnFeature("lost", ("sprad",), lambda column: column)

    with pytest.raises(obcore.ObcoreError, match="received 'sprad'"):
        obcore.Recording(obcore.sample()).features([lost])
