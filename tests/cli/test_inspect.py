"""``obcore inspect``: what files hold, in words and as JSON, in sync or not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import made_up
import obcore
from obcore.cli import app

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = CliRunner()


def found(*arguments: str) -> tuple[dict[str, str], str]:
    """Return the names and values that are printed, and everything as it stands."""
    result = RUNNER.invoke(app, ["inspect", *arguments])
    assert result.exit_code == 0, result.stderr
    rows = [line.split("  ", 1) for line in result.stdout.splitlines() if "  " in line]
    return {name: value.strip() for name, value in rows}, result.stdout


def test_the_sample_is_told_in_words() -> None:
    told, text = found(str(obcore.sample()))

    assert told["format"] == "binance json"
    assert told["instrument"] == "ETHUSDT, tick 0.01, lot 0.001"
    assert told["messages"] == "14,003: 9,089 bbo, 3,273 delta, 1,640 trade, 1 snapshot"
    assert told["received"].startswith(
        "2024-07-18T23:57:01.080838061Z to 2024-07-18T23:59:58.9"
    )
    assert told["clocks"] == "the receiver's clock is behind the venue's by at least 1.522213 s"
    assert told["update rate"] == "18.4 depth updates/s over 177.9 s"
    assert told["sync"] == "in sync: proved by the venue's ids"
    assert told["joins"] == "1 by ids"
    assert told["gaps"] == "none"
    assert told["touch"] == "never crossed, never locked"
    assert "│   77.165 │ 3424.98 │ 3424.99 │   80.013 │" in text


def test_json_tells_the_same_with_numbers() -> None:
    result = RUNNER.invoke(app, ["inspect", str(obcore.sample()), "--json"])

    document: dict[str, Any] = json.loads(result.stdout)
    assert document["instrument"] == {"symbol": "ETHUSDT", "tick": 0.01, "lot": 0.001}
    assert document["kinds"]["delta"] == 3273
    assert document["min_latency_ns"] == -1_522_213_440
    assert document["updates_per_s"] == pytest.approx(18.4, abs=0.01)
    assert document["gaps"] == []
    assert document["book"]["bids"][0]["price"] == 3424.98
    assert document["sources"][0]["sha256"].startswith("f2260198")


def test_gaps_are_listed_with_their_place_and_ids(tmp_path: Path) -> None:
    _, text = found(str(made_up.write(tmp_path, made_up.GAPPY)))

    assert "made_up.txt line 7: expected 17, received 19" in text


def test_a_recording_that_never_joins_is_still_told(tmp_path: Path) -> None:
    told, text = found(str(made_up.write(tmp_path, made_up.NEVER_IN_SYNC)))

    assert told["sync"] == "never in sync: deltas wait for a snapshot that joins them"
    assert told["states"] == "0"
    assert "Top of the book" not in text


def test_a_file_of_trades_alone_is_still_told(tmp_path: Path) -> None:
    rows = [
        "exchange,symbol,timestamp,local_timestamp,id,side,price,amount",
        "bitmex,XBTUSD,1583020803145000,1583020803307160,a,buy,8531.5,2152",
    ]

    told, _ = found(str(made_up.write(tmp_path, rows)))

    assert told["format"] == "tardis trades"
    assert told["messages"] == "1: 1 trade"
    assert told["sync"] == "no book: nothing was loaded"
    assert told["clocks"].startswith(
        "the receiver's clock is ahead of the venue's by at most 0.16"
    )


def test_kinds_that_are_skipped_are_named_and_cannot_write_to_the_terminal(
    tmp_path: Path,
) -> None:
    evil = made_up.message(5, "liquidation[bold]\x1b[2J").replace("\\u001b", "\x1b")

    told, text = found(str(made_up.write(tmp_path, [*made_up.IN_SYNC, evil])))

    assert told["skipped kinds"] == "1 liquidation[bold]\\x1b[2J"
    assert "\x1b" not in text
