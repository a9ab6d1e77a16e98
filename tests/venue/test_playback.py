"""Playback: when messages are sent, to whom, under which names."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import obcore
from obcore.venue import LocalVenue, schedule
from obcore.venue.tape import load_tape
from venue.client import first_lines, run, serving, venue_top

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STREAM = "ethusdt@depth@0ms"


def test_times_are_the_recorded_ones_divided_by_speed(tmp_path: Path) -> None:
    recording = first_lines(obcore.sample(), 1_000, tmp_path)
    speed = 20.0

    async def main() -> tuple[list[float], list[int]]:
        async with serving([recording], speed=speed, start="subscriber") as client:
            loop = asyncio.get_running_loop()
            socket = await client.open("binance-futures", "/stream", streams=STREAM)
            records = [r for r in client.venue.tape.records if r.stream == STREAM]
            arrivals = []
            for _ in records:
                await socket.text()
                arrivals.append(loop.time())
            return arrivals, [r.ts_recv_ns for r in records]

    arrivals, stamps = run(main)
    late = np.array(arrivals) - np.array(stamps) / 1e9 / speed
    assert (stamps[-1] - stamps[0]) / 1e9 / speed > 0.3
    # No lateness adds up: the last message is no later than the first ones were.
    assert np.median(late[-20:]) - np.median(late[:20]) < 0.1
    assert late.min() > late[0] - 0.1


def test_nothing_is_played_before_enough_have_subscribed() -> None:
    async def main() -> None:
        async with serving([obcore.sample()], start="subscriber", start_when=2) as client:
            socket = await client.open("binance-futures", "/public/ws/ethusdt@trade")
            await asyncio.sleep(0.05)
            assert client.venue.position == 0
            other = await client.open("binance-futures", "/public/ws/ethusdt@trade")
            assert await socket.texts() == await other.texts()
            assert client.venue.position == client.venue.length

    run(main)


def test_after_the_tape_connections_stay_open_and_are_answered() -> None:
    async def main() -> None:
        async with serving([obcore.sample()], start="now") as client:
            socket = await client.open("binance-futures", "/ws")
            await client.venue.finished()
            assert client.venue.is_finished
            answer = await socket.answer({"method": "LIST_SUBSCRIPTIONS", "id": 1})
            assert answer == {"result": [], "id": 1}

    run(main)


@pytest.mark.parametrize("arrivals", ["recorded", "poisson"])
def test_copies_are_served_under_made_up_names(tmp_path: Path, arrivals: str) -> None:
    recording = first_lines(obcore.sample(), 400, tmp_path)
    names = [f"ETHUSDT{n:04}" for n in range(1, 6)]

    async def main() -> None:
        async with serving([recording], copies=5, arrivals=arrivals) as client:
            assert client.venue.hub.markets == {"binance-futures": names}
            streams = "/".join(f"{name.lower()}@depth@0ms" for name in names)
            socket = await client.open("binance-futures", "/stream", streams=streams)
            await client.venue.play()
            messages = await socket.messages()
            by_name: dict[str, list[Any]] = {name: [] for name in names}
            for message in messages:
                name = message["data"].pop("s")
                assert message["stream"] == f"{name.lower()}@depth@0ms"
                by_name[name].append(message["data"])
            recorded = [
                json.loads(r.payload)["data"]
                for r in client.venue.tape.records
                if r.stream == STREAM
            ]
            for event in recorded:
                del event["s"]
            assert all(events == recorded for events in by_name.values())
            tops = [venue_top(client.venue, name) for name in names]
            assert all(top == tops[0] for top in tops)
            answer = await client.get(
                "binance-futures", "/fapi/v1/depth", symbol=names[2], limit="5"
            )
            assert answer.status == 200

    run(main)


def test_poisson_arrivals_have_the_rate_and_each_record_once(tmp_path: Path) -> None:
    tape = load_tape([first_lines(obcore.sample(), 2_000, tmp_path)])

    dues = list(schedule.poisson(tape, copies=4, rate=1_000.0, rng=np.random.default_rng(1)))

    times = np.array([due.due_ns for due in dues]) / 1e9
    gaps = np.diff(times)
    assert Counter(due.copy for due in dues) == dict.fromkeys(range(4), len(tape.records))
    assert [due.record for due in dues if due.copy == 2] == tape.records
    assert gaps.mean() == pytest.approx(1e-3, rel=0.05)
    assert gaps.std() == pytest.approx(1e-3, rel=0.1)


def test_two_venues_play_side_by_side(shared_data: Callable[[str], Path]) -> None:
    async def main() -> None:
        recordings = [obcore.sample(), shared_data("exchange_ws/OKX_a.jsonl.gz")]
        async with serving(recordings) as client:
            assert client.venue.venues == [
                "binance-futures", "okx", "coinbase", "tardis", "relay",
            ]  # fmt: skip
            await client.venue.play()
            assert client.venue.books["okx:BTC-USDT"].is_ready
            assert client.venue.books["ETHUSDT"].is_ready
            with pytest.raises(KeyError):
                client.venue.books["NOPE"]
            with pytest.raises(ValueError, match="expected a venue of"):
                client.venue.url("nowhere")

    run(main)


@pytest.mark.parametrize(
    "option",
    [{"start": "never"}, {"speed": 0.0}, {"copies": 0}, {"arrivals": "late"}, {"rate": -1.0}],
)
def test_an_option_that_is_none_is_refused(option: dict[str, Any]) -> None:
    (name,) = option
    with pytest.raises(ValueError, match=f"{name}: expected"):
        LocalVenue([obcore.sample()], **option)
