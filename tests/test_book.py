"""The compiled book against two dicts, the simplest book that could be right."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import obcore
from obcore import LEVEL_DTYPE, Book, Instrument, Side
from reference import ReferenceBook

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

ANY_PRICE = Instrument("SPREAD", "1", "1", nonpositive_prices=True)
POSITIVE = Instrument("BTCUSDT", "1", "1")
HIGHEST = 1 << 60

# Near each other, around the quarters of the ladder's window of 2^15 ticks, and far away.
EDGES = [part << 13 for part in range(-4, 5)]
OFFSETS = st.one_of(
    st.integers(-70, 70),
    st.tuples(st.sampled_from(EDGES), st.integers(-70, 70)).map(sum),
    st.integers(-(10**9), 10**9),
)
SIZES = st.one_of(st.just(0), st.integers(1, 9), st.integers(0, 2**63 - 1))
CHANGES = st.lists(st.tuples(OFFSETS, SIZES), max_size=12)


class Message(NamedTuple):
    """Changes of both sides around a centre that moves by ``drift`` ticks first."""

    is_snapshot: bool
    drift: int
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


DRIFTS = st.sampled_from([0, 0, 40, -5_000, 16_384, -1_000_000])
MESSAGES = st.lists(st.builds(Message, st.booleans(), DRIFTS, CHANGES, CHANGES), max_size=8)


def levels(pairs: Iterable[tuple[int, int]]) -> NDArray[np.void]:
    return np.array(list(pairs), dtype=LEVEL_DTYPE)


def around(centre: int, changes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(centre + offset, lots) for offset, lots in changes]


def assert_same_side(book: Book, side: Side, expected: list[tuple[int, int]]) -> None:
    assert book.top(side).tolist() == expected
    assert book.top(side, 3).tolist() == expected[:3]
    assert book.count(side) == len(expected)
    assert book.total_lots(side) == sum(lots for _, lots in expected)
    nth = [book.level(side, n) for n in range(1, len(expected) + 2)]
    assert nth == [*expected, None]
    assert [book.size_at(side, ticks) for ticks, _ in expected] == [
        lots for _, lots in expected
    ]
    filled = np.full(4, -7, dtype=LEVEL_DTYPE)
    there = book.top_into(side, filled)
    assert filled.tolist() == expected[:4] + [(-7, -7)] * (4 - there)


def assert_same(book: Book, reference: ReferenceBook) -> None:
    bids, asks = reference.bids(), reference.asks()
    assert_same_side(book, Side.BID, bids)
    assert_same_side(book, Side.ASK, asks)
    assert book.best_bid == (bids[0] if bids else None)
    assert book.best_ask == (asks[0] if asks else None)
    spread = asks[0][0] - bids[0][0] if bids and asks else None
    assert book.is_crossed == (spread is not None and spread < 0)
    assert book.is_locked == (spread == 0)


@given(messages=MESSAGES)
def test_any_snapshots_and_deltas_leave_the_reference_book(messages: list[Message]) -> None:
    book, reference, centre, told = Book(ANY_PRICE), ReferenceBook(), 0, set[int]()

    for message in messages:
        centre += message.drift
        bids, asks = around(centre, message.bids), around(centre, message.asks)
        told |= {ticks for ticks, _ in bids + asks}
        if message.is_snapshot:
            book.apply_snapshot(levels(bids), levels(asks))
            reference.apply_snapshot(bids, asks)
        else:
            book.apply_delta(levels(bids), levels(asks))
            reference.apply_delta(bids, asks)

        assert_same(book, reference)
        resting = dict(reference.bids())
        assert all(book.size_at(Side.BID, ticks) == resting.get(ticks, 0) for ticks in told)


@pytest.mark.parametrize("step", [13, -13, 997, -997, 20_011, -20_011])
def test_a_book_that_drifts_by_a_million_ticks_stays_exact(step: int) -> None:
    book, reference = Book(ANY_PRICE), ReferenceBook()

    for centre in range(0, 1_000_000 * (1 if step > 0 else -1), step):
        old = centre - 40 * step
        bids = [(centre - 1, 5), (centre - 9_000, 3), (old - 1, 0), (old - 9_000, 0)]
        asks = [(centre + 1, 4), (centre + 9_000, 2), (old + 1, 0), (old + 9_000, 0)]
        book.apply_delta(levels(bids), levels(asks))
        reference.apply_delta(bids, asks)
        if abs(centre) % 1_000 < abs(step):
            assert_same(book, reference)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("bite", [64, 5_003, 20_000])
def test_a_dense_side_that_is_eaten_and_refilled_keeps_every_level(
    side: Side, bite: int
) -> None:
    """A level on every tick: wherever the window's edges come to lie, they meet one."""
    away = -1 if side is Side.BID else 1
    full = levels((away * i, 1 + i % 9) for i in range(60_000))
    none, gone = levels([]), levels((away * i, 0) for i in range(60_000))
    book = Book(ANY_PRICE)

    def apply_and_check(changes: NDArray[np.void], rest: NDArray[np.void]) -> None:
        book.apply_delta(*((changes, none) if side is Side.BID else (none, changes)))
        assert np.array_equal(book.top(side), rest)
        some = rest[:: 997 if bite == 64 else 1].tolist()
        assert [book.size_at(side, ticks) for ticks, _ in some] == [lots for _, lots in some]
        assert book.total_lots(side) == rest["size"].sum()

    apply_and_check(full, full)
    for start in range(0, 40_000, bite):
        apply_and_check(gone[start : start + bite], full[start + bite :])
    for start in reversed(range(0, 40_000, bite)):
        apply_and_check(full[start : start + bite], full[start:])


def test_behind_a_best_that_goes_the_next_level_is_found_at_any_distance() -> None:
    book = Book(ANY_PRICE)

    for distance in range(1, 40_000):
        bids, asks = [(0, 1), (-distance, 2)], [(1, 1), (1 + distance, 2)]
        book.apply_snapshot(levels(bids), levels(asks))
        book.apply_delta(levels([(0, 0)]), levels([(1, 0)]))

        assert (book.best_bid, book.best_ask) == (bids[1], asks[1])


def test_prices_reach_to_both_ends_of_what_is_allowed() -> None:
    book, reference = Book(ANY_PRICE), ReferenceBook()
    ends = [(HIGHEST, 1), (-HIGHEST, 2**63 - 1), (0, 2**63 - 1)]

    book.apply_delta(levels(ends), levels(ends))
    reference.apply_delta(ends, ends)

    assert_same(book, reference)
    assert book.total_lots(Side.BID) == 2**64 - 1
    assert book.size_at(Side.BID, 2**63 - 1) == book.size_at(Side.ASK, -(2**63)) == 0


INVALID = {
    "negative size": ((100, -1), "size"),
    "above 2^60": ((HIGHEST + 1, 1), "price"),
    "far above": ((2**63 - 1, 1), "price"),
    "zero price": ((0, 1), "price"),
    "negative price": ((-5, 1), "price"),
    "negative price to delete": ((-5, 0), "price"),
}


@pytest.mark.parametrize(("bad", "field"), INVALID.values(), ids=INVALID)
@pytest.mark.parametrize("side", ["bids", "asks"])
@pytest.mark.parametrize("method", ["apply_snapshot", "apply_delta"])
def test_a_message_with_one_bad_level_changes_nothing(
    method: str, side: str, bad: tuple[int, int], field: str
) -> None:
    book, reference = Book(POSITIVE), ReferenceBook()
    book.apply_snapshot(levels([(99, 1), (98, 2)]), levels([(101, 3)]), 7)
    reference.apply_snapshot([(99, 1), (98, 2)], [(101, 3)])
    message = {"bids": [(97, 9)], "asks": [(103, 9)]}
    message[side] = [*message[side], bad, (96, 1)]

    with pytest.raises(
        obcore.DecodeError, match=rf"{side}\[1\] {field}: expected .*, received"
    ):
        getattr(book, method)(levels(message["bids"]), levels(message["asks"]), 8)

    assert_same(book, reference)
    assert book.sequence == 7


def test_a_book_below_zero_needs_an_instrument_that_allows_it() -> None:
    book = Book(ANY_PRICE)

    book.apply_snapshot(levels([(-5, 1)]), levels([(0, 2), (3, 1)]))

    assert (book.best_bid, book.best_ask) == ((-5, 1), (0, 2))
    assert book.state is obcore.BookState.UNVERIFIED


def test_crossed_and_locked_books_say_so_and_stay_as_told() -> None:
    book = Book(POSITIVE)

    book.apply_snapshot(levels([(100, 1)]), levels([(100, 1), (101, 1)]))
    locked = book.is_locked, book.is_crossed
    book.apply_delta(levels([]), levels([(99, 1)]))

    assert locked == (True, False)
    assert (book.is_locked, book.is_crossed) == (False, True)
    assert book.best_ask == (99, 1)


def test_a_new_book_is_empty_and_a_cleared_one_too() -> None:
    book = Book(POSITIVE)
    new_state = book.state

    book.apply_snapshot(levels([(1, 1)]), levels([(2, 1)]), 3)
    book.clear()

    assert new_state is book.state is obcore.BookState.EMPTY
    assert_same(book, ReferenceBook())
    assert book.sequence is book.ts_event_ns is book.ts_recv_ns is None


def test_arrays_handed_out_outlive_the_next_delta_and_the_book() -> None:
    book = Book(POSITIVE)
    book.apply_snapshot(levels([(99, 1), (98, 2)]), levels([(101, 3)]))
    handed_out, twin = book.top(Side.BID), copy.copy(book)

    book.apply_delta(levels([(99, 0), (98, 7)]), levels([]))
    handed_out[0]["size"] = 42
    left = book.top(Side.BID).tolist()
    del book

    assert handed_out.tolist() == [(99, 42), (98, 2)]
    assert left == [(98, 7)]
    assert twin.top(Side.BID).tolist() == [(99, 1), (98, 2)]


@pytest.mark.parametrize(
    "out",
    [np.zeros(3), np.zeros(6, dtype=LEVEL_DTYPE)[::2], np.zeros(3, dtype=np.int64)],
    ids=["floats", "strided", "integers"],
)
def test_an_array_that_cannot_be_filled_in_place_is_refused(out: NDArray[np.void]) -> None:
    book = Book(POSITIVE)

    with pytest.raises(TypeError):
        book.top_into(Side.BID, out)


def test_level_numbers_start_at_one_and_arrays_must_be_writable() -> None:
    book, fixed = Book(POSITIVE), np.zeros(3, dtype=LEVEL_DTYPE)
    fixed.setflags(write=False)

    with pytest.raises(ValueError, match="expected 1 at the best, received 0"):
        book.level(Side.BID, 0)
    with pytest.raises(ValueError, match="not writeable"):
        book.top_into(Side.BID, fixed)


@pytest.mark.parametrize("gap", [1, 50, 10**6], ids=["dense", "wide", "far"])
def test_a_thousand_levels_a_side_take_less_than_a_megabyte(gap: int) -> None:
    statm = Path("/proc/self/statm")  # the kernel's count, which the book cannot make up
    page = os.sysconf("SC_PAGE_SIZE")
    bids = levels((10**10 - i * gap, i + 1) for i in range(1_000))
    asks = levels((10**10 + 1 + i * gap, i + 1) for i in range(1_000))
    before = int(statm.read_text().split()[1]) if statm.exists() else 0

    books = [Book(POSITIVE) for _ in range(40)]
    for book in books:
        for i in range(0, 1_000, 10):
            book.apply_delta(bids[i : i + 10], asks[i : i + 10])

    after = int(statm.read_text().split()[1]) if statm.exists() else 0
    assert books[0].count(Side.BID) == books[0].count(Side.ASK) == 1_000
    assert books[0].memory_usage() <= 1_000_000
    assert (after - before) * page <= 40 * 1_000_000
