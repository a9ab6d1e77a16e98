"""The right answers, against the library, and the 58 numbers written for the peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import obcore
from obcore.bench.equality import NAMES
from obcore.bench.own import levels_of, opening_book
from obcore.bench.reference import OBI_10, Reference
from obcore.bench.standard import standard_of_arrays, standard_of_lists, ten
from obcore.bench.streams import Stream
from obcore.book import LEVEL_DTYPE, Book, FeatureSet
from obcore.errors import ObcoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

BTC = obcore.Instrument("BTCUSDT", "0.10", "0.001")
THIN = ([("64250.10", "0.350"), ("64249.00", "2.000")], [("64250.20", "1.200")])
DEEP = (
    [(f"{64250 - i}.10", f"0.{i + 1:03}") for i in range(12)],
    [(f"{64250 + i}.20", f"1.{i + 7:03}") for i in range(12)],
)


@pytest.fixture(params=["made up", "sparse", "recorded"])
def stream(request: pytest.FixtureRequest) -> Stream:
    if request.param == "recorded":
        return Stream.of_recording(obcore.sample()).first(300)
    return Stream.made_up(50, 2_000, spacing=16 if request.param == "sparse" else 1)


def states(stream: Stream) -> Iterator[Book]:
    book = opening_book(stream)
    rows = np.empty(stream.updates, dtype=LEVEL_DTYPE)
    rows["price"], rows["size"] = stream.prices, stream.sizes
    for begin, end in zip(stream.offsets[:-1], stream.offsets[1:], strict=True):
        part, sides = rows[begin:end], stream.sides[begin:end]
        book.apply_delta(part[sides == 0], part[sides == 1])
        yield book


def test_the_reference_and_the_library_agree_after_every_message(stream: Stream) -> None:
    features = FeatureSet("standard, obi_10")

    rows = Reference(stream).rows

    expected = np.array([features.compute(book) for book in states(stream)])
    np.testing.assert_allclose(rows, expected, rtol=1e-12, atol=0.0)
    assert features.names[OBI_10] == "obi_10"


def test_the_reference_and_the_library_agree_on_all_levels(stream: Stream) -> None:
    *_, book = states(stream)

    levels = Reference(stream, rows=False).levels(stream.messages)

    for ours, theirs in zip(levels_of(book), levels, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_an_empty_side_is_no_state_to_race_on() -> None:
    nothing = BTC.levels([])
    bids = BTC.levels(THIN[0])
    empty = Stream(
        "empty",
        BTC,
        bids,
        nothing,
        np.zeros(1, dtype=np.uint8),
        np.array([642501], dtype=np.int64),
        np.array([1], dtype=np.int64),
        np.array([0, 1], dtype=np.int64),
    )

    with pytest.raises(ObcoreError, match="expected a book with two sides"):
        Reference(empty)


@pytest.mark.parametrize("sides", [THIN, DEEP], ids=["thin", "deep"])
@pytest.mark.parametrize("form", ["lists", "arrays"])
def test_the_58_numbers_for_the_peers_are_the_library_s(
    sides: tuple[list[tuple[str, str]], list[tuple[str, str]]], form: str
) -> None:
    book = Book(BTC)
    book.apply_snapshot(BTC.levels(sides[0]), BTC.levels(sides[1]))
    bid_prices, bid_sizes, ask_prices, ask_sizes = (
        ten([float(pair[i]) for pair in side[:10]]) for side in sides for i in (0, 1)
    )
    columns = (bid_prices, bid_sizes, ask_prices, ask_sizes)

    if form == "lists":
        row = np.array(standard_of_lists(*columns))
    else:
        row = np.empty(58)
        arrays = [np.array(column) for column in columns]
        standard_of_arrays(arrays[0], arrays[1], arrays[2], arrays[3], row)

    expected = FeatureSet("standard, obi_10").compute(book)
    expected[NAMES.index("imbalance")] = expected[OBI_10]
    np.testing.assert_allclose(row, expected[:58], rtol=1e-9, atol=0.0)
