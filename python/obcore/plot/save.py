"""Figures as files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

if TYPE_CHECKING:
    from os import PathLike


def picture_formats() -> frozenset[str]:
    """Return the endings of file names that `save_figure` understands, without the dot."""
    return frozenset(Figure().canvas.get_supported_filetypes())


def save_figure(figure: Figure, out: str | PathLike[str]) -> None:
    """Write a figure in the format that the file's ending names; all of it, or nothing."""
    path = Path(out)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        figure.savefig(temporary, format=path.suffix[1:].lower())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
