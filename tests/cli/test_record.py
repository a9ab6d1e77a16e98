"""``obcore record``: a recording that every command reads, and that a kill does not spoil."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import obcore
from obcore.cli import app
from obcore.venue import load_tape
from venue_thread import local_venue

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = CliRunner()
ETH = "binance-futures:ETHUSDT"
KILLS = int(os.environ.get("OBCORE_KILLS", "3"))


def start(directory: Path, base_url: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "obcore.cli", "record", ETH, "-o", str(directory)]
    return subprocess.Popen(
        [*command, "--base-url", base_url, "--json", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def whole_lines(directory: Path) -> list[dict[str, Any]]:
    """Return the lines of every whole member: a reader of its own, that shares no code."""
    lines: list[dict[str, Any]] = []
    for path in sorted(directory.glob("*.gz")):
        rest = path.read_bytes()
        while rest:
            unpacker = zlib.decompressobj(31)
            text = unpacker.decompress(rest)
            if not unpacker.eof:
                break
            rest = unpacker.unused_data
            lines += [json.loads(line) for line in text.splitlines()]
    return lines


def wait_for_bytes(directory: Path, process: subprocess.Popen[str], before: int) -> None:
    deadline = time.monotonic() + 60.0
    while sum(path.stat().st_size for path in directory.glob("*.gz")) <= before:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_recording_is_read_by_other_commands(tmp_path: Path) -> None:
    directory = tmp_path / "recording"
    with local_venue([obcore.sample()], speed=20) as base_url:
        arguments = ["record", ETH, "-o", str(directory), "--duration", "2"]
        result = RUNNER.invoke(app, [*arguments, "--base-url", base_url, "--json"])

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["state"] == "closed"
    assert document["lost"] == 0
    assert document["frames"] > 100
    assert document["books"] == {ETH: "SYNCED"}

    result = RUNNER.invoke(app, ["inspect", str(directory), "--json"])
    found = json.loads(result.stdout)
    assert (found["state"], found["gap_count"]) == ("SYNCED", 0)
    output = tmp_path / "features.parquet"
    assert RUNNER.invoke(app, ["features", str(directory), "-o", str(output)]).exit_code == 0


def test_a_size_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["record", ETH, "-o", str(tmp_path), "--segment-size", "big"])

    assert result.exit_code == 2
    assert "received 'big'" in " ".join(result.stderr.replace("│", " ").split())


def test_a_directory_without_a_recording_is_a_usage_error(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["inspect", str(tmp_path)])

    assert result.exit_code == 2
    assert "holds neither a recording" in " ".join(result.stderr.replace("│", " ").split())


def test_sigterm_ends_with_everything_written(tmp_path: Path) -> None:
    with local_venue([obcore.sample()], speed=20) as base_url:
        process = start(tmp_path, base_url)
        wait_for_bytes(tmp_path, process, 0)
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=30)

    assert process.returncode == 0, error
    document = json.loads(out)
    received = [line for line in whole_lines(tmp_path) if line["t"] in ("recv", "http")]
    assert document["state"] == "closed"
    assert len(received) == document["frames"] > 10
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    assert all(segment["is_closed"] for segment in manifest["segments"])


def test_a_killed_recorder_loses_less_than_a_second_and_a_rerun_goes_on(tmp_path: Path) -> None:
    (track,) = load_tape([obcore.sample()]).tracks.values()
    sent = {_told(record.payload): i for i, record in enumerate(track.records)}
    dice = random.Random(7)  # noqa: S311  moments, no secrets
    losses: list[float] = []
    bytes_before, lines_before = 0, 0
    for _ in range(KILLS):
        with local_venue([obcore.sample()], speed=20) as base_url:
            process = start(tmp_path, base_url)
            wait_for_bytes(tmp_path, process, bytes_before)
            time.sleep(dice.uniform(0.0, 1.5))
            process.kill()
            killed_ns = time.time_ns()
            process.communicate()
        lines = whole_lines(tmp_path)
        received = [line for line in lines[lines_before:] if line["t"] == "recv"]
        # Byte for byte what was sent, and none is missing between the first and the last.
        places = [sent[_told(line["data"].encode())] for line in received if _is_depth(line)]
        deltas = [i for i, r in enumerate(track.records) if r.role.name == "DELTA"]
        first = deltas.index(places[0])
        assert places == deltas[first : first + len(places)]
        losses.append(killed_ns / 1e9 - received[-1]["ts"])
        bytes_before = sum(path.stat().st_size for path in tmp_path.glob("*.gz"))
        lines_before = len(lines)
        book, summary = obcore.Recording(tmp_path).book_and_summary()
        assert summary.as_dict()["gap_count"] == 0
        assert book.state.name in ("SYNCED", "BUFFERING", "STALE")

    print(f"{KILLS} kills, seconds lost: at most {max(losses):.3f}")  # noqa: T201
    assert max(losses) < 1.0
    with local_venue([obcore.sample()], speed=20) as base_url:
        process = start(tmp_path, base_url, "--duration", "4")
        out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    assert json.loads(out)["repaired"] != []
    lost = [line for line in whole_lines(tmp_path) if line["t"] == "lost"]
    assert len(lost) == KILLS
    book = obcore.Recording(tmp_path).book()
    assert book.state is obcore.BookState.SYNCED


def _told(payload: bytes) -> bytes:
    """Return the message without the name of its stream, which the venue chooses."""
    return payload.partition(b'"data":')[2] or payload


def _is_depth(line: dict[str, Any]) -> bool:
    return "depthUpdate" in line["data"]


def test_two_recorders_in_one_directory_are_one_error(tmp_path: Path) -> None:
    with obcore.Recorder(tmp_path):
        result = RUNNER.invoke(app, ["record", ETH, "-o", str(tmp_path), "--duration", "1"])

    assert result.exit_code == 1
    assert "another process records there" in result.stderr


@pytest.mark.parametrize("channels", ["", ","])
def test_no_channel_is_a_usage_error(tmp_path: Path, channels: str) -> None:
    arguments = ["record", ETH, "-o", str(tmp_path), "--channels", channels]
    assert RUNNER.invoke(app, arguments).exit_code == 2


def test_a_torn_tail_is_told_by_who_reads(tmp_path: Path) -> None:
    with local_venue([obcore.sample()], speed=20) as base_url:
        process = start(tmp_path, base_url)
        wait_for_bytes(tmp_path, process, 0)
        process.kill()
        process.communicate()
    (segment,) = tmp_path.glob("*.gz")
    with segment.open("ab") as file:
        file.write(b"\x1f\x8b\x08\x00")

    result = RUNNER.invoke(app, ["inspect", str(tmp_path), "--json"])

    assert "a torn tail of 4 bytes was not read" in result.stderr
    assert json.loads(result.stdout)["sources"][0]["torn_bytes"] == 4
