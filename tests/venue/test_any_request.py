"""Whatever a client sends, a venue answers and goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

import obcore
from venue.client import Client, run, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORDS = ("op", "method", "type", "event", "channel")
VERBS = (
    "subscribe", "unsubscribe", "SUBSCRIBE", "UNSUBSCRIBE", "SET_PROPERTY", "authenticate",
    "public/subscribe", "public/unsubscribe", "public/set_heartbeat", "bts:subscribe",
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None,
    7,
    "",
    "x",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"channel": []},
    {"channels": [[], "a.b"]},
)
PATHS = {
    "binance-futures": "/ws", "bybit": "/v5/public/linear", "okx": "/ws/v5/public",
    "kraken": "/v2", "deribit": "/ws/api/v2", "bitstamp": "", "coinbase": "", "relay": "",
}  # fmt: skip


def odd_requests() -> list[str]:
    requests = ["", "x", "[]", "null", "7", '"x"', "{", "{}"]
    for verb in VERBS:
        for value in ODD:
            request = {word: verb for word in WORDS if word != "channel"}
            fields = ("params", "args", "data", "symbols", "product_ids", "channel", "id")
            requests.append(json.dumps(request | dict.fromkeys(fields, value)))
            params = {"channel": "book", "symbol": value, "depth": value}
            requests.append(json.dumps(request | {"params": params, "channel": "level2"}))
    return requests


@pytest.mark.parametrize("venue", PATHS)
def test_no_request_breaks_a_connection(
    shared_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, venue: str
) -> None:
    names = ["BYBIT_a", "OKX_a", "KRAKEN_a", "DERIBIT", "BITSTAMP"]
    captures = [shared_data(f"exchange_ws/{name}.jsonl.gz") for name in names]
    # Else Binance hangs up on so many at once.
    monkeypatch.setattr("obcore.venue.protocols.base.Endpoint._is_flood", lambda *_: False)

    async def main() -> None:
        async with serving([obcore.sample(), *captures]) as client:
            socket = await client.open(venue, PATHS[venue])
            await socket.send({"type": "authenticate"}, *odd_requests())
            answers = await socket.texts()
            assert len(answers) > 20
            assert not socket.socket.closed

    run(main)


async def open_by_hand(client: Client) -> aiohttp.ClientWebSocketResponse:
    url = client.venue.url("binance-futures") + "/ws"
    return await client.http.ws_connect(url, autoping=False)


def test_a_ping_gets_its_payload_back() -> None:
    async def main() -> None:
        async with serving([obcore.sample()]) as client:
            socket = await open_by_hand(client)
            await socket.ping(b"echo")
            message = await socket.receive(5.0)
            assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, b"echo")

    run(main)


def test_the_venue_pings_at_its_documented_pace() -> None:
    async def main() -> None:
        async with serving([obcore.sample()]) as client:
            socket = await open_by_hand(client)
            await socket.send_str('{"method":"LIST_SUBSCRIPTIONS"}')
            await socket.receive(5.0)
            (session,) = client.venue.hub.sessions
            for second in range(1, 181):
                session.on_tick(second)
            session.flush()
            assert (await socket.receive(5.0)).type is aiohttp.WSMsgType.PING
            await socket.pong()

    run(main)
