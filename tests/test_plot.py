"""Pictures: what they show, how they name it, and that they hide neither gaps nor extremes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import made_up
import obcore
from obcore import plot
from obcore.data.parquet import read_features, write_features
from obcore.plot.timeline import PIXELS

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

Columns = dict[str, "NDArray[Any]"]
SECOND_NS = 10**9


def metadata(every: str = "event", gaps: tuple[int, ...] = ()) -> dict[str, Any]:
    return {
        "instrument": {"symbol": "ETHUSDT", "tick": "0.01", "lot": "0.001"},
        "every": every,
        "summary": {"gaps": [{"expected": expected} for expected in gaps]},
    }


def columns(rows: int, **features: NDArray[np.float64]) -> Columns:
    times = made_up.START_S * SECOND_NS + np.arange(rows) * SECOND_NS
    named = {"ts_event_ns": times, "ts_recv_ns": times, "sequence": np.arange(rows)}
    return {**named, **features}


def whole_set(tmp_path: Path, lines: tuple[str, ...]) -> tuple[Columns, dict[str, Any]]:
    recording = obcore.Recording(made_up.write(tmp_path, lines))
    return read_features(write_features(recording, tmp_path / "made.parquet", "all").path)


def labels(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]  # type: ignore[union-attr]


def line(axes: Axes, label: str) -> tuple[NDArray[Any], NDArray[Any]]:
    (found,) = [line for line in axes.get_lines() if line.get_label() == label]
    return np.asarray(found.get_xdata()), np.asarray(found.get_ydata())


def title(figure: Figure) -> str:
    return figure.get_suptitle()


def test_three_panels_share_a_time_axis_in_utc(tmp_path: Path) -> None:
    table, about = whole_set(tmp_path, made_up.IN_SYNC)

    figure = plot.features_figure(table, about, name="made.parquet")

    prices, imbalance, spread = figure.axes
    assert labels(prices) == ["microprice", "best ask", "best bid", "mid"]
    assert labels(imbalance) == ["obi_1", "obi_10"]
    assert labels(spread) == ["spread", "microprice minus mid"]
    assert prices.get_ylabel() == "price (quote currency)"
    assert spread.get_ylabel() == "ticks of 0.1"
    assert spread.get_xlabel() == "time of receipt (UTC)"
    assert prices.get_xlim() == spread.get_xlim()
    assert title(figure) == (
        "ETHUSDT · made.parquet\n"
        "2023-11-14 22:13:21.000 to 22:13:24.000 UTC (3.0 s) · 4 rows, every event"
    )


def test_best_prices_stand_half_a_spread_from_the_mid(tmp_path: Path) -> None:
    table, about = whole_set(tmp_path, made_up.IN_SYNC)

    prices = plot.features_figure(table, about, name="made.parquet").axes[0]

    assert line(prices, "best bid")[1].max() == pytest.approx(100.0)
    assert line(prices, "best ask")[1].max() == pytest.approx(100.2)


def test_a_gap_in_the_ids_is_not_bridged(tmp_path: Path) -> None:
    table, about = whole_set(tmp_path, made_up.GAPPY)

    prices = plot.features_figure(table, about, name="made.parquet").axes[0]

    x, mid = line(prices, "mid")
    (hole,) = np.flatnonzero(np.isnan(mid))
    assert x[hole] == x[hole - 1]  # the line ends where the rows do
    assert x[hole] < x[hole + 1]
    assert "gap" in labels(prices)


def test_rows_that_a_time_grid_lacks_are_a_gap() -> None:
    table = columns(10, mid_price=np.full(10, 100.0))
    without = {name: np.delete(values, [4, 5]) for name, values in table.items()}

    prices = plot.features_figure(without, metadata("1s"), name="made.parquet").axes[0]

    assert np.isnan(line(prices, "mid")[1]).sum() == 1


def test_many_rows_are_thinned_without_losing_an_extreme() -> None:
    mid = 100 + np.sin(np.arange(200_000) / 1_000)
    mid[123_456], mid[77_777] = 200.0, 1.0

    prices = plot.features_figure(
        columns(len(mid), mid_price=mid), metadata(), name="long.parquet"
    ).axes[0]

    x, drawn = line(prices, "mid")
    assert len(drawn) <= 4 * (PIXELS + 1)
    assert (drawn.max(), drawn.min()) == (200.0, 1.0)
    assert np.all(np.diff(x) >= 0)


def test_what_is_not_in_the_file_is_left_out_and_named() -> None:
    table = columns(3, obi_5=np.zeros(3), spread_bps=np.ones(3))

    figure = plot.features_figure(table, metadata(), name="few.parquet")

    imbalance, spread = figure.axes
    assert labels(imbalance) == ["obi_5"]
    assert spread.get_ylabel() == "bps"
    assert figure.get_supxlabel() == "not in this file: mid_price, microprice"
    assert plot.missing_features(table) == ["mid_price", "microprice"]


def test_features_that_remember_have_panels_of_their_own() -> None:
    steps = np.linspace(-1, 1, 3)
    names = ("last_trade_price", "adjusted_mid_10", "oi", "vi", "ofi_1", "z_score(obi_1)")
    table = columns(3, **dict.fromkeys(names, steps))

    figure = plot.features_figure(table, metadata(), name="flow.parquet")

    assert [labels(axes) for axes in figure.axes] == [
        ["last_trade_price", "adjusted_mid_10"],
        ["oi", "vi"],
        ["ofi_1"],
        ["z_score(obi_1)"],
    ]
    assert [axes.get_ylabel() for axes in figure.axes[1:]] == [
        "imbalance (no unit)",
        "base currency",
        "standard deviations",
    ]
    assert plot.missing_features(table) == []


def test_a_file_with_nothing_to_draw_is_an_error_that_says_what_would_be() -> None:
    table = columns(3, vwap_bid=np.ones(3))

    with pytest.raises(
        obcore.ObcoreError, match="expected mid_price, spread, obi_1, oi or ofi_1, found only"
    ):
        plot.features_figure(table, metadata(), name="few.parquet")


@pytest.mark.parametrize("draw", [plot.features_figure, plot.heatmap_figure])
def test_a_file_without_rows_is_an_error(draw: Any) -> None:
    names = ("mid_price", "bid_price_offset_0", "bid_vol_0", "ask_price_offset_0", "ask_vol_0")
    table = columns(0, **{name: np.empty(0) for name in names})

    with pytest.raises(obcore.ObcoreError, match="expected rows, found none"):
        draw(table, metadata(), name="empty.parquet")


def test_rows_without_any_time_are_drawn_in_their_order() -> None:
    table = columns(3, mid_price=np.array([1.0, 2.0, 3.0]))
    table["ts_recv_ns"] = table["ts_event_ns"] = np.full(3, -(2**63))

    prices = plot.features_figure(table, metadata(), name="made.parquet").axes[0]

    assert prices.get_xlim() == (0, 2)
    assert prices.get_xlabel() == "row (the recording has no times)"


def test_the_heat_map_puts_sizes_where_they_rest(tmp_path: Path) -> None:
    table, about = whole_set(tmp_path, made_up.IN_SYNC)

    axes, bid_bar, ask_bar = plot.heatmap_figure(table, about, name="made.parquet").axes

    known, bids, asks = axes.get_images()
    left, right, bottom, top = asks.get_extent()
    cells = np.asarray(asks.get_array())
    height = (top - bottom) / len(cells)

    def at_the_end(sizes: Any, price: float) -> float:
        return float(np.asarray(sizes)[round((price - bottom) / height - 0.5), -1])

    assert height == pytest.approx(0.1)
    assert at_the_end(asks.get_array(), 100.2) == 5.0
    assert at_the_end(asks.get_array(), 100.3) == 7.125
    assert at_the_end(bids.get_array(), 99.9) == 2.5
    assert np.nansum(np.asarray(known.get_array())[:, -1]) == 5  # 99.9 to 100.3
    assert ask_bar.get_ylabel() == "ask size in each 0.1 of price (venue's unit of size)"
    assert bid_bar.get_ylabel() == "bid size in each 0.1 of price (venue's unit of size)"
    assert left < right
    assert labels(axes)[:2] == ["best ask", "best bid"]


def test_the_heat_map_leaves_a_gap_empty(tmp_path: Path) -> None:
    table, about = whole_set(tmp_path, made_up.GAPPY)

    axes = plot.heatmap_figure(table, about, name="made.parquet").axes[0]

    known = np.asarray(axes.get_images()[0].get_array(), dtype=float)
    empty = np.isnan(known).all(axis=0)
    assert not empty[[0, -1]].any()
    assert empty[300:500].all()  # from second 4 to second 9 of 1 to 10


def test_a_heat_map_of_a_recording_is_drawn_on_a_grid_of_its_time() -> None:
    table, about = plot.depth_grid(obcore.Recording(obcore.sample()), depth=20)

    figure = plot.heatmap_figure(table, about, name="sample")

    assert about["every"] == "300ms"
    assert len(table["mid_price"]) == 592
    assert "592 rows, every 300ms" in title(figure)


def test_a_heat_map_of_a_recording_without_receive_times_takes_every_nth_book(
    tmp_path: Path,
) -> None:
    bare = [text.split(" ", 1)[1] for text in made_up.IN_SYNC]

    table, about = plot.depth_grid(obcore.Recording(made_up.write(tmp_path, bare)))

    assert about["every"] == "1"
    assert len(table["mid_price"]) == 4


def test_a_heat_map_stops_at_the_first_level_that_is_not_there(tmp_path: Path) -> None:
    table, about = whole_set(tmp_path, made_up.IN_SYNC)
    del table["bid_vol_1"], table["ask_price_offset_1"]

    axes, *_ = plot.heatmap_figure(table, about, name="made.parquet").axes

    known = np.asarray(axes.get_images()[0].get_array())[:, -1]
    assert np.nansum(known) == 3  # 100.0 to 100.2: one level a side


def test_a_heat_map_needs_levels() -> None:
    table = columns(3, mid_price=np.ones(3))

    with pytest.raises(obcore.ObcoreError, match="a heat map needs bid_price_offset_0"):
        plot.heatmap_figure(table, metadata(), name="few.parquet")


def test_a_heat_map_needs_two_sides() -> None:
    names = ("bid_price_offset_0", "bid_vol_0", "ask_price_offset_0")
    one_sided = {name: np.full(3, np.nan) for name in ("mid_price", *names)}
    table = columns(3, **one_sided, ask_vol_0=np.ones(3))

    with pytest.raises(obcore.ObcoreError, match="two sides"):
        plot.heatmap_figure(table, metadata(), name="few.parquet")


def test_a_picture_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    figure = plot.features_figure(
        columns(3, mid_price=np.ones(3)), metadata(), name="made.parquet"
    )

    plot.save_figure(figure, tmp_path / "good.png")
    with pytest.raises(ValueError, match="nonsense"):
        plot.save_figure(figure, tmp_path / "bad.nonsense")

    assert [path.name for path in tmp_path.iterdir()] == ["good.png"]
    assert (tmp_path / "good.png").read_bytes().startswith(b"\x89PNG")


def test_names_are_shown_as_they_are_and_never_typeset(tmp_path: Path) -> None:
    about = metadata() | {"instrument": {"symbol": "A$B$\\frac", "tick": "0.01", "lot": "1"}}
    figure = plot.features_figure(columns(3, mid_price=np.ones(3)), about, name="$x_$.parquet")

    plot.save_figure(figure, tmp_path / "out.png")

    assert title(figure).startswith("A$B$\\frac · $x_$.parquet")
