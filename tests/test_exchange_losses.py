"""Recorded streams of many venues with lines cut out, and with connections that are lost."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from exchange_reference import (
    follow_kraken_v1,
    follow_okx,
    levels,
    okx_checksum,
    read_capture,
    write_capture,
)
from obcore import BookState, GapError, Recording

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exchange_reference import Line


@pytest.fixture(scope="session")
def capture(shared_data: Callable[[str], Path]) -> Callable[[str], Path]:
    return lambda name: shared_data(f"exchange_ws/{name}.jsonl.gz")


# ---- Lines cut out --------------------------------------------------------------------------


def without(lines: list[Line], index: int) -> list[Line]:
    return lines[:index] + lines[index + 1 :]


def changes(lines: list[Line], *words: str) -> list[int]:
    """Where messages with all of these words stand."""
    return [
        i
        for i, line in enumerate(lines)
        if line["t"] == "recv" and all(word in line["data"] for word in words)
    ]


# The file, the symbol, words of its depth messages, and whether ids tell what is missing.
CHAINS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "bybit, consecutive": ("BYBIT_a", "SOLUSDT", ('"orderbook.200.SOLUSDT"', '"delta"')),
    "deribit, chained": (
        "DERIBIT",
        "BTC-24SEP21-8000-P",
        ("book.BTC-24SEP21-8000-P", "change"),
    ),
    "binance": ("BINANCE", "NKNUSDT", ("nknusdt@depth",)),
    "binance futures": ("BINANCE_FUTURES", "SUSHIUSDT", ("sushiusdt@depth",)),
}


@pytest.mark.parametrize(("name", "symbol", "words"), CHAINS.values(), ids=CHAINS)
def test_a_line_that_is_missing_is_exactly_one_gap(
    tmp_path: Path,
    capture: Callable[[str], Path],
    name: str,
    symbol: str,
    words: tuple[str, ...],
) -> None:
    lines = read_capture(capture(name))
    depth = changes(lines, *words)
    missing, after = depth[len(depth) // 2], depth[len(depth) // 2 + 1]
    path = write_capture(tmp_path / "cut.jsonl", without(lines, missing))

    summary = Recording(path, symbol=symbol).summary()

    assert (summary.state, summary.counts["gap_count"]) == ("GAP", 1)
    (gap,) = summary.gaps
    assert gap["line"] == after  # lines count from 1, and one is missing before it
    assert gap["expected"] != gap["received"]
    assert gap["reason"].startswith("deltas are missing: expected ")
    with pytest.raises(GapError, match=f"line {after}: expected update id {gap['expected']}"):
        Recording(path, symbol=symbol, strict=True).summary()


def test_a_missing_line_of_kraken_is_seen_by_the_next_checksum(
    tmp_path: Path, capture: Callable[[str], Path]
) -> None:
    lines = read_capture(capture("KRAKEN_a"))
    updates = changes(lines, '"book-1000","XMR/USD"', '"c":')
    tops = [follow_kraken_v1(lines[: i + 1], "XMR/USD").texts(10) for i in updates[300:320]]
    # The first update that changes the best ten, where the next one does not undo it.
    n = next(n for n in range(1, len(tops)) if tops[n] != tops[n - 1])
    path = write_capture(tmp_path / "cut.jsonl", without(lines, updates[300 + n]))

    summary = Recording(path, symbol="XMR/USD").summary()

    (gap,) = summary.gaps
    assert (summary.state, summary.counts["gap_count"]) == ("GAP", 1)
    assert (gap["line"], gap["expected"], gap["received"]) == (updates[301 + n], None, None)
    assert gap["reason"].startswith("checksum: expected ")
    assert summary.counts["checksums"] == 300 + n
    json.dumps(summary.as_dict())
    with pytest.raises(GapError, match=r"cut.jsonl line \d+: checksum: expected") as caught:
        Recording(path, symbol="XMR/USD", strict=True).features("mid_price")
    assert (caught.value.expected, caught.value.received) == (None, None)


def test_a_missing_line_of_okx_is_seen_by_the_next_checksum(
    tmp_path: Path, capture: Callable[[str], Path]
) -> None:
    lines = read_capture(capture("OKX_a"))
    updates = changes(lines, '"channel":"books"', '"update"')
    sums = [okx_checksum(follow_okx(lines[: i + 1], "BTC-USDT")) for i in updates]
    n = next(n for n in range(40, len(sums)) if sums[n] != sums[n - 1])
    path = write_capture(tmp_path / "cut.jsonl", without(lines, updates[n]))

    summary = Recording(path).summary()

    assert (summary.state, len(summary.gaps)) == ("GAP", 1)
    assert summary.gaps[0]["line"] == updates[n + 1]
    assert summary.counts["checksums"] == n + 1


def test_a_missing_line_of_bitstamp_is_not_seen(
    tmp_path: Path, capture: Callable[[str], Path]
) -> None:
    lines = read_capture(capture("BITSTAMP"))
    depth = changes(lines, "diff_order_book_ethusd", '"bids"')
    path = write_capture(tmp_path / "cut.jsonl", without(lines, depth[len(depth) // 2]))

    summary = Recording(path, symbol="ethusd").summary()

    assert (summary.state, summary.gaps) == ("UNVERIFIED", [])


# ---- Connections that are lost --------------------------------------------------------------


def cut_in_two(lines: list[Line], *words: str) -> tuple[list[Line], list[Line], Line]:
    """What comes before and after a connection is lost, and the line of the new one."""
    depth = changes(lines, *words)
    at = depth[len(depth) // 2]
    connection = lines[at]["conn"]
    connect = next(
        line for line in lines if line["t"] == "connect" and line["conn"] == connection
    )
    return lines[:at], lines[at:], connect | {"ts": lines[at]["ts"]}


def test_a_stream_that_connects_again_is_stale_until_its_next_snapshot(
    tmp_path: Path, capture: Callable[[str], Path]
) -> None:
    before, after, connect = cut_in_two(read_capture(capture("OKX_a")), '"books"', '"update"')
    cut = Recording(write_capture(tmp_path / "cut.jsonl", [*before, connect, *after]))

    rows = cut.features("mid_price")

    states = follow_okx(before, "BTC-USDT").states
    assert (len(rows), rows.summary.state) == (states, "STALE")
    assert rows.summary.reason == "OKX.ws.1 connected again"
    assert rows.summary.gaps == []  # nothing is known to be missing
    counts = rows.summary.counts
    assert (counts["kinds"]["lost"], counts["interruptions"]) == (1, 1)
    assert "OKX.ws.1 connected again" not in counts["skipped_kinds"]


def test_a_stream_that_connects_again_goes_on_from_its_next_snapshot(
    tmp_path: Path, capture: Callable[[str], Path]
) -> None:
    whole = read_capture(capture("OKX_a"))
    before, _, connect = cut_in_two(whole, '"books"', '"update"')
    path = write_capture(tmp_path / "again.jsonl", [*before, connect, *whole[2:]])

    book, summary = Recording(path).book_and_summary()

    states = follow_okx(before, "BTC-USDT").states
    assert (summary.state, summary.states) == ("SYNCED", states + 98)
    assert levels(book) == follow_okx(whole, "BTC-USDT").levels()
    with pytest.raises(GapError, match=r"OKX\.ws\.1 connected again") as caught:
        Recording(path, strict=True).summary()
    assert caught.value.expected is None


def test_where_ids_go_on_a_new_connection_has_lost_nothing(
    tmp_path: Path, capture: Callable[[str], Path]
) -> None:
    lines = read_capture(capture("BINANCE"))
    before, after, connect = cut_in_two(lines, "nknusdt@depth")
    cut = write_capture(tmp_path / "cut.jsonl", [*before, connect, *after])
    at_the_cut = write_capture(tmp_path / "head.jsonl", [*before, connect])

    summary = Recording(cut, symbol="NKNUSDT", strict=True).summary()

    assert (summary.state, summary.states, summary.gaps) == ("SYNCED", 149, [])
    assert Recording(at_the_cut, symbol="NKNUSDT").book().state is BookState.STALE


def test_only_books_of_the_connection_that_is_lost_are(
    tmp_path: Path, capture: Callable[[str], Path]
) -> None:
    lines = read_capture(capture("KRAKEN_a"))
    trades = next(line for line in lines if line["t"] == "connect")  # of another connection
    path = write_capture(tmp_path / "cut.jsonl", [*lines, trades])

    summary = Recording(path, symbol="XMR/USD").summary()

    assert (summary.state, summary.counts["kinds"]["lost"]) == ("SYNCED", 0)


def test_what_was_learned_of_a_connection_holds_in_the_next_file(
    tmp_path: Path, capture: Callable[[str], Path]
) -> None:
    before, after, _ = cut_in_two(
        read_capture(capture("DERIBIT")), "book.BTC-24SEP21-8000-P", "change"
    )
    paths = [
        write_capture(tmp_path / "1.jsonl", before),
        write_capture(tmp_path / "2.jsonl", after),
    ]

    summary = Recording(paths, symbol="BTC-24SEP21-8000-P").summary()

    assert (summary.state, summary.states, summary.gaps) == ("SYNCED", 31, [])


def test_unknown_addresses_are_counted_by_name(
    tmp_path: Path, capture: Callable[[str], Path]
) -> None:
    foreign: list[dict[str, Any]] = [
        {"t": "connect", "conn": "X.1", "addr": "wss://stream.example.com/ws", "ts": "1"},
        {"t": "recv", "conn": "X.1", "data": "not even JSON", "ts": "1"},
        {"t": "recv", "conn": "X.2", "data": "{}", "ts": "1"},
        {"t": "http", "conn": "X.3", "url": "https://api.example.com/v1?x=1", "data": "<html>"},
        {
            "t": "http",
            "conn": "X.3",
            "url": "https://api.binance.com/api/v3/time",
            "data": "{}",
        },
    ]
    lines = [line | {"ts": Decimal("1652459225.5")} for line in foreign]
    path = write_capture(tmp_path / "more.jsonl", [*lines, *read_capture(capture("OKX_a"))])

    summary = Recording(path).summary()

    skipped = summary.counts["skipped_kinds"]
    assert (summary.state, summary.states) == ("SYNCED", 98)
    names = ["stream.example.com", "X.2", "api.example.com/v1", "api.binance.com/api/v3/time"]
    assert [skipped[name] for name in names] == [1, 1, 1, 1]
