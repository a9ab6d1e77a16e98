"""``obcore watch``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from obcore.cli.console import judged_as, plain, print_json, stdout, usage_error
from obcore.cli.options import BaseUrl, Json

if TYPE_CHECKING:
    from rich.table import Table

    from obcore.ingest.feed import Feed

FEATURES = ("spread", "obi_5", "microprice")
REFRESH_S = 0.25
STYLES = {"SYNCED": "green", "UNVERIFIED": "cyan", "BUFFERING": "yellow", "EMPTY": "dim"}


def watch(
    symbols: Annotated[
        list[str],
        typer.Argument(
            help="Books to follow: binance-futures:BTCUSDT, okx:BTC-USDT, kraken:BTC/USD, …",
            metavar="VENUE:SYMBOL...",
            show_default=False,
        ),
    ],
    *,
    seconds: Annotated[
        float | None,
        typer.Option("--for", help="Seconds to watch; until Ctrl-C without.", min=0.1),
    ] = None,
    base_url: BaseUrl = None,
    json: Json = False,
) -> None:
    """Watch live books: top of book, spread, imbalance, microprice, lag and state.

    With --json, the books as they are when the time is up. Exit code 1 where one of them is not
    to be trusted then.
    """
    from obcore.ingest.feed import Feed  # noqa: PLC0415  a heavy library

    if json and seconds is None:
        msg = "--json prints when the time is up: say how long with --for"
        raise usage_error(msg, "--for")
    with judged_as("VENUE:SYMBOL"):
        feed = Feed(symbols, features=FEATURES, base_url=base_url, policy="latest")
    deadline = None if seconds is None else time.monotonic() + seconds
    started = time.monotonic()
    with feed:
        try:
            with _screen(feed, as_json=json) as show:
                while not feed.has_ended and (deadline is None or time.monotonic() < deadline):
                    show()
                    left = REFRESH_S if deadline is None else deadline - time.monotonic()
                    time.sleep(max(0.0, min(REFRESH_S, left)))
        except KeyboardInterrupt:
            if json:
                raise
        rows = [_row(feed, symbol) for symbol in feed.symbols]
    if json:
        print_json({"seconds": time.monotonic() - started, "books": rows})
    else:
        messages = sum(row["messages"] for row in rows)
        gaps = sum(row["gaps"] for row in rows)
        elapsed = time.monotonic() - started
        stdout().print(f"{messages:,} messages in {elapsed:.1f} s, {gaps:,} gaps")
    wrong = [
        f"{row['symbol']}: {row['state']}, {row['reason']}" for row in rows if row["error"]
    ]
    for line in wrong:
        typer.echo(f"error: {plain(line)}", err=True)
    if wrong:
        raise typer.Exit(1)


def _row(feed: Feed, symbol: str) -> dict[str, Any]:
    """Return a book as it is now, ready for JSON."""
    health, book = feed.health(symbol), feed.book(symbol)
    bid, ask, grid = book.best_bid, book.best_ask, book.grid
    counted = asdict(health)
    counted["state"] = health.state.name
    return {
        **counted,
        "error": not health.is_trusted,
        "bid": grid.price_text(bid[0]) if bid else None,
        "bid_size": grid.size_text(bid[1]) if bid else None,
        "ask": grid.price_text(ask[0]) if ask else None,
        "ask_size": grid.size_text(ask[1]) if ask else None,
        **dict(zip(FEATURES, feed.features(symbol).tolist(), strict=True)),
    }


@contextmanager
def _screen(feed: Feed, *, as_json: bool) -> Iterator[Any]:
    if as_json or not sys.stdout.isatty():
        yield lambda: None
        return
    from rich.live import Live  # noqa: PLC0415  an extra, and not needed for --json

    console = stdout()
    with Live(console=console, auto_refresh=False, screen=False) as live:
        seen: dict[str, int] = {}

        def show() -> None:
            rows = [_row(feed, symbol) for symbol in feed.symbols]
            live.update(_table(rows, seen, feed.eta_s), refresh=True)
            seen.update({row["symbol"]: row["messages"] for row in rows})

        yield show


def _table(rows: list[dict[str, Any]], seen: dict[str, int], eta_s: float) -> Table:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    waiting = f"snapshots for {eta_s:.0f} s more, by the venue's budget" if eta_s >= 1 else None
    table = Table(caption=waiting)
    for name in ("book", "state"):
        table.add_column(name, no_wrap=True)
    for name in (
        "bid size",
        "bid",
        "ask",
        "ask size",
        "spread",
        "imbalance 5",
        "microprice",
        "lag ms",
        "msg/s",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("since, and why", overflow="fold")
    for row in rows:
        style = STYLES.get(row["state"], "bold red")
        rate = (row["messages"] - seen.get(row["symbol"], row["messages"])) / REFRESH_S
        table.add_row(
            plain(row["symbol"]),
            Text(row["state"], style=style),
            *[row[name] or "-" for name in ("bid_size", "bid", "ask", "ask_size")],
            *[_number(row[name]) for name in FEATURES],
            "-" if row["lag_ns"] is None else f"{row['lag_ns'] / 1e6:.1f}",
            f"{rate:.0f}",
            _why(row),
        )
    return table


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.8g}"  # noqa: PLR0124  NaN


def _why(row: dict[str, Any]) -> str:
    if row["refusal"]:
        return f"refused: {plain(row['refusal'])}"
    reason = plain(row["reason"])
    if row["since_ns"] is None:
        return reason
    return f"{(time.time_ns() - row['since_ns']) / 1e9:.0f} s: {reason}"
