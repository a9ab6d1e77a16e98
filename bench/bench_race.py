"""The race of `obcore bench --peers`, an entry a benchmark: for comparison from run to run.

Wall time here, one entry after the other: quote ratios from the command, which interleaves them.
"""

from __future__ import annotations

import contextlib
from functools import cache
from typing import TYPE_CHECKING

import pytest

with contextlib.suppress(ImportError):
    import lrvx  # noqa: F401  cannot be loaded after the core

import obcore
from large_recordings import LARGE_RECORDINGS
from obcore.bench import floor_entries, own
from obcore.bench.contest import UnfitError, Workload
from obcore.bench.equality import difference
from obcore.bench.peers import load_peers
from obcore.bench.reference import Reference
from obcore.bench.streams import Stream

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from obcore.bench.contest import Entry

LARGE = ("usdm_btcusdt_20240808", "spot_btcusdt_20240808", "cm_btcusd_perp_20240808")
RECORDINGS = {"sample": obcore.sample()} | {
    name: path
    for name in LARGE
    if (path := LARGE_RECORDINGS / "binance_raw" / f"{name}.gz").exists()
}
STREAMS = ("made_up_1000", *RECORDINGS)
MESSAGES = 5_000  # of each stream
PEERS, ABSENT = load_peers()
ENTRIES = own.entries() + floor_entries.entries() + PEERS


@cache
def stream_of(name: str) -> Stream:
    if name in RECORDINGS:
        return Stream.of_recording(RECORDINGS[name]).first(MESSAGES)
    return Stream.made_up(levels=1_000, updates=100_000).first(MESSAGES)


@cache
def reference_of(name: str) -> Reference:
    return Reference(stream_of(name))


def entries_of(workload: Workload) -> list[object]:
    """Every entry as a parameter, and those that are not here as skips."""
    present = [
        pytest.param(entry, id=f"{entry.name}: {entry.path}")
        for entry in ENTRIES
        if entry.workload is workload
    ]
    missing = [
        pytest.param(None, id=peer.name, marks=pytest.mark.skip(reason=peer.reason))
        for peer in ABSENT
    ]
    return [*present, *missing]


def race(benchmark: BenchmarkFixture, entry: Entry, name: str) -> None:
    """Check the entry's answer, then time it."""
    whole = stream_of(name)
    stream = whole if entry.limit is None else whole.first(entry.limit)
    try:
        trial = entry.make(stream)
    except UnfitError as unfit:
        pytest.skip(str(unfit))
    state = trial.fresh()
    trial.run(state)
    wrong = difference(entry, trial.answer(state), reference_of(name), stream.messages)
    if wrong:
        pytest.skip(f"its answer is not the right one: {wrong}")
    benchmark.group = f"{entry.workload.value} {name}, {entry.calls.value}"
    benchmark.extra_info |= {"version": entry.version, "units": trial.count}

    benchmark.pedantic(  # type: ignore[no-untyped-call]
        trial.run, setup=lambda: ((trial.fresh(),), {}), rounds=5
    )

    if benchmark.stats is not None:
        per_unit = benchmark.stats.stats.median * 1e9 / trial.count
        unit_ns = entry.workload.ns_per_unit
        benchmark.extra_info[entry.workload.unit] = round(per_unit / unit_ns, 4)


@pytest.mark.parametrize("entry", entries_of(Workload.APPLY))
@pytest.mark.parametrize("name", STREAMS)
def bench_w1_apply(benchmark: BenchmarkFixture, entry: Entry, name: str) -> None:
    race(benchmark, entry, name)


@pytest.mark.parametrize("entry", entries_of(Workload.JSON))
@pytest.mark.parametrize("name", STREAMS)
def bench_w2_json(benchmark: BenchmarkFixture, entry: Entry, name: str) -> None:
    race(benchmark, entry, name)


@pytest.mark.parametrize("entry", entries_of(Workload.VECTOR))
@pytest.mark.parametrize("name", STREAMS)
def bench_w3_vector(benchmark: BenchmarkFixture, entry: Entry, name: str) -> None:
    race(benchmark, entry, name)


@pytest.mark.parametrize("entry", entries_of(Workload.REPLAY))
@pytest.mark.parametrize("name", STREAMS)
def bench_w4_replay(benchmark: BenchmarkFixture, entry: Entry, name: str) -> None:
    race(benchmark, entry, name)
