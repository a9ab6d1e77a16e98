"""``obcore demo``."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import typer

from obcore.cli.console import fields, print_json, quantity, stdout, usage_error
from obcore.cli.features import feature_rows, features_document
from obcore.cli.inspect import inspect_document, print_findings, sync_verdict
from obcore.cli.options import Json, require_writable
from obcore.cli.plot import draw_features, draw_recording
from obcore.data.parquet import (
    TIME_COLUMNS,
    FeatureFile,
    read_features,
    require_pyarrow,
    write_features,
)
from obcore.data.recording import Recording
from obcore.data.sample import sample
from obcore.data.table import Summary

Result = TypeVar("Result")


def demo(
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder to write to.", file_okay=False)
    ] = Path("obcore-demo"),
    json: Json = False,
) -> None:
    """Do the whole job on the bundled recording: inspect, replay, features, pictures."""
    started = time.perf_counter()
    require_pyarrow()
    table, lines, depth = files = [
        output / name for name in ("features.parquet", "features.png", "heatmap.png")
    ]
    _make_folder(output, files)
    recording = Recording(sample())

    _say("What is in the bundled recording? (obcore inspect)", quiet=json)
    (book, summary), replay_s = _timed(recording.book_and_summary)
    if not json:
        print_findings(book, summary)

    say = "Every state of the book to features (obcore features --set 'all, stateful')"
    _say(say, quiet=json)
    file, write_s = _timed(lambda: write_features(recording, table, "all, stateful"))
    if not json:
        stdout().print(fields(feature_rows(file, write_s)))

    _say("Two pictures (obcore plot)", quiet=json)
    draw_features(table, lines)
    draw_recording(recording, depth, as_json=True)
    seconds = time.perf_counter() - started
    if json:
        document = {
            "files": [str(path) for path in files],
            "inspect": inspect_document(book, summary),
            "features": features_document(file, write_s),
            "replay_seconds": replay_s,
            "seconds": seconds,
        }
        print_json(document)
        return
    stdout().print(fields([("wrote", _file(lines)), ("wrote", _file(depth))]))
    _print_panel(
        [
            *_findings(file),
            ("replay", _speed(summary, replay_s, "to the book alone")),
            ("features", _speed(summary, write_s, "to Parquet")),
            ("altogether", f"{seconds:.1f} s, pictures included"),
            *[("file", _file(path)) for path in files],
        ]
    )


def _make_folder(folder: Path, files: list[Path]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"the folder cannot be made: {error}"
        raise usage_error(msg, "-o") from None
    for path in files:
        require_writable(path, inputs=[])


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def _say(line: str, *, quiet: bool) -> None:
    if not quiet:
        stdout().print(f"\n{line}", style="bold cyan")


def _findings(file: FeatureFile) -> list[tuple[str, str]]:
    columns, _ = read_features(file.path, ["mid_price", "spread"])
    mid, summary = columns["mid_price"], file.summary
    first, last, low, high = (
        f"{price:.10g}" for price in (mid[0], mid[-1], mid.min(), mid.max())
    )
    spread = np.rint(columns["spread"] / float(summary.tick))
    one_tick = np.mean(spread == 1)
    states = f"{file.rows:,} states, {len(file.columns) - len(TIME_COLUMNS)} features each"
    return [
        ("instrument", f"{summary.symbol}, {states}"),
        ("sync", f"{sync_verdict(summary)}, {summary.counts['gap_count']:,} gaps"),
        ("mid price", f"{first} at first, {last} at last, between {low} and {high}"),
        ("spread", f"1 tick in {one_tick:.2%} of the states, at most {spread.max():.0f} ticks"),
    ]


def _speed(summary: Summary, seconds: float, what: str) -> str:
    read, messages = summary.counts["bytes"], summary.counts["messages"]
    rates = f"{quantity(read / seconds, 'B')}/s, {messages / seconds:,.0f} messages/s"
    return f"{quantity(read, 'B')} of JSON {what} in {seconds:.3f} s: {rates}"


def _file(path: Path) -> str:
    return f"{path}, {quantity(path.stat().st_size, 'B')}"


def _print_panel(rows: list[tuple[str, str]]) -> None:
    from rich.panel import Panel  # noqa: PLC0415  an extra, and not needed for --json

    console = stdout()
    console.print()
    console.print(Panel(fields(rows), title="obcore demo", expand=False))
