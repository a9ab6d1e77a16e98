"""The options that several commands take, and the recording that they describe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from obcore.cli.console import judged_as, usage_error
from obcore.cli.live_input import parse_input
from obcore.data.arguments import parse_kind
from obcore.data.recording import Recording
from obcore.instrument import Instrument

Inputs = Annotated[
    list[Path],
    typer.Argument(
        help="Recorded files, plain or gzip; several are one recording, in this order. Or one "
        "live source, with --for: binance-futures:BTCUSDT.",
        parser=parse_input,
        show_default=False,
        metavar="INPUT",
    ),
]
Trades = Annotated[
    list[Path] | None,
    typer.Option(
        help="A file of trades, where INPUT has none; may be given several times, in order.",
        exists=True,
        dir_okay=False,
        readable=True,
        show_default=False,
    ),
]
Symbol = Annotated[
    str | None,
    typer.Option(
        help="The instrument to take from a recording of several.", show_default=False
    ),
]
Tick = Annotated[
    str | None,
    typer.Option(
        help="Price step, e.g. 0.10. Found from the data without.", show_default=False
    ),
]
Lot = Annotated[
    str | None,
    typer.Option(help="Size step, e.g. 0.001. Goes with --tick.", show_default=False),
]
Kind = Annotated[
    str,
    typer.Option(
        help="auto (from the content), diff, topn, pictures, tardis, research or lobster."
    ),
]
Uncross = Annotated[
    bool,
    typer.Option("--uncross", help="Remove stale levels of a crossed book without ids."),
]
Strict = Annotated[bool, typer.Option("--strict", help="Fail at a gap in the update ids.")]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        help="Where the venues are instead of at their own addresses: that of obcore venue.",
        metavar="URL",
        show_default=False,
        envvar="OBCORE_BASE_URL",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


StoreFolder = Annotated[
    Path,
    typer.Argument(
        help="A store, as obcore ingest makes it.",
        exists=True,
        file_okay=False,
        show_default=False,
        metavar="STORE",
    ),
]
From = Annotated[
    str | None,
    typer.Option("--from", help="First moment: ISO 8601 UTC, or s to ns.", show_default=False),
]
To = Annotated[
    str | None,
    typer.Option("--to", help="Last moment: ISO 8601 UTC, or s to ns.", show_default=False),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="The file to write.", show_default=False)
]


def open_recording(
    inputs: list[Path],
    *,
    symbol: str | None,
    tick: str | None,
    lot: str | None,
    kind: str,
    trades: list[Path] | None = None,
    uncross: bool = False,
    strict: bool = False,
) -> Recording:
    """Return the recording that the options describe, or raise a usage error."""
    with judged_as("--kind"):
        parse_kind(kind)
    return Recording(
        inputs,
        trades=trades or [],
        instrument=instrument_of(symbol, tick, lot),
        symbol=symbol,
        kind=kind,
        uncross=uncross,
        strict=strict,
    )


def instrument_of(symbol: str | None, tick: str | None, lot: str | None) -> Instrument | None:
    """Return the instrument that the options fix, if they do, or raise a usage error."""
    if (tick is None) != (lot is None):
        msg = "one does not go without the other"
        raise usage_error(msg, "--tick' / '--lot")
    if tick is None or lot is None:
        return None
    with judged_as("--tick' / '--lot"):
        return Instrument(symbol or "", tick, lot)


def require_writable(out: Path, *, inputs: list[Path]) -> None:
    """Raise a usage error where `out` cannot be written, before any work is done."""
    if out.exists() and not out.is_file():
        msg = f"expected a file, received {out}"
        raise usage_error(msg, "-o")
    if any(out.exists() and out.samefile(path) for path in inputs):
        msg = f"{out} is also an input"
        raise usage_error(msg, "-o")
    folder = out.parent
    if not folder.is_dir():
        msg = f"there is no folder {folder}"
        raise usage_error(msg, "-o")
    if not os.access(folder, os.W_OK) or (out.exists() and not os.access(out, os.W_OK)):
        msg = f"{out} cannot be written"
        raise usage_error(msg, "-o")
