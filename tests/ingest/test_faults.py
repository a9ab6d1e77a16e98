"""Books that say that they are in sync are right, whatever happens on the way to them.

Each run plays recordings over real sockets, as fast as they are read, and lets go wrong what may:
a venue in a process of its own loses, repeats, reorders, cuts, corrupts and delays messages, hangs
up, acknowledges what it never sends, refuses requests and answers them late or with what is old.
Every state of every book that says SYNCED is held against a table that knows nothing of the core.

``OBCORE_FAULT_SEEDS=10 pytest tests/ingest/test_faults.py -s`` runs ten times as much.
"""

from __future__ import annotations

import gc
import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ingest.fault_run import Run, Total, resources, run
from ingest.oracle import by_arrival, by_okx_id, by_time
from ingest.venue_process import VenueProcess
from obcore.venue.faults import KINDS as FAULT_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)

SEEDS = int(os.environ.get("OBCORE_FAULT_SEEDS", "1"))
RAW = "binance_raw/{}.gz"
COIN = (RAW.format("cm_btcusd_perp_20240808"), RAW.format("cm_btcusd_perp_20240809"))
SPOT = (RAW.format("spot_btcusdt_20240808"), RAW.format("spot_btcusdt_20240809"))
BTC = (RAW.format("usdm_btcusdt_20240808"),)
ETH = (RAW.format("usdm_ethusdt_20240718"), RAW.format("usdm_ethusdt_20240719"))
TRADES = ("depth", "trades")
DEPTH = ("depth",)

LONG = [
    Run(venue="binance-coin", recordings=COIN, copies=2),
    Run(venue="binance", recordings=SPOT, copies=2),
    Run(venue="binance-futures", recordings=BTC, copies=2),
    Run(venue="binance-futures", recordings=ETH, copies=2),
    Run(venue="okx", recordings=ETH, made=True, levels=10, copies=3, channels=DEPTH),
    Run(venue="bybit-linear", recordings=ETH, made=True, channels=DEPTH, part=0.5),
    Run(venue="deribit", recordings=ETH, made=True, copies=3, channels=DEPTH),
    Run(
        venue="coinbase",
        market="binance-futures",
        symbol_of=lambda _: "ETH-USDT",
        recordings=ETH,
        channels=TRADES,
        key_of=by_arrival,
        by_time=True,
        until=True,
    ),
]
# Without ids only what is told, or cannot be read, is known to be missing.
TOLD_FAULTS = (
    "disconnect:0.001", "duplicate:0.001", "corrupt:0.0005", "truncate:0.0005", "cut:0.0002",
    "delay:0.0001:20", "silent:0.02",
)  # fmt: skip
SHORT = [
    Run(
        venue="tardis",
        market="binance-futures",
        symbol_of="binance-futures:{}".format,
        recordings=ETH,
        channels=TRADES,
        key_of=by_time,
        by_time=True,
        unverified=True,
        faults=TOLD_FAULTS,
    ),
    Run(
        venue="bybit-spot",
        recordings=("exchange_ws/BYBIT_a.jsonl.gz",),
        channels=TRADES,
        copies=10,
    ),
    Run(
        venue="bybit-linear",
        recordings=("exchange_ws/BYBIT_a.jsonl.gz",),
        channels=TRADES,
        copies=10,
    ),
    Run(
        venue="okx",
        recordings=("exchange_ws/OKX_a.jsonl.gz",),
        channels=TRADES,
        copies=30,
        key_of=by_okx_id,
    ),
    # Kraken's checksum covers ten levels: what is lost below them nothing tells.
    Run(
        venue="kraken",
        recordings=("exchange_ws/KRAKEN_a.jsonl.gz",),
        channels=TRADES,
        copies=6,
        key_of=by_time,
        by_time=True,
        levels=10,
    ),
    Run(
        venue="deribit",
        recordings=("exchange_ws/DERIBIT.jsonl.gz",),
        channels=TRADES,
        copies=30,
        tail=40,
    ),
]


@pytest.fixture(scope="module")
def process() -> Iterator[VenueProcess]:
    with VenueProcess() as venue:
        yield venue


def play(
    runs: list[Run], seeds: int, process: VenueProcess, shared_data: Callable[[str], Path]
) -> Total:
    total = Total()
    for seed in range(seeds):
        for one in runs:
            paths = [shared_data(name) for name in one.recordings]
            run(replace(one, seed=seed), paths, process, total)
            logger.info("%s: %d messages in %.0f s", one.venue, total.messages, total.seconds)
    print(f"\n{total.report()}")  # noqa: T201
    return total


def test_a_book_in_sync_is_right_and_every_outage_heals(
    process: VenueProcess,
    shared_data: Callable[[str], Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = resources()
    with caplog.at_level(logging.ERROR):
        total = play(LONG + SHORT, SEEDS, process, shared_data)
    gc.collect()
    after = resources()

    assert total.complaints == []
    assert total.corrections == 0
    assert total.compared > 100_000 * SEEDS
    assert total.messages > 200_000 * SEEDS
    assert sum(total.faults.values()) > 500 * SEEDS
    assert set(total.faults) == set(FAULT_KINDS)
    # A message that was lost while a book was in sync was told, and nothing else was.
    assert total.holes > 50 * SEEDS
    assert total.events["Gap"] == total.gaps >= total.holes
    # No task was forgotten with an error in it, and no thread, socket or file was left open.
    assert [r for r in caplog.records if r.name == "asyncio"] == []
    assert after.descriptors == before.descriptors
    assert after.threads == before.threads


def test_memory_stays_flat(process: VenueProcess, shared_data: Callable[[str], Path]) -> None:
    """What one run needs, the next ones need again: nothing is kept of what went wrong."""
    one = Run(venue="binance-coin", recordings=COIN)
    play([one], 2, process, shared_data)  # tables, tapes and pools are made here
    gc.collect()
    before = resources().resident_bytes
    total = Total()
    paths = [shared_data(name) for name in one.recordings]
    for seed in range(2, 2 + 4 * SEEDS):
        run(replace(one, seed=seed), paths, process, total)
    gc.collect()
    grown = resources().resident_bytes - before
    print(f"\n{total.report()}\n{grown / 2**20:+.1f} MiB")  # noqa: T201

    assert total.complaints == []
    assert total.messages > 100_000 * SEEDS
    assert grown < 16 * 2**20
