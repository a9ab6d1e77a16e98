"""The relay over real sockets."""

from __future__ import annotations

from typing import Any

import obcore
from obcore.venue import Settings
from venue.client import NaiveBook, run, serving, venue_top

AUTHENTICATE = {"type": "authenticate", "api_key": "right"}
SUBSCRIBE = {"type": "subscribe", "symbols": ["ETHUSDT"], "depth": 10}


def test_each_message_is_the_whole_top() -> None:
    async def main() -> None:
        async with serving([obcore.sample()]) as client:
            socket = await client.open("relay")
            assert await socket.answer(AUTHENTICATE) == {"type": "authenticated"}
            ack = await socket.answer(SUBSCRIBE)
            assert (ack["type"], ack["symbols"]) == ("subscribed", ["ETHUSDT"])
            await client.venue.play(3_000)
            messages = await socket.messages()
            assert {m["type"] for m in messages} == {"orderbook"}
            ids = [m["update_id"] for m in messages]
            assert ids == sorted(set(ids))
            book = NaiveBook()
            book.load(messages[-1]["bids"], messages[-1]["asks"])
            assert book.top() == venue_top(client.venue, "ETHUSDT", 10)

    run(main)


def test_deltas_after_a_snapshot_give_the_same() -> None:
    async def main() -> None:
        settings = Settings(relay_deltas=True)
        async with serving([obcore.sample()], settings=settings) as client:
            socket = await client.open("relay")
            await socket.answer(AUTHENTICATE)
            await socket.answer(SUBSCRIBE)
            await client.venue.play(3_000)
            book = NaiveBook()
            messages = await socket.messages()
            assert [m["action"] for m in messages[:2]] == ["snapshot", "delta"]
            for message in messages:
                book.apply(message["bids"], message["asks"])
            assert book.top() == venue_top(client.venue, "ETHUSDT", 10)

    run(main)


def test_only_the_right_key_is_let_in() -> None:
    async def main() -> list[Any]:
        settings = Settings(relay_key="right")
        async with serving([obcore.sample()], settings=settings) as client:
            socket = await client.open("relay", "/")
            return [
                await socket.answer(SUBSCRIBE),
                await socket.answer({"type": "authenticate", "api_key": "wrong"}),
                await socket.answer({"type": "authenticate"}),
                await socket.answer(AUTHENTICATE),
                await socket.answer({"type": "subscribe", "symbols": ["NOPE"]}),
                await socket.answer({"type": "dance"}),
                await socket.answer({"type": "ping"}),
            ]

    answers = run(main)
    assert [answer.get("code") for answer in answers] == [
        "not_authenticated",
        "unauthorized",
        "unauthorized",
        None,
        "unknown_symbol",
        "unknown_type",
        None,
    ]
    assert not any("right" in str(answer) for answer in answers)
