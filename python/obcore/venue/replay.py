"""A tape read from end to end for one client, apart from what is being played."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from obcore.venue.hub import Listing, Message
from obcore.venue.native import binance
from obcore.venue.normalise import (
    BOOK_CHANGE,
    DATA_TYPES,
    EXCHANGES,
    TRADE,
    Normaliser,
    disconnect,
)
from obcore.venue.record import Record, Role
from obcore.venue.top import Follower
from obcore.venue.wire import iso_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obcore.venue.hub import Hub

_FIRST, _LAST = 0, (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Wish:
    """One entry of a client's options.

    Parameters
    ----------
    exchange : str
        As the client names it.
    listings : list of Listing
        What it asks for.
    types : frozenset of str
        Which normalised messages, or which native channels.
    start_ns, end_ns : int
        The time it asks for, the end excluded.
    tells_disconnects : bool
        Whether it wants to be told of disconnects.
    """

    exchange: str
    listings: list[Listing]
    types: frozenset[str]
    start_ns: int
    end_ns: int
    tells_disconnects: bool

    def notice(self, ts_recv_ns: int) -> bytes:
        """Return the message that says that the connection was lost; empty if unwanted."""
        if not self.tells_disconnects:
            return b""
        symbols = [listing.symbol for listing in self.listings]
        return disconnect(self.exchange, symbols, ts_recv_ns)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a replay, and whom its faults concern."""

    payload: bytes
    record: Record
    wish: Wish
    normaliser: Normaliser | None = None


def wishes(hub: Hub, text: str, *, timed: bool, native: bool = False) -> list[Wish]:
    """Return what a client's ``options`` ask for.

    Parameters
    ----------
    hub : Hub
        What there is.
    text : str
        JSON, one object or several.
    timed : bool
        Whether ``from`` and ``to`` are required.
    native : bool
        Whether ``filters`` stand in place of ``dataTypes``.

    Raises
    ------
    ValueError
        Where an option is missing or unknown.
    """
    entries = json.loads(text)
    found = []
    for entry in entries if isinstance(entries, list) else [entries]:
        if not isinstance(entry, dict):
            msg = "options: expected an object or an array of objects"
            raise ValueError(msg)  # noqa: TRY004  it is a client's mistake, not a caller's
        found.append(_wish(hub, entry, timed=timed, native=native))
    return found


def normalised_lines(hub: Hub, asked: list[Wish]) -> Iterator[Line]:
    """Yield the tape as normalised messages, several wishes merged by time of receipt."""
    for record, wish, normaliser in _records(hub, asked):
        listing = normaliser.listing
        if record.role is not Role.OTHER:
            listing.position += 1
        if wish.start_ns <= record.ts_recv_ns < wish.end_ns:
            for payload in normaliser.messages(Message(record, listing)):
                yield Line(payload, record, wish, normaliser)


def native_lines(hub: Hub, asked: list[Wish]) -> Iterator[Line]:
    """Yield the tape as the venue's own messages, each with its time of receipt."""
    for record, wish, normaliser in _records(hub, asked):
        if not wish.start_ns <= record.ts_recv_ns < wish.end_ns:
            continue
        if wish.types and not wish.types & _names(record):
            continue
        message = _native(normaliser.listing.named(record.payload), record)
        # Seven digits of the second, as the collector writes them.
        time = f"{iso_time(record.ts_recv_ns, 'ns')[:27]}Z"
        payload = b'{"localTimestamp":"%s","message":%s}' % (time.encode(), message)
        yield Line(payload, record, wish)


def _wish(hub: Hub, entry: dict[str, Any], *, timed: bool, native: bool) -> Wish:
    exchange = entry.get("exchange")
    markets = EXCHANGES.get(str(exchange), ())
    listed = [listing for market in markets for listing in hub.of_market(market)]
    if not listed:
        msg = f"exchange: nothing was recorded of {exchange!r}"
        raise ValueError(msg)
    if timed and not {"from", "to"} <= entry.keys():
        msg = "from and to are required"
        raise ValueError(msg)
    if native:
        filters = entry.get("filters", [])
        types = frozenset(f["channel"] for f in filters)
        symbols = [symbol for f in filters for symbol in f.get("symbols", [])]
    else:
        types = frozenset(entry.get("dataTypes", (BOOK_CHANGE, TRADE)))
        symbols = entry.get("symbols") or []
        if not types <= set(DATA_TYPES):
            msg = f"dataTypes: expected {', '.join(DATA_TYPES)}, received {sorted(types)}"
            raise ValueError(msg)
    names = {symbol.upper() for symbol in symbols}
    listings = [item for item in listed if not names or item.symbol.upper() in names]
    if len({item.symbol.upper() for item in listings}) < len(names):
        msg = f"symbols: expected some of {', '.join(i.symbol for i in listed)}"
        raise ValueError(msg)
    tells = entry.get("withDisconnects" if native else "withDisconnectMessages", False)
    start_ns = _time_ns(entry["from"]) if "from" in entry else _FIRST
    end_ns = _time_ns(entry["to"]) if "to" in entry else _LAST
    return Wish(str(exchange), listings, types, start_ns, end_ns, bool(tells))


def _records(hub: Hub, asked: list[Wish]) -> Iterator[tuple[Record, Wish, Normaliser]]:
    """Yield every record that concerns a wish, with a book of its own for each listing."""
    concerned: dict[tuple[str, str], list[tuple[Wish, Normaliser]]] = {}
    for wish in asked:
        for listed in wish.listings:
            own = Listing(listed.market, listed.symbol, listed.track)
            normaliser = Normaliser(wish.exchange, own, wish.types, Follower())
            key = listed.market, listed.track.symbol
            concerned.setdefault(key, []).append((wish, normaliser))
    records = (r for r in hub.tape.records if (r.market, r.symbol) in concerned)
    for record in sorted(records, key=lambda record: record.ts_recv_ns):
        for wish, normaliser in concerned[record.market, record.symbol]:
            yield record, wish, normaliser


def _native(payload: bytes, record: Record) -> bytes:
    if record.role is Role.REST and record.market in binance.MARKETS:
        stream = f"{record.symbol.lower()}@depthSnapshot"
        return b'{"stream":"%s","generated":true,"data":%s}' % (stream.encode(), payload)
    return payload


def _names(record: Record) -> set[str]:
    """Return what a filter may call a record's channel."""
    if record.role is Role.REST:
        return {"depthSnapshot"}
    return {record.channel, record.stream}


def _time_ns(text: Any) -> int:
    return int(np.datetime64(str(text).removesuffix("Z"), "ns").astype(np.int64))
