"""Zip archives: what is in them is read as if it lay beside; what is wrong is named."""

from __future__ import annotations

import gzip
import hashlib
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

import obcore
from obcore import Recording, Side
from obcore.data.source import Source, SourceReader
from obcore.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BYBIT = "exchange_ws/BYBIT_a.jsonl.gz"
OB500 = "2026-08-09_BTCUSDT_ob500.data"


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_zipped_recording_is_the_recording(tmp_path: Path) -> None:
    packed = pack(
        tmp_path / "a.zip", {"day.txt": gzip.decompress(obcore.sample().read_bytes())}
    )
    told: list[int] = []

    copy, original = Recording(packed), Recording(obcore.sample())

    expected = original.features("microprice", every="1s")
    found = copy.features("microprice", every="1s", on_read=told.append)
    assert found.values.tolist() == expected.values.tolist()
    assert found.summary.counts == expected.summary.counts
    assert sum(told) == packed.stat().st_size
    assert found.summary.sources[0] == _source_of(packed)


def _source_of(path: Path) -> Source:
    content = path.read_bytes()
    return Source(path.name, hashlib.sha256(content).hexdigest(), len(content))


def test_an_archive_of_bybit_is_the_stream(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    """As Bybit packs its books of 500 levels: the stream's own messages, one a line."""
    capture = shared_data(BYBIT)
    with gzip.open(capture, "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    (conn,) = {
        line["conn"] for line in lines
        if line["t"] == "connect" and line["addr"].endswith("/linear") and line["conn"].endswith("2")
    }  # fmt: skip
    books = [
        line["data"] for line in lines
        if line["t"] == "recv" and line["conn"] == conn
        and '"topic":"orderbook.200.BTCUSDT"' in line["data"]
    ]  # fmt: skip
    text = "".join(book.replace("orderbook.200.", "orderbook.500.") + "\n" for book in books)

    recording = Recording(pack(tmp_path / f"{OB500}.zip", {OB500: text.encode()}))

    book, summary = recording.book_and_summary()
    expected = Recording(capture, symbol="bybit-linear:BTCUSDT").book()
    assert book.state.name == "SYNCED"
    assert summary.states == len(books) > 100
    for side in (Side.BID, Side.ASK):
        assert book.top(side).tolist() == expected.top(side).tolist()


def test_what_is_wrong_with_an_archive_names_it_and_the_member(tmp_path: Path) -> None:
    content = gzip.decompress(obcore.sample().read_bytes())
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("day.txt", content)
    whole = path.read_bytes()
    last_size = content.rindex(b'"q":"') + 5
    other = b"9" if content[last_size : last_size + 1] != b"9" else b"8"
    at = whole.index(content[:100]) + last_size
    (tmp_path / "damaged.zip").write_bytes(whole[:at] + other + whole[at + 1 :])
    (tmp_path / "cut.zip").write_bytes(whole[:-100])

    for name, message in {
        "damaged.zip": r"damaged\.zip: day\.txt: expected whole content, received damaged",
        "cut.zip": r"cut\.zip: zip: expected a whole archive",
    }.items():
        with pytest.raises(DecodeError, match=message) as raised:
            Recording(tmp_path / name).summary()
        assert raised.value.source == name


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "zip: expected one file in it, received 0"),
        ({"a": b"", "b": b""}, "zip: expected one file in it, received 2: a, b"),
    ],
)
def test_an_archive_of_other_than_one_file_is_refused(
    tmp_path: Path, files: dict[str, bytes], message: str
) -> None:
    path = pack(tmp_path / "a.zip", files)
    if not files:  # an empty archive begins in another way: with its end
        path.write_bytes(b"PK\x03\x04" + path.read_bytes())

    with pytest.raises(DecodeError, match=message):
        list(SourceReader(path).chunks())
