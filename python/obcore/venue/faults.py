"""Faults put in on purpose: seeded, counted, and written down as they are done."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MESSAGE_FAULTS = (
    "drop", "cut", "shutdown", "disconnect", "truncate", "corrupt", "duplicate", "reorder",
    "delay",
)  # fmt: skip
SUBSCRIPTION_FAULTS = ("silent",)
REQUEST_FAULTS = ("refuse_418", "refuse_429", "error_500", "slow_snapshot", "stale_snapshot")
KINDS = MESSAGE_FAULTS + SUBSCRIPTION_FAULTS + REQUEST_FAULTS

DEFAULTS = {
    "delay": 250.0,  # milliseconds
    "slow_snapshot": 1.0,  # seconds
    "stale_snapshot": 50.0,  # depth messages
    "refuse_429": 1.0,  # seconds of Retry-After
    "refuse_418": 120.0,
}
LOG_LENGTH = 10_000
_BLOCK = 512

_SPEC = re.compile(
    r"(?P<kind>\w+):(?:(?P<probability>[0-9.eE+-]+)|#(?P<at>\d+(?:,\d+)*))"
    r"(?::(?P<value>[0-9.]+))?(?:@(?P<market>[\w-]+)?(?:/(?P<channel>\S+))?)?"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault: how often, or exactly when.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    probability : float
        Of each message, subscription or request that it may befall.
    at : iterable of int
        Besides: the numbers, from 0, of those that it befalls for certain.
    value : float, optional
        ``delay``: milliseconds; ``slow_snapshot``: seconds; ``stale_snapshot``: messages of age;
        ``refuse_429`` and ``refuse_418``: seconds of Retry-After. `DEFAULTS` without.
    market, channel : str, optional
        Befall only this market, only this channel. Others are not counted for `at` either.

    Raises
    ------
    ValueError
        Where the kind is unknown or the probability is none.
    """

    kind: str
    probability: float = 0.0
    at: frozenset[int] | tuple[int, ...] = ()
    value: float | None = None
    market: str | None = None
    channel: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            msg = f"expected a fault of {', '.join(KINDS)}, received {self.kind!r}"
            raise ValueError(msg)
        if not 0.0 <= self.probability <= 1.0:
            msg = f"expected a probability from 0 to 1, received {self.probability}"
            raise ValueError(msg)

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Return the fault that `text` describes.

        Examples
        --------
        >>> Fault.parse("drop:0.01").probability
        0.01
        >>> Fault.parse("delay:0.5:100@okx/depth").channel
        'depth'
        >>> sorted(Fault.parse("cut:#100,2000").at)
        [100, 2000]
        """
        match = _SPEC.fullmatch(text)
        if match is None:
            msg = (
                "expected KIND:PROBABILITY or KIND:#NUMBER,NUMBER, then :VALUE and "
                f"@MARKET/CHANNEL if wanted, received {text!r}"
            )
            raise ValueError(msg)
        part = match.groupdict()
        return cls(
            part["kind"],
            float(part["probability"] or 0.0),
            frozenset(map(int, part["at"].split(","))) if part["at"] else (),
            float(part["value"]) if part["value"] else None,
            part["market"],
            part["channel"],
        )


@dataclass(frozen=True, slots=True)
class Done:
    """A fault that was done: when on the tape's clock, to whom, and what exactly."""

    ts_recv_ns: int
    kind: str
    market: str
    where: str
    what: str


@dataclass(slots=True)
class _Source:
    """A fault with its own generator, so that one fault does not change what another does."""

    fault: Fault
    rng: np.random.Generator
    detail: np.random.Generator
    at: frozenset[int]
    seen: int = 0
    drawn: Iterator[float] = field(default_factory=lambda: iter(()))

    def befalls(self, market: str, channel: str) -> bool:
        if self.fault.market not in (None, market) or self.fault.channel not in (None, channel):
            return False
        number, self.seen = self.seen, self.seen + 1
        return self._draw() < self.fault.probability or number in self.at

    def _draw(self) -> float:
        for value in self.drawn:
            return value
        self.drawn = iter(self.rng.random(_BLOCK).tolist())
        return next(self.drawn)


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that befalls something now.

    Parameters
    ----------
    kind : str
        Which.
    value : float
        How much, see `Fault`.
    rng : numpy.random.Generator
        For what else is left to chance, e.g. which byte.
    """

    kind: str
    value: float
    rng: np.random.Generator


class Faults:
    """All faults of a venue: who is hit, how often it happened, what was done.

    Parameters
    ----------
    faults : iterable of Fault or str
        What may go wrong.
    seed : int
        The same seed and the same order of messages give the same faults.
    """

    def __init__(self, faults: Iterable[Fault | str] = (), *, seed: int = 0) -> None:
        parsed = [Fault.parse(f) if isinstance(f, str) else f for f in faults]
        self.counts: Counter[str] = Counter()
        self.log: deque[Done] = deque(maxlen=LOG_LENGTH)
        self._sources: dict[str, list[_Source]] = {}
        for index, fault in enumerate(parsed):
            # The kind is in the key so that faults listed in another order stay the same.
            same = sum(other.kind == fault.kind for other in parsed[:index])
            key = [seed, KINDS.index(fault.kind), same]
            rng, detail = map(np.random.default_rng, np.random.SeedSequence(key).spawn(2))
            source = _Source(fault, rng, detail, frozenset(fault.at))
            self._sources.setdefault(fault.kind, []).append(source)
        self.on_messages = any(kind in self._sources for kind in MESSAGE_FAULTS)

    def strikes(self, kinds: tuple[str, ...], market: str, channel: str) -> list[Strike]:
        """Return what befalls a message, subscription or request, in the order of `kinds`."""
        return [
            Strike(kind, _value(source.fault), source.detail)
            for kind in kinds
            for source in self._sources.get(kind, ())
            if source.befalls(market, channel)
        ]

    def done(self, ts_recv_ns: int, kind: str, market: str, where: str, what: str) -> None:
        """Count and write down a fault."""
        self.counts[kind] += 1
        self.log.append(Done(ts_recv_ns, kind, market, where, what))


def _value(fault: Fault) -> float:
    return fault.value if fault.value is not None else DEFAULTS.get(fault.kind, 0.0)
