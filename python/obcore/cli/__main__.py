"""``python -m obcore.cli``."""

from __future__ import annotations

from obcore.cli import app

app()
