"""Keys and tokens: from the environment or a file, and never to be seen."""

from __future__ import annotations

import os
from pathlib import Path


class Secret:
    """A text that no repr, log or error shows.

    Parameters
    ----------
    text : str
        The secret itself; `from_environment` and `from_file` keep it out of programs.

    Examples
    --------
    >>> Secret("hunter2")
    <secret>
    >>> f"key {Secret('hunter2')}"
    'key <secret>'
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def from_environment(cls, name: str) -> Secret | None:
        """Return the secret in an environment variable; None where there is none."""
        text = os.environ.get(name, "").strip()
        return cls(text) if text else None

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Secret:
        """Return the secret that is the content of a file, without the space around it."""
        return cls(Path(path).read_text(encoding="utf-8").strip())

    def reveal(self) -> str:
        """Return the text, for the one message or header that it has to be in."""
        return self._text

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __reduce__(self) -> str:
        msg = "a secret is not to be pickled"
        raise TypeError(msg)
