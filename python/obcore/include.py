"""Where the C++ headers are."""

from __future__ import annotations

from importlib.resources import files


def get_include() -> str:
    """Return the folder to give a C++ compiler as ``-I``.

    Returns
    -------
    str
        The folder that holds ``obcore/book.hpp`` and the other headers.

    Examples
    --------
    >>> import obcore
    >>> obcore.get_include().endswith("include")
    True
    """
    return str(files("obcore") / "include")
