"""Known answers for the reference: what is told of a state and those before it."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from stateful_by_hand import MS, NAN, ONE, book, column, row, same, sides, touch, walk
from stateful_formulas import ln
from stateful_reference import rows
from stateful_stream import Picture

if TYPE_CHECKING:
    from reference import Pair
    from stateful_stream import Event


# Order flow.

BEFORE = ([(100, 5)], [(102, 7)])


@pytest.mark.parametrize(
    ("bids", "asks", "expected"),
    [
        ([(100, 8)], [(102, 7)], 3),
        ([(100, 1)], [(102, 7)], -4),
        ([(101, 2)], [(102, 7)], 2),
        ([(99, 2)], [(102, 7)], -5),
        ([(100, 5)], [(102, 9)], -2),
        ([(100, 5)], [(102, 4)], 3),
        ([(100, 5)], [(101, 4)], -4),
        ([(100, 5)], [(103, 4)], 7),
        ([], [(102, 7)], -5),
        ([(100, 5)], [], 7),
    ],
    ids=[
        "the bid grows",
        "the bid shrinks",
        "the bid improves",
        "the bid falls back",
        "the ask grows",
        "the ask shrinks",
        "the ask improves",
        "the ask falls back",
        "the bid disappears",
        "the ask disappears",
    ],
)
def test_order_flow_is_positive_where_it_lifts_the_price(
    bids: list[Pair], asks: list[Pair], expected: int
) -> None:
    stream = [sides(*BEFORE), sides(bids, asks), sides(*BEFORE)]

    assert column(stream, "ofi") == same([NAN, expected, -expected])


def test_order_flow_of_a_deeper_level_counts_its_coming_and_going() -> None:
    deep, flat = (
        sides([(9, 1), (8, 4)], [(11, 1), (12, 6)]),
        sides([(9, 1)], [(11, 1), (12, 6)]),
    )

    assert column([deep, flat, deep], "ofi_2") == same([NAN, -4, 4])
    assert column([deep, flat, deep], "ofi_3") == same([NAN, 0, 0])


def test_a_window_sums_the_last_transitions_once_it_is_full() -> None:
    stream = [book(bid=size) for size in (1, 2, 4, 8, 16)]

    assert column(stream, "ofi") == same([NAN, 1, 2, 4, 8])
    assert column(stream, "ofi_1(window=3)") == same([NAN, NAN, NAN, 7, 14])


def test_a_duration_opens_behind_its_start_and_is_warm_once_it_has_passed() -> None:
    stream = [book(at, bid=size) for at, size in ((0, 1), (4, 2), (10, 4), (13, 8), (20, 16))]

    assert column(stream, "ofi(window=10ms)") == same([NAN, NAN, 3, 7, 12])


def test_integrated_order_flow_weighs_levels_and_divides_by_their_mean_size() -> None:
    before = sides([(9, 2), (8, 4)], [(11, 2), (12, 2)])
    after = sides([(9, 5), (8, 3)], [(11, 2), (12, 2)])
    weights = [Fraction("0.75"), Fraction("0.25")]

    flow, scale = 0.75 * 3 - 0.25 * 1, (5 + 3 + 2 + 2) / 4
    found = list(rows([before, after], ["integrated_ofi"], tick=ONE, lot=ONE, weights=weights))
    assert [row["integrated_ofi"] for row in found] == same([NAN, flow / scale])
    assert column([before, after], "integrated_ofi")[1] == pytest.approx(0.2 / (12 / 20))


def test_integrated_order_flow_divides_by_the_mean_over_the_window() -> None:
    stream = [book(bid=9, ask=9), book(bid=3, ask=2), book(bid=8, ask=1)]

    flow, scale = 0.1 * (-6 + 7 + 5 + 1), (5 + 9) / 2 / 20
    assert row(stream, "integrated_ofi(window=2)") == same([flow / scale])


def test_integrated_order_flow_into_an_empty_book_is_zero() -> None:
    assert column([book(), sides([], [])], "integrated_ofi") == same([NAN, 0])


# Rates of arrival and depletion.

RATES = ["bid_arrival_rate", "bid_depletion_rate", "ask_arrival_rate", "ask_depletion_rate"]


@pytest.mark.parametrize(
    ("bid", "ask", "expected"),
    [
        ((100, 8), (102, 9), [3, 0, 2, 0]),
        ((100, 1), (102, 1), [0, 4, 0, 6]),
        ((101, 2), (101, 3), [2, 0, 3, 0]),
        ((99, 2), (103, 3), [0, 5, 0, 7]),
    ],
    ids=["sizes grow", "sizes shrink", "prices improve", "prices fall back"],
)
def test_what_arrives_and_what_is_depleted_at_the_touch(
    bid: Pair, ask: Pair, expected: list[float]
) -> None:
    stream = [Picture(*BEFORE, 0, None), Picture([bid], [ask], 500 * MS, None)]

    assert row(stream, *(f"{rate}(window=1)" for rate in RATES)) == [2 * x for x in expected]


def test_a_rate_counts_from_the_state_before_its_first_transition() -> None:
    stream = [book(at, bid=size) for at, size in ((0, 1), (100, 2), (300, 4), (500, 8))]

    assert column(stream, "bid_arrival_rate(window=2)") == same([NAN, NAN, 3 / 0.3, 6 / 0.4])


def test_a_rate_over_a_duration_divides_by_it() -> None:
    stream = [book(at, bid=size) for at, size in ((0, 1), (100, 2), (300, 4), (500, 8))]

    assert column(stream, "bid_arrival_rate(window=250ms)") == same([NAN, NAN, 12, 24])


def test_there_is_no_rate_in_no_time_or_without_a_clock() -> None:
    assert column([book(1), book(1, bid=2)], "bid_arrival_rate(window=1)") == same([NAN, NAN])
    assert column([book(), book(bid=2)], "bid_arrival_rate(window=1)") == same([NAN, NAN])


def test_order_flow_is_what_arrives_less_what_is_depleted() -> None:
    names = [f"{rate}(window=100ms)" for rate in RATES]
    found = list(rows(walk(200), [*names, "ofi(window=100ms)"], tick=ONE, lot=ONE))

    warm = [list(row.values()) for row in found if not math.isnan(row["ofi(window=100ms)"])]
    assert len(warm) > 100
    for bid_arrival, bid_depletion, ask_arrival, ask_depletion, flow in warm:
        per_second = bid_arrival - bid_depletion - ask_arrival + ask_depletion
        assert per_second * 0.1 == pytest.approx(flow, abs=1e-9)


# Rolling features.


def sized(*sizes: int) -> list[Event]:
    """A state each ms with these sizes at the best bid."""
    return [book(at, bid=size) for at, size in enumerate(sizes)]


def test_mean_deviation_and_z_score_are_of_the_last_values_with_the_present_one() -> None:
    stream, last = sized(9, 1, 2, 4), [1.0, 2.0, 4.0]

    mean, deviation = statistics.mean(last), statistics.stdev(last)
    for name, expected in (
        ("mean", mean),
        ("std", deviation),
        ("z_score", (4 - mean) / deviation),
    ):
        found = column(stream, f"{name}(best_bid_qty, window=3)")
        assert found[-1] == pytest.approx(expected, rel=1e-14)
        assert [math.isnan(value) for value in found] == [True, True, False, False]


def test_equal_values_have_no_deviation_and_a_z_score_of_zero() -> None:
    stream = [sides([(100, 1)], [(102, 2)])] * 20
    names = ["mean(obi_1)", "std(obi_1)", "z_score(obi_1)"]

    assert row(stream, *names) == [-1 / 3, 0, 0]


def test_one_value_in_a_duration_has_a_mean_but_no_deviation() -> None:
    stream = [book(0), book(20, bid=3)]
    names = [f"{name}(best_bid_qty, window=10ms)" for name in ("mean", "std", "z_score")]

    assert row(stream, *names) == same([3, NAN, NAN])


@pytest.mark.parametrize("missing", ["bid", "ask"])
def test_a_window_is_undefined_while_a_value_in_it_is_nan_or_infinite(missing: str) -> None:
    one, none = [(1, 1)], list["Pair"]()
    hole = sides(none, one) if missing == "bid" else sides(one, none)
    name = "mid_price" if missing == "bid" else "bid_ask_ratio_full"
    stream = [book(), book(), hole, book(), book()]

    found = column(stream, f"mean({name}, window=2)")

    assert [math.isnan(value) for value in found] == [True, False, True, True, False]


def test_the_warming_up_of_the_inner_feature_is_nan_to_the_outer() -> None:
    name = "mean(ofi(window=2), window=3)"

    assert column(sized(1, 2, 4, 8, 16, 32), name) == same([NAN] * 4 + [(3 + 6 + 12) / 3, 14])


def test_the_trend_is_the_fast_mean_less_the_slow_one() -> None:
    found = column(sized(1, 2, 4, 8, 16), "trend(best_bid_qty, fast=2, slow=4)")

    assert found == same([NAN, NAN, NAN, 6 - 15 / 4, 12 - 30 / 4])


def test_a_trend_may_count_its_fast_window_and_time_its_slow_one() -> None:
    found = column(sized(1, 2, 4, 8), "trend(best_bid_qty, fast=1, slow=2ms)")

    assert found == same([NAN, NAN, 4 - 3, 8 - 6])


# Volatility and returns.


def mids(*prices: int | None) -> list[Event]:
    """A state each ms; None is one without bids."""
    return [
        Picture([], [(1, 1)], at * MS, None) if mid is None else touch(mid - 1, mid + 1, at)
        for at, mid in enumerate(prices)
    ]


def test_realised_volatility_is_the_root_of_the_summed_squares() -> None:
    first, second = math.log(110 / 100), math.log(99 / 110)
    found = column(mids(100, 110, 99, 99), "realised_volatility(window=2)")

    assert found == same([NAN, NAN, math.hypot(first, second), abs(second)])


def test_realised_volatility_waits_until_a_missing_mid_has_left_the_window() -> None:
    for hole in (None, 0, -5):
        found = column(mids(5, 5, hole, 5, 5, 5), "realised_volatility(window=2)")

        assert found == same([NAN, NAN, NAN, NAN, NAN, 0])


def test_a_return_looks_back_so_many_states() -> None:
    found = column(mids(100, 110, 99), "return(horizon=2)")

    assert found == same([NAN, NAN, math.log(99 / 100)])
    assert column(mids(100, None, 99), "return") == same([NAN, NAN, NAN])


def test_a_return_over_a_duration_starts_at_the_last_state_that_is_old_enough() -> None:
    prices = zip((0, 5, 9, 15, 30), (100, 110, 120, 130, 140), strict=True)
    stream = [touch(mid - 1, mid + 1, at) for at, mid in prices]

    found = column(stream, "return(horizon=10ms)")

    assert found == same([NAN, NAN, NAN, math.log(130 / 110), math.log(140 / 130)])


def test_a_logarithm_keeps_its_digits_next_to_one() -> None:
    assert float(ln(1 + Fraction(1, 10**30))) == 1e-30
