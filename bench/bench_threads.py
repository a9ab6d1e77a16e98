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

# Of about one size, so that neither thread waits for the other.
PAIR = sorted((LARGE_RECORDINGS / "binance_raw").glob("usdm_*usdt_2024*8.gz"))
RECORDINGS = PAIR if len(PAIR) == 2 else [obcore.sample()] * 2


@pytest.mark.benchmark(group="threads")
@pytest.mark.parametrize("threads", [1, 2])
def bench_two_recordings(benchmark: BenchmarkFixture, threads: int) -> None:
    size = min(path.stat().st_size for path in RECORDINGS) * 8
    contents = [_first_lines(gzip.decompress(path.read_bytes()), size) for path in RECORDINGS]

    def replay_both() -> list[int]:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda content: replayed([content], "standard"), contents))

    rows = benchmark(replay_both)

    assert min(rows) > 1_000
    benchmark.extra_info["rows"] = sum(rows)


def _first_lines(content: bytes, size: int) -> bytes:
    return content[: content.rfind(b"\n", 0, size) + 1]
