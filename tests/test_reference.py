"""Known answers for the references themselves: books worked out by hand, and recordings."""

from __future__ import annotations

import gzip
import json
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from binance_reference import last_ticker, scaled, states
from reference import ReferenceBook, features, standard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONE = Fraction(1)

# By hand: mid 100.5, spread 1, I_1 = 1/2, I_2 = -1/3, x = 1/4, y = 17/60, z = 1/4.
BIDS = [(100, 3), (99, 1)]
ASKS = [(101, 1), (103, 2)]
BY_HAND = {
    "mid_price": 100.5,
    "spread": 1,
    "normalized_spread": 2 / 201,
    "log_mid_price": math.log(100.5),
    "total_vol": 7,
    "net_flow": 1,
    "bid_ask_ratio": 4 / 3,
    "vwap_bid": 399 / 4,
    "vwap_ask": 307 / 3,
    "vwap_mid": 2425 / 24,
    "imbalance": 1 / 7,
    "best_qty_diff": 2,
    "bid_price_offset_0": -1 / 201,
    "bid_price_offset_1": -3 / 201,
    "ask_price_offset_0": 1 / 201,
    "ask_price_offset_1": 5 / 201,
    "ask_price_offset_2": 0,
    "ask_vol_1": 2,
    "ask_vol_2": 0,
    "obi_1": 1 / 2,
    "obi_20": 1 / 7,
    "imbalance_level_2": -1 / 3,
    "imbalance_level_3": 0,
    "depth_weighted_obi": (2 / 101 + 0.9 / 102 - 1.8 / 103) / (4 / 101 + 0.9 / 102 + 1.8 / 103),
    "spread_bps": 20_000 / 201,
    "vwap": 706 / 7,
    "microprice": 100.75,
    "adjusted_microprice": 100.875,
    "adjusted_mid_1": 100.5 + 257 / 2048,
    "adjusted_mid_2": 100.65625,
    "adjusted_mid_3": 100.5625,
    "adjusted_mid_4": 100.5 + 61 / 380,
    "adjusted_mid_5": 100.625,
    "adjusted_mid_6": 100.5078125,
    "adjusted_mid_7": 100.5 + 0.55 * 0.70390625 / 3.8,
    "adjusted_mid_8": 100.5 + 35 / 60 * 0.70390625 / 3.8,
    "vamp": 8503 / 84,
}


def test_a_two_level_book_has_the_features_worked_out_by_hand() -> None:
    found = features(BIDS, ASKS, tick=ONE, lot=ONE)

    assert {name: found[name] for name in BY_HAND} == pytest.approx(BY_HAND, rel=1e-15)


def test_prices_scale_with_the_tick_sizes_with_the_lot_and_ratios_with_neither() -> None:
    found = features(BIDS, ASKS, tick=Fraction("0.1"), lot=Fraction("0.001"))

    assert found["mid_price"] == 10.05
    assert found["adjusted_mid_3"] == 10.05625
    assert found["bid_vol"] == 0.004
    assert found["imbalance"] == 1 / 7
    assert found["bid_price_offset_0"] == -1 / 201


@pytest.mark.parametrize("depth", [1, 10, 25])
def test_a_depth_of_ten_gives_58_standard_features_and_90_in_all(depth: int) -> None:
    names = list(features(BIDS, ASKS, tick=ONE, lot=ONE, depth=depth))

    assert names[: len(standard(depth))] == list(standard(depth))
    assert len(standard(depth)) == 18 + 4 * depth
    assert len(names) == 40 + 5 * depth
    assert names[16:20] == [
        "bid_depth_top5",
        "ask_depth_top5",
        "bid_price_offset_0",
        "bid_vol_0",
    ]
    assert names[-1] == "vamp"


def test_much_size_on_the_bid_is_positive_imbalance_and_a_microprice_near_the_ask() -> None:
    found = features([(100, 9)], [(102, 1)], tick=ONE, lot=ONE)

    assert found["imbalance"] == found["obi_5"] == found["imbalance_level_1"] == 0.8
    assert found["microprice"] == 101.8


def test_without_asks_what_needs_a_mid_is_nan_and_the_bids_still_count() -> None:
    found = features(BIDS, [], tick=ONE, lot=ONE)

    defined = {name: number for name, number in found.items() if not math.isnan(number)}
    assert not [
        name for name in defined if "offset" in name or "mid" in name or "micro" in name
    ]
    assert not {"spread", "spread_bps", "vwap_ask", "depth_weighted_obi", "vamp"} & set(defined)
    assert [defined[name] for name in ("bid_vol", "ask_vol", "best_ask_qty")] == [4, 0, 0]
    assert [defined[name] for name in ("imbalance", "obi_1", "imbalance_level_2")] == [1, 1, 1]
    assert [defined[name] for name in ("imbalance_level_3", "bid_ask_ratio")] == [0, 1]
    assert [defined[name] for name in ("vwap_bid", "vwap")] == [99.75, 99.75]
    assert [defined[name] for name in ("bid_vol_1", "bid_ask_ratio_full")] == [1, math.inf]


def test_an_empty_book_has_no_prices_and_no_imbalance() -> None:
    found = features([], [], tick=ONE, lot=ONE)

    assert math.isnan(found["vwap"])
    assert math.isnan(found["bid_price_offset_0"])
    assert found["imbalance"] == found["obi_1"] == found["imbalance_level_1"] == 0
    assert found["bid_ask_ratio"] == found["bid_ask_ratio_full"] == 1


def test_below_a_mid_of_zero_only_what_divides_by_it_is_nan() -> None:
    found = features([(-3, 1)], [(1, 3)], tick=ONE, lot=ONE)

    undefined = {name for name, number in found.items() if math.isnan(number)}
    relative = {"normalized_spread", "log_mid_price", "spread_bps", "depth_weighted_obi"}
    assert undefined == relative | {name for name in found if "offset" in name}
    assert [found[name] for name in ("mid_price", "spread", "microprice")] == [-1, 4, -2]


def test_the_logarithm_keeps_its_digits_next_to_one() -> None:
    found = features([(10**8, 1)], [(10**8 + 2, 1)], tick=Fraction(1, 10**8), lot=ONE)

    assert found["log_mid_price"] == math.log1p(1e-8)


def test_the_last_size_at_a_price_wins_and_zero_deletes() -> None:
    book = ReferenceBook()

    book.apply_snapshot([(9, 1), (8, 0)], [(11, 1), (10, 2)])
    book.apply_delta([(9, 2), (9, 3), (7, 0)], [(10, 0), (12, 5)])

    assert book.bids() == [(9, 3)]
    assert book.asks() == [(11, 1), (12, 5)]


def diff(first: int, last: int, **futures: int) -> dict[str, Any]:
    bids = [[f"{last}.00", "1.0"]]
    return {"e": "depthUpdate", "U": first, "u": last, **futures, "b": bids, "a": []}


def snapshot(update_id: int) -> dict[str, Any]:
    return {"lastUpdateId": update_id, "bids": [["1.00", "1.0"]], "asks": [["99.00", "1.0"]]}


JOINS = {
    "spot, a buffered diff straddles": ([diff(3, 5), diff(6, 8), snapshot(6)], [(3, 8)]),
    "spot, right behind the snapshot": ([diff(3, 5), snapshot(5), diff(6, 8)], [(3, 8)]),
    "spot, snapshot first": (
        [snapshot(5), diff(3, 4), diff(5, 7), diff(8, 8)],
        [(3, 7), (4, 8)],
    ),
    "spot, snapshot too old": ([diff(7, 8), snapshot(5), diff(9, 9), snapshot(8)], [(4, 9)]),
    "spot, gap": (
        [
            diff(5, 6),
            snapshot(5),
            diff(6, 7),
            diff(9, 9),
            diff(10, 10),
            snapshot(9),
            diff(11, 12),
        ],
        [(2, 6), (3, 7), (6, 10), (7, 12)],
    ),
    "spot, hole in the buffer": (
        [diff(1, 2), diff(5, 6), snapshot(4), diff(7, 7)],
        [(3, 6), (4, 7)],
    ),
    "futures, contained": ([diff(3, 5, pu=1), snapshot(4), diff(9, 9, pu=5)], [(2, 5), (3, 9)]),
    "futures, anchored by pu": ([snapshot(4), diff(7, 9, pu=4)], [(2, 9)]),
    "futures, same id": ([diff(3, 5, pu=1), diff(7, 9, pu=5), snapshot(5)], [(3, 9)]),
    "futures, between two diffs": ([diff(3, 5, pu=1), snapshot(6), diff(7, 9, pu=5)], []),
    "futures, gap": (
        [diff(3, 5, pu=1), snapshot(4), diff(6, 7, pu=6), diff(8, 9, pu=7)],
        [(2, 5)],
    ),
}


@pytest.mark.parametrize(("messages", "expected"), JOINS.values(), ids=JOINS)
def test_a_recording_joins_and_stops_where_the_ids_say(
    tmp_path: Path, messages: list[dict[str, Any]], expected: list[tuple[int, int]]
) -> None:
    path = tmp_path / "recording.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, messages)).encode()))

    found = [
        (line, u, book.bids()[0])
        for line, u, book in states([path], tick_decimals=0, lot_decimals=1)
    ]

    assert found == [(line, u, (u, 10)) for line, u in expected]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "decimals", "expected"),
    [
        (["usdm_btcusdt_20240808"], (1, 3), (6546, 6546)),
        (["usdm_ethusdt_20240718", "usdm_ethusdt_20240719"], (2, 3), (8923, 8923)),
        (["spot_btcusdt_20240808", "spot_btcusdt_20240809"], (2, 8), (6491, 6493)),
        (["cm_btcusd_perp_20240808", "cm_btcusd_perp_20240809"], (1, 0), (44771, 44771)),
    ],
)
def test_the_recorded_books_have_the_best_bid_and_offer_of_the_venue(
    shared_data: Callable[[str], Path],
    names: list[str],
    decimals: tuple[int, int],
    expected: tuple[int, int],
) -> None:
    paths = [shared_data(f"binance_raw/{name}.gz") for name in names]
    (tick_decimals, lot_decimals), tickers = decimals, last_ticker(paths)

    agreed = []
    for _, u, book in states(paths, tick_decimals=tick_decimals, lot_decimals=lot_decimals):
        ticker = tickers[u]
        bid = scaled(ticker.bid_px, tick_decimals), scaled(ticker.bid_sz, lot_decimals)
        ask = scaled(ticker.ask_px, tick_decimals), scaled(ticker.ask_sz, lot_decimals)
        agreed.append(book.bids(1) + book.asks(1) == [bid, ask])

    assert (sum(agreed), len(agreed)) == expected  # in two, the spot bookTicker lags
