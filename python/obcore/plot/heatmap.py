"""The sizes resting at each price over time."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import NullFormatter

from obcore.data.parquet import describe
from obcore.errors import ObcoreError
from obcore.plot.timeline import (
    ASK,
    BID,
    DPI,
    SIZE_IN,
    UNKNOWN,
    Timeline,
    add_legend,
    name_price_axis,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from obcore.data.recording import Recording
    from obcore.plot.timeline import Columns

BID_SHADES = ("#dbe8f6", "#4a8ac9", "#123c78", "#061a3a")  # an empty cell is white
ASK_SHADES = ("#fce3d2", "#e8824a", "#a8390c", "#4a1200")
HEATMAP_COLUMNS = 600
HEATMAP_DEPTH = 500
HEATMAP_ROWS = 240
MIN_MARGIN = 40  # ticks above and below the touch


def heatmap_figure(columns: Columns, metadata: Mapping[str, Any], *, name: str) -> Figure:
    """Return a picture of the sizes resting at each price over time.

    Parameters
    ----------
    columns : mapping of str to (n,) array
        ``mid_price`` and, of at least one level a side, ``bid_price_offset_i``, ``bid_vol_i``,
        ``ask_price_offset_i``, ``ask_vol_i``, as in the set ``standard``.
    metadata, name
        As in `features_figure`.

    Returns
    -------
    matplotlib.figure.Figure
        Time to the right, price upwards, colour by the size in each cell on a logarithmic scale,
        bids and asks in their own colours, and the best prices as lines. Grey is beyond the
        levels that the columns hold, or a gap.

    Raises
    ------
    ObcoreError
        If there is no row, or a column that it needs is not there.
    """
    needed = ("mid_price", "bid_price_offset_0", "bid_vol_0", "ask_price_offset_0", "ask_vol_0")
    missing = [column for column in needed if column not in columns]
    if missing:
        msg = f"{name}: a heat map needs {', '.join(missing)}; the set standard has them"
        raise ObcoreError(msg)
    timeline = Timeline(columns, metadata, name)

    figure = Figure(figsize=SIZE_IN, dpi=DPI, layout="constrained")
    axes = figure.subplots()
    _draw_depth(figure, axes, timeline)
    timeline.finish_axis(axes)
    figure.suptitle(timeline.title(), fontsize=13, parse_math=False)
    return figure


def depth_grid(
    recording: Recording,
    *,
    depth: int = HEATMAP_DEPTH,
    on_read: Callable[[int], None] | None = None,
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return what `heatmap_figure` needs of a recording, in two passes over it.

    Parameters
    ----------
    recording : Recording
        What to replay.
    depth : int, optional
        Levels a side.
    on_read : callable, optional
        Called with the number of file bytes read.

    Returns
    -------
    columns, metadata
        About 600 books on a grid of receive time; where the recording has no receive times,
        every nth book.

    Raises
    ------
    NeverSyncedError
        If the recording never became a book that can be trusted.
    """
    summary = recording.summary(on_read=on_read)
    clock = summary.counts["recv_clock"]
    if clock["first_ns"] is None:
        every = str(max(1, summary.states // HEATMAP_COLUMNS))
    else:
        every = _grid_interval(clock["last_ns"] - clock["first_ns"])
    table = recording.features("standard", depth=depth, every=every, on_read=on_read)
    columns = {
        "ts_event_ns": table.ts_event_ns,
        "ts_recv_ns": table.ts_recv_ns,
        "sequence": table.sequence,
        **{column: table[column] for column in table.names},
    }
    metadata = describe(
        table.summary, features="standard", depth=depth, every=every, complete=True
    )
    return columns, metadata


def level_names() -> list[str]:
    """Return every column that `heatmap_figure` can use, however deep the file is."""
    return ["mid_price"] + [
        f"{side}_{kind}_{level}"
        for side in ("bid", "ask")
        for kind in ("price_offset", "vol")
        for level in range(1000)
    ]


def _grid_interval(span_ns: int) -> str:
    """Return a round interval of which about `HEATMAP_COLUMNS` make the span."""
    least = max(span_ns // HEATMAP_COLUMNS, 1)
    power = 10 ** (len(str(least)) - 1)
    interval = next(digit * power for digit in (1, 2, 3, 5, 10) if digit * power >= least)
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if interval % size == 0:
            return f"{interval // size}{unit}"
    return f"{interval}ns"


@dataclass(frozen=True, slots=True)
class _Side:
    """Levels of one side, (pixels, levels): prices in ticks, sizes, 0 where there is none."""

    ticks: NDArray[np.int64]
    sizes: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _PriceGrid:
    """Cells of `step` ticks each from tick `bottom` on."""

    bottom: int
    step: int
    count: int

    def cells(self, side: _Side) -> NDArray[np.float64]:
        """Return the size in each cell, (count, pixels)."""
        pixels = len(side.ticks)
        cell = (side.ticks - self.bottom) // self.step
        inside = (cell >= 0) & (cell < self.count) & (side.sizes > 0)
        flat = cell * pixels + np.arange(pixels)[:, None]
        sums = np.zeros(self.count * pixels)
        np.add.at(sums, flat[inside], side.sizes[inside])
        return sums.reshape(self.count, pixels)

    def known(self, bids: _Side, asks: _Side) -> NDArray[np.bool_]:
        """Return which cells lie within the levels at hand, (count, pixels)."""
        lowest = np.where(bids.sizes > 0, bids.ticks, np.iinfo(np.int64).max).min(axis=1)
        highest = np.where(asks.sizes > 0, asks.ticks, np.iinfo(np.int64).min).max(axis=1)
        bottoms = self.bottom + self.step * np.arange(self.count)[:, None]
        within: NDArray[np.bool_] = (bottoms + self.step > lowest) & (bottoms <= highest)
        return within


def _draw_depth(figure: Figure, axes: Axes, timeline: Timeline) -> None:
    pixels = _rows_of_pixels(timeline)
    bids, asks = _side(timeline, "bid", pixels), _side(timeline, "ask", pixels)
    grid = _price_grid(bids, asks)
    cells = {"bid": grid.cells(bids), "ask": grid.cells(asks)}
    tick = timeline.tick
    height = grid.step * Decimal(timeline.metadata["instrument"]["tick"])
    bottom, top = (
        (grid.bottom - 0.5) * tick,
        (grid.bottom - 0.5 + grid.step * grid.count) * tick,
    )
    place: dict[str, Any] = {
        "extent": (*timeline.limits(), bottom, top),
        "origin": "lower",
        "aspect": "auto",
        "interpolation": "nearest",
    }

    axes.set_facecolor(UNKNOWN)
    known = np.where(grid.known(bids, asks), 1.0, np.nan)
    axes.imshow(known, cmap="gray", vmin=0, vmax=1, **place)
    norm = _size_norm(cells["bid"], cells["ask"])
    for name, shades in (("bid", BID_SHADES), ("ask", ASK_SHADES)):
        shown = np.where(cells[name] > 0, cells[name], np.nan)
        image = axes.imshow(
            shown, cmap=LinearSegmentedColormap.from_list(name, shades), norm=norm, **place
        )
        bar = figure.colorbar(image, ax=axes, pad=0.01, fraction=0.04, aspect=40, extend="both")
        bar.ax.yaxis.set_major_formatter("{x:g}")
        bar.ax.yaxis.set_minor_formatter(NullFormatter())
        bar.set_label(f"{name} size in each {height:f} of price (venue's unit of size)")
    _draw_touch(axes, timeline)
    axes.set_ylim(bottom, top)
    axes.set_title("Size resting at each price (white: none)", loc="left", fontsize=11)
    name_price_axis(axes)
    handles, _ = axes.get_legend_handles_labels()
    if np.isnan(known).any():
        handles.append(Patch(facecolor=UNKNOWN, label="beyond the levels known, or a gap"))
    add_legend(axes, handles=handles)


def _draw_touch(axes: Axes, timeline: Timeline) -> None:
    mid = timeline.columns["mid_price"]
    outline = [withStroke(linewidth=2.6, foreground="white")]  # to stand out on their colours
    for name, color in (("ask", ASK), ("bid", BID)):
        best = mid * (1 + timeline.columns[f"{name}_price_offset_0"])
        style = {"color": color, "linewidth": 1.1, "path_effects": outline}
        timeline.draw(axes, best, label=f"best {name}", **style)


def _rows_of_pixels(timeline: Timeline) -> NDArray[np.intp]:
    """Return for each pixel of time the last row at or before it; -1 in a gap."""
    times = timeline.times - timeline.times[0]
    moments = np.linspace(0, int(times[-1]), HEATMAP_COLUMNS).astype(np.int64)
    rows = np.searchsorted(times, moments, side="right") - 1
    is_last = np.append(timeline.starts[1:], True)[rows]  # of its piece
    return np.where(is_last & (moments - times[rows] > moments[1]), -1, rows)


def _side(timeline: Timeline, side: str, pixels: NDArray[np.intp]) -> _Side:
    columns = timeline.columns
    depth = next(
        level
        for level in count()
        if not {f"{side}_price_offset_{level}", f"{side}_vol_{level}"} <= columns.keys()
    )
    offsets, sizes = (
        np.column_stack([columns[f"{side}_{kind}_{level}"][pixels] for level in range(depth)])
        for kind in ("price_offset", "vol")
    )
    mid = np.where(pixels < 0, np.nan, columns["mid_price"][pixels])
    ticks = mid[:, None] * (1 + offsets) / timeline.tick
    there = np.isfinite(ticks) & (sizes > 0)
    return _Side(
        np.rint(np.where(there, ticks, 0)).astype(np.int64), np.where(there, sizes, 0.0)
    )


def _price_grid(bids: _Side, asks: _Side) -> _PriceGrid:
    """Return cells around all that the touch did, as far as most of the levels reach."""
    two_sided = (bids.sizes[:, 0] > 0) & (asks.sizes[:, 0] > 0)
    if not two_sided.any():
        msg = "a heat map needs a book with two sides, and there is none"
        raise ObcoreError(msg)
    low, high = bids.ticks[two_sided, 0].min(), asks.ticks[two_sided, 0].max()
    deepest = np.where(bids.sizes > 0, bids.ticks, bids.ticks[:, :1]).min(axis=1)
    reach = int(np.median((bids.ticks[:, 0] - deepest)[two_sided]))
    margin = min(max((high - low) // 2, MIN_MARGIN), max(reach, 1))
    bottom, ticks = int(low - margin), int(high - low + 2 * margin + 1)
    step = -(-ticks // HEATMAP_ROWS)
    return _PriceGrid(bottom, step, -(-ticks // step))


def _size_norm(*cells: NDArray[np.float64]) -> LogNorm:
    """Return one logarithmic scale for both sides, cut where few cells lie."""
    sizes = np.concatenate([side[side > 0] for side in cells])
    low, high = np.percentile(sizes, [10, 99.5])
    return LogNorm(low, max(high, low * 10))
