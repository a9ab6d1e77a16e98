"""How changes and trades look as Parquet: plain columns that every reader knows.

Times are integers of nanoseconds, as Spark reads no others without loss. What a source does not
have is null. Prices and sizes are integer ticks and lots; the steps are in the file's metadata.
"""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from obcore.book import ABSENT, BookState
from obcore.data.changes import KINDS, PRICES, SIZES, ChangeBatch, TradeBatch, arrays_of
from obcore.errors import damaged_input

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

VERSION = 1
METADATA_KEY = b"obcore"
STATES = tuple(state.name for state in BookState)
NULLABLE = (
    "time_ns",
    "id",
    "ts_event_ns",
    "ts_recv_ns",
    "sequence",
    "horizon_bid",
    "horizon_ask",
)
SIDES = ("bid", "ask")
WORDS = ("kind", "state", "reason")  # dictionaries of few words


@cache
def depth_schema() -> Any:
    """Return the Arrow schema of files of changes."""
    import pyarrow as pa  # noqa: PLC0415  an extra

    word = pa.dictionary(pa.int32(), pa.string())
    plain = [
        pa.field("position", pa.int64(), nullable=False),
        *(pa.field(name, pa.int64()) for name in NULLABLE[:2]),
        *(pa.field(name, word, nullable=False) for name in WORDS),
        *(pa.field(name, pa.int64()) for name in NULLABLE[2:]),
        pa.field("depth", pa.int32(), nullable=False),
    ]
    levels = pa.list_(pa.field("element", pa.int64(), nullable=False))
    lists = [
        pa.field(f"{side}_{what}", levels, nullable=False)
        for side in SIDES
        for what in ("price", "size")
    ]
    return pa.schema(plain + lists)


@cache
def trade_schema() -> Any:
    """Return the Arrow schema of files of trades."""
    import pyarrow as pa  # noqa: PLC0415  an extra

    return pa.schema(
        [
            pa.field("position", pa.int64(), nullable=False),
            pa.field("time_ns", pa.int64()),
            pa.field("ts_event_ns", pa.int64()),
            pa.field("ts_recv_ns", pa.int64()),
            pa.field("price", pa.int64(), nullable=False),
            pa.field("size", pa.int64(), nullable=False),
            pa.field("taker_is_buyer", pa.bool_(), nullable=False),
            pa.field("is_aggregate", pa.bool_(), nullable=False),
            pa.field("id", pa.int64()),
        ]
    )


def writer(path: Path, schema: Any, metadata: dict[str, Any]) -> Any:
    """Return a Parquet writer for rows of a schema."""
    from pyarrow import parquet  # noqa: PLC0415  an extra

    words = [name for name in WORDS if name in schema.names]
    numbers = {}
    for field in schema:
        if field.name not in words and str(field.type) != "bool":
            path_in_file = (
                f"{field.name}.list.element" if "list" in str(field.type) else field.name
            )
            numbers[path_in_file] = "DELTA_BINARY_PACKED"
    out = parquet.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=3,
        use_dictionary=words or False,
        column_encoding=numbers,
        store_schema=False,
        write_statistics=["position", "time_ns", "id"],
    )
    out.add_key_value_metadata({METADATA_KEY: json.dumps(metadata).encode()})
    return out


# ---- Batches to tables ------------------------------------------------------------------------


def to_table(batch: ChangeBatch | TradeBatch) -> Any:
    """Return a batch as an Arrow table; levels are not copied."""
    import pyarrow as pa  # noqa: PLC0415  an extra

    if isinstance(batch, TradeBatch):
        schema, arrays = trade_schema(), arrays_of(batch)
    else:
        schema, arrays = depth_schema(), _with_words(batch) | _with_lists(batch)
    columns = []
    for field in schema:
        values = arrays[field.name]
        if not isinstance(values, np.ndarray):
            columns.append(values)
        elif field.nullable:
            columns.append(pa.array(values, mask=values == ABSENT))
        else:
            columns.append(pa.array(values).cast(field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def _with_words(batch: ChangeBatch) -> dict[str, Any]:
    import pyarrow as pa  # noqa: PLC0415  an extra

    def words(codes: NDArray[Any], known: tuple[str, ...] | list[str]) -> Any:
        return pa.DictionaryArray.from_arrays(
            pa.array(codes.astype(np.int32, copy=False)), pa.array(known, pa.string())
        )

    return arrays_of(batch) | {
        "kind": words(batch.kind, KINDS),
        "state": words(batch.state, STATES),
        "reason": words(batch.reason, batch.reasons),
    }


def _with_lists(batch: ChangeBatch) -> dict[str, Any]:
    import pyarrow as pa  # noqa: PLC0415  an extra

    levels = pa.list_(pa.field("element", pa.int64(), nullable=False))
    lists = {}
    for side in SIDES:
        offsets = pa.array(getattr(batch, f"{side}_offsets").astype(np.int32))
        for what in ("price", "size"):
            values = pa.array(getattr(batch, f"{side}_{what}"))
            lists[f"{side}_{what}"] = pa.ListArray.from_arrays(offsets, values, type=levels)
    return lists


# ---- Tables to batches ------------------------------------------------------------------------


def to_changes(table: Any, steps: dict[str, str], path: Path) -> ChangeBatch:
    """Return rows of a file as a batch."""
    columns: dict[str, Any] = {"position": _numbers(table, "position")}
    columns |= {name: _numbers(table, name) for name in NULLABLE}
    columns["depth"] = _column(table, "depth").to_numpy(zero_copy_only=False)
    columns["kind"] = _codes(table, "kind", KINDS, path).astype(np.uint8)
    columns["state"] = _codes(table, "state", STATES, path).astype(np.uint8)
    reason = _column(table, "reason")
    columns["reason"] = reason.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    columns["reasons"] = reason.dictionary.to_pylist()
    for side in SIDES:
        price, size = _column(table, f"{side}_price"), _column(table, f"{side}_size")
        offsets = price.offsets.to_numpy().astype(np.int64)
        if not price.offsets.equals(size.offsets):
            raise damaged_input(path.name, f"{side}: expected a size of every price")
        columns[f"{side}_offsets"] = offsets - offsets[0]
        columns[f"{side}_price"] = price.flatten().to_numpy()
        columns[f"{side}_size"] = size.flatten().to_numpy()
    return ChangeBatch(tick=steps["tick"], lot=steps["lot"], **columns)


def to_trades(table: Any, steps: dict[str, str]) -> TradeBatch:
    """Return rows of a file as a batch."""
    flags = ("taker_is_buyer", "is_aggregate")
    names = [name for name in table.column_names if name not in flags]
    columns: dict[str, Any] = {name: _numbers(table, name) for name in names}
    for name in flags:
        flag = _column(table, name).to_numpy(zero_copy_only=False)
        columns[name] = flag.astype(np.uint8)
    return TradeBatch(tick=steps["tick"], lot=steps["lot"], **columns)


def steps_of(metadata: dict[bytes, bytes] | None, path: Path) -> dict[str, str]:
    """Return what a file says of itself.

    Raises
    ------
    DecodeError
        If it is none of a store, or of a newer one.
    """
    text = (metadata or {}).get(METADATA_KEY)
    if text is None:
        raise damaged_input(path.name, "expected a file of a store, received another kind")
    told: dict[str, Any] = json.loads(text)
    if told.get("schema") != VERSION:
        reason = f"expected schema version {VERSION}, received {told.get('schema')}"
        raise damaged_input(path.name, f"{reason}; a newer obcore wrote it")
    return told


def _column(table: Any, name: str) -> Any:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _numbers(table: Any, name: str) -> NDArray[np.int64]:
    column = _column(table, name)
    filled = column.fill_null(ABSENT) if column.null_count else column
    numbers: NDArray[np.int64] = filled.to_numpy()
    return numbers


def _codes(table: Any, name: str, known: tuple[str, ...], path: Path) -> NDArray[Any]:
    column = _column(table, name)
    words = column.dictionary.to_pylist()
    if not set(words) <= set(known):
        raise damaged_input(path.name, f"{name}: expected one of {known}, received {words}")
    codes = np.array([known.index(word) for word in words], dtype=np.int32)
    found: NDArray[Any] = codes[column.indices.to_numpy(zero_copy_only=False)]
    return found


# ---- Grids ------------------------------------------------------------------------------------


def rescaled(batch: ChangeBatch | TradeBatch, tick: str, lot: str) -> ChangeBatch | TradeBatch:
    """Return a batch on a finer grid.

    Raises
    ------
    ValueError
        If its numbers are not all on that grid.
    """
    if (batch.tick, batch.lot) == (tick, lot):
        return batch
    arrays = arrays_of(batch)
    of = type(batch)
    for names, old, new in ((PRICES[of], batch.tick, tick), (SIZES[of], batch.lot, lot)):
        factor = Fraction(old) / Fraction(new)
        if factor.denominator != 1:
            msg = f"expected numbers on a step of {new}, received such on one of {old}"
            raise ValueError(msg)
        for name in names if factor != 1 else ():
            arrays[name] = _multiplied(arrays[name], factor.numerator)
    return of(**arrays | {"tick": tick, "lot": lot})


def _multiplied(values: NDArray[np.int64], factor: int) -> NDArray[np.int64]:
    known = values != ABSENT
    largest = int(np.abs(values[known]).max(initial=0))
    if largest * factor >= 1 << 62:
        msg = f"expected numbers that fit 64 bits on the finer step, received {largest}"
        raise ValueError(msg)
    return np.where(known, values * factor, values)


def finest(one: tuple[str, str], other: tuple[str, str]) -> tuple[str, str]:
    """Return the steps on which numbers of both grids lie."""
    return (_finer(one[0], other[0]), _finer(one[1], other[1]))


def _finer(one: str, other: str) -> str:
    ratio = Fraction(one) / Fraction(other)
    if ratio.denominator == 1:
        return other
    if ratio.numerator == 1:
        return one
    msg = f"expected steps of which one holds the other, received {one} and {other}"
    raise ValueError(msg)
