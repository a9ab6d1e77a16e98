"""``obcore features``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from obcore import features as features_of
from obcore.book import feature_names
from obcore.cli.console import (
    fields,
    judged_as,
    print_json,
    progress,
    quantity,
    stdout,
    warn,
    warn_of_torn,
)
from obcore.cli.inspect import describe_gap
from obcore.cli.live_input import Seconds, received
from obcore.cli.options import (
    BaseUrl,
    Inputs,
    Json,
    Kind,
    Lot,
    Output,
    Strict,
    Symbol,
    Tick,
    Trades,
    Uncross,
    open_recording,
    require_writable,
)
from obcore.data.arguments import parse_every
from obcore.data.ofi_weights import OfiWeights
from obcore.data.parquet import FeatureFile, require_pyarrow, write_features
from obcore.data.table import Summary

GAPS_WARNED = 3
TRADES_AHEAD = 1_000  # a few always come behind the last state


def features(
    inputs: Inputs,
    *,
    output: Output,
    trades: Trades = None,
    symbol: Symbol = None,
    tick: Tick = None,
    lot: Lot = None,
    chosen: Annotated[
        str,
        typer.Option(
            "--set",
            help="standard, all, collector, stateful, or names with commas: see obcore catalog.",
        ),
    ] = "standard",
    depth: Annotated[
        int, typer.Option(help="Levels a side, where a formula has a depth.", min=1, max=1000)
    ] = 10,
    every: Annotated[
        str,
        typer.Option(
            help="A row at each event, at each trade (the state before it), at every nth event "
            "(10) or on a grid of receive time (100ms)."
        ),
    ] = "event",
    ofi_weights: Annotated[
        Path | None,
        typer.Option(
            help="Weights of integrated_ofi, as obcore fit-ofi writes them; equal ones without.",
            exists=True,
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    load: Annotated[
        list[Path] | None,
        typer.Option(
            help="A library of your own features in C++; may be given several times.",
            exists=True,
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    kind: Kind = "auto",
    uncross: Uncross = False,
    strict: Strict = False,
    duration: Seconds = None,
    base_url: BaseUrl = None,
    json: Json = False,
) -> None:
    """Replay recorded files and write one row of features a state to a Parquet file."""
    with judged_as("--every"):
        parse_every(every)
    with judged_as("--load"):
        for library in load or []:
            features_of.load(library)
    with judged_as("--set"):
        feature_names(chosen, depth)
    require_writable(output, inputs=[*inputs, *(trades or [])])
    inputs = received(inputs, seconds=duration, base_url=base_url, as_json=json)
    read = [*inputs, *(trades or [])]
    weights = None if ofi_weights is None else OfiWeights.load(ofi_weights)
    recording = open_recording(
        inputs,
        trades=trades,
        symbol=symbol,
        tick=tick,
        lot=lot,
        kind=kind,
        uncross=uncross,
        strict=strict,
    )

    require_pyarrow()
    start = time.perf_counter()
    with progress(read, as_json=json) as on_read:
        file = write_features(
            recording,
            output,
            chosen,
            depth=depth,
            every=every,
            ofi_weights=None if weights is None else weights.weights,
            on_read=on_read,
        )
    seconds = time.perf_counter() - start

    warn_of_torn(file.summary)
    warn_of_losses(file)
    if weights is not None:
        warn_of_weights(file, weights)
    if every == "trade" and file.summary.counts["trades_behind_depth"]:
        count = file.summary.counts["trades_behind_depth"]
        warn(f"{count:,} trades are behind the last depth: their rows repeat its last state")
    if json:
        print_json(features_document(file, seconds))
    else:
        stdout().print(fields(feature_rows(file, seconds) + weight_rows(file, weights)))


def features_document(file: FeatureFile, seconds: float) -> dict[str, Any]:
    """Return what was written and how fast, for JSON."""
    summary = file.summary
    return {
        "output": str(file.path),
        "bytes": file.size,
        "rows": file.rows,
        "columns": list(file.columns),
        "seconds": seconds,
        "input_mb_per_s": summary.counts["bytes"] / 1e6 / seconds,
        "rows_per_s": file.rows / seconds,
        "instrument": {
            "symbol": summary.symbol,
            "tick": float(summary.tick),
            "lot": float(summary.lot),
        },
        "summary": summary.as_dict(),
    }


def feature_rows(file: FeatureFile, seconds: float) -> list[tuple[str, str]]:
    """Return what was written and how fast, as names and values."""
    read = file.summary.counts["bytes"]
    speed = f"{quantity(read / seconds, 'B')}/s of unpacked input"
    return [
        ("wrote", f"{file.path}, {quantity(file.size, 'B')}"),
        ("rows", f"{file.rows:,}"),
        ("states", f"{file.summary.states:,}"),
        ("columns", f"{len(file.columns):,}"),
        ("time", f"{seconds:.2f} s, {speed}, {file.rows / seconds:,.0f} rows/s"),
    ]


def weight_rows(file: FeatureFile, weights: OfiWeights | None) -> list[tuple[str, str]]:
    """Return whose weights integrated_ofi has, where it was asked for."""
    if not any("integrated_ofi" in column for column in file.columns):
        return []
    if weights is None:
        return [("ofi weights", "equal ones; obcore fit-ofi fits them to a market")]
    return [("ofi weights", f"fitted on {weights.train_rows:,} rows of {weights.symbol}")]


def warn_of_weights(file: FeatureFile, weights: OfiWeights) -> None:
    """Say on stderr where fitted weights do not meet what they were fitted on."""
    if not any("integrated_ofi" in column for column in file.columns):
        warn("--ofi-weights changes nothing: integrated_ofi is not among the features")
    if weights.symbol and file.summary.symbol not in ("", weights.symbol):
        warn(f"the weights were fitted on {weights.symbol}, not on {file.summary.symbol}")


def warn_of_losses(file: FeatureFile) -> None:
    """Say on stderr where the rows do not cover the whole recording."""
    summary = file.summary
    for line in gap_warnings(summary):
        warn(line)
    if file.rows == 0:
        warn("no rows: the recording has no moment of the kind that --every asks for")
    orphans = summary.counts["trades_without_state"]
    if orphans:
        warn(f"{orphans:,} trades have no row: no book in sync came before them")
    waited = summary.counts["joined_deltas"]
    if waited > max(100, summary.states):
        warn(
            f"{waited:,} updates waited for their snapshot and are one row: put its file first"
        )
    if summary.counts["ignored_trades"]:
        warn(
            f"{summary.counts['ignored_trades']:,} trades were left out: told twice, singly and "
            "as aggregates, or replaced by --trades"
        )
    for line in trade_warnings(summary):
        warn(line)
    if summary.counts["crossed"]:
        warn(f"the book was crossed after {summary.counts['crossed']:,} messages")


def trade_warnings(summary: Summary) -> list[str]:
    """Return a line on each thing that keeps features of trades from what they could be."""
    counts = summary.counts
    lines = []
    if counts["reads_trades"] and not counts["kinds"]["trade"]:
        lines.append(
            "there are no trades: their features are NaN; --trades names a file with them"
        )
    if counts["trade_clock"]["regressions"]:
        lines.append(
            f"the clock of trades ran back {counts['trade_clock']['regressions']:,} times"
        )
    if counts["reads_trades"] and counts["trades_unseen"] > TRADES_AHEAD:
        lines.append(
            f"{counts['trades_unseen']:,} trades are later than every state: none saw them"
        )
    return lines


def gap_warnings(summary: Summary) -> list[str]:
    """Return a line on the gaps, and one for each of the first."""
    count = summary.counts["gap_count"]
    if not count:
        return []
    plural = "gap" if count == 1 else "gaps"
    head = f"{count:,} {plural} in the update ids: rows end there until the next proved join"
    return [head, *(describe_gap(gap) for gap in summary.gaps[:GAPS_WARNED])]
