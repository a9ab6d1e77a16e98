"""Raw recordings of Binance: ``<receive time> <json>``, one message a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from obcore.errors import damaged_input
from obcore.venue.lines import damaged_line
from obcore.venue.native import binance
from obcore.venue.record import DEPTH, Record

if TYPE_CHECKING:
    from pathlib import Path

Timed = tuple[int, bytes]


def records_of_raw(path: Path, lines: list[bytes]) -> list[Record]:
    """Return the records of a raw recording; its market is told by its content."""
    timed = _timed(path, lines)
    market, symbol = _market(path, timed)
    records = []
    for index, (ts_recv_ns, payload) in enumerate(timed):
        try:
            record = binance.record_of(ts_recv_ns, payload, market, symbol)
        except ValueError as error:
            raise damaged_line(path, index + 1, str(error)) from None
        if record is not None:
            records.append(record)
    return records


def _timed(path: Path, lines: list[bytes]) -> list[Timed]:
    timed = []
    for index, line in enumerate(lines):
        stamp, _, payload = line.partition(b" ")
        if not (stamp.isdigit() and payload.startswith(b"{") and payload.endswith(b"}")):
            reason = f"expected '<receive time> {{...}}', received {line[:40]!r}"
            raise damaged_line(path, index + 1, reason)
        timed.append((int(stamp), payload))
    return timed


def _market(path: Path, timed: list[Timed]) -> tuple[str, str]:
    """Return the market of a raw file, and the symbol whose book it holds."""
    symbols: dict[str, None] = {}
    market: str | None = None
    has_rest = False
    for _, payload in timed:
        has_rest = has_rest or payload.startswith(b'{"lastUpdateId"')
        named = _named(payload)
        if named is None:
            continue
        symbol, channel = named
        market = market or binance.market_of(payload, symbol)
        if channel == DEPTH:
            symbols[symbol] = None
    if market is None:
        raise damaged_input(str(path), "no message tells which Binance market it is from")
    if has_rest and len(symbols) > 1:
        reason = f"a snapshot does not name its symbol, and there are {', '.join(symbols)}"
        raise damaged_input(str(path), reason)
    return market, next(iter(symbols), "")


def _named(payload: bytes) -> tuple[str, str] | None:
    stream = binance.stream_of(payload)
    if stream is not None:
        return binance.channel_of(stream)
    if b'"s":"' not in payload:
        return None
    return json.loads(payload)["s"], DEPTH
