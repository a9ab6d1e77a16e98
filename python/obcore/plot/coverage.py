"""When each book of a store is known, one bar a symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from matplotlib import dates
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from obcore.plot.timeline import DPI, NS_PER_DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def draw_coverage(covers: Sequence[Any]) -> Figure:
    """Return a figure of what is known when.

    Parameters
    ----------
    covers : sequence of Coverage
        One bar each, the first on top.
    """
    figure = Figure(figsize=(12.0, 1.8 + 0.5 * len(covers)), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    seen = []
    for row, one in enumerate(covers):
        for stretch in one.stretches:
            begin, width = stretch.first_ns / NS_PER_DAY, stretch.last_ns - stretch.first_ns
            color = COLORS[stretch.state]
            # A gap of a second in a day is still there to be seen: it has an outline.
            outline = 0.0 if stretch.is_trusted or not width else 1.0
            axes.broken_barh(
                [(begin, width / NS_PER_DAY)],
                (row - 0.35, 0.7),
                facecolor=color,
                edgecolor=color,
                linewidth=outline,
            )
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
    axes.legend(
        handles=[Patch(color=COLORS[state], label=MEANINGS[state]) for state in present],
        loc="upper left",
        bbox_to_anchor=(0.0, -0.25 - 0.3 / max(1, len(covers))),
        ncols=max(1, len(present)),
        frameon=False,
    )
    return figure
