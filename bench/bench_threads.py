"""Two recordings of two instruments, in one thread and in two: a replay needs no GIL."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import obcore
from bench_replay import replayed
from large_recordings import LARGE_RECORDINGS

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

PAIR = [
    LARGE_RECORDINGS / "binance_raw" / f"usdm_{name}.gz"
    for name in ("btcusdt_20240808", "ethusdt_20240718")
]
RECORDINGS = PAIR if all(path.exists() for path in PAIR) else [obcore.sample()] * 2


@pytest.mark.benchmark(group="threads")
@pytest.mark.parametrize("threads", [1, 2])
def bench_two_recordings_twice(benchmark: BenchmarkFixture, threads: int) -> None:
    first, second = (gzip.decompress(path.read_bytes()) for path in RECORDINGS)
    # Each task is both, in another order: so neither thread has less to do.
    tasks = [(first, second), (second, first)]

    def replay_all() -> list[int]:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(replay_each, tasks))

    rows = benchmark(replay_all)

    assert rows[0] == rows[1] > 3_000


def replay_each(contents: tuple[bytes, ...]) -> int:
    return sum(replayed([content], "standard") for content in contents)
