"""Calls past pybind11's dispatcher: as strict as every other call, and they lose no memory."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import obcore
from obcore import (
    LEVEL_DTYPE,
    Book,
    DeltaBatch,
    FeatureEngine,
    FeatureSet,
    Instrument,
    LiveBook,
    Side,
)
from obcore.book import BookView, feature_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

BTC = Instrument("BTCUSDT", "0.10", "0.001")
SPREAD = Instrument("SPREAD", "0.01", "1", nonpositive_prices=True)
HIGHEST = 1 << 60
NOTHING = b'{"result":null}'

Pairs = list[tuple[int, int]]
PRICES = st.one_of(st.integers(-9, 9), st.integers(-HIGHEST, HIGHEST))
SIZES = st.one_of(st.integers(1, 9), st.integers(1, 2**63 - 1))
LEVELS = st.lists(st.tuples(PRICES, SIZES), min_size=1, max_size=25)


def levels(pairs: Pairs) -> NDArray[np.void]:
    return np.array(pairs, dtype=LEVEL_DTYPE)


def filled(instrument: Instrument = BTC, bids: Pairs | None = None) -> Book:
    book = Book(instrument)
    book.apply_snapshot(levels(bids or [(642_501, 350)]), levels([(642_502, 1_200)]))
    return book


def one_message(instrument: Instrument = BTC) -> DeltaBatch:
    one, price = np.ones(1, np.int64), np.array([642_500])
    return DeltaBatch(instrument, np.zeros(1, np.uint8), price, one, np.array([0, 1]))


# Values.


@given(bids=LEVELS, asks=LEVELS)
def test_mid_and_microprice_are_the_features_of_these_names_to_the_bit(
    bids: Pairs, asks: Pairs
) -> None:
    book = Book(SPREAD)
    book.apply_snapshot(levels(bids), levels(asks))

    mid, microprice = FeatureSet("mid_price, microprice").compute(book).tolist()

    assert (book.mid, book.microprice) == (mid, microprice)


@given(bids=LEVELS, asks=LEVELS, depth=st.integers(1, 12))
def test_a_set_computes_what_each_of_its_features_computes_alone(
    bids: Pairs, asks: Pairs, depth: int
) -> None:
    book = Book(SPREAD)
    book.apply_snapshot(levels(bids), levels(asks))

    for chosen in ("standard", "all"):
        names = feature_names(chosen, depth)
        alone = [FeatureSet(name, depth).compute(book)[0] for name in names]

        assert FeatureSet(chosen, depth).compute(book).tobytes() == np.array(alone).tobytes()


@pytest.mark.parametrize("sides", [([], []), ([(1, 1)], []), ([], [(1, 1)])])
def test_while_a_side_is_empty_prices_are_nan_and_its_best_is_none(
    sides: tuple[Pairs, Pairs],
) -> None:
    book = Book(BTC)
    book.apply_snapshot(levels(sides[0]), levels(sides[1]))

    assert np.isnan([book.mid, book.microprice]).all()
    assert (book.best_bid, book.best_ask) == tuple(side[0] if side else None for side in sides)


def test_what_the_source_does_not_have_is_none() -> None:
    book = filled()
    told = filled()
    told.apply_delta(levels([]), levels([]), 7, ts_event_ns=-8, ts_recv_ns=9)

    assert book.sequence is book.ts_event_ns is book.ts_recv_ns is None
    assert (told.sequence, told.ts_event_ns, told.ts_recv_ns) == (7, -8, 9)


def test_the_members_of_an_enum_are_those_that_python_knows() -> None:
    assert Book(BTC).state is obcore.BookState.EMPTY
    assert filled().state is obcore.BookState.UNVERIFIED
    assert LiveBook(BTC).apply_json(NOTHING) is obcore.Verdict.SKIP


# Arrays to be filled.


class OwnArray(np.ndarray[Any, Any]):
    """A subclass, as np.memmap is one."""


ACCEPTED: dict[str, Callable[[], NDArray[np.float64]]] = {
    "whole": lambda: np.zeros(2),
    "row": lambda: np.zeros((3, 2))[1],
    "subclass": lambda: np.zeros(2).view(OwnArray),
    "little endian": lambda: np.zeros(2, "<f8"),
}


@pytest.mark.parametrize("make", ACCEPTED.values(), ids=ACCEPTED)
def test_a_given_array_is_filled_and_returned(make: Callable[[], NDArray[np.float64]]) -> None:
    features, engine, book = FeatureSet("mid_price, spread"), FeatureEngine(BTC), filled()
    out, wide = make(), np.zeros(len(engine))

    assert features.compute(book, out) is out
    assert features.compute(book, out=out) is out
    assert engine.on_book(book, wide) is wide
    assert out.tolist() == features.compute(book).tolist() == [64_250.15, 0.1]


def test_a_memory_mapped_file_is_filled(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "out", np.float64, "w+", shape=(1,))

    FeatureSet("mid_price").compute(filled(), mapped)

    assert mapped[0] == 64_250.15


def read_only() -> NDArray[np.float64]:
    out = np.zeros(2)
    out.setflags(write=False)
    return out


def unaligned(numbers: int) -> NDArray[np.float64]:
    return np.zeros(8 * numbers + 1, np.uint8)[1:].view(np.float64)


REFUSED: dict[str, tuple[Any, type[Exception]]] = {
    "float32": (np.zeros(2, np.float32), TypeError),
    "integers": (np.zeros(2, np.int64), TypeError),
    "objects": (np.zeros(2, object), TypeError),
    "big endian": (np.zeros(2, ">f8"), TypeError),
    "long double": (np.zeros(2, np.longdouble), TypeError),
    "strided": (np.zeros(4)[::2], TypeError),
    "reversed": (np.zeros(2)[::-1], TypeError),
    "unaligned": (unaligned(2), TypeError),
    "read only": (read_only(), ValueError),
    "list": ([0.0, 0.0], TypeError),
    "bytearray": (bytearray(16), TypeError),
    "short": (np.zeros(1), ValueError),
    "long": (np.zeros(3), ValueError),
    "empty": (np.zeros(0), ValueError),
    "no dimension": (np.zeros(()), ValueError),
    "matrix": (np.zeros((1, 2)), ValueError),
}


@pytest.mark.parametrize(("out", "error"), REFUSED.values(), ids=REFUSED)
def test_an_array_that_cannot_be_filled_is_refused_and_nothing_is_remembered(
    out: Any, error: type[Exception]
) -> None:
    features, engine = FeatureSet("mid_price, spread"), FeatureEngine(BTC, "mid_price, spread")

    with pytest.raises(error, match="out: expected"):
        features.compute(filled(), out)
    with pytest.raises(error, match="out: expected"):
        engine.on_book(filled(), out)

    assert engine.states == 0


# Arguments.

WRONG_CALLS: dict[str, tuple[Callable[[], object], str]] = {
    "none": (lambda: FeatureSet().compute(), r"compute\(\): expected the argument book"),  # type: ignore[call-arg]
    "too many": (
        lambda: FeatureSet().compute(filled(), None, 3),  # type: ignore[call-arg]
        r"compute\(\): expected at most 2 arguments",
    ),
    "unknown name": (
        lambda: FeatureSet().compute(filled(), into=None),  # type: ignore[call-arg]
        r"compute\(\): expected no argument 'into'",
    ),
    "unreadable name": (
        lambda: FeatureSet().compute(filled(), **{"\ud800": None}),
        r"expected no argument '\\ud800'",
    ),
    "twice": (
        lambda: FeatureSet().compute(filled(), book=filled()),  # type: ignore[misc]
        r"compute\(\): expected book once",
    ),
    "no book": (
        lambda: FeatureSet().compute(3),  # type: ignore[arg-type]
        r"book: expected obcore\._core\.BookView, received int",
    ),
    "no batch": (
        lambda: filled().apply_message(None, 0),  # type: ignore[arg-type]
        r"batch: expected obcore\._core\.DeltaBatch, received NoneType",
    ),
    "index of floats": (
        lambda: filled().apply_message(one_message(), 0.0),  # type: ignore[arg-type]
        "'float' object cannot be interpreted as an integer",
    ),
    "time of floats": (
        lambda: LiveBook(BTC).apply_json(NOTHING, 1.5),  # type: ignore[arg-type]
        "ts_recv_ns: expected an int or None, received float",
    ),
    "other self": (
        lambda: FeatureSet.compute(filled(), filled()),  # type: ignore[arg-type]
        "doesn't apply to a 'obcore._core.Book' object",
    ),
    "no self": (cast("Any", Book.apply_message), "needs an argument"),
}


@pytest.mark.parametrize(("call", "text"), WRONG_CALLS.values(), ids=WRONG_CALLS)
def test_a_wrong_call_is_a_type_error_that_says_what_is_wrong(
    call: Callable[[], object], text: str
) -> None:
    with pytest.raises(TypeError, match=text):
        call()


@pytest.mark.parametrize("index", [-1, 1, 1 << 62, 1 << 80, -(1 << 80)])
def test_a_message_that_the_batch_does_not_have_is_an_index_error(index: int) -> None:
    book = filled()
    before = book.top(Side.BID).tolist()

    with pytest.raises(IndexError):
        book.apply_message(one_message(), index)

    assert book.top(Side.BID).tolist() == before


@pytest.mark.parametrize("one", [0, False, np.int64(0), np.uint8(0)])
def test_what_python_takes_for_an_integer_is_one(one: Any) -> None:
    book, live = filled(), LiveBook(BTC)

    book.apply_message(batch=one_message(), index=one)
    live.apply_json(ts_recv_ns=one, message=NOTHING)

    assert book.size_at(Side.BID, 642_500) == 1


def test_a_time_that_does_not_fit_is_an_overflow_error() -> None:
    with pytest.raises(OverflowError):
        LiveBook(BTC).apply_json(NOTHING, 1 << 63)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, SystemExit, LookupError])
def test_what_an_argument_raises_passes_through(error: type[BaseException]) -> None:
    own = error("own")

    class Raises:
        def __index__(self) -> int:
            raise own

    class Shapeless(OwnArray):
        @property  # type: ignore[misc]
        def shape(self) -> Any:
            raise own

    calls: list[Callable[[], object]] = [
        lambda: filled().apply_message(one_message(), Raises()),  # type: ignore[arg-type]
        lambda: LiveBook(BTC).apply_json(NOTHING, Raises()),  # type: ignore[arg-type]
        lambda: FeatureSet("spread").compute(filled(), np.zeros(2).view(Shapeless)),
    ]

    for call in calls:
        with pytest.raises(error, match="own"):
            call()


def test_signatures_and_documentation_are_those_of_the_stub() -> None:
    methods: list[Any] = [
        FeatureSet.compute,
        FeatureEngine.on_book,
        LiveBook.apply_json,
        Book.apply_message,
    ]

    assert [str(inspect.signature(method)) for method in methods] == [
        "(self, /, book, out=None)",
        "(self, /, book, out=None)",
        "(self, /, message, ts_recv_ns=None)",
        "(self, /, batch, index)",
    ]
    assert all(method.__doc__ for method in [*methods, BookView.mid, BookView.state])


@pytest.mark.parametrize("name", ["best_bid", "mid", "state", "sequence", "ts_recv_ns"])
def test_what_a_book_shows_cannot_be_set(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(filled(), name, None)


# Subclasses, which the stub forbids and Python does not: the instance may lie otherwise.


class SlottedBook(Book):  # type: ignore[misc]
    """With slots of its own."""

    __slots__ = ("note",)


class BookAndFeatures(Book, FeatureSet):  # type: ignore[misc]
    """Two C++ objects in one of Python."""

    def __init__(self) -> None:
        Book.__init__(self, BTC)
        FeatureSet.__init__(self, "mid_price, spread")


class FeaturesAndBook(FeatureSet, Book):  # type: ignore[misc]
    """The same two the other way round."""

    __init__ = BookAndFeatures.__init__


class LiveAndBook(LiveBook, Book):  # type: ignore[misc]
    """Two books in one: `book` is one of them, the other is the object."""

    def __init__(self) -> None:
        LiveBook.__init__(self, BTC)
        Book.__init__(self, BTC)


@pytest.mark.parametrize(
    "make", [lambda: SlottedBook(BTC), BookAndFeatures, FeaturesAndBook, LiveAndBook]
)
def test_a_subclass_is_read_and_changed_as_a_book(make: Callable[[], Book]) -> None:
    book = make()
    book.apply_snapshot(levels([(642_501, 350)]), levels([(642_502, 1_200)]))
    book.apply_message(one_message(), 0)

    assert (book.best_bid, book.mid) == ((642_501, 350), 64_250.15)
    assert book.count(Side.BID) == 2
    assert FeatureSet("mid_price").compute(book).tolist() == [64_250.15]


@pytest.mark.parametrize("make", [BookAndFeatures, FeaturesAndBook])
def test_an_object_may_compute_its_own_features(make: Callable[[], Any]) -> None:
    both = make()
    both.apply_snapshot(levels([(642_501, 350)]), levels([(642_502, 1_200)]))

    assert both.compute(both).tolist() == [64_250.15, 0.1]


def test_a_subclass_that_does_not_initialise_its_base_is_refused() -> None:
    class Careless(Book):  # type: ignore[misc]
        def __init__(self) -> None:
            pass

    with pytest.raises(TypeError, match=r"__init__\(\) must be called"):
        Careless()


def new(kind: Any) -> Any:
    return kind.__new__(kind)


UNINITIALISED: dict[str, Callable[[], object]] = {
    "book": lambda: new(Book).best_bid,
    "two in one": lambda: new(BookAndFeatures).mid,
    "view": lambda: new(BookView).state,
    "book as argument": lambda: FeatureSet().compute(new(Book)),
    "features": lambda: new(FeatureSet).compute(filled()),
    "engine": lambda: new(FeatureEngine).on_book(filled()),
    "live book": lambda: new(LiveBook).apply_json(NOTHING),
    "batch": lambda: filled().apply_message(new(DeltaBatch), 0),
}


@pytest.mark.parametrize("use", UNINITIALISED.values(), ids=UNINITIALISED)
def test_an_object_that_was_never_initialised_is_refused(use: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match=r"__init__\(\) has not been called"):
        use()


# Memory.


def test_no_call_keeps_or_loses_a_reference_whether_it_succeeds_or_fails() -> None:
    book, batch, live, out = filled(), one_message(), LiveBook(BTC), np.zeros(1)
    features, engine = FeatureSet("mid_price"), FeatureEngine(BTC, "mid_price")
    message, buffer, index, short = bytearray(NOTHING), memoryview(NOTHING), 10**9, np.zeros(0)
    calls: list[Callable[[], object]] = [
        lambda: book.apply_message(batch, 0),
        lambda: book.apply_message(batch, index),
        lambda: book.apply_message(batch=batch, wrong=out),  # type: ignore[call-arg]
        lambda: features.compute(book),
        lambda: features.compute(book, out),
        lambda: features.compute(book, out=short),
        lambda: features.compute(batch),  # type: ignore[arg-type]
        lambda: engine.on_book(book, out),
        lambda: engine.on_book(live.book, out),
        lambda: engine.replay(book, batch, out.reshape(1, 1)),
        lambda: live.apply_json(message, index),
        lambda: live.apply_json(buffer[1:], ts_recv_ns=index),
        lambda: (book.best_bid, book.mid, book.state, book.sequence, live.book.state),
        lambda: batch.levels,
    ]
    watched = [book, batch, live, out, features, engine, message, buffer, index, short]
    watched += [book.state, live.apply_json(NOTHING), None]

    def run() -> None:
        for call in calls:
            try:
                call()
            except (TypeError, ValueError, IndexError, obcore.ObcoreError):
                continue

    run()
    before = [sys.getrefcount(one) for one in watched]
    for _ in range(1_000):
        run()
    after = [sys.getrefcount(one) for one in watched]

    assert [abs(b - a) < 100 for b, a in zip(before, after, strict=True)] == [True] * 13
    message.append(0)  # nobody holds its memory: BufferError else
