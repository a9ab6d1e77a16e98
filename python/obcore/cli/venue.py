"""``obcore venue``: recordings served as a venue serves them, on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from obcore.cli.console import fields, judged_as, print_json, stdout, usage_error
from obcore.cli.options import Json

if TYPE_CHECKING:
    from obcore.venue import LocalVenue

_REFRESH_S = 0.1


Recordings = Annotated[
    list[Path],
    typer.Argument(
        help="Recorded files, plain or gzip, of one venue or several.",
        exists=True,
        dir_okay=False,
        readable=True,
        show_default=False,
        metavar="RECORDING",
    ),
]


def venue(
    recordings: Recordings,
    *,
    speed: Annotated[
        str, typer.Option(help="Times as fast as recorded, or max: as fast as clients read.")
    ] = "1",
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="KIND:PROBABILITY or KIND:#NUMBER,…, then :VALUE and @MARKET/CHANNEL if wanted;"
            " may be given several times.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of faults and made-up arrivals.")] = 0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    start: Annotated[
        str, typer.Option(help="When to play: subscriber (at the first) or now.")
    ] = "subscriber",
    start_when: Annotated[
        int, typer.Option(min=1, help="How many subscriptions to wait for.")
    ] = 1,
    copies: Annotated[
        int, typer.Option(min=1, help="Serve each symbol so many times under made-up names.")
    ] = 1,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            help="Messages a second at Poisson arrivals, in place of recorded times.",
            show_default=False,
        ),
    ] = None,
    relay_key: Annotated[
        str | None,
        typer.Option(help="The key that the relay's clients must show.", show_default=False),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when all is played.")] = False,
    json: Json = False,
) -> None:
    """Serve recordings as their venues do, over REST and WebSocket on this machine."""
    from obcore.venue import LocalVenue, Settings  # noqa: PLC0415  it needs aiohttp

    if start not in ("subscriber", "now"):
        msg = f"expected subscriber or now, received {start!r}"
        raise usage_error(msg, "--start")
    with judged_as("--fault"):
        served = LocalVenue(
            recordings,
            speed=_speed(speed),
            faults=fault or (),
            seed=seed,
            start=start,
            start_when=start_when,
            host=host,
            port=port,
            copies=copies,
            arrivals="poisson" if rate is not None else "recorded",
            rate=rate or 1.0,
            settings=Settings(relay_key=relay_key),
        )
    # Ctrl-C is how a venue is meant to end: it is no failure.
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(served, once=once, as_json=json))
    _print_summary(served, as_json=json)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not speed > 0.0:
        msg = f"expected a positive number or max, received {text!r}"
        raise usage_error(msg, "--speed")
    return speed


async def _serve(served: LocalVenue, *, once: bool, as_json: bool) -> None:
    async with served:
        _print_urls(served, as_json=as_json)
        watching = asyncio.create_task(_watch(served, quiet=as_json))
        try:
            await served.finished()
            if not once:
                await asyncio.Event().wait()
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching


def _print_urls(served: LocalVenue, *, as_json: bool) -> None:
    if as_json:
        document: dict[str, Any] = {
            "port": served.port,
            "venues": {
                name: {"ws": served.url(name, "ws"), "http": served.url(name, "http")}
                for name in served.venues
            },
            "symbols": served.hub.markets,
            "messages": served.length,
        }
        print_json(document)
        sys.stdout.flush()
        return
    rows = [(name, f"{served.url(name)}  {served.url(name, 'http')}") for name in served.venues]
    symbols = [(market, _some(names)) for market, names in served.hub.markets.items()]
    console = stdout()
    console.print(fields(rows))
    console.print("Symbols", style="bold cyan")
    console.print(fields([*symbols, ("messages", f"{served.length:,}")]))


def _some(names: list[str], most: int = 12) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


async def _watch(served: LocalVenue, *, quiet: bool) -> None:
    """Show how far the tape has played, where somebody would see it."""
    if quiet or not sys.stderr.isatty():
        return
    from rich import progress as bars  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        bars.TextColumn("{task.fields[clients]} clients, {task.fields[sent]:,} sent"),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("playing", total=served.length, clients=0, sent=0)
        while True:
            hub = served.hub
            bar.update(task, completed=hub.position, clients=len(hub.sessions), sent=hub.sent)
            await asyncio.sleep(_REFRESH_S)


def _print_summary(served: LocalVenue, *, as_json: bool) -> None:
    hub, counts = served.hub, dict(sorted(served.faults.counts.items()))
    if as_json:
        document = {"played": hub.position, "sent": hub.sent, "faults": counts}
        print_json(document)
        return
    done = ", ".join(f"{kind} {count:,}" for kind, count in counts.items()) or "none"
    rows = [
        ("played", f"{hub.position:,} of {served.length:,} messages"),
        ("sent", f"{hub.sent:,} messages"),
        ("faults", done),
    ]
    stdout().print(fields(rows))
