"""Lines of venues and of obcore's own tap, made up and small enough to check by hand."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from made_up import delta, snapshot
from obcore import BookState, DecodeError, GapError, Recording, Side

if TYPE_CHECKING:
    from pathlib import Path

    from obcore import Book

    Texts = list[tuple[str, str]]

START_NS = 1_790_000_000_000_000_000
INTERRUPTED = '{"obcore":"interrupted","reason":"the queue was full"}'


def write(folder: Path, *lines: str, time: bool = True) -> Path:
    """Lines a second apart, each with its receive time in front, and empty ones without."""
    path = folder / "lines.txt"
    path.write_text(
        "".join(
            f"{START_NS + i * 10**9} {line}\n" if line and time else f"{line}\n"
            for i, line in enumerate(lines)
        )
    )
    return path


def texts(book: Book) -> tuple[Texts, Texts]:
    grid = book.grid
    bids, asks = (
        [(grid.price_text(px), grid.size_text(sz)) for px, sz in book.top(side).tolist()]
        for side in (Side.BID, Side.ASK)
    )
    return bids, asks


# ---- Kraken v2 ------------------------------------------------------------------------------


def kraken(kind: str, symbol: str, bids: Texts, asks: Texts, whole: tuple[Texts, Texts]) -> str:
    """A message of the book, with the checksum of the whole book behind it, asks first."""
    digits = [
        word.replace(".", "").lstrip("0") for level in whole[1] + whole[0] for word in level
    ]

    def side(levels: Texts) -> str:
        return "[" + ",".join(f'{{"price":{px},"qty":{sz}}}' for px, sz in levels) + "]"

    data = (
        f'{{"symbol":"{symbol}","bids":{side(bids)},"asks":{side(asks)},'
        f'"checksum":{zlib.crc32("".join(digits).encode())},'
        '"timestamp":"2026-09-21T10:00:00.123456Z"}'
    )
    return f'{{"channel":"book","type":"{kind}","data":[{data}]}}'


A, B, C = ("100.4", "0.10"), ("100.5", "2.00"), ("100.6", "3.00")
SUBSCRIBED = (
    '{"method":"subscribe","success":true,"time_in":"2026-09-21T10:00:00Z",'
    '"result":{"channel":"book","symbol":"BTC/USD","depth":10,"snapshot":true}}'
)
KRAKEN = [
    '{"channel":"status","type":"update","data":[{"system":"online"}]}',
    SUBSCRIBED,
    kraken("snapshot", "BTC/USD", [A], [B, C], ([A], [B, C])),
    kraken("update", "BTC/USD", [], [("100.5", "0")], ([A], [C])),
    '{"channel":"heartbeat"}',
    kraken("update", "BTC/USD", [("100.3", "0.07")], [], ([A, ("100.3", "0.07")], [C])),
]


@pytest.mark.parametrize("time", [True, False])
def test_kraken_v2_is_proved_by_its_checksums(tmp_path: Path, *, time: bool) -> None:
    book, summary = Recording(write(tmp_path, *KRAKEN, time=time)).book_and_summary()

    assert (summary.state, summary.reason) == ("SYNCED", "proved by the venue's checksum")
    assert summary.counts["checksums"] == summary.states == 3
    assert (summary.symbol, summary.counts["formats"]) == ("BTC/USD", ["kraken json"])
    assert texts(book) == ([A, ("100.3", "0.07")], [C])
    assert book.ts_recv_ns == (START_NS + 5 * 10**9 if time else None)


def test_a_line_of_kraken_v2_that_is_missing_is_a_gap_without_ids(tmp_path: Path) -> None:
    path = write(tmp_path, *KRAKEN[:3], *KRAKEN[4:])

    summary = Recording(path).summary()

    (gap,) = summary.gaps
    assert (summary.state, gap["line"], gap["expected"]) == ("GAP", 5, None)
    assert gap["ts_recv_ns"] == START_NS + 4 * 10**9


def test_messages_in_one_array_are_read_like_lines(tmp_path: Path) -> None:
    path = tmp_path / "array.json"
    path.write_text("[" + ",\n\n".join(KRAKEN) + "]")

    assert Recording(path).summary().states == 3


# ---- Coinbase -------------------------------------------------------------------------------


def coinbase(number: int, kind: str, *changes: tuple[str, str, str], channel: str = "") -> str:
    updates = [
        {"side": side, "price_level": px, "new_quantity": sz, "event_time": "2026-09-21"}
        for side, px, sz in changes
    ]
    events = [{"type": kind, "product_id": "BTC-USD", "updates": updates}]
    head = {"channel": channel or "l2_data", "timestamp": "2026-09-21T10:00:00.123456789Z"}
    return json.dumps(head | {"sequence_num": number, "events": events})


COINBASE = [
    coinbase(0, "snapshot", ("bid", "100.4", "1"), ("offer", "100.5", "2")),
    coinbase(1, "subscriptions", channel="subscriptions"),
    coinbase(2, "update", ("bid", "100.3", "5")),
    coinbase(3, "update", ("offer", "100.5", "0"), ("offer", "100.6", "7")),
]


def test_coinbase_is_proved_by_the_numbers_of_the_connection(tmp_path: Path) -> None:
    book, summary = Recording(write(tmp_path, *COINBASE)).book_and_summary()

    assert (summary.state, summary.states, summary.gaps) == ("SYNCED", 3, [])
    assert texts(book) == ([("100.4", "1"), ("100.3", "5")], [("100.6", "7")])


def test_a_hole_in_the_numbers_of_coinbase_is_a_gap_until_the_next_snapshot(
    tmp_path: Path,
) -> None:
    again = coinbase(4, "snapshot", ("bid", "90", "1"), ("offer", "91", "2"))
    lines = [COINBASE[0], *COINBASE[2:]]  # the number 1 is missing

    cut = Recording(write(tmp_path, *lines)).summary()
    healed = Recording(write(tmp_path, *lines, again)).summary()

    (gap,) = cut.gaps
    assert (cut.state, cut.states, cut.counts["gap_count"]) == ("GAP", 1, 1)
    assert (gap["line"], gap["expected"], gap["received"]) == (2, 1, 2)
    assert gap["reason"] == "sequence_num of the connection: expected 1, received 2"
    assert (healed.state, healed.states, len(healed.gaps)) == ("SYNCED", 2, 1)
    with pytest.raises(GapError, match="line 2: expected update id 1, received 2"):
        Recording(write(tmp_path, *lines), strict=True).summary()


def test_the_numbers_of_coinbase_go_on_in_the_next_file(tmp_path: Path) -> None:
    paths = [tmp_path / "1", tmp_path / "2"]
    paths[0].write_text(f"{COINBASE[0]}\n")
    paths[1].write_text(f"{COINBASE[2]}\n")

    assert [gap["source"] for gap in Recording(paths).summary().gaps] == ["2"]


# ---- Tardis ---------------------------------------------------------------------------------


def tardis(second: int, kind: str, **rest: Any) -> str:
    times = {
        "timestamp": f"2026-09-21T10:00:{second:02}.031Z",
        "localTimestamp": f"2026-09-21T10:00:{second:02}.033870Z",
    }
    return json.dumps({"type": kind, "symbol": "BTCUSDT", "exchange": "x"} | rest | times)


def change(second: int, bids: list[float], *, snapshot: bool = False) -> str:
    levels = [{"price": px, "amount": 1.5} for px in bids]
    asks = [{"price": 200.0, "amount": 1}]
    return tardis(second, "book_change", isSnapshot=snapshot, bids=levels, asks=asks)


DROPPED = json.dumps(
    {"type": "disconnect", "exchange": "x", "localTimestamp": "2026-09-21T10:00:02.033870Z"}
)
TARDIS_START_NS = 1_789_984_800_000_000_000  # 2026-09-21T10:00:00Z


@pytest.mark.parametrize("dropped", [DROPPED, ""], ids=["disconnect", "an empty line"])
def test_tardis_messages_end_at_a_disconnect_until_the_next_snapshot(
    tmp_path: Path, dropped: str
) -> None:
    path = tmp_path / "tardis.ndjson"
    lines = [
        change(1, [100.5], snapshot=True),
        change(2, [100.25]),
        dropped,
        change(3, [100.75]),
        change(4, [99.5], snapshot=True),
    ]
    path.write_text("\n".join(lines) + "\n")

    rows = Recording(path).features("mid_price")

    assert rows["mid_price"].tolist() == [150.25, 150.25, 149.75]
    seconds = (rows.ts_recv_ns - TARDIS_START_NS) // 10**9
    assert seconds.tolist() == [1, 2, 4]
    assert (rows.summary.state, rows.summary.gaps) == ("UNVERIFIED", [])
    assert rows.summary.counts["interruptions"] == 1
    assert Recording(path).summary().counts["formats"] == ["tardis json"]
    with pytest.raises(GapError, match=r"line [34]: .*connection dropped"):
        Recording(path, strict=True).summary()


def test_a_receive_time_in_front_goes_before_that_of_tardis(tmp_path: Path) -> None:
    path = write(tmp_path, change(1, [100.5], snapshot=True))

    assert Recording(path).book().ts_recv_ns == START_NS


def test_a_disconnect_of_other_symbols_is_none_of_this_one(tmp_path: Path) -> None:
    other = json.dumps(json.loads(DROPPED) | {"symbols": ["ETHUSDT"]})
    path = write(tmp_path, change(1, [100.5], snapshot=True), other, time=False)

    assert Recording(path).book().state is BookState.UNVERIFIED


# ---- Interruptions --------------------------------------------------------------------------

BINANCE = [
    snapshot(0, 10, [("99", "1")], [("101", "1")]),
    delta(1, 10, 12, 9, bids=[("99", "2")]),
    delta(2, 13, 15, 12, bids=[("98", "0")]),
]
PICTURE = '{"type":"book","symbol":"X","timestamp":1790000000,"bids":[[99,1]],"asks":[[101,1]]}'
OKX = json.dumps(
    {
        "arg": {"channel": "books", "instId": "BTC-USDT"},
        "action": "snapshot",
        "data": [
            {
                "asks": [["101", "1", "0", "1"]],
                "bids": [["99", "1", "0", "1"]],
                "ts": "1790000000300",
                "checksum": 0,
                "prevSeqId": -1,
                "seqId": 1000,
            }
        ],
    }
)
CAPTURE = [
    json.dumps(
        {"t": "connect", "conn": "1", "ts": 1790000000, "addr": "wss://ws.okx.com:8443/"}
    ),
    json.dumps({"t": "recv", "conn": "1", "ts": 1790000001, "data": OKX}),
]
INTERRUPTIBLE = {
    "binance": [line.partition(" ")[2] for line in BINANCE],
    "pictures": [PICTURE],
    "okx": [OKX],
    "kraken": KRAKEN,
    "tardis": [change(1, [100.5], snapshot=True)],
    "capture": CAPTURE,
}


@pytest.mark.parametrize("lines", INTERRUPTIBLE.values(), ids=INTERRUPTIBLE)
def test_the_tap_s_own_word_of_an_interruption_makes_every_book_stale(
    tmp_path: Path, lines: list[str]
) -> None:
    recording = Recording(write(tmp_path, *lines, INTERRUPTED, time=False), kind="auto")

    book, summary = recording.book_and_summary()

    assert (book.state, book.reason) == (BookState.STALE, "the queue was full")
    assert (summary.counts["kinds"]["lost"], summary.counts["interruptions"]) == (1, 1)
    assert (summary.gaps, summary.states > 0) == ([], True)


def test_an_interruption_may_have_a_receive_time_and_come_first(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    lines = [f"{START_NS} {INTERRUPTED}", *BINANCE[:2], f"{START_NS} {INTERRUPTED}", BINANCE[2]]
    path.write_text("\n".join(lines))

    summary = Recording(path, kind="diff").summary()

    # The ids go on, so nothing was missing.
    assert (summary.state, summary.states, summary.gaps) == ("SYNCED", 2, [])
    assert summary.counts["kinds"]["lost"] == 2
    assert summary.counts["formats"] == ["binance json"]


def test_later_words_of_the_tap_are_skipped(tmp_path: Path) -> None:
    path = write(tmp_path, '{"obcore":"note","of":"a later version"}', *KRAKEN)

    summary = Recording(path).summary()

    assert (summary.state, summary.counts["skipped_kinds"]["note"]) == ("SYNCED", 1)


def test_rows_on_a_time_grid_end_at_an_interruption(tmp_path: Path) -> None:
    path = write(tmp_path, PICTURE, PICTURE, INTERRUPTED, "", "", PICTURE)

    rows = Recording(path).features("mid_price", every="1s")

    assert ((rows.ts_recv_ns - START_NS) // 10**9).tolist() == [0, 1, 5]


def test_an_empty_line_says_nothing_where_no_document_says_so(tmp_path: Path) -> None:
    binance = [BINANCE[0], "", BINANCE[1], "", "", BINANCE[2], "", ""]
    alone = [*KRAKEN[:3], "", *KRAKEN[3:]]
    (tmp_path / "binance").write_text("\n".join(binance))

    assert Recording(tmp_path / "binance", kind="diff").summary().counts["kinds"]["lost"] == 0
    assert Recording(write(tmp_path, *alone, time=False)).summary().states == 3


def test_an_empty_line_among_raw_lines_is_a_dropped_connection(tmp_path: Path) -> None:
    summary = Recording(write(tmp_path, *KRAKEN[:4], "", *KRAKEN[4:])).summary()

    assert (summary.state, summary.states) == ("STALE", 2)
    assert summary.reason == "an empty line: the recorder's connection dropped"


@pytest.mark.parametrize("time", ["2026-09-21T10:00:00.1234567Z", "1789984800.1234567"])
def test_receive_times_may_be_iso_or_decimal_seconds(tmp_path: Path, time: str) -> None:
    path = tmp_path / "lines.txt"
    path.write_text(f"{time} {OKX}\n")

    assert Recording(path).book().ts_recv_ns == TARDIS_START_NS + 123_456_700


@pytest.mark.parametrize("time", ["2026-13-21T10:00:00Z", "12", "1e400", "0x10"])
def test_a_receive_time_that_is_none_is_refused(tmp_path: Path, time: str) -> None:
    path = tmp_path / "lines.txt"
    path.write_text(f"{time} {OKX}\n")

    with pytest.raises(DecodeError, match="line 1: receive time: expected"):
        Recording(path).book()


# ---- Several events in a line ---------------------------------------------------------------


def okx_update(*entries: tuple[int, int, str]) -> str:
    data = [
        {"asks": [], "bids": [[px, "1", "0", "1"]], "ts": "1790000000400"}
        | {"checksum": 0, "prevSeqId": before, "seqId": after}
        for before, after, px in entries
    ]
    head = {"arg": {"channel": "books", "instId": "BTC-USDT"}, "action": "update"}
    return json.dumps(head | {"data": data})


def test_every_event_of_a_line_is_a_state_in_its_order(tmp_path: Path) -> None:
    path = write(tmp_path, OKX, okx_update((1000, 1001, "99.5"), (1001, 1002, "99.25")))

    rows = Recording(path).features("mid_price")

    assert rows.sequence.tolist() == [1000, 1001, 1002]
    assert rows["mid_price"].tolist() == [100.0, 100.25, 100.25]
    assert rows.summary.tick == "0.01"


def test_a_stop_within_a_line_leaves_its_other_events(tmp_path: Path) -> None:
    path = write(tmp_path, OKX, okx_update((1000, 1001, "99.5"), (1001, 1002, "99.25")))

    assert Recording(path).book(sequence=1001).sequence == 1001


def test_a_trade_that_needs_a_finer_grid_moves_the_events_that_wait(tmp_path: Path) -> None:
    """Depth of two events in a line, and a trade that comes before them."""
    trade = {"instId": "BTC-USDT", "tradeId": "1", "px": "99.12345", "sz": "0.001"}
    trades = tmp_path / "trades.txt"
    data = [trade | {"side": "buy", "ts": "1790000000350"}] * 2
    arg = {"channel": "trades", "instId": "BTC-USDT"}
    trades.write_text(f"{START_NS + 10**9 - 1} {json.dumps({'arg': arg, 'data': data})}\n")
    path = write(tmp_path, OKX, okx_update((1000, 1001, "99.5"), (1001, 1002, "99.75")))

    rows = Recording(path, trades=trades).features("mid_price")

    assert np.allclose(rows["mid_price"], [100.0, 100.25, 100.375], rtol=1e-12)
    assert (rows.summary.tick, rows.summary.lot) == ("0.00001", "0.001")
    assert rows.summary.counts["kinds"]["trade"] == 2
