"""However an engine is fed, and wherever it is saved and restored: the same bytes."""

from __future__ import annotations

import gzip
import random
from functools import cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine_oracle import EVERYTHING
from engine_streams import ETH, SAMPLE, feed, lines_of, recorded, rows_of
from obcore import FeatureEngine, Recording
from obcore.book import Replay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


@cache
def batch() -> bytes:
    return Recording(SAMPLE, instrument=ETH).features(EVERYTHING).values.tobytes()


def by_an_engine() -> bytes:
    engine = FeatureEngine(ETH, EVERYTHING)
    return Recording(SAMPLE, instrument=ETH).features(engine).values.tobytes()


def event_by_event() -> bytes:
    return rows_of(FeatureEngine(ETH, EVERYTHING), recorded([SAMPLE], ETH)).tobytes()


def line_by_line() -> bytes:
    return b"".join(replayed(lines_of(SAMPLE), Replay(features=EVERYTHING, grid=ETH.grid)))


def in_chunks_of_random_sizes() -> bytes:
    content, dice = gzip.decompress(SAMPLE.read_bytes()), random.Random(3)  # noqa: S311
    cuts = [0, *sorted(dice.sample(range(len(content)), 500)), len(content)]
    chunks = [content[start:end] for start, end in pairwise(cuts)]
    return b"".join(replayed(chunks, Replay(features=EVERYTHING, grid=ETH.grid)))


def replayed(chunks: Iterable[bytes], replay: Replay) -> Iterator[bytes]:
    """Rows as they come."""
    replay.begin("live")
    for chunk in chunks:
        replay.feed(chunk)
        yield replay.take_rows()[3].tobytes()
    replay.end()
    replay.finish()
    yield replay.take_rows()[3].tobytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    "way", [by_an_engine, event_by_event, line_by_line, in_chunks_of_random_sizes]
)
def test_live_and_batch_give_the_same_bytes(way: Callable[[], bytes]) -> None:
    expected = batch()

    assert way() == expected
    assert len(expected) == 3_267 * len(FeatureEngine(ETH, EVERYTHING)) * 8


def test_an_engine_is_warmed_up_by_a_recording_and_goes_on_live(tmp_path: Path) -> None:
    lines = list(lines_of(SAMPLE))
    start = tmp_path / "start.txt"
    start.write_bytes(b"".join(lines[:9_000]))
    engine = FeatureEngine(ETH, EVERYTHING)

    warmed = Recording(start, instrument=ETH).features(engine).values
    events = list(recorded([start], ETH))
    live = islice(recorded([SAMPLE], ETH), len(events), None)

    assert warmed.tobytes() + rows_of(engine, live).tobytes() == batch()


@pytest.mark.parametrize("every", ["7", "100ms", "trade"])
def test_a_row_at_any_time_is_the_vector_of_its_state(every: str) -> None:
    names = "stateful, mean(mid_price, window=1s)"
    sample = Recording(SAMPLE, instrument=ETH)
    states = sample.features(names)
    of_state = dict(zip(states.sequence.tolist(), states.values, strict=True))

    found = sample.features(names, every=every)

    expected = np.array([of_state[sequence] for sequence in found.sequence.tolist()])
    assert len(found) > 400
    assert found.values.tobytes() == expected.tobytes()


@pytest.mark.slow
def test_saving_and_restoring_at_a_hundred_places_changes_nothing() -> None:
    events = 3_267 + 1_640
    places = set(random.Random(4).sample(range(events), 100))  # noqa: S311
    engine, found = FeatureEngine(ETH, EVERYTHING), []

    for place, event in enumerate(recorded([SAMPLE], ETH)):
        if place in places:
            saved = engine.save()
            engine = FeatureEngine(ETH, EVERYTHING)
            engine.restore(saved)
            assert engine.save() == saved
            places.remove(place)
        row = feed(engine, event)
        if row is not None:
            found.append(row)

    assert not places
    assert np.array(found).tobytes() == batch()
