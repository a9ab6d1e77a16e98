"""The formulas of the features that remember, each over a whole run; fractions, never updated.

Roots and logarithms have 60 digits or more, and so has an exponentially weighted mean (EWM),
from which only the terms beyond the last 1,400 are missing.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache, partial
from itertools import pairwise, takewhile
from operator import mul
from typing import TYPE_CHECKING

import reference
from reference import ASK, BID, UndefinedError, balance
from stateful_names import Duration
from stateful_stream import KEPT, ago, states_in, time_of, transitions_in, with_base

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reference import Number, State
    from stateful_names import Call
    from stateful_stream import Merged, Run, Tape, Trade, Window

TEN_EQUAL = (Fraction(1, 10),) * 10
# 0.9^k, times a power of ten large enough that the first hundred are exact.
DECAY = [9**k * 10**100 // 10**k for k in range(KEPT)]


# Numbers.


def ewm(values: Sequence[int]) -> Fraction:
    """The EWM at the last value, alpha 0.1."""
    newest_first = values[: -KEPT - 1 : -1]
    return Fraction(sum(map(mul, newest_first, DECAY)), sum(DECAY[: len(values)]))


def mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


@lru_cache(maxsize=4096)
def ln(ratio: Fraction) -> Fraction:
    """Good to 60 digits even next to 1, where ln(n/d) is as small as 1/d."""
    if ratio <= 0:
        raise UndefinedError
    with localcontext(prec=60 + 2 * len(str(ratio.denominator)) + len(str(ratio.numerator))):
        return Fraction((Decimal(ratio.numerator) / Decimal(ratio.denominator)).ln())


def sqrt(square: Fraction) -> Fraction:
    with localcontext(prec=60):
        return Fraction((Decimal(square.numerator) / Decimal(square.denominator)).sqrt())


# Trade features.


def merged(tape: Tape, *, buyer: bool) -> tuple[Merged, ...]:
    """One side's merged trades, once there are two."""
    if len(tape.side(buyer=buyer)) < 2:
        raise UndefinedError
    return tape.side(buyer=buyer)


@lru_cache(maxsize=16)
def interval(tape: Tape, *, buyer: bool) -> Fraction:
    """In milliseconds."""
    times = [trade.time for trade in merged(tape, buyer=buyer)]
    return ewm([later - earlier for earlier, later in pairwise(times)]) / 10**6


@lru_cache(maxsize=16)
def quantity(tape: Tape, *, buyer: bool) -> Fraction:
    """In lots."""
    return ewm([trade.size for trade in merged(tape, buyer=buyer)])


def rate(tape: Tape, *, buyer: bool) -> Fraction:
    return 1000 / interval(tape, buyer=buyer)


def volume(tape: Tape, *, buyer: bool) -> Fraction:
    """In lots per second."""
    return rate(tape, buyer=buyer) * quantity(tape, buyer=buyer)


def column(run: Run, what: Callable[..., Fraction], *, buy: bool) -> Fraction:
    """Fill a column of ``buy`` or ``sell``; in mode source they mean the maker."""
    unit = run.lot if what in (quantity, volume) else 1
    return what(run.tape, buyer=buy is not run.source) * unit


def imbalance(run: Run, what: Callable[..., Fraction], tape: Tape | None = None) -> Fraction:
    """oi, qi or vi: of the two columns."""
    tape = tape or run.tape
    buyer = not run.source
    return balance(what(tape, buyer=buyer), what(tape, buyer=not buyer))


def signed_flow(run: Run) -> Fraction:
    trades = run.tape.both()
    if not trades:
        raise UndefinedError
    return ewm([trade.size if trade.buyer else -trade.size for trade in trades]) * run.lot


def last_trade(run: Run) -> Trade:
    if run.tape.last is None:
        raise UndefinedError
    return run.tape.last


def last_trade_price(run: Run) -> Fraction:
    return last_trade(run).price * run.tick


def last_trade_side(run: Run) -> Fraction:
    return Fraction(1 if last_trade(run).buyer else -1)


def last_trade_age(run: Run) -> Fraction:
    """In milliseconds."""
    trade = last_trade(run)
    for then, now in ((trade.event, run.event), (trade.recv, run.recv)):
        if then is not None and now is not None:
            return Fraction(now - then, 10**6)
    raise UndefinedError


def sign(run: Run) -> int:
    """The source's columns are swapped, and so are its signs."""
    return -1 if run.source else 1


def adjusted_mid_9(run: Run) -> Fraction:
    return reference.shifted(run.book, sign(run) * 2 * imbalance(run, rate))


def adjusted_mid_10(run: Run) -> Fraction:
    return reference.shifted(run.book, sign(run) * Fraction("1.4") * imbalance(run, volume))


def adjusted_mid_11(run: Run) -> Fraction:
    vi = imbalance(run, volume, run.earlier_tape)
    y = reference.y(run.book)
    r = log_price_to_mean(run.earlier_tape)
    by = sign(run) * Fraction("1.5") * vi + Fraction("0.7") * y**3 + 150 * r
    return reference.shifted(run.book, by)


def log_price_to_mean(tape: Tape) -> Fraction:
    """r: the last merged price over the mean of the last 40."""
    prices = [Fraction(trade.price) for trade in tape.both()[-40:]]
    if len(prices) < 40 or mean(prices) == 0:
        raise UndefinedError
    return ln(prices[-1] / mean(prices))


TRADES: dict[str, Callable[..., Number]] = {
    **{
        f"{what.__name__}_{side}": partial(column, what=what, buy=side == "buy")
        for what in (interval, quantity, rate, volume)
        for side in ("buy", "sell")
    },
    "oi": partial(imbalance, what=rate),
    "qi": partial(imbalance, what=quantity),
    "vi": partial(imbalance, what=volume),
    "signed_flow": signed_flow,
    "last_trade_price": last_trade_price,
    "last_trade_side": last_trade_side,
    "last_trade_age": last_trade_age,
    "adjusted_mid_9": adjusted_mid_9,
    "adjusted_mid_10": adjusted_mid_10,
    "adjusted_mid_11": adjusted_mid_11,
}


# Features between states.


def ofi(run: Run, window: Window = 1, k: int = 1) -> Fraction:
    """In base units."""
    return sum(order_flow(*both, k) for both in transitions_in(run, window)) * run.lot


def order_flow(before: State, after: State, k: int) -> int:
    """e_k, in lots."""
    bid_then, bid_size_then = level(before, BID, k)
    bid, bid_size = level(after, BID, k)
    ask_then, ask_size_then = level(before, ASK, k)
    ask, ask_size = level(after, ASK, k)
    return (
        (bid >= bid_then) * bid_size
        - (bid <= bid_then) * bid_size_then
        - (ask <= ask_then) * ask_size
        + (ask >= ask_then) * ask_size_then
    )


def level(state: State, side: int, k: int) -> tuple[float, int]:
    """Ticks and lots; a missing level is empty and infinitely far."""
    if k <= len(state[side].levels):
        return state[side].levels[k - 1]
    return (-math.inf, 0) if side == BID else (math.inf, 0)


def integrated_ofi(
    run: Run, window: Window = 1, weights: Sequence[Fraction] = TEN_EQUAL
) -> Fraction:
    levels = len(weights)
    ends = [after for _, after in transitions_in(run, window)]
    both_sides = [sum(reference.volume(side, levels) for side in state) for state in ends]
    scale = mean([Fraction(size) for size in both_sides]) / (2 * levels)
    flow = sum(w * ofi(run, window, k) for k, w in enumerate(weights, start=1))
    return Fraction(flow / scale) if scale != 0 else Fraction(0)


def arrival(before: State, after: State, side: int) -> int:
    """What was added at the touch, in lots."""
    (then, size_then), (now, size) = (level(state, side, 1) for state in (before, after))
    if now == then:
        return max(size - size_then, 0)
    improved = now > then if side == BID else now < then
    return size if improved else 0


def depletion(before: State, after: State, side: int) -> int:
    """What was taken away: what would arrive if time ran backwards."""
    return arrival(after, before, side)


def per_second(
    run: Run, what: Callable[[State, State, int], int], side: int, window: Window = 20
) -> Fraction:
    total = sum(what(*both, side) for both in transitions_in(run, window)) * run.lot
    if isinstance(window, Duration):
        return total / Fraction(window.ns, 10**9)
    first, last = with_base(run, window)[0].now, run.now
    if first is None or last is None or first == last:
        raise UndefinedError
    return total / Fraction(last - first, 10**9)


def realised_volatility(run: Run, window: Window = 20) -> Fraction:
    changes = [
        ln(reference.positive_mid(after) / reference.positive_mid(before))
        for before, after in transitions_in(run, window)
    ]
    return sqrt(sum((change**2 for change in changes), Fraction(0)))


def log_return(run: Run, horizon: Window = 1) -> Fraction:
    if isinstance(horizon, int):
        candidates = run.moments[:-horizon]
    else:
        latest = ago(run, horizon)
        later = takewhile(lambda m: time_of(m) > latest, reversed(run.moments))
        candidates = run.moments[: len(run.moments) - len(list(later))]
    if not candidates:
        raise UndefinedError
    present = run.moments[-1].state
    return ln(reference.positive_mid(present) / reference.positive_mid(candidates[-1].state))


BETWEEN_STATES: dict[str, Callable[..., Number]] = {
    "ofi": ofi,
    "bid_arrival_rate": partial(per_second, what=arrival, side=BID),
    "bid_depletion_rate": partial(per_second, what=depletion, side=BID),
    "ask_arrival_rate": partial(per_second, what=arrival, side=ASK),
    "ask_depletion_rate": partial(per_second, what=depletion, side=ASK),
    "realised_volatility": realised_volatility,
    "return": log_return,
}


# Rolling features.


def last_values(run: Run, inner: Call, window: Window) -> list[Fraction]:
    values = run.columns[inner][len(run.moments) - states_in(run, window) :]
    if not all(map(math.isfinite, values)):
        raise UndefinedError
    return [Fraction(value) for value in values]


def rolling_mean(run: Run, inner: Call, window: Window = 20) -> Fraction:
    return mean(last_values(run, inner, window))


def std(run: Run, inner: Call, window: Window = 20) -> Fraction:
    values = last_values(run, inner, window)
    if len(values) < 2:
        raise UndefinedError
    middle = mean(values)
    return sqrt(sum(((v - middle) ** 2 for v in values), Fraction(0)) / (len(values) - 1))


def z_score(run: Run, inner: Call, window: Window = 20) -> Fraction:
    values, deviation = last_values(run, inner, window), std(run, inner, window)
    return (values[-1] - mean(values)) / deviation if deviation != 0 else Fraction(0)


def trend(run: Run, inner: Call, fast: Window = 5, slow: Window = 10) -> Fraction:
    return rolling_mean(run, inner, fast) - rolling_mean(run, inner, slow)


ROLLING: dict[str, Callable[..., Number]] = {
    "mean": rolling_mean,
    "std": std,
    "z_score": z_score,
    "trend": trend,
}
