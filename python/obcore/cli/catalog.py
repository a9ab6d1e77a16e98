"""``obcore catalog``."""

from __future__ import annotations

from dataclasses import asdict

from obcore import features
from obcore.cli.console import print_json, stdout
from obcore.cli.options import Json


def catalog(*, json: Json = False) -> None:
    """List every feature: name, formula, unit and source."""
    rows = features.catalog()
    if json:
        document = {"sets": features.SETS, "features": [asdict(row) for row in rows]}
        print_json(document)
        return

    from rich.table import Table  # noqa: PLC0415  an extra, and not needed for --json

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("name", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    table.add_column("formula", overflow="fold")
    table.add_column("source", overflow="fold")
    for row in rows:
        table.add_row(_called(row), row.unit, row.formula, row.source)
    console = stdout()
    console.print(table)
    console.print()
    for name, content in features.SETS.items():
        console.print(f"--set {name}: {content}")


def _called(feature: features.Feature) -> str:
    """Return how a feature is asked for, with its parameters and their defaults."""
    arguments = [f"{name}={value}" for name, value in feature.parameters.items()]
    if feature.name.endswith("(feature)"):
        arguments.insert(0, "feature")
    name = feature.name.removesuffix("(feature)")
    return f"{name}({', '.join(arguments)})" if arguments else name
