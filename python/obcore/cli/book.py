"""``obcore book``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from obcore.book import Book, BookState, Side
from obcore.cli.console import (
    fields,
    judged_as,
    plain,
    print_json,
    progress,
    stdout,
    usage_error,
    utc,
)
from obcore.cli.live_input import Seconds, received
from obcore.cli.options import (
    BaseUrl,
    Inputs,
    Json,
    Kind,
    Lot,
    Symbol,
    Tick,
    Uncross,
    open_recording,
)
from obcore.data.arguments import parse_time
from obcore.data.store import Store, is_store

TRUSTED = frozenset({BookState.SYNCED, BookState.UNVERIFIED})


def book(
    inputs: Inputs,
    *,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Last book at or before this time of receipt: ISO 8601 UTC, or s to ns.",
            show_default=False,
        ),
    ] = None,
    sequence: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Last book up to this update id.",
            show_default=False,
            min=0,
            max=2**63 - 1,
        ),
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="The last book; the default.")] = False,
    depth: Annotated[int, typer.Option(help="Levels a side.", min=1)] = 10,
    symbol: Symbol = None,
    tick: Tick = None,
    lot: Lot = None,
    kind: Kind = "auto",
    uncross: Uncross = False,
    duration: Seconds = None,
    base_url: BaseUrl = None,
    json: Json = False,
) -> None:
    """Show the order book as it was at one moment of a recording.

    Exit code 1 where the book was not in sync then: what it held is shown, but is not the market.
    """
    if (at is not None) + (sequence is not None) + end > 1:
        msg = "choose one of --at, --sequence and --end"
        raise usage_error(msg, "--at' / '--sequence")
    if at is not None:
        with judged_as("--at"):
            parse_time(at)
    if len(inputs) == 1 and is_store(inputs[0]):
        found, name, step = _stored(Store(inputs[0]), symbol, at, sequence)
    else:
        inputs = received(inputs, seconds=duration, base_url=base_url, as_json=json)
        recording = open_recording(
            inputs, symbol=symbol, tick=tick, lot=lot, kind=kind, uncross=uncross
        )
        with progress(inputs, as_json=json) as on_read:
            found, summary = recording.book_and_summary(
                at=at, sequence=sequence, on_read=on_read
            )
        name, step = summary.symbol, summary.tick

    trusted = found.state in TRUSTED
    if json:
        print_json({"symbol": name, **book_document(found, depth)})
    else:
        _print(found, name, step, depth)
    if not trusted:
        typer.echo(f"error: this book is not to be trusted: {verdict(found)}", err=True)
        raise typer.Exit(1)


def _stored(
    store: Store, symbol: str | None, at: str | None, sequence: int | None
) -> tuple[Book, str, str]:
    """Return a book of a store, its name and its tick."""
    if symbol is None and len(store.symbols) > 1:
        msg = f"expected one of {', '.join(store.symbols)}"
        raise usage_error(msg, "--symbol")
    name = store.full_name(symbol or store.symbols[0])
    if at is None and sequence is None:
        last = store.manifest(name).recordings[-1].last_ns
        # Behind the last message the recording has ended, and says so.
        at = str((last or 1) - 1)
    book = store.state_at(name, at, sequence=sequence, stale=True)
    return book, name, store.manifest(name).tick


def verdict(book: Book) -> str:
    """Return state and reason in one line."""
    return plain(f"{book.state.name}, {book.reason}")


def book_document(book: Book, depth: int) -> dict[str, Any]:
    """Return a book for JSON: prices and sizes as numbers, with their exact ticks and lots."""
    trusted = book.state in TRUSTED
    document: dict[str, Any] = {"state": book.state.name, "reason": book.reason}
    if not trusted:
        document["error"] = f"not to be trusted: {verdict(book)}"
    return document | {
        "trusted": trusted,
        "crossed": book.is_crossed,
        "locked": book.is_locked,
        "sequence": book.sequence,
        "ts_event_ns": book.ts_event_ns,
        "ts_recv_ns": book.ts_recv_ns,
        "tick": float(book.grid.tick),
        "lot": float(book.grid.lot),
        "bid_levels": book.count(Side.BID),
        "ask_levels": book.count(Side.ASK),
        "bids": _levels(book, Side.BID, depth),
        "asks": _levels(book, Side.ASK, depth),
    }


def _levels(book: Book, side: Side, depth: int) -> list[dict[str, float]]:
    grid = book.grid
    return [
        {"price": grid.price(ticks), "size": grid.size(lots), "ticks": ticks, "lots": lots}
        for ticks, lots in book.top(side, depth).tolist()
    ]


def book_table(book: Book, depth: int) -> Any:
    """Return the best levels of both sides as a table of exact decimal text, best on top."""
    from rich.table import Table  # noqa: PLC0415  an extra, and not needed for --json

    trusted = book.state in TRUSTED
    table = Table(title=None if trusted else "not to be trusted", title_style="bold red")
    for name, style in (
        ("bid size", ""),
        ("bid", "green"),
        ("ask", "red"),
        ("ask size", ""),
    ):
        table.add_column(name, justify="right", style=style, no_wrap=True)
    bids, asks = _texts(book, Side.BID, depth), _texts(book, Side.ASK, depth)
    for row in range(max(len(bids), len(asks))):
        bid_price, bid_size = bids[row] if row < len(bids) else ("", "")
        ask_price, ask_size = asks[row] if row < len(asks) else ("", "")
        table.add_row(bid_size, bid_price, ask_price, ask_size)
    return table


def _texts(book: Book, side: Side, depth: int) -> list[tuple[str, str]]:
    grid = book.grid
    levels = book.top(side, depth).tolist()
    return [(grid.price_text(ticks), grid.size_text(lots)) for ticks, lots in levels]


def _print(book: Book, name: str, tick: str, depth: int) -> None:
    counts = f"{book.count(Side.BID):,} bids, {book.count(Side.ASK):,} asks"
    touch = "crossed" if book.is_crossed else "locked" if book.is_locked else "open"
    console = stdout()
    console.print(
        fields(
            [
                ("state", verdict(book)),
                ("instrument", f"{name or 'unnamed'}, tick {tick}"),
                ("received", utc(book.ts_recv_ns)),
                ("venue time", utc(book.ts_event_ns)),
                ("update id", "none" if book.sequence is None else str(book.sequence)),
                ("levels", f"{counts}, touch {touch}"),
            ]
        )
    )
    console.print(book_table(book, depth))
