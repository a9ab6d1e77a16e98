"""Recorded files to records."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

import obcore
from obcore.errors import DecodeError
from obcore.venue.record import Role
from obcore.venue.tape import load_tape
from venue.client import first_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_sample_becomes_one_record_a_line_untouched() -> None:
    with gzip.open(obcore.sample()) as file:
        lines = [line.rstrip(b"\n").split(b" ", 1) for line in file]

    tape = load_tape([obcore.sample()])

    assert [r.payload for r in tape.records] == [payload for _, payload in lines]
    assert [r.ts_recv_ns for r in tape.records] == [int(stamp) for stamp, _ in lines]
    assert tape.due_ns[0] == 0
    assert tape.span_ns == int(lines[-1][0]) - int(lines[0][0])
    assert {(r.market, r.symbol) for r in tape.records} == {("binance-futures", "ETHUSDT")}
    assert sum(r.role is Role.DELTA for r in tape.records) == 3_273
    assert sum(r.role is Role.REST for r in tape.records) == 1


@pytest.mark.parametrize(
    ("stream", "symbol", "previous", "market"),
    [
        ("btcusdt@depth@100ms", "BTCUSDT", "", "binance"),
        ("btcusdt_250926@depth@0ms", "BTCUSDT_250926", '"pu":0,', "binance-futures"),
        ("btcusd_perp@depth@0ms", "BTCUSD_PERP", '"pu":0,', "binance-coin"),
        ("", "BTCUSDT", "", "binance"),
    ],
)
def test_the_market_is_told_by_the_content(
    tmp_path: Path, stream: str, symbol: str, previous: str, market: str
) -> None:
    data = f'{{"e":"depthUpdate","E":1,"s":"{symbol}","U":1,"u":2,{previous}"b":[],"a":[]}}'
    payload = f'{{"stream":"{stream}","data":{data}}}' if stream else data
    path = tmp_path / "raw"
    path.write_text(f"1700000000000000000 {payload}\n")

    (record,) = load_tape([path]).records

    assert (record.market, record.symbol) == (market, symbol)
    assert (record.channel, record.role) == ("depth", Role.DELTA)


def test_two_connections_of_bybit_with_the_same_topics_stay_apart(
    shared_data: Callable[[str], Path],
) -> None:
    tape = load_tape([shared_data("exchange_ws/BYBIT_a.jsonl.gz")])

    counts = {key: len(track.records) for key, track in tape.tracks.items()}
    assert counts == {
        ("bybit-linear", "BTCUSDT"): 414,
        ("bybit-linear", "SOLUSDT"): 383,
        ("bybit-spot", "BTCUSDT"): 300,
    }
    assert tape.due_ns == sorted(tape.due_ns)


def test_a_file_that_continues_another_keeps_its_distance(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    days = [
        first_lines(shared_data("binance_raw/spot_btcusdt_20240809.gz"), 1_000, tmp_path),
        shared_data("binance_raw/spot_btcusdt_20240808.gz"),
    ]

    tape = load_tape(days)

    assert len(tape.records) == 41_249 + 1_000
    stamps = [record.ts_recv_ns for record in tape.records]
    assert stamps == sorted(stamps)
    assert [stamp - stamps[0] for stamp in stamps] == tape.due_ns


def test_recordings_of_different_years_begin_together(
    shared_data: Callable[[str], Path],
) -> None:
    tape = load_tape([obcore.sample(), shared_data("exchange_ws/OKX_a.jsonl.gz")])

    first = {r.market: due for due, r in reversed(list(zip(tape.due_ns, tape.records)))}  # noqa: B905
    assert first == {"binance-futures": 0, "okx": 0}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"what is this\n", "line 1: expected '<receive time> {...}'"),
        (b'1 {"stream":"a@depth","data":{}\n', "line 1: expected|no message tells"),
        (b'{"t":"recv","conn":"x","ts":1,"data":"{}"}\n', "line 1: KeyError"),
        (b'{"t":"http","conn":"x","ts":1,"url":"https://a.b/","data":"{}"}\n', "line 1: .*a.b"),
        (b'{"t":"header","format":2}\n', "no market data"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_its_place(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(content)

    with pytest.raises(DecodeError, match=reason):
        load_tape([path])
