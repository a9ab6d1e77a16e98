"""Order books in C++, features and models in Python.

Examples
--------
>>> import obcore
>>> recording = obcore.Recording(obcore.sample())
>>> table = recording.features("standard")
>>> table.values.shape
(3267, 58)
>>> float(table["spread"][0])
0.01
"""

from __future__ import annotations

from obcore import features
from obcore.book import (
    LEVEL_DTYPE,
    Book,
    BookSet,
    BookState,
    BookView,
    DeltaBatch,
    LiveBook,
    Side,
    Verdict,
)
from obcore.data.ofi_weights import OfiWeights, fit_ofi_weights
from obcore.data.parquet import write_features
from obcore.data.recording import Recording
from obcore.data.sample import sample
from obcore.data.store import Ingested, Store, write_store
from obcore.data.table import FeatureTable, Summary
from obcore.errors import (
    AmbiguousFormatError,
    DecodeError,
    FeedError,
    GapError,
    NeverSyncedError,
    NotCoveredError,
    ObcoreError,
    PrecisionError,
    QueueOverflowError,
    StoreError,
)
from obcore.features import ColumnFeature, FeatureEngine, FeatureSet, column_feature
from obcore.include import get_include
from obcore.ingest import (
    Disconnected,
    Event,
    Gap,
    InstrumentChanged,
    Resynced,
    Stale,
    Trade,
    TradesLost,
    Update,
    collect,
    live,
)
from obcore.instrument import Instrument

__version__ = "0.1.0"

__all__ = [
    "LEVEL_DTYPE",
    "AmbiguousFormatError",
    "Book",
    "BookSet",
    "BookState",
    "BookView",
    "ColumnFeature",
    "DecodeError",
    "DeltaBatch",
    "Disconnected",
    "Event",
    "FeatureEngine",
    "FeatureSet",
    "FeatureTable",
    "FeedError",
    "Gap",
    "GapError",
    "Ingested",
    "Instrument",
    "InstrumentChanged",
    "LiveBook",
    "NeverSyncedError",
    "NotCoveredError",
    "ObcoreError",
    "OfiWeights",
    "PrecisionError",
    "QueueOverflowError",
    "Recording",
    "Resynced",
    "Side",
    "Stale",
    "Store",
    "StoreError",
    "Summary",
    "Trade",
    "TradesLost",
    "Update",
    "Verdict",
    "collect",
    "column_feature",
    "features",
    "fit_ofi_weights",
    "get_include",
    "live",
    "sample",
    "write_features",
    "write_store",
]
