"""``obcore fit-ofi``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from obcore.book import feature_names
from obcore.cli.console import fields, judged_as, print_json, progress, stdout, usage_error
from obcore.cli.live_input import Seconds, received
from obcore.cli.options import (
    BaseUrl,
    Inputs,
    Json,
    Kind,
    Lot,
    Output,
    Symbol,
    Tick,
    open_recording,
    require_writable,
)
from obcore.data.ofi_weights import OfiWeights, fit_ofi_weights


def fit_ofi(
    inputs: Inputs,
    *,
    output: Output,
    symbol: Symbol = None,
    tick: Tick = None,
    lot: Lot = None,
    levels: Annotated[
        int, typer.Option(help="Levels to weigh, from the best on.", min=2, max=10)
    ] = 10,
    window: Annotated[
        str, typer.Option(help="Sum order flow over so many states (20) or so long (1s).")
    ] = "1",
    train: Annotated[
        float, typer.Option(help="Share of the rows to fit on, the first ones.")
    ] = 0.7,
    kind: Kind = "auto",
    duration: Seconds = None,
    base_url: BaseUrl = None,
    json: Json = False,
) -> None:
    """Fit the weights of integrated_ofi to a recording and write them to a JSON file."""
    with judged_as("--window"):
        feature_names(f"ofi_1(window={window})")
    if not 0.0 < train <= 1.0:
        msg = f"expected a share above 0 and at most 1, received {train}"
        raise usage_error(msg, "--train")
    require_writable(output, inputs=inputs)
    inputs = received(inputs, seconds=duration, base_url=base_url, as_json=json)
    recording = open_recording(inputs, symbol=symbol, tick=tick, lot=lot, kind=kind)
    with progress(inputs, as_json=json) as on_read:
        weights = fit_ofi_weights(
            recording, levels=levels, window=window, train=train, on_read=on_read
        )
    weights.save(output)
    if json:
        print_json({"output": str(output), **asdict(weights)})
    else:
        stdout().print(fields([("wrote", str(output)), *rows(weights)]))


def rows(weights: OfiWeights) -> list[tuple[str, str]]:
    """Return what was fitted, as names and values."""
    rest = f"{weights.explained_test:.1%} of the variance of {weights.test_rows:,} rows"
    return [
        ("weights", "  ".join(f"{weight:+.3f}" for weight in weights.weights)),
        ("fitted on", f"{weights.train_rows:,} rows of {weights.symbol}"),
        ("explains", f"{weights.explained_train:.1%} of their variance"),
        ("on the rest", rest if weights.test_rows else "nothing was left to judge on"),
    ]
