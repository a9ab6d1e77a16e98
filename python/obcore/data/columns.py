"""Features written in Python, computed beside those of the core."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from obcore.features import ColumnFeature, feature_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from obcore.data.table import FeatureTable


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """What was asked for, in order, and what the core has to compute for it.

    Parameters
    ----------
    native : str
        The core's features, those that only Python functions read among them.
    wanted : tuple of str or ColumnFeature
        One for each column of the result.
    depth : int
        Levels a side, where a formula has a depth.
    """

    native: str
    wanted: tuple[str | ColumnFeature, ...]
    depth: int

    @classmethod
    def of(
        cls, features: str | ColumnFeature | Iterable[str | ColumnFeature], depth: int
    ) -> ColumnPlan:
        """Return the plan for a list of names, sets and functions."""
        if isinstance(features, (str, ColumnFeature)):
            features = [features]
        wanted: list[str | ColumnFeature] = []
        for feature in features:
            if isinstance(feature, ColumnFeature):
                wanted.append(feature)
            else:
                wanted.extend(feature_names(feature, depth))
        names = [_name(feature) for feature in wanted]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            msg = f"feature: expected each feature once, received {twice!r} twice"
            raise ValueError(msg)
        read = [
            name
            for feature in wanted
            for name in (_inputs(feature, depth) if isinstance(feature, ColumnFeature) else ())
        ]
        chosen = [name for name in wanted if isinstance(name, str)]
        hidden = [name for name in dict.fromkeys(read) if name not in chosen]
        return cls(", ".join(chosen + hidden), tuple(wanted), depth)

    def complete(self, table: FeatureTable) -> FeatureTable:
        """Return the table with exactly the columns that were asked for."""
        if all(isinstance(feature, str) for feature in self.wanted):
            return table
        columns = [
            table[feature] if isinstance(feature, str) else self._computed(feature, table)
            for feature in self.wanted
        ]
        names = tuple(_name(feature) for feature in self.wanted)
        return replace(table, names=names, values=np.column_stack(columns))

    def _computed(self, feature: ColumnFeature, table: FeatureTable) -> NDArray[np.float64]:
        inputs = [table[name] for name in _inputs(feature, self.depth)]
        column = np.asarray(feature.compute(*inputs), dtype=np.float64)
        if column.shape != (len(table),):
            msg = (
                f"{feature.name}: expected an array of shape ({len(table)},), "
                f"received {column.shape}"
            )
            raise ValueError(msg)
        return column


def _name(feature: str | ColumnFeature) -> str:
    return feature if isinstance(feature, str) else feature.name


def _inputs(feature: ColumnFeature, depth: int) -> list[str]:
    """Return the names that the columns have which a function reads."""
    return [name for text in feature.inputs for name in feature_names(text, depth)]
