"""Tiny recordings in the shape of Binance USD-M streams, small enough to check by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    Levels = Sequence[tuple[str, str]]

START_S = 1_700_000_000  # 2023-11-14T22:13:20Z
BEHIND_S = 2  # the receiver's clock against the venue's


def line(second: int, body: dict[str, Any]) -> str:
    return f"{(START_S + second) * 10**9} {json.dumps(body)}"


def snapshot(second: int, last: int, bids: Levels, asks: Levels) -> str:
    return line(second, {"lastUpdateId": last, "bids": list(bids), "asks": list(asks)})


def message(second: int, kind: str, **data: Any) -> str:
    times = {
        "E": (START_S + BEHIND_S + second) * 1000,
        "T": (START_S + BEHIND_S + second) * 1000,
    }
    body = {"e": kind, **times, "s": "ETHUSDT", **data}
    return line(second, {"stream": f"ethusdt@{kind}", "data": body})


def delta(
    second: int, first: int, final: int, previous: int, *, bids: Levels = (), asks: Levels = ()
) -> str:
    ids = {"U": first, "u": final, "pu": previous}
    return message(second, "depthUpdate", **ids, b=list(bids), a=list(asks))


IN_SYNC = (
    delta(0, 9, 11, 8, bids=[("99.90", "2.5")]),
    snapshot(
        1, 10, [("99.90", "1.0"), ("99.80", "4.0")], [("100.10", "3.0"), ("100.20", "5.0")]
    ),
    delta(2, 12, 13, 11, bids=[("100.00", "1.5")]),
    delta(3, 14, 15, 13, asks=[("100.10", "0")]),
    message(3, "trade", t=1, p="100.20", q="0.5", m=False, X="MARKET"),
    delta(4, 16, 17, 15, bids=[("99.80", "0")], asks=[("100.30", "7.125")]),
)
NEVER_IN_SYNC = tuple(text for text in IN_SYNC if "lastUpdateId" not in text)
GAPPY = (
    *IN_SYNC,
    delta(7, 20, 21, 19, bids=[("100.00", "9.0")]),
    snapshot(9, 21, [("100.00", "9.0")], [("100.20", "6.0")]),
    delta(10, 22, 23, 21, bids=[("100.10", "1.0")]),
)


def write(folder: Path, lines: Iterable[str], name: str = "made_up.txt") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path
