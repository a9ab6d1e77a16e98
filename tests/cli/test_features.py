"""``obcore features``: rows, summary, warnings, exit codes, and what is left behind."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

import made_up
import obcore
from obcore.cli import app
from obcore.data.parquet import read_features

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = CliRunner()


def test_a_row_a_state_is_written_and_summed_up(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"

    result = RUNNER.invoke(app, ["features", str(obcore.sample()), "-o", str(out)])

    columns, _ = read_features(out)
    table = obcore.Recording(obcore.sample()).features("standard")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    told = {line.split()[0]: line.split()[1] for line in result.stdout.splitlines()}
    assert (told["rows"], told["states"], told["columns"]) == ("3,267", "3,267", "61")
    assert "MB/s of unpacked input" in result.stdout
    np.testing.assert_array_equal(columns["mid_price"], table["mid_price"])


def test_options_choose_rows_columns_and_grid(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.IN_SYNC)
    out = tmp_path / "out.parquet"
    options = ["--set", "spread, bid_vol", "--depth", "1", "--every", "2s"]
    grid = ["--tick", "0.01", "--lot", "0.001", "--symbol", "eth/usdt"]

    result = RUNNER.invoke(app, ["features", str(path), *options, *grid, "-o", str(out)])

    columns, metadata = read_features(out)
    assert result.exit_code == 0, result.stderr
    assert columns["bid_vol"].tolist() == [1.5, 1.5]
    assert (columns["ts_recv_ns"] // 10**9 - made_up.START_S).tolist() == [2, 4]
    assert metadata["instrument"] == {"symbol": "ETHUSDT", "tick": "0.01", "lot": "0.001"}
    assert metadata["depth"] == 1


def test_rows_at_trades_hold_the_state_before(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.IN_SYNC)
    out = tmp_path / "out.parquet"

    result = RUNNER.invoke(app, ["features", str(path), "--every", "trade", "-o", str(out)])

    columns, _ = read_features(out)
    assert result.exit_code == 0, result.stderr
    assert columns["sequence"].tolist() == [13]  # not 15, which came at the trade's own time


def test_several_inputs_are_one_recording(tmp_path: Path) -> None:
    first = made_up.write(tmp_path, made_up.IN_SYNC[:3], "first.txt")
    second = made_up.write(tmp_path, made_up.IN_SYNC[3:], "second.txt")
    out = tmp_path / "out.parquet"

    result = RUNNER.invoke(app, ["features", str(first), str(second), "-o", str(out)])

    columns, metadata = read_features(out)
    assert result.exit_code == 0, result.stderr
    assert columns["sequence"].tolist() == [11, 13, 15, 17]
    assert [source["name"] for source in metadata["sources"]] == ["first.txt", "second.txt"]


def test_json_is_one_document_with_numbers(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.IN_SYNC)
    out = tmp_path / "out.parquet"

    result = RUNNER.invoke(app, ["features", str(path), "-o", str(out), "--json"])

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["rows"] == 4
    assert document["columns"][:3] == ["ts_event_ns", "ts_recv_ns", "sequence"]
    assert document["bytes"] == out.stat().st_size
    assert document["instrument"] == {"symbol": "ETHUSDT", "tick": 0.1, "lot": 0.001}
    assert document["rows_per_s"] > 0


def test_a_gap_is_warned_of_and_the_rows_resume(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.GAPPY)
    out = tmp_path / "out.parquet"

    result = RUNNER.invoke(app, ["features", str(path), "-o", str(out)])

    columns, _ = read_features(out)
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "warning: 1 gap in the update ids: rows end there until the next proved join",
        "warning: made_up.txt line 7: expected 17, received 19",
    ]
    assert columns["sequence"].tolist() == [11, 13, 15, 17, 21, 23]


def test_a_gap_is_a_failure_where_strict_was_asked_for(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.GAPPY)
    out = tmp_path / "out.parquet"

    result = RUNNER.invoke(app, ["features", str(path), "-o", str(out), "--strict"])

    assert result.exit_code == 1
    assert result.stderr.startswith("error: made_up.txt line 7: expected update id 17")
    assert "without --strict" in result.stderr
    assert not out.exists()


def test_a_recording_that_never_joins_fails_without_a_file(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.NEVER_IN_SYNC)

    result = RUNNER.invoke(app, ["features", str(path), "-o", str(tmp_path / "out.parquet")])

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "put the file with the snapshot that starts it before it" in result.stderr
    assert list(tmp_path.iterdir()) == [path]


def test_a_recording_without_the_rows_asked_for_says_so(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.IN_SYNC)
    out = tmp_path / "out.parquet"

    result = RUNNER.invoke(app, ["features", str(path), "--every", "100", "-o", str(out)])

    assert result.exit_code == 0
    assert "warning: no rows" in result.stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_bad_data_is_one_line_that_names_the_place(tmp_path: Path, *, as_json: bool) -> None:
    path = made_up.write(tmp_path, [*made_up.IN_SYNC, "1700000009000000000 {broken"])
    out = tmp_path / "out.parquet"
    arguments = ["features", str(path), "-o", str(out), *(["--json"] if as_json else [])]

    result = RUNNER.invoke(app, arguments)

    assert result.exit_code == 1
    assert result.stderr.startswith("error: made_up.txt line 7: ")
    assert result.stderr.count("\n") == 1
    if as_json:
        assert json.loads(result.stdout)["error"].startswith("made_up.txt line 7: ")


def test_a_damaged_gzip_file_is_bad_data(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(obcore.sample().read_bytes()[:50_000])

    result = RUNNER.invoke(app, ["features", str(path), "-o", str(tmp_path / "out.parquet")])

    assert result.exit_code == 1
    assert result.stderr.startswith("error: cut.gz: gzip: expected a whole stream")


def test_a_number_off_the_given_grid_says_how_to_go_on(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.IN_SYNC)
    grid = ["--tick", "0.1", "--lot", "1"]

    result = RUNNER.invoke(
        app, ["features", str(path), *grid, "-o", str(tmp_path / "out.parquet")]
    )

    assert result.exit_code == 1
    assert "expected a multiple of the lot 1, received 2.5" in result.stderr
    assert "give a finer --tick or --lot" in result.stderr


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--every", "5x"], "expected event, trade, a count or a duration"),
        (["--set", "nonsense"], "expected the name of a set or of a feature"),
        (["--kind", "nonsense"], "expected one of auto, diff"),
        (["--depth", "0"], "--depth"),
        (["--tick", "0.1"], "one does not go without the other"),
        (["--tick", "0.1", "--lot", "none"], "expected a positive decimal"),
        (["-o", "nowhere/out.parquet"], "there is no folder nowhere"),
        (["-o", "."], "expected a file"),
        (["--nonsense"], "No such option"),
    ],
)
def test_a_usage_error_is_told_apart_and_is_json_too(
    tmp_path: Path, options: list[str], complaint: str
) -> None:
    path = made_up.write(tmp_path, made_up.IN_SYNC)
    out = ["-o", str(tmp_path / "out.parquet")]

    result = RUNNER.invoke(app, ["features", str(path), *out, *options, "--json"])

    assert result.exit_code == 2
    assert complaint in json.loads(result.stdout)["error"]
    assert list(tmp_path.iterdir()) == [path]


def test_an_input_that_is_not_there_is_a_usage_error() -> None:
    result = RUNNER.invoke(app, ["features", "nowhere.gz", "-o", "out.parquet", "--json"])

    assert result.exit_code == 2
    assert "nowhere.gz" in json.loads(result.stdout)["error"]


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.IN_SYNC)
    before = path.read_bytes()

    result = RUNNER.invoke(app, ["features", str(path), "-o", str(path), "--json"])

    assert result.exit_code == 2
    assert "is also an input" in json.loads(result.stdout)["error"]
    assert path.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_ctrl_c_ends_in_one_line_and_keeps_the_rows_so_far(tmp_path: Path) -> None:
    pipe, out = tmp_path / "pipe", tmp_path / "out.parquet"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "obcore.cli", "features", str(pipe), "-o", str(out)]

    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
        pipe.open("wb", buffering=0) as recording,
    ):  # opens once the command reads
        recording.write(gzip.decompress(obcore.sample().read_bytes()))
        time.sleep(0.5)  # a pipe holds 64 KiB: all but that was read by now
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)

    kept = tmp_path / "out.partial.parquet"
    columns, metadata = read_features(kept, [])
    rows = len(columns["sequence"])
    assert process.returncode == 1
    assert stdout == ""
    assert stderr == f"error: interrupted; the {rows:,} rows so far are in {kept}\n"
    assert rows > 1_000
    assert metadata["complete"] is False
    assert not out.exists()
