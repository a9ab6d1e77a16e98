"""Malformed input of every format: one clear error with its place, and an untouched book.

Each row is a bad line that follows good ones, and what the error has to say about it. What is
right is told by the formats' documents; no input may crash, hang or raise anything else.
"""

from __future__ import annotations

import contextlib
import gzip
import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import obcore
from obcore import Book, Instrument, Recording, Side
from obcore.book import Replay

if TYPE_CHECKING:
    from pathlib import Path

T0 = 1_700_000_000_000
NEXT = {"U": 13, "u": 14, "pu": 12}


def to_line(message: dict[str, Any]) -> bytes:
    kept = {key: value for key, value in message.items() if value is not ...}
    return json.dumps(kept, ensure_ascii=False).encode() + b"\n"


def diff(**changes: Any) -> bytes:
    """A futures diff that follows on the good ones; ``...`` leaves a key out."""
    head = {"e": "depthUpdate", "E": T0 + 1, "T": T0 + 1, "s": "BTCUSDT"}
    return to_line(head | NEXT | {"b": [["99.6", "1"]], "a": [["100.4", "0"]]} | changes)


def bid(price: Any, size: Any = "1") -> bytes:
    return diff(b=[["99.4", "7"], [price, size]])


def swap(old: str, new: bytes) -> bytes:
    assert diff().count(old.encode()) == 1
    return diff().replace(old.encode(), new)


def trade(**changes: Any) -> bytes:
    fields = {"s": "BTCUSDT", "t": 1, "p": "99", "q": "1", "m": True, "T": T0}
    return to_line({"e": "trade", "E": T0} | fields | changes)


SIDES = {"bids": [["99.5", "1"], ["99", "2"]], "asks": [["100.5", "3"]]}
JSON_GOOD = to_line({"lastUpdateId": 10, "T": T0, **SIDES}) + diff(U=11, u=12, pu=10)
JSON_BAD = {
    "truncated in a key": (diff()[:60] + b"\n", "JSON byte 61: expected"),
    "no U": (diff(U=...), "U: expected this key"),
    "no bids": (diff(b=...), "b: expected this key"),
    "no symbol": (diff(s=...), "s: expected this key"),
    "no time": (diff(E=..., T=...), "E: expected this key"),
    "a key twice": (swap('"e"', b'"b": [], "e"'), "b: expected this key once"),
    "NaN as text": (bid("NaN"), "b[1] price: expected a decimal, received NaN"),
    "NaN as a number": (bid(float("nan")), "expected a JSON value, received NaN"),
    "Infinity": (bid("99", "Infinity"), "b[1] size: expected a decimal, received Infinity"),
    "negative size": (bid("99", "-1"), "b[1] size: expected a size of 0 or more, received -1"),
    "price 0": (bid("0"), "b[1] price: expected a price above 0, received 0"),
    "words for a price": (bid("cheap"), "b[1] price: expected a decimal, received cheap"),
    "price beyond int64": (bid("1e30"), "b[1] price: expected a number within int64"),
    "price beyond 2^60": (bid(str(2**60 + 1)), "b[1] price: expected a number within int64"),
    "size beyond int64": (bid("99", "9" * 20), "b[1] size: expected a number within int64"),
    "finer, then negative": (bid("99.123", "-1"), "b[1] size: expected a size of 0 or more"),
    "too many decimals": (bid("9.1234567890123456789"), "price: expected"),
    "id beyond int64": (diff(u=2**63), f"u: expected an integer of 64 bits, received {2**63}"),
    "text for an id": (diff(U="abc"), "U: expected an integer of 64 bits, received abc"),
    "a fraction for an id": (
        diff(pu=12.5),
        "pu: expected an integer of 64 bits, received 12.5",
    ),
    "U above u": (diff(U=15), "u: expected an id of at least U = 15, received 14"),
    "a number for a symbol": (diff(s=5), "s: expected a string, received 5"),
    "an object for a side": (diff(b={}), "b: expected an array of levels, received {}"),
    "a number for a level": (diff(b=[5]), "expected '[', received 5"),
    "time before 1973": (diff(T=5), "T: expected a time since 1970"),
    "time beyond int64": (
        swap(f'"T": {T0 + 1}', b'"T": 1' + b"0" * 30),
        "T: expected an integer",
    ),
    "no receive time": (b"abc " + diff(), "expected '<receive time> <json>' or JSON"),
    "megabytes of lists": (b"[" * 4_000_000 + b"\n", "(4000000 bytes)"),
    "megabytes of objects": (b'{"x":' * 800_000 + b"\n", "at most 64 levels of nesting"),
    "nesting in an unknown key": (swap('"e"', b'"x": ' + b"[" * 10**6), "64 levels of nesting"),
    "a nul byte": (swap("99.6", b"99\0junk"), "junk"),
    "no UTF-8 in a price": (swap("99.6", b"9\xff\xfe"), "b[0] price: expected a decimal"),
    "no UTF-8 in a symbol": (swap("BTCUSDT", b"BTC\xff"), "symbol: expected BTCUSDT"),
    "non-ASCII text that is cut short": (
        bid("a" + "\u00e9" * 99),
        "b[1] price: expected a decimal",
    ),
    "a byte order mark inside": (b"\xef\xbb\xbf" + diff(), "expected '<receive time> <json>'"),
    "two messages on a line": (diff()[:-1] + diff(), "expected the end of the JSON text"),
    "another symbol": (diff(s="ETHUSDT"), "symbol: expected BTCUSDT as before"),
    "partial depth among diffs": (
        to_line({"stream": "btcusdt@depth5", "data": json.loads(diff())}),
        "depth: expected diffs or top-N pictures",
    ),
    "a trade without price": (trade(p=...), "p: expected this key"),
    "a trade without side": (trade(m="yes"), "m: expected true or false, received yes"),
    "a ticker without size": (to_line({"e": "bookTicker", "u": 1, "b": "1"}), "B: expected"),
    "text for a snapshot id": (
        to_line({"lastUpdateId": "x", **SIDES}),
        "lastUpdateId: expected",
    ),
}


def row(at: int = 40_000, **changes: str) -> bytes:
    """A Tardis row that arrives so many us after the start."""
    head = {"exchange": "x", "symbol": "X", "timestamp": f"{T0 * 1_000}"}
    tail = {"is_snapshot": "false", "side": "bid", "price": "99.5", "amount": "1"}
    fields = head | {"local_timestamp": f"{T0 * 1_000 + at}"} | tail | changes
    return ",".join(fields.values()).encode() + b"\n"


HEADER = b"exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n"
PICTURE_ROWS = row(0, is_snapshot="true") + row(0, is_snapshot="true", side="ask", price="100")
CSV_GOOD = HEADER + PICTURE_ROWS + row(1) + row(2)
CSV_BAD = {
    "words for a price": (row(price="abc"), "price: expected a decimal, received abc"),
    "price 0": (row(price="0"), "price: expected a price above 0, received 0"),
    "negative amount": (row(amount="-1"), "size: expected a size of 0 or more, received -1"),
    "NaN amount": (row(amount="nan"), "size: expected a decimal, received nan"),
    "a trade's side": (row(side="buy"), "side: expected bid or ask, received buy"),
    "no truth": (row(is_snapshot="yes"), "is_snapshot: expected true or false, received yes"),
    "too few fields": (b"x,X,17\n", "row: expected 8 fields, received 3"),
    "an open quote": (b'"x,X,1\n', "field 1: expected a closing quote"),
    "text behind a quote": (b'"x"y,X\n', "field 1: expected a comma behind the closing quote"),
    "another symbol in a group": (row(2, symbol="Y"), "mixed symbols: expected X"),
    "the header again": (HEADER, "timestamp: expected an integer of 64 bits"),
    "JSON": (diff(), "row: expected 8 fields"),
    "a nul byte": (row(price="9\0junk"), "junk"),
    "no UTF-8": (row().replace(b"99.5", b"9\xff"), "price: expected a decimal"),
}


def picture(**changes: Any) -> bytes:
    return to_line({"type": "book", "symbol": "X", "timestamp": T0, **SIDES} | changes)


PICTURE_BAD = {
    "truncated": (picture()[:40] + b"\n", "the end (truncated?)"),
    "no time": (picture(timestamp=...), "timestamp: expected this key"),
    "month 13": (picture(timestamp="2026-13-01T00:00:00Z"), "timestamp: expected a time"),
    "no bids": (picture(bids=...), "bids: expected this key"),
    "an object for bids": (picture(bids={}), "bids: expected an array of levels"),
    "words for a price": (picture(bids=[["x", "1"]]), "bids[0] price: expected a decimal"),
}

RESEARCH_GOOD = b"depthUpdate,%d,%d,X,1,2,0,\"[['99', '1']]\",\"[['100', '2']]\"\n" % (T0, T0)
AGG_TRADE = b"aggTrade,%d,5,X,99,1,1,2,%d,True\n" % (T0, T0)


def literal(text: bytes) -> bytes:
    return RESEARCH_GOOD.replace(b"[['99', '1']]", text)


RESEARCH_BAD = {
    "an open list": (literal(b"[['99', '1'"), "bids: expected ']', received the end"),
    "a call": (literal(b"__import__('os')"), "bids: expected '[' or '('"),
    "a dict": (literal(b"{'99': '1'}"), "bids: expected '[' or '('"),
    "a sum": (literal(b"[[9+9, '1']]"), "bids[0] price: expected a decimal, received 9+9"),
    "nesting": (literal(b"[" * 10**6), "(999998 bytes)"),
    "a column less": (
        RESEARCH_GOOD.replace(b",X,", b","),
        "row: expected 9 fields, received 8",
    ),
    "a foreign kind": (b"kline" + RESEARCH_GOOD[11:], "type: expected depthUpdate or aggTrade"),
    "an open quote": (RESEARCH_GOOD[:-2] + b"\n", "field 9: expected a closing quote"),
    "no truth": (AGG_TRADE.replace(b"True", b"yes"), "is_buyer_maker: expected True or False"),
}

FORMATS = {
    "json": (JSON_GOOD, JSON_BAD),
    "csv": (CSV_GOOD, CSV_BAD),
    "pictures": (picture(), PICTURE_BAD),
    "research": (RESEARCH_GOOD, RESEARCH_BAD),
}
ROWS = [
    pytest.param(good, *case, id=f"{name}: {what}")
    for name, (good, cases) in FORMATS.items()
    for what, case in cases.items()
]


def told(book: Book) -> tuple[Any, ...]:
    """Prices and sizes as numbers: a finer grid is no change of the book."""
    tick, lot = Fraction(book.grid.tick), Fraction(book.grid.lot)
    sides = [[(px * tick, sz * lot) for px, sz in book.top(side).tolist()] for side in Side]
    return (*sides, book.sequence, book.ts_event_ns, book.ts_recv_ns, book.state, book.reason)


def check_error(error: obcore.DecodeError, line: int, says: str) -> None:
    message = str(error)
    assert message.startswith(f"bad.txt line {line}: ")
    assert says in message
    assert "expected" in message
    assert "received" in message
    assert len(message) < 500
    assert (error.source, error.line) == ("bad.txt", line)


@pytest.mark.parametrize(("good", "bad", "says"), ROWS)
def test_a_bad_line_is_named_and_leaves_the_book_as_it_was(
    good: bytes, bad: bytes, says: str
) -> None:
    replay = Replay()
    replay.begin("bad.txt")
    replay.feed(good)
    before = told(replay.book())

    with pytest.raises(obcore.DecodeError) as raised:
        replay.feed(bad)

    check_error(raised.value, good.count(b"\n") + 1, says)
    assert told(replay.book()) == before
    assert before[0]


@pytest.mark.parametrize("bad", [bid("99.55"), bid("99", "0.0001"), trade(p="99.01")])
def test_a_number_finer_than_the_instrument_is_a_precision_error(bad: bytes) -> None:
    replay = Replay(grid=Instrument("BTCUSDT", "0.1", "0.001").grid)
    replay.begin("bad.txt")
    replay.feed(JSON_GOOD)
    before = told(replay.book())

    with pytest.raises(obcore.PrecisionError) as raised:
        replay.feed(bad)

    check_error(raised.value, 3, "expected a multiple of the")
    assert told(replay.book()) == before


FAR = {"a far price": (f"{10**17}", "3", "99.123"), "a huge size": ("100", f"{2**62}", "99")}


@pytest.mark.parametrize(("price", "size", "finer"), FAR.values(), ids=FAR)
def test_a_finer_number_that_the_book_has_no_room_for_moves_nothing(
    price: str, size: str, finer: str
) -> None:
    replay = Replay()
    replay.begin("bad.txt")
    replay.feed(JSON_GOOD + diff(a=[[price, size]]))
    before = told(replay.book())

    with pytest.raises(obcore.PrecisionError) as raised:
        replay.feed(diff(U=15, u=16, pu=14, b=[[finer, "0.0001"]]))

    check_error(raised.value, 4, "fit int64 on the finer grid")
    assert told(replay.book()) == before


WHOLE = st.sampled_from(
    [JSON_GOOD + diff(), CSV_GOOD, picture() * 2, RESEARCH_GOOD + AGG_TRADE]
)
JUNK = st.binary(max_size=3) | st.sampled_from(
    [b"\n", b'"', b"[", b"}", b",", b"0", b"-", b"1e9"]
)
CUTS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 9), JUNK), min_size=1, max_size=4)


@given(content=WHOLE, cuts=CUTS)
def test_no_damage_raises_anything_but_an_error_of_obcore(
    content: bytes, cuts: list[tuple[int, int, bytes]]
) -> None:
    for at, length, junk in cuts:
        content = content[:at] + junk + content[at + length :]

    with contextlib.suppress(obcore.ObcoreError):
        read_all(content)


START = JSON_GOOD.split(b"\n")[0]
FILES = {
    "a misspelt column": (HEADER.replace(b"price", b"prise"), 1, "expected a column price"),
    "a missing column": (HEADER.replace(b",amount", b""), 1, "expected a column amount"),
    "a column twice": (
        HEADER.replace(b"amount", b"price"),
        1,
        "header: expected every column once",
    ),
    "another data type": (
        HEADER[:46] + b"funding_rate\n",
        1,
        "header: expected the columns of",
    ),
    "semicolons": (CSV_GOOD.replace(b",", b";"), 1, "format: expected"),
    "a zip file": (b"PK\x03\x04" + bytes(60), 1, "format: expected"),
    "UTF-16": (CSV_GOOD.decode().encode("utf-16"), 1, "format: expected"),
    "an array without end": (b"[" + START, 1, "JSON array: expected ']'"),
    "an array without comma": (b"[" + START + b"\n" + START + b"]", 2, "expected ',' or ']'"),
    "an array with a comma too many": (b"[" + START + b",\n]", 2, "JSON array: expected"),
    "text behind an array": (b"[" + START + b"]\nx", 2, "expected nothing behind ']'"),
    "an array of numbers": (b"[1]", 1, "JSON array: expected an object, received 1"),
    "a second symbol in a csv": (CSV_GOOD + row(symbol="Y") + row(50_000), 6, "received Y"),
    "a line without end": (JSON_GOOD + b'{"e":', 3, "the end (truncated?)"),
}


@pytest.mark.parametrize(("content", "line", "says"), FILES.values(), ids=FILES)
def test_a_file_of_the_wrong_shape_is_an_error(content: bytes, line: int, says: str) -> None:
    with pytest.raises(obcore.DecodeError) as raised:
        read_all(content)

    check_error(raised.value, line, says)


def read_all(content: bytes) -> None:
    replay = Replay()
    replay.begin("bad.txt")
    replay.feed(content)
    replay.end()
    replay.finish()
    replay.summary()  # which shows names of the input's


PACKED = gzip.compress(JSON_GOOD * 50, mtime=0)
GZIP = {
    "truncated": PACKED[:-9],
    "only its magic": b"\x1f\x8b",
    "an unknown method": b"\x1f\x8b" + b"z" * 100,
    "a wrong checksum": PACKED[:-8] + b"abcd" + PACKED[-4:],
    "a wrong length": PACKED[:-4] + b"abcd",
    "damaged in the middle": PACKED[:40] + b"\xff" * 20 + PACKED[60:],
    "junk behind it": PACKED + b"junk",
}


@pytest.mark.parametrize("content", GZIP.values(), ids=GZIP)
def test_a_damaged_gzip_file_is_an_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.gz"
    path.write_bytes(content)

    with pytest.raises(
        obcore.DecodeError, match=r"^bad\.gz: gzip: expected .* received"
    ) as raised:
        Recording(path, kind="diff").summary()

    assert raised.value.source == "bad.gz"


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\xef\xbb\xbf", HEADER], ids=repr)
def test_a_file_without_messages_is_no_book(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(content)

    with pytest.raises(obcore.NeverSyncedError, match=r"bad\.txt: .* EMPTY"):
        Recording(path).features()
