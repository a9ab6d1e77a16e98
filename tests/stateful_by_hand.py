"""Events and rows in round numbers, for known answers to the features that remember."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from stateful_reference import rows
from stateful_stream import Picture, Trade

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reference import Pair
    from stateful_stream import Event

ONE = Fraction(1)
MS = 1_000_000
NAN = math.nan


def book(
    at: float | None = None, bid: int = 1, ask: int = 1, recv: float | None = None
) -> Event:
    """A touch of 100 and 102, mid 101, with these sizes; times in ms."""
    return Picture([(100, bid)], [(102, ask)], ns(at), ns(recv))


def touch(bid: int, ask: int, at: float | None = None) -> Event:
    """One lot at each of these prices."""
    return Picture([(bid, 1)], [(ask, 1)], ns(at), None)


def sides(bids: Sequence[Pair], asks: Sequence[Pair]) -> Event:
    return Picture(bids, asks, None, None)


def buy(at: float | None, size: int = 1, price: int = 100, recv: float | None = None) -> Event:
    return Trade(price, size, True, ns(at), ns(recv))


def sell(at: float | None, size: int = 1, price: int = 100, recv: float | None = None) -> Event:
    return Trade(price, size, False, ns(at), ns(recv))


def ns(ms: float | None) -> int | None:
    return None if ms is None else round(ms * MS)


def column(stream: Iterable[Event], name: str, *, source: bool = False) -> list[float]:
    return [row[name] for row in rows(stream, [name], tick=ONE, lot=ONE, source=source)]


def row(stream: Iterable[Event], *names: str, source: bool = False) -> list[float]:
    """The values at the last state."""
    return list(list(rows(stream, names, tick=ONE, lot=ONE, source=source))[-1].values())


def same(values: Sequence[float]) -> object:
    return pytest.approx(values, rel=1e-14, abs=0, nan_ok=True)


def walk(states: int) -> list[Event]:
    """A walk of the touch with missing levels, and a trade or two before each state."""
    stream: list[Event] = []
    dice, at = random.Random(7), 0  # noqa: S311
    for _ in range(states):
        at += dice.randrange(1, 40)
        for _ in range(dice.randrange(3)):
            at += dice.randrange(3)
            stream.append((buy if dice.random() < 0.5 else sell)(at, dice.randrange(1, 9)))
        bid = 100 + dice.randrange(3)
        bids = [(bid - k, dice.randrange(1, 9)) for k in range(dice.randrange(13))]
        asks = [(bid + 1 + k, dice.randrange(1, 9)) for k in range(dice.randrange(13))]
        stream.append(Picture(bids, asks, at * MS, None))
    return stream


def balanced(count: int, price: int = 100) -> list[Event]:
    """Both sides every 2 ms, one lot each, the last at 103: oi, qi and vi are 0."""
    prices = [price] * (count - 1) + [103]
    return [(buy, sell)[i % 2](i, price=prices[i]) for i in range(count)]


BOTH_SIDES = [buy(0, 3), sell(1), buy(10, 3), sell(31)]
"""Buys: every 10 ms, 3 lots. Sells: every 30 ms, 1 lot."""
