"""LOBSTER messages against the book files that belong to them, and against a dict of orders."""

from __future__ import annotations

import gzip
import itertools
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from obcore import Book, Recording, Side
from obcore.data.lobster import midnight_ns
from obcore.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MESSAGES = "lobster/AAPL_2012-06-21_34200000_37800000_message_50.csv.gz"
TOUCH = "lobster/AAPL_2012-06-21_34200000_37800000_orderbook_1.csv.gz"
DEEP = "lobster/AAPL_2012-06-21_orderbook_50_first672rows.csv.gz"
NAME = "XYZ_2024-03-08_34200000_57600000_message_2.csv"
MIDNIGHT = 1_709_874_000 * 10**9  # 2024-03-08 00:00 in New York, five hours behind UTC


def rows_of(path: Path) -> Iterator[list[str]]:
    with gzip.open(path, "rt", encoding="ascii") as file:
        for row in file:
            yield row.strip().rstrip(",").split(",")


class Orders:
    """The book as single orders in a dict, and the sizes that nobody told an order of."""

    def __init__(self, first_book: list[str]) -> None:
        self.orders: dict[str, list[int]] = {}
        self.sides: dict[int, Counter[int]] = {1: Counter(), -1: Counter()}
        numbers = list(map(int, first_book))
        for ask, ask_size, bid, bid_size in zip(*[iter(numbers)] * 4, strict=True):
            self.sides[-1][ask] += ask_size
            self.sides[1][bid] += bid_size
        self._drop_empty()
        self.older = {side: Counter(levels) for side, levels in self.sides.items()}

    def first(self, row: list[str]) -> None:
        """The first message is in the book already; only its order is new."""
        _, kind, order, size, price, side = row
        assert kind == "1"
        self.orders[order] = [int(size), int(price), int(side)]
        self.older[int(side)][int(price)] -= int(size)

    def take(self, row: list[str]) -> bool:
        """Whether the book is another one."""
        _, kind, order, size_text, price_text, side_text = row
        size, price, side = int(size_text), int(price_text), int(side_text)
        levels = self.sides[side]
        before = levels[price]
        if kind == "1":
            self.orders[order] = [size, price, side]
            levels[price] += size
        elif kind in {"2", "3", "4"}:
            if order in self.orders:
                cut = self.orders[order][0] if kind == "3" else size
                self.orders[order][0] -= cut
                if self.orders[order][0] == 0:
                    del self.orders[order]
            else:
                cut = min(size, self.older[side][price])
                self.older[side][price] -= cut
            levels[price] -= cut
        is_changed = levels[price] != before
        self._drop_empty(side, price)
        return is_changed

    def best(self) -> tuple[int, int, int, int]:
        ask, bid = min(self.sides[-1]), max(self.sides[1])
        return ask, self.sides[-1][ask], bid, self.sides[1][bid]

    def _drop_empty(self, *at: int) -> None:
        places = [at] if at else [(side, px) for side in (1, -1) for px in [*self.sides[side]]]
        for side, px in places:
            if self.sides[side][px] == 0:
                del self.sides[side][px]


def test_every_best_quote_is_the_one_of_the_book_file(
    shared_data: Callable[[str], Path],
) -> None:
    """But for 90 rows: a level that was deeper than 50 when the file began is not known whole."""
    messages, touch, deep = map(shared_data, (MESSAGES, TOUCH, DEEP))
    reference = Orders(next(rows_of(deep)))
    expected: list[tuple[int, int, int, int]] = []
    equal = 0
    for number, (row, best) in enumerate(zip(rows_of(messages), rows_of(touch), strict=True)):
        if number == 0:
            reference.first(row)
        is_state = number == 0 or reference.take(row)
        if is_state:
            expected.append(reference.best())
        equal += reference.best() == tuple(map(int, best))
    assert equal == 91_907

    table = Recording([deep, messages]).features(
        "mid_price, spread, best_bid_qty, best_ask_qty", every="event"
    )

    found = [
        (
            round((mid + spread / 2) * 10_000),
            ask_size,
            round((mid - spread / 2) * 10_000),
            bid_size,
        )
        for mid, spread, bid_size, ask_size in table.values.tolist()
    ]
    assert found == expected
    assert table.summary.state == "UNVERIFIED"
    assert table.summary.counts["kinds"]["trade"] == 4_067
    assert table.summary.counts["kinds"]["off_book"] == 2_201


def test_every_level_is_the_one_of_the_deep_book_file(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    """All that both know: the file shows no level that is deeper than 50."""
    messages, deep = shared_data(MESSAGES), shared_data(DEEP)
    with gzip.open(messages, "rb") as file:
        lines = list(itertools.islice(file, 672))
    for number, row in enumerate(rows_of(deep), 1):
        if number % 61 != 0 and number not in {1, 672}:
            continue
        path = tmp_path / messages.name.removesuffix(".gz")
        path.write_bytes(b"".join(lines[:number]))
        book = Recording([deep, path]).book()
        numbers = list(map(int, row))
        for side, at in ((Side.ASK, 0), (Side.BID, 2)):
            known = dict(zip(numbers[at::4], numbers[at + 1 :: 4], strict=True))
            in_file = {px: size for px, size in known.items() if size > 0}
            ours = {px * 100: size for px, size in levels(book, side)[: len(in_file)]}
            # What came up from below level 50 is in the file and not in its messages.
            missing = set(in_file) - set(ours)
            assert len(missing) <= 12
            assert {px: ours[px] for px in ours if px in in_file} == {
                px: in_file[px] for px in ours if px in in_file
            }


def levels(book: Book, side: Side) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = book.top(side).tolist()
    return pairs


# ---- By hand --------------------------------------------------------------------------------

BOOK = "1000100,5,1000000,7,9999999999,0,999900,2\n"
ADD = "34200.000000001,1,11,3,1000000,1\n"  # of the seven at the best bid


def write(folder: Path, rows: str, *, book: str = "", name: str = NAME) -> Path:
    path = folder / name
    path.write_text(rows)
    if book:
        path.with_name(name.replace("_message_", "_orderbook_")).write_text(book)
    return path


def test_orders_of_a_price_are_one_level_and_older_ones_rest_with_them(tmp_path: Path) -> None:
    rows = (
        ADD
        + "34200.1,1,12,4,1000000,1\n"  # 11 at the best bid
        + "34200.2,2,11,1,1000000,1\n"  # 10: a part
        + "34200.3,4,12,4,1000000,1\n"  # 6: sold to
        + "34200.4,3,99,4,1000000,1\n"  # 2: an order from before the file
    )

    book, summary = Recording(write(tmp_path, rows, book=BOOK)).book_and_summary()

    assert levels(book, Side.BID) == [(10_000, 2), (9_999, 2)]
    assert levels(book, Side.ASK) == [(10_001, 5)]
    assert book.ts_event_ns == MIDNIGHT + 34_200_400_000_000
    assert (summary.symbol, summary.tick, summary.lot) == ("XYZ", "0.01", "1")
    assert summary.counts["kinds"]["trade"] == 1
    assert summary.counts["formats"] == ["lobster messages"]
    assert [source.size for source in summary.sources] == [len(BOOK), len(rows)]


def test_a_book_that_begins_empty_says_so(tmp_path: Path) -> None:
    rows = ADD + "34200.1,3,99,4,1000000,1\n34200.2,4,98,1,1000100,-1\n"

    book, summary = Recording(write(tmp_path, rows)).book_and_summary()

    assert levels(book, Side.BID) == [(10_000, 3)]
    assert book.state.name == "UNVERIFIED"
    assert book.reason == "orders from before the recording are not in it"
    assert summary.counts["skipped_kinds"] == {"change of an unknown order": 2}


def test_hidden_executions_crosses_and_halts_leave_the_book(tmp_path: Path) -> None:
    rows = ADD + "34200.1,5,0,9,1000050,1\n34200.2,6,-1,9,1000050,-1\n34200.3,7,0,0,-1,-1\n"

    book, summary = Recording(write(tmp_path, rows, book=BOOK)).book_and_summary()

    assert levels(book, Side.BID) == [(10_000, 7), (9_999, 2)]
    assert summary.counts["kinds"]["trade"] == 0
    names = {"hidden execution": 1, "cross": 1, "trading halt": 1}
    assert summary.counts["skipped_kinds"] == names


BAD = {
    "a date that is none": ("XYZ_2024-13-08_1_2_message_2.csv", ADD, "file name: expected a day"),
    "no date": ("messages.csv", ADD, "file name: expected one that tells the day"),
    "an order twice": (NAME, ADD + ADD, "line 2: order id: expected a new one"),
    "too much": (NAME, ADD + "34200.1,2,11,4,1000000,1\n", "line 2: size: expected at most the 3"),
    "another price": (NAME, ADD + "34200.1,2,11,1,1000100,1\n", "line 2: order id: expected the price"),
    "a time of two days": (NAME, ADD + "86400,1,12,4,1000000,1\n", "line 2: time: expected seconds"),
    "a type of 8": (NAME, ADD + "34200.1,8,12,4,1000000,1\n", "line 2: type: expected 1 to 7"),
    "no direction": (NAME, ADD + "34200.1,1,12,4,1000000,0\n", "line 2: direction: expected 1 or -1"),
    "a price of 0": (NAME, ADD + "34200.1,1,12,4,0,1\n", "line 2: price: expected a number above 0"),
    "a price that is cut": (NAME, ADD + "34200.1,1,12,4,100000.5,1\n", "line 2: price: expected an int"),
    "five fields": (NAME, ADD + "34200.1,1,12,4,1000000\n", "line 2: row: expected 6 fields"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "rows", "message"), BAD.values(), ids=BAD)
def test_a_bad_row_is_named(tmp_path: Path, name: str, rows: str, message: str) -> None:
    with pytest.raises(DecodeError, match=message) as raised:
        Recording(write(tmp_path, rows, name=name)).summary()

    assert raised.value.source == name


def test_a_book_without_the_first_order_is_another_ones(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="opening book: expected one that holds the order"):
        Recording(write(tmp_path, ADD, book=BOOK.replace(",7,", ",2,"))).summary()


def test_a_book_file_without_messages_is_an_error(tmp_path: Path) -> None:
    book = tmp_path / NAME.replace("_message_", "_orderbook_")
    book.write_text(BOOK)

    with pytest.raises(DecodeError, match="expected its LOBSTER message file behind it"):
        Recording(book).summary()


def test_midnight_is_new_yorks_in_winter_and_in_summer() -> None:
    assert midnight_ns("2024-03-08") == MIDNIGHT
    assert midnight_ns("2024-03-11") == MIDNIGHT + (3 * 24 - 1) * 3600 * 10**9
