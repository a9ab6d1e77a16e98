"""Many books in one set against as many books alone."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest

from book_traffic import ANY_SYMBOL, BTC, assert_same, mixed_traffic
from obcore import (
    BookSet,
    BookState,
    FeatureSet,
    Instrument,
    LiveBook,
    ObcoreError,
    Side,
    Verdict,
)
from obcore.bench.streams import Stream

# ---- Many books are as many LiveBooks ------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_set_is_as_many_live_books(threads: int) -> None:
    traffic = mixed_traffic(books=12, messages=60)
    times = np.arange(len(traffic.ids)) + 1_720_000_000_000_000_000
    books = BookSet([ANY_SYMBOL] * 12)
    alone = [LiveBook(ANY_SYMBOL) for _ in range(12)]

    verdicts = books.apply_json_many(traffic.ids, traffic.messages, times, threads=threads)

    expected = [
        alone[i].apply_json(message, int(time))
        for i, message, time in zip(traffic.ids, traffic.messages, times, strict=True)
    ]
    assert [Verdict(value) for value in verdicts] == expected
    assert expected.count(Verdict.APPLY) == 12 * 60
    for one, other in zip(books, alone, strict=True):
        assert one.state is BookState.SYNCED
        assert_same(one, other.book)


def test_a_thousand_books_one_by_one_are_a_thousand_live_books() -> None:
    stream = Stream.made_up(levels=20, updates=200)
    messages = [stream.snapshot_json(), *stream.json_messages()]
    books = BookSet([ANY_SYMBOL] * 1_000, "mid_price, spread")
    alone = LiveBook(ANY_SYMBOL)

    for message in messages:
        verdict = alone.apply_json(message)
        assert {books.apply_json(i, message) for i in range(1_000)} == {verdict}

    for book in books:
        assert_same(book, alone.book)
    row = FeatureSet("mid_price, spread").compute(alone.book)
    assert (books.features() == row).all()


def test_many_calls_are_as_one_call() -> None:
    traffic = mixed_traffic(books=5, messages=40)
    one_call, many_calls = BookSet([ANY_SYMBOL] * 5), BookSet([ANY_SYMBOL] * 5)

    verdicts = one_call.apply_json_many(traffic.ids, traffic.messages)
    parts = [
        many_calls.apply_json_many(traffic.ids[i : i + 7], traffic.messages[i : i + 7])
        for i in range(0, len(traffic.ids), 7)
    ]

    assert np.concatenate(parts).tolist() == verdicts.tolist()
    for one, other in zip(one_call, many_calls, strict=True):
        assert_same(one, other)


def test_messages_of_one_book_keep_their_order() -> None:
    stream = Stream.made_up(levels=20, updates=2_000)
    messages = [stream.snapshot_json(), *stream.json_messages()]
    forwards, backwards = BookSet([ANY_SYMBOL]), BookSet([ANY_SYMBOL])
    zeros = np.zeros(len(messages), np.int64)

    forwards.apply_json_many(zeros, messages)
    verdicts = backwards.apply_json_many(zeros, messages[::-1])

    assert forwards[0].state is BookState.SYNCED
    assert backwards[0].state is not BookState.SYNCED
    assert Verdict.APPLY.value not in verdicts


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, bytes.decode])
def test_messages_are_whatever_lends_its_bytes(kind: type) -> None:
    traffic = mixed_traffic(books=3, messages=5)
    books = BookSet([ANY_SYMBOL] * 3)

    verdicts = books.apply_json_many(
        traffic.ids.astype(np.uint32), tuple(kind(message) for message in traffic.messages)
    )

    expected = BookSet([ANY_SYMBOL] * 3).apply_json_many(*traffic)
    assert verdicts.tolist() == expected.tolist()


def test_no_messages_are_no_verdicts() -> None:
    assert BookSet([BTC]).apply_json_many([], []).shape == (0,)


# ---- Levels that the caller decoded --------------------------------------------------------


def test_levels_of_the_callers_decoding_leave_the_book_unverified() -> None:
    books = BookSet([BTC, BTC.grid], "spread")
    bid, ask = BTC.levels([("64250.10", "0.350")]), BTC.levels([("64250.20", "1.200")])

    books.apply_snapshot(0, bid, ask, 100, ts_event_ns=1, ts_recv_ns=2)
    books.apply_delta(0, BTC.levels([("64250.00", "2")]), BTC.levels([]), sequence=101)

    book = books[0]
    assert book.state is BookState.UNVERIFIED
    assert (book.sequence, book.ts_event_ns, book.ts_recv_ns) == (101, None, None)
    assert book.top(Side.BID).tolist() == [(642_501, 350), (642_500, 2_000)]
    assert books[1].state is BookState.EMPTY


def test_a_synced_book_takes_no_levels_and_one_of_levels_no_messages() -> None:
    stream = Stream.made_up(levels=20, updates=200)
    messages = [stream.snapshot_json(), *stream.json_messages()]
    books = BookSet([ANY_SYMBOL] * 2)
    books.apply_json_many(np.zeros(len(messages), int), messages)
    books.apply_snapshot(1, stream.bids, stream.asks)
    before = books[0].top(Side.BID).tolist()

    with pytest.raises(ObcoreError, match="expected messages, as before, received decoded"):
        books.apply_delta(0, stream.bids[:1], stream.asks[:1])
    with pytest.raises(ObcoreError, match="expected messages, as before, received decoded"):
        books.apply_snapshot(0, stream.bids, stream.asks)
    with pytest.raises(ObcoreError, match="expected decoded levels, as before, received a mes"):
        books.apply_json(1, messages[0])

    assert books[0].state is BookState.SYNCED
    assert books[0].top(Side.BID).tolist() == before
    assert books[1].state is BookState.UNVERIFIED
    assert books[1].top(Side.BID).tolist() == stream.bids.tolist()


# ---- Features ------------------------------------------------------------------------------


def test_the_rows_are_those_of_a_feature_set_and_nan_out_of_sync() -> None:
    traffic = mixed_traffic(books=6, messages=30)
    books = BookSet([ANY_SYMBOL] * 8, "all", depth=5)
    books.apply_json_many(*traffic)
    books.apply_json(6, traffic.messages[0])  # waits for what joins it
    features = FeatureSet("all", depth=5)

    rows = books.features()

    assert rows.shape == (8, len(features))
    assert books.names == features.names
    for i in range(6):
        assert rows[i].tobytes() == features.compute(books[i]).tobytes()
    assert [book.state.name for book in books][6:] == ["BUFFERING", "EMPTY"]
    assert np.isnan(rows[6:]).all()
    assert np.isfinite(rows[:6]).any(axis=1).all()


def test_a_book_behind_a_gap_has_no_row_until_it_joins_again() -> None:
    stream = Stream.made_up(levels=20, updates=400)
    messages = stream.json_messages()
    books = BookSet([ANY_SYMBOL], "mid_price")
    books.apply_json_many([0, 0], [stream.snapshot_json(), messages[0]])
    assert np.isfinite(books.features()).all()

    verdict = books.apply_json(0, messages[2])

    assert verdict is Verdict.GAP
    assert np.isnan(books.features()).all()


def test_rows_go_to_the_callers_matrix() -> None:
    books = BookSet([BTC], "spread")
    out = np.zeros((1, 1))

    assert books.features(out) is out
    assert np.isnan(out[0, 0])


@pytest.mark.parametrize("threads", [2, 4])
def test_threads_give_the_same_bytes_of_features(threads: int) -> None:
    traffic = mixed_traffic(books=10, messages=30)
    books = BookSet([ANY_SYMBOL] * 1_000)
    for shift in range(0, 1_000, 10):
        books.apply_json_many(traffic.ids + shift, traffic.messages, threads=threads)

    one = books.features()

    assert books.features(threads=threads).tobytes() == one.tobytes()
    assert np.isfinite(one).all()
    assert (one.reshape(100, 10, -1) == one[:10]).all()


# ---- The set itself ------------------------------------------------------------------------


def test_books_are_found_by_symbol_and_by_venue() -> None:
    spot = Instrument("binance:BTCUSDT", "0.01", "0.00000001")
    eth = Instrument("ETHUSDT", "0.01", "0.001")
    books = BookSet([spot, BTC, eth])

    assert books.symbols == ["BTCUSDT", "BTCUSDT", "ETHUSDT"]
    assert books.index("ETHUSDT") == 2
    assert books.index("binance-futures:BTCUSDT") == 1
    assert books[1].grid == BTC.grid
    with pytest.raises(ObcoreError, match="expected one with its venue"):
        books.index("BTCUSDT")
    with pytest.raises(ObcoreError, match="expected one of the set's, received DOGEUSDT"):
        books.index("DOGEUSDT")
    with pytest.raises(ObcoreError, match="ETHUSDT twice"):
        BookSet([eth, eth])


def test_a_book_is_one_object_while_it_is_held_and_keeps_the_set_alive() -> None:
    traffic = mixed_traffic(books=3, messages=20)
    books = BookSet([ANY_SYMBOL] * 3)
    book = books[-1]
    assert book is books[2]
    assert [one is book for one in books] == [False, False, True]
    books.apply_json_many(*traffic)
    best = book.best_bid

    del books
    gc.collect()

    assert best is not None
    assert book.best_bid == best
    assert book.state is BookState.SYNCED


def test_the_set_says_what_it_is() -> None:
    books = BookSet([BTC], ["spread", "mid_price"])

    assert len(books) == 1
    assert repr(books) == "<BookSet of 1 books, 2 features>"
    with pytest.raises(ValueError, match="kind: expected auto, diff or topn, received 'l2'"):
        BookSet([BTC], kind="l2")
    with pytest.raises(ObcoreError, match="no_such"):
        BookSet([BTC], "no_such")


# ---- Memory --------------------------------------------------------------------------------


def resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def test_a_book_takes_at_most_300_kilobytes() -> None:
    stream = Stream.made_up(levels=200, updates=500)
    messages = [stream.snapshot_json(), *stream.json_messages()]
    has_proc = Path("/proc/self/statm").exists()
    gc.collect()
    before = resident_bytes() if has_proc else 0

    books = BookSet([ANY_SYMBOL] * 500)
    for message in messages:
        books.apply_json_many(np.arange(500), [message] * 500)

    assert all(book.state is BookState.SYNCED for book in books)
    assert 100_000 < books.memory_usage() / 500 <= 300_000
    assert books.memory_usage() > sum(book.memory_usage() for book in books)
    if has_proc:
        assert (resident_bytes() - before) / 500 <= 300_000
