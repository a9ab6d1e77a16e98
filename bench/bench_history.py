"""The book of any moment: from a history, from a store, and in the ways that people use today.

``OBCORE_HISTORY_UPDATES=10000000 pytest bench/bench_history.py --benchmark-enable`` takes the
length that the documentation quotes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from history_market import market
from obcore import Book, History, Instrument, Store
from obcore.book import ChangePlayer, ColumnSink, Grid
from obcore.data.changes import ChangeBatch
from obcore.data.store.manifest import Manifest, StoredRecording, locked
from obcore.data.store.writer import RecordingWriter

if TYPE_CHECKING:
    from pathlib import Path

UPDATES = int(os.environ.get("OBCORE_HISTORY_UPDATES", "200000"))
NAME = "made:UP"
GRID = Grid("0.01", "0.001")


@pytest.fixture(scope="module", params=[1_000, 5_000, 50_000])
def levels(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def history(levels: int) -> History:
    past = History()
    player, sink = ChangePlayer(GRID), past.sink(NAME)
    for batch in market(levels, UPDATES):
        player.tell(batch, sink)
    return past


@pytest.fixture(scope="module")
def store(levels: int, tmp_path_factory: pytest.TempPathFactory) -> Store:
    root: Path = tmp_path_factory.mktemp("store")
    write(levels, root)
    return Store(root)


def write(levels: int, root: Path) -> None:
    player, sink = ChangePlayer(GRID), ColumnSink()
    with locked(root, "made", "UP"):
        manifest = Manifest(venue="made", symbol="UP")
        writer = RecordingWriter(root, manifest, StoredRecording(id="0" * 64, sources=[]))
        for batch in market(levels, UPDATES):
            player.tell(batch, sink)
            for part in sink.take_changes():
                writer.add(ChangeBatch.of(part))
        sink.finish()
        for part in sink.take_changes():
            writer.add(ChangeBatch.of(part))
        writer.finish([], {})


def times_of(past: History | Store) -> Any:
    found = past.coverage(NAME)
    rng = np.random.default_rng(1)
    while True:
        yield int(rng.integers(found.first_ns or 0, (found.last_ns or 1) - 1))


def bench_state_at_in_memory(benchmark: Any, history: History) -> None:
    times, out = times_of(history), Book(Instrument(NAME, "0.01", "0.001"))
    benchmark.extra_info["bytes_an_update"] = history.memory_usage() / UPDATES

    benchmark.pedantic(
        lambda time_ns: history.read_into(out, NAME, time_ns),
        setup=lambda: ((next(times),), {}),
        rounds=2_000,
    )


def bench_state_at_in_memory_as_a_new_book(benchmark: Any, history: History) -> None:
    times = times_of(history)

    benchmark.pedantic(
        lambda time_ns: history.state_at(NAME, time_ns),
        setup=lambda: ((next(times),), {}),
        rounds=2_000,
    )


def bench_state_at_on_disk(benchmark: Any, store: Store) -> None:
    times = times_of(store)

    benchmark.pedantic(
        lambda time_ns: store.state_at(NAME, time_ns),
        setup=lambda: ((next(times),), {}),
        rounds=200,
    )


def bench_replay_from_the_store(benchmark: Any, store: Store) -> None:
    def play() -> None:
        player = ChangePlayer(GRID)
        for batch in store.batches(NAME):
            player.play(batch)

    benchmark.extra_info["updates"] = UPDATES
    benchmark.extra_info["bytes_an_update"] = (
        sum(file.size for file in store.manifest(NAME).files("depth")) / UPDATES
    )
    benchmark.pedantic(play, rounds=3)


def bench_write_the_store(
    benchmark: Any, levels: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    benchmark.extra_info["updates"] = UPDATES
    benchmark.pedantic(
        lambda root: write(levels, root),
        setup=lambda: ((tmp_path_factory.mktemp("store"),), {}),
        rounds=3,
    )


def bench_plain_replay_to_a_moment(benchmark: Any, levels: int) -> None:
    """What everybody does: from the start to that time, in the fastest way that there is."""
    batches = list(market(levels, UPDATES))
    first, last = int(batches[0].time_ns[0]), int(batches[-1].time_ns[-1])
    rng = np.random.default_rng(1)

    def replay(time_ns: int) -> None:
        player = ChangePlayer(GRID)
        for batch in batches:
            player.play(batch, until_ns=time_ns)

    benchmark.pedantic(replay, setup=lambda: ((int(rng.integers(first, last)),), {}), rounds=10)


def bench_dicts_after_each_event(benchmark: Any, levels: int) -> None:
    """What else is done: a copy of both dicts after each event. Measured a copy."""
    bids = dict.fromkeys(range(levels), 1.0)
    asks = dict.fromkeys(range(levels), 1.0)
    benchmark.extra_info["bytes_an_event"] = 2 * levels * 100

    benchmark(lambda: (bids.copy(), asks.copy()))
