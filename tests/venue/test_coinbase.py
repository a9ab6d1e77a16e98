"""Coinbase Advanced Trade over real sockets, rendered from another venue's recording."""

from __future__ import annotations

from typing import Any

import pytest

import obcore
from venue.client import NaiveBook, run, serving, venue_top

PRODUCT = "ETH-USDT"


def request(kind: str, channel: str, *products: str) -> dict[str, Any]:
    return {"type": kind, "channel": channel, "product_ids": list(products)}


def follow(messages: list[Any]) -> NaiveBook:
    book = NaiveBook()
    for message in messages:
        for event in message["events"] if message["channel"] == "l2_data" else ():
            if event["type"] == "snapshot":
                book = NaiveBook()
            sides: dict[str, list[tuple[str, str]]] = {"bid": [], "offer": []}
            for update in event["updates"]:
                level = update["price_level"], update["new_quantity"]
                sides[update["side"]].append(level)
            book.apply(sides["bid"], sides["offer"])
    return book


@pytest.mark.parametrize("played", [0, 3_000])
def test_a_snapshot_and_updates_give_the_venue_s_own_book(played: int) -> None:
    async def main() -> None:
        async with serving([obcore.sample()]) as client:
            await client.venue.play(played)
            socket = await client.open("coinbase")
            await socket.send(request("subscribe", "level2", PRODUCT))
            await socket.send(request("subscribe", "market_trades", PRODUCT))
            await socket.send(request("subscribe", "heartbeats"))
            first = await socket.messages(4)
            await client.venue.play(2_000)
            messages = first + await socket.messages()
            assert follow(messages).top() == venue_top(client.venue, "ETHUSDT")
            # One number counts all channels of a connection.
            assert [m["sequence_num"] for m in messages] == list(range(len(messages)))
            assert {"l2_data", "market_trades", "subscriptions"} <= {
                m["channel"] for m in messages
            }

    run(main)


def test_a_heartbeat_comes_each_second() -> None:
    async def main() -> list[Any]:
        async with serving([obcore.sample()]) as client:
            socket = await client.open("coinbase", "/")
            await socket.answer(request("subscribe", "heartbeats"))
            return await socket.messages(1)

    (beat,) = run(main)
    assert (beat["channel"], beat["sequence_num"]) == ("heartbeats", 1)
    assert beat["events"][0]["heartbeat_counter"] == 1


def test_unknown_products_and_channels_are_errors() -> None:
    async def main() -> list[Any]:
        async with serving([obcore.sample()]) as client:
            socket = await client.open("coinbase")
            return [
                await socket.answer(request("subscribe", "level2", "NO-PE")),
                await socket.answer(request("subscribe", "level2")),
                await socket.answer(request("subscribe", "level3", PRODUCT)),
                await socket.answer("nonsense"),
            ]

    assert [answer["type"] for answer in run(main)] == ["error"] * 4
