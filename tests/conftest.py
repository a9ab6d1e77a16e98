"""Hypothesis profiles, and the way to recordings too large for the repository."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from large_recordings import LARGE_RECORDINGS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


settings.register_profile("ci", deadline=None)
settings.register_profile("nightly", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Return ``path_of(name)``: the path of a shared recording, or a skip where it is absent."""

    def path_of(name: str) -> Path:
        path = LARGE_RECORDINGS / name
        if not path.exists():
            pytest.skip(f"needs the recording {name}, which is not in ../shared/data")
        return path

    return path_of
