"""``obcore book``: the book at one moment, exact, and how far it can be trusted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import made_up
from obcore.cli import app

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = CliRunner()


def book(path: Path, *options: str) -> dict[str, object]:
    result = RUNNER.invoke(app, ["book", str(path), *options, "--json"])
    document: dict[str, object] = json.loads(result.stdout)
    return document


def test_state_and_reason_come_first_then_exact_prices(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.IN_SYNC)

    result = RUNNER.invoke(app, ["book", str(path), "--end", "--depth", "2"])

    lines = result.stdout.splitlines()
    rows = [line.replace("│", " ").split() for line in lines if line.startswith("│")]
    assert result.exit_code == 0
    assert lines[0].split() == ["state", "SYNCED,", "proved", "by", "the", "venue's", "ids"]
    assert rows == [["1.500", "100.0", "100.2", "5.000"], ["2.500", "99.9", "100.3", "7.125"]]


@pytest.mark.parametrize(
    "moment",
    [
        ("--at", "2023-11-14T22:13:22.5"),
        ("--at", "1700000002"),
        ("--at", "1700000002000000000"),
        ("--sequence", "13"),
        ("--sequence", "14"),
    ],
)
def test_a_moment_is_told_by_time_or_update_id(tmp_path: Path, moment: tuple[str, str]) -> None:
    path = made_up.write(tmp_path, made_up.IN_SYNC)

    found = book(path, *moment, "--tick", "0.1", "--lot", "0.001")

    assert found["sequence"] == 13
    assert found["ts_recv_ns"] == 1_700_000_002_000_000_000
    assert found["asks"] == [
        {"price": 100.1, "size": 3.0, "ticks": 1001, "lots": 3000},
        {"price": 100.2, "size": 5.0, "ticks": 1002, "lots": 5000},
    ]


def test_the_end_is_the_default(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.IN_SYNC)

    assert book(path) == book(path, "--end")
    assert book(path)["sequence"] == 17


def test_a_book_in_a_gap_is_shown_as_what_it_is(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.GAPPY)

    result = RUNNER.invoke(app, ["book", str(path), "--at", "1700000008"])

    assert result.exit_code == 1
    assert result.stdout.startswith("state       GAP, deltas are missing: expected pu 17")
    assert "not to be trusted" in result.stdout
    assert "100.2" in result.stdout
    assert result.stderr.startswith("error: this book is not to be trusted: GAP")


def test_an_untrusted_book_is_one_json_document_too(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.NEVER_IN_SYNC)

    result = RUNNER.invoke(app, ["book", str(path), "--json"])

    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert document["trusted"] is False
    assert document["error"].startswith("not to be trusted: BUFFERING")


@pytest.mark.parametrize(
    "options", [["--at", "1700000002", "--end"], ["--at", "soon"], ["--sequence", "-1"]]
)
def test_a_moment_that_makes_no_sense_is_a_usage_error(
    tmp_path: Path, options: list[str]
) -> None:
    path = made_up.write(tmp_path, made_up.IN_SYNC)

    result = RUNNER.invoke(app, ["book", str(path), *options, "--json"])

    assert result.exit_code == 2
    assert "error" in json.loads(result.stdout)
