"""The docs against the code they describe."""

from __future__ import annotations

from pathlib import Path

import pytest

from obcore.features import catalog

FEATURES = Path(__file__).parents[1] / "docs" / "features.md"


def feature_table(*, remembers: bool) -> str:
    rows = ["| name | parameters | formula | unit | source |", "|---|---|---|---|---|"]
    for feature in catalog():
        if feature.remembers != remembers:
            continue
        parameters = ", ".join(f"{name}={value}" for name, value in feature.parameters.items())
        formula = feature.formula.replace("|", "\\|")
        rows.append(
            f"| `{feature.name}` | {parameters} | {formula} | {feature.unit} | {feature.source} |"
        )
    return "\n".join(rows)


@pytest.mark.skipif(not FEATURES.exists(), reason="the docs are not here")
@pytest.mark.parametrize("remembers", [False, True])
def test_the_feature_tables_are_the_catalogue(*, remembers: bool) -> None:
    assert feature_table(remembers=remembers) in FEATURES.read_text(encoding="utf-8")
