"""Live feeds on the local venue, without peers: whether the race still runs, and how long it takes.

Wall time of whole races here, processes and warm-up among it: quote numbers from the command, which
interleaves entrants and counts CPU time: ``python -m obcore.bench.feeds``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("aiohttp")

import obcore
from obcore.bench.feeds.program import FeedRace, Settings

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


@pytest.mark.parametrize("entrant", ["floor", "obcore", "obcore-events"])
def bench_feed(benchmark: BenchmarkFixture, entrant: str) -> None:
    settings = Settings(
        obcore.sample(),
        symbols=10,
        seconds=1.0,
        rounds=1,
        entrants=(entrant,),
        latencies=False,
    )
    race = FeedRace(settings)

    benchmark.pedantic(race.run, rounds=1)  # type: ignore[no-untyped-call]

    (row,) = race.document()["rows"]
    benchmark.extra_info |= {
        "version": row["version"],
        "us_cpu_at_the_rate": round(row["paced"]["cpu_us"][1], 3),
        "us_cpu_at_full_speed": round(row["blast"]["cpu_us"][1], 3),
    }
