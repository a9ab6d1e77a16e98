"""What is raced: workloads, the entries that competitors make, and one trial of an entry."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from obcore.bench.streams import Stream


class Workload(enum.Enum):
    """A piece of work that every entry does with its own means."""

    APPLY = "w1"
    JSON = "w2"
    VECTOR = "w3"
    REPLAY = "w4"

    @property
    def title(self) -> str:
        """What is done, in words."""
        return _TITLES[self][0]

    @property
    def unit(self) -> str:
        """What a row's number counts."""
        return _TITLES[self][1]

    @property
    def rate_unit(self) -> str:
        """What a row's rate counts; empty where it has none."""
        return _TITLES[self][2]

    @property
    def ns_per_unit(self) -> float:
        """Nanoseconds in the unit's time."""
        return 1.0 if self is Workload.APPLY else 1e3


_TITLES = {
    Workload.APPLY: ("W1  levels into the book", "ns/update", "M updates/s"),
    Workload.JSON: ("W2  JSON bytes into the book", "µs/message", "MB/s"),
    Workload.VECTOR: ("W3  58 numbers of a settled book", "µs/vector", ""),
    Workload.REPLAY: (
        "W4  every message, and the 58 numbers after it",
        "µs/message",
        "M updates/s",
    ),
}


class Calls(enum.Enum):
    """How often Python is in between. Only entries of one kind are compared with each other."""

    EACH = "one call from Python for each"
    ALL = "one call for all, compiled code within"


class Role(enum.Enum):
    """Whose an entry is."""

    OWN = enum.auto()
    PEER = enum.auto()
    FLOOR = enum.auto()


class Levels(NamedTuple):
    """All levels of a book, best first, as (n, 2) int64 arrays of ticks and lots."""

    bids: NDArray[np.int64]
    asks: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trial:
    """An entry made ready for one stream.

    Parameters
    ----------
    fresh : callable
        Returns what a run starts from; outside the clock.
    run : callable
        The work on the clock; takes what `fresh` returned.
    answer : callable
        Takes what `run` worked on. The `Levels` of the book for `Workload.APPLY` and
        ``JSON``, the (58,) vector for ``VECTOR``, the (messages, 58) rows for ``REPLAY``.
    count : int
        How many units a run does.
    """

    fresh: Callable[[], Any]
    run: Callable[[Any], object]
    answer: Callable[[Any], Any]
    count: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of one competitor through one workload.

    Parameters
    ----------
    name : str
        Of the competitor, with its variant.
    version : str
        Its package and version.
    path : str
        What is called, in words that a user of it knows.
    workload : Workload
        What it does.
    calls : Calls
        How.
    make : callable
        Returns the `Trial` for a stream; raises `UnfitError` where it cannot take it.
    limit : int, optional
        The first messages alone, for entries of which a whole stream would take too long.
    totals : bool, optional
        Whether its ``imbalance`` is that of whole sides; else that of the ten best levels.
    role : Role, optional
        Whether it is obcore's, a peer's, or what the machine can do at best.
    """

    name: str
    version: str
    path: str
    workload: Workload
    calls: Calls
    make: Callable[[Stream], Trial]
    limit: int | None = None
    totals: bool = False
    role: Role = Role.PEER


class UnfitError(Exception):
    """A stream that a competitor cannot take, and why."""


def version(*distributions: str) -> str:
    """Return packages with their versions, as the tables show them."""
    return " + ".join(f"{name} {metadata.version(name)}" for name in distributions)
