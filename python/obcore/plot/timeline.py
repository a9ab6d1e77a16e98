"""The time axis that every picture shares, with its gaps, and what all panels look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import dates

from obcore.book import ABSENT, Every
from obcore.data.arguments import parse_every
from obcore.errors import ObcoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Columns = Mapping[str, NDArray[Any]]

BID, ASK, MID, MICROPRICE = "#1f5fa8", "#c8501e", "#222222", "#8e3fa8"
UNKNOWN = "#d4d4d4"
SIZE_IN = (12.0, 8.0)
DPI = 120
PIXELS = 1200  # buckets of the time axis: about one a pixel
TIME_FORMATS = {  # by the days between two ticks; the date stands in the title
    1.0: "%Y-%m-%d",
    1 / 24: "%m-%d %H:%M",
    1 / 1440: "%H:%M",
    1 / 86400: "%H:%M:%S",
    1 / 86400e6: "%H:%M:%S.%f",
}
ROW_CLOCK = "row"
NS_PER_DAY = 86_400_000_000_000


class Timeline:
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
        """Return the tick size in quote currency."""
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
        # A checksum that is wrong tells a gap without ids.
        column = "sequence" if gap["expected"] is not None else "ts_recv_ns"
        place = gap["expected"] if gap["expected"] is not None else gap["ts_recv_ns"]
        if place is None:
            continue
        after = np.searchsorted(columns[column], place, side="right")
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


def add_legend(axes: Axes, **options: Any) -> None:
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


def name_price_axis(axes: Axes) -> None:
    """Name the price axis, and print whole prices on it."""
    axes.set_ylabel("price (quote currency)")
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")
