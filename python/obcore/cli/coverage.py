"""``obcore coverage``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from obcore.cli.console import plain, print_json, stdout, usage_error, utc
from obcore.cli.options import Json, StoreFolder
from obcore.data.store import Store

if TYPE_CHECKING:
    from obcore.data.store.coverage import Coverage

GAPS_SHOWN = 20


def coverage(
    store: StoreFolder,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Draw it too: a PNG, SVG or PDF.", show_default=False
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Show from when to when a store knows each book, and where it does not and why."""
    found = Store(store)
    covers = [found.coverage(name) for name in found.symbols]
    if output is not None:
        from obcore.plot.coverage import draw_coverage  # noqa: PLC0415  loads matplotlib
        from obcore.plot.save import picture_formats, save_figure  # noqa: PLC0415

        if output.suffix[1:].lower() not in picture_formats():
            msg = f"expected a name that ends in .png, .svg or .pdf, received {output.name}"
            raise usage_error(msg, "-o")
        save_figure(draw_coverage(covers), output)
    if json:
        print_json({"symbols": [one.as_dict() for one in covers]})
        return
    _print(covers)
    if output is not None:
        typer.echo(f"drawn in {output}")


def _print(covers: list[Coverage]) -> None:
    from rich.table import Table  # noqa: PLC0415

    table = Table()
    for name in ("symbol", "from", "to"):
        table.add_column(name, no_wrap=True)
    for name in ("covered", "gaps", "states", "trades", "crossed", "old", "clock offset"):
        table.add_column(name, justify="right")
    for one in covers:
        counts = [recording for recording in one.recordings if recording["complete"]]
        offsets = [c["min_latency_ns"] for c in counts if c["min_latency_ns"] is not None]
        table.add_row(
            one.symbol,
            utc(one.first_ns, "s"),
            utc(one.last_ns, "s"),
            f"{one.covered:.2%}",
            f"{len(one.gaps):,}",
            f"{one.states:,}",
            f"{one.trades:,}",
            f"{sum(c['crossed'] for c in counts):,}",
            f"{sum(c['skipped_old'] for c in counts):,}",
            f"{min(offsets) / 1e9:+.3f} s" if offsets else "unknown",
        )
    console = stdout()
    console.print(table)
    for one in covers:
        for gap in one.gaps[:GAPS_SHOWN]:
            span = f"{utc(gap.first_ns, 'ms')} for {gap.seconds:,.3f} s"
            console.print(f"{one.symbol}  {span}: {gap.state}, {plain(gap.reason)}")
        if len(one.gaps) > GAPS_SHOWN:
            console.print(f"{one.symbol}  … and {len(one.gaps) - GAPS_SHOWN:,} more")
