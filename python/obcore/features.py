"""The catalogue of features: what each is, in words; the formulas themselves are in C++."""

from __future__ import annotations

from dataclasses import dataclass

from obcore import book
from obcore.book import FeatureSet

__all__ = ["SETS", "Feature", "FeatureSet", "catalog"]

SETS = {
    "standard": "4 + 8 + 6 + 4 N values: prices, volumes and every level's offset and size",
    "all": "standard, then every imbalance, microprice and adjusted mid",
    "collector": "spread, mid and, over 20 levels, imbalance and the volume of both sides",
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
        ``quote``, ``base``, ``bps`` or ``1``.
    source : str
        Where the formula comes from.
    parameters : dict
        Parameters with their defaults; ``"depth"`` stands for the set's depth.
    """

    name: str
    formula: str
    unit: str
    source: str
    parameters: dict[str, float | str]


def catalog() -> list[Feature]:
    """Return every feature of one book state.

    Returns
    -------
    list of Feature
        In the order in which the set ``all`` uses them.

    Examples
    --------
    >>> [feature.unit for feature in catalog() if feature.name == "microprice"]
    ['quote']
    """
    return [Feature(**row) for row in book.catalog()]
