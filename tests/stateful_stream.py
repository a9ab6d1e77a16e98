"""What a feature that remembers may look at: the states so far, and the trades they have seen.

Nothing is updated in place: all states since the start or the last break are kept, and of each
side the last 1,400 merged trades.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise, takewhile
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from reference import Side, State, UndefinedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from fractions import Fraction

    from reference import Number, Pair
    from stateful_names import Call, Duration

    Event: TypeAlias = "Trade | Picture | Break"
    Window: TypeAlias = int | Duration
    Formula: TypeAlias = Callable[["Run"], Number]

KEPT = 1400  # merged trades of a side, before the newest


# Events.


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
            mine = (*mine[-KEPT:], new)
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
    """What is remembered of a state: its levels down to the deepest asked for, and its time."""

    state: State
    now: int | None


class Run:
    """All since the start or the last break.

    ``inner``: what is rolled over, computed at each state; ``deepest``: how many levels of the
    states before are kept.
    """

    def __init__(
        self,
        inner: Mapping[Call, Formula],
        tick: Fraction,
        lot: Fraction,
        *,
        deepest: int,
        source: bool,
    ) -> None:
        self.tick = tick
        self.lot = lot
        self.source = source
        self.moments: list[Moment] = []
        self.columns: dict[Call, list[float]] = defaultdict(list)
        self.event: int | None = None
        self.recv: int | None = None
        self._book: State | None = None
        self._clock: str | None = None
        self._known = Queue(or_equal=source)
        self._earlier = Queue(or_equal=False)
        self._inner = inner
        self._deepest = deepest

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
        remembered = (s._replace(levels=s.levels[: self._deepest]) for s in self._book)
        self.moments.append(Moment(State(*remembered), self._time(picture)))
        for call, formula in self._inner.items():
            self.columns[call].append(rounded(formula, self))

    def row(self, asked: Mapping[str, Formula]) -> dict[str, float]:
        return {name: rounded(formula, self) for name, formula in asked.items()}

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
