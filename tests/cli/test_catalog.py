"""``obcore catalog``: every feature with formula, unit and source."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from obcore import features
from obcore.cli import app

RUNNER = CliRunner()


def test_every_feature_has_its_line() -> None:
    result = RUNNER.invoke(app, ["catalog"])

    names = {line.split("(")[0].split(" ")[0] for line in result.stdout.splitlines()}
    assert result.exit_code == 0
    assert names >= {f.name.removesuffix("(feature)") for f in features.catalog()}
    assert "depth_weighted_obi(levels=10, decay=0.9)" in result.stdout
    assert "trend(feature, fast=5, slow=10)" in result.stdout
    assert "--set standard: " in result.stdout


def test_json_has_every_row_and_the_sets() -> None:
    result = RUNNER.invoke(app, ["catalog", "--json"])

    document = json.loads(result.stdout)
    assert set(document["sets"]) == set(features.SETS)
    assert [row["name"] for row in document["features"]] == [
        feature.name for feature in features.catalog()
    ]
    assert all(row["formula"] and row["unit"] and row["source"] for row in document["features"])
