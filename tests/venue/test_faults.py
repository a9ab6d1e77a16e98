"""Faults: as often as asked, counted, the same for the same seed."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

import obcore
from obcore.venue import Fault
from venue.client import Client, run, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from obcore.venue import Done

STREAM = "ethusdt@bookTicker"


async def listen(client: Client, stream: str = STREAM) -> tuple[list[str], Any]:
    """Play all to one listener."""
    socket = await client.open("binance-futures", "/stream", streams=stream)
    return await socket.texts_of_the_rest(), socket


def served(
    recording: Path, *faults: Fault | str, seed: int = 0
) -> tuple[list[str], list[Done]]:
    async def main() -> tuple[list[str], list[Done]]:
        async with serving([recording], faults=faults, seed=seed) as client:
            texts, _ = await listen(client)
            counts = client.venue.faults.counts
            log = list(client.venue.faults.log)
            assert sum(counts.values()) == len(log)
            return texts, log

    return run(main)


def update_ids(texts: list[str]) -> list[int]:
    return [json.loads(text)["data"]["u"] for text in texts]


@pytest.fixture(scope="module")
def clean(short_sample: Path) -> list[str]:
    return served(short_sample)[0]


@pytest.mark.parametrize("kind", ["drop", "duplicate", "reorder", "truncate", "corrupt"])
def test_a_fault_happens_as_often_as_asked(
    short_sample: Path, kind: str, clean: list[str]
) -> None:
    texts, log = served(short_sample, f"{kind}:0.05", seed=3)

    count = len(clean)
    assert count > 2_000
    assert abs(len(log) - 0.05 * count) < 5 * (0.05 * 0.95 * count) ** 0.5
    assert {(done.kind, done.market) for done in log} == {(kind, "binance-futures")}
    assert all(done.where == "binance-futures#1" for done in log)
    match kind:
        case "drop":
            assert len(texts) == count - len(log)
            assert set(texts) <= set(clean)
        case "duplicate":
            assert len(texts) == count + len(log)
            assert sum(a == b for a, b in pairwise(texts)) >= len(log)
        case "reorder":
            assert sorted(texts) == sorted(clean)
            ids = update_ids(texts)
            later = sum(a > b for a, b in pairwise(ids))
            assert later == len(log)
        case _:
            broken = [text for text in texts if not is_json(text)]
            assert len(broken) == len(log)
            assert len(texts) == count


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def test_the_same_seed_gives_the_same_faults_and_another_does_not(
    short_sample: Path,
) -> None:
    faults = ["drop:0.01", "corrupt:0.01", "reorder:0.01"]

    first, log = served(short_sample, *faults, seed=5)
    again, log_again = served(short_sample, *reversed(faults), seed=5)
    other, _ = served(short_sample, *faults, seed=6)

    assert first == again
    assert log == log_again
    assert first != other


def test_one_fault_does_not_change_when_another_happens(short_sample: Path) -> None:
    _, alone = served(short_sample, "drop:0.01", seed=5)
    _, together = served(short_sample, "drop:0.01", "duplicate:0.2", seed=5)

    assert [d for d in together if d.kind == "drop"] == alone


def test_a_schedule_hits_exactly_those_messages(short_sample: Path, clean: list[str]) -> None:
    texts, log = served(short_sample, Fault("drop", at=(0, 10, 2_000)))

    kept = set(texts)
    missing = [i for i, text in enumerate(clean) if text not in kept]
    assert missing == [0, 10, 2_000]
    assert len(log) == 3


def test_a_fault_can_be_kept_to_a_channel(short_sample: Path, clean: list[str]) -> None:
    texts, log = served(short_sample, Fault("drop", 1.0, channel="depth"))

    assert texts == clean
    assert log == []


def test_a_delay_holds_a_message_and_all_behind_it(clean: list[str]) -> None:
    async def main() -> tuple[list[str], float]:
        fault = Fault("delay", at=(5,), value=300.0)
        async with serving([obcore.sample()], faults=[fault]) as client:
            loop = asyncio.get_running_loop()
            socket = await client.open("binance-futures", "/stream", streams=STREAM)
            started = loop.time()
            await client.venue.play(50)
            before = await socket.texts(5)
            assert await socket.texts() == []
            await socket.texts(1)
            return before, loop.time() - started

    before, waited = run(main)
    assert before == clean[:5]
    assert waited > 0.29


def test_a_cut_ends_the_connection_without_a_word(short_sample: Path, clean: list[str]) -> None:
    async def main() -> None:
        async with serving([short_sample], faults=["cut:#700"]) as client:
            texts, socket = await listen(client)
            assert texts == clean[:700]
            assert socket.socket.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE
            again = await client.open("binance-futures", "/ws")
            assert (await again.answer({"method": "LIST_SUBSCRIPTIONS"}))["result"] == []

    run(main)


def test_a_spot_shutdown_is_announced(shared_data: Callable[[str], Path]) -> None:
    async def main() -> None:
        path = shared_data("exchange_ws/BINANCE.jsonl.gz")
        async with serving([path], faults=["shutdown:#3"]) as client:
            socket = await client.open("binance", "/stream", streams="nknusdt@depth@100ms")
            await client.venue.play()
            *_, last = await socket.messages()
            assert last["stream"] == "!serverShutdown"
            assert last["data"].keys() == {"e", "E"}
            assert last["data"]["e"] == "serverShutdown"
            assert socket.close_type is aiohttp.WSMsgType.CLOSE

    run(main)


def test_a_silent_subscription_is_acknowledged_and_nothing_comes() -> None:
    async def main() -> None:
        async with serving([obcore.sample()], faults=["silent:#0"]) as client:
            socket = await client.open("binance-futures", "/ws")
            request = {"method": "SUBSCRIBE", "params": [STREAM], "id": 1}
            assert await socket.answer(request) == {"result": None, "id": 1}
            await client.venue.play(500)
            assert await socket.texts() == []
            assert await socket.answer(request) == {"result": None, "id": 1}
            await client.venue.play(500)
            assert len(await socket.texts()) > 100
            assert client.venue.faults.counts == {"silent": 1}

    run(main)


@pytest.mark.parametrize(
    ("kind", "status"), [("refuse_429", 429), ("refuse_418", 418), ("error_500", 500)]
)
def test_a_request_is_refused(kind: str, status: int) -> None:
    async def main() -> None:
        async with serving([obcore.sample()], faults=[Fault(kind, at=(0,), value=9)]) as client:
            first, second = [
                await client.get("binance-futures", "/fapi/v1/depth", symbol="ETHUSDT")
                for _ in range(2)
            ]
            assert (first.status, second.status) == (status, 200)
            assert first.headers.get("Retry-After") == (None if status == 500 else "9")
            (done,) = client.venue.faults.log
            assert (done.kind, done.where) == (kind, "ETHUSDT")

    run(main)


def test_a_snapshot_is_slow_or_old() -> None:
    async def main() -> None:
        faults = [Fault("slow_snapshot", at=(0,), value=0.2), "stale_snapshot:#1:40"]
        async with serving([obcore.sample()], faults=faults) as client:
            loop = asyncio.get_running_loop()
            await client.venue.play(4_000)
            listing = client.venue.hub.listings["binance-futures", "ETHUSDT"]
            started = loop.time()
            now, old = [
                await client.get("binance-futures", "/fapi/v1/depth", symbol="ETHUSDT")
                for _ in range(2)
            ]
            assert loop.time() - started > 0.2
            assert now.json["lastUpdateId"] == listing.book.last_id
            assert old.json["lastUpdateId"] == listing.book_before(40).last_id
            assert old.json["lastUpdateId"] < now.json["lastUpdateId"]

    run(main)


@pytest.mark.parametrize("text", ["drop", "drop:2", "nothing:0.1", "drop:#", "drop:0.1:x", ""])
def test_a_fault_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Fault.parse(text)
