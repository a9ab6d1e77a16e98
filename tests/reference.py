"""The book and the features of one book state, exact and obvious: the oracle of the tests.

The book is two dicts. A feature is its definition, in fractions: no shortcut, nothing updated
in place, rounded once, when the finished value becomes a float. What the definitions leave
undefined raises ``UndefinedError`` where it arises, so whatever is built on it is undefined too.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Pair: TypeAlias = tuple[int, int]  # ticks, lots
    Number: TypeAlias = Fraction | Decimal | float
    Formula: TypeAlias = Callable[["State"], Number]


class ReferenceBook:
    """An order book as two dicts of ticks to lots."""

    def __init__(self) -> None:
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}

    def apply_snapshot(self, bids: Iterable[Pair], asks: Iterable[Pair]) -> None:
        """Replace both sides."""
        self._bids.clear()
        self._asks.clear()
        self.apply_delta(bids, asks)

    def apply_delta(self, bids: Iterable[Pair], asks: Iterable[Pair]) -> None:
        """Set levels to absolute sizes, in order; size 0 deletes, known level or not."""
        for side, changes in ((self._bids, bids), (self._asks, asks)):
            for ticks, lots in changes:
                if lots == 0:
                    side.pop(ticks, None)
                else:
                    side[ticks] = lots

    def bids(self, depth: int | None = None) -> list[Pair]:
        """The first ``depth`` bids, or all, in ticks and lots: the highest price first."""
        best_first = sorted(self._bids, reverse=True)
        return [(ticks, self._bids[ticks]) for ticks in best_first[:depth]]

    def asks(self, depth: int | None = None) -> list[Pair]:
        """The first ``depth`` asks, or all, in ticks and lots: the lowest price first."""
        best_first = sorted(self._asks)
        return [(ticks, self._asks[ticks]) for ticks in best_first[:depth]]


class UndefinedError(Exception):
    """The definition has no value in this state: its float is NaN."""


class Side(NamedTuple):
    """A whole side in ticks and lots, best first, and what one of each is worth."""

    levels: Sequence[Pair]
    tick: Fraction
    lot: Fraction


class State(NamedTuple):
    """Both sides; ``state[BID]`` is the bids."""

    bids: Side
    asks: Side


BID, ASK = 0, 1


def features(
    bids: Sequence[Pair],
    asks: Sequence[Pair],
    *,
    tick: Fraction,
    lot: Fraction,
    depth: int = 10,
) -> dict[str, float]:
    """Every feature of one book state, in the order of the set ``all``.

    ``bids`` and ``asks`` are the whole sides in ticks and lots, best first.
    """
    state = State(Side(bids, tick, lot), Side(asks, tick, lot))
    return {name: value(formula, state) for name, formula in catalogue(depth).items()}


def value(formula: Callable[..., Number], state: State, **parameters: int | Fraction) -> float:
    """Round a formula's exact value, once; NaN where it has none."""
    try:
        return float(formula(state, **parameters))
    except UndefinedError:
        return math.nan


def catalogue(depth: int) -> dict[str, Formula]:
    """Every feature's formula by name: the set ``all``, whose head is the set ``standard``."""
    return standard(depth) | imbalances(depth) | mids()


def standard(depth: int) -> dict[str, Formula]:
    return {
        "mid_price": mid,
        "spread": spread,
        "normalized_spread": normalized_spread,
        "log_mid_price": log_mid,
        "bid_vol": lambda state: volume(state.bids, depth),
        "ask_vol": lambda state: volume(state.asks, depth),
        "total_vol": lambda state: volume(state.bids, depth) + volume(state.asks, depth),
        "net_flow": lambda state: volume(state.bids, depth) - volume(state.asks, depth),
        "bid_ask_ratio": lambda state: bid_ask_ratio(state, depth),
        "vwap_bid": lambda state: mean_price(state.bids, depth),
        "vwap_ask": lambda state: mean_price(state.asks, depth),
        "vwap_mid": lambda state: vwap_mid(state, depth),
        "imbalance": obi,
        "best_bid_qty": lambda state: size(state.bids, 1),
        "best_ask_qty": lambda state: size(state.asks, 1),
        "best_qty_diff": lambda state: size(state.bids, 1) - size(state.asks, 1),
        "bid_depth_top5": lambda state: volume(state.bids, 5),
        "ask_depth_top5": lambda state: volume(state.asks, 5),
        **one_side("bid", BID, depth),
        **one_side("ask", ASK, depth),
    }


def one_side(name: str, side: int, depth: int) -> dict[str, Formula]:
    """Offset and size of each level; the names count from 0, the levels from 1."""
    formulas: dict[str, Formula] = {}
    for i in range(depth):
        formulas[f"{name}_price_offset_{i}"] = partial(offset, side=side, k=i + 1)
        formulas[f"{name}_vol_{i}"] = partial(size_at, side=side, k=i + 1)
    return formulas


def imbalances(depth: int) -> dict[str, Formula]:
    return {
        **{f"obi_{n}": partial(obi, levels=n) for n in (1, 3, 5, 10, 20)},
        **{f"imbalance_level_{k}": partial(imbalance, k=k) for k in range(1, depth + 1)},
        "depth_weighted_obi": depth_weighted_obi,
        "bid_ask_ratio_full": bid_ask_ratio_full,
        "total_bid_volume": lambda state: volume(state.bids),
        "total_ask_volume": lambda state: volume(state.asks),
        "spread_bps": spread_bps,
        "vwap": vwap,
    }


def mids() -> dict[str, Formula]:
    return {
        "microprice": microprice,
        "adjusted_microprice": adjusted_microprice,
        "adjusted_mid_1": lambda state: shifted(state, top(state) * (top(state) ** 8 + 1) / 4),
        "adjusted_mid_2": lambda state: shifted(state, top(state) * (top(state) ** 2 + 1) / 4),
        "adjusted_mid_3": lambda state: shifted(state, top(state) ** 3 / 2),
        "adjusted_mid_4": lambda state: shifted(state, skewed(top(state), top(state))),
        "adjusted_mid_5": lambda state: shifted(state, x(state) / 2),
        "adjusted_mid_6": lambda state: shifted(state, x(state) ** 3 / 2),
        "adjusted_mid_7": lambda state: shifted(state, skewed(x(state), x(state))),
        "adjusted_mid_8": lambda state: shifted(state, skewed(y(state), z(state))),
        "vamp": vamp,
    }


def price(side: Side, k: int) -> Fraction:
    """Price of level k, counted from 1; undefined past the last level."""
    if k > len(side.levels):
        raise UndefinedError
    return side.levels[k - 1][0] * side.tick


def size(side: Side, k: int) -> Fraction:
    """Size of level k; 0 past the last level."""
    return side.levels[k - 1][1] * side.lot if k <= len(side.levels) else Fraction(0)


def volume(side: Side, levels: int | None = None) -> Fraction:
    """V(levels); without ``levels``, of the whole side."""
    return sum(lots for _, lots in side.levels[:levels]) * side.lot


def turnover(side: Side, levels: int) -> Fraction:
    """Σ P·Q down to a level."""
    return sum(ticks * lots for ticks, lots in side.levels[:levels]) * side.tick * side.lot


def mean_price(side: Side, levels: int) -> Fraction:
    """Volume-weighted mean price (VWAP) down to a level; undefined for an empty side."""
    if not side.levels:
        raise UndefinedError
    return turnover(side, levels) / volume(side, levels)


def balance(bid: Fraction, ask: Fraction) -> Fraction:
    """(bid - ask) / (bid + ask), the form of every imbalance; 0 where both are 0."""
    return (bid - ask) / (bid + ask) if bid + ask != 0 else Fraction(0)


def mid(state: State) -> Fraction:
    return (price(state.bids, 1) + price(state.asks, 1)) / 2


def positive_mid(state: State) -> Fraction:
    """Give the mid to what divides by it or takes its logarithm."""
    if mid(state) <= 0:
        raise UndefinedError
    return mid(state)


def spread(state: State) -> Fraction:
    return price(state.asks, 1) - price(state.bids, 1)


def normalized_spread(state: State) -> Fraction:
    return spread(state) / positive_mid(state)


def spread_bps(state: State) -> Fraction:
    return normalized_spread(state) * 10_000


def log_mid(state: State) -> Decimal:
    """Natural logarithm, good to 50 digits even next to 1, where ln(n/d) is as small as 1/d."""
    ratio = positive_mid(state)
    with localcontext(prec=50 + 2 * len(str(ratio.denominator)) + len(str(ratio.numerator))):
        return (Decimal(ratio.numerator) / Decimal(ratio.denominator)).ln()


def bid_ask_ratio(state: State, depth: int) -> Fraction:
    ask_volume = volume(state.asks, depth)
    return volume(state.bids, depth) / ask_volume if ask_volume != 0 else Fraction(1)


def bid_ask_ratio_full(state: State) -> Number:
    if not state.asks.levels:
        return math.inf if state.bids.levels else 1.0
    return volume(state.bids) / volume(state.asks)


def vwap_mid(state: State, depth: int) -> Fraction:
    return (mean_price(state.bids, depth) + mean_price(state.asks, depth)) / 2


def vwap(state: State, levels: int = 5) -> Fraction:
    """One mean price over both sides together, so one side is enough."""
    both = volume(state.bids, levels) + volume(state.asks, levels)
    if both == 0:
        raise UndefinedError
    return (turnover(state.bids, levels) + turnover(state.asks, levels)) / both


def offset(state: State, side: int, k: int) -> Fraction:
    """Relative distance of level k from the mid; 0 past the last level."""
    middle = positive_mid(state)
    if k > len(state[side].levels):
        return Fraction(0)
    return (price(state[side], k) - middle) / middle


def size_at(state: State, side: int, k: int) -> Fraction:
    return size(state[side], k)


def obi(state: State, levels: int | None = None) -> Fraction:
    """OBI(levels): down to a level, or over all that the book holds."""
    return balance(volume(state.bids, levels), volume(state.asks, levels))


def imbalance(state: State, k: int) -> Fraction:
    """I_k: the imbalance of level k alone."""
    return balance(size(state.bids, k), size(state.asks, k))


def depth_weighted_obi(
    state: State, levels: int = 10, decay: Fraction = Fraction(9, 10)
) -> Fraction:
    middle = positive_mid(state)

    def weighted(side: Side) -> Fraction:
        total = Fraction(0)
        for k in range(1, min(levels, len(side.levels)) + 1):
            distance = abs(price(side, k) - middle) / middle
            total += size(side, k) * decay ** (k - 1) / (1 + distance)
        return total

    return balance(weighted(state.bids), weighted(state.asks))


def microprice(state: State) -> Fraction:
    bid, ask = price(state.bids, 1), price(state.asks, 1)
    bid_size, ask_size = size(state.bids, 1), size(state.asks, 1)
    return (bid * ask_size + ask * bid_size) / (bid_size + ask_size)


def adjusted_microprice(state: State, w: Fraction = Fraction(1, 2)) -> Fraction:
    return microprice(state) + w * imbalance(state, 1) * spread(state) / 2


def shifted(state: State, by: Fraction) -> Fraction:
    """Mid plus so many spreads: the form of every adjusted mid."""
    return mid(state) + spread(state) * by


def skewed(first: Fraction, second: Fraction) -> Fraction:
    """(first + 0.3)(second^4 + 0.7) / 3.8, the shift of adjusted mids 4, 7 and 8."""
    return (first + Fraction("0.3")) * (second**4 + Fraction("0.7")) / Fraction("3.8")


def top(state: State) -> Fraction:
    return imbalance(state, 1)


def x(state: State) -> Fraction:
    return Fraction("0.7") * top(state) + Fraction("0.3") * imbalance(state, 2)


def y(state: State) -> Fraction:
    first_two = Fraction("0.7") * top(state) + Fraction("0.2") * imbalance(state, 2)
    return first_two + Fraction("0.1") * imbalance(state, 3)


def z(state: State) -> Fraction:
    """Like y, with weights that sum to 1.1: what the source computed."""
    return x(state) + Fraction("0.1") * imbalance(state, 3)


def vamp(state: State, levels: int = 10) -> Fraction:
    bid_volume, ask_volume = volume(state.bids, levels), volume(state.asks, levels)
    bid_mean, ask_mean = mean_price(state.bids, levels), mean_price(state.asks, levels)
    return (bid_mean * ask_volume + ask_mean * bid_volume) / (bid_volume + ask_volume)
