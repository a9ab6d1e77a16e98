"""The features that remember, exact and obvious: the oracle of the tests.

Nothing is updated in place: at each state a feature is computed anew from the history since the
start or the last break, in fractions, and rounded once. Roots and logarithms have 60 digits or
more, and so has an exponentially weighted mean (EWM), from which only the terms beyond the last
1,400 are missing. A rolling feature takes its inputs as they are in their column: as float64.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict, deque
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache, partial
from itertools import groupby, pairwise, takewhile
from operator import attrgetter, mul
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import reference
from reference import ASK, BID, Side, State, UndefinedError, balance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reference import Number, Pair

    Event: TypeAlias = "Trade | Picture | Break"
    Window: TypeAlias = "int | Duration"
    Formula: TypeAlias = Callable[["Run"], Number]

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

NS_PER = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
TEN_EQUAL = (Fraction(1, 10),) * 10
TERMS = 1400
# 0.9^k, times a power of ten large enough that the first hundred are exact.
DECAY = [9**k * 10**100 // 10**k for k in range(TERMS)]


# The stream.


class Trade(NamedTuple):
    """In ticks, lots and ns; ``buyer``: the buyer was the aggressor."""

    price: int
    size: int
    buyer: bool
    event: int | None
    recv: int | None

    @property
    def time(self) -> int:
        time = self.recv if self.event is None else self.event
        if time is None:
            message = "expected a trade with a time, received one without"
            raise ValueError(message)
        return time


class Picture(NamedTuple):
    """The whole book after a message, in ticks and lots, best first; times in ns."""

    bids: Sequence[Pair]
    asks: Sequence[Pair]
    event: int | None
    recv: int | None


class Break:
    """A gap or a stale book: everything is forgotten, waiting trades as well."""


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
    run = Run(recipe, tick, lot)
    for event in stream:
        if isinstance(event, Break):
            run = Run(recipe, tick, lot)
        elif isinstance(event, Trade):
            run.wait(event)
        else:
            run.see_trades_before(event)
            run.see(event)
            yield run.row()


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
        run = Run(recipe, tick, lot)
        for _, alike in groupby(sorted(unbroken, key=venue_order), venue_order):
            pictures, trades = split(alike)
            for picture in pictures:
                run.see(picture)
            if trades:
                run.see_merged(trades)
                yield run.row()


def without_breaks(stream: Iterable[Event]) -> list[list[Trade | Picture]]:
    parts: list[list[Trade | Picture]] = [[]]
    for event in stream:
        if isinstance(event, Break):
            parts.append([])
        else:
            parts[-1].append(event)
    return parts


def split(events: Iterable[Trade | Picture]) -> tuple[list[Picture], list[Trade]]:
    pictures: list[Picture] = []
    trades: list[Trade] = []
    for event in events:
        if isinstance(event, Picture):
            pictures.append(event)
        else:
            trades.append(event)
    return pictures, trades


def venue_order(event: Trade | Picture) -> tuple[int, int]:
    """Time; then pictures, buyers, sellers."""
    if event.event is None:
        message = "expected times of the venue, received an event without"
        raise ValueError(message)
    return event.event, 0 if isinstance(event, Picture) else 1 if event.buyer else 2


# The trades seen.


def is_before(trade: Trade, picture: Picture, *, or_equal: bool) -> bool:
    """On every clock that both carry; where they share none, arrival suffices."""
    return all(
        mine < theirs or (or_equal and mine == theirs)
        for mine, theirs in ((trade.event, picture.event), (trade.recv, picture.recv))
        if mine is not None and theirs is not None
    )


def buyers_first(trades: Iterable[Trade]) -> Iterator[Trade]:
    """Reorder neighbours of equal time."""
    for _, neighbours in groupby(trades, attrgetter("time")):
        yield from sorted(neighbours, key=lambda trade: not trade.buyer)


class Merged(NamedTuple):
    """Price and time of its first trade, size of all; the ``nth`` that was started."""

    nth: int
    price: int
    size: int
    buyer: bool
    time: int


@dataclass(frozen=True, eq=False)
class Tape:
    """The last merged trades of each side, oldest first, and the last trade itself."""

    buys: tuple[Merged, ...] = ()
    sells: tuple[Merged, ...] = ()
    last: Trade | None = None

    def side(self, *, buyer: bool) -> tuple[Merged, ...]:
        return self.buys if buyer else self.sells

    def both(self) -> list[Merged]:
        """The merged tape: in the order in which they were started."""
        return sorted(self.buys + self.sells)

    def joined(self, trade: Trade) -> Tape:
        mine = self.side(buyer=trade.buyer)
        if mine and trade.time <= mine[-1].time:
            mine = (*mine[:-1], mine[-1]._replace(size=mine[-1].size + trade.size))
        else:
            nth = 1 + max((side[-1].nth for side in (self.buys, self.sells) if side), default=0)
            new = Merged(nth, trade.price, trade.size, trade.buyer, trade.time)
            mine = (*mine[-TERMS:], new)
        return Tape(mine, self.sells, trade) if trade.buyer else Tape(self.buys, mine, trade)


class Queue:
    """Trades wait until they are before a state; the first that is not holds up the others."""

    def __init__(self, *, or_equal: bool) -> None:
        self.tape = Tape()
        self._or_equal = or_equal
        self._waiting: list[Trade] = []

    def wait(self, trade: Trade) -> None:
        self._waiting.append(trade)

    def see_before(self, picture: Picture) -> None:
        before = partial(is_before, picture=picture, or_equal=self._or_equal)
        seen = list(takewhile(before, self._waiting))
        self._waiting = self._waiting[len(seen) :]
        self.see(buyers_first(seen))

    def see(self, trades: Iterable[Trade]) -> None:
        for trade in trades:
            self.tape = self.tape.joined(trade)


# The history.


class Moment(NamedTuple):
    """What is remembered of a state: its levels as far down as a feature asks, and its time."""

    state: State
    now: int | None


class Run:
    """All since the start or the last break: what a feature may look at."""

    def __init__(self, recipe: Recipe, tick: Fraction, lot: Fraction) -> None:
        self.tick = tick
        self.lot = lot
        self.source = recipe.source
        self.moments: list[Moment] = []
        self.columns: dict[Call, list[float]] = defaultdict(list)
        self.event: int | None = None
        self.recv: int | None = None
        self._book: State | None = None
        self._clock: str | None = None
        self._known = Queue(or_equal=recipe.source)
        self._earlier = Queue(or_equal=False)
        self._recipe = recipe

    @property
    def book(self) -> State:
        if self._book is None:
            raise UndefinedError
        return self._book

    @property
    def tape(self) -> Tape:
        return self._known.tape

    @property
    def earlier_tape(self) -> Tape:
        """The tape of ``adjusted_mid_11``: in mode source too without the trades of now."""
        return self._earlier.tape if self.source else self._known.tape

    @property
    def now(self) -> int | None:
        return self.moments[-1].now

    def wait(self, trade: Trade) -> None:
        self._known.wait(trade)
        self._earlier.wait(trade)

    def see_trades_before(self, picture: Picture) -> None:
        self._known.see_before(picture)
        self._earlier.see_before(picture)

    def see_merged(self, trades: Sequence[Trade]) -> None:
        """Become the row at a merged trade; the book stays."""
        self.event, self.recv = trades[0].event, trades[0].recv
        self._earlier.tape = self._known.tape
        self._known.see(trades)

    def see(self, picture: Picture) -> None:
        bids, asks = (Side(tuple(s), self.tick, self.lot) for s in (picture.bids, picture.asks))
        self._book = State(bids, asks)
        self.event, self.recv = picture.event, picture.recv
        remembered = (s._replace(levels=s.levels[: self._recipe.deepest]) for s in self._book)
        self.moments.append(Moment(State(*remembered), self._time(picture)))
        for call, formula in self._recipe.inner.items():
            self.columns[call].append(rounded(formula, self))

    def row(self) -> dict[str, float]:
        return {name: rounded(formula, self) for name, formula in self._recipe.asked.items()}

    def _time(self, picture: Picture) -> int | None:
        """The greatest so far, on the clock that the first state chose."""
        if not self.moments:
            clocks = (
                clock for clock in ("event", "recv") if getattr(picture, clock) is not None
            )
            self._clock = next(clocks, None)
        if self._clock is None:
            return None
        times = (self.now if self.moments else None, getattr(picture, self._clock))
        return max(time for time in times if time is not None)


def rounded(formula: Formula, run: Run) -> float:
    try:
        return float(formula(run))
    except UndefinedError:
        return math.nan


# Names.


class Duration(NamedTuple):
    ns: int


class Call(NamedTuple):
    """A name taken apart: ``mean(ofi_1(window=5), window=1s)`` has an inner feature."""

    name: str
    inner: Call | None
    parameters: tuple[tuple[str, int | Fraction | Duration], ...]

    def tree(self) -> set[str]:
        return {self.name} | (self.inner.tree() if self.inner else set())


def parsed(text: str) -> Call:
    tokens = deque(re.findall(r"\w[\w.]*|[^\w\s]", text))
    call = taken(tokens)
    if tokens:
        message = f"expected the end of {text!r}, received {tokens[0]!r}"
        raise ValueError(message)
    return call


def taken(tokens: deque[str]) -> Call:
    """Take a call from the front: name, or name(inner, parameter=value, ...)."""
    name, inner = tokens.popleft(), None
    parameters: dict[str, int | Fraction | Duration] = {}
    if tokens and tokens[0] == "(":
        separator = tokens.popleft()
        while separator != ")":
            if tokens[1] == "=":
                parameter, _, number = (tokens.popleft() for _ in range(3))
                parameters[parameter] = quantity_of(number)
            else:
                inner = taken(tokens)
            separator = tokens.popleft()
    return Call(name, inner, tuple(sorted(parameters.items())))


def quantity_of(text: str) -> int | Fraction | Duration:
    """20 is a count, 500ms a duration, 0.9 another parameter."""
    if match := re.fullmatch(r"(\d+)([a-z]+)", text):
        return Duration(int(match[1]) * NS_PER[match[2]])
    return int(text) if text.isdecimal() else Fraction(text)


class Recipe:
    """The formulas asked for, and of what they roll over: the inner before the outer."""

    def __init__(
        self, names: Sequence[str], depth: int, weights: Sequence[Fraction], *, source: bool
    ) -> None:
        self.source = source
        self.inner: dict[Call, Formula] = {}
        self.deepest = len(weights)
        self._weights = weights
        self._one_state = reference.catalogue(depth)
        self.asked = {name: self._bound(parsed(name)) for name in names}

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
            self.deepest = max(self.deepest, int(match[1]))
            return partial(ofi, k=int(match[1]))
        if match := re.fullmatch(r"obi_(\d+)", call.name):
            return partial(of_book, formula=partial(reference.obi, levels=int(match[1])))
        return partial(of_book, formula=self._one_state[call.name])


def of_book(run: Run, formula: Callable[..., Number], **parameters: int | Fraction) -> Number:
    return formula(run.book, **parameters)


# Numbers.


def ewm(values: Sequence[int]) -> Fraction:
    """The EWM at the last value, alpha 0.1."""
    newest_first = values[: -TERMS - 1 : -1]
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


# Windows.


def states_in(run: Run, window: Window) -> int:
    """How many of the last states the window covers, once it is warm."""
    if isinstance(window, int):
        if len(run.moments) < window:
            raise UndefinedError
        return window
    after = ago(run, window)
    if time_of(run.moments[0]) > after:
        raise UndefinedError
    return sum(1 for _ in takewhile(lambda m: time_of(m) > after, reversed(run.moments)))


def transitions_in(run: Run, window: Window) -> list[tuple[State, State]]:
    """State before and state after, oldest first; a transition belongs to the state after."""
    return list(pairwise(moment.state for moment in with_base(run, window)))


def with_base(run: Run, window: Window) -> list[Moment]:
    """The states at the ends of the window's transitions, and the one before the first."""
    if isinstance(window, int) and len(run.moments) == window:
        raise UndefinedError
    return run.moments[-states_in(run, window) - 1 :]


def ago(run: Run, duration: Duration) -> int:
    if not run.moments:
        raise UndefinedError
    return time_of(run.moments[-1]) - duration.ns


def time_of(moment: Moment) -> int:
    if moment.now is None:
        message = "expected a clock for a duration, received states without"
        raise ValueError(message)
    return moment.now


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
