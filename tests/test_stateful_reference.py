"""Known answers for the reference of the features that remember: names, clocks and breaks."""

from __future__ import annotations

import math

import pytest

from stateful_by_hand import NAN, ONE, balanced, book, buy, column, row, same, sell, walk
from stateful_names import parsed
from stateful_reference import STATEFUL, rows
from stateful_stream import Break


def test_the_stateful_set_has_41_names_and_a_row_has_them_in_order() -> None:
    assert len(STATEFUL) == len(set(STATEFUL)) == 41
    assert list(next(rows([book(0)], STATEFUL, tick=ONE, lot=ONE))) == list(STATEFUL)


def test_a_row_depends_on_nothing_behind_it() -> None:
    names, stream = [*STATEFUL, "mean(vi, window=100ms)"], walk(60)

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
