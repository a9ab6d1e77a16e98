"""``obcore record``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from obcore.cli.console import (
    judged_as,
    plain,
    print_json,
    quantity,
    stdout,
    usage_error,
    warn,
)
from obcore.cli.options import BaseUrl, Json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from obcore.data.recorder import Recorder
    from obcore.ingest.feed import Feed

REFRESH_S = 0.25
STYLES = {"SYNCED": "green", "UNVERIFIED": "cyan", "BUFFERING": "yellow", "EMPTY": "dim"}
_UNITS = {"k": 10, "M": 20, "G": 30}


def _parse_size(text: str) -> int:
    """Return bytes: 256M, 1G, 65536."""
    digits, shift = (text[:-1], _UNITS[text[-1]]) if text[-1:] in _UNITS else (text, 0)
    if not digits.isascii() or not digits.isdigit() or int(digits) == 0:
        msg = f"expected bytes as 65536, 64k, 256M or 1G, received {text!r}"
        raise typer.BadParameter(msg)
    return int(digits) << shift


def record(
    symbols: Annotated[
        list[str],
        typer.Argument(
            help="Books to record: binance-futures:BTCUSDT, okx:BTC-USDT, kraken:BTC/USD, …",
            metavar="VENUE:SYMBOL...",
            show_default=False,
        ),
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The directory to record into; a recording that is there goes on.",
            metavar="DIR",
            file_okay=False,
            show_default=False,
        ),
    ],
    duration: Annotated[
        float | None,
        typer.Option(help="Seconds to record; until Ctrl-C without.", min=0.1),
    ] = None,
    channels: Annotated[
        str,
        typer.Option(help="depth and trades, or the venue's own words, with commas between."),
    ] = "depth,trades",
    segment_size: Annotated[
        int,
        typer.Option(
            help="Bytes at which a segment ends: 64k, 256M, 1G.",
            parser=_parse_size,
            metavar="SIZE",
        ),
    ] = "256M",  # type: ignore[assignment]  # the parser reads it
    queue_size: Annotated[
        int,
        typer.Option(
            help="Bytes that may wait for the disk.", parser=_parse_size, metavar="SIZE"
        ),
    ] = "64M",  # type: ignore[assignment]
    base_url: BaseUrl = None,
    json: Json = False,
) -> None:
    """Record live books: every frame as it was received, in segments that survive a kill.

    Every command reads the directory. Exit code 1 where frames could not be written.
    """
    from obcore.data.recorder import Recorder  # noqa: PLC0415  commands start without it
    from obcore.ingest.feed import Feed  # noqa: PLC0415  a heavy library

    words = [word.strip() for word in channels.split(",") if word.strip()]
    if not words:
        msg = "expected at least one channel, received none"
        raise usage_error(msg, "--channels")
    recorder = Recorder(output, segment_size=segment_size, queue_size=queue_size)
    with judged_as("VENUE:SYMBOL"):
        feed = Feed(symbols, channels=words, base_url=base_url, policy="latest", tap=recorder)
    started = time.monotonic()
    with recorder:
        _tell_repairs(recorder)
        with feed:
            recorder.note(feed)
            _wait(feed, recorder, duration, as_json=json)
            recorder.note(feed)
            states = {symbol: feed.health(symbol).state.name for symbol in feed.symbols}
    document = {
        "directory": str(output),
        "seconds": time.monotonic() - started,
        "state": recorder.state,
        "error": recorder.error or None,
        "frames": recorder.frames,
        "bytes_written": recorder.bytes_written,
        "lost": recorder.lost,
        "repaired": [
            {
                "segment": segment.name,
                "torn_bytes": segment.torn_bytes,
                "damage": segment.damage,
            }
            for segment in recorder.repaired
        ],
        "books": states,
    }
    if json:
        print_json(document)
    else:
        written = quantity(recorder.bytes_written, "B")
        stdout().print(
            f"{recorder.frames:,} frames in {written}, {recorder.lost:,} lost: {output}"
        )
    if recorder.lost or recorder.state != "closed":
        reason = f": {recorder.error}" if recorder.error else ""
        typer.echo(
            f"error: {recorder.lost:,} frames could not be written{plain(reason)}", err=True
        )
        raise typer.Exit(1)


def _tell_repairs(recorder: Recorder) -> None:
    for segment in recorder.repaired:
        if segment.torn_bytes:
            warn(f"{segment.name}: a torn tail of {segment.torn_bytes:,} bytes was cut off")
        if segment.damage:
            warn(f"{segment.name}: damaged, and left as it is: {segment.damage}")


def _wait(feed: Feed, recorder: Recorder, duration: float | None, *, as_json: bool) -> None:
    """Record until the time is up, the feed ends or somebody stops it."""
    deadline = None if duration is None else time.monotonic() + duration
    try:
        with _screen(feed, recorder, as_json=as_json) as show:
            while not feed.has_ended and (deadline is None or time.monotonic() < deadline):
                show()
                recorder.note(feed)
                left = REFRESH_S if deadline is None else deadline - time.monotonic()
                time.sleep(max(0.0, min(REFRESH_S, left)))
    except KeyboardInterrupt:
        pass  # the usual end: what is queued is written, and the manifest closed


@contextmanager
def _screen(feed: Feed, recorder: Recorder, *, as_json: bool) -> Iterator[Any]:
    if as_json or not sys.stdout.isatty():
        yield lambda: None
        return
    from rich.live import Live  # noqa: PLC0415  an extra, and not needed for --json

    with Live(console=stdout(), auto_refresh=False, screen=False) as live:
        seen: dict[str, int] = {}

        def show() -> None:
            live.update(_table(feed, recorder, seen), refresh=True)
            seen.update({symbol: feed.health(symbol).messages for symbol in feed.symbols})

        yield show


def _table(feed: Feed, recorder: Recorder, seen: dict[str, int]) -> RenderableType:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    disk = (
        recorder.state
        if recorder.state == "recording"
        else f"{recorder.state}: {recorder.error}"
    )
    written, queued = (
        quantity(recorder.bytes_written, "B"),
        quantity(recorder.queued_bytes, "B"),
    )
    table = Table(
        caption=f"{recorder.frames:,} frames, {written}, {queued} queued, {recorder.lost:,} lost; "
        f"disk: {plain(disk)}"
    )
    table.add_column("book", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("msg/s", justify="right", no_wrap=True)
    table.add_column("gaps", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for symbol in feed.symbols:
        health = feed.health(symbol)
        name = health.state.name
        rate = (health.messages - seen.get(symbol, health.messages)) / REFRESH_S
        why = f"refused: {health.refusal}" if health.refusal else health.reason
        table.add_row(
            plain(symbol),
            Text(name, style=STYLES.get(name, "bold red")),
            f"{rate:.0f}",
            f"{health.gaps:,}",
            plain(why),
        )
    return table
