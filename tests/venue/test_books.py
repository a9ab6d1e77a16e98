"""The venue's own book, held against what the venues themselves said about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import obcore
from obcore.venue import VenueBook, checksum
from obcore.venue.native import depth_of, kraken
from obcore.venue.record import Role
from obcore.venue.steps import steps_of
from venue.client import first_lines, tape

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from obcore.venue.tape import Tape


def test_the_touch_is_that_of_the_recorded_book_ticker() -> None:
    recorded = tape(obcore.sample())
    track = recorded.tracks["binance-futures", "ETHUSDT"]
    tickers = [
        json.loads(r.payload)["data"] for r in recorded.records if r.channel == "bookTicker"
    ]
    book, compared = VenueBook(track), 0
    ticker = iter(tickers)
    last, following = None, next(ticker)

    for number, record in enumerate(track.records, 1):
        if record.role is not Role.DELTA or number <= track.rest_position or number % 5:
            continue
        update_id = depth_of(record).last_id
        while following is not None and following["u"] <= update_id:
            last, following = following, next(ticker, None)
        book.advance(number)
        bid, ask = max(book.bids, key=float), min(book.asks, key=float)
        assert last is not None
        assert (bid, book.bids[bid]) == (last["b"], last["B"])
        assert (ask, book.asks[ask]) == (last["a"], last["A"])
        compared += 1

    assert compared > 640


def test_a_book_starts_from_the_snapshot_and_older_diffs_change_nothing() -> None:
    track = tape(obcore.sample()).tracks["binance-futures", "ETHUSDT"]
    assert track.rest_snapshot is not None
    recorded = depth_of(track.rest_snapshot)

    before = VenueBook(track).snapshot()
    there = VenueBook(track).advance(track.rest_position).snapshot()

    assert before.last_id == recorded.last_id
    assert [list(level) for level in before.bids] == recorded.bids
    assert [list(level) for level in before.asks] == recorded.asks
    assert there.last_id > recorded.last_id


def test_a_recording_without_a_snapshot_starts_empty_before_its_first_diff(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    whole = shared_data("binance_raw/spot_btcusdt_20240809.gz")
    track = tape(first_lines(whole, 500, tmp_path)).tracks["binance", "BTCUSDT"]

    book = VenueBook(track)

    first = depth_of(track.records[0])
    assert first.first_id is not None
    assert (book.is_ready, book.last_id) == (True, first.first_id - 1)
    assert book.snapshot().bids == []


def checked(recorded: Tape, market: str) -> int:
    """Return how many recorded checksums agree, or fail."""
    count = 0
    for (name, _), track in recorded.tracks.items():
        if name != market:
            continue
        book = VenueBook(track)
        for number, record in enumerate(track.records, 1):
            book.advance(number)
            if market == "kraken":
                told, own = kraken.checksum(record), checksum.kraken(book)
            else:
                told = json.loads(record.payload)["data"][0]["checksum"]
                own = checksum.okx(book)
            if told is not None:
                assert own == told
                count += 1
    return count


@pytest.mark.parametrize(
    ("name", "market", "expected"),
    [("OKX_a", "okx", 98), ("KRAKEN_a", "kraken", 2_222)],
)
def test_every_recorded_checksum_is_that_of_the_venue_s_book(
    shared_data: Callable[[str], Path], name: str, market: str, expected: int
) -> None:
    recorded = tape(shared_data(f"exchange_ws/{name}.jsonl.gz"))

    assert checked(recorded, market) == expected


def test_steps_are_those_that_the_text_shows() -> None:
    track = tape(obcore.sample()).tracks["binance-futures", "ETHUSDT"]

    assert steps_of(track) == ("0.01", "0.001")
