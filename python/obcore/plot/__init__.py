"""Pictures of features and of the book's depth over time; the only importer of matplotlib."""

from __future__ import annotations

from obcore.plot.features import FEATURES, features_figure, missing_features
from obcore.plot.heatmap import depth_grid, heatmap_figure, level_names
from obcore.plot.race import race_figure
from obcore.plot.save import picture_formats, save_figure

__all__ = [
    "FEATURES",
    "depth_grid",
    "features_figure",
    "heatmap_figure",
    "level_names",
    "missing_features",
    "picture_formats",
    "race_figure",
    "save_figure",
]
