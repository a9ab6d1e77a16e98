"""Books written as others read them, read again: the same books at the same times."""

from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import obcore
from change_batches import (
    DELTA,
    KEY,
    PICTURE,
    STATE,
    SYNCED,
    Change,
    TradeRow,
    batch_of,
    binance_changes,
    binance_trades,
    trades_of,
)
from obcore import Book, BookState, Instrument, Recording, Side
from obcore.data.export import write_npz, write_tardis_csv, write_tardis_trades
from obcore.data.hftbacktest import BUY, DEPTH_CLEAR, EXCH, LOCAL, SELL
from reference import ReferenceBook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reference import Pair

T0 = 1_700_000_000_000_000_000
GRID = {"tick": "0.10", "lot": "0.001"}
BTC = Instrument("BTCUSDT", "0.10", "0.001")
GAP = BookState.GAP.value
SYMBOL = "binance-futures:BTCUSDT"
WRITERS = ("npz", "tardis")


def write(kind: str, changes: list[Change], folder: Path, size: int = 50) -> Path:
    """Write changes, in batches of a few, and return the file."""
    batches = [batch_of(changes[i : i + size], **GRID) for i in range(0, len(changes), size)]
    if kind == "npz":
        write_npz(batches, [], folder / "book.npz")
        return folder / "book.npz"
    write_tardis_csv(batches, folder / "book.csv.gz", symbol=SYMBOL)
    return folder / "book.csv.gz"


def levels(book: Book) -> tuple[list[Pair], list[Pair]]:
    return book.top(Side.BID).tolist(), book.top(Side.ASK).tolist()


# ---- Any course of events -------------------------------------------------------------------

LEVELS = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3)), max_size=5)
CHANGES = st.lists(
    st.tuples(st.sampled_from([STATE, DELTA, DELTA, DELTA, PICTURE, KEY]), st.integers(0, 3), LEVELS, LEVELS),
    min_size=1,
    max_size=25,
)  # fmt: skip


def course(drawn: list[tuple[int, int, list[Pair], list[Pair]]]) -> list[Change]:
    """Changes at whole microseconds; a quarter of them leave the book in doubt."""
    changes = [Change(T0, PICTURE, SYNCED, [(5, 1)], [(8, 2)], T0)]
    book = ReferenceBook()
    book.apply_snapshot(*changes[0][3:5])
    for number, (kind, doubt, drawn_bids, drawn_asks) in enumerate(drawn, 1):
        bids, asks = drawn_bids, drawn_asks
        if kind == PICTURE:
            bids, asks = list(dict(bids).items()), list(dict(asks).items())  # a price once
            book.apply_snapshot(bids, asks)
        elif kind == DELTA:
            book.apply_delta(bids, asks)
        elif kind == KEY:
            bids, asks = book.bids(), book.asks()
        else:
            bids, asks = [], []
        state = GAP if doubt == 0 else SYNCED
        time = T0 + number * 1000
        changes.append(Change(time, kind, state, bids, asks, time))
    return changes


def trusted_books(changes: list[Change]) -> dict[int, tuple[list[Pair], list[Pair]]]:
    """For each time the book that was trusted last; one without levels is not told anew."""
    book, is_told = ReferenceBook(), False
    last: tuple[list[Pair], list[Pair]] = ([], [])
    out = {}
    for change in changes:
        if change.kind in {PICTURE, KEY}:
            book.apply_snapshot(change.bids, change.asks)
        elif change.kind == DELTA:
            book.apply_delta(change.bids, change.asks)
        is_trusted = change.state == SYNCED
        now = book.bids(), book.asks()
        is_told = is_trusted and (is_told or any(now))
        if is_told:
            last = now
        out[change.time_ns] = last
    return out


@pytest.mark.parametrize("kind", WRITERS)
@given(drawn=CHANGES)
def test_any_course_of_events_reads_back(
    kind: str, tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, int, list[Pair], list[Pair]]]
) -> None:  # fmt: skip
    changes = course(drawn)

    file = write(kind, changes, tmp_path_factory.mktemp("export"), size=4)

    recording = Recording(file, instrument=BTC)
    for time, expected in trusted_books(changes).items():
        assert levels(recording.book(at=time)) == expected


# ---- Real recordings ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample_changes() -> list[Change]:
    return binance_changes(obcore.sample(), tick_decimals=2, lot_decimals=3)


@pytest.mark.parametrize("kind", WRITERS)
def test_the_sample_reads_back_level_by_level(
    kind: str, sample_changes: list[Change], tmp_path: Path
) -> None:
    grid = {"tick": "0.01", "lot": "0.001"}
    eth = Instrument("ETHUSDT", "0.01", "0.001")
    batches = [batch_of(sample_changes, **grid)]
    trades = list(binance_trades(obcore.sample(), tick_decimals=2, lot_decimals=3))
    tapes = [trades_of(trades, **grid)]
    original = Recording(obcore.sample(), instrument=eth)
    if kind == "npz":
        write_npz(batches, tapes, tmp_path / "sample.npz")
        copy = Recording(tmp_path / "sample.npz", instrument=eth)
    else:
        report = write_tardis_csv(
            batches, tmp_path / "book.csv", symbol="binance-futures:ETHUSDT"
        )
        assert report.messages == len(sample_changes)
        assert report.merged == 0
        assert write_tardis_trades(
            tapes, tmp_path / "trades.csv.gz", symbol="binance-futures:ETHUSDT"
        ) == len(trades)
        copy = Recording(
            tmp_path / "book.csv", trades=tmp_path / "trades.csv.gz", instrument=eth
        )

    for change in sample_changes[:: len(sample_changes) // 20]:
        expected, found = original.book(at=change.time_ns), copy.book(at=change.time_ns)
        assert levels(found) == levels(expected)
        assert found.ts_event_ns == expected.ts_event_ns
        step = 1 if kind == "npz" else 1000
        assert found.ts_recv_ns == change.time_ns // step * step

    # Only nanoseconds keep what depends on the time between a trade and a state.
    names = "microprice, obi_5" + (", oi, signed_flow, last_trade_age" if kind == "npz" else "")
    expected_rows, rows = original.features(names), copy.features(names)
    np.testing.assert_array_equal(rows.values, expected_rows.values)
    if kind == "npz":
        np.testing.assert_array_equal(rows.ts_recv_ns, expected_rows.ts_recv_ns)


def test_a_large_recording_reads_back_and_is_as_hftbacktest_wants_it(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    path = shared_data("binance_raw/usdm_btcusdt_20240808.gz")
    changes = binance_changes(path, tick_decimals=1, lot_decimals=3)
    trades = list(binance_trades(path, tick_decimals=1, lot_decimals=3))
    grid = {"tick": "0.1", "lot": "0.001"}
    npz, book_csv = tmp_path / "a.npz", tmp_path / "a.csv"

    count = write_npz([batch_of(changes, **grid)], [trades_of(trades, **grid)], npz)
    write_tardis_csv([batch_of(changes, **grid)], book_csv, symbol=SYMBOL)

    instrument = Instrument("BTCUSDT", "0.1", "0.001")
    copies = [Recording(file, instrument=instrument) for file in (npz, book_csv)]
    original = Recording(path, instrument=instrument)
    for change in changes[:: len(changes) // 6]:
        expected = levels(original.book(at=change.time_ns))
        assert [levels(copy.book(at=change.time_ns)) for copy in copies] == [expected] * 2

    rows = np.load(npz)["data"]
    assert len(rows) == count
    assert_in_both_orders(rows)
    rows["px"] = np.nan_to_num(rows["px"])  # of the first clears: NaN equals nothing
    # Every event of ours is one of the venue's, doubled or not.
    fields = ["exch_ts", "local_ts", "px", "qty"]
    of_each = [rows[rows["ev"] & flag != 0][fields] for flag in (EXCH, LOCAL)]
    assert sorted(of_each[0].tolist()) == sorted(of_each[1].tolist())


def assert_in_both_orders(rows: np.ndarray) -> None:
    """What hftbacktest's ``validate_event_order`` asks for."""
    for flag, clock in ((EXCH, "exch_ts"), (LOCAL, "local_ts")):
        times = rows[rows["ev"] & flag != 0][clock]
        assert len(times) > 0
        assert (np.diff(times) >= 0).all()


def test_what_tardis_would_write_is_written(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    """Row by row as the converted file, where that holds one message a time too."""
    name = "tardis_csv/converted/binance-futures_trades_2024-08-08_BTCUSDT.csv.gz"
    path = shared_data("binance_raw/usdm_btcusdt_20240808.gz")
    trades = list(binance_trades(path, tick_decimals=1, lot_decimals=3))

    write_tardis_trades(
        [trades_of(trades, tick="0.1", lot="0.001")], tmp_path / "trades.csv", symbol=SYMBOL
    )

    with gzip.open(shared_data(name), "rt") as theirs, (tmp_path / "trades.csv").open() as ours:
        expected, found = list(csv.DictReader(theirs)), list(csv.DictReader(ours))
    by_id = {row["id"]: row for row in expected}
    assert len(found) == len(trades) > 20_000
    for row in found:
        other = by_id[row["id"]]
        assert float(row.pop("price")) == float(other["price"])
        assert float(row.pop("amount")) == float(other["amount"])
        assert row == {key: other[key] for key in row}


# ---- What a file of each kind says ----------------------------------------------------------


def at(ns: int, kind: int, bids: list[Pair], asks: list[Pair], event: int = 0) -> Change:
    return Change(T0 + ns, kind, SYNCED, bids, asks, T0 + (event or ns))


def test_a_snapshot_clears_as_far_as_any_level_before_it(tmp_path: Path) -> None:
    hole = Change(T0 + 2000, STATE, GAP, [], [], T0 + 2000)
    changes = [
        at(1000, PICTURE, [(50, 1), (10, 4)], [(90, 1)]),
        hole,
        at(3000, PICTURE, [(51, 1)], [(60, 1)]),
    ]

    rows = np.load(write("npz", changes, tmp_path))["data"]

    clears = rows[rows["ev"] & 0xFF == DEPTH_CLEAR][-2:]
    assert clears["ev"].tolist() == [
        EXCH | LOCAL | BUY | DEPTH_CLEAR,
        EXCH | LOCAL | SELL | DEPTH_CLEAR,
    ]
    assert clears["px"].tolist() == [1.0, 9.0]


def test_a_file_behind_another_begins_a_new_book(tmp_path: Path) -> None:
    for name, time, bid in (("a", 1000, 10), ("b", 2000, 50)):
        batch = batch_of([at(time, PICTURE, [(bid, 1)], [(90 - bid, 1)])], **GRID)
        write_npz([batch], [], tmp_path / name)

    book = Recording([tmp_path / "a", tmp_path / "b"], instrument=BTC).book()

    assert levels(book) == ([(50, 1)], [(40, 1)])


@pytest.mark.parametrize("kind", WRITERS)
def test_levels_that_a_venue_forgets_are_removed(kind: str, tmp_path: Path) -> None:
    """As Kraken's, whose book is cut to its depth behind each delta."""
    changes = [
        at(1000, PICTURE, [(50, 1), (49, 1)], [(90, 1), (91, 1)]),
        at(2000, DELTA, [(51, 1)], [(89, 1)])._replace(depth=2),
    ]

    book = Recording(write(kind, changes, tmp_path), instrument=BTC).book()

    assert levels(book) == ([(51, 1), (50, 1)], [(89, 1), (90, 1)])


def test_clocks_that_disagree_double_the_rows_between(tmp_path: Path) -> None:
    changes = [
        at(1000, PICTURE, [(50, 1)], [(90, 1)], event=10),
        at(2000, DELTA, [(51, 1)], [], event=30),
        at(3000, DELTA, [(52, 1)], [], event=20),
        at(4000, DELTA, [(53, 1)], [], event=40),
    ]

    rows = np.load(write("npz", changes, tmp_path))["data"]

    assert_in_both_orders(rows)
    flags = [bool(ev & EXCH) + 2 * bool(ev & LOCAL) for ev in rows["ev"].tolist()]
    assert flags == [3, 3, 3, 3, 3, 3, 1, 2, 1, 2, 3]
    assert rows["px"][6:].tolist() == [5.2, 5.1, 5.1, 5.2, 5.3]


def test_times_that_run_back_too_far_are_an_error_and_leave_no_file(tmp_path: Path) -> None:
    changes = [at(i * 1000, PICTURE, [(50, i + 1)], [(90, 1)]) for i in range(3)]
    changes.append(at(3000, DELTA, [(51, 1)], [], event=-10))
    batches = [batch_of(changes, **GRID)]
    late = TradeRow(T0 + 5000, 1, 1, taker_is_buyer=True, ts_event_ns=T0 - 10**9)
    early = [TradeRow(T0 + 4000, 1, 1, taker_is_buyer=True)] * 40_000

    with pytest.raises(
        ValueError, match=r"exch_ts: expected times that run back by at most 5 ns"
    ):
        write_npz(
            batches, [trades_of([*early, late], **GRID)], tmp_path / "a.npz", reorder_ns=5
        )

    assert list(tmp_path.iterdir()) == []


def test_a_number_that_no_double_holds_is_an_error(tmp_path: Path) -> None:
    batch = batch_of([at(0, PICTURE, [(5, 10**16 + 1)], [])], **GRID)

    with pytest.raises(
        ValueError,
        match=r"size: expected at most 15 digits, received 10000000000000001 at 0\.001",
    ):
        write_npz([batch], [], tmp_path / "a.npz")


def test_messages_within_a_microsecond_are_reported(tmp_path: Path) -> None:
    changes = [
        at(1000, PICTURE, [(50, 1)], [(90, 1)]),
        at(1001, DELTA, [(51, 1)], []),
        at(2000, DELTA, [(51, 0)], []),
    ]

    report = write_tardis_csv([batch_of(changes, **GRID)], tmp_path / "a.csv", symbol=SYMBOL)

    assert (report.messages, report.rows, report.merged) == (3, 4, 1)
    book = Recording(tmp_path / "a.csv", instrument=BTC).book(at=T0 + 1500)
    assert levels(book) == ([(51, 1), (50, 1)], [(90, 1)])


def test_the_same_book_gives_the_same_bytes(tmp_path: Path) -> None:
    changes = [at(1000, PICTURE, [(50, 1)], [(90, 1)]), at(2000, DELTA, [(51, 1)], [])]

    for kind in WRITERS:
        first = write(kind, changes, tmp_path).read_bytes()
        assert write(kind, changes, tmp_path).read_bytes() == first
