"""Pictures of features and of the book's depth over time; the only importer of matplotlib."""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import dates
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import NullFormatter

from obcore.book import ABSENT, Every
from obcore.data.parquet import describe
from obcore.data.recording import parse_every
from obcore.errors import ObcoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from os import PathLike

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from obcore.data.recording import Recording

    Columns = Mapping[str, NDArray[Any]]

BID, ASK, MID, MICROPRICE = "#1f5fa8", "#c8501e", "#222222", "#8e3fa8"
UNKNOWN = "#d4d4d4"
BID_SHADES = ("#dbe8f6", "#4a8ac9", "#123c78", "#061a3a")  # an empty cell is white
ASK_SHADES = ("#fce3d2", "#e8824a", "#a8390c", "#4a1200")
SIZE_IN = (12.0, 8.0)
DPI = 120
PIXELS = 1200  # buckets of the time axis: about one a pixel
IMBALANCES = ("obi_1", "obi_10", "obi_5", "obi_20", "obi_3", "depth_weighted_obi", "imbalance")
SPREADS = ("spread", "spread_bps", "normalized_spread")
FEATURES = ("mid_price", "microprice", *SPREADS, *IMBALANCES)  # what `features_figure` draws
HEATMAP_COLUMNS = 600
HEATMAP_DEPTH = 500
HEATMAP_ROWS = 240
MIN_MARGIN = 40  # ticks above and below the touch
TIME_FORMATS = {  # by the days between two ticks; the date stands in the title
    1.0: "%Y-%m-%d",
    1 / 24: "%m-%d %H:%M",
    1 / 1440: "%H:%M",
    1 / 86400: "%H:%M:%S",
    1 / 86400e6: "%H:%M:%S.%f",
}
ROW_CLOCK = "row"
NS_PER_DAY = 86_400_000_000_000


def missing_features(names: Collection[str]) -> list[str]:
    """Return what `features_figure` would draw if it were there.

    Examples
    --------
    >>> missing_features(["mid_price", "spread", "obi_5"])
    ['microprice']
    """
    missing = [name for name in ("mid_price", "microprice") if name not in names]
    if not set(IMBALANCES) & set(names):
        missing.append("obi_1")
    if not set(SPREADS) & set(names):
        missing.append("spread")
    return missing


def features_figure(columns: Columns, metadata: Mapping[str, Any], *, name: str) -> Figure:
    """Return a picture of price, imbalance and spread over one time axis.

    Parameters
    ----------
    columns : mapping of str to (n,) array
        As `obcore.data.parquet.read_features` returns them. A panel whose features are not there
        is left out, and the picture says so.
    metadata : mapping
        As `obcore.data.parquet.describe` returns it: instrument, every, gaps.
    name : str
        What the title calls the file.

    Returns
    -------
    matplotlib.figure.Figure
        To be saved with ``savefig``. Lines hold each value until the next and are not drawn
        across gaps; where rows outnumber pixels, every pixel shows their whole range.

    Raises
    ------
    ObcoreError
        If there is no row, or none of the features that it draws.
    """
    panels = [
        (weight, draw)
        for weight, draw, needed in (
            (3, _draw_prices, {"mid_price", "microprice"}),
            (2, _draw_imbalance, set(IMBALANCES)),
            (2, _draw_spread, set(SPREADS)),
        )
        if needed & set(columns)
    ]
    if not panels:
        found = ", ".join(list(columns)[:8])
        msg = f"{name}: expected mid_price, microprice, spread or obi_1, found only {found}"
        raise ObcoreError(msg)
    timeline = _Timeline(columns, metadata, name)

    figure = Figure(figsize=SIZE_IN, dpi=DPI, layout="constrained")
    grid = figure.subplots(
        len(panels),
        sharex=True,
        squeeze=False,
        height_ratios=[weight for weight, _ in panels],
    )
    for axes, (_, draw) in zip(grid[:, 0], panels, strict=True):
        draw(axes, timeline)
        timeline.shade_gaps(axes)
        axes.grid(visible=True, color="#e4e4e4", linewidth=0.6)
        _legend(axes)
    timeline.finish_axis(grid[-1, 0])
    figure.suptitle(timeline.title(), fontsize=13, parse_math=False)
    missing = missing_features(columns)
    if missing:
        figure.supxlabel(f"not in this file: {', '.join(missing)}", fontsize=9, color="#777777")
    return figure


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
    timeline = _Timeline(columns, metadata, name)

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


def picture_formats() -> frozenset[str]:
    """Return the endings of file names that `save_figure` understands, without the dot."""
    return frozenset(Figure().canvas.get_supported_filetypes())


def save_figure(figure: Figure, out: str | PathLike[str]) -> None:
    """Write a figure in the format that the file's ending names; all of it, or nothing."""
    path = Path(out)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        figure.savefig(temporary, format=path.suffix[1:].lower())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _grid_interval(span_ns: int) -> str:
    """Return a round interval of which about `HEATMAP_COLUMNS` make the span."""
    least = max(span_ns // HEATMAP_COLUMNS, 1)
    power = 10 ** (len(str(least)) - 1)
    interval = next(digit * power for digit in (1, 2, 3, 5, 10) if digit * power >= least)
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if interval % size == 0:
            return f"{interval // size}{unit}"
    return f"{interval}ns"


class _Timeline:
    """The rows of a file on their time axis, in pieces that no gap interrupts."""

    def __init__(self, columns: Columns, metadata: Mapping[str, Any], name: str) -> None:
        self.columns = columns
        self.metadata = metadata
        self.name = name
        self.times, self.clock = _clock(columns)
        if len(self.times) == 0:
            msg = f"{name}: expected rows, found none"
            raise ObcoreError(msg)
        self.starts = _piece_starts(columns, self.times, metadata)
        self._firsts = _bucket_firsts(self.times, self.starts)

    @property
    def tick(self) -> float:
        return float(self.metadata["instrument"]["tick"])

    def x(self, times: NDArray[Any]) -> NDArray[np.float64]:
        """Return times as matplotlib counts them: days since 1970."""
        return np.asarray(times / (1.0 if self.clock == ROW_CLOCK else NS_PER_DAY))

    def limits(self) -> tuple[float, float]:
        """Return both ends of the axis; a single moment gets a second, or a row, of width."""
        first, last = int(self.times[0]), int(self.times[-1])
        if first == last:
            last += 1 if self.clock == ROW_CLOCK else 10**9
        begin, end = self.x(np.array([first, last])).tolist()
        return begin, end

    def draw(self, axes: Axes, values: NDArray[Any], **style: Any) -> None:
        """Draw one line: first, lowest, highest and last value of each bucket of time."""
        firsts = self._firsts
        lasts = np.append(firsts[1:], len(values)) - 1
        low, high = np.fmin.reduceat(values, firsts), np.fmax.reduceat(values, firsts)
        y = np.column_stack([values[firsts], low, high, values[lasts]]).ravel()
        x = self.x(self.times[np.column_stack([firsts, firsts, firsts, lasts])]).ravel()
        breaks = 4 * np.flatnonzero(self.starts[firsts])[1:]  # before each piece but the first
        axes.plot(
            np.insert(x, breaks, x[breaks - 1]),
            np.insert(y, breaks, np.nan),
            drawstyle="steps-post",
            solid_joinstyle="bevel",
            **style,
        )

    def shade_gaps(self, axes: Axes) -> None:
        """Mark where the rows stop for a while."""
        after = np.flatnonzero(self.starts)[1:]
        begins, ends = self.x(self.times[after - 1]), self.x(self.times[after])
        if len(after) > 0:
            axes.broken_barh(
                np.column_stack([begins, ends - begins]).tolist(),
                (0, 1),
                transform=axes.get_xaxis_transform(),
                facecolor=UNKNOWN,
                label="gap",
            )

    def finish_axis(self, axes: Axes) -> None:
        """Name the time axis and its ticks."""
        axes.set_xlim(*self.limits())
        if self.clock == ROW_CLOCK:
            axes.set_xlabel("row (the recording has no times)")
            return
        locator = dates.AutoDateLocator(minticks=5, maxticks=10)  # type: ignore[no-untyped-call]
        formatter = dates.AutoDateFormatter(locator)  # type: ignore[no-untyped-call]
        formatter.scaled = TIME_FORMATS
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(formatter)
        axes.set_xlabel(f"{self.clock} (UTC)")

    def title(self) -> str:
        """Return instrument, file, span and rows in two lines."""
        symbol = self.metadata["instrument"]["symbol"] or "unnamed instrument"
        plural = "row" if len(self.times) == 1 else "rows"
        rows = f"{len(self.times):,} {plural}, every {self.metadata['every']}"
        span = "" if self.clock == ROW_CLOCK else f"{_span(self.times)} · "
        return f"{symbol} · {self.name}\n{span}{rows}"


def _clock(columns: Columns) -> tuple[NDArray[np.int64], str]:
    """Return the times to draw over, and what they are."""
    for column, clock in (("ts_recv_ns", "time of receipt"), ("ts_event_ns", "venue time")):
        times = columns[column]
        if len(times) > 0 and np.all(times != ABSENT):
            return np.maximum.accumulate(times), clock  # a clock may step back; an axis may not
    return np.arange(len(columns["ts_recv_ns"])), ROW_CLOCK


def _piece_starts(
    columns: Columns, times: NDArray[np.int64], metadata: Mapping[str, Any]
) -> NDArray[np.bool_]:
    """Return True at each row that a gap, or the beginning, separates from the row before."""
    starts = np.zeros(len(times), dtype=bool)
    starts[0] = True
    for gap in metadata["summary"]["gaps"]:
        after = np.searchsorted(columns["sequence"], gap["expected"], side="right")
        starts[after : after + 1] = True
    mode, interval = parse_every(metadata["every"])
    if mode is Every.TIME:  # rows of a grid are absent where there was no book
        starts[1:] |= np.diff(columns["ts_recv_ns"]) > interval
    return starts


def _bucket_firsts(times: NDArray[Any], starts: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the first row of each pixel of time, pieces kept apart."""
    span = max(int(times[-1] - times[0]), 1)
    pixels = ((times - times[0]) * (PIXELS / span)).astype(np.int64)
    return np.flatnonzero(starts | np.append(True, np.diff(pixels) != 0))


def _span(times_ns: NDArray[Any]) -> str:
    first, last = (np.datetime64(int(time), "ns") for time in times_ns[[0, -1]])
    seconds = float(times_ns[-1] - times_ns[0]) / 1e9
    length = f"{seconds:,.1f} s" if seconds < 600 else f"{seconds / 60:,.1f} min"
    unit: Any = "s" if seconds >= 10 else "ms"
    begin, end = (str(np.datetime_as_string(time, unit=unit)) for time in (first, last))
    shown = end.partition("T")[2] if begin[:10] == end[:10] else end.replace("T", " ")
    return f"{begin.replace('T', ' ')} to {shown} UTC ({length})"


def _legend(axes: Axes, **options: Any) -> None:
    """Put the legend beside the panel's title, where no line can run under it."""
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=5,
        frameon=False,
        fontsize=9,
        borderaxespad=0.2,
        **options,
    )


def _draw_prices(axes: Axes, timeline: _Timeline) -> None:
    columns = timeline.columns
    mid, spread = columns.get("mid_price"), columns.get("spread")
    if "microprice" in columns:  # wide and below, so that the mid on it stays visible
        style = {"color": MICROPRICE, "linewidth": 2.4, "alpha": 0.5, "label": "microprice"}
        timeline.draw(axes, columns["microprice"], **style)
    if mid is not None and spread is not None:
        timeline.draw(axes, mid + spread / 2, color=ASK, linewidth=0.9, label="best ask")
        timeline.draw(axes, mid - spread / 2, color=BID, linewidth=0.9, label="best bid")
    if mid is not None:
        timeline.draw(axes, mid, color=MID, linewidth=0.7, label="mid")
    axes.set_title("Price", loc="left", fontsize=11)
    _name_price_axis(axes)


def _name_price_axis(axes: Axes) -> None:
    axes.set_ylabel("price (quote currency)")
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")


def _draw_imbalance(axes: Axes, timeline: _Timeline) -> None:
    present = [name for name in IMBALANCES if name in timeline.columns][:2]
    styles: list[dict[str, Any]] = [
        {"color": "#7fa6cf", "linewidth": 0.8},
        {"color": MID, "linewidth": 1.0},
    ]
    for name, style in zip(present, styles[-len(present) :], strict=True):
        timeline.draw(axes, timeline.columns[name], label=name, **style)
    axes.axhline(0, color="#888888", linewidth=0.8)
    axes.set_ylim(-1.05, 1.05)
    axes.set_title(
        "Imbalance: towards 1 more bids, towards -1 more asks", loc="left", fontsize=11
    )
    axes.set_ylabel("imbalance (no unit)")


def _draw_spread(axes: Axes, timeline: _Timeline) -> None:
    columns = timeline.columns
    name = next(name for name in SPREADS if name in columns)
    scale, unit = 1.0, {"spread_bps": "bps"}.get(name, "share of mid")
    if name == "spread":
        scale, unit = timeline.tick, f"ticks of {timeline.metadata['instrument']['tick']}"
    timeline.draw(axes, columns[name] / scale, color=MID, linewidth=0.9, label=name)
    title = "Spread"
    if name == "spread" and {"mid_price", "microprice"} <= set(columns):
        lead = (columns["microprice"] - columns["mid_price"]) / scale
        timeline.draw(axes, lead, color=MICROPRICE, linewidth=0.9, label="microprice minus mid")
        title = "Spread, and how far the microprice is from the mid"
    axes.axhline(0, color="#888888", linewidth=0.8)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_ylabel(unit)


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


def _draw_depth(figure: Figure, axes: Axes, timeline: _Timeline) -> None:
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
    _name_price_axis(axes)
    handles, _ = axes.get_legend_handles_labels()
    if np.isnan(known).any():
        handles.append(Patch(facecolor=UNKNOWN, label="beyond the levels known, or a gap"))
    _legend(axes, handles=handles)


def _draw_touch(axes: Axes, timeline: _Timeline) -> None:
    mid = timeline.columns["mid_price"]
    outline = [withStroke(linewidth=2.6, foreground="white")]  # to stand out on their colours
    for name, color in (("ask", ASK), ("bid", BID)):
        best = mid * (1 + timeline.columns[f"{name}_price_offset_0"])
        style = {"color": color, "linewidth": 1.1, "path_effects": outline}
        timeline.draw(axes, best, label=f"best {name}", **style)


def _rows_of_pixels(timeline: _Timeline) -> NDArray[np.intp]:
    """Return for each pixel of time the last row at or before it; -1 in a gap."""
    times = timeline.times - timeline.times[0]
    moments = np.linspace(0, int(times[-1]), HEATMAP_COLUMNS).astype(np.int64)
    rows = np.searchsorted(times, moments, side="right") - 1
    is_last = np.append(timeline.starts[1:], True)[rows]  # of its piece
    return np.where(is_last & (moments - times[rows] > moments[1]), -1, rows)


def _side(timeline: _Timeline, side: str, pixels: NDArray[np.intp]) -> _Side:
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
