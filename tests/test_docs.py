"""The docs against the code they describe."""

from __future__ import annotations

from pathlib import Path

import pytest

from obcore.features import catalog

FEATURES = Path(__file__).parents[1] / "docs" / "features.md"


def feature_table() -> str:
    rows = ["| name | parameters | formula | unit | source |", "|---|---|---|---|---|"]
    for feature in catalog():
        parameters = ", ".join(f"{name}={value}" for name, value in feature.parameters.items())
        formula = feature.formula.replace("|", "\\|")
        rows.append(
            f"| `{feature.name}` | {parameters} | {formula} | {feature.unit} | {feature.source} |"
        )
    return "\n".join(rows)


@pytest.mark.skipif(not FEATURES.exists(), reason="the docs are not here")
def test_the_feature_table_is_the_catalogue() -> None:
    assert feature_table() in FEATURES.read_text(encoding="utf-8")
