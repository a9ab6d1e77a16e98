"""The files of a store, and where in them a moment lies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from obcore.book import ABSENT
from obcore.data.store.schema import WORDS, steps_of, to_changes, to_trades
from obcore.errors import StoreError, damaged_input

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from obcore.data.changes import ChangeBatch, TradeBatch
    from obcore.data.store.manifest import Manifest, StoredFile

OPEN_FILES = 64


@dataclass(frozen=True, slots=True)
class Groups:
    """The row groups of one symbol's files, in the order of time.

    Parameters
    ----------
    files : list of StoredFile
        Where each group is, one entry a group.
    numbers : list of int
        Which group of the file it is.
    first_ns, first_id : (g,) int64 array
        The least time and update id of each group, ``ABSENT`` where it has none.
    """

    files: list[StoredFile]
    numbers: list[int]
    first_ns: NDArray[np.int64]
    first_id: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.files)

    def last_until(self, time_ns: int | None, sequence: int | None) -> int | None:
        """Return the last group that begins at or before a time, or an update id."""
        firsts = self.first_ns if time_ns is not None else self.first_id
        bound = np.int64(time_ns if time_ns is not None else sequence or 0)
        found = int(np.searchsorted(firsts, bound, side="right")) - 1
        return found if found >= 0 else None


class StoreFiles:
    """Opens files of a store and keeps the last ones open."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open: dict[str, tuple[Any, dict[str, str]]] = {}
        self._groups: dict[tuple[str, str], Groups] = {}

    def groups(self, manifest: Manifest, kind: str = "depth") -> Groups:
        """Return the row groups of a symbol, from the ends of its files."""
        key = (manifest.name, kind)
        if key not in self._groups:
            self._groups[key] = self._read_groups(manifest.files(kind))
        return self._groups[key]

    def changes(self, groups: Groups, at: int) -> ChangeBatch:
        """Return the rows of a group of changes."""
        path, table, steps = self._read(groups, at)
        return to_changes(table, steps, path)

    def trades(self, groups: Groups, at: int) -> TradeBatch:
        """Return the rows of a group of trades."""
        _, table, steps = self._read(groups, at)
        return to_trades(table, steps)

    def verify(self, stored: StoredFile) -> None:
        """Compare a file with its sha256."""
        digest = hashlib.sha256()
        with self._path(stored).open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        if digest.hexdigest() != stored.sha256:
            msg = (
                f"{stored.path}: expected sha256 {stored.sha256}, received {digest.hexdigest()}"
            )
            raise StoreError(msg)

    def _read(self, groups: Groups, at: int) -> tuple[Path, Any, dict[str, str]]:
        import pyarrow as pa  # noqa: PLC0415  an extra

        stored = groups.files[at]
        file, steps = self._opened(stored)
        try:
            table = file.read_row_group(groups.numbers[at], use_threads=False)
        except (pa.ArrowInvalid, OSError) as error:
            raise damaged_input(
                stored.path, f"expected whole Parquet, received {error}"
            ) from error
        return self._path(stored), table, steps

    def _opened(self, stored: StoredFile) -> tuple[Any, dict[str, str]]:
        import pyarrow as pa  # noqa: PLC0415  an extra
        from pyarrow import parquet  # noqa: PLC0415

        if stored.path in self._open:
            return self._open[stored.path]
        path = self._path(stored)
        words = list(WORDS) if stored.kind == "depth" else None
        try:
            file = parquet.ParquetFile(path, read_dictionary=words)
        except pa.ArrowInvalid as error:
            raise damaged_input(
                stored.path, f"expected whole Parquet, received {error}"
            ) from error
        if len(self._open) >= OPEN_FILES:
            oldest = next(iter(self._open))
            self._open.pop(oldest)[0].close()
        self._open[stored.path] = file, steps_of(file.metadata.metadata, path)
        return self._open[stored.path]

    def _read_groups(self, stored: list[StoredFile]) -> Groups:
        files, numbers, first_ns, first_id = [], [], [], []
        for one in stored:
            metadata = self._opened(one)[0].metadata
            names = metadata.schema.names
            time_column, id_column = names.index("time_ns"), names.index("id")
            for number in range(metadata.num_row_groups):
                group = metadata.row_group(number)
                files.append(one)
                numbers.append(number)
                first_ns.append(_least(group.column(time_column)))
                first_id.append(_least(group.column(id_column)))
        return Groups(
            files,
            numbers,
            np.array(first_ns, dtype=np.int64),
            np.array(first_id, dtype=np.int64),
        )

    def _path(self, stored: StoredFile) -> Path:
        path = self._root / stored.path
        if not path.exists():
            msg = f"{self._root}: the file {stored.path} is missing; ingest its recording anew"
            raise StoreError(msg)
        return path


def _least(column: Any) -> int:
    """Return a column's least value in a group; ABSENT where a row has none, which is less."""
    statistics = column.statistics
    if statistics is None or not statistics.has_min_max or statistics.null_count:
        return ABSENT
    return int(statistics.min)
