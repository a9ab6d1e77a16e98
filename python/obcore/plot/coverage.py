"""When each book of a store is known, one bar a symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from matplotlib import dates
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from obcore.plot.timeline import DPI, NS_PER_DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from obcore.data.coverage import Coverage, Stretch

SEEN = 400  # of so many parts of the axis, one is wide enough to be seen
COLORS = {
    "SYNCED": "#2f7d4f",
    "UNVERIFIED": "#8fbf9f",
    "STALE": "#d9a441",
    "BUFFERING": "#c9c9c9",
    "EMPTY": "#e8e8e8",
    "GAP": "#b8312f",
}
MEANINGS = {
    "SYNCED": "in sync by proof",
    "UNVERIFIED": "complete by the format's word",
    "STALE": "stale",
    "BUFFERING": "waits for a snapshot",
    "EMPTY": "nothing yet",
    "GAP": "messages are missing",
}


def draw_coverage(covers: Sequence[Coverage]) -> Figure:
    """Return a figure of what is known when.

    Parameters
    ----------
    covers : sequence of Coverage
        One bar each, the first on top.
    """
    figure = Figure(figsize=(12.0, 1.8 + 0.5 * len(covers)), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    seen = []
    width_ns = _whole(covers)
    for row, one in enumerate(covers):
        for stretch in sorted(one.stretches, key=lambda stretch: not stretch.is_trusted):
            _draw(axes, row, stretch, width_ns)
            seen.append(stretch.state)
    axes.set_yticks(range(len(covers)), [f"{one.symbol}\n{one.covered:.2%}" for one in covers])
    axes.set_ylim(len(covers) - 0.5, -0.5)
    locator: Any = cast("Any", dates).AutoDateLocator()
    axes.xaxis_date()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(cast("Any", dates).ConciseDateFormatter(locator))
    axes.set_xlabel("time (UTC)")
    axes.set_title("When each book is known, and how surely", loc="left")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    present = [state for state in COLORS if state in seen]
    figure.legend(
        handles=[Patch(color=COLORS[state], label=MEANINGS[state]) for state in present],
        loc="outside lower left",
        ncols=max(1, len(present)),
        frameon=False,
    )
    return figure


def _whole(covers: Sequence[Coverage]) -> int:
    """Return how long the axis is, in nanoseconds."""
    known = [one for one in covers if one.first_ns is not None and one.last_ns is not None]
    first = min((one.first_ns or 0 for one in known), default=0)
    return max((one.last_ns or 0 for one in known), default=1) - first


def _draw(axes: Axes, row: int, stretch: Stretch, width_ns: int) -> None:
    begin = stretch.first_ns / NS_PER_DAY
    width = (stretch.last_ns - stretch.first_ns) / NS_PER_DAY
    color = COLORS[stretch.state]
    if stretch.is_trusted or width * NS_PER_DAY > width_ns / SEEN:
        axes.broken_barh(
            [(begin, width)], (row - 0.3, 0.6), facecolor=color, edgecolor=color, linewidth=0.5
        )
    else:  # too short for its bar to be seen: a mark above it
        axes.plot([begin], [row - 0.4], marker="v", markersize=5, color=color, clip_on=False)
