"""What a row has seen: all that was before its state, nothing of its time or behind it."""

from __future__ import annotations

import math
import random
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

import made_up
from engine_any_stream import MADE_UP, any_stream
from engine_oracle import EVERYTHING
from engine_streams import (
    BALANCED,
    ETH,
    MS,
    SAMPLE,
    buy,
    column,
    is_depth,
    is_trade,
    lines_of,
    recorded,
    rows_of,
    same,
    sell,
    touch,
)
from obcore import Book, FeatureEngine, Recording
from stateful_stream import Break, Trade

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from obcore import FeatureTable
    from stateful_stream import Event


# Nothing behind its state.


@pytest.mark.slow
@given(shared=any_stream(size=25), one=any_stream(size=8), other=any_stream(size=8))
def test_no_feature_depends_on_anything_behind_its_state(
    shared: list[Event], one: list[Event], other: list[Event]
) -> None:
    engines = [FeatureEngine(MADE_UP, EVERYTHING) for _ in range(3)]

    alone, *both = [
        rows_of(engine, [*shared, *rest])
        for engine, rest in zip(engines, ([], one, other), strict=True)
    ]

    assert alone.tobytes() == both[0][: len(alone)].tobytes() == both[1][: len(alone)].tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("every", ["event", "100ms", "trade"])
def test_no_row_of_a_recording_depends_on_the_lines_behind_it(
    tmp_path: Path, every: str
) -> None:
    lines, dice = list(lines_of(SAMPLE)), random.Random(5)  # noqa: S311
    whole = everything_of(SAMPLE, every)

    for cut in dice.sample(range(1_000, len(lines)), 8):
        changed = [
            altered(line) for line in lines[cut:] if dice.random() < 0.9 or is_depth(line)
        ]
        path = tmp_path / "recording.txt"
        path.write_bytes(b"".join(lines[:cut]))
        head = everything_of(path, every)
        path.write_bytes(b"".join(lines[:cut] + changed))
        other = everything_of(path, every)
        assert 50 < len(head) <= min(len(other), len(whole))
        assert other.values.tobytes() != whole.values.tobytes()
        for longer in (other, whole):
            assert longer.values[: len(head)].tobytes() == head.values.tobytes()
            assert longer.ts_recv_ns[: len(head)].tobytes() == head.ts_recv_ns.tobytes()


def everything_of(path: Path, every: str) -> FeatureTable:
    return Recording(path, instrument=ETH).features(EVERYTHING, every=every)


def altered(line: bytes) -> bytes:
    """Other sizes, prices and sides, and the ids as they were."""
    if is_trade(line):
        turned = line.replace(b'"m":true', b'"m":none').replace(b'"m":false', b'"m":true')
        return turned.replace(b'"m":none', b'"m":false').replace(b'"q":"', b'"q":"7')
    return re.sub(rb'","(?!0\.000")(\d)', rb'","8\1', line) if is_depth(line) else line


# Never before its time.

SEEN = {
    "by both clocks": ((3, 5), (3, 6), (9, 9)),
    "by both clocks, received with it": ((2, 6), (3, 6), (9, 9)),
    "by both clocks, received before it": ((3, 5), (3, 6), (4, 9)),
    "by the venue's clock alone": ((3, None), (3, None), (4, None)),
    "by the venue's clock, the one that both have": ((3, 5), (3, None), (4, None)),
    "by the receiver's clock alone": ((None, 5), (None, 5), (None, 6)),
    "by the receiver's clock, the one that both have": ((3, 5), (None, 5), (None, 6)),
    "by the receiver's clock, though the venue's is later": ((2, 5), (3, 5), (3, 6)),
}


@pytest.mark.parametrize(("matched", "caused", "after"), SEEN.values(), ids=SEEN)
def test_a_trade_is_not_seen_at_the_state_of_its_own_time_but_at_the_next_later_one(
    matched: tuple[int | None, ...], caused: tuple[int | None, ...], after: tuple[int, ...]
) -> None:
    made = touch(caused[0], recv=caused[1]), touch(after[0], recv=after[1])

    before_it = column([buy(matched[0], recv=matched[1]), *made], "last_trade_side")
    behind_it = column([made[0], buy(matched[0], recv=matched[1]), made[1]], "last_trade_side")

    assert before_it == same([math.nan, 1])
    assert behind_it == same([math.nan, 1])


def test_trades_that_share_no_clock_with_a_state_are_seen_once_they_have_arrived() -> None:
    stream = [touch(None, recv=9), buy(99), touch(None, recv=9), sell(5), touch(5)]

    assert column(stream, "last_trade_side") == same([math.nan, 1, 1])


def test_a_trade_that_must_wait_holds_back_those_that_arrived_behind_it() -> None:
    stream = [buy(8), sell(3), touch(5), touch(8), touch(9)]

    assert column(stream, "last_trade_side") == same([math.nan, math.nan, -1])


def test_a_break_forgets_the_trades_that_wait() -> None:
    stream = [buy(1), touch(2), buy(9), Break(), touch(20)]

    assert column(stream, "last_trade_side") == same([1, math.nan])


def test_where_too_many_trades_wait_the_oldest_are_forgotten_rather_than_seen_early() -> None:
    many = [*(sell(9) for _ in range(9)), *(buy(10) for _ in range(1 << 16))]

    in_time = column([*many, touch(50)], "signed_flow")
    too_early = column([*many, touch(5), touch(50)], "signed_flow")

    assert in_time == same([(65.536 - 0.9 * 0.009) / 1.9])
    assert too_early == same([math.nan, 65.536])


@pytest.mark.parametrize("trade_first", [True, False])
def test_depth_and_the_trade_that_caused_it_give_the_same_row_in_both_orders(
    tmp_path: Path, *, trade_first: bool
) -> None:
    depth = made_up.delta(5, 14, 15, 13, bids=[("100.00", "0.5")])
    trade = made_up.message(5, "trade", t=1, p="100.00", q="1.0", m=True, X="MARKET")
    first, second = (trade, depth) if trade_first else (depth, trade)
    received, _, message = second.partition(" ")
    second = f"{int(received) + 5} {message}"  # later, but matched at once
    next_ = made_up.delta(8, 16, 17, 15, bids=[("100.00", "0.7")])
    path = made_up.write(tmp_path, [*made_up.IN_SYNC[:3], first, second, next_])

    found = Recording(path).features("best_bid_qty, last_trade_side, signed_flow").values

    assert found[-2].tolist() == same([0.5, math.nan, math.nan])
    assert found[-1].tolist() == same([0.7, -1, -1])


# Bursts.


@pytest.mark.parametrize("by", [buy, sell])
@pytest.mark.parametrize("name", ["adjusted_mid_9", "adjusted_mid_10"])
def test_a_burst_of_one_side_moves_the_adjusted_mid_its_way(
    by: Callable[..., Event], name: str
) -> None:
    burst = [by(4_000 + i, 2) for i in range(20)]

    quiet, loud = column([*BALANCED, touch(4_000), *burst, touch(5_000)], name)

    assert quiet == pytest.approx(100.1, abs=0.05)
    assert loud > 100.2 if by is buy else loud < 100.0


@pytest.mark.parametrize("buyers", [True, False])
def test_the_strongest_burst_of_the_sample_moves_the_adjusted_mids_its_way(
    *, buyers: bool
) -> None:
    table = Recording(SAMPLE, instrument=ETH).features(
        "mid_price, adjusted_mid_9, adjusted_mid_10, spread"
    )

    mid, *adjusted, spread = table.values[strongest_burst(buyers=buyers)].tolist()

    sign = 1 if buyers else -1
    assert all(sign * (value - mid) > 0.5 * spread for value in adjusted)


def strongest_burst(*, buyers: bool) -> int:
    """The state before which, within 100 ms, one side's trades outnumber the other's most."""
    tape: list[Trade] = []
    best, found, state = 0, -1, -1
    for event in recorded([SAMPLE], ETH):
        if isinstance(event, Trade):
            tape.append(event)
        elif isinstance(event, Book):
            state, now = state + 1, event.ts_event_ns or 0
            recent = {t.event: t.buyer for t in tape if now - 100 * MS <= (t.event or 0) < now}
            lead = sum(1 if buyer is buyers else -1 for buyer in recent.values())
            if lead > best:
                best, found = lead, state
    assert best > 4
    return found
