"""``obcore bench-feeds``."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from obcore.cli.console import plain, print_json, stdout, usage_error
from obcore.cli.options import Json
from obcore.data.sample import sample

if TYPE_CHECKING:
    from obcore.bench.feeds.program import FeedRace

STYLES = {"own": "bold green", "peer": "", "floor": "red"}
KNOWN = "floor, obcore, obcore-events, cryptofeed, ccxt, python-binance, unicorn"


def bench_feeds(
    recording: Annotated[
        Path | None,
        typer.Argument(
            help="A recording of Binance JSON to play, instead of the bundled one.",
            exists=True,
            dir_okay=False,
            readable=True,
            show_default=False,
            metavar="[RECORDING]",
        ),
    ] = None,
    *,
    symbols: Annotated[int, typer.Option(help="Books, each the recorded one.", min=1)] = 100,
    rate: Annotated[
        float, typer.Option(help="Messages a second, all books together.", min=1.0)
    ] = 2000.0,
    seconds: Annotated[float, typer.Option(help="Of each phase.", min=0.1)] = 5.0,
    rounds: Annotated[int, typer.Option(help="How often each entrant runs.", min=1)] = 3,
    seed: Annotated[int, typer.Option(help="Of arrivals and of the rounds' order.", min=0)] = 7,
    entrants: Annotated[
        str | None,
        typer.Option(help=f"Who, with commas; all without. {KNOWN}.", show_default=False),
    ] = None,
    undisturbed: Annotated[
        bool,
        typer.Option(
            "--undisturbed",
            help="Before all other programs while latencies are taken (SCHED_FIFO, for root).",
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A folder for feeds.json.",
            file_okay=False,
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Race live feeds against each other, over real sockets on this machine."""
    from obcore.bench.feeds.entrant import ENTRANTS  # noqa: PLC0415  measures alone need it
    from obcore.bench.feeds.program import FeedRace, Settings  # noqa: PLC0415

    known = [entrant.key for entrant in ENTRANTS]
    chosen = known if entrants is None else [part.strip() for part in entrants.split(",")]
    unknown = [key for key in chosen if key not in known]
    if unknown:
        msg = f"expected some of {', '.join(known)}, received {', '.join(unknown)}"
        raise usage_error(msg, "--entrants")
    race = FeedRace(
        Settings(
            recording=recording or sample(),
            symbols=symbols,
            rate=rate,
            seconds=seconds,
            rounds=rounds,
            seed=seed,
            entrants=tuple(chosen),
            undisturbed=undisturbed,
        )
    )
    with _steps(race, as_json=json) as race.on_step:
        race.run()
    document = race.document()
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        text = json_text.dumps(document, indent=1, ensure_ascii=False) + "\n"
        (output / "feeds.json").write_text(text, encoding="utf-8")
    if json:
        print_json(document)
    else:
        _print(document)
    if document["interrupted"]:
        raise typer.Exit(1)


@contextmanager
def _steps(race: FeedRace, *, as_json: bool) -> Iterator[Callable[[str], None]]:
    """Show which step is under way, where somebody would see it."""
    if as_json or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich import progress as bars  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415

    columns = (
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        bars.TextColumn("{task.description}", markup=False),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=race.steps)
        yield lambda what: bar.update(task, description=what, advance=1)


def _print(document: dict[str, Any]) -> None:
    from rich.table import Table  # noqa: PLC0415  an extra, and not needed for --json

    from obcore.bench.feeds import table as texts  # noqa: PLC0415

    shown = Table()
    last = len(texts.HEADINGS) - 1
    for i, heading in enumerate(texts.HEADINGS):
        shown.add_column(heading, justify="right" if 0 < i < last else "left")
    for role, cells in texts.rows(document):
        shown.add_row(*cells, style=STYLES[role])
    console = stdout()
    console.print(shown)
    for line in texts.lines(document):
        console.print(plain(line))
