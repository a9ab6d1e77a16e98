"""Many deltas at once: what they leave, what is refused, and what their features are."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import obcore
from obcore import LEVEL_DTYPE, Book, DeltaBatch, FeatureEngine, Instrument, LiveBook, Side
from reference import ReferenceBook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ANY_PRICE = Instrument("SPREAD", "0.5", "0.001", nonpositive_prices=True)
POSITIVE = Instrument("BTCUSDT", "0.10", "0.001")

Row = tuple[int, int, int]  # side, ticks, lots
ROWS = st.tuples(
    st.integers(0, 1),
    st.one_of(st.integers(-9, 9), st.integers(-(2**60), 2**60)),
    st.one_of(st.integers(0, 3), st.integers(0, 2**63 - 1)),
)
MESSAGES = st.lists(st.lists(ROWS, max_size=8), max_size=12)


class Columns(NamedTuple):
    """What a batch is made of."""

    sides: NDArray[np.uint8]
    prices: NDArray[np.int64]
    sizes: NDArray[np.int64]
    offsets: NDArray[np.int64]


def columns(messages: Sequence[Sequence[Row]]) -> Columns:
    rows = np.array([row for message in messages for row in message], np.int64).reshape(-1, 3)
    sides, prices, sizes = (np.ascontiguousarray(column) for column in rows.T)
    offsets = np.cumsum([0, *map(len, messages)], dtype=np.int64)
    return Columns(sides.astype(np.uint8), prices, sizes, offsets)


def batch_of(
    messages: Sequence[Sequence[Row]], instrument: Instrument = ANY_PRICE
) -> DeltaBatch:
    return DeltaBatch(instrument, *columns(messages))


def side_of(message: Sequence[Row], side: int) -> list[tuple[int, int]]:
    return [(ticks, lots) for at, ticks, lots in message if at == side]


def apply_delta(book: Book, message: Sequence[Row]) -> None:
    bids, asks = (np.array(side_of(message, side), LEVEL_DTYPE) for side in (0, 1))
    book.apply_delta(bids, asks)


def shown(book: Book) -> tuple[Any, ...]:
    levels = [book.top(side).tolist() for side in Side]
    return (*levels, book.state, book.reason, book.sequence, book.ts_event_ns, book.ts_recv_ns)


def walk(messages: int, seed: int = 5) -> list[list[Row]]:
    """Messages around a touch that moves, never crossed, with levels that come and go."""
    random, centre, out = np.random.default_rng(seed), 10_000, []
    for _ in range(messages):
        step = int(random.integers(-2, 3))
        gone = [(0, centre + d, 0) for d in (0, 1, 2)] + [(1, centre - d, 0) for d in (0, 1, 2)]
        centre += step
        some = random.integers(1, 30, 6).tolist()
        sizes = random.integers(0, 50, 6).tolist()
        bids = [(0, centre - d, size) for d, size in zip(some[:3], sizes[:3], strict=True)]
        asks = [(1, centre + d, size) for d, size in zip(some[3:], sizes[3:], strict=True)]
        best = [(1, centre + 1, 5), (0, centre - 1, 4), (0, centre, 0), (1, centre, 0)]
        out.append([*gone, *asks, *bids, *best])
    return out


# Books.


@given(messages=MESSAGES)
def test_a_batch_leaves_the_book_of_single_deltas_and_of_the_reference(
    messages: list[list[Row]],
) -> None:
    batch, reference = batch_of(messages), ReferenceBook()
    whole, one_by_one, deltas = Book(ANY_PRICE), Book(ANY_PRICE), Book(ANY_PRICE)

    whole.apply_batch(batch)
    for i, message in enumerate(messages):
        one_by_one.apply_message(batch, i)
        apply_delta(deltas, message)
        reference.apply_delta(side_of(message, 0), side_of(message, 1))
        assert shown(one_by_one) == shown(deltas)

    assert shown(whole) == shown(one_by_one)
    assert shown(whole)[:2] == (reference.bids(), reference.asks())
    assert (len(batch), batch.updates) == (len(messages), sum(map(len, messages)))


@pytest.mark.parametrize(
    ("start", "stop"), [(0, None), (2, 5), (3, 3), (5, 2), (4, 10**9), (7, None), (10**9, None)]
)
def test_a_range_is_that_of_a_slice(start: int, stop: int | None) -> None:
    messages = [[(0, 100 + i, 1 + i)] for i in range(7)]
    book, expected = Book(POSITIVE), Book(POSITIVE)

    book.apply_batch(batch_of(messages, POSITIVE), start, stop)
    for message in messages[start:stop]:
        apply_delta(expected, message)

    assert shown(book) == shown(expected)


def test_the_owner_vouches_for_what_is_applied_and_for_nothing_else() -> None:
    book, batch = Book(POSITIVE), batch_of([[(0, 5, 1)]], POSITIVE)
    book.apply_snapshot(np.zeros(0, LEVEL_DTYPE), np.zeros(0, LEVEL_DTYPE), 7, ts_event_ns=8)

    book.apply_batch(batch, 1)
    untouched = book.sequence, book.ts_event_ns
    book.apply_message(batch, 0)

    assert untouched == (7, 8)
    assert book.sequence is book.ts_event_ns is None
    assert book.state is obcore.BookState.UNVERIFIED


@pytest.mark.parametrize("other", [Instrument("X", "0.5", "0.001"), ANY_PRICE])
def test_a_batch_of_another_grid_is_refused_and_changes_nothing(other: Instrument) -> None:
    book, batch = Book(POSITIVE), batch_of([[(0, 5, 1)]], other)

    with pytest.raises(obcore.ObcoreError, match="batch: expected the tick and lot"):
        book.apply_batch(batch)
    with pytest.raises(obcore.ObcoreError, match="batch: expected the tick and lot"):
        book.apply_message(batch, 0)

    assert book.state is obcore.BookState.EMPTY


def test_a_book_that_only_shows_takes_no_batch() -> None:
    view: Any = LiveBook(POSITIVE).book
    batch = batch_of([[(0, 5, 1)]], POSITIVE)

    assert not hasattr(view, "apply_batch")
    with pytest.raises(TypeError):
        Book.apply_batch(view, batch)
    with pytest.raises(TypeError):
        Book.apply_message(view, batch, 0)
    with pytest.raises(TypeError):
        FeatureEngine(POSITIVE, "spread").replay(view, batch)

    assert view.count(Side.BID) == 0


# What a batch is made of.


def test_no_messages_and_messages_without_levels_are_allowed() -> None:
    none, empty = batch_of([]), batch_of([[], [(1, 5, 1)], []])
    book = Book(ANY_PRICE)

    book.apply_batch(none)
    before = book.state
    book.apply_message(empty, 0)

    assert (len(none), none.updates, none.levels.tolist()) == (0, 0, [])
    assert (len(empty), empty.updates) == (3, 1)
    assert (before, book.state) == (obcore.BookState.EMPTY, obcore.BookState.UNVERIFIED)


def test_arrays_that_may_not_be_written_are_read() -> None:
    given = columns([[(0, 5, 1)], [(1, 6, 2)]])
    for column in given:
        column.setflags(write=False)

    assert DeltaBatch(POSITIVE, *given).levels.tolist() == [(5, 1), (6, 2)]


def test_a_batch_keeps_what_it_was_given_and_not_the_arrays() -> None:
    given = columns([[(0, 5, 1)], [(1, 6, 2)]])
    batch = DeltaBatch(POSITIVE, *given)

    given.prices[:] = -1
    given.offsets[:] = 99

    assert batch.levels.tolist() == [(5, 1), (6, 2)]


def unaligned(column: NDArray[Any]) -> NDArray[Any]:
    raw = np.zeros(column.nbytes + 1, np.uint8)
    raw[1:] = column.view(np.uint8)
    return raw[1:].view(column.dtype)


NO_TIME = np.array(["NaT", "NaT"], "M8[ns]")
WRONG_ARRAYS: dict[str, dict[str, Any]] = {
    "list": {"prices": [5, 6]},
    "floats": {"prices": np.array([5.0, 6.0])},
    "unsigned": {"prices": np.array([5, 6], np.uint64)},
    "narrow": {"sizes": np.array([1, 2], np.int32)},
    "times": {"prices": NO_TIME},
    "big endian": {"prices": np.array([5, 6], ">i8")},
    "signed sides": {"sides": np.array([0, 1], np.int8)},
    "sides of int64": {"sides": np.array([0, 1])},
    "bool sides": {"sides": np.array([False, True])},
    "strided": {"prices": np.array([5, 0, 6, 0])[::2]},
    "reversed": {"sizes": np.array([1, 2])[::-1]},
    "unaligned prices": {"prices": unaligned(np.array([5, 6]))},
    "unaligned offsets": {"offsets": unaligned(np.array([0, 1, 2]))},
    "offsets of floats": {"offsets": np.array([0.0, 2.0])},
    "matrix": {"prices": np.array([[5, 6]])},
    "no dimension": {"sides": np.array(0, np.uint8)},
    "none": {"sizes": None},
}


@pytest.mark.parametrize("wrong", WRONG_ARRAYS.values(), ids=WRONG_ARRAYS)
def test_an_array_of_another_kind_is_refused_and_never_converted(wrong: dict[str, Any]) -> None:
    given = columns([[(0, 5, 1)], [(1, 6, 2)]])._asdict() | wrong

    with pytest.raises((TypeError, ValueError)) as caught:
        DeltaBatch(POSITIVE, **given)

    assert not isinstance(caught.value, obcore.DecodeError)


WRONG_VALUES: dict[str, tuple[dict[str, list[int]], str]] = {
    "side": ({"sides": [0, 2]}, r"rows\[1\] side: expected 0 for bid or 1 for ask"),
    "negative size": ({"sizes": [-1, 2]}, r"rows\[0\] size: expected 0 or more lots"),
    "no price": ({"prices": [5, 0]}, r"rows\[1\] price: expected more than 0 ticks"),
    "high": ({"prices": [2**60 + 1, 5]}, r"rows\[0\] price: expected at most 2\^60 ticks"),
    "lowest": ({"prices": [-(2**63), 5]}, r"rows\[0\] price: expected at most 2\^60 ticks"),
    "no offset": ({"offsets": []}, "offsets: expected 0 first and 2 last, received none"),
    "late": ({"offsets": [1, 2]}, "offsets: expected 0 first and 2 last, received 1 and 2"),
    "early end": ({"offsets": [0, 1]}, "offsets: expected 0 first and 2 last"),
    "past the end": ({"offsets": [0, 3]}, "offsets: expected 0 first and 2 last"),
    "backwards": ({"offsets": [0, 2, 1, 2]}, r"offsets\[2\]: expected at least 2, received 1"),
    "far": ({"offsets": [0, 2**62, 2]}, r"offsets\[2\]: expected at least"),
    "negative": ({"offsets": [0, -1, 2]}, r"offsets\[1\]: expected at least 0, received -1"),
    "fewer prices": ({"prices": [5]}, "prices, sizes: expected 2 rows"),
    "more sizes": ({"sizes": [1, 2, 3]}, "prices, sizes: expected 2 rows"),
}


@pytest.mark.parametrize(("wrong", "text"), WRONG_VALUES.values(), ids=WRONG_VALUES)
def test_a_row_that_is_no_level_is_named_by_the_callers_number(
    wrong: dict[str, list[int]], text: str
) -> None:
    given = columns([[(1, 5, 1), (0, 6, 2)]])._asdict()  # bids go first: rows change places
    given |= {name: np.array(values, given[name].dtype) for name, values in wrong.items()}

    with pytest.raises(obcore.DecodeError, match=text):
        DeltaBatch(POSITIVE, **given)


def test_levels_are_bids_before_asks_a_message_and_cannot_be_written() -> None:
    levels = batch_of([[(1, 5, 1), (0, 4, 2), (1, 6, 3)], [(0, 3, 4)]]).levels

    assert levels.tolist() == [(4, 2), (5, 1), (6, 3), (3, 4)]
    with pytest.raises(ValueError, match="read-only"):
        levels["size"] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        levels.setflags(write=True)


def test_levels_outlive_the_batch_and_let_go_of_it() -> None:
    class Watched(DeltaBatch):  # type: ignore[misc]
        """One that can be watched."""

    batch = Watched(ANY_PRICE, *columns([[(0, i, i)] for i in range(1_000)]))
    watch, part = weakref.ref(batch), batch.levels[500:]

    del batch
    gc.collect()
    kept = watch() is not None
    last = part[-1].tolist()
    del part
    gc.collect()

    assert (kept, last, watch()) == (True, (999, 999), None)


# Features.


@pytest.mark.parametrize(
    "features", ["standard", "all", "stateful", "spread, mean(obi_1, window=7), ofi_3"]
)
def test_a_replay_gives_the_bits_of_the_engine_shown_each_book(features: str) -> None:
    messages = walk(300)
    batch = batch_of(messages, POSITIVE)
    replayed, shown_each = FeatureEngine(POSITIVE, features), FeatureEngine(POSITIVE, features)
    book, single = Book(POSITIVE), Book(POSITIVE)

    rows = replayed.replay(book, batch)

    for i, row in enumerate(rows):
        single.apply_message(batch, i)
        assert row.tobytes() == shown_each.on_book(single).tobytes()
    assert rows.shape == (300, len(replayed))
    assert shown(book) == shown(single)
    assert replayed.save() == shown_each.save()
    assert np.isfinite(rows[-1]).any()


def test_a_replay_goes_on_where_the_last_one_ended() -> None:
    messages = walk(60)
    whole, parts = FeatureEngine(POSITIVE), FeatureEngine(POSITIVE)
    book, same = Book(POSITIVE), Book(POSITIVE)

    rows = whole.replay(book, batch_of(messages, POSITIVE))
    first = parts.replay(same, batch_of(messages[:25], POSITIVE))
    second = parts.replay(same, batch_of(messages[25:], POSITIVE))

    assert np.concatenate([first, second]).tobytes() == rows.tobytes()


def test_a_replay_fills_a_given_matrix() -> None:
    batch, engine = batch_of(walk(4), POSITIVE), FeatureEngine(POSITIVE, "mid_price, spread")
    out = np.zeros((4, 2))

    assert engine.replay(Book(POSITIVE), batch, out) is out
    assert (
        out.tolist()
        == FeatureEngine(POSITIVE, "mid_price, spread").replay(Book(POSITIVE), batch).tolist()
    )


def read_only() -> NDArray[np.float64]:
    out = np.zeros((4, 2))
    out.setflags(write=False)
    return out


UNFIT: dict[str, Any] = {
    "float32": np.zeros((4, 2), np.float32),
    "big endian": np.zeros((4, 2), ">f8"),
    "columns": np.zeros((4, 2), order="F"),
    "strided": np.zeros((4, 4))[:, ::2],
    "turned": np.zeros((2, 4)),
    "flat": np.zeros(8),
    "deep": np.zeros((4, 2, 1)),
    "unaligned": unaligned(np.zeros(8)).reshape(4, 2),
    "read only": read_only(),
    "list": [[0.0, 0.0]] * 4,
}


@pytest.mark.parametrize("out", UNFIT.values(), ids=UNFIT)
def test_a_matrix_that_cannot_be_filled_is_refused_before_anything_is_applied(out: Any) -> None:
    batch, engine = batch_of(walk(4), POSITIVE), FeatureEngine(POSITIVE, "mid_price, spread")
    book = Book(POSITIVE)

    with pytest.raises((TypeError, ValueError)):
        engine.replay(book, batch, out)

    assert (engine.states, book.state, book.count(Side.BID)) == (0, obcore.BookState.EMPTY, 0)


def test_a_window_in_time_is_refused_before_anything_is_applied() -> None:
    engine, book = FeatureEngine(POSITIVE, "mean(spread, window=1s)"), Book(POSITIVE)

    with pytest.raises(obcore.DecodeError, match="window: expected states with times"):
        engine.replay(book, batch_of(walk(4), POSITIVE))

    assert (engine.states, book.state, book.count(Side.BID)) == (0, obcore.BookState.EMPTY, 0)


def test_a_replay_of_nothing_leaves_the_book_as_it_was() -> None:
    book = Book(POSITIVE)

    rows = FeatureEngine(POSITIVE, "mid_price").replay(book, batch_of([], POSITIVE))

    assert rows.shape == (0, 1)
    assert book.state is obcore.BookState.EMPTY


@pytest.mark.parametrize(
    ("of_book", "of_batch", "what"),
    [(ANY_PRICE, POSITIVE, "book"), (POSITIVE, ANY_PRICE, "batch")],
)
def test_a_book_or_a_batch_of_another_engine_is_refused(
    of_book: Instrument, of_batch: Instrument, what: str
) -> None:
    engine, book = FeatureEngine(POSITIVE, "mid_price"), Book(of_book)

    with pytest.raises(
        obcore.ObcoreError, match=f"{what}: expected the tick and lot of the eng"
    ):
        engine.replay(book, batch_of([[(0, 5, 1)]], of_batch))

    assert (engine.states, book.count(Side.BID)) == (0, 0)
