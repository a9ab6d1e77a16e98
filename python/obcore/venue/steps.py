"""The steps of price and size that a recording's own text shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from obcore.venue.native import depth_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from obcore.venue.book import Track

_MESSAGES = 50


def steps_of(track: Track) -> tuple[str, str]:
    """Return the coarsest steps of price and size on which the first messages lie.

    A venue's list of instruments was not recorded with the messages, so this is what can be
    known: a size may later prove finer.
    """
    prices: list[str] = []
    sizes: list[str] = []
    for record in track.records[:_MESSAGES]:
        depth = depth_of(record)
        for levels in (depth.bids, depth.asks):
            prices += [level[0] for level in levels]
            sizes += [level[1] for level in levels]
    return common_step(prices), common_step(sizes)


def common_step(texts: Iterable[str]) -> str:
    """Return the greatest step of which all numbers are multiples, as text.

    Examples
    --------
    >>> common_step(["0.30", "1.20"]), common_step(["5.00"]), common_step([])
    ('0.30', '5.00', '1')
    """
    decimals = 0
    parts = [text.partition(".")[::2] for text in texts]
    decimals = max((len(fraction) for _, fraction in parts), default=0)
    step = math.gcd(*(int(whole + fraction.ljust(decimals, "0")) for whole, fraction in parts))
    if step == 0:
        return "1" if decimals == 0 else f"0.{'1'.rjust(decimals, '0')}"
    digits = str(step).rjust(decimals + 1, "0")
    return digits if decimals == 0 else f"{digits[:-decimals]}.{digits[-decimals:]}"
