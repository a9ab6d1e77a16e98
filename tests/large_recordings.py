"""Where recordings too large for the repository lie, if they are there at all."""

from __future__ import annotations

from pathlib import Path

LARGE_RECORDINGS = Path(__file__).parents[2] / "shared" / "data"
