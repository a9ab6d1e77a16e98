"""The set ``standard`` over ten levels once more, as users of other books write it.

`FeatureSet("standard")` is written in C++ on integers; these take floats, best level first,
and give ``imbalance`` over the ten levels, for the books here hold no totals of a side.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DEPTH = 10
COUNT = 58


def standard_of_lists(
    bid_prices: list[float],
    bid_sizes: list[float],
    ask_prices: list[float],
    ask_sizes: list[float],
) -> list[float]:
    """Return the 58 numbers of ten levels a side, in plain Python."""
    bid, ask = bid_prices[0], ask_prices[0]
    best_bid_qty, best_ask_qty = bid_sizes[0], ask_sizes[0]
    mid, spread = (bid + ask) / 2.0, ask - bid
    bid_vol, ask_vol = sum(bid_sizes), sum(ask_sizes)
    vwap_bid = sum([p * q for p, q in zip(bid_prices, bid_sizes)]) / bid_vol  # noqa: B905
    vwap_ask = sum([p * q for p, q in zip(ask_prices, ask_sizes)]) / ask_vol  # noqa: B905
    total, net = bid_vol + ask_vol, bid_vol - ask_vol
    out = [
        mid,
        spread,
        spread / mid,
        math.log(mid),
        bid_vol,
        ask_vol,
        total,
        net,
        bid_vol / ask_vol,
        vwap_bid,
        vwap_ask,
        (vwap_bid + vwap_ask) / 2.0,
        net / total,
        best_bid_qty,
        best_ask_qty,
        best_bid_qty - best_ask_qty,
        sum(bid_sizes[:5]),
        sum(ask_sizes[:5]),
    ]
    for price, size in zip(bid_prices, bid_sizes):  # noqa: B905  strict costs time
        out += ((price - mid) / mid if size else 0.0, size)
    for price, size in zip(ask_prices, ask_sizes):  # noqa: B905
        out += ((price - mid) / mid if size else 0.0, size)
    return out


def standard_of_arrays(
    bid_prices: Floats, bid_sizes: Floats, ask_prices: Floats, ask_sizes: Floats, out: Floats
) -> None:
    """Fill `out` with the 58 numbers of ten levels a side, in NumPy."""
    bid, ask = bid_prices[0], ask_prices[0]
    mid, spread = (bid + ask) / 2.0, ask - bid
    bid_vol, ask_vol = bid_sizes.sum(), ask_sizes.sum()
    vwap_bid, vwap_ask = bid_prices @ bid_sizes / bid_vol, ask_prices @ ask_sizes / ask_vol
    total, net = bid_vol + ask_vol, bid_vol - ask_vol
    out[:18] = (
        mid,
        spread,
        spread / mid,
        math.log(mid),
        bid_vol,
        ask_vol,
        total,
        net,
        bid_vol / ask_vol,
        vwap_bid,
        vwap_ask,
        (vwap_bid + vwap_ask) / 2.0,
        net / total,
        bid_sizes[0],
        ask_sizes[0],
        bid_sizes[0] - ask_sizes[0],
        bid_sizes[:5].sum(),
        ask_sizes[:5].sum(),
    )
    out[18:38:2] = (bid_prices - mid) / mid * (bid_sizes > 0.0)
    out[19:38:2] = bid_sizes
    out[38::2] = (ask_prices - mid) / mid * (ask_sizes > 0.0)
    out[39::2] = ask_sizes


def ten(values: Sequence[float]) -> list[float]:
    """Return the first ten, with zeros where there are fewer.

    Examples
    --------
    >>> ten([2.0])
    [2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    return [*values[:DEPTH], *[0.0] * (DEPTH - len(values))]
