"""What hftbacktest reads: rows of an array, each an event of one level or one trade.

Document: hftbacktest.readthedocs.io, "Data" (2.x).
"""

from __future__ import annotations

import numpy as np

ROW = np.dtype(
    [
        ("ev", "<u8"),
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),
        ("px", "<f8"),
        ("qty", "<f8"),
        ("order_id", "<u8"),
        ("ival", "<i8"),
        ("fval", "<f8"),
    ],
    align=True,
)

# Flags of `ev`: whose clock orders the row, and the side, on trades the taker's.
EXCH, LOCAL, BUY, SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
# Its low byte is the kind.
DEPTH, TRADE, DEPTH_CLEAR, DEPTH_SNAPSHOT, DEPTH_BBO = 1, 2, 3, 4, 5
KIND_MASK = 0xFF
