"""Known answers for the reference in mode source, with a row at each state or at each trade."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stateful_by_hand import BOTH_SIDES, NAN, ONE, book, buy, column, row, same, sell
from stateful_reference import source_trade_rows
from stateful_stream import Break

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stateful_stream import Event


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
