"""``obcore watch``, and commands whose input is live."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

import obcore
from obcore.cli import app
from venue_thread import local_venue

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = CliRunner()
ETH = "binance-futures:ETHUSDT"


def run(*arguments: str, **venue: Any) -> Any:
    with local_venue([obcore.sample()], **{"speed": 20, **venue}) as base_url:
        return RUNNER.invoke(app, [*arguments, "--base-url", base_url])


def test_a_book_is_shown_as_it_is_when_the_time_is_up() -> None:
    result = run("watch", ETH, "--for", "1", "--json")

    assert result.exit_code == 0
    (book,) = json.loads(result.stdout)["books"]
    assert book["symbol"] == ETH
    assert book["state"] == "SYNCED"
    assert float(book["ask"]) - float(book["bid"]) < 1.0
    assert float(book["bid"]) < book["microprice"] < float(book["ask"])


def test_a_book_that_is_not_to_be_trusted_is_an_error_with_its_reason() -> None:
    result = RUNNER.invoke(
        app, ["watch", ETH, "--for", "0.3", "--base-url", "http://127.0.0.1:9"]
    )

    assert result.exit_code == 1
    assert f"error: {ETH}: EMPTY, nothing was loaded" in result.stderr


def test_a_venue_that_nobody_knows_is_a_usage_error_that_names_those_known() -> None:
    result = RUNNER.invoke(app, ["watch", "nowhere:BTCUSDT", "--for", "1"])

    assert result.exit_code == 2
    assert "binance-futures" in result.stderr


def test_json_needs_an_end() -> None:
    result = RUNNER.invoke(app, ["watch", ETH, "--json"])

    assert result.exit_code == 2
    assert "--for" in result.stderr


def test_features_of_a_live_source_are_those_of_what_was_received(tmp_path: Path) -> None:
    output = tmp_path / "live.parquet"

    result = run("features", ETH, "--for", "1", "-o", str(output), "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["summary"]["state"] == "SYNCED"
    assert document["summary"]["gap_count"] == 0
    assert document["rows"] > 50
    assert output.exists()


def test_a_live_source_is_inspected_like_a_recording() -> None:
    result = run("inspect", ETH, "--for", "0.5", "--json")

    document = json.loads(result.stdout)
    assert document["state"] == "SYNCED"
    assert document["kinds"]["snapshot"] == 1
    assert document["kinds"]["delta"] > 10


def test_the_book_of_a_live_source_is_exact() -> None:
    result = run("book", ETH, "--for", "0.5", "--depth", "3", "--json")

    document = json.loads(result.stdout)
    assert document["trusted"]
    assert len(document["bids"]) == len(document["asks"]) == 3


def test_a_live_source_has_to_be_given_an_end() -> None:
    result = RUNNER.invoke(app, ["inspect", ETH])

    assert result.exit_code == 2
    assert "--for" in result.stderr


def test_a_file_takes_no_duration() -> None:
    result = RUNNER.invoke(app, ["inspect", str(obcore.sample()), "--for", "5"])

    assert result.exit_code == 2
    assert "no INPUT is live" in result.stderr


def test_a_name_that_is_neither_file_nor_venue_says_what_a_live_source_is() -> None:
    result = RUNNER.invoke(app, ["inspect", "nowhere:BTCUSDT"])

    assert result.exit_code == 2
    assert "VENUE:SYMBOL" in " ".join(result.stderr.replace("│", " ").split())
