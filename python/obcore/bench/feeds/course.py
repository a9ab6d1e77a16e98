"""What all of a race get: which recording is played how, and where clients find it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import NamedTuple

# Messages a symbol before anything is measured: enough for every book to find its snapshot.
WARM_UP = 40


@dataclass(frozen=True, slots=True)
class Course:
    """What is played.

    Parameters
    ----------
    recording : str
        Path of Binance JSON, spot or futures.
    symbols : int
        How many books: copies of the recording's busiest symbol under made-up names.
    rate : float
        Messages a second, all symbols together, at Poisson arrivals.
    arrivals : str
        ``"poisson"`` or ``"recorded"``.
    seed : int
        Of the arrivals.
    core : int or None
        Which core the server runs on.
    undisturbed : bool
        Whether it goes before all other programs of the machine.
    """

    recording: str
    symbols: int = 100
    rate: float = 2000.0
    arrivals: str = "poisson"
    seed: int = 7
    core: int | None = None
    undisturbed: bool = False

    def to_json(self) -> str:
        """Return it as an argument of a process."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a client finds the venue, and what it shall do.

    Parameters
    ----------
    market : str
        ``"binance"`` or ``"binance-futures"``.
    base : str
        The local venue: each market lies below its name.
    rest : str
        The market's REST interface at its documented paths, with all that peers want to know of
        a symbol.
    symbols : tuple of str
        In the venue's spelling.
    stamped : bool
        Whether latencies are taken, which costs time.
    core : int or None
        Which core the client runs on.
    undisturbed : bool
        Whether it goes before all other programs of the machine.
    """

    market: str
    base: str
    rest: str
    symbols: tuple[str, ...]
    stamped: bool = False
    core: int | None = None
    undisturbed: bool = False

    @property
    def websocket(self) -> str:
        """Base address of the market's streams."""
        return f"{self.base.replace('http', 'ws', 1)}/{self.market}"

    @property
    def is_spot(self) -> bool:
        """Whether it is the spot market."""
        return self.market == "binance"

    def to_json(self) -> str:
        """Return it as an argument of a process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Target:
        """Return what `to_json` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "symbols": tuple(fields["symbols"])})


class Touch(NamedTuple):
    """The best prices of a book with their sizes; None where a side is empty."""

    bid_px: float | None
    bid_sz: float | None
    ask_px: float | None
    ask_sz: float | None


def take_place(core: int | None, *, undisturbed: bool) -> None:
    """Keep this process on one core, and before all others if asked, where the system can.

    Raises
    ------
    PermissionError
        If nobody but root may go first.
    """
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    if undisturbed:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
