"""The command line; needs the extra ``app``."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

from obcore.cli.extra import INSTALL_HINT

if TYPE_CHECKING or find_spec("typer") is not None:
    import typer

    from obcore import __version__
    from obcore.cli.bench import bench
    from obcore.cli.bench_feeds import bench_feeds
    from obcore.cli.book import book
    from obcore.cli.catalog import catalog
    from obcore.cli.console import Commands
    from obcore.cli.coverage import coverage
    from obcore.cli.demo import demo
    from obcore.cli.export import export
    from obcore.cli.features import features
    from obcore.cli.fit_ofi import fit_ofi
    from obcore.cli.ingest import ingest
    from obcore.cli.inspect import inspect
    from obcore.cli.plot import plot
    from obcore.cli.record import record
    from obcore.cli.replay import replay
    from obcore.cli.sql import sql
    from obcore.cli.venue import venue
    from obcore.cli.watch import watch

    app = typer.Typer(
        name="obcore",
        cls=Commands,
        help="Market data, recorded and live, to order books and features.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    alone = (demo, bench, bench_feeds, catalog)  # they need no arguments
    stored = (ingest, coverage, replay, sql, export)
    read = (features, book, inspect, plot, fit_ofi)
    for command in (*read, watch, record, venue, *stored, *alone):
        app.command(no_args_is_help=command not in alone)(command)

    def _print_version(asked: bool) -> None:
        if asked:
            typer.echo(f"obcore {__version__}")
            raise typer.Exit

    @app.callback()
    def main(
        *,
        version: Annotated[
            bool,
            typer.Option(
                "--version", callback=_print_version, is_eager=True, help="Print the version."
            ),
        ] = False,
    ) -> None:
        """Turn market data, recorded and live, into exact order books and features."""

else:

    def app() -> None:
        """Say what is missing."""
        sys.stderr.write(f"error: {INSTALL_HINT}\n")
        sys.exit(2)
