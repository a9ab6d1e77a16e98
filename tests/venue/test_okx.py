"""OKX v5 over real sockets."""

from __future__ import annotations

import json
import zlib
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

import pytest

from venue.client import NaiveBook, run, serving, venue_top

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATH = "/ws/v5/public"
BOOKS = {"channel": "books", "instId": "BTC-USDT"}


@pytest.fixture
def recording(shared_data: Callable[[str], Path]) -> Path:
    return shared_data("exchange_ws/OKX_a.jsonl.gz")


def subscribe(*args: dict[str, str]) -> dict[str, Any]:
    return {"op": "subscribe", "args": list(args)}


def crc(book: NaiveBook) -> int:
    sides = zip_longest(*book.top(25), fillvalue=())
    text = ":".join(chain.from_iterable(bid + ask for bid, ask in sides))
    value = zlib.crc32(text.encode())
    return value - 2**32 if value >= 2**31 else value


def follow(messages: list[Any]) -> NaiveBook:
    book, last = NaiveBook(), -1
    for message in messages:
        (data,) = message["data"]
        if message["action"] == "snapshot":
            assert data["prevSeqId"] == -1
            book.load(data["bids"], data["asks"])
        else:
            assert data["prevSeqId"] == last
            assert data["seqId"] > last
            book.apply(data["bids"], data["asks"])
        last = data["seqId"]
        assert crc(book) == data["checksum"]
    return book


@pytest.mark.parametrize("played", [0, 120])
def test_the_chain_of_ids_and_every_checksum_hold(recording: Path, played: int) -> None:
    async def main() -> None:
        async with serving([recording]) as client:
            await client.venue.play(played)
            socket = await client.open("okx", PATH)
            ack = await socket.answer(subscribe(BOOKS))
            assert (ack["event"], ack["arg"]) == ("subscribe", BOOKS)
            await client.venue.play()
            messages = await socket.messages()
            assert messages[0]["action"] == "snapshot"
            assert len(messages) > 20
            assert follow(messages).top() == venue_top(client.venue, "okx:BTC-USDT")

    run(main)


def test_what_was_recorded_is_only_added_to(recording: Path) -> None:
    async def main() -> None:
        async with serving([recording]) as client:
            socket = await client.open("okx", PATH)
            await socket.answer(subscribe(BOOKS))
            await client.venue.play()
            for message, record in zip(
                await socket.messages(),
                client.venue.tape.tracks["okx", "BTC-USDT"].records,
                strict=True,
            ):
                del message["data"][0]["seqId"], message["data"][0]["prevSeqId"]
                assert message == json.loads(record.payload)

    run(main)


def test_books5_is_complete_each_time(recording: Path) -> None:
    async def main() -> None:
        async with serving([recording]) as client:
            socket = await client.open("okx", PATH)
            await socket.answer(subscribe({"channel": "books5", "instId": "BTC-USDT"}))
            await client.venue.play()
            last = (await socket.messages())[-1]
            assert "action" not in last
            book = NaiveBook()
            book.load(last["data"][0]["bids"], last["data"][0]["asks"])
            assert book.top() == venue_top(client.venue, "okx:BTC-USDT", 5)

    run(main)


def test_pings_and_mistakes_are_answered(recording: Path) -> None:
    async def main() -> None:
        async with serving([recording]) as client:
            socket = await client.open("okx", PATH)
            await socket.send("ping")
            assert await socket.text() == "pong"
            unknown = await socket.answer(subscribe({"channel": "books", "instId": "NOPE"}))
            assert (unknown["event"], unknown["code"]) == ("error", "60018")
            wrong = await socket.answer({"op": "dance"})
            assert (wrong["event"], wrong["code"]) == ("error", "60012")
            gone = await socket.answer({"op": "unsubscribe", "args": [BOOKS]})
            assert (gone["event"], gone["arg"]) == ("unsubscribe", BOOKS)

    run(main)
