"""Recorded streams of many venues against slow books of dicts."""

from __future__ import annotations

import gzip
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

import binance_reference
from exchange_reference import (
    FOLLOW,
    binance_lines,
    follow_bybit,
    levels,
    native_lines,
    read_capture,
    write_capture,
)
from obcore import BookState, DecodeError, NeverSyncedError, Recording, Side

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    SharedData = Callable[[str], Path]

# Every symbol of a file, as the venue calls it.
SYMBOLS = {
    "BYBIT_a": ["SOLUSDT"],  # BTCUSDT is on two connections
    "OKX_a": ["BTC-USDT"],
    "KRAKEN_a": ["XMR/USD", "WAVES/EUR", "KSM/XBT", "ETH/CHF", "OCEAN/XBT"],
    "DERIBIT": [
        *("ETH-30JUL21-2800-C", "ETH-27AUG21-4000-P", "ETH-23JUL21-2300-C"),
        *("BTC-31DEC21-34000-P", "BTC-31DEC21-300000-C", "BTC-30JUL21-24000-P"),
        *("BTC-25MAR22-30000-C", "BTC-24SEP21-8000-P", "BTC-24SEP21-34000-P"),
        "BTC-24JUN22-15000-C",
    ],
    "BITSTAMP": [
        *("ethusd", "xrpeur", "bateur", "usdteur", "usdtusd", "xlmgbp", "adaeur", "batbtc"),
        "galaeur",
    ],
}
BOOKS = [(name, symbol) for name, symbols in SYMBOLS.items() for symbol in symbols]
BINANCE = {
    "BINANCE": ["NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR"],
    "BINANCE_FUTURES": ["SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT"],
}
BINANCE_BOOKS = [(name, symbol) for name, symbols in BINANCE.items() for symbol in symbols]


@pytest.fixture(scope="session")
def capture(shared_data: SharedData) -> Callable[[str], Path]:
    return lambda name: shared_data(f"exchange_ws/{name}.jsonl.gz")


def mids(touches: list[tuple[Decimal | None, Decimal | None]]) -> list[float]:
    """The middle of each touch; NaN where a side is empty."""
    return [
        float("nan") if bid is None or ask is None else float((bid + ask) / 2)
        for bid, ask in touches
    ]


# ---- Whole recordings -----------------------------------------------------------------------


@pytest.mark.parametrize(("name", "symbol"), BOOKS)
def test_every_book_of_a_recording_is_the_book_of_the_reference(
    capture: Callable[[str], Path],
    name: str,
    symbol: str,
) -> None:
    recording = Recording(capture(name), symbol=symbol)
    expected = FOLLOW[name](read_capture(capture(name)), symbol)

    book, summary = recording.book_and_summary()
    rows = recording.features("mid_price")

    proved = BookState.UNVERIFIED if name == "BITSTAMP" else BookState.SYNCED
    assert levels(book) == expected.levels()
    assert (book.state, summary.gaps) == (proved, [])
    assert summary.counts["checksums"] == expected.checksums
    assert summary.states == len(rows) == expected.states > 0
    assert rows["mid_price"] == pytest.approx(mids(expected.touches), rel=1e-12, nan_ok=True)


def test_all_checksums_of_okx_and_kraken_are_verified(capture: Callable[[str], Path]) -> None:
    def checksums(name: str) -> list[int]:
        recordings = [Recording(capture(name), symbol=symbol) for symbol in SYMBOLS[name]]
        return [recording.summary().counts["checksums"] for recording in recordings]

    assert checksums("OKX_a") == [98]
    assert checksums("KRAKEN_a") == [846, 576, 335, 317, 148]


@pytest.mark.parametrize(("market", "connection"), [("linear", "ws.2"), ("spot", "ws.3")])
def test_one_name_on_two_connections_is_two_books(
    capture: Callable[[str], Path],
    market: str,
    connection: str,
) -> None:
    expected = follow_bybit(read_capture(capture("BYBIT_a")), "BTCUSDT", f"BYBIT.{connection}")

    recording = Recording(capture("BYBIT_a"), symbol=f"bybit-{market}:BTC/USDT")
    book, summary = recording.book_and_summary()

    assert levels(book) == expected.levels()
    assert (summary.state, summary.gaps, summary.states) == ("SYNCED", [], expected.states)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "bybit:BTCUSDT"])
def test_a_name_that_two_markets_have_is_refused_with_both_of_them(
    capture: Callable[[str], Path], symbol: str
) -> None:
    recording = Recording(capture("BYBIT_a"), symbol=symbol)

    both = "expected bybit-linear:BTCUSDT or bybit-spot:BTCUSDT .*received BTCUSDT"
    with pytest.raises(DecodeError, match=both) as caught:
        recording.features("mid_price")
    assert caught.value.line == 898  # where the second one begins


@pytest.mark.parametrize("name", ["BINANCE", "BYBIT_a", "KRAKEN_a", "BITSTAMP", "DERIBIT"])
def test_several_symbols_without_a_choice_are_refused(
    capture: Callable[[str], Path], name: str
) -> None:
    with pytest.raises(DecodeError, match="mixed symbols: choose with --symbol"):
        Recording(capture(name)).summary()


def test_the_same_symbol_of_two_markets_is_no_single_one(
    tmp_path: Path, capture: Callable[[str], Path]
) -> None:
    only = [
        line
        for line in read_capture(capture("BYBIT_a"))
        if "SOLUSDT" not in line.get("data", "")
    ]

    mixed = "expected bybit-linear:BTCUSDT as before.*received bybit-spot:BTCUSDT"
    with pytest.raises(DecodeError, match=mixed):
        Recording(write_capture(tmp_path / "btc.jsonl", only)).summary()


@pytest.mark.parametrize("symbol", ["okx:XMR/USD", "kraken:BTC-USDT", "DOGEUSD"])
def test_a_symbol_that_is_not_there_is_told(
    capture: Callable[[str], Path], symbol: str
) -> None:
    with pytest.raises(NeverSyncedError, match="messages are of other symbols"):
        Recording(capture("KRAKEN_a"), symbol=symbol).features("mid_price")


@pytest.mark.parametrize("symbol", ["kraken:XMR/USD", "xmrusd", "XMR-USD"])
def test_a_symbol_may_be_spelt_as_its_user_likes(
    capture: Callable[[str], Path], symbol: str
) -> None:
    summary = Recording(capture("KRAKEN_a"), symbol=symbol).summary()

    assert (summary.symbol, summary.states) == ("XMR/USD", 847)
    assert summary.counts["formats"] == ["capture json"]


@pytest.mark.parametrize(("name", "symbol"), BINANCE_BOOKS)
def test_binance_in_a_capture_gives_the_rows_of_the_binance_reference(
    tmp_path: Path,
    capture: Callable[[str], Path],
    name: str,
    symbol: str,
) -> None:
    alone = tmp_path / "alone.gz"
    alone.write_bytes(
        gzip.compress("".join(binance_lines(read_capture(capture(name)), symbol)).encode())
    )
    recording = Recording(capture(name), symbol=symbol)

    rows, book = recording.features("mid_price, spread"), recording.book()

    grid = book.grid
    tick, lot = (-int(Decimal(step).log10().to_integral()) for step in (grid.tick, grid.lot))
    states = binance_reference.states([alone], tick_decimals=tick, lot_decimals=lot)
    ids, mid, last = [], [], None
    for _, u, dicts in states:
        ids.append(u)
        mid.append((dicts.bids(1)[0][0] + dicts.asks(1)[0][0]) / 2 / 10**tick)
        last = dicts
    assert last is not None
    assert rows.sequence.tolist() == ids
    assert rows["mid_price"] == pytest.approx(mid, rel=1e-12)
    assert (book.top(Side.BID).tolist(), book.top(Side.ASK).tolist()) == (
        last.bids(),
        last.asks(),
    )
    assert (rows.summary.state, rows.summary.gaps) == ("SYNCED", [])


def test_a_snapshot_without_diffs_is_no_book(capture: Callable[[str], Path]) -> None:
    summary = Recording(capture("BITSTAMP"), symbol="sgbeur").summary()

    assert (summary.state, summary.states, summary.symbol) == ("BUFFERING", 0, "SGBEUR")


def test_trades_of_all_venues_are_told(capture: Callable[[str], Path]) -> None:
    def trades(name: str, symbol: str) -> int:
        summary = Recording(capture(name), symbol=symbol).summary()
        count: int = summary.counts["kinds"]["trade"]
        return count

    assert trades("OKX_a", "BTC-USDT") == 69
    assert trades("KRAKEN_a", "XMR/USD") == 4  # in three messages
    assert trades("BYBIT_a", "bybit-linear:BTCUSDT") == 56
    assert trades("BITSTAMP", "ETHUSD") == 10
    assert trades("BINANCE_FUTURES", "SUSHIUSDT") == 40


# ---- Lines of one connection ----------------------------------------------------------------

NATIVE = {
    "BYBIT_a": ("BYBIT.ws.2", "SOLUSDT", "bybit json"),
    "OKX_a": ("OKX.ws.1", "BTC-USDT", "okx json"),
    "KRAKEN_a": ("KRAKEN.ws.50", "WAVES/EUR", "kraken_v1 json"),
    "DERIBIT": ("DERIBIT.ws.1", "BTC-24SEP21-8000-P", "deribit json"),
}


@pytest.mark.parametrize("time", [True, False], ids=["received", "alone"])
@pytest.mark.parametrize("name", NATIVE)
def test_lines_of_a_venue_as_they_came_give_the_rows_of_the_capture(
    tmp_path: Path,
    capture: Callable[[str], Path],
    name: str,
    time: bool,
) -> None:
    connection, symbol, format_name = NATIVE[name]
    path = tmp_path / "lines.txt"
    path.write_text("".join(native_lines(read_capture(capture(name)), connection, time=time)))

    found = Recording(path, symbol=symbol).features("standard")

    expected = Recording(capture(name), symbol=symbol).features("standard")
    assert np.array_equal(found.values, expected.values, equal_nan=True)
    assert np.array_equal(found.ts_event_ns, expected.ts_event_ns)
    assert np.array_equal(found.ts_recv_ns, expected.ts_recv_ns) is time
    assert found.summary.state == "SYNCED"
    assert found.summary.counts["formats"] == [format_name]


def test_kraken_lines_that_begin_with_a_book_are_no_array_of_messages(
    tmp_path: Path, capture: Callable[[str], Path]
) -> None:
    lines = native_lines(read_capture(capture("KRAKEN_a")), "KRAKEN.ws.50", time=False)
    books = [line for line in lines if "WAVES/EUR" in line]
    path = tmp_path / "waves.jsonl"
    path.write_text("".join(books))

    summary = Recording(path).summary()

    assert books[0].startswith("[")
    assert (summary.symbol, summary.states) == ("WAVES/EUR", 577)


def test_bitstamp_lines_join_the_order_book_that_was_asked_for(
    tmp_path: Path, capture: Callable[[str], Path]
) -> None:
    lines = read_capture(capture("BITSTAMP"))
    asked = [line for line in lines if line.get("url", "").endswith("/ethusd")]
    told = [line for line in lines if line["t"] == "recv" and "book_ethusd" in line["data"]]
    path = tmp_path / "lines.txt"
    path.write_text("".join(f"{line['data']}\n" for line in asked + told))

    book = Recording(path).book()

    assert levels(book) == FOLLOW["BITSTAMP"](lines, "ethusd").levels()
    assert book.state is BookState.UNVERIFIED


def test_another_venue_than_the_one_that_was_asked_for_is_refused(
    tmp_path: Path, capture: Callable[[str], Path]
) -> None:
    path = tmp_path / "lines.txt"
    path.write_text(
        "".join(native_lines(read_capture(capture("OKX_a")), "OKX.ws.1", time=True))
    )

    assert Recording(path, symbol="okx:BTC-USDT").summary().states == 98
    with pytest.raises(DecodeError, match=r"venue: expected kraken \(--symbol\), received okx"):
        Recording(path, symbol="kraken:BTC-USDT").summary()


def test_trades_of_other_venues_may_lie_in_a_file_of_their_own(
    tmp_path: Path, capture: Callable[[str], Path]
) -> None:
    whole = native_lines(read_capture(capture("OKX_a")), "OKX.ws.1", time=True)
    depth, trades = tmp_path / "depth.txt", tmp_path / "trades.txt"
    depth.write_text("".join(line for line in whole if '"books"' in line))
    trades.write_text("".join(line for line in whole if '"trades"' in line))

    found = Recording(depth, trades=trades).features("stateful", every="trade")

    expected = Recording(capture("OKX_a")).features("stateful", every="trade")
    assert found.values.tobytes() == expected.values.tobytes()
    assert found.summary.counts["kinds"]["trade"] == 69
