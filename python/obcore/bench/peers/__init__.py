"""The books that obcore is raced against; only these modules import them.

Each module is one competitor, imports it at its top, and has ``entries()``. The extra ``bench``
installs them all, in an environment of its own, for some of them pin old libraries.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from obcore.bench.contest import Entry

PEERS = (
    "lrvx",  # first: its thread-local storage finds no place once the others have theirs
    "hftbacktest",
    "numba_ladder",
    "nautilus_trader",
    "order_book",
    "sortedcontainers",
    "json_to_dicts",
    "numpy_ladder",
    "plain_dict",
)


@dataclass(frozen=True, slots=True)
class Absent:
    """A peer that cannot race, and why."""

    name: str
    reason: str


def load_peers(names: Sequence[str] = PEERS) -> tuple[list[Entry], list[Absent]]:
    """Return the entries of every peer that can be imported, and which cannot.

    Examples
    --------
    >>> load_peers(["plain_dict"])[0][0].name
    'two dicts by hand'
    """
    entries: list[Entry] = []
    absent: list[Absent] = []
    for name in names:
        try:
            entries += import_module(f"obcore.bench.peers.{name}").entries()
        except ModuleNotFoundError as error:
            absent.append(Absent(name, f"not installed: there is no module {error.name}"))
        except Exception as error:  # noqa: BLE001  a peer may fail in any way; it is said
            absent.append(Absent(name, f"{type(error).__name__}: {error}"))
    return entries, absent
