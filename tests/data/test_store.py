"""A store gives back what was recorded: every state, exactly, whatever happened while writing."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import made_up
import obcore
from data.moments import assert_same_book, moments_of, recordings
from obcore import (
    DecodeError,
    History,
    Instrument,
    NotCoveredError,
    Recording,
    Store,
    StoreError,
    write_store,
)
from obcore.data.store.manifest import load, locked, save

if TYPE_CHECKING:
    from collections.abc import Callable

KILLS = int(os.environ.get("OBCORE_KILLS", "3"))
ETH = "binance-futures:ETHUSDT"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store")
    write_store(obcore.sample(), path)
    return path


# ---- What was recorded is what is read ------------------------------------------------------


@pytest.mark.parametrize("name", recordings())
def test_the_book_of_any_moment_is_the_one_of_a_replay(
    name: str, shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    recording = recordings()[name](shared_data)
    write_store(recording.inputs, tmp_path, symbol=recording.symbol or None, venue="venue")
    store = Store(tmp_path)
    (symbol,) = store.symbols
    for time_ns in moments_of(store, symbol):
        found = store.state_at(symbol, time_ns, stale=True)
        assert_same_book(found, recording.book(at=time_ns), time_ns)


@pytest.mark.parametrize("every", ["event", "100ms", "trade"])
def test_its_features_are_those_of_the_recording_bit_for_bit(root: Path, every: str) -> None:
    names = "standard, stateful"
    found = Store(root).features("ETHUSDT", names, every=every)
    wanted = Recording(obcore.sample()).features(names, every=every)

    assert found.names == wanted.names
    assert np.array_equal(found.values, wanted.values, equal_nan=True)
    assert np.array_equal(found.ts_event_ns, wanted.ts_event_ns)
    assert np.array_equal(found.ts_recv_ns, wanted.ts_recv_ns)
    assert np.array_equal(found.sequence, wanted.sequence)


def test_disk_and_memory_tell_the_same_changes(root: Path) -> None:
    history = History()
    history.record(Recording(obcore.sample()), ETH)
    start, end = "2024-07-18T23:58:00", "2024-07-18T23:58:05"
    on_disk = list(Store(root).replay(start, end))
    in_memory = list(history.replay(start, end))

    assert len(on_disk) > 30
    assert [c.time_ns for c in on_disk] == [c.time_ns for c in in_memory]
    for one, other in zip(on_disk, in_memory, strict=True):
        for side in obcore.Side:
            assert one.levels(side) == other.levels(side)
        assert one.state is other.state


def test_a_history_may_be_loaded_from_a_store(root: Path) -> None:
    store, history = Store(root), History()
    history.load(store, "ETHUSDT", "2024-07-18T23:58")
    for at in ("2024-07-18T23:58:00", "2024-07-18T23:58:30.5", "2024-07-18T23:59:30"):
        assert_same_book(history.state_at("ETHUSDT", at), store.state_at("ETHUSDT", at), 0)


def test_an_update_id_names_a_moment_too(root: Path) -> None:
    store, recording = Store(root), Recording(obcore.sample())
    ids = np.concatenate([batch.id for batch in store.batches(ETH)])
    for sequence in np.random.default_rng(2).choice(np.unique(ids[ids > 0]), 10).tolist():
        found = store.state_at("ETHUSDT", sequence=sequence, stale=True)
        if found.reason != "the recording ends":
            assert_same_book(found, recording.book(sequence=sequence), sequence)


def test_behind_the_end_nothing_is_known(root: Path) -> None:
    store = Store(root)
    with pytest.raises(NotCoveredError, match="STALE: the recording ends"):
        store.state_at("ETHUSDT", "2024-07-19T12:00")
    assert store.state_at("ETHUSDT", "2024-07-19T12:00", stale=True).state.name == "STALE"
    with pytest.raises(NotCoveredError, match="the store has 2024-07-18T23:57:01"):
        store.state_at("ETHUSDT", "2024-07-18T12:00")


def test_coverage_tells_gaps_and_why(tmp_path: Path) -> None:
    path = made_up.write(tmp_path, made_up.GAPPY)
    write_store(path, tmp_path / "store")

    found = Store(tmp_path / "store").coverage("ETHUSDT")

    told = [(one.state, round(one.seconds, 3)) for one in found.stretches]
    assert told == [
        ("BUFFERING", 1.0),
        ("SYNCED", 6.0),
        ("GAP", 2.0),
        ("SYNCED", 1.0),
    ]
    assert found.gaps[1].reason == "deltas are missing: expected pu 17, received 19"
    assert round(found.covered, 3) == 0.7


# ---- Files that others read -----------------------------------------------------------------


def test_pandas_reads_the_files_as_they_are(root: Path) -> None:
    depth = pd.read_parquet(root / "depth")
    trades = pd.read_parquet(root / "trades")

    assert set(depth["venue"]) == {"binance-futures"}
    assert depth["time_ns"].dropna().is_monotonic_increasing
    assert len(trades) == 1640
    told = sum(len(prices) for prices in depth["bid_price"])
    assert told == sum(int(b.bid_offsets[-1]) for b in Store(root).batches(ETH))


def test_sql_answers_what_the_arrays_say(root: Path) -> None:
    store = Store(root)
    spread = Recording(obcore.sample()).features("spread")["spread"]

    ((count, first),) = store.sql(
        "select count(*), round(min(ask - bid), 2) from bbo"
    ).fetchall()
    assert (count, first) == (len(spread), 0.01)
    ((told,),) = store.sql("select count(*) from levels").fetchall()
    assert told == sum(batch.updates for batch in store.batches(ETH))
    ((size,),) = store.sql("select sum(lots) from trades").fetchall()
    assert size == sum(int(batch.size.sum()) for batch in store.trade_batches(ETH))
    states = store.sql("select state from gaps order by first_ns").fetchall()
    assert [state for (state,) in states] == ["BUFFERING", "STALE"]
    with pytest.raises(StoreError, match="syntax error"):
        store.sql("selct 1")


# ---- Writing --------------------------------------------------------------------------------


def test_what_is_there_is_not_written_twice(root: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*.parquet")}

    again = write_store(obcore.sample(), root)

    assert not again.is_new
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*.parquet")} == before


def test_another_recording_of_the_same_time_is_refused(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.gz"
    copy.write_bytes(Path(obcore.sample()).read_bytes())

    with pytest.raises(StoreError, match=r"the store has .* of the same time"):
        write_store(copy, root)


def test_two_processes_may_not_write_one_symbol(tmp_path: Path) -> None:
    mine = f"is being written by process {os.getpid()}"
    with (
        locked(tmp_path, "binance-futures", "ETHUSDT"),
        pytest.raises(StoreError, match=mine),
    ):
        write_store(obcore.sample(), tmp_path)


def test_trades_stay_with_their_recording_in_whatever_order_it_comes(tmp_path: Path) -> None:
    earlier = made_up.write(tmp_path, made_up.GAPPY)
    root = tmp_path / "store"
    for path in (obcore.sample(), earlier):
        write_store(path, root)
    names = "standard, stateful"

    store = Store(root)
    found = store.features("ETHUSDT", names)

    # In the units of the store: a coarser grid rounds a quotient elsewhere.
    grid = store.grid("ETHUSDT")
    instrument = Instrument("ETHUSDT", grid.tick, grid.lot)
    wanted = [
        Recording(path, instrument=instrument).features(names).values
        for path in (earlier, obcore.sample())
    ]
    assert np.array_equal(found.values, np.concatenate(wanted), equal_nan=True)
    at = "2024-01-01"  # between the two
    with pytest.raises(NotCoveredError, match="the recording ends"):
        store.state_at("ETHUSDT", at)


def test_files_move_onto_a_finer_grid_when_one_turns_up(tmp_path: Path) -> None:
    coarse = made_up.write(tmp_path, made_up.IN_SYNC, name="coarse")
    finer = (
        made_up.delta(100, 9, 11, 8, bids=[("99.905", "2.5")]),
        made_up.snapshot(101, 10, [("99.901", "1.0")], [("100.102", "3.0001")]),
        made_up.delta(102, 12, 13, 11, bids=[("100.003", "1.5")]),
    )
    fine = made_up.write(tmp_path, finer, name="fine")
    root = tmp_path / "store"
    write_store(coarse, root)
    before = Store(root).grid("ETHUSDT")

    write_store(fine, root)

    store = Store(root)
    assert store.grid("ETHUSDT").tick != before.tick
    for path in (coarse, fine):
        summary = Recording(path).summary()
        at = summary.counts["recv_clock"]["last_ns"]
        found, wanted = store.state_at("ETHUSDT", at), Recording(path).book(at=at)
        assert_same_book(found, wanted, at)
    store.verify()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    write_store(obcore.sample(), tmp_path)
    (file,) = tmp_path.glob("depth/**/*.parquet")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)

    with pytest.raises(StoreError, match="expected sha256"):
        Store(tmp_path).verify()
    file.unlink()
    with pytest.raises(StoreError, match="is missing"):
        Store(tmp_path).state_at("ETHUSDT", "2024-07-18T23:58")


def test_rows_that_cannot_be_are_refused(root: Path) -> None:
    from obcore.book import ChangePlayer  # noqa: PLC0415

    batch = next(iter(Store(root).batches(ETH)))
    offsets = batch.bid_offsets.copy()
    offsets[1] = 1 << 40
    with pytest.raises(DecodeError, match="offsets"):
        ChangePlayer(Store(root).grid(ETH)).play(replace(batch, bid_offsets=offsets))
    bad = np.full_like(batch.kind, 9)
    with pytest.raises(DecodeError, match="kind"):
        ChangePlayer(Store(root).grid(ETH)).play(replace(batch, kind=bad))


def test_a_newer_store_says_so(tmp_path: Path) -> None:
    write_store(obcore.sample(), tmp_path)
    (path,) = tmp_path.glob("_obcore/*/*.json")
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"schema": 2}))

    with pytest.raises(StoreError, match="a newer obcore wrote it"):
        Store(tmp_path).coverage("ETHUSDT")


def test_a_folder_without_a_store_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="obcore ingest"):
        Store(tmp_path)


def test_a_run_that_was_killed_is_finished_by_the_next(root: Path, tmp_path: Path) -> None:
    """Killed at random moments; what is there is never wrong, and the files end up the same."""
    command = [sys.executable, "-m", "obcore.cli", "ingest", str(obcore.sample()), "-o"]
    began = time.monotonic()
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    whole = time.monotonic() - began
    dice = random.Random(4)  # noqa: S311  not a secret
    wanted = Recording(obcore.sample()).book(at="2024-07-18T23:58:00")
    killed = 0
    for number in range(KILLS):
        target = tmp_path / str(number)
        process = subprocess.Popen(
            [*command, str(target)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(dice.uniform(0.3, 1.0) * whole)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        with suppress(StoreError, NotCoveredError):  # it may have nothing yet
            assert_same_book(
                Store(target).state_at("ETHUSDT", "2024-07-18T23:58:00"), wanted, 0
            )
        write_store(obcore.sample(), target)
        assert _hashes(target) == _hashes(root)
        assert list(target.rglob("*.tmp")) == []
    print(f"{killed} of {KILLS} were killed before they ended")  # noqa: T201


def test_files_that_are_whole_are_kept_by_the_next_run(tmp_path: Path) -> None:
    write_store(obcore.sample(), tmp_path)
    manifest = load(tmp_path, "binance-futures", "ETHUSDT")
    (recording,) = manifest.recordings
    save(
        tmp_path,
        replace(
            manifest, recordings=[replace(recording, complete=False, files=recording.files[:1])]
        ),
    )
    kept = tmp_path / recording.files[0].path
    before = kept.stat().st_mtime_ns

    done = write_store(obcore.sample(), tmp_path)

    assert done.is_new
    assert kept.stat().st_mtime_ns == before
    assert load(tmp_path, "binance-futures", "ETHUSDT").files("trades")


def _hashes(root: Path) -> dict[str, str]:
    manifest = load(root, "binance-futures", "ETHUSDT")
    return {
        file.path: file.sha256 for kind in ("depth", "trades") for file in manifest.files(kind)
    }
