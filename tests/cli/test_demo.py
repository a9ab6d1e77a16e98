"""``obcore demo``: the whole job, offline, from what the package brings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from obcore.cli import app
from obcore.data.parquet import read_features

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

RUNNER = CliRunner()
FILES = ["features.parquet", "features.png", "heatmap.png"]


def test_the_demo_names_every_file_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = RUNNER.invoke(app, ["demo"])

    written = sorted(path.name for path in (tmp_path / "obcore-demo").iterdir())
    assert result.exit_code == 0, result.stderr
    assert written == FILES
    assert all(f"obcore-demo/{name}, " in result.stdout for name in written)
    assert "3,267 states, 131 features each" in result.stdout
    assert "in sync: proved by the venue's ids, 0 gaps" in result.stdout


def test_the_demo_is_one_json_document_too(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"

    result = RUNNER.invoke(app, ["demo", "-o", str(folder), "--json"])

    document = json.loads(result.stdout)
    columns, metadata = read_features(folder / "features.parquet", ["obi_1"])
    assert result.exit_code == 0, result.stderr
    assert document["files"] == [str(folder / name) for name in FILES]
    assert document["inspect"]["states"] == document["features"]["rows"] == 3267
    assert document["seconds"] < 30
    assert len(columns["obi_1"]) == 3267
    assert metadata["features"] == "all, stateful"


def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")

    result = RUNNER.invoke(app, ["demo", "-o", str(file / "folder"), "--json"])

    assert result.exit_code == 2
    assert "cannot be made" in json.loads(result.stdout)["error"]
