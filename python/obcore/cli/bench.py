"""``obcore bench``."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from obcore.cli.bench_tables import print_document
from obcore.cli.console import fields, print_json, stdout, usage_error, warn
from obcore.cli.options import Json, require_writable
from obcore.cli.preload import restart_with_cpp_library
from obcore.data.sample import sample

if TYPE_CHECKING:
    from rich.progress import Progress

    from obcore.bench.program import Program

WORKLOADS = ("w1", "w2", "w3", "w4", "w5")


def bench(
    recordings: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Recordings of Binance JSON to race on, instead of the bundled one.",
            exists=True,
            dir_okay=False,
            readable=True,
            show_default=False,
            metavar="[RECORDING]...",
        ),
    ] = None,
    *,
    peers: Annotated[
        bool, typer.Option("--peers", help="Race the other order books too: see docs/bench.md.")
    ] = False,
    workload: Annotated[
        str, typer.Option(help="Which work, with commas: w1, w2, w3, w4, w5.")
    ] = ",".join(WORKLOADS),
    levels: Annotated[
        str,
        typer.Option(help="Levels a side of the made-up streams, with commas; '' for none."),
    ] = "1000",
    spacing: Annotated[
        str, typer.Option(help="Ticks between their prices, with commas; 16 is a sparse book.")
    ] = "1",
    updates: Annotated[
        int, typer.Option(help="Level updates of a made-up stream.", min=1)
    ] = 100_000,
    drift: Annotated[
        float, typer.Option(help="Ticks that their mid drifts a message.", min=-1.0, max=1.0)
    ] = 0.06,
    seed: Annotated[int, typer.Option(help="Of streams and of the rounds' order.", min=0)] = 7,
    rounds: Annotated[int, typer.Option(help="How often each is timed.", min=1)] = 9,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A folder for race.json and race.png.",
            file_okay=False,
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Race obcore against the machine, and with --peers against other order books."""
    from obcore.bench.program import Program, Settings  # noqa: PLC0415  measures alone need it

    settings = Settings(
        workloads=_workloads(workload),
        levels=_integers(levels, "--levels", least=20, most=10_000),
        spacings=_integers(spacing, "--spacing", least=1, most=1_000),
        updates=updates,
        drift=drift,
        seed=seed,
        recordings=tuple(recordings or [sample()]),
        rounds=rounds,
        peers=peers,
    )
    files = [] if output is None else _files_in(output)
    if peers:
        restart_with_cpp_library()
    program = Program(settings)
    with _steps(program, as_json=json) as program.on_step:
        program.run()
    document = program.document()
    if files:
        _write(document, *files)
    if json:
        print_json({**document, "files": [str(path) for path in files]})
    else:
        print_document(document)
        if files:
            stdout().print(fields([("wrote", str(path)) for path in files]))
    if document["interrupted"]:
        warn("interrupted: only what was measured before is shown")
        raise typer.Exit(1)


def _workloads(text: str) -> tuple[str, ...]:
    chosen = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    unknown = [part for part in chosen if part not in WORKLOADS]
    if unknown or not chosen:
        msg = (
            f"expected some of {', '.join(WORKLOADS)}, received {', '.join(unknown) or 'none'}"
        )
        raise usage_error(msg, "--workload")
    return chosen


def _integers(text: str, option: str, *, least: int, most: int) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for part in parts:
        if not part.isdecimal() or not least <= int(part) <= most:
            msg = f"expected integers from {least:,} to {most:,}, received {part}"
            raise usage_error(msg, option)
    return tuple(int(part) for part in parts)


def _files_in(folder: Path) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"the folder cannot be made: {error}"
        raise usage_error(msg, "-o") from None
    files = [folder / "race.json", folder / "race.png"]
    for path in files:
        require_writable(path, inputs=[])
    return files


def _write(document: dict[str, Any], table: Path, picture: Path) -> None:
    from obcore.plot import race_figure, save_figure  # noqa: PLC0415  a heavy library

    table.write_text(json_text.dumps(document, indent=1) + "\n", encoding="utf-8")
    save_figure(race_figure(document), picture)


@contextmanager
def _steps(program: Program, *, as_json: bool) -> Iterator[Callable[[str], None]]:
    """Show which step is under way, where somebody would see it."""
    if as_json or not sys.stderr.isatty():
        yield lambda _: None
        return
    bar = _bar()
    with bar:
        task = bar.add_task("", total=program.steps)

        def on_step(what: str) -> None:
            bar.update(task, description=what, advance=1)

        yield on_step


def _bar() -> Progress:
    from rich import progress as bars  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415

    columns = (
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        bars.TimeElapsedColumn(),
        bars.TextColumn("{task.description}", markup=False),
    )
    return bars.Progress(*columns, console=Console(stderr=True), transient=True)
