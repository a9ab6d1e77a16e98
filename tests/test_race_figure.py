"""The picture of a race: a panel a race, a bar an entry, the floor as a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from matplotlib.patches import Rectangle

from obcore.errors import ObcoreError
from obcore.plot import race_figure
from obcore.plot.race import OWN, PEER

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MACHINE = {"obcore": "1.0", "processor": "made up", "python": "3.11", "numpy": "2.0"}


def row(name: str, time: float, *, role: str = "peer", calls: str = "each") -> dict[str, Any]:
    bounds = {"low": time * 0.9, "high": time * 1.1}
    return {
        "name": name,
        "path": "says it",
        "time": time,
        "role": role,
        "calls": calls,
    } | bounds


def race(*rows: dict[str, Any], floor: float | None = None) -> dict[str, Any]:
    names = {"title": "W1  levels into the book", "unit": "ns/update", "stream": "made up"}
    return {**names, "rounds": 9, "floor": floor, "rows": list(rows)}


def panels(*races: dict[str, Any]) -> list[Axes]:
    figure = race_figure({"machine": MACHINE, "races": list(races)})
    return [axes for axes in figure.axes if axes.axison]


def lengths(axes: Axes) -> list[float]:
    return [bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)]


def words(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_each_race_has_a_panel_and_each_entry_a_bar_as_long_as_its_time() -> None:
    first, second = panels(
        race(row("ours", 20.0, role="own"), row("theirs", 45.0)), race(row("alone", 3.0))
    )

    assert lengths(first) == [20.0, 45.0]
    assert lengths(second) == [3.0]
    assert {"ours", "theirs", "20", "45"} <= set(words(first))
    assert first.get_xlabel() == "ns/update"
    assert first.get_xscale() == "log"


def test_our_bars_have_a_colour_of_their_own() -> None:
    (axes,) = panels(race(row("ours", 20.0, role="own"), row("theirs", 45.0)))

    colors = [bar.get_facecolor() for bar in axes.patches]
    assert colors[0] != colors[1]
    assert OWN != PEER


def test_the_floor_is_a_line_with_its_number_and_no_bar() -> None:
    (axes,) = panels(
        race(row("theirs", 45.0), row("floor", 4.8, role="floor", calls="all"), floor=4.8)
    )

    assert len(axes.patches) == 1
    assert "floor, bare C++: 4.8 ns/update" in words(axes)
    assert axes.get_xlim()[0] < 4.8


def test_each_way_of_calling_has_its_heading() -> None:
    (axes,) = panels(race(row("one by one", 45.0), row("at once", 5.0, calls="all")))

    headings = [text for text in words(axes) if text.endswith(":")]
    assert headings == ["one call from Python for each:", "one call for all:"]


def test_a_race_that_nobody_finished_has_no_panel() -> None:
    assert len(panels(race(), race(row("theirs", 45.0)))) == 1


def test_without_any_race_there_is_no_picture() -> None:
    with pytest.raises(ObcoreError, match="expected at least one race"):
        race_figure({"machine": MACHINE, "races": [race()]})
