"""A shorter sample, for what needs no three minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import obcore
from venue.client import first_lines

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def short_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the first 4,000 messages of the bundled recording."""
    return first_lines(obcore.sample(), 4_000, tmp_path_factory.mktemp("venue"))
