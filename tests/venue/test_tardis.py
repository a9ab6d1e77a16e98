"""tardis-machine over real sockets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from obcore.venue import Fault, Settings
from obcore.venue.wire import js_number
from venue.client import NaiveBook, run, serving, tape, venue_top

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from venue.client import Client

DAYS = {"from": "2024-07-18", "to": "2024-07-19"}
ETH: dict[str, Any] = {"exchange": "binance-futures", "symbols": ["ETHUSDT"]}


def options(*entries: dict[str, Any]) -> str:
    return json.dumps(list(entries))


def follow(messages: list[Any]) -> NaiveBook:
    book = NaiveBook()
    for message in messages:
        if message["type"] != "book_change":
            continue
        if message["isSnapshot"]:
            book = NaiveBook()
        sides = [
            [(js_number(str(x["price"])), js_number(str(x["amount"]))) for x in message[side]]
            for side in ("bids", "asks")
        ]
        book.apply(*sides)
    return book


def as_numbers(top: tuple[list[Any], list[Any]]) -> tuple[list[Any], ...]:
    return tuple([(js_number(px), js_number(sz)) for px, sz in side] for side in top)


async def replay(client: Client, *entries: dict[str, Any], path: str = "") -> list[str]:
    answer = await client.get("tardis", path or "/replay-normalized", options=options(*entries))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/x-json-stream"
    assert answer.text.endswith("\n")
    return answer.text.split("\n")[:-1]


def test_a_replay_over_http_and_one_over_a_socket_are_the_same_book(short_sample: Path) -> None:
    async def main() -> None:
        async with serving([short_sample]) as client:
            lines = await replay(client, ETH | DAYS)
            trades = sum(r.channel == "trade" for r in client.venue.tape.records)
            socket = await client.open(
                "tardis", "/ws-replay-normalized", options=options(ETH | DAYS)
            )
            assert await socket.texts() == lines
            assert socket.close_type is aiohttp.WSMsgType.CLOSE
            assert socket.socket.close_code == 1000

            messages = [json.loads(line) for line in lines]
            changes = [m for m in messages if m["type"] == "book_change"]
            assert [m["isSnapshot"] for m in changes[:2]] == [True, False]
            stamps = [m["localTimestamp"] for m in messages]
            assert stamps == sorted(stamps)
            assert sum(m["type"] == "trade" for m in messages) == trades
            await client.venue.play()
            expected = as_numbers(venue_top(client.venue, "ETHUSDT"))
            assert as_numbers(follow(messages).top()) == expected

    run(main)


def test_the_stream_follows_what_is_played(short_sample: Path) -> None:
    async def main() -> None:
        async with serving([short_sample]) as client:
            await client.venue.play(1_000)
            socket = await client.open("tardis", "/ws-stream-normalized", options=options(ETH))
            await client.venue.play(2_000)
            messages = await socket.messages()
            changes = [m for m in messages if m["type"] == "book_change"]
            assert [m["isSnapshot"] for m in changes[:2]] == [True, False]
            expected = as_numbers(venue_top(client.venue, "ETHUSDT"))
            assert as_numbers(follow(messages).top()) == expected

    run(main)


def test_text_pairs_can_be_chosen(short_sample: Path) -> None:
    async def main() -> None:
        settings = Settings(book_pictures=True)
        async with serving([short_sample], settings=settings) as client:
            socket = await client.open("tardis", "/ws-stream-normalized", options=options(ETH))
            await client.venue.play(200)
            last = [m for m in await socket.messages() if m["type"] == "book"][-1]
            book = NaiveBook()
            book.load(last["bids"], last["asks"])
            assert book.top() == venue_top(client.venue, "ETHUSDT")

    run(main)


def test_the_end_of_the_time_asked_for_is_excluded(short_sample: Path) -> None:
    async def main() -> list[str]:
        async with serving([short_sample]) as client:
            window = {"from": "2024-07-18T23:57:10.000Z", "to": "2024-07-18T23:57:20.000Z"}
            return [json.loads(x)["localTimestamp"] for x in await replay(client, ETH | window)]

    stamps = run(main)
    assert stamps[0] >= "2024-07-18T23:57:10"
    assert stamps[-1] < "2024-07-18T23:57:20"


def test_several_venues_are_merged_by_time_of_receipt(
    short_sample: Path, shared_data: Callable[[str], Path]
) -> None:
    async def main() -> list[Any]:
        recordings = [short_sample, shared_data("exchange_ws/BYBIT_a.jsonl.gz")]
        days = {"from": "2020-01-01", "to": "2030-01-01"}
        async with serving(recordings) as client:
            bybit = {"exchange": "bybit", "symbols": ["SOLUSDT"]} | days
            spot = {"exchange": "bybit-spot", "symbols": ["BTCUSDT"]} | days
            return [json.loads(x) for x in await replay(client, spot, bybit, ETH | days)]

    messages = run(main)
    stamps = [m["localTimestamp"] for m in messages]
    assert stamps == sorted(stamps)
    assert {m["exchange"] for m in messages} == {"bybit", "bybit-spot", "binance-futures"}


def test_a_lost_connection_is_told_and_a_snapshot_follows(short_sample: Path) -> None:
    async def main() -> None:
        fault = Fault("disconnect", at=(500,))
        async with serving([short_sample], faults=[fault]) as client:
            entry = ETH | DAYS | {"withDisconnectMessages": True}
            messages = [json.loads(line) for line in await replay(client, entry)]
            (place,) = [i for i, m in enumerate(messages) if m["type"] == "disconnect"]
            assert place == 500
            assert "timestamp" not in messages[place]
            assert messages[place]["symbols"] == ["ETHUSDT"]
            following = [m for m in messages[place:] if m["type"] == "book_change"]
            assert following[0]["isSnapshot"]
            assert not following[1]["isSnapshot"]
            assert client.venue.faults.counts == {"disconnect": 1}

    run(main)


def test_native_messages_have_a_blank_line_for_a_lost_connection(short_sample: Path) -> None:
    async def main() -> list[str]:
        fault = Fault("disconnect", at=(100,))
        async with serving([short_sample], faults=[fault]) as client:
            filters = [{"channel": name} for name in ("depth", "depthSnapshot")]
            entry = {"exchange": "binance-futures", "filters": filters, **DAYS}
            return await replay(client, entry | {"withDisconnects": True}, path="/replay")

    lines = run(main)
    assert lines[100] == ""
    messages = [json.loads(line)["message"] for line in lines if line]
    # One message in the place of the blank line was lost; the snapshot is one more.
    depths = sum(r.channel == "depth" for r in tape(short_sample).records)
    assert len(messages) == depths - 1
    assert sum(message.get("generated", False) for message in messages) == 1


@pytest.mark.parametrize(
    "entry",
    [
        {"exchange": "nowhere", **DAYS},
        {"exchange": "binance-futures", "symbols": ["NOPE"], **DAYS},
        {"exchange": "binance-futures"},
        ETH | DAYS | {"dataTypes": ["option_summary"]},
        ETH | {"from": "soon", "to": "later"},
    ],
)
def test_wrong_options_are_refused(short_sample: Path, entry: dict[str, Any]) -> None:
    async def main() -> None:
        async with serving([short_sample]) as client:
            answer = await client.get("tardis", "/replay-normalized", options=options(entry))
            assert answer.status == 400
            assert answer.json.keys() == {"responseText", "message", "url"}
            socket = await client.open(
                "tardis", "/ws-replay-normalized", options=options(entry)
            )
            await socket.texts()
            assert socket.socket.close_code == 1011

    run(main)
