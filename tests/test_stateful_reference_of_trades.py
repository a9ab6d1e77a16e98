"""Known answers for the reference: which trades a state has seen, and what is told of them."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from stateful_by_hand import BOTH_SIDES, MS, NAN, balanced, book, buy, column, row, same, sell
from stateful_reference import rows
from stateful_stream import Picture

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
