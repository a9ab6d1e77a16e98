"""``obcore replay``."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from obcore.book import BookState, ChangePlayer
from obcore.cli.console import (
    fields,
    judged_as,
    print_json,
    quantity,
    stdout,
    usage_error,
    utc,
)
from obcore.cli.options import From, Json, StoreFolder, To
from obcore.data.arguments import parse_time
from obcore.data.changes import rows_of
from obcore.data.parquet import write_features
from obcore.data.store import Store

FRAME_S = 0.1  # between two looks at the table


def replay(
    store: StoreFolder,
    *,
    start: From = None,
    end: To = None,
    symbols: Annotated[
        list[str] | None,
        typer.Option("--symbol", help="Which books; all of them without.", show_default=False),
    ] = None,
    speed: Annotated[
        str, typer.Option(help="Times as fast as it was, or max.", metavar="N|max")
    ] = "max",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write features of one symbol here.", show_default=False
        ),
    ] = None,
    chosen: Annotated[str, typer.Option("--set", help="With -o: which features.")] = "standard",
    every: Annotated[str, typer.Option(help="With -o: when a row is taken.")] = "event",
    json: Json = False,
) -> None:
    """Play a stretch of a store again: as a live table, or into a file of features."""
    for option, text in (("--from", start), ("--to", end)):
        if text is not None:
            with judged_as(option):
                parse_time(text)
    factor = _factor(speed)
    found = Store(store)
    names = [found.full_name(symbol) for symbol in symbols or found.symbols]
    stretch = _Stretch(names, start, end)
    if output is not None:
        _write_features(found, stretch, output, chosen=chosen, every=every, as_json=json)
        return
    _play(found, stretch, factor, as_json=json)


def _factor(speed: str) -> float:
    if speed == "max":
        return float("inf")
    try:
        factor = float(speed)
    except ValueError:
        factor = 0.0
    if not factor > 0:
        msg = f"expected a number above 0 or max, received {speed!r}"
        raise usage_error(msg, "--speed")
    return factor


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Which books, from when to when."""

    names: list[str]
    start: str | None
    end: str | None


def _write_features(
    store: Store, stretch: _Stretch, output: Path, *, chosen: str, every: str, as_json: bool
) -> None:
    if len(stretch.names) != 1:
        msg = f"expected one with -o, received {', '.join(stretch.names)}"
        raise usage_error(msg, "--symbol")
    view = store.view(stretch.names[0], stretch.start, stretch.end)
    file = write_features(view, output, chosen, every=every)
    if as_json:
        print_json({"path": str(output), "rows": file.rows, "columns": file.columns})
        return
    stdout().print(
        fields([("written", f"{output}, {file.rows:,} rows, {quantity(file.size, 'B')}")])
    )


class _Played:
    """The books of a replay as they are now."""

    def __init__(self, store: Store, names: list[str]) -> None:
        self.players = {name: ChangePlayer(store.grid(name)) for name in names}
        self.grids = {name: store.grid(name) for name in names}
        self.changes = self.first_ns = self.now_ns = 0

    def table(self) -> Any:
        from rich.table import Table  # noqa: PLC0415

        table = Table(title=utc(self.now_ns, "ms") if self.now_ns else None)
        table.add_column("symbol", no_wrap=True)
        table.add_column("state")
        for name in ("bid size", "bid", "ask", "ask size"):
            table.add_column(name, justify="right", no_wrap=True)
        for name, player in self.players.items():
            book, grid = player.book(), self.grids[name]
            bid, ask = book.best_bid, book.best_ask
            table.add_row(
                name,
                book.state.name,
                grid.size_text(bid[1]) if bid else "",
                grid.price_text(bid[0]) if bid else "",
                grid.price_text(ask[0]) if ask else "",
                grid.size_text(ask[1]) if ask else "",
            )
        return table


def _play(store: Store, stretch: _Stretch, factor: float, *, as_json: bool) -> None:
    played = _Played(store, stretch.names)
    began = time.monotonic()
    # A replay may be left at any moment; the summary says how far it came.
    with suppress(KeyboardInterrupt):
        _run(store, played, stretch, factor, as_json=as_json)
    seconds = time.monotonic() - began
    document = {
        "changes": played.changes,
        "from_ns": played.first_ns or None,
        "to_ns": played.now_ns or None,
        "seconds": seconds,
        "states": {name: BookState(p.book().state).name for name, p in played.players.items()},
    }
    if as_json:
        print_json(document)
        return
    console = stdout()
    console.print(played.table())
    console.print(f"{played.changes:,} changes in {seconds:.2f} s, up to {utc(played.now_ns)}")


def _run(
    store: Store, played: _Played, stretch: _Stretch, factor: float, *, as_json: bool
) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    console = Console(stderr=True)
    show = console.is_terminal and not as_json
    with Live(console=console, auto_refresh=False, transient=True) as live:
        began = shown = time.monotonic()
        for change in store.replay(stretch.start, stretch.end, symbols=stretch.names):
            if not played.first_ns:
                played.first_ns = change.time_ns
            wait = (change.time_ns - played.first_ns) / 1e9 / factor - (
                time.monotonic() - began
            )
            if wait > 0:
                time.sleep(wait)
            row = change.row
            played.players[change.symbol].play(rows_of(change.batch, row, row + 1))
            played.now_ns = change.time_ns
            played.changes += 1
            if show and time.monotonic() - shown > FRAME_S:
                live.update(played.table(), refresh=True)
                shown = time.monotonic()
