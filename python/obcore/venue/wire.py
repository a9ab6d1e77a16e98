"""Values as they stand in messages: JSON without blanks, times, JavaScript's numbers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

_WHOLE = 1e21  # from here on JavaScript prints an exponent
_SMALL = 1e-6


def compact(document: Any) -> bytes:
    """Return JSON without blanks."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def parsed(text: str) -> dict[str, Any] | None:
    """Return a client's JSON object, or None where its text is none."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def iso_time(time_ns: int, unit: str = "us") -> str:
    """Return a time as ISO 8601 UTC text, its fraction in ``"ms"``, ``"us"`` or ``"ns"``.

    Examples
    --------
    >>> iso_time(1721347080000001000), iso_time(1721347080000001000, "ms")
    ('2024-07-18T23:58:00.000001Z', '2024-07-18T23:58:00.000Z')
    """
    moment = np.datetime64(time_ns, "ns")
    return f"{np.datetime_as_string(moment, unit=unit)}Z"  # type: ignore[call-overload]


def js_number(text: str) -> str:
    """Return a number as JavaScript prints the double that is nearest to it.

    Examples
    --------
    >>> js_number("64250.10"), js_number("4.000"), js_number("0.00002"), js_number("0.0000001")
    ('64250.1', '4', '0.00002', '1e-7')
    """
    value = float(text)
    shortest = repr(value)
    if "e" not in shortest:
        return shortest.removesuffix(".0")
    if _SMALL <= abs(value) < _WHOLE:
        return np.format_float_positional(value, trim="-")
    digits, _, exponent = shortest.partition("e")
    return f"{digits}e{int(exponent):+d}"
