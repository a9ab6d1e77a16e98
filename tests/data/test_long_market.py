"""A day of market in bounded memory: the sample again and again, each time three minutes later.

``OBCORE_HOURS=24 pytest tests/data/test_long_market.py -s`` plays a whole day.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HOURS = float(os.environ.get("OBCORE_HOURS", "2"))
ROOM = {  # bytes of address space beyond what is there once everything is loaded
    "history": 96 << 20,
    "store": 320 << 20,  # of which Arrow's threads reserve most
}
PROGRAM = """
import json, resource, sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet

import obcore
from obcore.book import ChangePlayer, ColumnSink
from obcore.data.changes import ChangeBatch
from obcore.data.store.manifest import Manifest, StoredRecording, locked
from obcore.data.store.writer import RecordingWriter

target, root, rounds, room = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
source = obcore.History()
source.record(obcore.Recording(obcore.sample()), "a:X")
batches = list(source.batches("a:X"))
span = int(batches[-1].time_ns[-1]) - int(batches[0].time_ns[0]) + 1_000_000
grid = source.grid("a:X")


def at(number):
    for batch in batches:
        by = number * span
        yield replace(batch, time_ns=batch.time_ns + by, ts_recv_ns=batch.ts_recv_ns + by)


def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


history = obcore.History(max_bytes=16 << 20)
player, sink = ChangePlayer(grid), history.sink("a:X")
columns = ColumnSink()
sizes = []
size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + room, size + room))
with locked(root, "a", "X"):
    writer = RecordingWriter(root, Manifest(venue="a", symbol="X"), StoredRecording(id="0" * 64, sources=[]))
    for number in range(rounds):
        for batch in at(number):
            player.tell(batch, sink if target == "history" else columns)
        for part in columns.take_changes():
            writer.add(ChangeBatch.of(part))
        sizes.append(resident())
    columns.finish()
    for part in columns.take_changes():
        writer.add(ChangeBatch.of(part))
    writer.finish([], {})
past = history if target == "history" else obcore.Store(root)
found = past.coverage("a:X")
books = [past.state_at("a:X", found.last_ns - back * 1_000_000_000) for back in range(1, 60)]
print(json.dumps({
    "hours": rounds * span / 3.6e12, "sizes": sizes, "seconds": (found.last_ns - found.first_ns) / 1e9,
    "states": [book.state.name for book in books], "dropped": history.dropped.events,
}))
"""


@pytest.mark.parametrize("target", ["history", "store"])
def test_memory_stays_flat_however_long_the_market(target: str, tmp_path: Path) -> None:
    rounds = max(8, round(HOURS * 20))
    room = str(ROOM[target])
    command = [sys.executable, "-c", PROGRAM, target, str(tmp_path), str(rounds)]
    done = subprocess.run([*command, room], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    sizes = told["sizes"]
    print(f"{target}: {told['hours']:.1f} h, {sizes[2] >> 20} to {sizes[-1] >> 20} MiB")  # noqa: T201

    assert set(told["states"]) == {"SYNCED"}
    # The first half fills what is bounded; behind it nothing is added.
    assert sizes[-1] - sizes[len(sizes) // 2] < 8 << 20
    if target == "store":
        assert told["seconds"] > 0.9 * told["hours"] * 3600
    elif HOURS >= 1:
        assert told["dropped"] > 0
