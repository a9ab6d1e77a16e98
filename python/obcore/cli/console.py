"""What every command shares: how errors end it, progress, JSON, and text safe to print."""

from __future__ import annotations

import json
import math
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import typer
from typer.core import TyperGroup

from obcore.cli.extra import INSTALL_HINT, PACKAGES
from obcore.errors import DecodeError, GapError, NeverSyncedError, ObcoreError, PrecisionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console, RenderableType

    from obcore.data.table import Summary

PIPE_WIDTH = 160  # columns where nobody's terminal limits them

# Typer keeps the class under its BadParameter to itself.
_UsageError = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])


class Commands(TyperGroup):
    """The commands, and the one place where their errors become an exit code.

    0 is success, 1 an expected failure with one line on stderr, 2 a usage error. With ``--json``
    the failure is also the one JSON document on stdout.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        # Whoever stops a service gets the same clean end as whoever presses Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        arguments = [*ctx._protected_args, *ctx.args]
        as_json = "--json" in arguments
        try:
            return super().invoke(ctx)
        except _UsageError as error:
            if as_json:
                print_json({"error": error.format_message()})
            raise
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in PACKAGES:
                raise
            raise _failure(INSTALL_HINT, as_json=as_json, code=2) from None
        except KeyboardInterrupt as interrupt:
            notes = getattr(interrupt, "__notes__", [])
            raise _failure("; ".join(["interrupted", *notes]), as_json=as_json) from None
        except BrokenPipeError:
            raise  # Typer ends quietly when the reader of a pipe has gone
        except (ObcoreError, OSError) as error:
            message = str(error) + _advice(error, arguments)
            raise _failure(message, as_json=as_json) from None


def _failure(message: str, *, as_json: bool, code: int = 1) -> typer.Exit:
    if as_json:
        print_json({"error": message})
    typer.echo(f"error: {plain(message)}", err=True)
    return typer.Exit(code)


def _advice(error: Exception, arguments: Sequence[str]) -> str:
    """Return what to do about an error whose own text does not say it."""
    if isinstance(error, NeverSyncedError):
        missing = "; put the file with the snapshot that starts it before it"
        needs_snapshot = error.state in ("BUFFERING", "GAP")
        return (missing if needs_snapshot else "") + "; `obcore inspect` shows what is there"
    if isinstance(error, GapError):
        return "; without --strict the rows resume at the next proved join"
    if isinstance(error, PrecisionError) and "--tick" in arguments:
        return "; give a finer --tick or --lot, or neither to have them found"
    if isinstance(error, DecodeError) and not any(
        word in str(error) for word in ("--", "gzip:")
    ):
        return "; the file is damaged there or of another kind (--kind)"
    return ""


def usage_error(message: str, option: str) -> typer.BadParameter:
    """Return the error for an option that typer cannot judge; it ends in exit code 2."""
    return typer.BadParameter(message, param_hint=f"'{option}'")


@contextmanager
def judged_as(option: str) -> Iterator[None]:
    """Turn what is wrong with a value into a usage error of its option."""
    try:
        yield
    except (ValueError, ObcoreError) as error:
        message = str(error).removeprefix(f"{option.lstrip('-')}: ")
        raise usage_error(message, option) from None


def plain(text: str) -> str:
    r"""Return text from a file with whatever could move a terminal's cursor made visible.

    Examples
    --------
    >>> plain("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def print_json(document: Mapping[str, Any]) -> None:
    """Print the one JSON document of a command; NaN and infinities become null."""
    typer.echo(json.dumps(_finite(document), allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def stdout() -> Console:
    """Return the console for results; no wider than a terminal, never cut in a pipe."""
    from rich.console import Console  # noqa: PLC0415  an extra, and not needed for --json

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(width=width, markup=False, highlight=False, emoji=False)


def warn(message: str) -> None:
    """Print a warning line to stderr."""
    typer.secho(f"warning: {plain(message)}", err=True, fg="yellow")


def warn_of_torn(summary: Summary) -> None:
    """Say of each segment of a recorder that its end was torn, and so was not read."""
    for source in summary.sources:
        if source.torn_bytes:
            warn(f"{source.name}: a torn tail of {source.torn_bytes:,} bytes was not read")


def fields(rows: Sequence[tuple[str, str]]) -> RenderableType:
    """Return names and values in two columns."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text("\n".join(plain(line) for line in value.split("\n"))))
    return table


@contextmanager
def progress(
    inputs: Sequence[Path], *, as_json: bool, passes: int = 1
) -> Iterator[Callable[[int], None] | None]:
    """Show bytes read, of how many and how fast, while the block runs.

    Yields
    ------
    callable or None
        To call with the number of file bytes read; None where nobody would see it.
    """
    if as_json or not sys.stderr.isatty():
        yield None
        return
    from rich import progress as bars  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415

    files = [path.glob("*.gz") if path.is_dir() else [path] for path in inputs]
    sizes = [file.stat().st_size for some in files for file in some]
    total = sum(sizes) * passes if all(sizes) else None  # a pipe does not say how long it is
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=total)
        yield lambda count: bar.advance(task, count)


def utc(time_ns: int | None, unit: str = "ns") -> str:
    """Return a time as ISO 8601 UTC text.

    Examples
    --------
    >>> utc(1721347080000000001), utc(1721347080000000001, "s"), utc(None)
    ('2024-07-18T23:58:00.000000001Z', '2024-07-18T23:58:00Z', 'none')
    """
    if time_ns is None:
        return "none"
    moment = np.array(time_ns, dtype="datetime64[ns]")
    return f"{np.datetime_as_string(moment, unit=cast('Any', unit))}Z"


def quantity(count: float, unit: str) -> str:
    """Return a number with a decimal prefix and three digits that count.

    Examples
    --------
    >>> quantity(675222, "B"), quantity(4303863, "B"), quantity(12, "B")
    ('675 kB', '4.30 MB', '12 B')
    """
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= factor:
            scaled = count / factor
            digits = max(0, 2 - int(math.log10(scaled)))
            return f"{scaled:.{digits}f} {prefix}{unit}"
    return f"{count:.0f} {unit}"
