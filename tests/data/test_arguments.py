"""Texts that say when: what is read, and what is refused rather than guessed."""

from __future__ import annotations

import pytest

from obcore.book import Every, Format
from obcore.data.arguments import parse_every, parse_kind, parse_time

NOON_NS = 1_721_304_000_000_000_000


@pytest.mark.parametrize(
    "text",
    [
        "2024-07-18T12:00:00",
        "2024-07-18 12:00",
        "2024-07-18T12:00:00.000000000Z",
        "1721304000",
        "1721304000000",
        1721304000000000,
        NOON_NS,
    ],
)
def test_a_time_is_read_in_any_of_its_units(text: str | int) -> None:
    assert parse_time(text) == NOON_NS


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "today",
        "NaT",
        "",
        "12",
        "12345678",
        "2024-13-01",
        "2024-07-18T12:00:00+02:00",
        "noon",
    ],
)
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected ISO 8601 UTC or an integer"):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("event", (Every.EVENT, 1)),
        ("10", (Every.EVENT, 10)),
        ("250us", (Every.TIME, 250_000)),
        ("1m", (Every.TIME, 60_000_000_000)),
        ("trade", (Every.TRADE, 1)),
    ],
)
def test_rows_are_taken_as_asked(text: str, expected: tuple[Every, int]) -> None:
    assert parse_every(text) == expected


@pytest.mark.parametrize(
    "text", ["", "0", "0ms", "-5", "1.5s", "ten", "10 ms", "9" * 19, "9" * 18 + "m"]
)
def test_an_interval_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="every: expected"):
        parse_every(text)


def test_a_kind_is_a_format_or_refused() -> None:
    assert parse_kind("topn") is Format.TOPN
    with pytest.raises(ValueError, match="kind: expected one of auto, diff"):
        parse_kind("l3")
