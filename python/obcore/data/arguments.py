"""Texts that say what to read and when: ``diff``, ``100ms``, ``2024-07-18T23:58:00``."""

from __future__ import annotations

import re

import numpy as np

from obcore.book import Every, Format

# NumPy alone would also read "now", and a number as a year.
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?Z?")
_FIRST_YEAR, _LAST_YEAR = np.datetime64("1970"), np.datetime64("2261")
_MAX_INT64 = 2**63 - 1
_UNITS_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000}


def parse_kind(kind: str) -> Format:
    """Return the format that a ``kind`` names.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    try:
        return Format[kind.upper()]
    except KeyError:
        kinds = ", ".join(known.name.lower() for known in Format)
        msg = f"kind: expected one of {kinds}, received {kind!r}"
        raise ValueError(msg) from None


def parse_every(every: str | int) -> tuple[Every, int]:
    """Return when rows are taken, and the count of events or nanoseconds between them.

    Raises
    ------
    ValueError
        If the text is none of ``event``, ``trade``, a count or a duration.

    Examples
    --------
    >>> parse_every("100ms")
    (<Every.TIME: 1>, 100000000)
    """
    every = str(every)
    if every == "event":
        return Every.EVENT, 1
    if every == "trade":
        return Every.TRADE, 1
    match = re.fullmatch(r"([1-9][0-9]{0,17})(ns|us|ms|s|m)?", every)
    if match is None:
        msg = f"every: expected event, trade, a count or a duration (100ms), received {every!r}"
        raise ValueError(msg)
    count, unit = int(match[1]), match[2]
    if unit is None:
        return Every.EVENT, count
    if count * _UNITS_NS[unit] > _MAX_INT64:
        msg = f"every: expected a duration below 292 years, received {every!r}"
        raise ValueError(msg)
    return Every.TIME, count * _UNITS_NS[unit]


def parse_time(time: str | int) -> int:
    """Return a time as nanoseconds since 1970 UTC.

    Parameters
    ----------
    time : str or int
        ISO 8601 in UTC, or an integer whose size tells s, ms, µs and ns apart.

    Raises
    ------
    ValueError
        If it is neither.

    Examples
    --------
    >>> parse_time("2024-07-18T23:58:00.000000001Z"), parse_time(1721347080000)
    (1721347080000000001, 1721347080000000000)
    """
    text = str(time).strip()
    if re.fullmatch(r"[0-9]{9,19}", text) and int(text) <= _MAX_INT64:
        thousands = max(0, len(text) - 10) // 3  # 10 digits are seconds, 13 milliseconds, …
        return int(text) * int(1000 ** max(0, 3 - thousands))
    try:
        moment = np.array(text.removesuffix("Z") if _ISO.fullmatch(text) else "NaT", "M8[ns]")
        within = np.array(text[:4] if _ISO.fullmatch(text) else "NaT", "M8[Y]")
    except ValueError:  # month 13
        moment = within = np.array("NaT", "M8[ns]")
    # NumPy wraps what nanoseconds of 64 bits cannot hold.
    if np.isnat(moment) or not _FIRST_YEAR <= within <= _LAST_YEAR:
        msg = f"time: expected ISO 8601 UTC or an integer since 1970, received {time!r}"
        raise ValueError(msg)
    return int(moment.view(np.int64))
