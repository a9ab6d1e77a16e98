"""The catalogue of features: what each is, in words; the formulas themselves are in C++."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from obcore import book
from obcore.book import FeatureEngine, FeatureSet, feature_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = [
    "SETS",
    "ColumnFeature",
    "Feature",
    "FeatureEngine",
    "FeatureSet",
    "catalog",
    "column_feature",
    "feature_names",
    "load",
]

SETS = {
    "standard": "4 + 8 + 6 + 4 N values: prices, volumes and every level's offset and size",
    "all": "standard, then every imbalance, microprice and adjusted mid",
    "collector": "spread, mid and, over 20 levels, imbalance and the volume of both sides",
    "stateful": "order flow, trade flow, rolling statistics, returns and rates: what remembers",
}


@dataclass(frozen=True, slots=True)
class Feature:
    """One row of the catalogue.

    Parameters
    ----------
    name : str
        Column name; ``{n}`` stands for a number. A formula with parameters takes them as
        ``vwap(levels=10)``.
    formula : str
        In the notation of the docs: ``Pb_i, Qb_i, Pa_i, Qa_i`` are price and size of level i.
    unit : str
        ``quote``, ``base``, ``bps``, ``1``, ``ms``, ``1/s`` or ``base/s``.
    source : str
        Where the formula comes from.
    parameters : dict
        Parameters with their defaults; ``"depth"`` stands for the set's depth. A window is a
        number of states (``20``) or a duration (``500ms``).
    remembers : bool
        Whether it looks at more than one book state, and so needs a `FeatureEngine`.
    """

    name: str
    formula: str
    unit: str
    source: str
    parameters: dict[str, float | str]
    remembers: bool


def catalog() -> list[Feature]:
    """Return every feature: of one book state, then those that remember, then loaded ones.

    Returns
    -------
    list of Feature
        In the order in which the sets ``all`` and ``stateful`` use them.

    Examples
    --------
    >>> [feature.unit for feature in catalog() if feature.name == "microprice"]
    ['quote']
    """
    return [Feature(**row) for row in book.catalog()]


def load(path: str | os.PathLike[str]) -> list[str]:
    """Add features written in C++ to the catalogue of this process.

    Parameters
    ----------
    path : path-like
        A shared library that defines ``obcore_features_2``; see the guide in the docs.

    Returns
    -------
    list of str
        Their names, which `FeatureEngine` and `Recording.features` take from now on.

    Raises
    ------
    ObcoreError
        If it is no such library, is made for other headers, or has a name that is taken.
    """
    return book.load_features(os.path.abspath(path))  # noqa: PTH100  a str, for the linker


@dataclass(frozen=True, slots=True)
class ColumnFeature:
    """A feature written in Python: a function over whole columns, for recordings alone.

    Parameters
    ----------
    name : str
        Of its column.
    inputs : tuple of str
        The features that it reads.
    compute : callable
        Called with an (n,) float64 array for each input; returns an (n,) array.
    """

    name: str
    inputs: tuple[str, ...]
    compute: Callable[..., NDArray[Any]]


def column_feature(*inputs: str) -> Callable[[Callable[..., NDArray[Any]]], ColumnFeature]:
    """Make a feature of the function below, which reads the named ones.

    It sees whole columns, so it is for recordings; a row may not depend on later ones, which
    nobody checks. For live use, and for speed, write it in C++: see `load`.

    Parameters
    ----------
    *inputs : str
        Features of the catalogue, one for each argument of the function.

    Examples
    --------
    >>> import obcore
    >>> @obcore.column_feature("spread", "std(mid_price, window=50)")
    ... def spread_less_noise(spread, noise):
    ...     return spread - noise
    >>> recording = obcore.Recording(obcore.sample())
    >>> recording.features(["mid_price", spread_less_noise], every="1s").names
    ('mid_price', 'spread_less_noise')
    """

    def make(compute: Callable[..., NDArray[Any]]) -> ColumnFeature:
        return ColumnFeature(compute.__name__, inputs, compute)

    return make
