"""Captures of WebSockets and REST: one envelope a line, the message inside as text."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from obcore.venue.lines import damaged_line
from obcore.venue.native import record_of_capture

if TYPE_CHECKING:
    from pathlib import Path

    from obcore.venue.record import Record

_NS = 10**9


def records_of_capture(path: Path, lines: list[bytes]) -> list[Record]:
    """Return the records of a capture.

    Which venue a message is from is told by the address of its connection: two connections to
    one venue may use the same names for different markets.
    """
    records: list[Record] = []
    addresses: dict[str, str] = {}
    for index, line in enumerate(lines):
        try:
            entry: dict[str, Any] = json.loads(line, parse_float=Decimal)
            if entry["t"] in ("connect", "open"):
                addresses[entry["conn"]] = entry["addr"]
            elif entry["t"] in ("recv", "http"):
                address = entry.get("url") or addresses[entry["conn"]]
                ts_recv_ns = int(entry["ts"] * _NS)
                record = record_of_capture(ts_recv_ns, entry["data"].encode(), address)
                if record is not None:
                    records.append(record)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise damaged_line(path, index + 1, reason) from None
    return records
