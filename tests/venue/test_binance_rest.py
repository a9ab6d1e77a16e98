"""Binance's REST over real sockets: books, weights and refusals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import obcore
from obcore.venue import Settings
from venue.client import first_lines, run, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DEPTH = "/fapi/v1/depth"
USED = "X-MBX-USED-WEIGHT-1M"


def test_before_the_recorded_snapshot_it_is_the_answer_byte_for_byte() -> None:
    async def main() -> None:
        async with serving([obcore.sample()]) as client:
            track = client.venue.tape.tracks["binance-futures", "ETHUSDT"]
            assert track.rest_snapshot is not None
            answer = await client.get("binance-futures", DEPTH, symbol="ETHUSDT", limit="1000")
            assert answer.text.encode() == track.rest_snapshot.payload
            assert answer.headers["Content-Type"].startswith("application/json")

    run(main)


def test_later_the_answer_is_the_book_where_the_tape_stands() -> None:
    async def main() -> None:
        async with serving([obcore.sample()]) as client:
            await client.venue.play(8_000)
            answer = await client.get("binance-futures", DEPTH, symbol="ETHUSDT", limit="50")
            picture = client.venue.books["binance-futures:ETHUSDT"].snapshot(50)
            assert answer.json["lastUpdateId"] == picture.last_id
            assert [tuple(level) for level in answer.json["bids"]] == picture.bids
            assert [tuple(level) for level in answer.json["asks"]] == picture.asks
            assert answer.json.keys() == {"lastUpdateId", "E", "T", "bids", "asks"}

    run(main)


def test_coin_m_names_symbol_and_pair(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    async def main() -> None:
        whole = shared_data("binance_raw/cm_btcusd_perp_20240808.gz")
        path = first_lines(whole, 2_000, tmp_path)
        async with serving([path]) as client:
            await client.venue.play(1_000)
            answer = await client.get(
                "binance-coin", "/dapi/v1/depth", symbol="BTCUSD_PERP", limit="5"
            )
            assert (answer.json["symbol"], answer.json["pair"]) == ("BTCUSD_PERP", "BTCUSD")

    run(main)


def test_weights_add_up_in_the_header() -> None:
    async def main() -> list[str]:
        async with serving([obcore.sample()]) as client:
            return [
                (await client.get("binance-futures", DEPTH, symbol="ETHUSDT", limit=limit))
                .headers[USED]
                for limit in ("5", "50", "100", "500", "1000")
            ]  # fmt: skip

    assert run(main) == ["2", "4", "9", "19", "39"]


def test_who_spends_more_gets_429_and_who_goes_on_418() -> None:
    async def main() -> None:
        settings = Settings(weight_budget=45, patience=2, ban_s=77.0)
        async with serving([obcore.sample()], settings=settings) as client:
            answers = [
                await client.get("binance-futures", DEPTH, symbol="ETHUSDT", limit="1000")
                for _ in range(6)
            ]
            assert [a.status for a in answers] == [200, 200, 429, 429, 418, 418]
            assert [a.json["code"] for a in answers[2:]] == [-1003] * 4
            assert all(0 < int(a.headers["Retry-After"]) <= 60 for a in answers[2:4])
            assert all(70 < int(a.headers["Retry-After"]) <= 77 for a in answers[4:])
            # A ban is for the host, whatever is asked for.
            assert (await client.get("binance-futures", "/fapi/v1/time")).status == 418

    run(main)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, -1102),
        ({"symbol": "NOPE"}, -1121),
        ({"symbol": "ETHUSDT", "limit": "7"}, -4021),
        ({"symbol": "ETHUSDT", "limit": "many"}, -4021),
    ],
)
def test_a_wrong_request_is_refused_with_the_venue_s_code(
    query: dict[str, str], code: int
) -> None:
    async def main() -> None:
        async with serving([obcore.sample()]) as client:
            answer = await client.get("binance-futures", DEPTH, **query)
            assert (answer.status, answer.json["code"]) == (400, code)
            assert answer.json["msg"]
            assert USED in answer.headers

    run(main)


def test_exchange_info_tells_limits_and_steps() -> None:
    async def main() -> None:
        async with serving([obcore.sample()]) as client:
            answer = await client.get("binance-futures", "/fapi/v1/exchangeInfo")
            (symbol,) = answer.json["symbols"]
            steps = {f["filterType"]: f for f in symbol["filters"]}
            assert symbol["symbol"] == "ETHUSDT"
            assert steps["PRICE_FILTER"]["tickSize"] == "0.01"
            assert steps["LOT_SIZE"]["stepSize"] == "0.001"
            assert answer.json["rateLimits"][0]["limit"] == 2_400

    run(main)


def test_a_spot_limit_is_clamped_and_paid_for(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    async def main() -> None:
        whole = shared_data("binance_raw/spot_btcusdt_20240808.gz")
        path = first_lines(whole, 2_000, tmp_path)
        async with serving([path]) as client:
            answer = await client.get(
                "binance", "/api/v3/depth", symbol="BTCUSDT", limit="9999"
            )
            assert answer.headers[USED] == "250"
            assert json.loads(answer.text).keys() == {"lastUpdateId", "bids", "asks"}

    run(main)
