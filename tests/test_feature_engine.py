"""The engine of features: exact, the same however it is fed, and blind to what comes later.

The oracle is ``stateful_reference.py``: fractions over the whole history, and nothing shared
with the C++.
"""

from __future__ import annotations

import gzip
import json
import math
import random
import re
import threading
from fractions import Fraction
from functools import cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given

import engine_streams as streams
import made_up
import obcore
from engine_streams import (
    MS,
    START,
    as_pictures,
    feed,
    fractions_of,
    is_trade,
    lines_of,
    recorded,
    rows_of,
    show,
)
from obcore import Book, DecodeError, FeatureEngine, Instrument, ObcoreError, Recording, Side
from obcore.book import Replay
from stateful_reference import STATEFUL, Break, Picture, Trade, rows, source_trade_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from engine_streams import Floats
    from stateful_reference import Event

SAMPLE = obcore.sample()
ETH = Instrument("ETHUSDT", "0.01", "0.001")
BTC = Instrument("BTCUSDT", "0.10", "0.001")
SMALL = Instrument("X", "0.1", "0.001", nonpositive_prices=True)

NESTED = (
    "z_score(ofi_2(window=5), window=1s)",
    "mean(mid_price, window=1s)",
    "std(mid_price, window=50)",
    "ofi(window=500ms)",
    "integrated_ofi(window=1s)",
    "realised_volatility(window=1s)",
    "return(horizon=1s)",
    "bid_arrival_rate(window=1s)",
    "trend(oi, fast=500ms, slow=20)",
)
EVERYTHING = ", ".join(["all, stateful", *NESTED])
RUNNING = ("mean", "std", "z_score", "trend", "realised_volatility")


def exact_rows(
    stream: Iterable[Event],
    names: Sequence[str],
    instrument: Instrument,
    *,
    source: bool = False,
) -> Floats:
    found = rows(stream, names, source=source, **fractions_of(instrument))
    return np.array([list(row.values()) for row in found]).reshape(-1, len(names))


def wrong(
    names: Sequence[str], found: Floats, exact: Floats
) -> dict[str, tuple[int, float, float]]:
    """Where a feature first misses: the row, what was found there and what should have been."""
    assert found.shape == exact.shape
    within = np.array([1e-9 if name.startswith(RUNNING) else 1e-12 for name in names])
    missed = ~((np.abs(found - exact) <= within * np.abs(exact)) | (found == exact))
    missed &= ~(np.isnan(found) & np.isnan(exact))
    first = {j: int(missed[:, j].argmax()) for j in np.flatnonzero(missed.any(axis=0)).tolist()}
    return {names[j]: (i, float(found[i, j]), float(exact[i, j])) for j, i in first.items()}


# Against the oracle.


class Market(NamedTuple):
    files: list[str]
    instrument: Instrument
    states: int = 1_000


SHARED = {
    "usdm_btcusdt": Market(["usdm_btcusdt_20240808"], BTC),
    "usdm_ethusdt": Market(["usdm_ethusdt_20240718", "usdm_ethusdt_20240719"], ETH),
    "spot_btcusdt": Market(
        ["spot_btcusdt_20240808", "spot_btcusdt_20240809"],
        Instrument("BTCUSDT", "0.01", "0.00000001"),
    ),
    "cm_btcusd": Market(
        ["cm_btcusd_perp_20240808", "cm_btcusd_perp_20240809"],
        Instrument("BTCUSD_PERP", "0.1", "1"),
        states=1_900,  # in which there are forty trades
    ),
}


def check_recording(
    paths: list[Path], instrument: Instrument, states: int, skipped: int = 0
) -> None:
    """The first states, or those of ``states`` behind as many as are skipped."""
    names = (*STATEFUL, *NESTED)
    stream = as_pictures(recorded(paths, instrument))
    if skipped:
        stream = from_state(stream, skipped)
    taken = list(first_states(stream, states))

    found = rows_of(FeatureEngine(instrument, ", ".join(names)), taken)

    exact = exact_rows(taken, names, instrument)
    assert wrong(names, found, exact) == {}
    assert len(exact) == states
    assert np.isfinite(exact[-1]).all()
    if not skipped:
        table = Recording(paths, instrument=instrument).features(names)
        assert table.names == names
        assert table.values[:states].tobytes() == found.tobytes()


def first_states(stream: Iterable[Event], count: int) -> Iterator[Event]:
    for event in stream:
        yield event
        count -= isinstance(event, Picture)
        if count == 0:
            return


def from_state(stream: Iterable[Event], count: int) -> Iterator[Event]:
    """Goes on behind the first so many states."""
    stream = iter(stream)
    for _ in first_states(stream, count):
        pass
    return stream


@pytest.mark.slow
def test_the_features_of_the_sample_are_those_of_the_definitions() -> None:
    check_recording([SAMPLE], ETH, states=1_000)


@pytest.mark.slow
@pytest.mark.parametrize("market", SHARED.values(), ids=SHARED)
def test_the_features_of_shared_recordings_are_those_of_the_definitions(
    shared_data: Callable[[str], Path], market: Market
) -> None:
    paths = [shared_data(f"binance_raw/{name}.gz") for name in market.files]

    check_recording(paths, market.instrument, market.states)


@pytest.mark.slow
def test_from_one_day_into_the_next_the_features_are_those_of_the_definitions(
    shared_data: Callable[[str], Path],
) -> None:
    paths = [shared_data(f"binance_raw/{name}.gz") for name in SHARED["usdm_ethusdt"].files]
    assert Recording(paths[0], instrument=ETH).summary().states == 3_267

    check_recording(paths, ETH, states=600, skipped=3_000)


TRADE_FEATURES = STATEFUL[STATEFUL.index("interval_buy") : STATEFUL.index("mean(obi_1)")]
UNTIMED = (
    "ofi",
    "ofi_2(window=3)",
    "integrated_ofi(window=2)",
    *TRADE_FEATURES,
    "mean(obi_1, window=3)",
    "std(obi_1, window=3)",
    "z_score(obi_1, window=3)",
    "trend(obi_1, fast=2, slow=4)",
    "realised_volatility(window=3)",
    "return",
    "return(horizon=3)",
    "bid_arrival_rate(window=3)",
    "bid_depletion_rate(window=1)",
    "ask_arrival_rate(window=4)",
    "ask_depletion_rate(window=2)",
    "std(mid_price, window=4)",
    "mean(vi, window=2)",
    "z_score(ofi_2(window=2), window=3)",
)
TIMED = (
    "ofi(window=20ms)",
    "integrated_ofi(window=5ms)",
    "mean(mid_price, window=10ms)",
    "std(mid_price, window=1s)",
    "z_score(obi_1, window=50ms)",
    "trend(oi, fast=20ms, slow=3)",
    "realised_volatility(window=1s)",
    "return(horizon=10ms)",
    "bid_arrival_rate(window=1s)",
    "bid_depletion_rate(window=20ms)",
    "ask_arrival_rate(window=3ms)",
    "ask_depletion_rate(window=1ns)",
)


def check_made_up(stream: list[Event], names: Sequence[str]) -> None:
    found = rows_of(FeatureEngine(SMALL, ", ".join(names)), stream)

    assert wrong(names, found, exact_rows(stream, names, SMALL)) == {}


@pytest.mark.slow
@given(stream=streams.streams())
def test_any_stream_has_the_features_of_the_definitions(stream: list[Event]) -> None:
    check_made_up(stream, UNTIMED + TIMED)


@pytest.mark.slow
@given(stream=streams.streams(bare_states=True))
def test_states_without_any_time_have_the_features_of_the_definitions(
    stream: list[Event],
) -> None:
    check_made_up(stream, UNTIMED)


@pytest.mark.slow
@given(stream=streams.streams())
def test_mode_source_has_the_features_of_its_definitions(stream: list[Event]) -> None:
    engine = FeatureEngine(SMALL, ", ".join(TRADE_FEATURES), mode="source")

    found = rows_of(engine, stream)

    exact = exact_rows(stream, TRADE_FEATURES, SMALL, source=True)
    assert wrong(TRADE_FEATURES, found, exact) == {}


def touch(
    at: int | None, bids: Sequence[tuple[int, int]] = ((1000, 5),), recv: int | None = None
) -> Event:
    """A touch of 100.0 and 100.2 in tenths; times in ms after the start."""
    return Picture(bids, [(1002, 5)], ns(at), ns(recv))


def buy(at: int | None, size: int = 1, price: int = 1002, recv: int | None = None) -> Event:
    return Trade(price, size, True, ns(at), ns(recv))


def sell(at: int | None, size: int = 1, price: int = 1000, recv: int | None = None) -> Event:
    return Trade(price, size, False, ns(at), ns(recv))


def ns(ms: int | None) -> int | None:
    return None if ms is None else START + ms * MS


def column(stream: Iterable[Event], name: str, **options: Any) -> list[float]:
    column: list[float] = rows_of(FeatureEngine(BTC, name, **options), stream)[:, 0].tolist()
    return column


def same(values: Sequence[float]) -> object:
    return pytest.approx(values, rel=1e-14, abs=0, nan_ok=True)


def test_what_happens_equally_often_on_both_sides_has_an_imbalance_of_exactly_zero() -> None:
    # Means of equal numbers over more of them on one side: their difference must not be 1e-33.
    buys, sells = [buy(10 * i, 3) for i in range(9)], [sell(10 * i, 3) for i in range(4)]
    stream = [*buys, *sells, touch(99)]

    found = [column(stream, name) for name in ("oi", "qi", "vi")]

    assert found == [[0.0], [0.0], [0.0]]


# However it is fed.


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


# Saved and restored.


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


@pytest.mark.slow
@given(stream=streams.streams(size=20), rest=streams.streams(size=20))
def test_a_restored_engine_goes_on_to_the_same_bits_from_any_memory(
    stream: list[Event], rest: list[Event]
) -> None:
    names = ", ".join(UNTIMED + TIMED)
    engine, restored = FeatureEngine(SMALL, names), FeatureEngine(SMALL, names)
    rows_of(restored, rest)  # what it remembers must not matter
    rows_of(engine, stream)

    restored.restore(engine.save())

    assert restored.states == engine.states
    assert restored.missing == engine.missing
    assert rows_of(restored, rest).tobytes() == rows_of(engine, rest).tobytes()


def warm(features: str, instrument: Instrument = BTC, **options: Any) -> FeatureEngine:
    engine = FeatureEngine(instrument, features, **options)
    rows_of(engine, [buy(1), touch(2), sell(3), touch(4, [(1000, 7)]), buy(4)])
    return engine


FEW = "ofi(window=2), oi, mean(obi_1, window=1s), return, last_trade_price"


def check_refused(engine: FeatureEngine, damaged: bytes) -> None:
    before = engine.save()
    with pytest.raises(DecodeError, match="saved state: expected the bytes that save"):
        engine.restore(damaged)
    assert engine.save() == before


def test_any_flipped_byte_of_a_saved_engine_is_noticed_and_changes_nothing() -> None:
    engine, other, saved = warm(FEW), warm(FEW), warm(FEW).save()

    for place in range(len(saved)):
        check_refused(engine, saved[:place] + bytes([saved[place] ^ 0x10]) + saved[place + 1 :])

    assert rows_of(engine, [touch(9)]).tobytes() == rows_of(other, [touch(9)]).tobytes()


def test_a_saved_engine_that_was_cut_or_lengthened_is_noticed_and_changes_nothing() -> None:
    engine, other, saved = warm(FEW), warm(FEW), warm(FEW).save()

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

    with pytest.raises(
        ObcoreError, match=r"expected .* of ofi, return, .*received .* of "
    ) as e:
        engine.restore(other.save())

    assert not isinstance(e.value, DecodeError)
    assert engine.save() == before


# Blind to what comes later.


@pytest.mark.slow
@given(
    shared=streams.streams(size=25), one=streams.streams(size=8), other=streams.streams(size=8)
)
def test_no_feature_depends_on_anything_behind_its_state(
    shared: list[Event], one: list[Event], other: list[Event]
) -> None:
    engines = [FeatureEngine(SMALL, EVERYTHING) for _ in range(3)]

    alone, *both = [
        rows_of(engine, [*shared, *rest])
        for engine, rest in zip(engines, ([], one, other), strict=True)
    ]

    assert alone.tobytes() == both[0][: len(alone)].tobytes() == both[1][: len(alone)].tobytes()


@pytest.mark.slow
@pytest.mark.parametrize("every", ["event", "100ms", "trade"])
def test_no_row_of_a_recording_depends_on_the_lines_behind_it(
    tmp_path: Path, every: str
) -> None:
    lines, dice = list(lines_of(SAMPLE)), random.Random(5)  # noqa: S311
    whole = Recording(SAMPLE, instrument=ETH).features(EVERYTHING, every=every)

    for cut in dice.sample(range(1_000, len(lines)), 8):
        changed = [
            altered(line) for line in lines[cut:] if dice.random() < 0.9 or is_depth(line)
        ]
        for name, rest in {"cut": [], "changed": changed}.items():
            path = tmp_path / f"{name}.txt"
            path.write_bytes(b"".join(lines[:cut] + rest))
        head, other = (
            Recording(tmp_path / f"{name}.txt", instrument=ETH).features(
                EVERYTHING, every=every
            )
            for name in ("cut", "changed")
        )
        assert 50 < len(head) <= min(len(other), len(whole))
        assert other.values.tobytes() != whole.values.tobytes()
        for longer in (other, whole):
            assert longer.values[: len(head)].tobytes() == head.values.tobytes()
            assert longer.ts_recv_ns[: len(head)].tobytes() == head.ts_recv_ns.tobytes()


def is_depth(line: bytes) -> bool:
    return b"depthUpdate" in line or b"lastUpdateId" in line


def altered(line: bytes) -> bytes:
    """Other sizes, prices and sides, and the ids as they were."""
    if is_trade(line):
        turned = line.replace(b'"m":true', b'"m":none').replace(b'"m":false', b'"m":true')
        return turned.replace(b'"m":none', b'"m":false').replace(b'"q":"', b'"q":"7')
    return re.sub(rb'","(?!0\.000")(\d)', rb'","8\1', line) if is_depth(line) else line


# Never before its time.

SEEN = {
    "by both clocks": ((3, 5), (3, 6), (9, 9)),
    "by both clocks, received with it": ((2, 6), (3, 6), (9, 9)),
    "by both clocks, received before it": ((3, 5), (3, 6), (4, 9)),
    "by the venue's clock alone": ((3, None), (3, None), (4, None)),
    "by the venue's clock, the one that both have": ((3, 5), (3, None), (4, None)),
    "by the receiver's clock alone": ((None, 5), (None, 5), (None, 6)),
    "by the receiver's clock, the one that both have": ((3, 5), (None, 5), (None, 6)),
    "by the receiver's clock, though the venue's is later": ((2, 5), (3, 5), (3, 6)),
}


@pytest.mark.parametrize(("matched", "caused", "after"), SEEN.values(), ids=SEEN)
def test_a_trade_is_not_seen_at_the_state_of_its_own_time_but_at_the_next_later_one(
    matched: tuple[int | None, ...], caused: tuple[int | None, ...], after: tuple[int, ...]
) -> None:
    made = touch(caused[0], recv=caused[1]), touch(after[0], recv=after[1])

    before_it = column([buy(matched[0], recv=matched[1]), *made], "last_trade_side")
    behind_it = column([made[0], buy(matched[0], recv=matched[1]), made[1]], "last_trade_side")

    assert before_it == same([math.nan, 1])
    assert behind_it == same([math.nan, 1])


def test_trades_that_share_no_clock_with_a_state_are_seen_once_they_have_arrived() -> None:
    stream = [touch(None, recv=9), buy(99), touch(None, recv=9), sell(5), touch(5)]

    assert column(stream, "last_trade_side") == same([math.nan, 1, 1])


def test_a_trade_that_must_wait_holds_back_those_that_arrived_behind_it() -> None:
    stream = [buy(8), sell(3), touch(5), touch(8), touch(9)]

    assert column(stream, "last_trade_side") == same([math.nan, math.nan, -1])


def test_a_break_forgets_the_trades_that_wait() -> None:
    stream = [buy(1), touch(2), buy(9), Break(), touch(20)]

    assert column(stream, "last_trade_side") == same([1, math.nan])


def test_where_too_many_trades_wait_the_oldest_are_forgotten_rather_than_seen_early() -> None:
    many = [*(sell(9) for _ in range(9)), *(buy(10) for _ in range(1 << 16))]

    in_time = column([*many, touch(50)], "signed_flow")
    too_early = column([*many, touch(5), touch(50)], "signed_flow")

    assert in_time == same([(65.536 - 0.9 * 0.009) / 1.9])
    assert too_early == same([math.nan, 65.536])


@pytest.mark.parametrize("trade_first", [True, False])
def test_depth_and_the_trade_that_caused_it_give_the_same_row_in_both_orders(
    tmp_path: Path, *, trade_first: bool
) -> None:
    depth = made_up.delta(5, 14, 15, 13, bids=[("100.00", "0.5")])
    trade = made_up.message(5, "trade", t=1, p="100.00", q="1.0", m=True, X="MARKET")
    first, second = (trade, depth) if trade_first else (depth, trade)
    received, _, message = second.partition(" ")
    second = f"{int(received) + 5} {message}"  # later, but matched at once
    next_ = made_up.delta(8, 16, 17, 15, bids=[("100.00", "0.7")])
    path = made_up.write(tmp_path, [*made_up.IN_SYNC[:3], first, second, next_])

    found = Recording(path).features("best_bid_qty, last_trade_side, signed_flow").values

    assert found[-2].tolist() == same([0.5, math.nan, math.nan])
    assert found[-1].tolist() == same([0.7, -1, -1])


# Bursts.

BALANCED: list[Event] = [(buy, sell)[i % 2](100 * i, 2) for i in range(40)]


@pytest.mark.parametrize("by", [buy, sell])
@pytest.mark.parametrize("name", ["adjusted_mid_9", "adjusted_mid_10"])
def test_a_burst_of_one_side_moves_the_adjusted_mid_its_way(
    by: Callable[..., Event], name: str
) -> None:
    burst = [by(4_000 + i, 2) for i in range(20)]

    quiet, loud = column([*BALANCED, touch(4_000), *burst, touch(5_000)], name)

    assert quiet == pytest.approx(100.1, abs=0.05)
    assert loud > 100.2 if by is buy else loud < 100.0


@pytest.mark.parametrize("buyers", [True, False])
def test_the_strongest_burst_of_the_sample_moves_the_adjusted_mids_its_way(
    *, buyers: bool
) -> None:
    table = Recording(SAMPLE, instrument=ETH).features(
        "mid_price, adjusted_mid_9, adjusted_mid_10, spread"
    )

    mid, *adjusted, spread = table.values[strongest_burst(buyers=buyers)].tolist()

    sign = 1 if buyers else -1
    assert all(sign * (value - mid) > 0.5 * spread for value in adjusted)


def strongest_burst(*, buyers: bool) -> int:
    """The state before which, within 100 ms, one side's trades outnumber the other's most."""
    tape: list[Trade] = []
    best, found, state = 0, -1, -1
    for event in recorded([SAMPLE], ETH):
        if isinstance(event, Trade):
            tape.append(event)
        elif isinstance(event, Book):
            state, now = state + 1, event.ts_event_ns or 0
            recent = {t.event: t.buyer for t in tape if now - 100 * MS <= (t.event or 0) < now}
            lead = sum(1 if buyer is buyers else -1 for buyer in recent.values())
            if lead > best:
                best, found = lead, state
    assert best > 4
    return found


# Mode "source".

SWAPPED = ["interval", "quantity", "rate", "volume"]


def test_mode_source_has_the_opposite_signs_and_swapped_columns() -> None:
    names = [
        *(f"{what}_{side}" for what in SWAPPED for side in ("buy", "sell")),
        "oi",
        "qi",
        "vi",
    ]
    stream = [*BALANCED, buy(4_100, 9), buy(4_101, 5), touch(4_500)]

    causal, source = (
        rows_of(FeatureEngine(BTC, ", ".join(names), mode=mode), stream)[0].tolist()
        for mode in ("causal", "source")
    )

    pairs = list(zip(causal[:8:2], causal[1:8:2], strict=True))
    assert list(zip(source[1:8:2], source[:8:2], strict=True)) == pairs
    assert source[8:] == [-value for value in causal[8:]]
    assert all(abs(value) > 0.01 for value in causal[8:])


@pytest.mark.parametrize("name", ["adjusted_mid_9", "adjusted_mid_10"])
def test_adjusted_mids_of_mode_source_contain_a_trade_of_the_states_own_time(
    name: str,
) -> None:
    stream = [*BALANCED, buy(4_100, 9), touch(4_100), touch(4_101)]

    causal, source = (column(stream, name, mode=mode) for mode in ("causal", "source"))

    assert causal[0] != causal[1]
    assert source == [causal[1], causal[1]]


def test_adjusted_mid_11_of_mode_source_does_not_contain_a_trade_of_the_states_own_time() -> (
    None
):
    stream = [*BALANCED, buy(4_050), sell(4_060), buy(4_100, 9), touch(4_100), touch(4_101)]

    causal, source = (
        column(stream, "adjusted_mid_11", mode=mode) for mode in ("causal", "source")
    )

    assert causal[0] != causal[1]
    assert source == causal


AT_TRADES = (
    "oi",
    "qi",
    "vi",
    *(f"{what}_{side}" for what in SWAPPED for side in ("buy", "sell")),
    "signed_flow",
    "last_trade_side",
    "last_trade_age",
    "adjusted_mid_9",
    "adjusted_mid_10",
    "adjusted_mid_11",
    "mid_price",
    "ofi_1",
    "ofi_3",
    "return",
    "realised_volatility",
    "mean(obi_1)",
)


def at_trades(path: Path, names: Sequence[str]) -> tuple[Floats, Floats]:
    """Rows at trades in mode source as they are, and as they should be."""
    table = Recording(path, instrument=ETH).features(names, every="trade", mode="source")
    stream = as_pictures(recorded([path], ETH))
    exact = source_trade_rows(stream, names, **fractions_of(ETH))
    shown = np.array([list(row.values()) for row in exact])
    # The oracle has rows before the first state as well.
    return table.values, shown[table.summary.counts["trades_without_state"] :]


@pytest.fixture(scope="session")
def in_venue_order(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample from its join on, in the order of the venue's clock: depth, buyers, sellers."""
    lines = [line for line in lines_of(SAMPLE) if is_trade(line) or is_depth(line)]
    join = next(i for i, line in enumerate(lines) if b"lastUpdateId" in line)
    early = [line for line in lines[:join] if is_trade(line)]
    buffered = [line for line in lines[: join + 1] if not is_trade(line)]
    path = tmp_path_factory.mktemp("sorted") / "in_venue_order.txt"
    path.write_bytes(b"".join([*buffered, *sorted(early + lines[join + 1 :], key=venue_order)]))
    return path


def venue_order(line: bytes) -> tuple[int, int]:
    data = json.loads(line.partition(b" ")[2])["data"]
    return data["T"], 0 if data["e"] == "depthUpdate" else 2 if data["m"] else 1


@pytest.mark.slow
def test_rows_at_trades_in_mode_source_are_those_of_the_definitions(
    in_venue_order: Path,
) -> None:
    found, exact = at_trades(in_venue_order, AT_TRADES)

    assert wrong(AT_TRADES, found, exact) == {}
    assert len(found) == 787


@pytest.mark.slow
def test_the_last_trade_of_a_row_at_a_merged_trade_is_the_last_that_it_merges(
    in_venue_order: Path,
) -> None:
    found, exact = at_trades(in_venue_order, ["last_trade_price"])

    assert wrong(["last_trade_price"], found, exact) == {}


@pytest.mark.slow
def test_depth_received_behind_its_trade_changes_four_rows_at_trades_and_no_trade_feature() -> (
    None
):
    found, exact = at_trades(SAMPLE, AT_TRADES)

    missed = found != exact
    missed &= ~np.isclose(found, exact, rtol=1e-9, atol=0, equal_nan=True)
    assert missed.any(axis=1).sum() == 4
    assert not missed[:, : AT_TRADES.index("adjusted_mid_9")].any()


# Warm-up.


def test_what_is_missing_is_said_in_words() -> None:
    names = (
        "ofi(window=3), oi, mean(obi_1, window=1s), return(horizon=1s), signed_flow, rate_buy"
    )
    engine = FeatureEngine(BTC, names + ", adjusted_mid_11, mid_price")
    assert set(engine.missing.values()) == {"a first state"}
    assert list(engine.missing) == engine.names

    rows_of(engine, [touch(0), touch(300)])

    assert engine.missing == {
        "ofi(window=3)": "1 of 3 states",
        "oi": "two trades of each side",
        "mean(obi_1, window=1s)": "300ms of 1s",
        "return(horizon=1s)": "a state 1s ago",
        "signed_flow": "a trade",
        "rate_buy": "two trades of its side",
        "adjusted_mid_11": "0 of 40 trades",
    }
    assert not engine.ready


def test_what_is_missing_of_a_feature_is_missing_of_those_that_read_it() -> None:
    engine = FeatureEngine(BTC, "mean(signed_flow, window=2), mean(mean(obi_1, window=2))")

    rows_of(engine, [touch(0), touch(1)])

    assert engine.missing == {
        "mean(signed_flow, window=2)": "a value in 2 of 2 states",
        "mean(mean(obi_1, window=2))": "2 of 20 states",
    }


READY = [
    "stateful",
    *NESTED,
    "return(horizon=1s), oi",
    "std(ofi(window=7), window=9)",
    "mid_price",
]


@pytest.mark.slow
@pytest.mark.parametrize("names", READY)
def test_an_engine_is_ready_from_the_first_row_without_nan(names: str) -> None:
    engine = FeatureEngine(ETH, names)
    ready, whole = [], []

    for event in recorded([SAMPLE], ETH):
        row = feed(engine, event)
        if row is not None:
            ready.append(engine.ready)
            whole.append(not np.isnan(row).any())
            waiting = set(engine.missing)
            assert waiting == {
                n for n, x in zip(engine.names, row, strict=True) if math.isnan(x)
            }
        if sum(ready) == 50:
            break

    assert ready == whole
    assert sum(ready) == 50


def test_after_a_reset_all_is_missing_again_and_nothing_is_remembered() -> None:
    engine, new = warm(FEW), FeatureEngine(BTC, FEW)

    engine.reset()

    assert set(engine.missing.values()) == {"a first state"}
    assert (engine.states, engine.ready) == (0, False)
    rest = [touch(2_000), sell(2_001), touch(2_002), touch(4_000)]
    assert rows_of(engine, rest).tobytes() == rows_of(new, rest).tobytes()


def walk(second: int, first_id: int, count: int) -> Iterator[str]:
    """A diff and two trades each second."""
    for i in range(count):
        size, at, u = f"{1 + i % 5}.5", second + i, first_id + 2 * i
        yield made_up.delta(at, u, u + 1, u - 1, bids=[("99.90", size)])
        for taker_sells in (False, True):
            yield made_up.message(
                at, "trade", t=u + taker_sells, p="100.10", q=size, m=taker_sells, X="MARKET"
            )


def joining(second: int, first_id: int) -> str:
    levels = [("99.90", "1.0")], [("100.10", "3.0")]
    return made_up.snapshot(second, first_id, *levels)


def test_rows_behind_a_gap_are_those_of_a_recording_that_starts_there(tmp_path: Path) -> None:
    before = [joining(0, 10), *walk(1, 11, 60)]
    lost = made_up.delta(70, 200, 201, 199)
    behind = [lost, joining(71, 201), *walk(72, 202, 60)]
    names = "stateful, z_score(ofi_2(window=5), window=10s), return(horizon=7s)"

    whole, end = (
        Recording(made_up.write(tmp_path, lines), instrument=ETH).features(names)
        for lines in ([*before, *behind], behind)
    )

    assert whole.summary.counts["gap_count"] == 1
    assert whole.values[-len(end) :].tobytes() == end.values.tobytes()
    assert np.isnan(end.values[0, : len(end.names)]).all()
    assert np.isfinite(end["adjusted_mid_11"][-1])
    assert np.isfinite(whole["mean(obi_1)"][-len(end) - 1])


# Errors that say what to do.


def test_a_book_that_is_not_in_sync_is_refused_and_says_how_to_go_on() -> None:
    engine = warm(FEW)
    before = engine.save()

    with pytest.raises(ObcoreError, match=r"expected one in sync, received EMPTY.*reset\(\)"):
        engine.on_book(Book(BTC))

    assert engine.save() == before


def test_a_book_of_another_instrument_is_refused_and_both_grids_are_named() -> None:
    book = Book(Instrument("X", "0.5", "0.01"))
    show(book, Picture([(1, 1)], [(2, 1)], None, None))

    with pytest.raises(ObcoreError, match=r"0\.1.? and 0\.001, received 0\.5 and 0\.01"):
        FeatureEngine(BTC, "ofi").on_book(book)


@pytest.mark.parametrize("features", ["stateful", "mid_price"])
def test_a_trade_without_any_time_is_refused(features: str) -> None:
    with pytest.raises(DecodeError, match="expected a venue time or a receive time"):
        FeatureEngine(BTC, features).on_trade(1, 1, Side.BID)


@pytest.mark.parametrize(("price", "size"), [(1, -1), (0, 1), (-5, 1)])
def test_a_trade_of_a_size_or_price_that_cannot_be_is_refused(price: int, size: int) -> None:
    with pytest.raises(DecodeError, match="trade"):
        FeatureEngine(BTC, "ofi").on_trade(price, size, Side.BID, ts_event_ns=START)


def test_a_window_of_a_duration_over_states_without_times_is_refused() -> None:
    engine = FeatureEngine(BTC, "ofi(window=1s)")

    with pytest.raises(DecodeError, match=r"states with times, .* of a duration"):
        rows_of(engine, [touch(None)])

    assert (engine.states, set(engine.missing.values())) == (0, {"a first state"})
    assert column([touch(None), touch(None)], "ofi") == same([math.nan, 0])


WINDOW = "a window of 1 to 1048576 states, or of a time such as 500ms"
REFUSED = {
    "": "feature",
    "ofis": "feature",
    "ofi_0": "level 1 to 1000",
    "ofi_1001": "level 1 to 1000",
    "ofi_x": "feature",
    "ofi(window=0)": WINDOW,
    "ofi(window=-1)": WINDOW,
    "ofi(window=1x)": WINDOW,
    "ofi(window=1.5s)": WINDOW,
    "ofi(window=)": WINDOW,
    "ofi(window=1048577)": WINDOW,
    "ofi(window=9999999h)": WINDOW,
    "return(horizon=0)": WINDOW,
    "ofi(windows=5)": "settings as the catalogue lists them",
    "ofi(obi_1)": "settings as the catalogue lists them",
    "oi(window=5)": "settings as the catalogue lists them",
    "mean()": "one feature that it reads, as in mean(obi_1)",
    "mean": "one feature that it reads, as in mean(obi_1)",
    "mean(obi_1, obi_3)": "one feature that it reads, as in mean(obi_1)",
    "mean(nothing)": "feature",
    "mean(standard)": "feature",
    "mean(stateful)": "feature",
    "mean(obi_1": "a closing parenthesis",
    "ofi, ofi": "each feature once",
    "mean(" * 12 + "obi_1" + ")" * 12: "at most 8 features in each other",
}


@pytest.mark.parametrize(("features", "expected"), REFUSED.items())
def test_what_is_no_feature_is_refused_with_what_was_expected(
    features: str, expected: str
) -> None:
    with pytest.raises(ObcoreError, match=f"^feature.*{re.escape(expected)}.*, received '"):
        FeatureEngine(BTC, features)


@pytest.mark.parametrize("weights", [[0.1] * 11, [math.nan], [0.5, math.inf]])
def test_weights_that_are_none_are_refused(weights: list[float]) -> None:
    with pytest.raises(ObcoreError, match="ofi_weights: expected 1 to 10 finite numbers"):
        FeatureEngine(BTC, "integrated_ofi", ofi_weights=weights)


def test_given_weights_are_those_of_the_definition() -> None:
    stream: list[Event] = [
        touch(i, [(1000 - k, 1 + (i * k) % 7) for k in range(9)]) for i in range(9)
    ]
    weights = [0.5, 0.25, -0.125]

    found = rows_of(FeatureEngine(BTC, "integrated_ofi", ofi_weights=weights), stream)

    exact = rows(
        stream,
        ["integrated_ofi"],
        weights=[*map(Fraction, weights)],
        **fractions_of(BTC),
    )
    assert found[:, 0].tolist() == same([row["integrated_ofi"] for row in exact])


def test_a_mode_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="mode: expected causal or source, received 'x'"):
        FeatureEngine(BTC, "ofi", mode="x")


def test_a_vector_is_filled_in_place_and_only_where_it_fits() -> None:
    engine, book, out = FeatureEngine(BTC, "spread, ofi"), Book(BTC), np.empty(2)
    show(book, Picture([(1000, 5)], [(1002, 5)], None, None))

    assert engine.on_book(book, out) is out
    assert out.tolist() == same([0.2, math.nan])
    with pytest.raises(ValueError, match=r"expected shape \(2,\), received 3"):
        engine.on_book(book, np.empty(3))
    assert engine.states == 1


def test_an_engine_for_another_grid_than_the_recording_is_refused() -> None:
    replay_of_btc = {"engine": FeatureEngine(BTC, "ofi"), "grid": ETH.grid}

    with pytest.raises(ObcoreError, match="expected a recording of its instrument"):
        Replay(**replay_of_btc)  # type: ignore[arg-type]


USES: list[Callable[[FeatureEngine], object]] = [
    FeatureEngine.save,
    FeatureEngine.reset,
    lambda engine: engine.missing,
    lambda engine: engine.ready,
    lambda engine: engine.restore(b""),
    lambda engine: engine.on_trade(1, 1, Side.BID, ts_event_ns=1),
]


@pytest.mark.parametrize("use", USES)
def test_an_engine_on_which_a_replay_runs_is_refused_to_other_threads(
    use: Callable[[FeatureEngine], object],
) -> None:
    engine, errors = FeatureEngine(ETH, "ofi"), list[str]()

    def meanwhile() -> None:  # the replay asks for trades while it reads depth
        thread = threading.Thread(target=lambda: errors.append(error_of(use, engine)))
        thread.start()
        thread.join()

    replay = Replay(engine=engine, grid=ETH.grid, trades=meanwhile)
    replay.begin("sample")
    replay.feed(b"".join(islice(lines_of(SAMPLE), 100)))

    assert errors == ["engine: another thread is using it"]
    assert engine.states > 0


def error_of(use: Callable[[FeatureEngine], object], engine: FeatureEngine) -> str:
    try:
        use(engine)
    except ObcoreError as error:
        return str(error)
    return ""


# Trades in files of their own.


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sample's depth, and its trades."""
    folder = tmp_path_factory.mktemp("parts")
    depth, trades = folder / "depth.txt", folder / "trades.txt"
    depth.write_bytes(b"".join(line for line in lines_of(SAMPLE) if not is_trade(line)))
    trades.write_bytes(b"".join(line for line in lines_of(SAMPLE) if is_trade(line)))
    return depth, trades


def check_same(found: obcore.FeatureTable, expected: obcore.FeatureTable) -> None:
    for name in ("ts_event_ns", "ts_recv_ns", "sequence", "values"):
        assert getattr(found, name).tobytes() == getattr(expected, name).tobytes(), name


@pytest.mark.parametrize("every", ["event", "100ms", "trade"])
@pytest.mark.parametrize("mode", ["causal", "source"])
def test_depth_and_trades_in_two_files_give_the_rows_of_one(
    parts: tuple[Path, Path], every: str, mode: str
) -> None:
    depth, trades = parts
    chosen: dict[str, Any] = {"features": "stateful", "every": every, "mode": mode}

    found = Recording(depth, trades=trades, instrument=ETH).features(**chosen)

    check_same(found, Recording(SAMPLE, instrument=ETH).features(**chosen))
    assert found.summary.counts["kinds"]["trade"] == 1_640
    assert found.summary.counts["ignored_trades"] == 0
    assert [source.name for source in found.summary.sources] == ["depth.txt", "trades.txt"]


def test_without_an_instrument_the_grid_is_found_from_both_files(
    parts: tuple[Path, Path],
) -> None:
    depth, trades = parts

    found = Recording(depth, trades=trades).features("stateful")

    expected = Recording(SAMPLE, instrument=ETH).features("stateful").values
    assert found.values == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
    assert (found.summary.tick, found.summary.lot) == ("0.01", "0.001")


def test_trades_among_the_depth_are_ignored_and_counted_where_they_have_files(
    parts: tuple[Path, Path],
) -> None:
    found = Recording(SAMPLE, trades=parts[1], instrument=ETH).features("stateful")

    check_same(found, Recording(SAMPLE, instrument=ETH).features("stateful"))
    assert found.summary.counts["ignored_trades"] == 1_640


@pytest.mark.parametrize("same_name", [False, True])
def test_several_files_of_trades_are_one_tape(
    tmp_path: Path, parts: tuple[Path, Path], *, same_name: bool
) -> None:
    lines = list(lines_of(parts[1]))
    pieces = [lines[:500], [], lines[500:501], lines[501:]]
    paths = [
        tmp_path / str(i) / ("trades.txt" if same_name else f"{i}.txt")
        for i in range(len(pieces))
    ]
    for path, piece in zip(paths, pieces, strict=True):
        path.parent.mkdir()
        path.write_bytes(b"".join(piece).removesuffix(b"\n"))

    found = Recording(parts[0], trades=paths, instrument=ETH).features("stateful")

    check_same(found, Recording(SAMPLE, instrument=ETH).features("stateful"))


def test_an_empty_file_of_trades_is_none(tmp_path: Path, parts: tuple[Path, Path]) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()

    found = Recording(parts[0], trades=empty, instrument=ETH).features("ofi, signed_flow")

    check_same(found, Recording(parts[0], instrument=ETH).features("ofi, signed_flow"))
    assert np.isnan(found["signed_flow"]).all()


@pytest.mark.parametrize(("at", "text"), [(3, b'1 {"e":"trade","p":}\n'), (700, b"1 {]\n")])
def test_a_malformed_line_of_trades_is_named_by_its_file_and_number(
    tmp_path: Path, parts: tuple[Path, Path], at: int, text: bytes
) -> None:
    lines = list(lines_of(parts[1]))
    lines[at - 1] = text
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_bytes(b"".join(lines_of(parts[1])))
    second.write_bytes(b"".join(lines))

    with pytest.raises(DecodeError, match=f"second.txt line {at}") as error:
        Recording(parts[0], trades=[first, second], instrument=ETH).features("oi")

    assert (error.value.source, error.value.line) == ("second.txt", at)


CONVERTED = "tardis_csv/converted/binance-futures_trades_2024-08-08_BTCUSDT.csv.gz"


@pytest.mark.slow
@pytest.mark.parametrize("every", ["event", "trade"])
def test_trades_converted_for_tardis_beside_raw_depth_give_the_same_features(
    shared_data: Callable[[str], Path], every: str
) -> None:
    raw, converted = shared_data("binance_raw/usdm_btcusdt_20240808.gz"), shared_data(CONVERTED)

    found = Recording(raw, trades=converted, instrument=BTC).features("stateful", every=every)

    expected = Recording(raw, instrument=BTC).features("stateful", every=every)
    assert found.values.tobytes() == expected.values.tobytes()
    assert found.ts_event_ns.tobytes() == expected.ts_event_ns.tobytes()
    rounded = expected.ts_recv_ns // 1_000 * 1_000 if every == "trade" else expected.ts_recv_ns
    assert found.ts_recv_ns.tobytes() == rounded.tobytes()  # of trades Tardis tells only the us
    assert found.summary.counts["ignored_trades"] == 21_313


@pytest.mark.slow
def test_two_days_of_tardis_trades_of_one_file_name_are_one_tape(
    tmp_path: Path, shared_data: Callable[[str], Path]
) -> None:
    raw = shared_data("binance_raw/usdm_btcusdt_20240808.gz")
    head, *body = lines_of(shared_data(CONVERTED))
    paths = [tmp_path / day / "trades.csv" for day in ("1", "2")]
    for path, piece in zip(paths, (body[:9_000], body[9_000:]), strict=True):
        path.parent.mkdir()
        path.write_bytes(b"".join([head, *piece]))

    found = Recording(raw, trades=paths, instrument=BTC).features("signed_flow")

    expected = Recording(raw, instrument=BTC).features("signed_flow")
    assert found.values.tobytes() == expected.values.tobytes()
