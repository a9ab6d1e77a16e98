"""``obcore ingest``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from obcore.cli.console import fields, judged_as, print_json, progress, quantity, stdout
from obcore.cli.live_input import Seconds, received
from obcore.cli.options import (
    BaseUrl,
    Inputs,
    Json,
    Kind,
    Lot,
    Symbol,
    Tick,
    Trades,
    Uncross,
    instrument_of,
)
from obcore.data.arguments import parse_kind
from obcore.data.store import write_store


def ingest(
    inputs: Inputs,
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The folder of the store.", show_default=False),
    ],
    trades: Trades = None,
    symbol: Symbol = None,
    venue: Annotated[
        str | None,
        typer.Option(help="The venue to store it under.", show_default=False),
    ] = None,
    tick: Tick = None,
    lot: Lot = None,
    kind: Kind = "auto",
    uncross: Uncross = False,
    duration: Seconds = None,
    base_url: BaseUrl = None,
    json: Json = False,
) -> None:
    """Write a recording into a store of Parquet files, from which any moment can be read.

    Run again what was interrupted: it goes on where it was. What is there already is not written
    twice.
    """
    with judged_as("--kind"):
        parse_kind(kind)
    inputs = received(inputs, seconds=duration, base_url=base_url, as_json=json)
    files = [*inputs, *(trades or [])]
    with progress(files, as_json=json) as on_read:
        done = write_store(
            inputs,
            output,
            trades=trades or [],
            instrument=instrument_of(symbol, tick, lot),
            symbol=symbol,
            venue=venue,
            kind=kind,
            uncross=uncross,
            on_read=on_read,
        )
    if json:
        print_json(asdict(done))
        return
    written = "written" if done.is_new else "already there"
    each = f", {done.size / done.updates:.2f} bytes a level" if done.updates else ""
    stdout().print(
        fields(
            [
                ("store", f"{output}, {done.symbol} {written}"),
                ("messages", f"{done.messages:,} of depth, {done.trades:,} trades"),
                ("levels told", f"{done.updates:,}"),
                ("size", f"{quantity(done.size, 'B')}{each}"),
                ("at the end", f"{done.summary['state']}, {done.summary['reason']}"),
                ("gaps", f"{done.summary['gap_count']:,}"),
            ]
        )
    )
