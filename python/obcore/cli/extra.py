"""What the extra ``app`` brings, and what to say where it is missing."""

from __future__ import annotations

PACKAGES = frozenset({"aiohttp", "duckdb", "matplotlib", "pyarrow", "rich", "typer"})
INSTALL_HINT = "the commands need more packages: pip install 'obcore[app]' (in a clone: pip install '.[app]')"
