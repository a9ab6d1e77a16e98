"""Arrays of hftbacktest against a book kept by the rules of its own reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obcore import Instrument, Recording, Side
from obcore.data.hftbacktest import (
    BUY,
    DEPTH,
    DEPTH_BBO,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EXCH,
    LOCAL,
    ROW,
    SELL,
    TRADE,
)
from obcore.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

T0 = 1_700_000_000_000_000_000
BOTH = EXCH | LOCAL
GRID = Instrument("X", "0.1", "0.001")
START = [
    (BOTH | BUY | DEPTH_SNAPSHOT, 0, 99.9, 1.5),
    (BOTH | BUY | DEPTH_SNAPSHOT, 0, 99.8, 2.0),
    (BOTH | SELL | DEPTH_SNAPSHOT, 0, 100.1, 0.001),
]


def array(rows: list[tuple[int, int, float, float]]) -> NDArray[np.void]:
    """``(ev, ns behind T0, px, qty)`` as hftbacktest has it; the venue is 7 ns ahead of us."""
    out = np.zeros(len(rows), ROW)
    ev, ns, px, qty = (np.array(column) for column in zip(*rows, strict=True))
    out["ev"], out["px"], out["qty"] = ev, px, qty
    out["local_ts"], out["exch_ts"] = T0 + ns, T0 + ns - 7
    return out


def save(folder: Path, rows: list[tuple[int, int, float, float]], name: str = "a.npz") -> Path:
    np.savez_compressed(folder / name, data=array(rows))
    return folder / name


def sides(recording: Recording, **moment: Any) -> list[list[tuple[int, int]]]:
    book = recording.book(**moment)
    return [book.top(side).tolist() for side in (Side.BID, Side.ASK)]


@pytest.mark.parametrize("pack", ["savez", "savez_compressed", "save"])
def test_each_way_that_numpy_saves_is_read(tmp_path: Path, pack: str) -> None:
    path = tmp_path / "rows"
    with path.open("wb") as file:
        data = array(START)
        if pack == "save":
            np.save(file, data)
        else:
            getattr(np, pack)(file, other=np.arange(3), data=data)
    read: list[int] = []

    recording = Recording(path, instrument=GRID)

    assert sides(recording) == [[(999, 1500), (998, 2000)], [(1001, 1)]]
    summary = recording.summary(on_read=read.append)
    assert summary.counts["formats"] == ["hftbacktest npz"]
    assert sum(read) == path.stat().st_size
    assert summary.sources[0].size == path.stat().st_size


def test_rows_of_one_local_time_are_one_state_and_both_clocks_are_exact(tmp_path: Path) -> None:
    rows = [
        *START,
        (BOTH | SELL | TRADE, 5, 99.9, 0.25),
        (BOTH | BUY | DEPTH, 5, 99.9, 1.25),
        (BOTH | SELL | DEPTH, 5, 100.1, 0.0),
        (BOTH | SELL | DEPTH, 5, 100.2, 3.0),
        (EXCH | SELL | DEPTH, 6, 100.0, 9.0),  # the venue's order: of no use here
        (BOTH | BUY | DEPTH_BBO, 6, 99.9, 1.0),
    ]

    recording = Recording(save(tmp_path, rows), instrument=GRID)

    table = recording.features("mid_price, last_trade_price")
    assert table.ts_recv_ns.tolist() == [T0, T0 + 5]
    assert table.ts_event_ns.tolist() == [T0 - 7, T0 - 2]
    assert sides(recording) == [[(999, 1250), (998, 2000)], [(1002, 3000)]]
    counts = recording.summary().counts
    assert counts["kinds"]["trade"] == 1
    assert counts["skipped_kinds"] == {"BBO": 1}


def test_numbers_are_the_shortest_decimals_of_their_doubles(tmp_path: Path) -> None:
    rows = [(BOTH | BUY | DEPTH_SNAPSHOT, 0, 0.1 + 0.2, 1e-7)]

    book = Recording(save(tmp_path, rows)).book()

    assert book.grid.tick == "0.00000000000000001"
    assert book.grid.lot == "0.0000001"
    assert book.best_bid == (30_000_000_000_000_004, 1)


ROWS = st.lists(
    st.tuples(
        st.sampled_from([DEPTH, DEPTH, DEPTH, DEPTH_SNAPSHOT, DEPTH_CLEAR]),
        st.sampled_from([BUY, SELL]),
        st.integers(0, 1),
        st.integers(1, 9),
        st.integers(0, 3),
    ),
    max_size=30,
)


@given(drawn=ROWS, cut=st.integers(0, 30))
def test_any_rows_give_the_book_of_hftbacktest(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: list[tuple[int, int, int, int, int]],
    cut: int,
) -> None:
    """In one file or in two; a clear takes what lies from the best to its price."""
    rows, ns = list(START), 0
    expected: dict[int, dict[int, int]] = {BUY: {999: 1500, 998: 2000}, SELL: {1001: 1}}
    for kind, side, step, px, qty in drawn:
        ns += step
        rows.append((BOTH | side | kind, ns, px / 10, qty / 1000))
        levels = expected[side]
        if kind == DEPTH_CLEAR:
            inside = [p for p in levels if (p >= px if side == BUY else p <= px)]
            for price in inside:
                del levels[price]
        elif qty == 0:
            levels.pop(px, None)
        else:
            levels[px] = qty
    folder = tmp_path_factory.mktemp("rows")
    # Where a file ends, its message does.
    at = next((i for i in range(3 + cut, len(rows)) if rows[i][1] != rows[i - 1][1]), len(rows))
    files = [save(folder, rows[:at], "a.npz")]
    if at < len(rows):
        files.append(save(folder, rows[at:], "b.npz"))

    found = sides(Recording(files, instrument=GRID))

    assert found == [
        sorted(expected[BUY].items(), reverse=True),
        sorted(expected[SELL].items()),
    ]


@pytest.mark.parametrize("edge", [np.nan, np.inf, -np.inf])
def test_a_clear_without_a_price_takes_the_side(tmp_path: Path, edge: float) -> None:
    rows = [*START, (BOTH | BUY | DEPTH_CLEAR, 1, edge, 0.0)]

    assert sides(Recording(save(tmp_path, rows), instrument=GRID)) == [[], [(1001, 1)]]


def test_a_book_without_a_time_is_where_the_next_file_begins(tmp_path: Path) -> None:
    """As ``create_last_snapshot`` of hftbacktest writes it, with both times 0."""
    untimed = array(START)
    untimed["local_ts"] = untimed["exch_ts"] = 0
    np.savez(tmp_path / "end_of_day.npz", data=untimed)
    rows = [
        (BOTH | SELL | TRADE, 3, 99.9, 0.5),
        (BOTH | BUY | DEPTH, 4, 99.9, 1.0),
        (BOTH | BUY | DEPTH, 5, 99.8, 0.0),
    ]

    recording = Recording([tmp_path / "end_of_day.npz", save(tmp_path, rows)], instrument=GRID)

    assert recording.features("mid_price").ts_recv_ns.tolist() == [T0 + 4, T0 + 5]
    assert sides(recording, at=T0 + 4) == [[(999, 1000), (998, 2000)], [(1001, 1)]]
    assert sides(recording) == [[(999, 1000)], [(1001, 1)]]


BAD = {
    "single orders": ((BOTH | BUY | 10, 1, 1.0, 1.0), "row 3 ev: expected depth, trade, clear"),
    "no side": (
        (BOTH | DEPTH, 1, 1.0, 1.0),
        "row 3 ev: expected one of the flags BUY and SELL",
    ),
    "both sides": (
        (BOTH | BUY | SELL | TRADE, 1, 1.0, 1.0),
        "row 3 ev: expected not both flags",
    ),
    "no price": (
        (BOTH | BUY | DEPTH, 1, np.nan, 1.0),
        "row 3 px: expected a price, received nan",
    ),
    "no size": ((BOTH | BUY | DEPTH, 1, 1.0, -1.0), "row 3 qty: expected a size of 0 or more"),
    "no time": (
        (BOTH | BUY | DEPTH, 8 - T0, 1.0, 1.0),
        "timestamp: expected a time since 1970",
    ),
    "off the grid": (
        (BOTH | BUY | DEPTH, 1, 1.05, 1.0),
        "price: expected a multiple of the tick",
    ),
}


@pytest.mark.parametrize(("row", "message"), BAD.values(), ids=BAD)
def test_a_bad_row_is_named(
    tmp_path: Path, row: tuple[int, int, float, float], message: str
) -> None:
    with pytest.raises(DecodeError, match=message) as raised:
        Recording(save(tmp_path, [*START, row]), instrument=GRID).summary()

    assert raised.value.source == "a.npz"


ARRAYS: dict[str, tuple[Callable[[], NDArray[Any]], str]] = {
    "plain numbers": (lambda: np.zeros((3, 6)), "array: expected one row an event"),
    "objects": (lambda: np.array([{}, None]), "array: expected one row an event"),
    "other fields": (lambda: np.zeros(3, [("ev", "<u8")]), "array: expected one row an event"),
    "a table": (lambda: array(START).reshape(1, 3), "of shape"),
    "none of ours": (lambda: array([(EXCH | BUY | DEPTH, 1, 1.0, 1.0)]), "the flag LOCAL"),
    "none": (lambda: np.zeros(0, ROW), "the flag LOCAL"),
}


@pytest.mark.parametrize(("make", "message"), ARRAYS.values(), ids=ARRAYS)
def test_another_array_is_refused(
    tmp_path: Path, make: Callable[[], NDArray[Any]], message: str
) -> None:
    np.savez(tmp_path / "a.npz", data=make())

    with pytest.raises(DecodeError, match=message):
        Recording(tmp_path / "a.npz").summary()


def test_an_array_that_ends_early_is_an_error(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", array(START))
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole[:-10])

    with pytest.raises(DecodeError, match="expected 3 rows, received the end behind 2"):
        Recording(tmp_path / "a.npy").summary()
