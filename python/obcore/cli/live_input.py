"""Live sources where a command takes recordings: received into a file, and read from there."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from obcore.cli.console import judged_as, usage_error
from obcore.data.store import is_store

Seconds = Annotated[
    float | None,
    typer.Option(
        "--for",
        help="Where INPUT is live: how many seconds to receive, once the book is in sync.",
        min=0.1,
        show_default=False,
    ),
]


def parse_input(text: str) -> Path:
    """Return the path of a file that can be read, or of a live source by its name.

    A live source is ``venue:SYMBOL``, where there is no file of that name.
    """
    path = Path(text)
    if is_live(path):
        return path
    if not path.exists():
        live = "; a live source is VENUE:SYMBOL, such as binance-futures:BTCUSDT"
        msg = f"File '{text}' does not exist{live if ':' in text else ''}."
        raise typer.BadParameter(msg)
    if path.is_dir() and not is_store(path):
        msg = f"File '{text}' is a directory."
        raise typer.BadParameter(msg)
    return path


def is_live(path: Path) -> bool:
    """Whether an input is a live source, and no file."""
    venue, colon, symbol = str(path).partition(":")
    if not colon or not symbol or path.exists():
        return False
    from obcore.ingest.venues import VENUES  # noqa: PLC0415  a heavy library

    return venue in VENUES


def received(
    inputs: list[Path], *, seconds: float | None, base_url: str | None, as_json: bool
) -> list[Path]:
    """Return the inputs as files: what is live is received first, for so many seconds.

    The file goes when the command ends. Ctrl-C ends the receiving, and the command goes on with
    what there is.
    """
    if not any(map(is_live, inputs)):
        if seconds is not None:
            msg = "no INPUT is live"
            raise usage_error(msg, "--for")
        return inputs
    if len(inputs) > 1:
        msg = "expected one live source alone, or files"
        raise usage_error(msg, "INPUT")
    if seconds is None:
        msg = "a live source has no end: say how many seconds to receive"
        raise usage_error(msg, "--for")
    folder = Path(tempfile.mkdtemp(prefix="obcore-live-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / str(inputs[0]).replace(":", "_").replace("/", "-")
    _receive(str(inputs[0]), file, seconds, base_url, as_json=as_json)
    return [file]


def _receive(
    symbol: str, file: Path, seconds: float, base_url: str | None, *, as_json: bool
) -> None:
    from obcore.ingest.capture import CaptureWriter  # noqa: PLC0415  a heavy library
    from obcore.ingest.feed import Feed  # noqa: PLC0415

    with file.open("wb") as out:
        tap = CaptureWriter(out)
        with judged_as("INPUT"):
            feed = Feed(symbol, base_url=base_url, policy="latest", tap=tap)
        with feed, _bar(symbol, seconds, as_json=as_json) as show:
            try:
                feed.wait_synced(max(30.0, feed.settings.first_message_s))
                start = time.monotonic()
                while (passed := time.monotonic() - start) < seconds and not feed.has_ended:
                    show(passed, tap.frames)
                    time.sleep(min(0.25, seconds - passed))
            except KeyboardInterrupt:
                pass  # the command goes on with what there is


@contextmanager
def _bar(
    symbol: str, seconds: float, *, as_json: bool
) -> Iterator[Callable[[float, int], None]]:
    """Show how long it still receives, where somebody would see it."""
    if as_json or not sys.stderr.isatty():
        yield lambda _passed, _frames: None
        return
    from rich import progress as bars  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415

    columns = (
        bars.TextColumn("receiving {task.description}", markup=False),
        bars.BarColumn(),
        bars.TextColumn("{task.fields[frames]:,} frames"),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(symbol, total=seconds, frames=0)
        yield lambda passed, frames: bar.update(task, completed=passed, frames=frames)
