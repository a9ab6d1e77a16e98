"""The past in memory is the past: the book of any moment is the one that a replay has then."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

import made_up
import obcore
from data.moments import assert_same_book, moments_of, recordings
from obcore import History, NotCoveredError, ObcoreError, Recording, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from obcore.data.past import Change

SYMBOL = "binance-futures:ETHUSDT"


@pytest.fixture(scope="module")
def sample() -> History:
    history = History()
    history.record(Recording(obcore.sample()), SYMBOL)
    return history


@pytest.mark.parametrize("name", recordings())
def test_the_book_of_any_moment_is_the_one_of_a_replay(
    name: str, shared_data: Callable[[str], Path]
) -> None:
    recording = recordings()[name](shared_data)
    history = History()
    history.record(recording, "venue:X")
    for time_ns in moments_of(history, "venue:X"):
        found = history.state_at("X", time_ns, stale=True)
        assert_same_book(found, recording.book(at=time_ns), time_ns)


def test_an_update_id_names_a_moment_too(sample: History) -> None:
    recording = Recording(obcore.sample())
    ids = np.concatenate([batch.id for batch in sample.batches(SYMBOL)])
    for sequence in np.random.default_rng(2).choice(np.unique(ids[ids > 0]), 20).tolist():
        found = sample.state_at("ETHUSDT", sequence=sequence, stale=True)
        assert_same_book(found, recording.book(sequence=sequence), sequence)


@pytest.mark.parametrize("every", ["event", "100ms", "trade"])
def test_its_features_are_those_of_the_recording_bit_for_bit(
    sample: History, every: str
) -> None:
    names = "standard, stateful"
    found = sample.features("ETHUSDT", names, every=every)
    wanted = Recording(obcore.sample()).features(names, every=every)

    assert found.names == wanted.names
    assert np.array_equal(found.values, wanted.values, equal_nan=True)
    assert np.array_equal(found.ts_recv_ns, wanted.ts_recv_ns)
    assert np.array_equal(found.sequence, wanted.sequence)


def test_states_between_two_moments_follow_each_other(sample: History) -> None:
    start, end = "2024-07-18T23:58:00", "2024-07-18T23:58:03"
    states = list(sample.states("ETHUSDT", start, end))
    changes = list(sample.replay(start, end))

    assert len(states) == len(changes) > 20
    assert [book.ts_recv_ns for book in states] == [change.time_ns for change in changes]
    assert_same_book(states[-1], sample.state_at("ETHUSDT", end), 0)


def test_several_books_come_in_the_order_of_time(sample: History) -> None:
    history = History()
    history.load(sample, "ETHUSDT")
    history.record(Recording(obcore.sample()), "other:ETHUSDT")
    seen: list[Change] = []

    changes = list(
        history.replay("2024-07-18T23:58:00", "2024-07-18T23:58:02", on_change=seen.append)
    )

    times = [change.time_ns for change in changes]
    assert times == sorted(times)
    assert changes == seen
    assert {change.symbol for change in changes} == {SYMBOL, "other:ETHUSDT"}


def test_what_nobody_knows_is_an_error_that_says_so(sample: History) -> None:
    with pytest.raises(NotCoveredError, match="the history has 2024-07-18T23:57:01"):
        sample.state_at("ETHUSDT", "2024-07-18T20:00")
    with pytest.raises(NotCoveredError, match="BUFFERING"):
        sample.state_at("ETHUSDT", "2024-07-18T23:57:01.2")
    assert (
        sample.state_at("ETHUSDT", "2024-07-18T23:57:01.2", stale=True).state.name
        == "BUFFERING"
    )
    with pytest.raises(
        StoreError, match="expected one of binance-futures:ETHUSDT; none is 'BTC'"
    ):
        sample.state_at("BTC", "2024-07-18T23:58")
    with pytest.raises(ValueError, match="expected a time or a sequence"):
        sample.state_at("ETHUSDT")


def test_the_oldest_leaves_first_and_is_told() -> None:
    history = History(max_bytes=200_000)
    history.record(Recording(obcore.sample()), SYMBOL)

    assert history.memory_usage() < 400_000
    assert history.dropped.events > 1_000
    assert history.dropped.until_ns is not None
    with pytest.raises(NotCoveredError, match="events before it were dropped"):
        history.state_at("ETHUSDT", "2024-07-18T23:57:10")
    assert history.state_at("ETHUSDT", "2024-07-18T23:59:59").state.name == "SYNCED"


def test_an_older_recording_behind_a_newer_one_is_refused(tmp_path: Path) -> None:
    history = History()
    history.record(Recording(obcore.sample()), SYMBOL)
    before = history.events

    with pytest.raises(ObcoreError, match="expected what happened later than"):
        history.record(Recording(made_up.write(tmp_path, made_up.IN_SYNC)), SYMBOL)

    assert history.events == before


def test_age_bounds_it_too() -> None:
    history = History(max_age="30s")
    history.record(Recording(obcore.sample()), SYMBOL)

    found = history.coverage("ETHUSDT")
    assert found.first_ns is not None
    assert found.last_ns is not None
    assert 29e9 < found.last_ns - found.first_ns < 45e9


def test_threads_may_read_while_one_writes() -> None:
    history = History(max_bytes=1_000_000)
    failures: list[BaseException] = []
    done = threading.Event()
    reads = []

    def read() -> None:
        try:
            while not done.is_set():
                if history.symbols and history.events:
                    found = history.coverage(SYMBOL)
                    if found.last_ns:
                        history.state_at(SYMBOL, found.last_ns, stale=True)
                        reads.append(found.last_ns)
        except BaseException as error:  # noqa: BLE001  shown below
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    history.record(Recording(obcore.sample()), SYMBOL)
    done.set()
    for reader in readers:
        reader.join()

    assert failures == []
    assert reads == sorted(reads) or len(readers) > 1
