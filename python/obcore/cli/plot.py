"""``obcore plot``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from obcore.cli.console import (
    fields,
    print_json,
    progress,
    quantity,
    stdout,
    usage_error,
    warn,
)
from obcore.cli.live_input import Seconds, parse_input, received
from obcore.cli.options import (
    BaseUrl,
    Json,
    Kind,
    Lot,
    Output,
    Symbol,
    Tick,
    Uncross,
    open_recording,
    require_writable,
)
from obcore.data.parquet import is_parquet, read_features
from obcore.data.recording import Recording


def plot(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            help="A file made by obcore features, recorded files, or a live source with --for.",
            parser=parse_input,
            show_default=False,
            metavar="INPUT",
        ),
    ],
    *,
    output: Output,
    heatmap: Annotated[
        bool,
        typer.Option("--heatmap", help="Draw the depth, also of a file made by features."),
    ] = False,
    symbol: Symbol = None,
    tick: Tick = None,
    lot: Lot = None,
    kind: Kind = "auto",
    uncross: Uncross = False,
    duration: Seconds = None,
    base_url: BaseUrl = None,
    json: Json = False,
) -> None:
    """Draw what a features file holds over time, or the depth of a recording."""
    require_writable(output, inputs=inputs)
    require_picture_format(output)
    inputs = received(inputs, seconds=duration, base_url=base_url, as_json=json)
    tables = [path.is_file() and is_parquet(path) for path in inputs]
    if any(tables) and len(inputs) > 1:
        msg = "expected one features file, or recordings only"
        raise usage_error(msg, "INPUT")
    if not all(path.is_file() for path in inputs):
        msg = "expected files, received a pipe: a picture takes two passes"
        raise usage_error(msg, "INPUT")
    recording = open_recording(
        inputs, symbol=symbol, tick=tick, lot=lot, kind=kind, uncross=uncross
    )

    missing: list[str] = []
    if not any(tables):
        draw_recording(recording, output, as_json=json)
    elif heatmap:
        draw_depth(inputs[0], output)
    else:
        missing = draw_features(inputs[0], output)

    if missing:
        warn(f"not in {inputs[0].name}, so not drawn: {', '.join(missing)}")
    size = output.stat().st_size
    if json:
        print_json({"output": str(output), "bytes": size, "missing": missing})
    else:
        stdout().print(fields([("wrote", f"{output}, {quantity(size, 'B')}")]))


def require_picture_format(output: Path) -> None:
    """Raise a usage error where the file's ending names no picture format."""
    from obcore.plot import picture_formats  # noqa: PLC0415  matplotlib takes half a second

    if output.suffix[1:].lower() not in picture_formats():
        msg = f"expected a name that ends in .png or .svg, received {output}"
        raise usage_error(msg, "-o")


def draw_recording(recording: Recording, output: Path, *, as_json: bool) -> None:
    """Write a picture of a recording's depth over time."""
    from obcore.plot import depth_grid, heatmap_figure, save_figure  # noqa: PLC0415

    with progress(recording.inputs, as_json=as_json, passes=2) as on_read:
        columns, metadata = depth_grid(recording, on_read=on_read)
    name = ", ".join(path.name for path in recording.inputs)
    save_figure(heatmap_figure(columns, metadata, name=name), output)


def draw_depth(table: Path, output: Path) -> None:
    """Write a picture of the depth over time that a features file holds."""
    from obcore.plot import heatmap_figure, level_names, save_figure  # noqa: PLC0415

    columns, metadata = read_features(table, level_names())
    save_figure(heatmap_figure(columns, metadata, name=table.name), output)


def draw_features(table: Path, output: Path) -> list[str]:
    """Write a picture of a features file; return the features that it would also draw."""
    from obcore.plot import (  # noqa: PLC0415
        FEATURES,
        features_figure,
        missing_features,
        save_figure,
    )

    columns, metadata = read_features(table, FEATURES)
    save_figure(features_figure(columns, metadata, name=table.name), output)
    return missing_features(columns)
