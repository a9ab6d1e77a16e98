"""Throughput of a replay, from recorded bytes to rows of features. A regression here slows all.

Decompression is a benchmark of its own: everything else starts from bytes in memory.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

import obcore
from large_recordings import LARGE_RECORDINGS
from obcore import Book, FeatureEngine, FeatureSet, Instrument
from obcore.book import Replay
from obcore.data.source import CHUNK, SourceReader

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pytest_benchmark.fixture import BenchmarkFixture

    Pairs = list[tuple[str, str]]

NAMES = ("usdm_btcusdt", "usdm_ethusdt", "spot_btcusdt", "cm_btcusd_perp")
RECORDINGS = {"sample": [obcore.sample()]} | {
    name: sorted((LARGE_RECORDINGS / "binance_raw").glob(f"{name}_*.gz")) for name in NAMES
}
PRESENT = [name for name, paths in RECORDINGS.items() if paths]
TARDIS = (
    LARGE_RECORDINGS
    / "tardis_csv/converted/binance-futures_incremental_book_L2_2024-08-08_BTCUSDT.csv.gz"
)


def note_rate(benchmark: BenchmarkFixture, size: int) -> None:
    """Megabytes a second, where the benchmark was really run."""
    benchmark.extra_info["MB"] = size / 1e6
    if benchmark.stats is not None:
        benchmark.extra_info["MB/s"] = round(size / 1e6 / benchmark.stats.stats.median, 1)


def replayed(contents: list[bytes], features: str) -> int:
    """How many rows there are."""
    replay = Replay(features=features)
    rows = 0
    for content in contents:
        replay.begin("bench")
        for start in range(0, len(content), CHUNK):
            replay.feed(memoryview(content)[start : start + CHUNK])
            rows += len(replay.take_rows()[2])
        replay.end()
    replay.finish()
    return rows + len(replay.take_rows()[2])


@pytest.mark.parametrize("features", ["standard", "all", "stateful"])
@pytest.mark.parametrize("name", PRESENT)
def bench_json_to_features_at_every_depth_event(
    benchmark: BenchmarkFixture, name: str, features: str
) -> None:
    contents = [gzip.decompress(path.read_bytes()) for path in RECORDINGS[name]]

    rows = benchmark(replayed, contents, features)

    assert rows > 3_000
    benchmark.extra_info["rows"] = rows
    note_rate(benchmark, sum(map(len, contents)))


@pytest.mark.skipif(not TARDIS.exists(), reason="needs a large recording")
@pytest.mark.parametrize("features", ["standard", "all"])
def bench_tardis_csv_to_features_at_every_message(
    benchmark: BenchmarkFixture, features: str
) -> None:
    content = gzip.decompress(TARDIS.read_bytes())

    rows = benchmark(replayed, [content], features)

    assert rows == 6_546
    note_rate(benchmark, len(content))


@pytest.mark.parametrize("name", PRESENT)
def bench_decompression(benchmark: BenchmarkFixture, name: str) -> None:
    def decompress() -> int:
        return sum(
            len(chunk) for path in RECORDINGS[name] for chunk in SourceReader(path).chunks()
        )

    size = benchmark(decompress)

    assert size > 1_000_000
    note_rate(benchmark, size)


class Tape:
    """The sample's snapshot and its diffs as arrays of levels."""

    instrument = Instrument("ETHUSDT", "0.01", "0.001")

    def __init__(self) -> None:
        self.deltas = []
        for line in gzip.decompress(obcore.sample().read_bytes()).splitlines():
            message = json.loads(line.split(b" ", 1)[1])
            if "lastUpdateId" in message:
                self.snapshot = self.sides(message["bids"], message["asks"])
            elif message["data"]["e"] == "depthUpdate":
                self.deltas.append(self.sides(message["data"]["b"], message["data"]["a"]))

    def sides(self, bids: Pairs, asks: Pairs) -> tuple[NDArray[np.void], NDArray[np.void]]:
        return self.instrument.levels(bids), self.instrument.levels(asks)

    def book(self) -> Book:
        book = Book(self.instrument)
        book.apply_snapshot(*self.snapshot)
        return book

    def apply_all(self, book: Book) -> Book:
        for bids, asks in self.deltas:
            book.apply_delta(bids, asks)
        return book


@pytest.fixture(scope="module")
def tape() -> Tape:
    return Tape()


def bench_apply_delta(benchmark: BenchmarkFixture, tape: Tape) -> None:
    def setup() -> tuple[tuple[Book], dict[str, object]]:
        return (tape.book(),), {}

    book = benchmark.pedantic(tape.apply_all, setup=setup, rounds=50)  # type: ignore[no-untyped-call]

    assert book.best_bid is not None
    benchmark.extra_info["deltas"] = len(tape.deltas)
    benchmark.extra_info["levels"] = sum(len(side) for sides in tape.deltas for side in sides)


@pytest.mark.parametrize("features", ["standard", "all"])
def bench_one_vector(benchmark: BenchmarkFixture, tape: Tape, features: str) -> None:
    book, chosen = tape.book(), FeatureSet(features)
    out = np.empty(len(chosen))

    benchmark(chosen.compute, book, out)

    assert np.isfinite(out).all()


@pytest.mark.parametrize("features", ["standard", "stateful", "ofi, oi, z_score(obi_1)"])
def bench_vectors_event_by_event(
    benchmark: BenchmarkFixture, tape: Tape, features: str
) -> None:
    engine = FeatureEngine(tape.instrument, features)
    book, out = tape.apply_all(tape.book()), np.empty(len(engine))
    changes = [tape.instrument.levels([("3000.00", size)]) for size in ("1", "2")]
    nothing = tape.instrument.levels([])

    def take_a_state() -> None:
        book.apply_delta(changes[engine.states % 2], nothing)
        engine.on_book(book, out)

    benchmark(take_a_state)

    assert engine.states > 0
    benchmark.extra_info["features"] = len(engine)
