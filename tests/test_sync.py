"""The join of snapshots and diffs: every case of the venue's rules, and small recordings.

Expected verdicts are read off the venue's published steps and their edge cases; random
recordings are checked against the true book that they were made from.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import obcore
from obcore import BookState, Recording, Side
from obcore.book import Replay, Verdict, judge_binance, judge_binance_join
from reference import ReferenceBook

if TYPE_CHECKING:
    from pathlib import Path

APPLY, SKIP, GAP, RESYNC = Verdict.APPLY, Verdict.SKIP, Verdict.GAP, Verdict.RESYNC

# After update id 100: U, u and, on futures, pu.
FOLLOWS = {
    "spot, the next id": ((101, 105), APPLY),
    "spot, straddles the snapshot": ((98, 105), APPLY),
    "spot, begins at the book's own id": ((100, 101), APPLY),
    "spot, older": ((90, 99), SKIP),
    "spot, ends at the book's id": ((95, 100), SKIP),
    "spot, one id is missing": ((102, 105), GAP),
    "futures, pu is the book's id": ((101, 105, 100), APPLY),
    "futures, U is not pu + 1": ((140, 150, 100), APPLY),
    "futures, nothing changed": ((100, 100, 100), APPLY),
    "futures, older": ((90, 99, 89), SKIP),
    "futures, repeated": ((95, 100, 90), SKIP),
    "futures, contains the id but follows another": ((99, 105, 98), GAP),
    "futures, dense ids but another pu": ((101, 105, 99), GAP),
    "futures, one event is missing": ((120, 130, 115), GAP),
}
# On top of a snapshot with id 100.
JOINS = {
    "spot, perfect join": ((101, 105), APPLY),
    "spot, contains the id": ((95, 105), APPLY),
    "spot, straddles by one": ((100, 101), APPLY),
    "spot, ends at the id": ((95, 100), SKIP),
    "spot, older": ((90, 99), SKIP),
    "spot, snapshot too old by one": ((102, 105), RESYNC),
    "spot, snapshot far too old": ((200, 205), RESYNC),
    "futures, contains the id": ((95, 105, 90), APPLY),
    "futures, begins at the id": ((100, 105, 98), APPLY),
    "futures, ends at the id": ((95, 100, 90), APPLY),
    "futures, pu is the id": ((105, 110, 100), APPLY),
    "futures, pu is older but the id is contained": ((99, 110, 85), APPLY),
    "futures, older": ((80, 99, 79), SKIP),
    "futures, snapshot between two events": ((101, 110, 99), RESYNC),
    "futures, snapshot too old": ((105, 110, 103), RESYNC),
}


@pytest.mark.parametrize(("ids", "expected"), FOLLOWS.values(), ids=FOLLOWS)
def test_an_event_follows_the_book_by_its_ids(ids: tuple[int, ...], expected: Verdict) -> None:
    assert judge_binance(100, *ids) is expected


@pytest.mark.parametrize(("ids", "expected"), JOINS.values(), ids=JOINS)
def test_an_event_joins_a_snapshot_by_its_ids(ids: tuple[int, ...], expected: Verdict) -> None:
    assert judge_binance_join(100, *ids) is expected


Message = dict[str, Any]


def diff(first: int, last: int, *previous: int, **changes: Any) -> Message:
    """A diff whose bid is its own last id; with ``pu`` it is one of futures."""
    ids = {"U": first, "u": last} | ({"pu": previous[0]} if previous else {})
    head = {"e": "depthUpdate", "E": 1_700_000_000_000 + last, "s": "X"}
    return head | ids | {"b": [[f"{last}", "1"]], "a": [["9999", "0"]]} | changes


def snapshot(last: int, *, futures: bool = False) -> Message:
    sides = {"bids": [["1", "1"]], "asks": [["9000", "1"]]}
    return {"lastUpdateId": last} | sides | ({"T": 1_700_000_000_000} if futures else {})


def run(text: str) -> list[Message]:
    """``S5`` is a snapshot, ``6-8`` a diff, ``6-8/5`` one of futures, ``6-8!`` has no levels."""

    def message(word: str) -> Message:
        if word[0] == "S":
            return snapshot(int(word[1:]), futures="/" in text)
        made = diff(*map(int, re.split("[-/]", word.rstrip("!"))))
        return made | {"b": [], "a": []} if word[-1] == "!" else made

    return [message(word) for word in text.split()]


def lines(messages: list[Message]) -> str:
    return "".join(json.dumps(message) + "\n" for message in messages)


def recording(folder: Path, messages: list[Message], **options: Any) -> Recording:
    path = folder / "made_up.jsonl"
    path.write_text(lines(messages))
    return Recording(path, **options)


# Messages in order of arrival, and the update ids of the states they make.
RUNS = {
    "all that is buffered is older": ("3-5 S5 6-8", [8]),
    "the snapshot comes first": ("S5 3-5 6-8 9-9", [8, 9]),
    "a buffered event straddles": ("3-5 6-8 S6 9-9", [8, 9]),
    "the first live event straddles": ("1-3 S5 4-8", [8]),
    "snapshots too old, then one that joins": ("10-12 S5 S8 S11 13-13", [12, 13]),
    "a loaded snapshot turns out too old": ("S5 8-9 10-10 S9 11-11", [10, 11]),
    "a hole inside the buffer": ("1-2 5-6 S1 S4 7-7", [6, 7]),
    "a symbol that never traded": ("1-2 S-1 3-3", [2, 3]),
    "an event without levels": ("S5 6-6 7-7! 8-8", [6, 7, 8]),
    "a repeated event": ("S5 6-6 6-6 7-7", [6, 7]),
    "a gap and the next proved join": ("S5 6-6 9-9 10-10 S9 11-11", [6, 10, 11]),
    "a gap for good": ("S5 6-6 9-9 10-10", [6]),
    "a snapshot older than the gap": ("S5 6-6 9-9 S7 10-10", [6]),
    "a newer snapshot while in sync": ("S5 6-6 S7 7-7 8-8", [6, 7, 8]),
    "an older snapshot while in sync": ("S5 6-8 S7 9-9", [8, 9]),
    "futures, pu anchors": ("S5 8-9/5 20-21/9", [9, 21]),
    "futures, the first pu is not tested": ("3-7/1 S5 9-9/7", [7, 9]),
    "futures, the same id": ("3-5/1 S5 9-9/5", [5, 9]),
    "futures, a repeated event": ("S5 4-6/3 4-6/3 8-8/6", [6, 8]),
    "futures, between two events": ("3-5/1 S6 7-9/5 S7 12-12/9", [9, 12]),
    "futures, a gap and a join": ("S5 4-6/3 8-8/7 S8 9-9/8", [6, 8, 9]),
}


@pytest.mark.parametrize(("text", "ids"), RUNS.values(), ids=RUNS)
def test_rows_begin_at_the_join_and_end_at_a_gap(
    tmp_path: Path, text: str, ids: list[int]
) -> None:
    table = recording(tmp_path, run(text), kind="diff").features("mid_price")

    told = [m["u"] for m in run(text) if m.get("b")]
    newest = [max(u for u in told if u <= state) for state in ids]
    assert table.sequence.tolist() == ids
    assert table["mid_price"].tolist() == [(9_000 + u) / 2 for u in newest]


class Venue:
    """A true book that publishes its changes, and pictures of itself between and within them."""

    def __init__(self, *, futures: bool) -> None:
        self.futures, self.last, self.book = futures, 10, ReferenceBook()
        self.book.apply_snapshot([(1, 1)], [(99, 1)])
        self.truth: dict[int, tuple[Pairs, Pairs]] = {}
        self.snapshots = [self.picture(10)]

    def picture(self, update_id: int) -> Message:
        sides = {"bids": self.book.bids(), "asks": self.book.asks()}
        return snapshot(update_id, futures=self.futures) | sides

    def change(self, bids: Pairs, asks: Pairs, width: int) -> Message:
        previous, first = self.last, self.last + 1 + (width if self.futures else 0)
        self.last = first + width
        if width > 0:  # a snapshot that this event straddles
            self.book.apply_delta(bids, [])
            self.snapshots.append(self.picture(first))
        self.book.apply_delta(bids, asks)
        self.truth[self.last] = self.book.bids(), self.book.asks()
        self.snapshots.append(self.picture(self.last))
        return diff(first, self.last, *([previous] if self.futures else []), b=bids, a=asks)


Pairs = list[tuple[int, int]]
BIDS = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5)), max_size=3)
ASKS = st.lists(st.tuples(st.integers(10, 18), st.integers(0, 5)), max_size=3)
CHANGES = st.tuples(BIDS, ASKS, st.integers(0, 2))  # the ids that they take come last
AGES = st.sampled_from([None, None, None, 0, 1, 2, 5])  # of a snapshot that arrives behind them
Step = tuple[tuple[Pairs, Pairs, int], bool, "int | None"]
HEALING: list[Step] = [(([], [], 0), False, 0), (([], [], 0), False, None)]


@pytest.mark.parametrize("futures", [False, True], ids=["spot", "futures"])
@given(steps=st.lists(st.tuples(CHANGES, st.booleans(), AGES), max_size=25))
def test_every_state_of_a_lossy_recording_is_the_true_book_at_its_id(
    steps: list[Step], *, futures: bool
) -> None:
    venue, replay, messages = Venue(futures=futures), Replay(), list[Message]()
    for change, is_lost, age in [*steps, *HEALING]:
        message = venue.change(*change)
        messages += [] if is_lost else [message]
        messages += [] if age is None else venue.snapshots[: len(venue.snapshots) - age][-1:]

    book = replay.book()
    for message in messages:
        replay.feed(lines([message]).encode())
        book = replay.book()
        if book.state is BookState.SYNCED:
            sides = book.top(Side.BID).tolist(), book.top(Side.ASK).tolist()
            assert sides == venue.truth[book.sequence or 0]

    assert (book.state, book.sequence) == (BookState.SYNCED, venue.last)


def test_a_gap_is_listed_with_its_ids_and_is_an_error_where_asked(tmp_path: Path) -> None:
    messages = run("S5 6-6 9-9 10-10")

    summary = recording(tmp_path, messages).summary()

    gap = {"source": "made_up.jsonl", "line": 3, "expected": 7, "received": 9}
    reason = "deltas are missing: expected U 7, received 9"
    assert summary.gaps == [gap | {"ts_recv_ns": None, "reason": reason}]
    assert (summary.state, summary.states, summary.is_trusted) == ("GAP", 1, True)
    with pytest.raises(
        obcore.GapError, match=r"made_up\.jsonl line 3.* 7, received 9"
    ) as raised:
        recording(tmp_path, messages, strict=True).features()
    assert (raised.value.expected, raised.value.received) == (7, 9)


NEVER = {
    "S5 8-9": "BUFFERING, snapshot 5 is too old",
    "8-9 S5": "BUFFERING, snapshot 5 is too old",
    "8-9 10-10": "BUFFERING, deltas wait for a snapshot",
    "S5": "BUFFERING, snapshot 5 waits for a delta",
}


@pytest.mark.parametrize(("text", "why"), NEVER.items(), ids=NEVER)
def test_a_recording_that_never_joins_says_why(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(obcore.NeverSyncedError, match="made_up.*" + why) as raised:
        recording(tmp_path, run(text)).features()

    assert why.startswith(raised.value.state)


def test_several_inputs_are_one_recording(tmp_path: Path) -> None:
    whole = recording(tmp_path, run("S5 6-6 7-7 8-8")).features()
    parts = {tmp_path / "first": run("S5 6-6"), tmp_path / "second": run("7-7 8-8")}
    for path, messages in parts.items():
        path.write_text(lines(messages))

    table = Recording(parts).features()

    assert table.sequence.tolist() == whole.sequence.tolist() == [6, 7, 8]
    assert np.array_equal(table.values, whole.values)


def test_a_second_snapshot_in_a_csv_replaces_the_book_and_a_continued_one_does_not(
    tmp_path: Path,
) -> None:
    columns = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
    told = [
        "false,bid,50",
        "true,bid,10",
        "true,ask,90",
        "false,bid,11",
        "true,bid,12",
        "true,ask,80",
    ]
    rows = [f"x,X,1700000000000000,170000000000{i}000,{row},1" for i, row in enumerate(told)]
    path = tmp_path / "made_up.csv"
    path.write_text("\n".join([columns, *rows]))

    book = Recording(path).book()

    assert book.top(Side.BID).tolist() == [(12, 1)]
    assert book.top(Side.ASK).tolist() == [(80, 1)]


def test_partial_depth_in_its_envelope_replaces_the_top_and_is_no_diff(tmp_path: Path) -> None:
    told = [{"stream": "x@depth5@100ms", "data": message} for message in run("1-2/0 8-9/2")]

    book = recording(tmp_path, told).book()

    assert (book.top(Side.BID).tolist(), book.state) == ([(9, 1)], BookState.UNVERIFIED)


def test_bare_futures_depth_is_what_the_caller_says_and_nothing_else(tmp_path: Path) -> None:
    messages = [message | {"a": []} for message in run("S1 1-2/0 8-9/2")]

    as_diff = recording(tmp_path, messages, kind="diff").book()
    as_topn = recording(tmp_path, messages, kind="topn").book()

    assert as_diff.top(Side.BID).tolist() == [(9, 1), (2, 1), (1, 1)]
    assert as_topn.top(Side.BID).tolist() == [(9, 1)]
    with pytest.raises(obcore.AmbiguousFormatError, match="--kind diff or topn"):
        recording(tmp_path, messages).features()


def test_of_several_symbols_one_is_chosen_by_any_of_its_names(tmp_path: Path) -> None:
    names = ["BTCUSDT", "ETHBTC", "BTCUSDT"]
    told = [m | {"s": name} for m, name in zip(run("1-1 6-6 2-2"), names, strict=True)]

    summary = recording(tmp_path, told, symbol="btc/usdt").summary()

    assert (summary.symbol, summary.counts["other_symbols"]) == ("BTCUSDT", 1)
    assert summary.counts["kinds"]["delta"] == 2
    with pytest.raises(obcore.DecodeError, match=r"made_up\.jsonl line 2: symbol: .*mixed"):
        recording(tmp_path, told).summary()


def test_kinds_of_no_use_are_counted_and_change_nothing(tmp_path: Path) -> None:
    off_book = {"e": "trade", "X": "INSURANCE_FUND", "p": "nonsense"}
    others: list[Message] = [
        {"e": "kline"},
        {"result": None, "id": 1},
        off_book,
        {"e": "kline"},
    ]

    summary = recording(tmp_path, [snapshot(5), *others, diff(6, 6)]).summary()

    kinds = summary.counts["kinds"]
    assert (kinds["unknown"], kinds["control"], kinds["off_book"]) == (2, 1, 1)
    assert summary.counts["skipped_kinds"] == {"kline": 2, "control": 1, "INSURANCE_FUND": 1}
    assert summary.states == 1


def test_a_crossed_book_is_stale_until_it_is_not_and_is_no_gap(tmp_path: Path) -> None:
    crossing = [*run("S5 6-6"), diff(7, 7, b=[["9001", "1"]])]
    healed = diff(8, 8, b=[["9001", "0"]])

    stale = recording(tmp_path, crossing).book()
    table = recording(tmp_path, [*crossing, healed]).features("spread")

    assert (stale.state, stale.reason, stale.is_crossed) == (BookState.STALE, "crossed", True)
    assert table.sequence.tolist() == [6, 8]
    assert (table.summary.state, table.summary.gaps) == ("SYNCED", [])
    assert table.summary.counts["crossed"] == 1


def test_numbers_of_another_symbol_are_not_put_on_the_grid_of_the_chosen_one(
    tmp_path: Path,
) -> None:
    fine = {"e": "depthUpdate", "s": "BBB", "E": 1_700_000_000_000, "U": 1, "u": 2}
    messages = [
        {
            "lastUpdateId": 10,
            "symbol": "AAA",
            "bids": [["99.5", "1"]],
            "asks": [["100.5", "1"]],
        },
        fine | {"b": [["0.00001234", "1"]], "a": []},
        {"e": "bookTicker", "s": "BBB", "u": 3, "b": "0.00001", "B": "1", "a": "0.1", "A": "1"},
        fine | {"s": "AAA", "U": 11, "u": 12, "b": [["99.6", "2"]], "a": []},
    ]
    file = tmp_path / "two.txt"
    file.write_text("".join(json.dumps(message) + "\n" for message in messages))
    aaa = obcore.Instrument("AAA", "0.1", "1")

    summary = obcore.Recording(file, instrument=aaa).summary()

    assert (summary.states, summary.counts["other_symbols"]) == (1, 2)
    assert obcore.Recording(file, symbol="AAA").book().best_bid == (996, 2)
