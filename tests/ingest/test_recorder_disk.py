"""What a recorder leaves where a kill, a full disk or a slow one meets it."""

from __future__ import annotations

import gzip
import json
import resource
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import obcore
from obcore.data.recorder.directory import segments_of
from obcore.data.recorder.segment import SegmentWriter
from obcore.ingest.connection import Link, Route
from obcore.ingest.venue import Stream
from obcore.ingest.venues import VENUES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY_NS = 86_400 * 10**9
START_NS = 1_790_035_200_000_000_000  # a midnight
ROUTE = Route(VENUES["okx"], "/ws/v5/public", (Stream("BTC-USDT", "books"),), (0,))


def frame(number: int, size: int = 0) -> bytes:
    return json.dumps({"event": "subscribe", "n": number, "fill": "x" * size}).encode()


def tap(recorder: obcore.Recorder, numbers: range, *, size: int = 0, link: Link) -> None:
    for number in numbers:
        recorder(link, frame(number, size), START_NS + number)


def until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 20.0
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def begun(recorder: obcore.Recorder) -> Link:
    link = Link(ROUTE)
    recorder(link, b"", START_NS)
    return link


def lines_of(directory: Path) -> list[dict[str, Any]]:
    texts = [gzip.decompress(path.read_bytes()) for path in sorted(directory.glob("*.gz"))]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def numbers_of(directory: Path) -> list[int]:
    return [
        json.loads(line["data"])["n"] for line in lines_of(directory) if line["t"] == "recv"
    ]


def manifest_of(directory: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((directory / "manifest.json").read_bytes())
    return manifest


def unclosed(directory: Path, members: int = 3) -> Path:
    """Make what a recorder leaves that is killed behind so many members."""
    writer = SegmentWriter(directory, "000001-2026-09-22.jsonl.gz")
    for number in range(members):
        line = {
            "t": "recv",
            "conn": "0",
            "ts": 1_790_035_200 + number,
            "data": f'{{"n":{number}}}',
        }
        writer.append(json.dumps(line, separators=(",", ":")).encode() + b"\n")
    return directory / writer.segment.name


def test_a_segment_torn_at_any_byte_is_read_up_to_its_last_whole_member(tmp_path: Path) -> None:
    whole = unclosed(tmp_path).read_bytes()
    index = tmp_path / "000001-2026-09-22.index.jsonl"
    entries = [json.loads(line) for line in index.read_bytes().splitlines()]
    ends = [entry["offset"] + entry["size"] for entry in entries]
    assert ends[-1] == len(whole)

    for size in range(len(whole) + 1):
        place = tmp_path / f"torn{size}"
        place.mkdir()
        (place / "000001-2026-09-22.jsonl.gz").write_bytes(whole[:size])
        kept = sum(end <= size for end in ends)
        there = "".join(json.dumps(entry) + "\n" for entry in entries[:kept])
        (place / index.name).write_text(there)  # a member first, and then its entry

        _, summary = obcore.Recording(place).book_and_summary()
        torn = size - max([end for end in ends if end <= size], default=0)
        assert summary.sources[0].torn_bytes == torn
        assert summary.as_dict()["messages"] == kept

        with obcore.Recorder(place) as recorder:
            tap(recorder, range(10, 11), link=begun(recorder))
        assert [segment.torn_bytes for segment in recorder.repaired] == [torn]
        assert numbers_of(place) == [*range(kept), 10]
        assert [line["t"] for line in lines_of(place)].count("lost") == 1
        assert obcore.Recording(place).summary().sources[0].torn_bytes == 0


def test_a_closed_segment_that_was_changed_is_an_error_that_names_it(tmp_path: Path) -> None:
    with obcore.Recorder(tmp_path) as recorder:
        tap(recorder, range(100), link=begun(recorder))
    (segment,) = tmp_path.glob("*.gz")
    good = segment.read_bytes()

    segment.write_bytes(good[:-1])
    with pytest.raises(obcore.DecodeError, match=f"{segment.name}: size: expected {len(good)}"):
        obcore.Recording(tmp_path).summary()
    for at in range(len(good)):
        segment.write_bytes(good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :])
        with pytest.raises(obcore.DecodeError, match=segment.name):
            obcore.Recording(tmp_path).summary()
    segment.unlink()
    with pytest.raises(
        obcore.DecodeError, match=r"manifest\.json: segments: expected the file"
    ):
        obcore.Recording(tmp_path)


def test_a_damaged_member_in_the_middle_is_no_torn_tail(tmp_path: Path) -> None:
    segment = unclosed(tmp_path)
    good = bytearray(segment.read_bytes())
    good[-1] ^= 0xFF  # the last member's length: its index says that it was whole
    segment.write_bytes(good)

    with pytest.raises(
        obcore.DecodeError, match=rf"{segment.name}: offset \d+: expected a gzip"
    ):
        obcore.Recording(tmp_path).summary()
    with obcore.Recorder(tmp_path) as recorder:
        tap(recorder, range(1), link=begun(recorder))
    assert "offset" in recorder.repaired[0].damage
    with pytest.raises(obcore.DecodeError, match=segment.name):
        obcore.Recording(tmp_path).summary()


def test_a_new_day_and_a_full_segment_begin_another_one(tmp_path: Path) -> None:
    with obcore.Recorder(tmp_path) as recorder:
        link = begun(recorder)
        recorder(link, frame(0), START_NS + DAY_NS - 1)
        recorder(link, frame(1), START_NS + DAY_NS)
        recorder(link, frame(2), START_NS + DAY_NS - 2)  # a clock that was set back

    names = [segment.name for segment in segments_of(tmp_path)]
    assert names == ["000001-2026-09-22.jsonl.gz", "000002-2026-09-23.jsonl.gz"]
    assert numbers_of(tmp_path) == [0, 1, 2]
    second = gzip.decompress((tmp_path / names[1]).read_bytes()).splitlines()
    assert [json.loads(line)["t"] for line in second[:2]] == ["header", "open"]


def test_a_second_recorder_is_told_that_one_is_there(tmp_path: Path) -> None:
    with obcore.Recorder(tmp_path):
        with pytest.raises(obcore.RecorderError, match="another process records there"):
            obcore.Recorder(tmp_path).__enter__()
    with obcore.Recorder(tmp_path) as again:
        assert again.state == "recording"


def test_what_the_queue_has_no_room_for_is_counted_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_write = threading.Event()
    append = SegmentWriter.append

    def slow(self: SegmentWriter, text: bytes) -> None:
        assert may_write.wait(20)
        append(self, text)

    monkeypatch.setattr(SegmentWriter, "append", slow)
    sizes = []
    with obcore.Recorder(tmp_path, queue_size=4 << 20) as recorder:
        link = begun(recorder)
        for number in range(10_000):
            recorder(link, frame(number, 1_000), START_NS + number)
            sizes.append(recorder.queued_bytes)
        lost = recorder.lost
        may_write.set()
        until(lambda: recorder.queued_bytes == 0)
        tap(recorder, range(10_000, 10_010), link=link)

    assert max(sizes) <= 4 << 20
    assert 0 < lost < 10_000
    numbers = numbers_of(tmp_path)
    assert len(numbers) == 10_010 - lost == recorder.frames
    assert numbers == sorted(numbers)
    (hole,) = [line for line in lines_of(tmp_path) if line["t"] == "lost"]
    assert f"{lost} frames could not be written: the queue was full" in hole["data"]
    assert manifest_of(tmp_path)["lost_frames"] == lost


def test_a_full_disk_is_a_state_and_no_crash(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with obcore.Recorder(tmp_path, queue_size=1 << 20) as recorder:
        link = begun(recorder)
        tap(recorder, range(100), link=link)
        until(lambda: recorder.frames == 100)
        (segment,) = tmp_path.glob("*.gz")
        resource.setrlimit(resource.RLIMIT_FSIZE, (segment.stat().st_size + 10, before[1]))
        try:
            tap(recorder, range(100, 5_000), size=1_000, link=link)
            until(lambda: recorder.state == "full")
            assert recorder.error == "File too large"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        until(lambda: recorder.state == "recording" and recorder.queued_bytes == 0)
        tap(recorder, range(5_000, 5_010), link=link)

    assert recorder.state == "closed"
    assert recorder.lost > 0
    numbers = numbers_of(tmp_path)
    assert numbers[:100] == list(range(100))
    assert numbers[-10:] == list(range(5_000, 5_010))
    assert len(numbers) + recorder.lost == 5_010
    holes = manifest_of(tmp_path)["lost"]
    assert sum(hole["count"] for hole in holes) == recorder.lost
    assert [line["t"] for line in lines_of(tmp_path)].count("lost") == len(holes)
    assert obcore.Recording(tmp_path).summary().sources[0].torn_bytes == 0


def test_a_disk_that_stays_full_ends_with_a_count(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with obcore.Recorder(tmp_path) as recorder:
        link = begun(recorder)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            tap(recorder, range(50), link=link)
            recorder.__exit__()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert recorder.state == "full"
    assert (recorder.frames, recorder.lost) == (0, 50)


def test_bytes_that_are_no_text_are_kept_as_they_were(tmp_path: Path) -> None:
    with obcore.Recorder(tmp_path) as recorder:
        recorder(begun(recorder), b'{"n":"\xff"}', START_NS)

    (line,) = [line for line in lines_of(tmp_path) if line["t"] == "recv"]
    assert bytes.fromhex(line["bytes"]) == b'{"n":"\xff"}'


def test_a_recorder_that_is_not_open_says_so() -> None:
    with pytest.raises(obcore.RecorderError, match="expected an open recorder"):
        obcore.Recorder("nowhere")(Link(ROUTE), b"", START_NS)


def test_a_recorder_that_fails_counts_what_it_lost_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_self: SegmentWriter, _text: bytes) -> None:
        msg = "a mistake"
        raise ValueError(msg)

    monkeypatch.setattr(SegmentWriter, "append", broken)
    recorder = obcore.Recorder(tmp_path)
    with pytest.raises(obcore.RecorderError, match="ValueError: a mistake"):  # noqa: PT012
        with recorder:
            tap(recorder, range(20), link=begun(recorder))
            until(lambda: recorder.state == "failed")
            tap(recorder, range(20, 30), link=Link(ROUTE))

    assert (recorder.frames, recorder.lost) == (0, 30)
