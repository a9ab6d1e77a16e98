"""The compiled core under its public names; beside `errors` the only importer of ``_core``."""

from __future__ import annotations

from obcore._core import (
    ABSENT,
    LEVEL_DTYPE,
    Book,
    BookState,
    BookView,
    DeltaBatch,
    Every,
    FeatureEngine,
    FeatureSet,
    Format,
    Grid,
    LiveBook,
    Replay,
    Side,
    Verdict,
    catalog,
    feature_names,
    judge_binance,
    judge_binance_join,
    load_features,
)

__all__ = [
    "ABSENT",
    "LEVEL_DTYPE",
    "Book",
    "BookState",
    "BookView",
    "DeltaBatch",
    "Every",
    "FeatureEngine",
    "FeatureSet",
    "Format",
    "Grid",
    "LiveBook",
    "Replay",
    "Side",
    "Verdict",
    "catalog",
    "feature_names",
    "judge_binance",
    "judge_binance_join",
    "load_features",
]
