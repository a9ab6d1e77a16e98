"""The 58 numbers, compiled by numba: for every peer that can be read from compiled code."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from numba import njit

from obcore.bench.standard import DEPTH

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@njit
def fill_standard(
    bid_prices: Floats, bid_sizes: Floats, ask_prices: Floats, ask_sizes: Floats, out: Floats
) -> None:
    """Fill `out` from ten levels a side; a size of 0 is a level that is not there."""
    bid, ask = bid_prices[0], ask_prices[0]
    mid, spread = (bid + ask) / 2.0, ask - bid
    bid_vol, ask_vol, bid_turnover, ask_turnover = 0.0, 0.0, 0.0, 0.0
    for i in range(DEPTH):
        if i == 5:
            out[16], out[17] = bid_vol, ask_vol
        bid_price, bid_size = bid_prices[i], bid_sizes[i]
        ask_price, ask_size = ask_prices[i], ask_sizes[i]
        bid_vol += bid_size
        ask_vol += ask_size
        bid_turnover += bid_price * bid_size
        ask_turnover += ask_price * ask_size
        out[18 + 2 * i] = (bid_price - mid) / mid if bid_size > 0.0 else 0.0
        out[19 + 2 * i] = bid_size
        out[38 + 2 * i] = (ask_price - mid) / mid if ask_size > 0.0 else 0.0
        out[39 + 2 * i] = ask_size
    vwap_bid, vwap_ask = bid_turnover / bid_vol, ask_turnover / ask_vol
    out[0] = mid
    out[1] = spread
    out[2] = spread / mid
    out[3] = math.log(mid)
    out[4] = bid_vol
    out[5] = ask_vol
    out[6] = bid_vol + ask_vol
    out[7] = bid_vol - ask_vol
    out[8] = bid_vol / ask_vol
    out[9] = vwap_bid
    out[10] = vwap_ask
    out[11] = (vwap_bid + vwap_ask) / 2.0
    out[12] = (bid_vol - ask_vol) / (bid_vol + ask_vol)
    out[13] = bid_sizes[0]
    out[14] = ask_sizes[0]
    out[15] = bid_sizes[0] - ask_sizes[0]
