"""Commands that write and read stores."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

import obcore
from obcore.cli import app
from obcore.data.parquet import read_features

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store")
    done = run("ingest", str(obcore.sample()), "-o", str(path))
    assert done["symbol"] == "binance-futures:ETHUSDT"
    assert done["is_new"]
    assert done["trades"] == 1640
    return path


def run(*arguments: str) -> dict[str, Any]:
    result = RUNNER.invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_a_second_time_nothing_is_written(store: Path) -> None:
    assert not run("ingest", str(obcore.sample()), "-o", str(store))["is_new"]


def test_the_book_of_a_store_is_the_one_of_its_recording(store: Path) -> None:
    at = ("--at", "2024-07-18T23:58:00")
    found = run("book", str(store), *at)
    wanted = run("book", str(obcore.sample()), *at)

    assert found.pop("symbol") == "binance-futures:ETHUSDT"
    assert wanted.pop("symbol") == "ETHUSDT"
    assert found == wanted
    assert run("book", str(store))["sequence"] == run("book", str(obcore.sample()))["sequence"]


def test_coverage_is_a_table_and_a_picture(store: Path, tmp_path: Path) -> None:
    picture = tmp_path / "coverage.png"
    result = RUNNER.invoke(app, ["coverage", str(store), "-o", str(picture)])

    assert result.exit_code == 0
    assert "BUFFERING, deltas wait for a snapshot that joins them" in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    (one,) = run("coverage", str(store))["symbols"]
    assert one["covered"] > 0.99
    assert [stretch["state"] for stretch in one["stretches"]] == ["BUFFERING", "SYNCED"]


def test_a_stretch_is_played_again(store: Path) -> None:
    stretch = ("--from", "2024-07-18T23:58:00", "--to", "2024-07-18T23:58:02")
    fast = run("replay", str(store), *stretch)
    slow = run("replay", str(store), *stretch, "--speed", "10")

    assert fast["changes"] == slow["changes"] > 20
    assert fast["states"] == {"binance-futures:ETHUSDT": "SYNCED"}
    assert slow["seconds"] >= 0.15


def test_features_of_a_stretch_are_written(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "features.parquet"
    run("replay", str(store), "-o", str(out), "--set", "microprice, obi_5")

    columns, _ = read_features(out)
    wanted = obcore.Recording(obcore.sample()).features("microprice, obi_5")
    assert np.array_equal(columns["microprice"], wanted["microprice"])


def test_sql_gives_rows(store: Path) -> None:
    document = run(
        "sql", "select side, count(*) as n from levels group by 1 order by 1", str(store)
    )

    assert document["columns"] == ["side", "n"]
    assert [row[0] for row in document["rows"]] == ["ask", "bid"]
    wrong = RUNNER.invoke(app, ["sql", "selct 1", str(store)])
    assert wrong.exit_code == 1
    assert wrong.stderr.startswith("error: Parser Error")


@pytest.mark.parametrize(
    ("target", "name"), [("hftbacktest", "out.npz"), ("tardis", "out.csv.gz")]
)
def test_what_is_exported_reads_back(
    store: Path, tmp_path: Path, target: str, name: str
) -> None:
    out = tmp_path / name
    run("export", str(store), "--as", target, "-o", str(out))

    at = "2024-07-18T23:58:30"
    found = obcore.Recording(out).book(at=at)
    wanted = obcore.Store(store).state_at("ETHUSDT", at)
    for side in obcore.Side:
        assert found.grid.price_text(found.top(side, 1)[0][0]) == wanted.grid.price_text(
            wanted.top(side, 1)[0][0]
        )
        assert found.count(side) == wanted.count(side)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("replay", "--speed", "0"), "expected a number above 0 or max"),
        (("replay", "--from", "yesterday"), "expected ISO 8601 UTC"),
        (("coverage", "-o", "x.txt"), "expected a name that ends in .png"),
    ],
)
def test_a_wrong_option_is_a_usage_error(
    store: Path, arguments: tuple[str, ...], message: str
) -> None:
    command, *options = arguments
    result = RUNNER.invoke(app, [command, str(store), *options])

    assert result.exit_code == 2
    assert message in result.output.replace("\n", " ").replace("│", "")


def test_a_folder_that_is_no_store_is_told(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["coverage", str(tmp_path)])

    assert result.exit_code == 1
    assert "expected a store" in result.stderr
