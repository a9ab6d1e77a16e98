"""Deribit over real sockets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from venue.client import NaiveBook, run, serving, venue_top

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATH = "/ws/api/v2"
NAME = "BTC-24SEP21-8000-P"


@pytest.fixture
def recording(shared_data: Callable[[str], Path]) -> Path:
    return shared_data("exchange_ws/DERIBIT.jsonl.gz")


def call(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 4, "method": f"public/{method}", "params": params}


def follow(texts: list[str]) -> NaiveBook:
    book, last = NaiveBook(), None
    for text in texts:
        data = json.loads(text, parse_float=str)["params"]["data"]
        if data["type"] == "snapshot":
            assert "prev_change_id" not in data
            book = NaiveBook()
        else:
            assert data["prev_change_id"] == last
        sides = [
            [(px, "0" if word == "delete" else sz) for word, px, sz in data[side]]
            for side in ("bids", "asks")
        ]
        book.apply(*sides)
        last = data["change_id"]
    return book


@pytest.mark.parametrize(("interval", "played"), [("raw", 0), ("100ms", 0), ("raw", 60)])
def test_the_chain_of_change_ids_holds(recording: Path, interval: str, played: int) -> None:
    channel = f"book.{NAME}.{interval}"

    async def main() -> None:
        async with serving([recording]) as client:
            await client.venue.play(played)
            socket = await client.open("deribit", PATH)
            ack = await socket.answer(call("subscribe", channels=[channel, "book.NOPE.raw"]))
            assert (ack["jsonrpc"], ack["id"], ack["result"]) == ("2.0", 4, [channel])
            await client.venue.play()
            texts = await socket.texts()
            assert {json.loads(text)["params"]["channel"] for text in texts} == {channel}
            assert len(texts) > 3
            assert follow(texts).top() == venue_top(client.venue, f"deribit:{NAME}")

    run(main)


def test_a_grouped_channel_is_a_picture_each_time(recording: Path) -> None:
    async def main() -> Any:
        async with serving([recording]) as client:
            socket = await client.open("deribit", PATH)
            channel = f"book.{NAME}.none.10.100ms"
            await socket.answer(call("subscribe", channels=[channel]))
            await client.venue.play()
            return (await socket.messages())[-1]["params"]["data"]

    data = run(main)
    assert "type" not in data
    assert len(data["asks"]) == 10


def test_other_calls_and_mistakes_are_answered(recording: Path) -> None:
    async def main() -> list[Any]:
        async with serving([recording]) as client:
            socket = await client.open("deribit", PATH)
            return [
                await socket.answer(call("test")),
                await socket.answer(call("set_heartbeat", interval=30)),
                await socket.answer(call("set_heartbeat", interval=1)),
                await socket.answer(call("subscribe", channels="book")),
                await socket.answer(call("dance")),
                await socket.answer("{"),
                await socket.answer(call("unsubscribe", channels=[f"book.{NAME}.raw"])),
            ]

    test, beat, often, wrong, unknown, broken, gone = run(main)
    assert "version" in test["result"]
    assert beat["result"] == "ok"
    assert [e["error"]["code"] for e in (often, wrong, unknown, broken)] == [
        -32602,
        -32602,
        -32601,
        -32600,
    ]
    assert gone["result"] == [f"book.{NAME}.raw"]
