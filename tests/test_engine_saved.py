"""A saved engine: what it is restored to, and the bytes that are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from engine_any_stream import MADE_UP, any_stream
from engine_oracle import TIMED, UNTIMED
from engine_streams import BTC, rows_of, touch, warm
from obcore import DecodeError, FeatureEngine, Instrument, ObcoreError

if TYPE_CHECKING:
    from stateful_stream import Event


@pytest.mark.slow
@given(stream=any_stream(size=20), rest=any_stream(size=20))
def test_a_restored_engine_goes_on_to_the_same_bits_from_any_memory(
    stream: list[Event], rest: list[Event]
) -> None:
    names = ", ".join(UNTIMED + TIMED)
    engine, restored = FeatureEngine(MADE_UP, names), FeatureEngine(MADE_UP, names)
    rows_of(restored, rest)  # what it remembers must not matter
    rows_of(engine, stream)

    restored.restore(engine.save())

    assert restored.states == engine.states
    assert restored.missing == engine.missing
    assert rows_of(restored, rest).tobytes() == rows_of(engine, rest).tobytes()


def check_refused(engine: FeatureEngine, damaged: bytes) -> None:
    before = engine.save()
    with pytest.raises(DecodeError, match="saved state: expected the bytes that save"):
        engine.restore(damaged)
    assert engine.save() == before


def test_any_flipped_byte_of_a_saved_engine_is_noticed_and_changes_nothing() -> None:
    engine, other, saved = warm(), warm(), warm().save()

    for place in range(len(saved)):
        check_refused(engine, saved[:place] + bytes([saved[place] ^ 0x10]) + saved[place + 1 :])

    assert rows_of(engine, [touch(9)]).tobytes() == rows_of(other, [touch(9)]).tobytes()


def test_a_saved_engine_that_was_cut_or_lengthened_is_noticed_and_changes_nothing() -> None:
    engine, other, saved = warm(), warm(), warm().save()

    for length in range(len(saved)):
        check_refused(engine, saved[:length])
    check_refused(engine, saved + b"\0")

    assert rows_of(engine, [touch(9)]).tobytes() == rows_of(other, [touch(9)]).tobytes()


OTHERS = {
    "features": FeatureEngine(BTC, "ofi, oi"),
    "order of features": FeatureEngine(BTC, "return, ofi"),
    "window": FeatureEngine(BTC, "ofi(window=2), return"),
    "depth": FeatureEngine(BTC, "ofi, return", depth=5),
    "tick": FeatureEngine(Instrument("BTCUSDT", "0.01", "0.001"), "ofi, return"),
    "lot": FeatureEngine(Instrument("BTCUSDT", "0.10", "1"), "ofi, return"),
    "mode": FeatureEngine(BTC, "ofi, return", mode="source"),
    "weights": FeatureEngine(BTC, "ofi, return", ofi_weights=[0.5, 0.5]),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_the_memory_of_another_engine_is_refused_and_both_are_described(
    other: FeatureEngine,
) -> None:
    engine = warm("ofi, return")
    before = engine.save()

    with pytest.raises(ObcoreError, match=r"expected .*: ofi, return, .*received .* of ") as e:
        engine.restore(other.save())

    assert not isinstance(e.value, DecodeError)
    assert engine.save() == before
