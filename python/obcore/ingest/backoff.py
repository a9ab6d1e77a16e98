"""How long to wait before the next try."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


class Backoff:
    """Exponential waits with full jitter, which begin anew after a success.

    A library's retry loop would fit a call that ends; a connection ends after hours of success,
    and its next failure is a first one again.

    Parameters
    ----------
    first, longest : float
        Bounds of the first wait and of every wait, in seconds.
    random : numpy.random.Generator
        Where the jitter comes from.

    Attributes
    ----------
    failures : int
        In a row.
    bound : float
        Of the last wait, in seconds; 0 after a success.
    """

    def __init__(self, *, first: float, longest: float, random: np.random.Generator) -> None:
        self._first, self._longest, self._random = first, longest, random
        self.failures = 0
        self.bound = 0.0

    def next_wait(self) -> float:
        """Return the seconds to wait: uniform between 0 and a bound that doubles each time."""
        self.bound = min(self._longest, self._first * 2.0 ** min(self.failures, 32))
        self.failures += 1
        return float(self._random.uniform(0.0, self.bound))

    def reset(self) -> None:
        """Begin anew: the try was a success."""
        self.failures = 0
        self.bound = 0.0
