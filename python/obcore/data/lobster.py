"""What the names of LOBSTER files tell, and the book that lies beside their messages.

``AAPL_2012-06-21_34200000_37800000_message_50.csv`` is of the stock AAPL and the day 2012-06-21;
its rows count seconds from midnight in New York. In the ``…_orderbook_50.csv`` beside it, row k
is the book behind message k: its first row is where the book begins.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import closing
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple, TypedDict
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from obcore.data.source import Source, SourceReader
from obcore.errors import damaged_input

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MESSAGES, _BOOKS = "_message_", "_orderbook_"
_NAME = re.compile(
    r"(?P<symbol>[^_]+)_(?P<day>\d{4}-\d\d-\d\d)(_.*)?(?P<kind>_message_|_orderbook_)\d+.*\.csv"
)
_MARKET = "America/New_York"
_NS = 1_000_000_000


class Context(TypedDict, total=False):
    """What the core is told of an input besides its bytes."""

    symbol: str
    midnight_ns: int
    opening_book: str


class Input(NamedTuple):
    """A file to read, what the core is told beside it, and where that is from."""

    path: Path
    context: Context
    books: Source | None = None


def with_contexts(paths: list[Path]) -> Iterator[Input]:
    """Yield the inputs of a recording, each with what the core has to know besides its bytes.

    Of a LOBSTER message file that is its symbol, its day and the book that it begins with: of
    the orderbook file that stands before it among the inputs, else of the one beside it whose
    name is its own but for that word. Of any other input there is nothing.

    Raises
    ------
    DecodeError
        If an orderbook file has no message file behind it, or no row.
    """
    books: Path | None = None
    for path in paths:
        if _is_named(path, _BOOKS):
            _require_messages(books)
            books = path
        elif _is_named(path, _MESSAGES):
            yield _of_messages(path, books or _beside(path))
            books = None
        else:
            _require_messages(books)
            yield Input(path, {})
    _require_messages(books)


def midnight_ns(day: str) -> int:
    """Return when a day begins in New York, in nanoseconds since 1970 UTC.

    Clocks change there at 2 a.m. of Sundays, when no stock is traded, so seconds since midnight
    are what a clock on the wall shows.

    Examples
    --------
    >>> midnight_ns("2012-06-21")
    1340251200000000000
    """
    begins = date.fromisoformat(day)
    moment = datetime(begins.year, begins.month, begins.day, tzinfo=ZoneInfo(_MARKET))
    return int(moment.timestamp()) * _NS


def _is_named(path: Path, kind: str) -> bool:
    found = _NAME.match(path.name)
    return found is not None and found["kind"] == kind


def _of_messages(messages: Path, books: Path | None) -> Input:
    found = _NAME.match(messages.name)
    if found is None:
        return Input(messages, {})
    try:
        begins = midnight_ns(found["day"])
    except ZoneInfoNotFoundError as error:
        reason = f"expected a time zone {_MARKET} on this machine, received none (pip install tzdata)"
        raise damaged_input(messages.name, reason) from error
    except ValueError as error:
        reason = f"file name: expected a day, received {found['day']}"
        raise damaged_input(messages.name, reason) from error
    context: Context = {"symbol": found["symbol"], "midnight_ns": begins}
    if books is None:
        return Input(messages, context)
    context["opening_book"] = _first_row(books)
    return Input(messages, context, _source_of(books))


def _beside(messages: Path) -> Path | None:
    plain = messages.name.removesuffix(".gz").replace(_MESSAGES, _BOOKS)
    candidates = (messages.with_name(plain + packed) for packed in ("", ".gz"))
    return next((path for path in candidates if path.exists()), None)


def _first_row(books: Path) -> str:
    with closing(SourceReader(books).chunks()) as chunks:
        row = next(chunks, b"").partition(b"\n")[0].strip()
    if not row:
        raise damaged_input(books.name, "expected a row of levels, received none")
    return row.decode("ascii", "replace")


def _source_of(books: Path) -> Source:
    with books.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return Source(books.name, digest.hexdigest(), file.tell())


def _require_messages(books: Path | None) -> None:
    if books is not None:
        reason = "expected its LOBSTER message file behind it, received none"
        raise damaged_input(books.name, reason)
