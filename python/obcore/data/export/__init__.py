"""Files of others, written from what messages did to a book."""

from __future__ import annotations

from obcore.data.export.hftbacktest import write_npz
from obcore.data.export.tardis import TardisReport, write_tardis_csv, write_tardis_trades

__all__ = ["TardisReport", "write_npz", "write_tardis_csv", "write_tardis_trades"]
