"""The tables of ``obcore bench``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from obcore.cli.console import fields, plain, stdout

if TYPE_CHECKING:
    from rich.table import Table

HEADING = "bold cyan"
STYLES = {"own": "bold green", "peer": "", "floor": "red"}
GROUPS = {
    "each": "one call from Python for each",
    "all": "one call for all, compiled code within",
}


def print_document(document: dict[str, Any]) -> None:
    """Print what was measured: a table a race, and below it who did not count and why."""
    console = stdout()
    console.print(fields(_machine_rows(document["machine"])))
    for race in document["races"]:
        heading = f"{race['title']} · {race['stream']} · {race['rounds']} rounds"
        console.print(f"\n{plain(heading)}", style=HEADING)
        console.print(_race_table(race))
        for entry in race["not_counted"]:
            text = f"not counted: {entry['name']}, {entry['path']}: {entry['reason']}"
            console.print(f"  {plain(text)}")
    for recording in document["recordings"]:
        heading = f"W5  obcore alone, text in memory to features · {recording['recording']}"
        console.print(f"\n{plain(heading)}", style=HEADING)
        console.print(_throughput_table(recording))
    console.print()
    for peer in document["absent"]:
        console.print(f"left out: {peer['name']}: {plain(peer['reason'])}", style="yellow")
    if document["absent"]:
        advice = "pip install 'obcore[bench]', in an environment of its own, brings the peers"
        console.print(advice, style="dim")
    if document["races"]:
        for note in document["notes"]:
            console.print(f"* {note}", style="dim")


def number(value: float | None) -> str:
    """Return a number with three digits that count, or a dash.

    Examples
    --------
    >>> number(0.23456), number(8.6543), number(1234.5), number(None)
    ('0.235', '8.65', '1,234', '-')
    """
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _machine_rows(machine: dict[str, Any]) -> list[tuple[str, str]]:
    versions = (
        f"obcore {machine['obcore']}, Python {machine['python']}, NumPy {machine['numpy']}"
    )
    cores = f", {machine['cores']} cores" if machine["cores"] else ""
    return [("machine", f"{machine['processor']}{cores}"), ("with", versions)]


def _race_table(race: dict[str, Any]) -> Table:
    from rich.table import Table  # noqa: PLC0415  an extra, and not needed for --json

    table = Table()
    table.add_column("entry")
    table.add_column("path", overflow="fold")
    rate = [race["rate_unit"]] if race["rate_unit"] else []
    columns = [race["unit"], "10–90 %", *rate, "× fastest peer", "× floor"]
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    floors = [row for row in race["rows"] if row["role"] == "floor"]
    for calls, group in GROUPS.items():
        rows = [row for row in race["rows"] if row["calls"] == calls and row not in floors]
        if rows:
            table.add_section()
            table.add_row(group, *[""] * (len(columns) + 1), style="italic dim")
        for row in rows:
            table.add_row(*_cells(row, with_rate=bool(rate)), style=STYLES[row["role"]])
    table.add_section()
    for row in floors:
        table.add_row(*_cells(row, with_rate=bool(rate)), style=STYLES[row["role"]])
    return table


def _cells(row: dict[str, Any], *, with_rate: bool) -> list[str]:
    path = f"{row['path']} (first {row['messages']:,} messages)" if row["part"] else row["path"]
    return [
        f"{row['name']}\n{row['version']}",
        path,
        number(row["time"]),
        f"{number(row['low'])}–{number(row['high'])}",
        *([number(row["rate"])] if with_rate else []),
        _ratio(row["times_fastest_peer"]),
        _ratio(row["times_floor"]),
    ]


def _ratio(percentiles: list[float] | None) -> str:
    """Return the median of a ratio, and its 10th and 90th percentile in brackets."""
    if percentiles is None:
        return "-"
    low, median, high = map(number, percentiles)
    return f"{median} ({low}–{high})"


def _throughput_table(recording: dict[str, Any]) -> Table:
    from rich.table import Table  # noqa: PLC0415

    table = Table()
    for heading in ("what", "MB", "messages", "MB/s", "ns/message"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for row in recording["rows"]:
        table.add_row(
            row["what"],
            number(row["megabytes"]),
            f"{row['messages']:,}",
            number(row["megabytes_per_second"]),
            number(row["ns_per_message"]),
        )
    return table
