"""Bybit v5 over real sockets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from venue.client import NaiveBook, run, serving, venue_top

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LINEAR, SPOT = "/v5/public/linear", "/v5/public/spot"
TOPIC = "orderbook.200.BTCUSDT"


@pytest.fixture
def recording(shared_data: Callable[[str], Path]) -> Path:
    return shared_data("exchange_ws/BYBIT_a.jsonl.gz")


def subscribe(*topics: str) -> dict[str, Any]:
    return {"req_id": "1", "op": "subscribe", "args": list(topics)}


def follow(messages: list[Any]) -> NaiveBook:
    book, last = NaiveBook(), None
    for message in messages:
        data = message["data"]
        if message["type"] == "snapshot":
            book.load(data["b"], data["a"])
        else:
            assert last is not None
            assert data["u"] == last + 1
            book.apply(data["b"], data["a"])
        last = data["u"]
    return book


@pytest.mark.parametrize(("path", "market"), [(LINEAR, "bybit-linear"), (SPOT, "bybit-spot")])
def test_each_category_is_served_as_it_was_recorded(
    recording: Path, path: str, market: str
) -> None:
    async def main() -> None:
        async with serving([recording]) as client:
            socket = await client.open("bybit", path)
            ack = await socket.answer(subscribe(TOPIC, "publicTrade.BTCUSDT"))
            assert (ack["success"], ack["op"], ack["req_id"]) == (True, "subscribe", "1")
            await client.venue.play()
            texts = await socket.texts()
            assert texts == [
                r.payload.decode()
                for r in client.venue.tape.records
                if (r.market, r.symbol) == (market, "BTCUSDT")
            ]
            books = [m for m in map(json.loads, texts) if m["topic"] == TOPIC]
            assert follow(books).top() == venue_top(client.venue, f"{market}:BTCUSDT")

    run(main)


@pytest.mark.parametrize("depth", [50, 200, 1000])
def test_a_late_subscriber_gets_a_snapshot_and_then_the_deltas(
    recording: Path, depth: int
) -> None:
    async def main() -> None:
        async with serving([recording]) as client:
            await client.venue.play(600)
            socket = await client.open("bybit", LINEAR)
            await socket.answer(subscribe(f"orderbook.{depth}.BTCUSDT"))
            await client.venue.play()
            messages = await socket.messages()
            assert [m["type"] for m in messages[:2]] == ["snapshot", "delta"]
            assert {m["topic"] for m in messages} == {f"orderbook.{depth}.BTCUSDT"}
            expected = venue_top(client.venue, "bybit-linear:BTCUSDT", depth)
            assert follow(messages).top() == expected

    run(main)


def test_level_one_has_snapshots_only(recording: Path) -> None:
    async def main() -> None:
        async with serving([recording]) as client:
            socket = await client.open("bybit", LINEAR)
            await socket.answer(subscribe("orderbook.1.SOLUSDT"))
            await client.venue.play()
            messages = await socket.messages()
            assert {m["type"] for m in messages} == {"snapshot"}
            last = messages[-1]["data"]
            bids, asks = venue_top(client.venue, "bybit-linear:SOLUSDT", 1)
            assert [tuple(level) for level in last["b"] + last["a"]] == bids + asks

    run(main)


def test_unsubscribing_and_subscribing_again_gives_a_fresh_snapshot(recording: Path) -> None:
    async def main() -> None:
        async with serving([recording]) as client:
            socket = await client.open("bybit", LINEAR)
            await socket.answer(subscribe(TOPIC))
            await client.venue.play(300)
            await socket.texts()
            ack = await socket.answer({"op": "unsubscribe", "args": [TOPIC]})
            assert (ack["success"], ack["op"]) == (True, "unsubscribe")
            await client.venue.play(300)
            assert await socket.texts() == []
            await socket.answer(subscribe(TOPIC))
            (snapshot,) = await socket.messages(1)
            assert snapshot["type"] == "snapshot"
            book = follow([snapshot])
            assert book.top() == venue_top(client.venue, "bybit-linear:BTCUSDT")

    run(main)


def test_pings_and_mistakes_are_answered(recording: Path) -> None:
    async def main() -> list[Any]:
        async with serving([recording]) as client:
            linear = await client.open("bybit", LINEAR)
            spot = await client.open("bybit", SPOT)
            return [
                await linear.answer({"op": "ping"}),
                await linear.answer(subscribe("orderbook.50.NOPE")),
                await linear.answer(subscribe("orderbook.7.BTCUSDT")),
                await spot.answer(subscribe(*[f"tickers.T{n}" for n in range(11)])),
                await spot.answer({"op": "dance"}),
                await spot.answer("not JSON"),
            ]

    pong, *errors = run(main)
    assert (pong["success"], pong["ret_msg"], pong["op"]) == (True, "pong", "ping")
    assert [error["success"] for error in errors] == [False] * 5
    assert errors[0]["ret_msg"] == "Invalid symbol :[orderbook.50.NOPE]"
    assert errors[1]["ret_msg"] == "error:handler not found,topic:orderbook.7.BTCUSDT"
    assert errors[2]["ret_msg"] == "args size >10"
