"""Every error obcore raises.

ObcoreError
├── DecodeError               the bytes break the format's documented shape (also a ValueError)
│   ├── PrecisionError        a number is off its tick or lot, or beyond int64: never rounded
│   └── AmbiguousFormatError  the format cannot be told from the bytes; the caller has to say it
├── GapError                  update ids are missing in a strict replay
├── FeedError                 a live feed cannot go on, or was asked for what it does not have
├── StoreError                a store cannot be written or read as it was asked
├── NotCoveredError           nothing that can be trusted is known of that moment
├── QueueOverflowError        a reader of a live feed was too slow, and its policy is ``raise``
└── NeverSyncedError          a recording never became a book that can be trusted

A `DecodeError` carries ``source`` (the input's name, or None), ``line`` (from 1, or None) and
``reason`` (the text without its place); a `GapError` carries ``expected`` and ``received``.
"""

from __future__ import annotations

from obcore._core import (
    AmbiguousFormatError,
    DecodeError,
    GapError,
    ObcoreError,
    PrecisionError,
)

__all__ = [
    "AmbiguousFormatError",
    "DecodeError",
    "FeedError",
    "GapError",
    "NeverSyncedError",
    "NotCoveredError",
    "ObcoreError",
    "PrecisionError",
    "QueueOverflowError",
    "StoreError",
    "damaged_input",
]


class FeedError(ObcoreError):
    """A live feed cannot go on, or was asked for what it does not have."""


class QueueOverflowError(ObcoreError):
    """A reader of a live feed was too slow, and its policy is ``raise``."""


class StoreError(ObcoreError):
    """A store cannot be written or read as it was asked."""


class NotCoveredError(ObcoreError):
    """Nothing that can be trusted is known of that moment."""


class NeverSyncedError(ObcoreError):
    """A recording never became a book that can be trusted, so there is nothing to compute.

    Parameters
    ----------
    sources : str
        The inputs.
    state : str
        State of the book at the end, e.g. ``"BUFFERING"``.
    reason : str
        Why it is no better.
    """

    def __init__(self, sources: str, *, state: str, reason: str) -> None:
        super().__init__(f"{sources}: the book never came into sync: {state}, {reason}")
        self.state = state
        self.reason = reason


def damaged_input(source: str, reason: str) -> DecodeError:
    """Return the error for an input whose bytes cannot even be read."""
    error = DecodeError(f"{source}: {reason}")
    error.source = source
    error.line = None
    error.reason = reason
    return error
