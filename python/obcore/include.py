"""Where the C++ headers are."""

from __future__ import annotations

from pathlib import Path


def get_include() -> str:
    """Return the folder to give a C++ compiler as ``-I``.

    Returns
    -------
    str
        The folder that holds ``obcore/book.hpp`` and the other headers.

    Examples
    --------
    >>> from pathlib import Path
    >>> (Path(get_include()) / "obcore" / "book.hpp").exists()
    True
    """
    import obcore._core  # noqa: PLC0415  an editable install keeps it apart from the sources

    return str(Path(obcore._core.__file__).parent / "include")
