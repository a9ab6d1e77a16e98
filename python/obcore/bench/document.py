"""What was measured as one document: tables, pictures and ``--json`` are made of it."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import obcore
from obcore.bench.contest import Calls, Role, Workload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from obcore.bench.peers import Absent
    from obcore.bench.race import Heat, Result
    from obcore.bench.streams import Stream
    from obcore.bench.throughput import Throughput

NOTES = (
    (
        "CPU time on one thread, medians of shuffled rounds in one process; setting up, building "
        "objects and compiling are off the clock unless a row says so."
    ),
    (
        "Every answer was compared before its time counted: the whole final book (W1, W2), all "
        "58 numbers (W3), the 58 numbers after every message (W4), to 1e-9."
    ),
    (
        "One of the 58, imbalance, is of the whole side; books that keep no totals put the "
        "imbalance of the ten best levels there, and are compared with obi_10 in that column."
    ),
    (
        "hftbacktest simulates event time, orders and queues besides the book; the ladders by "
        "hand know in advance which prices will come; dicts and order-book do not sort until "
        "they are read."
    ),
)


def machine() -> dict[str, Any]:
    """Return what the numbers depend on besides the code."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "obcore": obcore.__version__,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def stream_part(stream: Stream) -> dict[str, Any]:
    """Return what a stream is like."""
    return {
        "name": stream.name,
        "messages": stream.messages,
        "updates": stream.updates,
        "levels": [len(stream.bids), len(stream.asks)],
    }


def heat_part(heat: Heat, bytes_per_message: float) -> dict[str, Any]:
    """Return a race: its rows, fastest first, and who did not count and why."""
    floor = heat.floor()
    counting = [
        result
        for result in heat.results
        if result.counts and (result is floor or result.entry.role is not Role.FLOOR)
    ]
    counting.sort(key=lambda result: (result.entry.calls is Calls.ALL, result.median))
    return {
        "workload": heat.workload.value,
        "title": heat.workload.title,
        "unit": heat.workload.unit,
        "rate_unit": heat.workload.rate_unit,
        "stream": heat.stream,
        "floor": None if floor is None else floor.median,
        "rounds": max((len(result.times) for result in counting), default=0),
        "rows": [_row(result, heat, bytes_per_message) for result in counting],
        "not_counted": [
            {"name": result.entry.name, "path": result.entry.path, "reason": result.reason}
            for result in heat.results
            if not result.counts
        ],
    }


def _row(result: Result, heat: Heat, bytes_per_message: float) -> dict[str, Any]:
    entry, peer, floor = result.entry, heat.fastest_peer(result.entry), heat.floor()
    low, median, high = np.percentile(result.times, [10, 50, 90]).tolist()
    return {
        "name": entry.name,
        "version": entry.version,
        "path": entry.path,
        "calls": entry.calls.name.lower(),
        "role": entry.role.name.lower(),
        "messages": result.messages,
        "part": result.messages < max(other.messages for other in heat.results),
        "time": median,
        "low": low,
        "high": high,
        "rate": _rate(result, heat.workload, bytes_per_message),
        "times_fastest_peer": result.times_faster_than(peer).tolist() if peer else None,
        "times_floor": floor.times_faster_than(result).tolist() if floor else None,
    }


def _rate(result: Result, workload: Workload, bytes_per_message: float) -> float | None:
    """Return millions of updates, or megabytes, a second."""
    if workload is Workload.APPLY:
        return 1e3 / result.median
    if workload is Workload.JSON:
        return bytes_per_message / result.median
    if workload is Workload.REPLAY:
        return result.updates / result.messages / result.median
    return None


def throughput_part(name: str, passes: Sequence[Throughput]) -> dict[str, Any]:
    """Return what was measured of one recording, by obcore alone."""
    return {
        "recording": name,
        "rows": [
            {
                "what": one.what,
                "megabytes": one.megabytes,
                "messages": one.messages,
                "megabytes_per_second": one.megabytes_per_second,
                "ns_per_message": one.ns_per_message,
            }
            for one in passes
        ],
    }


def absent_part(absent: Sequence[Absent]) -> list[dict[str, str]]:
    """Return the peers that could not race."""
    return [{"name": peer.name, "reason": peer.reason} for peer in absent]
