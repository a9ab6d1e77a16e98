"""``obcore plot``: which picture is drawn of what, and what cannot be drawn."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import made_up
import obcore
from obcore.cli import app
from obcore.data.parquet import write_features

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = CliRunner()
PNG = b"\x89PNG"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    recording = obcore.Recording(made_up.write(tmp_path, made_up.IN_SYNC))
    return write_features(recording, tmp_path / "made.parquet", "all").path


def test_a_features_file_gives_a_picture(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"

    result = RUNNER.invoke(app, ["plot", str(table), "-o", str(out)])

    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"wrote  {out}, ")
    assert result.stderr == ""
    assert out.read_bytes().startswith(PNG)


def test_the_depth_in_a_features_file_can_be_drawn(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.svg"

    result = RUNNER.invoke(app, ["plot", str(table), "--heatmap", "-o", str(out), "--json"])

    document = json.loads(result.stdout)
    assert result.exit_code == 0, result.stderr
    assert document == {"output": str(out), "bytes": out.stat().st_size, "missing": []}
    assert "<svg" in out.read_text()


def test_a_recording_gives_its_depth(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.GAPPY)
    out = tmp_path / "out.png"

    result = RUNNER.invoke(app, ["plot", str(path), "-o", str(out)])

    assert result.exit_code == 0, result.stderr
    assert out.read_bytes().startswith(PNG)


def test_features_that_are_not_there_are_named(tmp_path: Path) -> None:
    recording = obcore.Recording(obcore.sample())
    few = write_features(recording, tmp_path / "few.parquet", "spread, obi_5", every="1s").path

    result = RUNNER.invoke(app, ["plot", str(few), "-o", str(tmp_path / "out.png")])

    assert result.exit_code == 0
    assert result.stderr == "warning: not in few.parquet, so not drawn: mid_price, microprice\n"


def test_a_recording_that_never_joins_has_no_picture(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.NEVER_IN_SYNC)

    result = RUNNER.invoke(app, ["plot", str(path), "-o", str(tmp_path / "out.png")])

    assert result.exit_code == 1
    assert "never came into sync" in result.stderr
    assert list(tmp_path.iterdir()) == [path]


def test_an_ending_that_names_no_picture_is_a_usage_error(table: Path, tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["plot", str(table), "-o", str(tmp_path / "out.txt"), "--json"])

    assert result.exit_code == 2
    assert "ends in .png or .svg" in json.loads(result.stdout)["error"]


def test_two_features_files_are_a_usage_error(table: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out.png")

    result = RUNNER.invoke(app, ["plot", str(table), str(table), "-o", out, "--json"])

    assert result.exit_code == 2
    assert "expected one features file" in json.loads(result.stdout)["error"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_cannot_be_read_twice(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    result = RUNNER.invoke(app, ["plot", str(pipe), "-o", str(tmp_path / "out.png"), "--json"])

    assert result.exit_code == 2
    assert "two passes" in json.loads(result.stdout)["error"]
