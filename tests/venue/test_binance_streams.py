"""Binance's streams over real sockets."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

import obcore
from venue.client import NaiveBook, first_lines, run, serving, venue_top

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


STREAMS = ["ethusdt@depth@0ms", "ethusdt@bookTicker", "ethusdt@trade"]


def recorded(path: Path) -> list[str]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if data.startswith(b"\x1f") else data).decode()
    payloads = [line.split(" ", 1)[1] for line in text.splitlines()]
    return [payload for payload in payloads if payload.startswith('{"stream"')]


def test_what_is_served_is_the_recording_byte_for_byte() -> None:
    async def main() -> list[str]:
        async with serving([obcore.sample()], start="subscriber", start_when=3) as client:
            socket = await client.open(
                "binance-futures", "/public/stream", streams="/".join(STREAMS)
            )
            texts = await socket.texts()
            await client.venue.finished()
            return texts

    assert run(main) == recorded(obcore.sample())


@pytest.mark.parametrize(
    ("name", "venue", "streams"),
    [
        ("spot_btcusdt_20240808", "binance", "btcusdt@depth@100ms/btcusdt@trade"),
        ("cm_btcusd_perp_20240808", "binance-coin", "btcusd_perp@depth@0ms"),
    ],
)
def test_other_markets_are_served_byte_for_byte_too(
    shared_data: Callable[[str], Path], tmp_path: Path, name: str, venue: str, streams: str
) -> None:
    path = first_lines(shared_data(f"binance_raw/{name}.gz"), 5_000, tmp_path)

    async def main() -> list[str]:
        async with serving([path], start="subscriber") as client:
            return await (await client.open(venue, "/stream", streams=streams)).texts()

    wanted = tuple(f'{{"stream":"{stream}"' for stream in streams.split("/"))
    assert run(main) == [text for text in recorded(path) if text.startswith(wanted)]


def test_a_raw_path_has_no_envelope() -> None:
    async def main() -> list[str]:
        async with serving([obcore.sample()], start="subscriber") as client:
            socket = await client.open("binance-futures", "/ws/ethusdt@trade")
            return await socket.texts()

    trades = [text for text in recorded(obcore.sample()) if "@trade" in text]
    assert run(main) == [text[len('{"stream":"ethusdt@trade","data":') : -1] for text in trades]


def test_another_speed_is_the_recorded_one_under_its_name() -> None:
    async def main() -> list[Any]:
        async with serving([obcore.sample()]) as client:
            socket = await client.open(
                "binance-futures", "/stream", streams="ethusdt@depth@100ms"
            )
            await client.venue.play(200)
            return await socket.messages()

    messages = run(main)
    assert {message["stream"] for message in messages} == {"ethusdt@depth@100ms"}
    ids = [message["data"]["u"] for message in messages]
    assert ids == sorted(ids)
    assert len(ids) > 30


def test_partial_depth_is_the_top_of_the_venue_s_book() -> None:
    async def main() -> tuple[Any, Any]:
        async with serving([obcore.sample()]) as client:
            socket = await client.open("binance-futures", "/ws/ethusdt@depth5@100ms")
            await client.venue.play(1_000)
            last = (await socket.messages())[-1]
            return last, client.venue.books["ETHUSDT"].snapshot(5)

    last, picture = run(main)
    assert [tuple(level) for level in last["b"]] == picture.bids
    assert [tuple(level) for level in last["a"]] == picture.asks
    assert (last["e"], last["u"]) == ("depthUpdate", picture.last_id)


def test_control_messages_are_answered_as_documented() -> None:
    async def main() -> list[Any]:
        async with serving([obcore.sample()]) as client:
            socket = await client.open("binance-futures", "/ws")
            return [
                await socket.answer({"method": "SUBSCRIBE", "params": STREAMS[:2], "id": 7}),
                await socket.answer({"method": "LIST_SUBSCRIPTIONS", "id": "eight"}),
                await socket.answer({"method": "UNSUBSCRIBE", "params": STREAMS[:1], "id": 9}),
                await socket.answer({"method": "LIST_SUBSCRIPTIONS", "id": None}),
                await socket.answer({"method": "GET_PROPERTY", "params": ["combined"]}),
                await socket.answer(
                    {"method": "SET_PROPERTY", "params": ["combined", True], "id": 1}
                ),
            ]

    assert run(main) == [
        {"result": None, "id": 7},
        {"result": STREAMS[:2], "id": "eight"},
        {"result": None, "id": 9},
        {"result": STREAMS[1:2], "id": None},
        {"result": False, "id": None},
        {"result": None, "id": 1},
    ]


@pytest.mark.parametrize(
    ("request_text", "code"),
    [
        ('{"method":"SUBSCRIBE","params":["btcusdt"],"id":7}', 2),
        ('{"method":"SUBSCRIBE","params":"btcusdt@trade","id":7}', 2),
        ('{"method":"SUBSCRIBE","params":[],"id":7}', 2),
        ('{"method":"NOPE","id":7}', 2),
        ('{"method":', 3),
        ("[1]", 2),
    ],
)
def test_a_wrong_request_is_an_error_without_a_result(request_text: str, code: int) -> None:
    async def main() -> Any:
        async with serving([obcore.sample()]) as client:
            return await (await client.open("binance-futures", "/ws")).answer(request_text)

    error = run(main)
    assert error.keys() == {"code", "msg", "id"}
    assert error["code"] == code
    assert error["id"] == (7 if '"id":7' in request_text else None)


@pytest.mark.parametrize(
    ("path", "stream"),
    [
        ("/market/stream", "ethusdt@depth@0ms"),
        ("/public/stream", "ethusdt@aggTrade"),
        ("/stream", "ethusdt@aggTrade"),
    ],
)
def test_a_stream_on_the_wrong_path_is_acknowledged_and_then_silent(
    path: str, stream: str
) -> None:
    async def main() -> tuple[Any, list[str]]:
        async with serving([obcore.sample()]) as client:
            socket = await client.open("binance-futures", path)
            ack = await socket.answer({"method": "SUBSCRIBE", "params": [stream], "id": 1})
            await client.venue.play(2_000)
            return ack, await socket.texts()

    assert run(main) == ({"result": None, "id": 1}, [])


def test_who_sends_too_much_is_disconnected() -> None:
    async def main() -> int | None:
        async with serving([obcore.sample()]) as client:
            socket = await client.open("binance-futures", "/ws")
            for number in range(11):
                await socket.send({"method": "LIST_SUBSCRIPTIONS", "id": number})
            answers = await socket.texts()
            assert len(answers) == 10
            return socket.socket.close_code

    assert run(main) == 1008


def follow_futures(snapshot: Any, texts: list[str]) -> NaiveBook:
    """Keep a book by the published steps."""
    book, last = NaiveBook(), snapshot["lastUpdateId"]
    book.load(snapshot["bids"], snapshot["asks"])
    events = [json.loads(text)["data"] for text in texts]
    pending = [event for event in events if event["u"] >= last]
    assert pending[0]["U"] <= last <= pending[0]["u"] or pending[0]["pu"] == last
    for index, event in enumerate(pending):
        assert index == 0 or event["pu"] == last
        book.apply(event["b"], event["a"])
        last = event["u"]
    return book


@pytest.mark.parametrize("played", [1, 40, 5_000])
def test_a_futures_book_joined_at_any_time_is_the_venue_s_own_at_the_end(played: int) -> None:
    async def main() -> None:
        async with serving([obcore.sample()]) as client:
            socket = await client.open(
                "binance-futures", "/public/stream", streams="ethusdt@depth@0ms"
            )
            await client.venue.play(played)
            texts = await socket.texts()
            answer = await client.get(
                "binance-futures", "/fapi/v1/depth", symbol="ETHUSDT", limit="1000"
            )
            texts += await socket.texts_of_the_rest()
            book = follow_futures(answer.json, texts)
            assert book.top(900) == venue_top(client.venue, "ETHUSDT", 900)

    run(main)


def test_a_spot_book_joins_by_the_published_steps(shared_data: Callable[[str], Path]) -> None:
    path = shared_data("exchange_ws/BINANCE.jsonl.gz")
    symbols = ["NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR"]

    async def main() -> None:
        async with serving([path]) as client:
            streams = "/".join(f"{symbol.lower()}@depth@100ms" for symbol in symbols)
            socket = await client.open("binance", "/stream", streams=streams)
            await client.venue.play()
            events = [m["data"] for m in await socket.messages()]
            for symbol in symbols:
                snapshot = next(
                    json.loads(r.payload)
                    for r in client.venue.tape.tracks["binance", symbol].records
                    if not r.stream
                )
                book, last = NaiveBook(), snapshot["lastUpdateId"]
                book.load(snapshot["bids"], snapshot["asks"])
                for event in (e for e in events if e["s"] == symbol and e["u"] > last):
                    assert event["U"] <= last + 1
                    book.apply(event["b"], event["a"])
                    last = event["u"]
                assert book.top() == venue_top(client.venue, f"binance:{symbol}")

    run(main)


def test_spot_times_can_be_asked_for_in_microseconds(
    shared_data: Callable[[str], Path],
) -> None:
    async def main() -> Any:
        async with serving([shared_data("exchange_ws/BINANCE.jsonl.gz")]) as client:
            socket = await client.open(
                "binance", "/stream", streams="nknusdt@depth", timeUnit="MICROSECOND"
            )
            await client.venue.play(20)
            return (await socket.messages())[0]

    assert run(main)["data"]["E"] == 1_633_998_512_068_000
