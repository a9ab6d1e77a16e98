"""``obcore sql``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from obcore.cli.console import plain, print_json, stdout
from obcore.cli.options import Json, StoreFolder
from obcore.data.store import Store

ROWS_SHOWN = 100


def sql(
    query: Annotated[str, typer.Argument(help="What to ask.", show_default=False)],
    store: StoreFolder,
    *,
    rows: Annotated[
        int, typer.Option(help="Rows to show; 0: all of them.", min=0)
    ] = ROWS_SHOWN,
    json: Json = False,
) -> None:
    """Ask a store in SQL.

    Tables: depth (a row a message), levels (a row a level), bbo, trades, gaps, instruments.
    Prices and sizes are decimal in levels, bbo and trades, integer ticks and lots in depth.
    """
    result = Store(store).sql(query)
    columns = result.columns if result is not None else []
    found = [] if result is None else result.fetchmany(rows) if rows else result.fetchall()
    if json:
        print_json(
            {"columns": columns, "rows": [list(map(_plain_value, row)) for row in found]}
        )
        return
    from rich.table import Table  # noqa: PLC0415

    table = Table()
    for name in columns:
        table.add_column(name, no_wrap=True)
    for row in found:
        table.add_row(*(plain(str(value)) for value in row))
    console = stdout()
    console.print(table)
    if rows and len(found) == rows:
        console.print(f"the first {rows:,} rows; --rows 0 shows all of them")


def _plain_value(value: Any) -> Any:
    return value if isinstance(value, (int, float, str, bool, list, type(None))) else str(value)
