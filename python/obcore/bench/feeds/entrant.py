"""What a client of the race has to be, and who there is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from obcore.bench.contest import Role

if TYPE_CHECKING:
    from obcore.bench.feeds.course import Target, Touch
    from obcore.bench.feeds.stamps import Stamps


class Client(Protocol):
    """A feed under way; `run` has the main thread, the rest is asked from another one."""

    def run(self) -> None:
        """Connect, subscribe and receive until the process ends."""

    @property
    def received(self) -> int:
        """Messages of depth taken so far; a number that only grows."""

    @property
    def is_ready(self) -> bool:
        """Whether every book is in sync."""

    def touch(self) -> dict[str, Touch]:
        """Return the best prices of every book, by the venue's symbol; empty without books."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """Who races.

    Parameters
    ----------
    key : str
        A short name, for the command line.
    name, path : str
        Who, and what of it is called, as its users know it.
    module, kind : str
        Where its `Client` is: a module and the name of a class in it.
    role : Role
        Whose it is.
    ready : str
        At which moment a message counts as ready.
    distributions : tuple of str
        Its packages.
    most_rounds : int
        It takes no part in later ones, for it takes minutes to begin.
    """

    key: str
    name: str
    path: str
    module: str
    kind: str
    role: Role
    ready: str
    distributions: tuple[str, ...] = ()
    most_rounds: int = 1_000

    def make(self, target: Target, stamps: Stamps | None) -> Client:
        """Return its client; imports whatever it needs.

        Raises
        ------
        ModuleNotFoundError
            Where it is not installed.
        UnfitError
            Where it cannot take what is played.
        """
        module: Any = import_module(self.module)
        client: Client = getattr(module, self.kind)(target, stamps)
        return client

    def to_json(self) -> str:
        """Return it as an argument of a process."""
        return json.dumps({**asdict(self), "role": self.role.name})

    @classmethod
    def from_json(cls, text: str) -> Entrant:
        """Return what `to_json` wrote."""
        fields = json.loads(text)
        fields |= {
            "role": Role[fields["role"]],
            "distributions": tuple(fields["distributions"]),
        }
        return cls(**fields)


ENTRANTS = (
    Entrant(
        "floor",
        "bare aiohttp",
        "ws_connect(decode_text=False), receive and drop",
        "obcore.bench.feeds.floor",
        "Floor",
        Role.FLOOR,
        "receive() has returned",
        ("aiohttp",),
    ),
    Entrant(
        "floor-text",
        "bare aiohttp, text decoded",
        "ws_connect(), receive and drop",
        "obcore.bench.feeds.floor",
        "TextFloor",
        Role.FLOOR,
        "receive() has returned",
        ("aiohttp",),
    ),
    Entrant(
        "obcore",
        "obcore",
        'live(features="standard"), events unread',
        "obcore.bench.feeds.own",
        "Own",
        Role.OWN,
        "on_frame has returned",
    ),
    Entrant(
        "obcore-events",
        "obcore, events read",
        'live(features="standard"), async for',
        "obcore.bench.feeds.own",
        "OwnEvents",
        Role.OWN,
        "async for has the Update",
    ),
    Entrant(
        "cryptofeed",
        "cryptofeed",
        "FeedHandler, L2_BOOK callback",
        "obcore.bench.feeds.peer_cryptofeed",
        "Cryptofeed",
        Role.PEER,
        "callback is called",
        ("cryptofeed",),
    ),
    Entrant(
        "ccxt",
        "ccxt.pro",
        "watch_order_book_for_symbols",
        "obcore.bench.feeds.peer_ccxt",
        "Ccxt",
        Role.PEER,
        "await has returned",
        ("ccxt",),
    ),
    Entrant(
        "python-binance",
        "python-binance",
        "DepthCacheManager a symbol, recv",
        "obcore.bench.feeds.peer_python_binance",
        "PythonBinance",
        Role.PEER,
        "recv has returned",
        ("python-binance",),
    ),
    Entrant(
        "unicorn",
        "unicorn-binance-local-depth-cache",
        "BinanceLocalDepthCacheManager",
        "obcore.bench.feeds.peer_unicorn",
        "Unicorn",
        Role.PEER,
        "update is applied",
        ("unicorn-binance-local-depth-cache",),
        most_rounds=1,
    ),
)


def entrants(keys: tuple[str, ...]) -> list[Entrant]:
    """Return the entrants of these names, in the order of the table.

    Examples
    --------
    >>> [entrant.name for entrant in entrants(("obcore", "floor"))]
    ['bare aiohttp', 'obcore']
    """
    known = [entrant.key for entrant in ENTRANTS]
    unknown = [key for key in keys if key not in known]
    if unknown:
        msg = f"expected some of {', '.join(known)}, received {', '.join(unknown)}"
        raise ValueError(msg)
    return [entrant for entrant in ENTRANTS if entrant.key in keys]
