"""Feature tables as Parquet files, with what they were made of in the file itself."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from obcore.book import ABSENT, feature_names
from obcore.errors import damaged_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from obcore.data.recording import Recording
    from obcore.data.store.view import StoredView
    from obcore.data.table import FeatureTable, Summary

METADATA_KEY = b"obcore"
TIME_COLUMNS = ("ts_event_ns", "ts_recv_ns", "sequence")
MAX_GROUP_ROWS = 65_536
MAX_GROUP_VALUES = 1 << 22  # 32 MiB of float64, however many columns there are
MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True)
class FeatureFile:
    """A feature file as it was written.

    Parameters
    ----------
    path : Path
        The file.
    rows : int
        Its rows.
    columns : tuple of str
        Its columns, the times and the sequence first.
    size : int
        Its bytes.
    summary : Summary
        The recording it was made of.
    """

    path: Path
    rows: int
    columns: tuple[str, ...]
    size: int
    summary: Summary


def write_features(
    recording: Recording | StoredView,
    out: str | PathLike[str],
    features: str = "standard",
    *,
    depth: int = 10,
    every: str = "event",
    ofi_weights: Sequence[float] | None = None,
    on_read: Callable[[int], None] | None = None,
) -> FeatureFile:
    """Write the features of a recording to a Parquet file, in memory independent of its length.

    The file appears under its name when it is complete, and not at all after an error. A
    `KeyboardInterrupt` keeps the rows so far beside it, as `partial_path`, and goes on with a
    note that says so.

    Parameters
    ----------
    recording : Recording or StoredView
        What to replay.
    out : path-like
        The file to write; one that exists is replaced.
    features, depth, every, ofi_weights, on_read
        As in `Recording.features`.

    Returns
    -------
    FeatureFile
        Rows, columns and size of the file, and the summary of the recording.

    Raises
    ------
    NeverSyncedError
        If the recording never became a book that can be trusted.
    DecodeError
        If the input is malformed; it names file and line.
    OSError
        If the file cannot be written.

    Notes
    -----
    Columns are ``ts_event_ns``, ``ts_recv_ns`` and ``sequence`` as int64, null where the source
    has none, then the features as float64 under their names. The key ``obcore`` of the file's
    metadata holds `describe` as JSON.

    Examples
    --------
    >>> import tempfile
    >>> import obcore
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     out = Path(folder) / "features.parquet"
    ...     file = write_features(obcore.Recording(obcore.sample()), out, "obi_5", every="1s")
    >>> file.rows, file.columns
    (177, ('ts_event_ns', 'ts_recv_ns', 'sequence', 'obi_5'))
    """
    path = Path(out)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    writer = _Writer(temporary, features, depth=depth, every=every, ofi_weights=ofi_weights)
    try:
        for table in recording.batches(
            features, depth=depth, every=every, ofi_weights=ofi_weights, on_read=on_read
        ):
            writer.add(table)
        writer.finish(complete=True)
        temporary.replace(path)
    except KeyboardInterrupt as interrupt:
        if writer.rows > 0 and writer.is_open:
            kept = partial_path(path)
            writer.finish(complete=False)
            temporary.replace(kept)
            interrupt.add_note(f"the {writer.rows:,} rows so far are in {kept}")
        raise
    finally:
        writer.abandon()
        temporary.unlink(missing_ok=True)
    return FeatureFile(path, writer.rows, writer.columns, path.stat().st_size, writer.summary)


def partial_path(out: Path) -> Path:
    """Return where an interrupted `write_features` keeps its rows.

    Examples
    --------
    >>> partial_path(Path("day.parquet")).name
    'day.partial.parquet'
    """
    return out.with_name(out.name.removesuffix(".parquet") + ".partial.parquet")


def describe(
    summary: Summary,
    *,
    features: str,
    depth: int,
    every: str,
    ofi_weights: Sequence[float] | None = None,
    complete: bool,
) -> dict[str, Any]:
    """Return what a feature file says of itself, ready for JSON.

    Parameters
    ----------
    summary : Summary
        The recording that the rows come from.
    features, depth, every, ofi_weights
        What was asked for.
    complete : bool
        Whether the rows cover the recording to its end.

    Returns
    -------
    dict
        obcore_version, features, depth, every, ofi_weights, instrument, sources, summary,
        complete.
    """
    from obcore import __version__  # noqa: PLC0415  the package imports this layer

    return {
        "obcore_version": __version__,
        "features": features,
        "depth": depth,
        "every": every,
        "ofi_weights": None if ofi_weights is None else list(ofi_weights),
        "instrument": {"symbol": summary.symbol, "tick": summary.tick, "lot": summary.lot},
        "sources": [
            {"name": source.name, "sha256": source.sha256, "bytes": source.size}
            for source in summary.sources
        ],
        "summary": summary.as_dict(),
        "complete": complete,
    }


def require_pyarrow() -> None:
    """Load pyarrow, which takes a moment, or raise ModuleNotFoundError where there is none."""
    import pyarrow.parquet  # noqa: F401, PLC0415  an extra


def is_parquet(path: str | PathLike[str]) -> bool:
    """Return whether a file begins like a Parquet file."""
    with Path(path).open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read_features(
    path: str | PathLike[str], names: Iterable[str] | None = None
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the columns of a feature file as arrays, and what it says of itself.

    Parameters
    ----------
    path : path-like
        A file made by `write_features`.
    names : iterable of str, optional
        The features to read, as far as the file has them; all of them by default.

    Returns
    -------
    columns : dict of str to (n,) array
        The times and the sequence as int64, ``-2**63`` where there is none; features as float64.
    metadata : dict
        As `describe` made it.

    Raises
    ------
    DecodeError
        If the file is not one that `write_features` made.
    """
    with _opened(Path(path)) as file:
        metadata = _metadata(file, Path(path))
        present = file.schema_arrow.names
        chosen = [*TIME_COLUMNS, *(present if names is None else names)]
        table = file.read(columns=[name for name in present if name in set(chosen)])
    columns = {
        name: _to_numpy(column)
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return columns, metadata


class _Writer:
    """Row groups of bounded size, then the metadata, which is only known at the end."""

    summary: Summary  # of the rows so far; there from the first `add` on

    def __init__(
        self,
        path: Path,
        features: str,
        *,
        depth: int,
        every: str,
        ofi_weights: Sequence[float] | None,
    ) -> None:
        import pyarrow as pa  # noqa: PLC0415  an extra
        from pyarrow import parquet  # noqa: PLC0415

        self._arrow = pa
        self._asked: dict[str, Any] = {
            "features": features,
            "depth": depth,
            "every": every,
            "ofi_weights": ofi_weights,
        }
        self._schema = pa.schema(
            [pa.field(name, pa.int64()) for name in TIME_COLUMNS]
            + [
                pa.field(name, pa.float64(), nullable=False)
                for name in feature_names(features, depth)
            ]
        )
        self._group = max(1, min(MAX_GROUP_ROWS, MAX_GROUP_VALUES // len(self._schema)))
        # Without dictionaries the file is smaller: few values of a feature repeat. Without a
        # stored schema readers show the metadata that is added at the end as the schema's.
        self._file = parquet.ParquetWriter(
            path, self._schema, compression="zstd", use_dictionary=False, store_schema=False
        )
        self._pending = self._schema.empty_table()
        self._written = 0

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._schema.names)

    @property
    def rows(self) -> int:
        return self._written + int(self._pending.num_rows)

    @property
    def is_open(self) -> bool:
        return bool(self._file.is_open)

    def add(self, table: FeatureTable) -> None:
        times = (table.ts_event_ns, table.ts_recv_ns, table.sequence)
        arrays = [self._arrow.array(column, mask=column == ABSENT) for column in times]
        arrays += [self._arrow.array(column) for column in np.ascontiguousarray(table.values.T)]
        rows = self._arrow.Table.from_arrays(arrays, schema=self._schema)
        self._pending = self._arrow.concat_tables([self._pending, rows])
        self.summary = table.summary
        self._write(self._pending.num_rows // self._group * self._group)

    def finish(self, *, complete: bool) -> None:
        self._write(self._pending.num_rows)
        metadata = describe(self.summary, **self._asked, complete=complete)
        self._file.add_key_value_metadata({METADATA_KEY: json.dumps(metadata).encode()})
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file, whatever state it is in."""
        with suppress(OSError, self._arrow.ArrowException):
            self._file.close()

    def _write(self, rows: int) -> None:
        if rows == 0:
            return
        # Taken out first: an interrupt may lose a group of rows, but never doubles one.
        ready, self._pending = self._pending.slice(0, rows), self._pending.slice(rows)
        self._file.write_table(ready, row_group_size=self._group)
        self._written += rows


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import pyarrow as pa  # noqa: PLC0415  an extra
    from pyarrow import parquet  # noqa: PLC0415

    try:
        with parquet.ParquetFile(path) as file:
            yield file
    except pa.ArrowInvalid as error:
        raise _not_ours(path, "other or damaged bytes") from error


def _metadata(file: Any, path: Path) -> dict[str, Any]:
    text = (file.metadata.metadata or {}).get(METADATA_KEY)
    missing = [name for name in TIME_COLUMNS if name not in file.schema_arrow.names]
    if text is None or missing:
        raise _not_ours(path, "a Parquet file of another kind")
    metadata: dict[str, Any] = json.loads(text)
    return metadata


def _not_ours(path: Path, received: str) -> Exception:
    reason = f"expected a file made by `obcore features`, received {received}"
    return damaged_input(path.name, reason)


def _to_numpy(column: Any) -> NDArray[Any]:
    filled = column.fill_null(ABSENT) if column.null_count else column
    values: NDArray[Any] = filled.to_numpy()
    return values
