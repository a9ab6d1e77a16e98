from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

import obcore
from obcore.bench.streams import Stream
from obcore.book import LEVEL_DTYPE, Book, Replay, Side
from obcore.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

DEPTHS = (20, 200, 1_000, 5_000)

Sides = tuple[dict[int, int], dict[int, int]]


@pytest.fixture(scope="module", params=DEPTHS)
def made_up(request: pytest.FixtureRequest) -> Stream:
    return Stream.made_up(request.param, 200_000)


@pytest.fixture(scope="module")
def recorded() -> Stream:
    return Stream.of_recording(obcore.sample())


def replayed_into_dicts(stream: Stream) -> Sides:
    book: Sides = (dict(stream.bids.tolist()), dict(stream.asks.tolist()))
    rows = list(
        zip(stream.sides.tolist(), stream.prices.tolist(), stream.sizes.tolist(), strict=True)
    )
    ends = stream.offsets.tolist()
    for begin, end in pairwise(ends):
        for side, price, size in rows[begin:end]:
            if size:
                book[side][price] = size
            else:
                book[side].pop(price, None)
    return book


def replayed_into_a_book(stream: Stream) -> Book:
    book = Book(stream.instrument)
    book.apply_snapshot(stream.bids, stream.asks)
    ends = stream.offsets.tolist()
    for begin, end in pairwise(ends):
        levels = np.empty(end - begin, LEVEL_DTYPE)
        levels["price"] = stream.prices[begin:end]
        levels["size"] = stream.sizes[begin:end]
        asks = stream.sides[begin:end] == 1
        book.apply_delta(levels[~asks], levels[asks])
    return book


def replayed_from_json(stream: Stream) -> Book:
    replay = Replay()
    replay.begin("stream")
    replay.feed(b"\n".join([stream.snapshot_json(), *stream.json_messages()]))
    replay.end()
    replay.finish()
    return replay.book()


def levels_of(book: Book) -> Sides:
    return dict(book.top(Side.BID).tolist()), dict(book.top(Side.ASK).tolist())


def digest(stream: Stream) -> str:
    arrays: list[NDArray[np.generic]] = [
        stream.bids,
        stream.asks,
        stream.sides,
        stream.prices,
        stream.sizes,
        stream.offsets,
    ]
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def test_a_made_up_stream_looks_like_a_busy_perpetual(made_up: Stream) -> None:
    statistics = made_up.statistics()

    assert 17 < statistics.updates_per_message < 21
    assert 0.29 < statistics.deletes < 0.33
    assert 0.005 < statistics.absent_deletes < 0.007
    assert 0.77 < statistics.within_20_ticks < 0.84
    assert statistics.within_100_ticks > 0.86


def test_a_made_up_book_keeps_its_depth_while_its_mid_drifts(made_up: Stream) -> None:
    levels = len(made_up.bids)
    statistics = made_up.statistics()

    for smallest, median, largest in (statistics.bid_levels, statistics.ask_levels):
        assert smallest >= max(12, levels * 0.9 - 10)
        assert abs(median - levels) <= 0.03 * levels + 1
        assert largest <= levels * 1.05 + 2
    assert 300 < statistics.mid_range_ticks < 1_500


def test_a_made_up_market_is_never_crossed_at_the_end_of_a_message(made_up: Stream) -> None:
    cut = made_up.first(2_000)  # so few that statistics() looks at every state

    assert cut.statistics().crossed == 0
    bids, asks = replayed_into_dicts(made_up)
    assert max(bids) < min(asks)


def test_a_message_names_a_level_once_bids_first_and_best_first(made_up: Stream) -> None:
    asks = made_up.sides == 1
    away = np.where(asks, made_up.prices, -made_up.prices)
    same_message = (
        np.diff(np.repeat(np.arange(made_up.messages), np.diff(made_up.offsets))) == 0
    )

    asks_do_not_end = made_up.sides[1:] >= made_up.sides[:-1]
    moves_away = (np.diff(away) > 0) | (made_up.sides[1:] > made_up.sides[:-1])

    assert asks_do_not_end[same_message].all()
    assert moves_away[same_message].all()
    assert made_up.offsets[-1] == made_up.updates


def test_a_wider_spacing_moves_the_same_levels_apart() -> None:
    dense = Stream.made_up(200, 20_000)
    sparse = Stream.made_up(200, 20_000, spacing=16)

    assert (sparse.prices == dense.prices * 16).all()
    assert (sparse.sizes == dense.sizes).all()
    assert sparse.name == "made up, 200 levels, 16 apart"


def test_a_seed_gives_the_same_stream_on_every_machine() -> None:
    assert digest(Stream.made_up(200, 20_000, seed=7)) == (
        "70cffffe907e0777ac80b4cdf336637a7983648d098edea55580037701a8d543"
    )
    assert digest(Stream.made_up(200, 20_000, seed=8)) != digest(Stream.made_up(200, 20_000))


def test_the_drift_decides_where_the_mid_goes() -> None:
    up, down = (
        replayed_into_dicts(Stream.made_up(200, 100_000, drift=drift)) for drift in (0.5, -0.5)
    )

    assert min(up[1]) > 651_500
    assert max(down[0]) < 648_500


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"levels": 19}, "levels: expected 20 to 10000, received 19"),
        ({"spacing": 0}, "spacing: expected 1 to 1000000, received 0"),
        ({"updates": -1}, "updates: expected 0 to 1000000000, received -1"),
        ({"drift": 2.0}, "drift: expected -65536 to 65536, received 131072"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Stream.made_up(**{"levels": 200, "updates": 100} | settings)


@pytest.mark.parametrize("spacing", [1, 16])
def test_arrays_json_and_dicts_end_in_the_same_book(spacing: int) -> None:
    stream = Stream.made_up(200, 20_000, spacing=spacing)
    expected = replayed_into_dicts(stream)

    from_json = replayed_from_json(stream)

    assert from_json.state.name == "SYNCED"
    assert levels_of(from_json) == expected
    assert levels_of(replayed_into_a_book(stream)) == expected


def test_json_is_what_binance_would_write() -> None:
    stream = Stream.made_up(20, 1_000)
    first, second = (json.loads(text) for text in stream.json_messages(limit=2))

    assert list(first) == ["e", "E", "T", "s", "U", "u", "pu", "b", "a"]
    assert first["pu"] == json.loads(stream.snapshot_json())["lastUpdateId"]
    assert second["pu"] == first["u"] == second["U"] - 1
    price, size = (first["b"] or first["a"])[0]
    assert (price[-3], size[-4]) == (".", ".")


def test_importing_obcore_loads_nothing_of_the_bench() -> None:
    loaded = "import obcore, sys; print([name for name in sys.modules if 'bench' in name])"

    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, check=True)

    assert done.stdout.strip() == b"[]"


def test_a_recording_gives_the_venue_s_own_texts(recorded: Stream) -> None:
    assert recorded.instrument.symbol == "ETHUSDT"
    assert (recorded.instrument.tick_size, recorded.instrument.lot_size) == ("0.01", "0.001")
    assert len(recorded.json_messages()) == recorded.messages > 3_000
    assert recorded.json_messages(limit=1)[0].startswith(b'{"stream":"ethusdt@depth@0ms"')


def test_a_recording_s_arrays_json_and_dicts_end_in_the_same_book(recorded: Stream) -> None:
    expected = replayed_into_dicts(recorded)

    assert levels_of(replayed_from_json(recorded)) == expected
    assert levels_of(replayed_into_a_book(recorded)) == expected
    assert levels_of(obcore.Recording(obcore.sample()).book()) == expected


def test_a_stream_cut_short_is_its_beginning(recorded: Stream) -> None:
    cut = recorded.first(10)

    assert cut.messages == 10
    assert cut.json_messages() == recorded.json_messages(limit=10)
    assert cut.snapshot_json() == recorded.snapshot_json()
    assert cut.updates == recorded.offsets[10]


def test_a_recording_without_a_delta_that_joins_is_refused(tmp_path: Path) -> None:
    stream = Stream.made_up(20, 1_000)
    path = tmp_path / "late.jsonl"
    path.write_bytes(b"\n".join([stream.snapshot_json(), *stream.json_messages()[1:]]))

    with pytest.raises(DecodeError, match="a delta that joins the snapshot"):
        Stream.of_recording(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["usdm_btcusdt_20240808", "spot_btcusdt_20240808"])
def test_a_large_recording_ends_in_the_book_obcore_ends_in(
    shared_data: Callable[[str], Path], name: str
) -> None:
    path = shared_data(f"binance_raw/{name}.gz")

    stream = Stream.of_recording(path)

    assert levels_of(obcore.Recording(path).book()) == replayed_into_dicts(stream)
