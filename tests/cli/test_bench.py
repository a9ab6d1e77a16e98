"""``obcore bench``: what it measures, what it writes, and who does not count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import obcore
from obcore.bench import program
from obcore.bench.contest import Calls, Entry, Levels, Trial, Workload
from obcore.bench.peers import Absent
from obcore.bench.reference import Reference
from obcore.bench.streams import Stream
from obcore.cli import app

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = CliRunner()
QUICK = ["--levels", "20", "--updates", "400", "--rounds", "2"]


@pytest.fixture(autouse=True)
def short_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Race on the first messages of the bundled recording: the numbers do not matter here."""
    whole = Stream.of_recording
    monkeypatch.setattr(
        Stream, "of_recording", staticmethod(lambda path: whole(path).first(50))
    )


def run(*options: str) -> dict[str, Any]:
    result = RUNNER.invoke(app, ["bench", *QUICK, *options, "--json"])
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def peer(name: str, *, is_right: bool) -> Entry:
    """A book of somebody else that is right, or loses a level."""

    def make(stream: Stream) -> Trial:
        def answer(_: object) -> Levels:
            bids, asks = Reference(stream, rows=False).levels(stream.messages)
            return Levels(bids if is_right else bids[:-1], asks)

        return Trial(lambda: None, lambda _: None, answer, stream.updates)

    return Entry(name, "made up 1.0", "says it", Workload.APPLY, Calls.EACH, make)


@pytest.fixture
def two_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is right, one that loses a level, and one that is not installed."""
    entries = [peer("honest", is_right=True), peer("lossy", is_right=False)]
    absent = [Absent("elsewhere", "not installed: there is no module elsewhere")]
    monkeypatch.setattr(program, "load_peers", lambda: (entries, absent))


def test_without_peers_only_obcore_runs() -> None:
    document = run()

    rows = [row for race in document["races"] for row in race["rows"]]
    assert {race["workload"] for race in document["races"]} == {"w1", "w2", "w3", "w4"}
    assert rows
    assert {row["role"] for row in rows} == {"own", "floor"}
    assert all(row["time"] > 0.0 for row in rows)
    assert all(row["times_fastest_peer"] is None for row in rows)
    assert [race["not_counted"] for race in document["races"]] == [[]] * 8
    assert document["absent"] == []
    assert [stream["name"] for stream in document["streams"]] == [
        "made up, 20 levels",
        "ETHUSDT, binance_futures_ethusdt_20240718",
    ]


def test_each_level_count_and_spacing_is_a_stream_of_its_own() -> None:
    document = run("--levels", "20,30", "--spacing", "1,16", "--workload", "w1")

    assert [stream["name"] for stream in document["streams"]][:-1] == [
        "made up, 20 levels",
        "made up, 30 levels",
        "made up, 20 levels, 16 apart",
        "made up, 30 levels, 16 apart",
    ]


def test_a_recording_s_text_becomes_features() -> None:
    document = run("--workload", "w5")

    (recording,) = document["recordings"]
    assert document["races"] == []
    assert recording["recording"] == obcore.sample().name
    assert [row["what"] for row in recording["rows"]] == [
        "whole file to the 58 numbers",
        "depth messages alone to the 58 numbers",
        "whole file to all 90 features of a state",
        "whole file to 41 features that remember",
    ]
    assert all(row["megabytes_per_second"] > 0.0 for row in recording["rows"])


@pytest.mark.usefixtures("two_peers")
def test_a_wrong_answer_s_time_does_not_count() -> None:
    document = run("--peers", "--workload", "w1", "--levels", "20")

    race = document["races"][0]
    honest = next(row for row in race["rows"] if row["name"] == "honest")
    assert "lossy" not in {row["name"] for row in race["rows"]}
    assert [entry["name"] for entry in race["not_counted"]] == ["lossy"]
    assert "its answer is not the right one" in race["not_counted"][0]["reason"]
    assert honest["times_fastest_peer"] == [1.0, 1.0, 1.0]


@pytest.mark.usefixtures("two_peers")
def test_the_table_says_who_did_not_count_and_who_is_missing() -> None:
    result = RUNNER.invoke(app, ["bench", *QUICK, "--peers", "--workload", "w1"])

    assert result.exit_code == 0, result.output
    assert "not counted: lossy, says it: its answer is not the right one" in result.stdout
    assert "left out: elsewhere: not installed: there is no module elsewhere" in result.stdout
    assert "pip install 'obcore[bench]'" in result.stdout
    assert "honest" in result.stdout


def test_a_folder_gets_the_document_and_a_picture(tmp_path: Path) -> None:
    folder = tmp_path / "new"

    document = run("--workload", "w3", "-o", str(folder))

    written = json.loads((folder / "race.json").read_text())
    assert document["files"] == [str(folder / name) for name in ("race.json", "race.png")]
    assert written == {key: value for key, value in document.items() if key != "files"}
    assert (folder / "race.png").read_bytes().startswith(b"\x89PNG")


def test_an_interrupt_shows_what_was_measured_before(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "measure_throughput", interrupt)

    result = RUNNER.invoke(app, ["bench", *QUICK, "--workload", "w3,w5", "--json"])

    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert document["interrupted"] is True
    assert len(document["races"]) == 2
    assert "interrupted" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--workload", "w9"], "expected some of w1, w2, w3, w4, w5, received w9"),
        (["--levels", "5"], "expected integers from 20 to 10,000, received 5"),
        (["--spacing", "x"], "expected integers from 1 to 1,000, received x"),
    ],
)
def test_an_option_out_of_range_is_a_usage_error(options: list[str], message: str) -> None:
    result = RUNNER.invoke(app, ["bench", *options, "--json"])

    assert result.exit_code == 2
    assert message in json.loads(result.stdout)["error"]
