"""Streams of states and trades as Hypothesis makes them up."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from hypothesis import strategies as st

from engine_streams import MS, START, S
from obcore import Instrument
from stateful_stream import Break, Picture, Trade

if TYPE_CHECKING:
    from stateful_stream import Event

    Clocks: TypeAlias = tuple[int | None, int | None]

MADE_UP = Instrument("X", "0.1", "0.001", nonpositive_prices=True)
YEAR = 365 * 86_400 * S
STEPS = st.one_of(
    st.sampled_from([0, 0, 1, MS, 3 * MS, 20 * MS, 100 * MS, S, YEAR, -1, -5 * MS, -2 * S]),
    st.integers(0, 50).map(lambda ms: ms * MS),
)
KINDS = ["book"] * 12 + ["trade"] * 6 + ["flurry", "break"]


@st.composite
def any_stream(draw: st.DrawFn, *, bare_states: bool = False, size: int = 60) -> list[Event]:
    """Pictures, trades and breaks on two clocks that may stand still, leap and run back.

    Each event has one clock or both; where ``bare_states``, a picture may have none. Prices
    are around 22 ticks, or around 0.
    """
    base = draw(st.sampled_from([22, 22, 0]))
    clocks = draw(st.sampled_from(["event", "recv", "both", "any"]))
    least = draw(st.integers(0, size))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=least, max_size=size))
    event = recv = START
    stream: list[Event] = []
    for kind in kinds:
        event, recv = event + draw(STEPS), recv + draw(STEPS)
        if kind == "break":
            stream.append(Break())
        elif kind == "flurry":
            stream += draw(flurries(base, event, recv))
            event, recv = event + 50 * MS, recv + 50 * MS
        else:
            bare = bare_states and kind == "book"
            times = draw(st.sampled_from(carried(clocks, event, recv) + [(None, None)] * bare))
            stream.append(draw((pictures if kind == "book" else trades)(base, times)))
    return stream


def carried(clocks: str, event: int, recv: int) -> list[Clocks]:
    """The times that an event may carry."""
    kinds: dict[str, Clocks]
    kinds = {"event": (event, None), "recv": (None, recv), "both": (event, recv)}
    return list(kinds.values()) if clocks == "any" else [kinds[clocks]]


SMALL = st.integers(1, 3)
SIZES = st.one_of(SMALL, st.integers(1, 10**6))
LEVELS = st.sampled_from([0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4])


@st.composite
def pictures(draw: st.DrawFn, base: int, times: Clocks) -> Event:
    """A few levels, often the same; sides may be empty, the book locked or crossed."""
    bid = base + draw(st.integers(-2, 2))
    ask = bid + draw(st.sampled_from([1, 1, 1, 2, 2, 3, 0, -1]))

    def side(best: int, away: int) -> list[tuple[int, int]]:
        depth = draw(LEVELS)
        gaps = draw(st.lists(SMALL, min_size=depth, max_size=depth))
        sizes = draw(st.lists(SIZES, min_size=depth, max_size=depth))
        return [(best + away * sum(gaps[:k]), size) for k, size in enumerate(sizes)]

    return Picture(side(bid, -1), side(ask, 1), *times)


@st.composite
def trades(draw: st.DrawFn, base: int, times: Clocks) -> Event:
    return Trade(base + draw(st.integers(-7, 8)), draw(SIZES), draw(st.booleans()), *times)


@st.composite
def flurries(draw: st.DrawFn, base: int, event: int, recv: int) -> list[Trade]:
    """45 trades in 45 ms, of both sides."""
    ticks, sizes = (draw(st.lists(SMALL, min_size=2, max_size=5)) for _ in range(2))
    every = draw(st.integers(2, 5))
    return [
        Trade(base + ticks[i % len(ticks)], sizes[i % len(sizes)], i % every == 0, *times)
        for i, times in enumerate((event + k * MS, recv + k * MS) for k in range(45))
    ]
