"""When rows are taken, on a recording small enough to tell every row by hand.

Receive times and venue times are in ms after the start; the receiver's clock runs ahead by 7 ms
for diffs. The best bid of a state is its update id, so a row shows which state it speaks of.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import obcore
from obcore import Recording
from obcore.book import ABSENT, Every, Replay

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

START_MS = 1_700_000_000_000
MS = 1_000_000


def line(received_ms: int | None, message: dict[str, Any]) -> str:
    time = "" if received_ms is None else f"{(START_MS + received_ms) * MS} "
    return time + json.dumps(message) + "\n"


def snapshot(received_ms: int | None, last: int) -> str:
    sides = {"bids": [["1", "1"]], "asks": [["900", "1"]]}
    return line(received_ms, {"lastUpdateId": last, "T": START_MS, **sides})


def diff(received_ms: int | None, update_id: int, previous: int, matched_ms: int) -> str:
    ids = {"U": update_id, "u": update_id, "pu": previous}
    sides = {"b": [[f"{update_id}", "1"]], "a": [["950", "0"]]}
    time = START_MS + matched_ms
    return line(
        received_ms, {"e": "depthUpdate", "s": "X", "E": time + 1, "T": time} | ids | sides
    )


def trade(received_ms: int | None, matched_ms: int, number: int = 1) -> str:
    text = {"p": "500", "q": "1", "m": True, "X": "MARKET"}
    time = START_MS + matched_ms
    return line(received_ms, {"e": "trade", "s": "X", "E": time, "T": time, "t": number} | text)


# States 11, 12, 13 and 14, a gap, then 21 (joined), 22.
GAPPY = [
    snapshot(2, 10),
    diff(10, 11, 10, 3),
    diff(25, 12, 11, 18),
    diff(29, 13, 12, 22),
    diff(30, 14, 13, 23),
    diff(55, 20, 19, 48),
    snapshot(61, 20),
    diff(62, 21, 20, 55),
    diff(83, 22, 21, 76),
]


def recording(folder: Path, lines: Iterable[str]) -> Recording:
    (folder / "made_up.txt").write_text("".join(lines))
    return Recording(folder / "made_up.txt")


def rows(table: obcore.FeatureTable) -> list[tuple[int, int | None, int | None]]:
    """Update id, receive time and venue time of each row, in ms; the features must agree."""
    assert table["spread"].tolist() == [900 - u for u in table.sequence.tolist()]
    times = (table.ts_recv_ns.tolist(), table.ts_event_ns.tolist())
    in_ms = [[None if t == ABSENT else t / MS - START_MS for t in clock] for clock in times]
    return list(zip(table.sequence.tolist(), *in_ms, strict=True))


EVENTS = [
    (11, 10, 3),
    (12, 25, 18),
    (13, 29, 22),
    (14, 30, 23),
    (20, 61, 48),  # the join: seen when its snapshot came, matched when its diff was
    (21, 62, 55),
    (22, 83, 76),
]
GRIDS = {
    # No row between the gap and the next state; a grid time on a state shows that state.
    "10ms": [
        *((11, t, 3) for t in (10, 20)),
        *((14, t, 23) for t in (30, 40, 50)),
        *((21, t, 55) for t in (70, 80)),
    ],
    "40ms": [(14, 40, 23), (21, 80, 55)],
    "1ms": [
        *((11, t, 3) for t in range(10, 25)),
        *((12, t, 18) for t in range(25, 29)),
        (13, 29, 22),
        *((14, t, 23) for t in range(30, 55)),
        (20, 61, 48),
        *((21, t, 55) for t in range(62, 83)),
        (22, 83, 76),  # the last state's own time, and nothing behind it
    ],
    "1s": [],
}


def test_every_event_is_a_row_and_a_gap_has_none(tmp_path: Path) -> None:
    table = recording(tmp_path, GAPPY).features("spread")

    assert rows(table) == EVENTS
    assert table.summary.counts["gap_count"] == 1


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8])
def test_every_nth_event_counts_states_and_not_messages(tmp_path: Path, n: int) -> None:
    table = recording(tmp_path, GAPPY).features("spread", every=str(n))

    assert rows(table) == EVENTS[n - 1 :: n]


@pytest.mark.parametrize("every", GRIDS)
def test_a_grid_shows_the_last_state_received_at_or_before_its_time(
    tmp_path: Path, every: str
) -> None:
    table = recording(tmp_path, GAPPY).features("spread", every=every)

    assert rows(table) == GRIDS[every]


# A trade between the states of GAPPY: where it comes in the file, its times, and its state.
TRADES = {
    "later on both clocks": (4, 28, 21, 12),
    "received with a state, which is not before it": (5, 29, 26, 12),
    "matched with a state, which is not before it": (5, 30, 22, 12),
    "received after a state that it had made": (5, 34, 20, 12),
    "received long after it was matched": (5, 50, 10, 11),
    "received before what it follows by the venue's clock": (4, 26, 99, 12),
    "one step behind on both clocks": (5, 31, 24, 14),
    "before the first state": (2, 9, 2, None),
    "at the very time of the first state": (2, 10, 9, None),
    "between the gap and the next join": (6, 58, 51, None),
    "behind the join": (8, 62, 49, 20),
    "behind all": (9, 99, 99, 22),
}


@pytest.mark.parametrize(("at", "received", "matched", "state"), TRADES.values(), ids=TRADES)
def test_a_trade_shows_the_last_state_strictly_before_it_on_both_clocks(
    tmp_path: Path, at: int, received: int, matched: int, state: int | None
) -> None:
    told = [*GAPPY[:at], trade(received, matched), *GAPPY[at:]]

    table = recording(tmp_path, told).features("spread", every="trade")

    assert rows(table) == ([] if state is None else [(state, received, matched)])
    assert table.summary.counts["trades_without_state"] == (state is None)


def test_two_trades_of_one_sweep_show_the_same_state(tmp_path: Path) -> None:
    lines = [
        *GAPPY[:4],
        trade(40, 33),
        trade(40, 33, 2),
        diff(41, 14, 13, 33),
        trade(42, 33, 3),
    ]

    table = recording(tmp_path, lines).features("spread", every="trade")

    assert rows(table) == [(13, 40, 33), (13, 40, 33), (13, 42, 33)]


def test_a_trade_too_far_behind_its_states_is_an_error_and_not_a_missing_row(
    tmp_path: Path,
) -> None:
    states = [diff(None, 11 + i, 10 + i, 3 + i) for i in range(1025)]

    wide = snapshot(None, 10).replace('"900"', '"9000"')
    late = recording(tmp_path, [wide, *states, trade(None, 3)])

    with pytest.raises(obcore.DecodeError, match="behind more than 1024 later states"):
        late.features("spread", every="trade")


def test_without_receive_times_they_are_absent_and_a_grid_is_refused(tmp_path: Path) -> None:
    bare = [snapshot(None, 10), diff(None, 11, 10, 3), diff(None, 12, 11, 18), trade(None, 18)]

    untimed = recording(tmp_path, bare)

    assert rows(untimed.features("spread")) == [(11, None, 3), (12, None, 18)]
    assert rows(untimed.features("spread", every="trade")) == [(11, None, 18)]
    with pytest.raises(obcore.DecodeError, match=r"made_up.* expected receive times"):
        untimed.features("spread", every="10ms")


CSV = """exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount
x,X,1700000000003000,1700000000010000,true,bid,11,1
x,X,1700000000003000,1700000000010000,true,ask,900,1
x,X,1700000000018000,1700000000025000,false,bid,12,1
x,X,1700000000022000,1700000000029000,false,bid,13,1
"""


def test_without_ids_the_sequence_is_absent(tmp_path: Path) -> None:
    table = recording(tmp_path, [CSV]).features("spread")

    assert table["spread"].tolist() == [889, 888, 887]
    assert set(table.sequence.tolist()) == {ABSENT}
    assert [(t - START_MS * MS) / MS for t in table.ts_recv_ns.tolist()] == [10, 25, 29]


ARRAY = "[" + ",\n".join(text.split(" ", 1)[1].strip() for text in GAPPY) + "]"


@pytest.mark.parametrize("text", ["".join(GAPPY), CSV, ARRAY], ids=["lines", "csv", "array"])
@pytest.mark.parametrize("size", [1, 2, 7, 64, 251])
def test_where_the_chunks_are_cut_does_not_matter(text: str, size: int) -> None:
    whole, cut = (fed(text.encode(), by) for by in (1 << 20, size))

    assert len(whole[0]) > 2
    assert all(np.array_equal(a, b) for a, b in zip(whole, cut, strict=True))


def fed(content: bytes, size: int) -> tuple[np.ndarray[Any, Any], ...]:
    replay = Replay(features="all", every=Every.EVENT)
    replay.begin("made_up")
    for start in range(0, len(content), size):
        replay.feed(content[start : start + size])
    replay.end()
    replay.finish()
    return replay.take_rows()


@pytest.mark.parametrize("every", ["event", "5", "250ms", "trade"])
def test_batches_put_together_are_the_features(every: str) -> None:
    sample = Recording(obcore.sample())

    whole = sample.features("collector", every=every)
    parts = list(sample.batches("collector", every=every))

    assert len(parts) > 2
    for column in ("ts_event_ns", "ts_recv_ns", "sequence", "values"):
        together = np.concatenate([getattr(part, column) for part in parts])
        assert np.array_equal(together, getattr(whole, column), equal_nan=column == "values")
    assert parts[-1].summary == whole.summary


@pytest.mark.parametrize(("at_ms", "state"), [(9, 10), (10, 11), (28, 12), (54, 14), (90, 22)])
def test_the_book_at_a_time_is_the_last_one_received_by_then(
    tmp_path: Path, at_ms: int, state: int
) -> None:
    book = recording(tmp_path, GAPPY).book(at=(START_MS + at_ms) * MS)

    assert (book.sequence, book.best_ask) == (state, (900, 1))


@pytest.mark.parametrize("every", ["", "0", "-1", "1.5", "ms", "10 ms", "10h", "EVENT", "1e3"])
def test_what_is_no_sampling_is_refused(every: str) -> None:
    with pytest.raises(ValueError, match="every: expected event, trade, a count or a duration"):
        Recording(obcore.sample()).features("spread", every=every)
