"""What a set of books refuses, and what of a call is applied all the same."""

from __future__ import annotations

import numpy as np
import pytest

from book_traffic import ANY_SYMBOL, BTC, assert_same, mixed_traffic
from obcore import (
    BookSet,
    BookState,
    DecodeError,
    Instrument,
    ObcoreError,
    PrecisionError,
    Verdict,
)
from obcore.bench.streams import Stream

NO_VERDICT = 255
BAD = b'{"e":"depthUpdate","b":[["1'
OFF_GRID = (
    b'{"e":"depthUpdate","E":1720000000001,"T":1720000000000,"s":"BTCUSDT","U":1,"u":2,"pu":0,'
    b'"b":[["64250.123","1"]],"a":[]}'
)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_bad_message_stops_no_other_and_is_not_lost(threads: int) -> None:
    traffic = mixed_traffic(books=8, messages=60)
    bad = [100, 101, 333]
    for i in bad:
        traffic.messages[i] = BAD
    books, expected = BookSet([ANY_SYMBOL] * 8), BookSet([ANY_SYMBOL] * 8)
    out = np.empty(len(traffic.ids), np.uint8)

    with pytest.raises(DecodeError, match=r"the first of 3 that fail") as raised:
        books.apply_json_many(*traffic, threads=threads, out=out)

    good = expected.apply_json_many(*traffic.without(bad))
    assert raised.value.source is not None
    assert raised.value.source.startswith(f"messages[100] of book {traffic.ids[100]}, ")
    assert np.flatnonzero(out == NO_VERDICT).tolist() == bad
    assert out[out != NO_VERDICT].tolist() == good.tolist()
    for one, other in zip(books, expected, strict=True):
        assert_same(one, other)


def test_the_error_is_of_the_kind_of_the_first_that_fails() -> None:
    books = BookSet([BTC, ANY_SYMBOL])

    with pytest.raises(
        PrecisionError, match=r"^messages\[0\] of book 1, .*multiple of the tick"
    ):
        books.apply_json_many([1, 0], [OFF_GRID, BAD])
    with pytest.raises(DecodeError, match=r"^messages\[0\] of book 0: ") as raised:
        books.apply_json_many([0], [BAD])

    assert not isinstance(raised.value, PrecisionError)
    assert books.apply_json_many([0], [b"{}"]).tolist() == [Verdict.SKIP.value]


def test_a_message_of_another_symbol_is_an_error() -> None:
    books = BookSet([Instrument("ETHUSDT", "0.10", "0.001")])
    message = Stream.made_up(levels=20, updates=100).json_messages(1)[0]

    with pytest.raises(DecodeError, match="symbol: expected ETHUSDT, received BTCUSDT"):
        books.apply_json(0, message)

    assert books[0].state is BookState.EMPTY


@pytest.mark.parametrize(
    ("ids", "messages", "error", "text"),
    [
        ([0, 2], [b"{}"] * 2, IndexError, "ids: expected 0 to 2 exclusive, received 2"),
        ([-1, 0], [b"{}"] * 2, IndexError, "received -1"),
        ([0], [b"{}"] * 2, ValueError, r"ids: expected shape \(2,\)"),
        ([[0], [1]], [b"{}"] * 2, ValueError, r"ids: expected shape \(2,\)"),
        ([0.0, 1.0], [b"{}"] * 2, TypeError, "ids: expected an array of integers"),
        ([0, 1], [b"{}", 7], TypeError, "buffer|bytes"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_applied(
    ids: list[int], messages: list[bytes], error: type[Exception], text: str
) -> None:
    books = BookSet([BTC, ANY_SYMBOL])
    snapshot = Stream.made_up(levels=20, updates=100).snapshot_json()

    with pytest.raises(error, match=text):
        books.apply_json_many(ids, [snapshot, *messages[1:]])

    assert [book.state for book in books] == [BookState.EMPTY] * 2


def test_arrays_of_the_wrong_shape_are_refused() -> None:
    books = BookSet([BTC, ANY_SYMBOL], "spread")

    with pytest.raises(ValueError, match=r"out: expected shape \(2, 1\)"):
        books.features(np.empty((1, 2)))
    with pytest.raises(ValueError, match=r"out: expected shape \(1,\)"):
        books.apply_json_many([0], [b"{}"], out=np.empty(2, np.uint8))
    with pytest.raises(ValueError, match=r"ts_recv_ns: expected shape \(1,\)"):
        books.apply_json_many([0], [b"{}"], ts_recv_ns=[1, 2])


@pytest.mark.parametrize("threads", [0, 257])
def test_threads_are_one_to_256(threads: int) -> None:
    books = BookSet([BTC], "spread")

    with pytest.raises(ObcoreError, match=f"expected 1 to 256, received {threads}"):
        books.features(threads=threads)
    with pytest.raises(ObcoreError, match=f"expected 1 to 256, received {threads}"):
        books.apply_json_many([0], [b"{}"], threads=threads)


def test_a_book_that_is_not_there_is_an_index_error() -> None:
    books = BookSet([BTC])

    for index in (1, -1):
        with pytest.raises(IndexError, match="index: expected 0 to 1 exclusive"):
            books.apply_json(index, b"{}")
        with pytest.raises(IndexError, match="index: expected 0 to 1 exclusive"):
            books.apply_delta(index, BTC.levels([]), BTC.levels([]))
    with pytest.raises(IndexError):
        books[1]
