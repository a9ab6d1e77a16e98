"""Bitstamp over real sockets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from venue.client import NaiveBook, run, serving, venue_top

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHANNEL = "diff_order_book_ethusd"


@pytest.fixture
def recording(shared_data: Callable[[str], Path]) -> Path:
    return shared_data("exchange_ws/BITSTAMP.jsonl.gz")


def event(name: str, channel: str) -> dict[str, Any]:
    return {"event": f"bts:{name}", "data": {"channel": channel}}


@pytest.mark.parametrize("played", [0, 400])
def test_a_rest_book_and_the_later_diffs_give_the_venue_s_own(
    recording: Path, played: int
) -> None:
    async def main() -> None:
        async with serving([recording]) as client:
            socket = await client.open("bitstamp")
            ack = await socket.answer(event("subscribe", CHANNEL))
            assert ack == {
                "event": "bts:subscription_succeeded",
                "channel": CHANNEL,
                "data": {},
            }
            await client.venue.play(played)
            answer = await client.get("bitstamp", "/api/v2/order_book/ethusd/")
            book = NaiveBook()
            book.load(answer.json["bids"], answer.json["asks"])
            await client.venue.play()
            texts = await socket.texts()
            for message in map(json.loads, texts):
                data = message["data"]
                if data["microtimestamp"] > answer.json["microtimestamp"]:
                    book.apply(data["bids"], data["asks"])
            assert book.top() == venue_top(client.venue, "bitstamp:ethusd")
            assert texts == [
                r.payload.decode() for r in client.venue.tape.records if r.stream == CHANNEL
            ]

    run(main)


def test_other_events_and_mistakes_are_answered(recording: Path) -> None:
    async def main() -> list[Any]:
        async with serving([recording]) as client:
            assert (await client.get("bitstamp", "/api/v2/order_book/nope/")).status == 404
            socket = await client.open("bitstamp", "/")
            return [
                await socket.answer(event("heartbeat", "")),
                await socket.answer(event("subscribe", "nonsense")),
                await socket.answer(event("subscribe", "order_book_ethusd")),
                await socket.answer(event("unsubscribe", "order_book_ethusd")),
                await socket.answer(event("unsubscribe", "order_book_ethusd")),
                await socket.answer("[]"),
            ]

    beat, wrong, ack, gone, twice, text = run(main)
    assert beat["event"] == "bts:heartbeat"
    assert ack["event"] == "bts:subscription_succeeded"
    assert gone["event"] == "bts:unsubscription_succeeded"
    assert {e["event"] for e in (wrong, twice, text)} == {"bts:error"}
