"""``obcore export``."""

from __future__ import annotations

import enum
from typing import Annotated, Any

import typer

from obcore.cli.console import fields, print_json, quantity, stdout, usage_error
from obcore.cli.options import From, Json, Output, StoreFolder, Symbol, To, require_writable
from obcore.data.export import write_npz, write_tardis_csv, write_tardis_trades
from obcore.data.store import Store


class Target(enum.StrEnum):
    """Whose files are written."""

    HFTBACKTEST = "hftbacktest"
    TARDIS = "tardis"
    TARDIS_TRADES = "tardis-trades"


def export(
    store: StoreFolder,
    *,
    output: Output,
    target: Annotated[
        Target, typer.Option("--as", help="Whose files are written.")
    ] = Target.HFTBACKTEST,
    symbol: Symbol = None,
    start: From = None,
    end: To = None,
    json: Json = False,
) -> None:
    """Write one symbol of a store as others read it: hftbacktest's .npz, or CSV of Tardis."""
    require_writable(output, inputs=[])
    found = Store(store)
    if symbol is None and len(found.symbols) > 1:
        msg = f"expected one of {', '.join(found.symbols)}"
        raise usage_error(msg, "--symbol")
    name = found.full_name(symbol or found.symbols[0])
    told: dict[str, Any] = {"path": str(output), "symbol": name, "as": target.value}
    if target is Target.HFTBACKTEST:
        batches = found.batches(name, start, end)
        trades = found.trade_batches(name, start, end)
        told["rows"] = write_npz(batches, trades, output)
    elif target is Target.TARDIS:
        report = write_tardis_csv(found.batches(name, start, end), output, symbol=name)
        told |= {"rows": report.rows, "merged": report.merged}
    else:
        trades = found.trade_batches(name, start, end)
        told["rows"] = write_tardis_trades(trades, output, symbol=name)
    if json:
        print_json(told)
        return
    rows = f"{output}, {told['rows']:,} rows, {quantity(output.stat().st_size, 'B')}"
    lines = [("written", rows)]
    if told.get("merged"):
        lines.append(("note", f"{told['merged']:,} messages share their µs with another"))
    stdout().print(fields(lines))
