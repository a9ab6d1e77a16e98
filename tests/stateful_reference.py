"""The features that remember, exact and obvious: the oracle of the tests.

At each state a feature is computed anew from the history since the start or the last break, in
fractions, and rounded once. A rolling feature takes its inputs as they are in their column: as
float64. Formulas are in ``stateful_formulas``; what they look at is in ``stateful_stream``.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

import reference
from stateful_formulas import BETWEEN_STATES, ROLLING, TEN_EQUAL, TRADES, integrated_ofi, ofi
from stateful_names import parsed
from stateful_stream import Break, Picture, Run, Trade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from fractions import Fraction

    from reference import Number
    from stateful_names import Call
    from stateful_stream import Event, Formula

STATEFUL = (
    *(f"ofi_{k}" for k in range(1, 11)),
    "integrated_ofi",
    *(f"{what}_{side}" for what in ("interval", "quantity", "rate", "volume")
      for side in ("buy", "sell")),
    "oi",
    "qi",
    "vi",
    "signed_flow",
    "last_trade_price",
    "last_trade_side",
    "last_trade_age",
    "adjusted_mid_9",
    "adjusted_mid_10",
    "adjusted_mid_11",
    "mean(obi_1)",
    "std(obi_1)",
    "z_score(obi_1)",
    "trend(obi_1)",
    "realised_volatility",
    "return",
    "return(horizon=10)",
    "return(horizon=100)",
    "bid_arrival_rate",
    "bid_depletion_rate",
    "ask_arrival_rate",
    "ask_depletion_rate",
)  # fmt: skip


def rows(
    stream: Iterable[Event],
    names: Sequence[str],
    *,
    tick: Fraction,
    lot: Fraction,
    depth: int = 10,
    weights: Sequence[Fraction] | None = None,
    source: bool = False,
) -> Iterator[dict[str, float]]:
    """One row per picture, in the order of ``names``; ``weights`` are of ``integrated_ofi``."""
    recipe = Recipe(names, depth, weights or TEN_EQUAL, source=source)
    run = recipe.run(tick, lot)
    for event in stream:
        if isinstance(event, Break):
            run = recipe.run(tick, lot)
        elif isinstance(event, Trade):
            run.wait(event)
        else:
            run.see_trades_before(event)
            run.see(event)
            yield run.row(recipe.asked)


def source_trade_rows(
    stream: Iterable[Event],
    names: Sequence[str],
    *,
    tick: Fraction,
    lot: Fraction,
    depth: int = 10,
    weights: Sequence[Fraction] | None = None,
) -> Iterator[dict[str, float]]:
    """One row per merged trade in mode source; everything in the order of the venue's clock.

    A row has the book of the last picture at or before its trade, its own trade in the trade
    features, and in ``adjusted_mid_11`` the trades before its own. Order flow, returns and
    rolling features are those of that picture; rolling over trades is not defined here.
    """
    recipe = Recipe(names, depth, weights or TEN_EQUAL, source=True)
    if any(call.tree() & TRADES.keys() for call in recipe.inner):
        message = "expected nothing that rolls over trade features"
        raise ValueError(message)
    for unbroken in without_breaks(stream):
        run = recipe.run(tick, lot)
        for _, alike in groupby(sorted(unbroken, key=venue_order), venue_order):
            trades: list[Trade] = []
            for event in alike:
                if isinstance(event, Picture):
                    run.see(event)
                else:
                    trades.append(event)
            if trades:
                run.see_merged(trades)
                yield run.row(recipe.asked)


def without_breaks(stream: Iterable[Event]) -> list[list[Trade | Picture]]:
    parts: list[list[Trade | Picture]] = [[]]
    for event in stream:
        if isinstance(event, Break):
            parts.append([])
        else:
            parts[-1].append(event)
    return parts


def venue_order(event: Trade | Picture) -> tuple[int, int]:
    """Time; then pictures, buyers, sellers."""
    if event.event is None:
        message = "expected times of the venue, received an event without"
        raise ValueError(message)
    return event.event, 0 if isinstance(event, Picture) else 1 if event.buyer else 2


class Recipe:
    """The formulas asked for, and of what they roll over: the inner before the outer."""

    def __init__(
        self, names: Sequence[str], depth: int, weights: Sequence[Fraction], *, source: bool
    ) -> None:
        self.inner: dict[Call, Formula] = {}
        self._source = source
        self._deepest = len(weights)
        self._weights = weights
        self._one_state = reference.catalogue(depth)
        self.asked = {name: self._bound(parsed(name)) for name in names}

    def run(self, tick: Fraction, lot: Fraction) -> Run:
        return Run(self.inner, tick, lot, deepest=self._deepest, source=self._source)

    def _bound(self, call: Call) -> Formula:
        """Give a formula its parameters."""
        if call.inner is not None:
            self.inner[call.inner] = self._bound(call.inner)
        return partial(self._formula(call), **dict(call.parameters))

    def _formula(self, call: Call) -> Callable[..., Number]:
        if call.inner is not None:
            return partial(ROLLING[call.name], inner=call.inner)
        if call.name == "integrated_ofi":
            return partial(integrated_ofi, weights=self._weights)
        if call.name in (stateful := TRADES | BETWEEN_STATES):
            return stateful[call.name]
        if match := re.fullmatch(r"ofi_(\d+)", call.name):
            self._deepest = max(self._deepest, int(match[1]))
            return partial(ofi, k=int(match[1]))
        if match := re.fullmatch(r"obi_(\d+)", call.name):
            return partial(of_book, formula=partial(reference.obi, levels=int(match[1])))
        return partial(of_book, formula=self._one_state[call.name])


def of_book(run: Run, formula: Callable[..., Number], **parameters: int | Fraction) -> Number:
    return formula(run.book, **parameters)
