"""What a feature table holds, in panels over one time axis: price, imbalance, spread, flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from obcore.errors import ObcoreError
from obcore.plot.timeline import (
    ASK,
    BID,
    DPI,
    MICROPRICE,
    MID,
    SIZE_IN,
    Timeline,
    add_legend,
    name_price_axis,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from matplotlib.axes import Axes

    from obcore.plot.timeline import Columns

IMBALANCES = ("obi_1", "obi_10", "obi_5", "obi_20", "obi_3", "depth_weighted_obi", "imbalance")
SPREADS = ("spread", "spread_bps", "normalized_spread")
TRADED = ("last_trade_price", "adjusted_mid_10")
TRADE_FLOW = ("oi", "vi")
ORDER_FLOW = ("integrated_ofi", "ofi", "ofi_1")
UNUSUAL = ("z_score(obi_1)",)
MEMORY = (*TRADED, *TRADE_FLOW, *ORDER_FLOW, *UNUSUAL)
FEATURES = ("mid_price", "microprice", *SPREADS, *IMBALANCES, *MEMORY)  # what is drawn


def missing_features(names: Collection[str]) -> list[str]:
    """Return what `features_figure` would draw if it were there.

    Examples
    --------
    >>> missing_features(["mid_price", "spread", "obi_5"])
    ['microprice']
    """
    if set(MEMORY) & set(names):
        return []  # a file of features that remember, drawn as it is
    missing = [name for name in ("mid_price", "microprice") if name not in names]
    if not set(IMBALANCES) & set(names):
        missing.append("obi_1")
    if not set(SPREADS) & set(names):
        missing.append("spread")
    return missing


def features_figure(columns: Columns, metadata: Mapping[str, Any], *, name: str) -> Figure:
    """Return a picture of price, imbalance, spread and flow over one time axis.

    Parameters
    ----------
    columns : mapping of str to (n,) array
        As `obcore.data.parquet.read_features` returns them. A panel whose features are not there
        is left out; where no feature that remembers is there, the picture says so.
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
            (3, _draw_prices, {"mid_price", "microprice", *TRADED}),
            (2, _draw_imbalance, set(IMBALANCES)),
            (2, _draw_spread, set(SPREADS)),
            (2, _draw_trade_flow, set(TRADE_FLOW)),
            (2, _draw_order_flow, set(ORDER_FLOW)),
            (2, _draw_unusual, set(UNUSUAL)),
        )
        if needed & set(columns)
    ]
    if not panels:
        found = ", ".join(list(columns)[:8])
        msg = f"{name}: expected mid_price, spread, obi_1, oi or ofi_1, found only {found}"
        raise ObcoreError(msg)
    timeline = Timeline(columns, metadata, name)

    width, height = SIZE_IN
    size = (width, max(height, 2.0 * len(panels)))
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
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
        add_legend(axes)
    timeline.finish_axis(grid[-1, 0])
    figure.suptitle(timeline.title(), fontsize=13, parse_math=False)
    missing = missing_features(columns)
    if missing:
        figure.supxlabel(f"not in this file: {', '.join(missing)}", fontsize=9, color="#777777")
    return figure


def _draw_prices(axes: Axes, timeline: Timeline) -> None:
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
    for name, color in zip(TRADED, (MID, MICROPRICE), strict=True):
        if mid is None and name in columns:
            timeline.draw(axes, columns[name], color=color, linewidth=0.8, label=name)
    axes.set_title("Price", loc="left", fontsize=11)
    name_price_axis(axes)


def _draw_imbalance(axes: Axes, timeline: Timeline) -> None:
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


def _draw_spread(axes: Axes, timeline: Timeline) -> None:
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


def _draw_trade_flow(axes: Axes, timeline: Timeline) -> None:
    for name, color in zip(TRADE_FLOW, ("#7fa6cf", MID), strict=True):
        if name in timeline.columns:
            timeline.draw(axes, timeline.columns[name], color=color, linewidth=0.9, label=name)
    axes.axhline(0, color="#888888", linewidth=0.8)
    axes.set_ylim(-1.05, 1.05)
    title = "Trade flow: towards 1 buyers are the aggressors, towards -1 sellers"
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_ylabel("imbalance (no unit)")


def _draw_order_flow(axes: Axes, timeline: Timeline) -> None:
    name = next(name for name in ORDER_FLOW if name in timeline.columns)
    timeline.draw(axes, timeline.columns[name], color=MID, linewidth=0.8, label=name)
    axes.axhline(0, color="#888888", linewidth=0.8)
    title = "Order flow: above 0 the bid gains or the ask thins out, below 0 the reverse"
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_ylabel("mean level depths" if name == "integrated_ofi" else "base currency")


def _draw_unusual(axes: Axes, timeline: Timeline) -> None:
    [name] = UNUSUAL
    timeline.draw(axes, timeline.columns[name], color=MID, linewidth=0.8, label=name)
    for bound in (-2, 2):
        axes.axhline(bound, color="#888888", linewidth=0.8, linestyle=":")
    axes.set_title("How unusual the best level's imbalance is", loc="left", fontsize=11)
    axes.set_ylabel("standard deviations")
