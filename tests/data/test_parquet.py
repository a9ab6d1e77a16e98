"""Feature files: what is in them, what they say of themselves, and what an error leaves behind."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import made_up
import obcore
from obcore.data import parquet as files
from obcore.data.parquet import partial_path, read_features, write_features

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def interrupted_after(count: int) -> Callable[[int], None]:
    """Return an `on_read` that behaves like Ctrl-C once so many bytes were read."""
    read = 0

    def on_read(size: int) -> None:
        nonlocal read
        read += size
        if read >= count:
            raise KeyboardInterrupt

    return on_read


def test_a_file_holds_the_rows_of_the_recording(tmp_path: Path) -> None:
    recording = obcore.Recording(obcore.sample())
    table = recording.features("all", every="100ms")

    file = write_features(recording, tmp_path / "out.parquet", "all", every="100ms")

    columns, _ = read_features(file.path)
    assert file.rows == len(table)
    assert file.size == file.path.stat().st_size
    assert file.columns == ("ts_event_ns", "ts_recv_ns", "sequence", *table.names)
    assert tuple(columns) == file.columns
    np.testing.assert_array_equal(columns["ts_event_ns"], table.ts_event_ns)
    np.testing.assert_array_equal(columns["ts_recv_ns"], table.ts_recv_ns)
    np.testing.assert_array_equal(columns["sequence"], table.sequence)
    for name in table.names:
        np.testing.assert_array_equal(columns[name], table[name], err_msg=name)


def test_columns_are_integers_and_floats_as_documented(tmp_path: Path) -> None:
    file = write_features(obcore.Recording(obcore.sample()), tmp_path / "out.parquet", "spread")

    schema = parquet.read_schema(file.path)
    assert schema.names == ["ts_event_ns", "ts_recv_ns", "sequence", "spread"]
    assert schema.types == [pa.int64(), pa.int64(), pa.int64(), pa.float64()]
    assert b"obcore" in schema.metadata  # where readers look first


def test_times_that_the_source_has_not_are_null(tmp_path: Path) -> None:
    bare = [text.split(" ", 1)[1] for text in made_up.IN_SYNC]  # no time of receipt
    recording = obcore.Recording(made_up.write(tmp_path, bare))

    file = write_features(recording, tmp_path / "out.parquet", "spread")

    received = parquet.read_table(file.path)["ts_recv_ns"]
    assert received.null_count == len(received) == 4
    columns, _ = read_features(file.path)
    assert set(columns["ts_recv_ns"].tolist()) == {-(2**63)}


def test_an_undefined_feature_is_nan_and_not_null(tmp_path: Path) -> None:
    lines = [
        made_up.snapshot(0, 10, [("99.90", "1.0")], [("100.10", "3.0")]),
        made_up.delta(1, 9, 11, 8, asks=[("100.10", "0")]),
    ]
    recording = obcore.Recording(made_up.write(tmp_path, lines))

    file = write_features(recording, tmp_path / "out.parquet", "mid_price")

    mids = parquet.read_table(file.path)["mid_price"]
    assert mids.null_count == 0
    assert np.isnan(mids.to_numpy()).tolist() == [True]


def test_row_groups_are_bounded_and_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_GROUP_ROWS", 500)
    recording = obcore.Recording(obcore.sample())

    file = write_features(recording, tmp_path / "out.parquet", "spread")

    stored = parquet.ParquetFile(file.path)
    sizes = [stored.metadata.row_group(i).num_rows for i in range(stored.num_row_groups)]
    assert sizes == [500] * 6 + [267]
    columns, _ = read_features(file.path)
    np.testing.assert_array_equal(columns["sequence"], recording.features("spread").sequence)


def test_the_metadata_says_what_the_file_was_made_of(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.GAPPY)
    out = tmp_path / "out.parquet"

    write_features(obcore.Recording(path), out, "spread, obi_1", depth=5, every="2")

    _, metadata = read_features(out)
    assert metadata["obcore_version"] == obcore.__version__
    assert (metadata["features"], metadata["depth"], metadata["every"]) == (
        "spread, obi_1",
        5,
        "2",
    )
    assert metadata["instrument"] == {"symbol": "ETHUSDT", "tick": "0.1", "lot": "0.001"}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    size = path.stat().st_size
    assert metadata["sources"] == [{"name": "made_up.txt", "sha256": digest, "bytes": size}]
    gap = {"source": "made_up.txt", "line": 7, "expected": 17, "received": 19}
    assert metadata["summary"]["gaps"][0].items() >= gap.items()
    assert metadata["complete"] is True


def test_a_recording_that_never_joins_leaves_no_file(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.NEVER_IN_SYNC)

    with pytest.raises(obcore.NeverSyncedError):
        write_features(obcore.Recording(path), tmp_path / "out.parquet")

    assert list(tmp_path.iterdir()) == [path]


def test_an_error_on_the_way_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, [*made_up.IN_SYNC, "1700000009000000000 {broken"])
    out = tmp_path / "out.parquet"
    out.write_text("old")

    with pytest.raises(obcore.DecodeError):
        write_features(obcore.Recording(path), out)

    assert out.read_text() == "old"
    assert {entry.name for entry in tmp_path.iterdir()} == {path.name, out.name}


def test_a_file_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    recording = obcore.Recording(obcore.sample())

    with pytest.raises(OSError, match="nowhere"):
        write_features(recording, tmp_path / "nowhere" / "out.parquet")


def test_an_interrupt_keeps_the_rows_so_far_as_a_valid_file(tmp_path: Path) -> None:
    recording = obcore.Recording(obcore.sample())
    out = tmp_path / "out.parquet"

    with pytest.raises(KeyboardInterrupt) as interrupt:
        write_features(recording, out, "spread", on_read=interrupted_after(500_000))

    kept = tmp_path / "out.partial.parquet"
    columns, metadata = read_features(kept)
    rows = len(columns["spread"])
    assert list(tmp_path.iterdir()) == [kept] == [partial_path(out)]
    assert metadata["complete"] is False
    assert 0 < rows < 3_267
    np.testing.assert_array_equal(
        columns["spread"], recording.features("spread")["spread"][:rows]
    )
    assert interrupt.value.__notes__ == [f"the {rows:,} rows so far are in {kept}"]


def test_an_interrupt_before_the_first_row_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_features(
            obcore.Recording(obcore.sample()),
            tmp_path / "out.parquet",
            on_read=interrupted_after(1),
        )

    assert list(tmp_path.iterdir()) == []


def test_only_the_columns_asked_for_are_read(tmp_path: Path) -> None:
    file = write_features(obcore.Recording(obcore.sample()), tmp_path / "out.parquet", "all")

    columns, _ = read_features(file.path, ["obi_5", "not_there"])

    assert list(columns) == ["ts_event_ns", "ts_recv_ns", "sequence", "obi_5"]


@pytest.mark.parametrize("content", [b"", b"plain text", b"PAR1 and no more"])
def test_other_bytes_are_no_feature_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.parquet"
    path.write_bytes(content)

    with pytest.raises(obcore.DecodeError, match=r"other\.parquet: expected a file made by"):
        read_features(path)


def test_a_parquet_file_of_another_kind_is_no_feature_file(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    parquet.write_table(pa.table({"spread": [1.0]}), path)

    with pytest.raises(obcore.DecodeError, match="a Parquet file of another kind"):
        read_features(path)
