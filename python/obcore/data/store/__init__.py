"""Market data in Parquet files, from which the exact book of any moment can be read."""

from __future__ import annotations

from obcore.data.store.ingest import Ingested, write_store
from obcore.data.store.manifest import is_store
from obcore.data.store.store import Store

__all__ = ["Ingested", "Store", "is_store", "write_store"]
