"""Who gets a time: those whose answer is right, in rounds that hit all alike."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from obcore.bench import floor_entries, own
from obcore.bench.contest import Calls, Entry, Levels, Role, Trial, UnfitError, Workload
from obcore.bench.race import Heat, Result, run_heat
from obcore.bench.reference import Reference
from obcore.bench.streams import Stream


@cache
def stream() -> Stream:
    return Stream.made_up(levels=20, updates=400)


@cache
def reference() -> Reference:
    return Reference(stream())


def entry(name: str, *, answer: Any, **changes: Any) -> Entry:
    """A path that says what it is told to, at once."""

    def make(part: Stream) -> Trial:
        return Trial(lambda: None, lambda _: None, lambda _: answer(part), part.updates)

    return replace(
        Entry(name, "made up 1.0", "says it", Workload.APPLY, Calls.EACH, make), **changes
    )


def the_book_at_the_end(part: Stream) -> Levels:
    return reference().levels(part.messages)


def heat(*entries: Entry, rounds: int = 2, **options: Any) -> Heat:
    return run_heat(
        Workload.APPLY,
        entries,
        stream(),
        reference(),
        rounds=rounds,
        order=np.random.default_rng(1),
        **options,
    )


def result(*entries: Entry) -> Result:
    return heat(*entries).results[0]


def test_the_right_answer_gets_a_time_for_each_round() -> None:
    right = result(entry("right", answer=the_book_at_the_end))

    assert right.counts
    assert len(right.times) == 2
    assert right.median > 0.0


def test_a_book_that_lost_a_level_gets_no_time() -> None:
    def without_the_last_bid(part: Stream) -> Levels:
        bids, asks = the_book_at_the_end(part)
        return Levels(bids[:-1], asks)

    wrong = result(entry("wrong", answer=without_the_last_bid))

    levels = len(reference().levels(stream().messages).bids)
    assert not wrong.counts
    assert len(wrong.times) == 0
    assert wrong.reason == (
        f"its answer is not the right one: {levels - 1} bids at the end instead of {levels}"
    )


def test_a_wrong_size_gets_no_time() -> None:
    def one_lot_more(part: Stream) -> Levels:
        bids, asks = the_book_at_the_end(part)
        return Levels(bids, asks + np.array([0, 1]))

    wrong = result(entry("wrong", answer=one_lot_more))

    price, size = reference().levels(stream().messages).asks[0].tolist()
    assert wrong.reason == (
        "its answer is not the right one: "
        f"asks[0] is [{price}, {size + 1}] instead of [{price}, {size}] (ticks, lots)"
    )


def test_one_wrong_number_in_one_row_gets_no_time() -> None:
    def vector_of_the_sixth_message(_: Stream) -> np.ndarray[Any, Any]:
        rows = reference().rows[:, :58].copy()
        rows[5, 1] *= 1.0 + 1e-6
        return rows

    wrong = entry(
        "wrong", answer=vector_of_the_sixth_message, workload=Workload.REPLAY, totals=True
    )
    spread = reference().rows[5, 1]

    results = run_heat(
        Workload.REPLAY,
        [wrong],
        stream(),
        reference(),
        rounds=1,
        order=np.random.default_rng(1),
    ).results

    assert not results[0].counts
    assert results[0].reason == (
        f"its answer is not the right one: 1 of {stream().messages} rows, at message 5 "
        f"spread is {spread * (1.0 + 1e-6):.12g} instead of {spread:.12g}"
    )


def test_only_books_without_totals_may_take_the_imbalance_of_ten_levels() -> None:
    def ten_levels(_: Stream) -> np.ndarray[Any, Any]:
        rows = reference().rows[:, :58].copy()
        rows[:, 12] = reference().rows[:, 58]
        return rows

    changes = {"answer": ten_levels, "workload": Workload.REPLAY}
    entries = [entry("none", **changes), entry("totals", **changes, totals=True)]

    none, totals = run_heat(
        Workload.REPLAY,
        entries,
        stream(),
        reference(),
        rounds=1,
        order=np.random.default_rng(1),
    ).results

    assert none.counts
    assert "imbalance is" in totals.reason


def test_a_peer_that_fails_is_told_and_the_others_race_on() -> None:
    def fail(_: Stream) -> Levels:
        msg = "out of order"
        raise RuntimeError(msg)

    results = heat(
        entry("failing", answer=fail), entry("right", answer=the_book_at_the_end)
    ).results

    reasons = {each.entry.name: each.reason for each in results}
    assert reasons == {"failing": "failed: RuntimeError: out of order", "right": ""}


def test_a_peer_that_cannot_take_the_stream_says_why() -> None:
    def refuse(_: Stream) -> Levels:
        msg = "it would need 9 GB"
        raise UnfitError(msg)

    assert result(entry("unfit", answer=refuse)).reason == "it would need 9 GB"


def test_a_slow_peer_does_the_first_messages_and_is_checked_there() -> None:
    part = result(entry("slow", answer=the_book_at_the_end, limit=3))

    assert part.counts
    assert part.messages == 3
    assert part.updates == stream().offsets[3]


def test_every_round_has_each_entry_once_and_not_always_in_one_order() -> None:
    names = ["a", "b", "c", "d"]
    steps: list[str] = []

    heat(
        *(entry(name, answer=the_book_at_the_end) for name in names),
        rounds=5,
        on_step=steps.append,
    )

    rounds = [tuple(steps[i : i + 4]) for i in range(4, len(steps), 4)]
    assert steps[:4] == names  # checked first
    assert [sorted(each) for each in rounds] == [names] * 5
    assert len(set(rounds)) > 1


def test_an_interrupt_keeps_the_rounds_that_were_whole() -> None:
    steps: list[str] = []

    def interrupt_in_the_third_round(name: str) -> None:
        steps.append(name)
        if len(steps) == 8:
            raise KeyboardInterrupt

    names = ("a", "b")
    stopped = heat(
        *(entry(name, answer=the_book_at_the_end) for name in names),
        rounds=9,
        on_step=interrupt_in_the_third_round,
    )

    assert stopped.interrupted
    assert [len(each.times) for each in stopped.results] == [2, 2]
    assert all(each.counts for each in stopped.results)


def test_an_interrupt_before_the_first_round_leaves_no_times() -> None:
    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    stopped = heat(entry("a", answer=the_book_at_the_end), on_step=interrupt)

    assert stopped.interrupted
    assert stopped.results == []


def test_the_fastest_peer_is_nobody_of_ours_and_called_in_the_same_way() -> None:
    def timed(name: str, times: list[float], **changes: Any) -> Result:
        who = entry(name, answer=the_book_at_the_end, **changes)
        return Result(who, 1, 1, np.array(times))

    ours = timed("ours", [1.0, 1.0, 2.0], role=Role.OWN)
    slow, fast = timed("slow", [9.0, 9.0, 9.0]), timed("fast", [2.0, 4.0, 4.0])
    compiled = timed("compiled", [0.1, 0.1, 0.1], calls=Calls.ALL)
    wrong = replace(timed("wrong", [0.2, 0.2, 0.2]), reason="wrong")
    race = Heat(Workload.APPLY, "made up", [ours, slow, fast, compiled, wrong])

    assert race.fastest_peer(ours.entry) is fast
    assert ours.times_faster_than(fast)[1] == 2.0  # of 2, 4 and 2


def test_our_own_paths_and_the_floor_give_the_right_answers() -> None:
    for workload in Workload:
        results = run_heat(
            workload,
            own.entries() + floor_entries.entries(),
            stream(),
            reference(),
            rounds=1,
            order=np.random.default_rng(1),
        ).results

        assert [each.reason for each in results] == [""] * len(results)
