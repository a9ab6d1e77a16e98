"""What a feed receives, written down and replayed, gives the same features byte for byte."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

import obcore
from obcore.ingest.capture import CaptureWriter
from obcore.ingest.connection import Link, Route
from obcore.ingest.feed import Feed
from obcore.ingest.venue import Stream
from obcore.ingest.venues import VENUES
from obcore.venue import LocalVenue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ETH = "binance-futures:ETHUSDT"
# What remembers too, so that trades and breaks count.
FEATURES = "standard, ofi, oi, last_trade_price, mean(spread, window=20)"
QUIET_S = 0.5


async def captured(
    recording: Path, symbols: list[str], file: Path, *, channels: tuple[str, ...]
) -> dict[str, list[obcore.Update]]:
    """Write down what a feed receives; return the updates that it told meanwhile."""
    updates: dict[str, list[obcore.Update]] = {symbol: [] for symbol in symbols}
    with file.open("wb") as out:
        async with LocalVenue([recording], speed=None, start="call") as venue:
            feed = Feed(
                symbols,
                features=FEATURES,
                channels=channels,
                base_url=venue.base_url,
                tap=CaptureWriter(out),
                capacity=1_000_000,
            )
            async with feed:
                assert feed.events_so_far() == []
                while venue.hub.subscriptions < len(symbols) * len(channels):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                await venue.play(venue.length // 20)
                await asyncio.sleep(QUIET_S)
                await venue.play()
                await asyncio.sleep(QUIET_S)
                for event in feed.events_so_far():
                    if isinstance(event, obcore.Update):
                        updates[event.symbol].append(event)
    return updates


def assert_replayed(file: Path, symbol: str, updates: list[obcore.Update]) -> None:
    table = obcore.Recording(file, symbol=symbol).features(FEATURES)

    absent = np.iinfo(np.int64).min
    sequence = [absent if update.sequence is None else update.sequence for update in updates]
    assert sequence == table.sequence.tolist()
    assert [update.ts_recv_ns for update in updates] == table.ts_recv_ns.tolist()
    live = np.array([update.features for update in updates])
    assert live.tobytes() == table.values.tobytes()


def test_a_live_run_of_the_bundled_recording_is_its_replay(tmp_path: Path) -> None:
    file = tmp_path / "live.jsonl"

    updates = asyncio.run(captured(obcore.sample(), [ETH], file, channels=("depth", "trade")))

    assert len(updates[ETH]) > 2_000
    assert_replayed(file, ETH, updates[ETH])


@pytest.mark.parametrize("name", ["BYBIT_a", "OKX_a", "KRAKEN_a", "DERIBIT"])
def test_a_live_run_of_another_venue_is_its_replay(
    name: str, shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    recording = shared_data(f"exchange_ws/{name}.jsonl.gz")
    symbols = list(LocalVenue([recording]).books)
    file = tmp_path / "live.jsonl"

    updates = asyncio.run(captured(recording, symbols, file, channels=("depth", "trades")))

    assert sum(map(len, updates.values())) > 20
    for symbol in symbols:
        assert_replayed(file, symbol, updates[symbol])


def test_a_line_names_the_documented_address_and_the_nanosecond() -> None:
    file = io.BytesIO()
    write = CaptureWriter(file)
    route = Link(Route(VENUES["okx"], "/ws/v5/public", (Stream("BTC-USDT", "books"),), (0,)))

    write(route, b"", 1_790_000_000_000_000_001)
    write(route, b'{"a":"\xc3\xa9"}', 1_790_000_000_000_000_002)
    write("https://api.binance.com/api/v3/depth?symbol=BTCUSDT", b"{}", 3_000_000_000)

    lines = file.getvalue().decode().splitlines()
    assert json.loads(lines[0])["addr"] == "wss://ws.okx.com:8443/ws/v5/public"
    assert '"ts":1790000000.000000002,' in lines[1]
    assert json.loads(lines[1])["data"] == '{"a":"é"}'
    assert json.loads(lines[2])["url"].endswith("symbol=BTCUSDT")
