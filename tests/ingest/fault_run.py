"""One run of a feed against a local venue with faults, and what a run adds up to."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import obcore
from ingest.made import made
from ingest.oracle import Oracle, by_id
from ingest.referee import Referee
from obcore.ingest import Disconnected, Gap, Resynced, Stale, Update
from obcore.ingest.settings import Settings
from obcore.ingest.venues import VENUES, tardis_live
from obcore.venue import load_tape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ingest.venue_process import VenueProcess
    from obcore.ingest.feed import Feed
    from obcore.ingest.venue import Venue
    from obcore.venue import Tape
    from obcore.venue.record import Depth, Record

WEIGHT = 30_000  # a minute, so that a quick run is not a long wait; both ends keep to it
HEAL_S = 20.0
SETTINGS = Settings(
    first_message_s=1.5,
    backoff_first_s=0.02,
    backoff_longest_s=0.2,
    snapshot_retry_s=0.02,
    resubscribe_s=0.05,
    lag_s=1e6,  # a busy machine may play slower than was recorded
    crossed_s=5.0,
    crossed_messages=50,
    check_s=0.05,
)
STREAM_FAULTS = (
    "drop:0.0005", "duplicate:0.0005", "reorder:0.0003", "corrupt:0.0003", "truncate:0.0003",
    "cut:0.0001", "shutdown:0.00005", "delay:0.00005:20", "silent:0.02",
)  # fmt: skip
REST_FAULTS = (
    "refuse_418:0.02:1", "refuse_429:0.03:1", "error_500:0.15", "slow_snapshot:0.1:0.05",
    "stale_snapshot:0.2:60",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is played to a feed, and how.

    Parameters
    ----------
    venue : str
        Of the feed's symbols.
    recordings : sequence of str
        Below the shared recordings.
    key_of : callable
        What identifies a state, for the oracle.
    by_time : bool
        Whether that is a time.
    until : bool
        Whether it is the time of the last message of any book, not only of this one.
    levels : int
        Compared a side.
    copies : int
        Of each symbol, under made-up names.
    chunk : int
        Messages of the tape between which the books have to heal.
    tail : int
        Messages of each copy that are left for that at the end.
    """

    venue: str
    recordings: tuple[str, ...]
    key_of: Callable[[Record, Depth, int], int] = by_id
    by_time: bool = False
    until: bool = False
    levels: int = 20
    copies: int = 1
    channels: tuple[str, ...] = ("depth", "trade")
    faults: tuple[str, ...] = STREAM_FAULTS + REST_FAULTS
    chunk: int = 2_000
    tail: int = 100
    seed: int = 0
    market: str = ""
    symbol_of: Callable[[str], str] = str
    unverified: bool = False
    made: bool = False
    part: float = 1.0


@dataclass(slots=True)
class Total:
    """What runs add up to."""

    messages: int = 0
    compared: int = 0
    deltas: int = 0
    holes: int = 0
    gaps: int = 0
    outages: int = 0
    heals: int = 0
    seconds: float = 0.0
    slowest_heal_s: float = 0.0
    snapshots: int = 0
    refusals: int = 0
    corrections: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    def report(self) -> str:
        """Return what a person wants to know."""
        faults = ", ".join(f"{kind} {count}" for kind, count in self.faults.most_common())
        events = ", ".join(f"{kind} {count}" for kind, count in self.events.most_common())
        return (
            f"{self.messages:,} messages in {self.seconds:.0f} s; "
            f"{sum(self.faults.values()):,} faults: {faults}\n"
            f"{self.compared:,} states compared; {self.deltas:,} deltas looked at, "
            f"{self.holes} holes in them, {self.gaps} gaps told; {self.outages} outages, "
            f"{self.heals} times all was well again, in {self.slowest_heal_s:.1f} s at the most\n"
            f"{self.snapshots} snapshots asked for, {self.refusals} refused; events: {events}"
        )


class EventOrder:
    """What the events of a feed have to be like, book by book.

    Nothing is shown between a loss and its end, and no loss is without an end.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.complaints: list[str] = []
        self.is_shown: dict[str, bool] = {}

    def take(self, feed: Feed) -> None:
        for event in feed.events_so_far():
            kind = type(event)
            self.counts[kind.__name__] += 1
            if event.missed:
                self.complaints.append(f"{event.symbol}: events were missed")
            shown = self.is_shown.get(event.symbol, False)
            if kind is Update and not shown:
                self.complaints.append(f"an update before it was resynced: {event}")
            elif kind is Resynced:
                if shown:
                    self.complaints.append(f"resynced twice: {event}")
                self.is_shown[event.symbol] = True
            elif kind in (Gap, Stale, Disconnected):
                self.is_shown[event.symbol] = False


@cache
def tape_of(paths: tuple[Path, ...], made_for: str = "") -> Tape:
    """Return recordings that were loaded once."""
    return made(tape_of(paths), made_for) if made_for else load_tape(paths)


@cache
def oracle_of(
    tape: tuple[tuple[Path, ...], str],
    market: str,
    symbol: str,
    levels: int,
    key_of: Callable[[Record, Depth, int], int],
) -> Oracle:
    """Return a table that was made once."""
    return Oracle(tape_of(*tape).tracks[market, symbol], levels, key_of)


def roomy(venue: Venue) -> Venue:
    """Return a venue that grants more than the real one, so that a quick run is quick."""
    limits = replace(venue.limits, weight_a_minute=WEIGHT, sends_a_second=1e6, streams=1_000)
    return replace(venue, limits=limits)


def run(one: Run, paths: Sequence[Path], process: VenueProcess, total: Total) -> None:
    """Play a tape with faults to a feed, and add up what happened."""
    opened = process.open(
        paths,
        one.faults,
        copies=one.copies,
        seed=one.seed,
        weight_budget=WEIGHT,
        made_for=one.venue if one.made else "",
    )
    try:
        _follow(one, tuple(paths), process, opened, total)
        clients = _without_clients(process)
        if clients:
            total.complaints.append(f"{one.venue}: {clients} clients stayed at the venue")
        faults = process.status()["faults"]
        total.faults += Counter(faults)
        injected = faults.get("refuse_429", 0) + faults.get("refuse_418", 0)
        if total.refusals > total.faults["refuse_429"] + total.faults["refuse_418"]:
            total.complaints.append(f"{one.venue}: a budget was passed, of {injected}")
    finally:
        process.close()


def _without_clients(process: VenueProcess) -> int:
    clients = 0
    for _ in range(40):
        clients = int(process.status()["clients"])
        if clients == 0:
            break
        time.sleep(0.05)
    return clients


def _follow(
    one: Run,
    paths: tuple[Path, ...],
    process: VenueProcess,
    opened: dict[str, int],
    total: Total,
) -> None:
    market = one.market or one.venue
    key = paths, one.venue if one.made else ""
    found = tape_of(*key).tracks
    tracks = [symbol for of, symbol in found if of == market and found[of, symbol].records]
    names = {
        f"{one.venue}:{one.symbol_of(symbol)}"
        + (f"{copy:04}" if one.copies > 1 else ""): symbol
        for symbol in tracks
        for copy in range(1, one.copies + 1)
    }
    referee = Referee(unverified=one.unverified)
    known = {**VENUES, "tardis": tardis_live()}
    venue = roomy(known[one.venue])
    feed = obcore.ingest.live(
        names,
        channels=one.channels,
        base_url=f"http://127.0.0.1:{opened['port']}",
        venues={one.venue: venue},
        settings=replace(SETTINGS, seed=one.seed),
        capacity=1 << 20,
        tap=referee.tap,
    )
    for name, symbol in names.items():
        oracle = oracle_of(key, market, symbol, one.levels, one.key_of)
        referee.watch(feed, name, oracle, one)
    started = time.monotonic()
    order = EventOrder()
    end = int(opened["length"] * one.part) - one.tail * one.copies
    with feed:
        order.take(feed)  # listens from here on
        time.sleep(0.1)
        while process.play(one.chunk) < end:
            order.take(feed)
            if not _heal(feed, names, process, total, order, one):
                break
        desks = list(feed._engine.desks.values())
    total.seconds += time.monotonic() - started
    referee.look()
    order.take(feed)
    # Behind the end of the feed: before it, frames are still on their way.
    healths = [feed.health(name) for name in names]
    total.messages += referee.frames + referee.answers
    total.compared += referee.compared
    total.deltas += referee.deltas
    total.holes += referee.holes
    total.gaps += sum(h.gaps for h in healths)
    total.outages += sum(h.outages for h in healths)
    total.corrections += sum(h.corrections for h in healths)
    total.events += order.counts
    total.snapshots += sum(desk.requests for desk in desks)
    total.refusals += sum(desk.refusals for desk in desks)
    total.complaints += [f"{one.venue} seed {one.seed}: {text}" for text in referee.complaints]
    total.complaints += [
        f"{one.venue} seed {one.seed}: {text}" for text in order.complaints[:5]
    ]
    if order.counts["Gap"] != sum(h.gaps for h in healths):
        total.complaints.append(
            f"{one.venue}: {order.counts['Gap']} gaps of {healths} were told"
        )


def _heal(  # noqa: PLR0917
    feed: Feed,
    names: dict[str, str],
    process: VenueProcess,
    total: Total,
    order: EventOrder,
    one: Run,
) -> bool:
    """Play a little at a time until every book can be trusted again, with nobody's help."""
    started = time.monotonic()
    while True:
        ill = [name for name in names if not feed.health(name).is_trusted]
        waited = time.monotonic() - started
        if not ill:
            break
        if waited > HEAL_S:
            told = [
                f"{name} {feed.health(name).state.name}: {feed.health(name).reason}"
                for name in ill
            ]
            total.complaints.append(f"{one.venue} seed {one.seed}: did not heal: {told[:3]}")
            return False
        process.play(10)
        order.take(feed)
        time.sleep(0.01)
    total.heals += 1
    total.slowest_heal_s = max(total.slowest_heal_s, waited)
    return True


@dataclass(frozen=True, slots=True)
class Resources:
    """What a process holds.

    Parameters
    ----------
    descriptors, threads : set of str
        Open files and sockets; threads.
    resident_bytes : int
        Memory.
    """

    descriptors: set[str]
    threads: set[str]
    resident_bytes: int


def resources() -> Resources:
    """Return what this process holds now."""
    descriptors = set()
    for link in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):  # the one that lists them has gone
            descriptors.add(f"{link.name} {link.readlink()}")
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    resident = int(pages) * os.sysconf("SC_PAGE_SIZE")
    return Resources(descriptors, {thread.name for thread in threading.enumerate()}, resident)
