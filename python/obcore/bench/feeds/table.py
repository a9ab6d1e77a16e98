"""The document of a race as a table: headings, rows of text and lines below it."""

from __future__ import annotations

from typing import Any

HEADINGS = (
    "entry",
    "µs CPU a message\nat the rate",
    "at full speed",
    "messages\na CPU second",
    "× fastest peer",
    "× floor",
    "µs above\nfloor",
    "latency µs\nPoisson\np50 / p99 / p99.9",
    "\nrecorded",
    "MB",
    "ready when",
)


def number(value: float | None) -> str:
    """Return a number with three digits that count, or a dash.

    Examples
    --------
    >>> number(0.23456), number(8.6543), number(1234.5), number(None)
    ('0.235', '8.65', '1,234', '-')
    """
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def rows(document: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Return each entrant's role and cells, fastest first, floors at the end."""
    found = sorted(
        document["rows"],
        key=lambda row: (row["role"] == "floor", row["blast"]["cpu_us"][1]),
    )
    return [(row["role"], _cells(row)) for row in found]


def lines(document: dict[str, Any]) -> list[str]:
    """Return what stands below the table."""
    settings = document["settings"]
    played = (
        f"{settings['recording']}, {settings['symbols']} symbols,"
        f" {settings['rate']:,.0f} messages a second,"
        f" {settings['rounds']} rounds of {settings['seconds']:g} s"
    )
    failed = [
        f"not counted: {one['name']}, {one['path']}: {one['reason']}"
        for one in document["not_counted"]
    ]
    absent = [f"left out: {one['name']}: {one['reason']}" for one in document["absent"]]
    notes = [f"* {note}" for note in document["notes"]]
    return [played, *map(_target, document["targets"]), *failed, *absent, *notes]


def _target(target: dict[str, Any]) -> str:
    bound = "at most" if target["at_most"] else "at least"
    met = {True: "met", False: "missed", None: "not measured"}[target["met"]]
    measured = number(target["measured"])
    return f"target {met}: {measured} {target['what']}; {bound} {target['target']:g}"


def _cells(row: dict[str, Any]) -> list[str]:
    paced, blast = row["paced"], row["blast"]
    return [
        f"{row['name']}\n{row['version']}\n{row['path']}",
        _spread(paced["cpu_us"]),
        _spread(blast["cpu_us"]),
        number(blast["messages_per_cpu_second"]),
        _spread(blast["times_fastest_peer"]),
        _spread(blast["times_floor"]),
        _spread(blast["above_floor_us"]),
        *(_latency(row["latency_us"][arrivals]) for arrivals in ("poisson", "recorded")),
        number(row["rss_mb"]),
        row["ready"],
    ]


def _spread(values: list[float] | None) -> str:
    if values is None:
        return "-"
    low, median, high = map(number, values)
    return f"{median}\n({low}–{high})"


def _latency(percentiles: dict[str, float] | None) -> str:
    if percentiles is None:
        return "-"
    return " / ".join(number(percentiles[name]) for name in ("p50", "p99", "p99.9"))
