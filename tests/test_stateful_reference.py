"""Known answers for the reference of the features that remember, worked out by hand."""

from __future__ import annotations

import math
import random
import statistics
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from stateful_reference import (
    STATEFUL,
    Break,
    Picture,
    Trade,
    ln,
    parsed,
    rows,
    source_trade_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reference import Pair
    from stateful_reference import Event

ONE = Fraction(1)
MS = 1_000_000
NAN = math.nan


def book(
    at: float | None = None, bid: int = 1, ask: int = 1, recv: float | None = None
) -> Event:
    """A touch of 100 and 102, mid 101, with these sizes; times in ms."""
    return Picture([(100, bid)], [(102, ask)], ns(at), ns(recv))


def touch(bid: int, ask: int, at: float | None = None) -> Event:
    """One lot at each of these prices."""
    return Picture([(bid, 1)], [(ask, 1)], ns(at), None)


def sides(bids: Sequence[Pair], asks: Sequence[Pair]) -> Event:
    return Picture(bids, asks, None, None)


def buy(at: float | None, size: int = 1, price: int = 100, recv: float | None = None) -> Event:
    return Trade(price, size, True, ns(at), ns(recv))


def sell(at: float | None, size: int = 1, price: int = 100, recv: float | None = None) -> Event:
    return Trade(price, size, False, ns(at), ns(recv))


def ns(ms: float | None) -> int | None:
    return None if ms is None else round(ms * MS)


def column(stream: Iterable[Event], name: str, *, source: bool = False) -> list[float]:
    return [row[name] for row in rows(stream, [name], tick=ONE, lot=ONE, source=source)]


def row(stream: Iterable[Event], *names: str, source: bool = False) -> list[float]:
    """The values at the last state."""
    return list(list(rows(stream, names, tick=ONE, lot=ONE, source=source))[-1].values())


def same(values: Sequence[float]) -> object:
    return pytest.approx(values, rel=1e-14, abs=0, nan_ok=True)


def made_up(states: int) -> list[Event]:
    """A walk of the touch with missing levels, and a trade or two before each state."""
    stream: list[Event] = []
    dice, at = random.Random(7), 0  # noqa: S311
    for _ in range(states):
        at += dice.randrange(1, 40)
        for _ in range(dice.randrange(3)):
            at += dice.randrange(3)
            stream.append((buy if dice.random() < 0.5 else sell)(at, dice.randrange(1, 9)))
        bid = 100 + dice.randrange(3)
        bids = [(bid - k, dice.randrange(1, 9)) for k in range(dice.randrange(13))]
        asks = [(bid + 1 + k, dice.randrange(1, 9)) for k in range(dice.randrange(13))]
        stream.append(Picture(bids, asks, at * MS, None))
    return stream


def test_the_stateful_set_has_41_names_and_a_row_has_them_in_order() -> None:
    assert len(STATEFUL) == len(set(STATEFUL)) == 41
    assert list(next(rows([book(0)], STATEFUL, tick=ONE, lot=ONE))) == list(STATEFUL)


def test_a_row_depends_on_nothing_behind_it() -> None:
    names, stream = [*STATEFUL, "mean(vi, window=100ms)"], made_up(60)

    whole = list(rows(stream, names, tick=ONE, lot=ONE))

    for length in (1, 30, 70, 100):
        head = list(rows(stream[:length], names, tick=ONE, lot=ONE))
        assert repr(head) == repr(whole[: len(head)])


def test_names_nest_and_spaces_mean_nothing() -> None:
    assert parsed("z_score( ofi_2(window = 5),window=1s )") == parsed(
        "z_score(ofi_2(window=5), window=1s)"
    )
    with pytest.raises(ValueError, match="expected the end"):
        parsed("mean(obi_1))")


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("ofi", "ofi_1(window=1)"),
        ("integrated_ofi", "integrated_ofi(window=1)"),
        ("bid_depletion_rate", "bid_depletion_rate(window=20)"),
        ("mean(obi_1)", "mean(obi_1, window=20)"),
        ("std(obi_1)", "std(obi_1, window=20)"),
        ("z_score(obi_1)", "z_score(obi_1, window=20)"),
        ("trend(obi_1)", "trend(obi_1, fast=5, slow=10)"),
        ("realised_volatility", "realised_volatility(window=20)"),
        ("return", "return(horizon=1)"),
    ],
)
def test_a_window_that_is_not_given_is_the_usual_one(short: str, full: str) -> None:
    stream = [book(at, bid=1 + at % 7) for at in range(40)]

    found = list(rows(stream, [short, full], tick=ONE, lot=ONE))

    assert not math.isnan(found[-1][short])
    assert [repr(row[short]) for row in found] == [repr(row[full]) for row in found]


def test_features_of_one_state_stand_beside_those_that_remember() -> None:
    names = ["spread", "obi_7", "depth_weighted_obi(levels=1, decay=0.5)"]

    assert row([book(0, bid=3)], *names) == [2, 0.5, 0.5]


# The order of trades and states.


def test_a_trade_at_the_own_time_of_a_state_is_seen_at_the_next() -> None:
    assert column([buy(5), book(5), book(6)], "last_trade_side") == same([NAN, 1])


def test_a_trade_must_be_before_the_state_on_both_clocks() -> None:
    stream = [buy(5, recv=9), book(6, recv=9), book(6, recv=10)]

    assert column(stream, "last_trade_side") == same([NAN, 1])


def test_without_a_common_clock_arrival_is_enough() -> None:
    stream = [book(None, recv=1), buy(5), book(None, recv=2)]

    assert column(stream, "last_trade_side") == same([NAN, 1])


def test_a_trade_that_is_not_yet_seen_holds_up_those_behind_it() -> None:
    stream = [buy(8, price=1), sell(3, price=2), book(5), book(9)]

    assert column(stream, "last_trade_price") == same([NAN, 2])


def test_neighbours_of_equal_time_are_taken_buyers_first() -> None:
    stream = [buy(1, price=7), sell(3, price=8), buy(3, price=9), book(4)]

    assert row(stream, "last_trade_price", "last_trade_side") == [8, -1]


def test_trades_of_equal_time_with_another_between_them_keep_their_order() -> None:
    stream = [sell(3, price=8), sell(2, price=7), buy(3, price=9), book(4)]

    assert row(stream, "last_trade_price") == [9]


def test_trades_seen_at_different_states_keep_their_order() -> None:
    stream = [sell(3), book(4), buy(3), book(4)]

    assert column(stream, "last_trade_side") == [-1, 1]


# Merged trades.


def test_trades_of_one_time_and_side_are_one_merged_trade() -> None:
    stream = [buy(1, 5), buy(1, 3), book(2), buy(3, 6), book(4)]

    assert column(stream, "quantity_buy") == same([NAN, (6 + 0.9 * 8) / 1.9])


def test_a_late_trade_joins_the_last_merged_trade_of_its_side() -> None:
    stream = [buy(1, 5), buy(4, 3), sell(6), buy(2, 4), book(7)]

    assert row(stream, "quantity_buy", "interval_buy") == same([(7 + 0.9 * 5) / 1.9, 3])


def test_a_merged_trade_still_grows_after_it_was_seen() -> None:
    stream = [buy(1, 5), buy(4, 3), book(5), buy(4, 2), book(6)]

    assert column(stream, "quantity_buy") == same([(3 + 4.5) / 1.9, (5 + 4.5) / 1.9])


def test_a_merged_trade_keeps_its_place_in_the_tape_when_it_grows() -> None:
    stream = [buy(1, 5), sell(4, 3), buy(1, 2), book(6)]

    assert row(stream, "signed_flow") == same([(-3 + 0.9 * 7) / 1.9])


def test_the_last_trade_is_the_last_seen_not_the_last_merged() -> None:
    stream = [buy(4, price=7), sell(5, price=8), buy(4, price=9), book(6)]

    assert row(stream, "last_trade_price", "last_trade_side", "last_trade_age") == [9, 1, 2]


# Trade features.


def test_an_ewm_is_that_of_pandas() -> None:
    stream = [
        e for at, size in enumerate([5, 1, 8, 2, 2]) for e in (sell(at, size), book(at + 0.5))
    ]

    # pandas 3.1.1: Series([5, 1, 8, 2, 2]).ewm(alpha=0.1, adjust=True).mean()
    expected = [5, 2.8947368421052633, 4.778597785977859, 3.97063099738296, 3.489414177919953]
    assert column(stream, "quantity_sell") == same([NAN, *expected[1:]])
    assert column(stream, "signed_flow") == same([-size for size in expected])


def test_of_a_long_past_the_ewm_loses_nothing() -> None:
    sizes = [10**9] * 1000 + [1 + i % 7 for i in range(1000)]

    over = under = 0.0
    for size in sizes:
        over, under = over * 0.9 + size, under * 0.9 + 1

    assert row(
        [*(buy(at, size) for at, size in enumerate(sizes)), book(2000)], "signed_flow"
    ) == (pytest.approx([over / under], rel=1e-12))


def test_rate_is_the_inverse_of_the_interval_and_volume_is_rate_times_quantity() -> None:
    stream = [buy(0, 5), book(1), buy(10, 3), book(11), buy(30, 6), book(31)]

    interval, quantity = (20 + 0.9 * 10) / 1.9, (6 + 0.9 * 3 + 0.81 * 5) / 2.71
    assert column(stream, "interval_buy") == same([NAN, 10, interval])
    assert column(stream, "rate_buy") == same([NAN, 100, 1000 / interval])
    assert column(stream, "volume_buy") == same(
        [NAN, 100 * (3 + 4.5) / 1.9, 1000 / interval * quantity]
    )


def test_sizes_are_in_base_units_and_prices_in_quote_units() -> None:
    names = ["quantity_buy", "volume_buy", "signed_flow", "last_trade_price", "qi"]
    stream = [buy(0, 5, price=7), buy(10, 5, price=9), book(11)]

    (found,) = rows(stream, names, tick=Fraction("0.1"), lot=Fraction("0.01"))

    assert list(found.values()) == same([0.05, 5, 0.05, 0.9, NAN])


BOTH_SIDES = [buy(0, 3), sell(1), buy(10, 3), sell(31)]
"""Buys: every 10 ms, 3 lots. Sells: every 30 ms, 1 lot."""


def test_oi_qi_and_vi_compare_buyers_with_sellers() -> None:
    assert row([*BOTH_SIDES, book(40)], "oi", "qi", "vi") == same([0.5, 0.5, 0.8])


def test_oi_qi_and_vi_wait_for_two_merged_trades_of_both_sides() -> None:
    assert row([*BOTH_SIDES[:3], book(40)], "oi", "qi", "vi") == same([NAN, NAN, NAN])


def test_signed_flow_counts_buyers_positive_and_starts_with_the_first_trade() -> None:
    stream = [book(0), buy(1, 4), book(2), sell(3, 6), book(4)]

    assert column(stream, "signed_flow") == same([NAN, 4, (-6 + 3.6) / 1.9])


def test_the_age_of_the_last_trade_is_on_the_clock_of_the_venue_if_both_carry_it() -> None:
    first = buy(1, recv=2)
    stream = [first, book(4, recv=9), book(5), book(None, recv=9.5), book(None)]

    assert column(stream, "last_trade_age") == same([3, 4, 7.5, NAN])


def test_adjusted_mids_9_and_10_move_towards_the_side_that_trades_more() -> None:
    found = row([*BOTH_SIDES, book(40)], "adjusted_mid_9", "adjusted_mid_10")

    assert found == same([101 + 2 * 2 * 0.5, 101 + 1.4 * 2 * 0.8])


def test_adjusted_mids_need_trades_and_a_mid() -> None:
    names = ["adjusted_mid_9", "adjusted_mid_10", "adjusted_mid_11"]

    assert row([book(40)], *names) == same([NAN, NAN, NAN])
    assert row([*balanced(41), Picture([(100, 1)], [], 999 * MS, None)], *names) == same(
        [NAN, NAN, NAN]
    )


def balanced(count: int, price: int = 100) -> list[Event]:
    """Both sides every 2 ms, one lot each, the last at 103: oi, qi and vi are 0."""
    prices = [price] * (count - 1) + [103]
    return [(buy, sell)[i % 2](i, price=prices[i]) for i in range(count)]


def test_adjusted_mid_11_sets_the_last_price_against_the_mean_of_40() -> None:
    r = math.log(103 / (100 + 3 / 40))
    stream = [*balanced(60), book(99), book(99, bid=3)]

    assert column([*balanced(39), book(99)], "adjusted_mid_11") == same([NAN])
    assert column(stream, "adjusted_mid_11") == same(
        [101 + 2 * 150 * r, 101 + 2 * (0.7 * 0.35**3 + 150 * r)]
    )


def test_adjusted_mid_11_adds_one_and_a_half_vi() -> None:
    trades = [e for i in range(20) for e in (buy(30 * i, 3), sell(30 * i + 1))]

    assert row([*trades, book(999)], "vi", "adjusted_mid_11") == same([0.5, 101 + 1.5])


def test_adjusted_mid_11_has_no_logarithm_across_zero() -> None:
    assert row([*balanced(40, price=-100), book(99)], "adjusted_mid_11") == same([NAN])


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
    found = list(rows(made_up(200), [*names, "ofi(window=100ms)"], tick=ONE, lot=ONE))

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


# Clocks and breaks.


def test_time_never_runs_back_and_stands_still_where_the_clock_is_missing() -> None:
    times = (10, 30, 20, None, 40)
    stream = [book(at, bid=2**i, recv=i) for i, at in enumerate(times)]

    rates = column(stream, "bid_arrival_rate(window=1)")
    assert rates == same([NAN, 2 / 0.02 / 2, NAN, NAN, 8 / 0.01])
    assert column(stream, "mean(best_bid_qty, window=20ms)") == same(
        [NAN, 2, (2 + 4) / 2, (2 + 4 + 8) / 3, (2 + 4 + 8 + 16) / 4]
    )


def test_the_first_state_chooses_the_clock() -> None:
    received = [book(None, recv=0), book(7, bid=2, recv=500), book(8, bid=4, recv=600)]
    none = [book(), book(7, bid=2, recv=500), book(8, bid=4, recv=600)]

    assert column(received, "bid_arrival_rate(window=1)") == same([NAN, 2, 20])
    assert column(none, "bid_arrival_rate(window=1)") == same([NAN, NAN, NAN])
    assert column([*none, Break(), *received], "bid_arrival_rate(window=1)")[3:] == same(
        [NAN, 2, 20]
    )


@pytest.mark.parametrize(
    "name", ["ofi(window=1s)", "return(horizon=1s)", "mean(obi_1, window=1s)"]
)
def test_a_duration_without_a_clock_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="expected a clock"):
        column([book()], name)


def test_a_break_forgets_states_trades_and_those_that_waited() -> None:
    past = [*balanced(41), *(book(99, bid=1 + i) for i in range(101)), sell(98), buy(100)]
    fresh = [book(200), buy(201), book(202, bid=3)]

    both = list(rows([*past, Break(), *fresh], STATEFUL, tick=ONE, lot=ONE))
    alone = list(rows(fresh, STATEFUL, tick=ONE, lot=ONE))

    assert not math.isnan(both[100]["return(horizon=100)"])
    assert repr(both[101:]) == repr(alone)


# Mode source.


def test_in_mode_source_a_trade_is_seen_at_its_own_time() -> None:
    stream = [buy(5, recv=6), book(5, recv=6)]

    assert column(stream, "last_trade_side", source=True) == [1]
    assert column(stream, "last_trade_side") == same([NAN])


def test_in_mode_source_the_sides_are_swapped_and_the_mids_are_not() -> None:
    stream = [*BOTH_SIDES, book(40)]

    assert row(stream, "oi", "qi", "vi", source=True) == same([-0.5, -0.5, -0.8])
    for what in ("interval", "quantity", "rate", "volume"):
        swapped = row(stream, f"{what}_sell", f"{what}_buy", source=True)
        assert swapped == row(stream, f"{what}_buy", f"{what}_sell")
    for name in ("adjusted_mid_9", "adjusted_mid_10", "signed_flow", "last_trade_side"):
        assert row(stream, name, source=True) == row(stream, name)


def test_in_mode_source_adjusted_mid_11_does_not_see_the_trades_of_its_own_time() -> None:
    before = [e for i in range(20) for e in (buy(30 * i, 3), sell(30 * i + 1))]
    stream = [*before, buy(700, 9, price=150), book(700)]

    assert row(stream, "adjusted_mid_11", source=True) == same([101 + 1.5])
    assert row([*stream, book(701)], "adjusted_mid_11") != same([101 + 1.5])


# Rows at trades.


def at_trades(stream: Iterable[Event], *names: str) -> list[list[float]]:
    return [list(row.values()) for row in source_trade_rows(stream, names, tick=ONE, lot=ONE)]


def test_each_merged_trade_has_a_row_in_the_order_of_the_venue_buyers_first() -> None:
    stream = [sell(3, 2), book(0), buy(5, 7), buy(3, 4), sell(3, 6)]

    found = at_trades(stream, "last_trade_side", "signed_flow", "last_trade_age")

    third = (7 - 0.9 * 8 + 0.81 * 4) / 2.71
    assert [values[0] for values in found] == [1, -1, 1]
    assert [values[1] for values in found] == same([4, (-8 + 0.9 * 4) / 1.9, third])
    assert [values[2] for values in found] == [0, 0, 0]


def test_a_row_at_a_trade_has_the_last_book_at_or_before_it() -> None:
    stream = [buy(1), buy(3), buy(4), book(2, bid=2), book(3, bid=3), book(3, bid=4), book(5)]

    assert at_trades(stream, "best_bid_qty", "ofi") == [
        same([NAN, NAN]),
        same([4, 1]),
        same([4, 1]),
    ]


def test_a_row_at_a_trade_counts_it_in_the_columns_but_not_in_adjusted_mid_11() -> None:
    before = [e for i in range(20) for e in (buy(30 * i, 3), sell(30 * i + 1))]
    stream = [*before, book(600), buy(700, 9, price=150)]

    found = at_trades(stream, "quantity_sell", "vi", "adjusted_mid_10", "adjusted_mid_11")

    weights = [0.9**k for k in range(21)]
    quantity = 3 + 6 / sum(weights)
    rates = sum(weights[:20]) / (130 + 30 * sum(weights[1:20])), 1 / 30
    vi = (rates[1] - rates[0] * quantity) / (rates[1] + rates[0] * quantity)
    assert found[-1] == same([quantity, vi, 101 - 1.4 * 2 * vi, 101 + 1.5])


def test_rows_at_trades_start_anew_after_a_break() -> None:
    stream = [book(0), buy(1, 5), Break(), buy(2, 3)]

    assert at_trades(stream, "signed_flow", "spread") == [[5, 2], same([3, NAN])]


def test_rows_at_trades_need_the_clock_of_the_venue() -> None:
    with pytest.raises(ValueError, match="times of the venue"):
        at_trades([book(None, recv=1), buy(2)], "oi")


def test_rows_at_trades_do_not_roll_over_trades() -> None:
    with pytest.raises(ValueError, match="rolls over trade features"):
        at_trades([book(1), buy(2)], "mean(signed_flow, window=2)")
