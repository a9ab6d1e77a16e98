"""Who needs how long: a bar for each entry of a race, on a logarithmic axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, NullFormatter

from obcore.errors import ObcoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    Race = Mapping[str, Any]

OWN, PEER, FLOOR = "#1f5fa8", "#b9bec6", "#c8501e"
WIDTH_IN = 8.5  # of a panel
BAR_IN = 0.36
FRAME_IN = 1.15  # title and axis of a panel
DPI = 110
FEW = 8  # panels that two columns hold; more are put in four
GROUPS = {"each": "one call from Python for each", "all": "one call for all"}
ROOM = 2.5  # right of the longest bar, for its number: a factor of the axis


def race_figure(document: Mapping[str, Any]) -> Figure:
    """Return a picture of what ``obcore bench`` measured.

    Parameters
    ----------
    document : mapping
        As ``obcore bench --json`` prints it.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each workload on each stream. Bars are medians of CPU time, obcore's in
        blue; a dashed line is what bare C++ needs for the same.

    Raises
    ------
    ObcoreError
        If nothing was raced.
    """
    races = [race for race in document["races"] if _bars(race)]
    if not races:
        msg = "expected at least one race with a time, found none"
        raise ObcoreError(msg)
    columns = 2 if len(races) <= FEW else 4
    rows = [races[i : i + columns] for i in range(0, len(races), columns)]
    heights = [max(_slots(race) for race in row) * BAR_IN + FRAME_IN for row in rows]
    size = (WIDTH_IN * columns, sum(heights) + 0.8)
    layout = ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.12)
    figure = Figure(figsize=size, dpi=DPI, layout=layout)
    panels = figure.subplots(len(rows), columns, height_ratios=heights, squeeze=False)
    for row, line in zip(rows, panels, strict=True):
        for axes in line[len(row) :]:
            axes.set_axis_off()
        for race, axes in zip(row, line[: len(row)], strict=True):
            _draw_race(axes, race, max(_slots(other) for other in row))
    figure.suptitle(_title(document["machine"]), fontsize=12, parse_math=False)
    return figure


def _title(machine: Mapping[str, Any]) -> str:
    parts = (
        f"obcore {machine['obcore']}",
        machine["processor"],
        f"Python {machine['python']}",
        f"NumPy {machine['numpy']}",
    )
    return " · ".join(parts) + "\nCPU time, shorter is better; every answer checked"


def _grouped(race: Race) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return the rows by how they are called; groups without rows are left out."""
    groups = [
        (heading, [row for row in _bars(race) if row["calls"] == calls])
        for calls, heading in GROUPS.items()
    ]
    return [(heading, rows) for heading, rows in groups if rows]


def _bars(race: Race) -> list[Mapping[str, Any]]:
    """Return the rows that get a bar; the floor is a line."""
    return [row for row in race["rows"] if row["role"] != "floor"]


def _slots(race: Race) -> int:
    """Return how many lines a panel has: a bar a row, and a heading a group."""
    return len(_bars(race)) + len(_grouped(race))


def _draw_race(axes: Axes, race: Race, slots: int) -> None:
    slot = 0
    for heading, rows in _grouped(race):
        axes.text(
            -0.01, slot + 0.1, f"{heading}:", transform=axes.get_yaxis_transform(),
            ha="right", va="center", fontsize=8.5, style="italic", color="#555555",
        )  # fmt: skip
        slot += 1
        for row in rows:
            _draw_bar(axes, slot, row)
            slot += 1
    axes.set_xscale("log")
    times = [row["time"] for row in _bars(race)]
    floor = race["floor"]
    least = min([*times, floor] if floor else times)
    axes.set_xlim(least / 2.0, max(times) * ROOM)
    axes.set_ylim(slots - 0.4, -0.6)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(race["unit"])
    axes.set_yticks([])
    title = f"{race['title']}\n{race['stream']} · median of {race['rounds']} rounds"
    axes.set_title(
        title, loc="left", fontsize=10.5, fontweight="bold", pad=16, parse_math=False
    )
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", which="major", color="#e6e6e6", zorder=0)
    axes.set_axisbelow(True)
    if floor:
        _draw_floor(axes, floor, race["unit"])


def _draw_bar(axes: Axes, slot: int, row: Mapping[str, Any]) -> None:
    color = OWN if row["role"] == "own" else PEER
    axes.barh(slot, row["time"], height=0.66, color=color)
    low, high = row["time"] - row["low"], row["high"] - row["time"]
    axes.errorbar(
        row["time"], slot, xerr=[[max(low, 0.0)], [max(high, 0.0)]],
        color="#444444", linewidth=0.9, capsize=2,
    )  # fmt: skip
    axes.annotate(
        _number(row["time"]), (row["high"], slot), xytext=(5, 0), textcoords="offset points",
        va="center", fontsize=9, fontweight="bold" if row["role"] == "own" else "normal",
    )  # fmt: skip
    beside = axes.get_yaxis_transform()
    style: dict[str, Any] = {"ha": "right", "transform": beside, "parse_math": False}
    name_color = OWN if row["role"] == "own" else "black"
    axes.text(
        -0.01, slot - 0.17, row["name"], va="center", fontsize=8.5, color=name_color,
        fontweight="bold" if row["role"] == "own" else "normal", **style,
    )  # fmt: skip
    path = _shortened(row["path"])
    axes.text(-0.01, slot + 0.24, path, va="center", fontsize=6.5, color="#666666", **style)


def _draw_floor(axes: Axes, floor: float, unit: str) -> None:
    axes.axvline(floor, color=FLOOR, linestyle="--", linewidth=1.2)
    axes.annotate(
        f"floor, bare C++: {_number(floor)} {unit}", (floor, 1),
        xycoords=("data", "axes fraction"), xytext=(0, 2), textcoords="offset points",
        fontsize=8, color=FLOOR, ha="left",
    )  # fmt: skip


def _shortened(text: str, most: int = 62) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
