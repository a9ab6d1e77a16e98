from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import obcore
from obcore.bench.floor import BareReplay, JsonTexts, instruction_sets, measure
from obcore.bench.streams import Stream
from obcore.book import LEVEL_DTYPE, Book, FeatureSet, Side

SETS = instruction_sets()
STREAMS = {
    "shallow": lambda: Stream.made_up(20, 20_000),
    "dense": lambda: Stream.made_up(1_000, 20_000),
    "sparse": lambda: Stream.made_up(200, 20_000, spacing=16),
    "very sparse": lambda: Stream.made_up(200, 20_000, spacing=5_000),
    "recorded": lambda: Stream.of_recording(obcore.sample()),
}


@pytest.fixture(scope="module", params=STREAMS)
def stream(request: pytest.FixtureRequest) -> Stream:
    return STREAMS[request.param]()


@pytest.fixture(params=SETS)
def bare(request: pytest.FixtureRequest, stream: Stream) -> BareReplay:
    return BareReplay(stream, request.param)


def obcore_after(stream: Stream) -> tuple[Book, np.ndarray]:
    """Replay message by message; return the book and the standard vector after each."""
    book, features = Book(stream.instrument), FeatureSet("standard")
    book.apply_snapshot(stream.bids, stream.asks)
    rows = np.empty((stream.messages, len(features)))
    for row, (begin, end) in zip(rows, pairwise(stream.offsets.tolist()), strict=True):
        levels = np.empty(end - begin, LEVEL_DTYPE)
        levels["price"], levels["size"] = stream.prices[begin:end], stream.sizes[begin:end]
        asks = stream.sides[begin:end] == 1
        book.apply_delta(levels[~asks], levels[asks])
        features.compute(book, row)
    return book, rows


@pytest.fixture(scope="module")
def expected(stream: Stream) -> tuple[Book, np.ndarray]:
    return obcore_after(stream)


def assert_same_levels(bare: BareReplay, book: Book) -> None:
    assert bare.levels(ask=False) == book.top(Side.BID).tolist()
    assert bare.levels(ask=True) == book.top(Side.ASK).tolist()


def test_the_bare_book_ends_as_obcore_s_does(
    bare: BareReplay, expected: tuple[Book, np.ndarray]
) -> None:
    bare.apply()

    assert_same_levels(bare, expected[0])


def test_its_numbers_are_those_of_the_standard_vector(
    bare: BareReplay, expected: tuple[Book, np.ndarray]
) -> None:
    book, vectors = expected

    rows = bare.replay()

    np.testing.assert_allclose(rows, vectors, rtol=1e-9, atol=1e-9)
    assert_same_levels(bare, book)


def test_the_bare_scanner_reads_the_venue_s_json(
    bare: BareReplay, stream: Stream, expected: tuple[Book, np.ndarray]
) -> None:
    bare.scan(JsonTexts(stream))

    assert_same_levels(bare, expected[0])


def test_loading_starts_over(bare: BareReplay, stream: Stream) -> None:
    first = bare.replay()
    bare.load()

    assert bare.levels(ask=False) == stream.bids.tolist()
    np.testing.assert_array_equal(bare.replay(), first)


@pytest.mark.parametrize(("tick", "lot"), [("1", "1"), ("0.01", "0.00000100"), ("0.0001", "1")])
def test_the_scanner_reads_numbers_of_any_number_of_decimals(tick: str, lot: str) -> None:
    made_up = Stream.made_up(20, 2_000)
    instrument = obcore.Instrument("X", tick, lot)
    other = Stream(
        "other grid",
        instrument,
        made_up.bids,
        made_up.asks,
        made_up.sides,
        made_up.prices,
        made_up.sizes,
        made_up.offsets,
    )
    bare = BareReplay(other)

    bare.scan(JsonTexts(other))

    assert_same_levels(bare, obcore_after(other)[0])


def test_a_tick_that_is_no_power_of_ten_is_refused() -> None:
    stream = Stream.made_up(20, 100)
    quarter = Stream(
        "quarters",
        obcore.Instrument("X", "0.25", "1"),
        stream.bids,
        stream.asks,
        stream.sides,
        stream.prices,
        stream.sizes,
        stream.offsets,
    )

    with pytest.raises(ValueError, match=r"expected a power of ten, at most 1, received 0\.25"):
        JsonTexts(quarter)


def test_a_side_of_fewer_than_ten_levels_is_refused() -> None:
    stream = Stream.made_up(20, 100)
    thin = Stream(
        "thin",
        stream.instrument,
        stream.bids[:9],
        stream.asks,
        stream.sides[:0],
        stream.prices[:0],
        stream.sizes[:0],
        np.zeros(2, dtype=np.int64),
    )

    with pytest.raises(ValueError, match="ten levels a side"):
        BareReplay(thin).replay()


def test_an_unknown_instruction_set_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected one of portable.*, received abacus"):
        BareReplay(Stream.made_up(20, 100), "abacus")


@pytest.mark.parametrize("instruction_set", SETS)
def test_every_byte_of_memory_is_read(instruction_set: str) -> None:
    values = np.arange(1_003, dtype=np.uint64)

    assert (
        BareReplay(Stream.made_up(20, 100), instruction_set).read(values) == 1_003 * 1_002 // 2
    )


def test_a_floor_is_measured_in_sensible_units() -> None:
    floor = measure(Stream.made_up(200, 50_000), repeats=2)

    assert 0.1 < floor.apply_ns < 1_000
    assert floor.apply_ns / 1e3 < floor.replay_us < 100
    assert floor.apply_ns / 1e3 < floor.json_us < 100
    assert 0.1 < floor.memory_gb_per_s < 10_000
