"""A book kept from messages as they arrive: the verdicts, the states, and a replay's books."""

from __future__ import annotations

import copy
import gc
import gzip
import json
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

import obcore
from obcore import Book, FeatureEngine, FeatureSet, Instrument, LiveBook, Side, Verdict
from obcore.book import BookState, BookView, Replay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BTC = Instrument("BTCUSDT", "0.10", "0.001")
FRAMES = Path(__file__).parent / "frames" / "binance"
START_MS = 1_720_000_000_000
APPLY, SKIP, BUFFER, GAP, RESYNC = Verdict


# Messages, each made at a millisecond of its last id.


def encoded(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()


def diff(first: int, last: int, previous: int | None = None, **keys: Any) -> bytes:
    """Of the futures where `previous` is told, else of spot; sets the bid 100.0 to the id."""
    ids = {"U": first, "u": last} | ({} if previous is None else {"pu": previous})
    times = {"E": START_MS + last} | ({} if previous is None else {"T": START_MS + last})
    levels = {"b": [["100.00", f"0.{last:03}"]], "a": []}
    return encoded({"e": "depthUpdate", "s": "BTCUSDT"} | times | ids | levels | keys)


def snapshot(last: int, **keys: Any) -> bytes:
    levels = {"bids": [["99.00", "1"], ["100.00", "2"]], "asks": [["101.00", "3"]]}
    return encoded({"lastUpdateId": last} | levels | keys)


def enveloped(stream: str, message: bytes) -> bytes:
    return b'{"stream":"' + stream.encode() + b'","data":' + message + b"}"


def in_sync(kind: str = "auto") -> LiveBook:
    live = LiveBook(BTC, kind)
    live.apply_json(snapshot(10))
    assert live.apply_json(diff(11, 12)) is APPLY
    return live


def shown(book: BookView) -> tuple[Any, ...]:
    levels = [book.top(side).tolist() for side in Side]
    return (*levels, book.state, book.reason, book.sequence, book.ts_event_ns, book.ts_recv_ns)


def bid_of(live: LiveBook) -> int:
    return live.book.size_at(Side.BID, 1_000)


# Verdicts and states.

STREAMS: dict[str, list[tuple[bytes, Verdict, BookState]]] = {
    "spot, deltas first": [
        (diff(5, 9), BUFFER, BookState.BUFFERING),
        (diff(10, 12), BUFFER, BookState.BUFFERING),
        (snapshot(10), APPLY, BookState.SYNCED),
        (diff(13, 14), APPLY, BookState.SYNCED),
    ],
    "spot, snapshot first": [
        (snapshot(10), BUFFER, BookState.BUFFERING),
        (diff(8, 9), SKIP, BookState.BUFFERING),
        (diff(10, 12), APPLY, BookState.SYNCED),
        (diff(10, 12), SKIP, BookState.SYNCED),
    ],
    "futures, deltas first": [
        (diff(5, 9, 4), BUFFER, BookState.BUFFERING),
        (diff(10, 12, 9), BUFFER, BookState.BUFFERING),
        (snapshot(11, E=START_MS, T=START_MS), APPLY, BookState.SYNCED),
        (diff(14, 15, 12), APPLY, BookState.SYNCED),
    ],
    "futures, snapshot first": [
        (snapshot(10, E=START_MS, T=START_MS), BUFFER, BookState.BUFFERING),
        (diff(7, 8, 6), SKIP, BookState.BUFFERING),
        (diff(9, 12, 8), APPLY, BookState.SYNCED),
        (diff(16, 18, 12), APPLY, BookState.SYNCED),
    ],
    "a snapshot that is too old, and then one that is not": [
        (diff(20, 22), BUFFER, BookState.BUFFERING),
        (snapshot(10), RESYNC, BookState.BUFFERING),
        (snapshot(21), APPLY, BookState.SYNCED),
    ],
    "a delta that does not join": [
        (snapshot(10), BUFFER, BookState.BUFFERING),
        (diff(20, 22), RESYNC, BookState.BUFFERING),
        (snapshot(22), BUFFER, BookState.BUFFERING),
        (diff(23, 23), APPLY, BookState.SYNCED),
    ],
    "spot, a gap and its snapshot": [
        (snapshot(10), BUFFER, BookState.BUFFERING),
        (diff(11, 12), APPLY, BookState.SYNCED),
        (diff(14, 15), GAP, BookState.GAP),
        (diff(16, 17), BUFFER, BookState.GAP),
        (snapshot(15), APPLY, BookState.SYNCED),
        (diff(18, 18), APPLY, BookState.SYNCED),
    ],
    "futures, a gap and its snapshot": [
        (snapshot(10, E=START_MS), BUFFER, BookState.BUFFERING),
        (diff(9, 12, 8), APPLY, BookState.SYNCED),
        (diff(14, 15, 13), GAP, BookState.GAP),
        (snapshot(14, E=START_MS), APPLY, BookState.SYNCED),
        (diff(16, 18, 15), APPLY, BookState.SYNCED),
    ],
    "a newer snapshot of a book in sync": [
        (snapshot(10), BUFFER, BookState.BUFFERING),
        (diff(11, 12), APPLY, BookState.SYNCED),
        (snapshot(12), SKIP, BookState.SYNCED),
        (snapshot(14), BUFFER, BookState.SYNCED),
        (diff(13, 15), APPLY, BookState.SYNCED),
    ],
    "combined stream": [
        (snapshot(10), BUFFER, BookState.BUFFERING),
        (enveloped("btcusdt@depth@100ms", diff(11, 12)), APPLY, BookState.SYNCED),
    ],
    "crossed": [
        (snapshot(10), BUFFER, BookState.BUFFERING),
        (diff(11, 12, b=[["102.00", "1"]]), APPLY, BookState.STALE),
        (diff(13, 14, b=[["102.00", "0"]]), APPLY, BookState.SYNCED),
    ],
    "spot's partial depth": [
        (enveloped("btcusdt@depth20@100ms", snapshot(10)), APPLY, BookState.UNVERIFIED),
        (enveloped("btcusdt@depth20@100ms", snapshot(11)), APPLY, BookState.UNVERIFIED),
    ],
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_a_stream_gives_these_verdicts_and_states(
    stream: list[tuple[bytes, Verdict, BookState]],
) -> None:
    live = LiveBook(BTC)

    told = [(message, live.apply_json(message), live.book.state) for message, _, _ in stream]

    assert told == stream


def test_a_gap_says_which_id_is_missing_and_keeps_the_book() -> None:
    live = in_sync()

    assert live.apply_json(diff(14, 15)) is GAP

    assert live.book.reason == "deltas are missing: expected U 13, received 14"
    assert (live.book.sequence, bid_of(live)) == (12, 12)


def test_deltas_that_waited_are_part_of_the_state_that_joins() -> None:
    live = LiveBook(BTC)
    for message in (diff(5, 9), diff(10, 12), diff(13, 14), snapshot(10)):
        live.apply_json(message)

    assert shown(live.book)[:2] == ([(1_000, 14), (990, 1_000)], [(1_010, 3_000)])
    assert (live.book.sequence, live.book.ts_event_ns) == (14, (START_MS + 14) * 10**6)


# Malformed and unmeant messages.

MALFORMED: dict[str, bytes | str] = {
    "nothing": b"",
    "cut": diff(13, 13)[:-7],
    "two": diff(13, 13) * 2,
    "array": b"[]",
    "no ids": diff(13, 13).replace(b'"U"', b'"V"'),
    "ids turned": diff(14, 13),
    "huge id": diff(13, 1 << 64),
    "finer tick": diff(13, 13, b=[["100.05", "1"]]),
    "finer lot behind a good level": diff(13, 13, b=[["99.00", "5"], ["100.00", "0.0001"]]),
    "negative size": diff(13, 13, a=[["100.10", "-1"]]),
    "no number": diff(13, 13, a=[["NaN", "1"]]),
    "level without a size": diff(13, 13, a=[["100.10"]]),
    "other symbol": diff(13, 13, s="ETHUSDT"),
    "trade of another symbol": encoded(
        {"e": "trade", "E": START_MS, "T": START_MS, "s": "ETHUSDT", "t": 1}
        | {"p": "100.00", "q": "1", "m": True}
    ),
    "no UTF-8": diff(13, 13).replace(b"BTCUSDT", b"BTC\xff"),
    "other script": diff(13, 13, s="БТК"),
    "other script as text": diff(13, 13, s="БТК").decode(),
}


@pytest.mark.parametrize("message", MALFORMED.values(), ids=MALFORMED)
def test_a_bad_message_leaves_the_book_and_the_next_one_reveals_the_gap(
    message: bytes | str,
) -> None:
    live = in_sync()
    before = shown(live.book)

    with pytest.raises(obcore.DecodeError):
        live.apply_json(message)
    after = shown(live.book)
    verdict = live.apply_json(diff(14, 14))

    assert after == before
    assert verdict is GAP
    assert live.apply_json(snapshot(14)) is BUFFER
    assert live.apply_json(diff(15, 15)) is APPLY
    assert live.book.state is BookState.SYNCED


def test_a_number_off_the_grid_is_an_error_of_its_own() -> None:
    with pytest.raises(obcore.PrecisionError, match=r"multiple of the tick 0\.10"):
        in_sync().apply_json(diff(13, 13, b=[["100.05", "1"]]))


UNMEANT = {
    "control": b'{"result":null,"id":1}',
    "error": b'{"code":-1,"msg":"no"}',
    "unknown": b'{"e":"kline","E":1720000000001,"s":"BTCUSDT","k":{"a":[1],"b":2}}',
    "unknown of another symbol": b'{"e":"markPriceUpdate","s":"ETHUSDT","p":"1.23456789"}',
    "no name": b"{}",
    "trade": encoded(
        {"e": "trade", "E": START_MS, "T": START_MS, "s": "BTCUSDT", "t": 1}
        | {"p": "100.00", "q": "1", "m": True}
    ),
    "ticker": b'{"u":13,"s":"BTCUSDT","b":"100.00","B":"9","a":"101.00","A":"9"}',
    "retail depth": enveloped("btcusdt@rpiDepth@500ms", diff(13, 13)),
}


@pytest.mark.parametrize("message", UNMEANT.values(), ids=UNMEANT)
def test_what_is_no_depth_is_skipped_and_changes_nothing(message: bytes) -> None:
    live = in_sync()
    before = shown(live.book)

    assert live.apply_json(message) is SKIP

    assert shown(live.book) == before
    assert live.apply_json(diff(13, 13)) is APPLY


def test_without_a_symbol_the_first_one_that_is_named_is_meant() -> None:
    live = LiveBook(BTC.grid)
    unnamed = live.symbol

    live.apply_json(snapshot(10))
    live.apply_json(diff(11, 12))

    assert (unnamed, live.symbol) == ("", "BTCUSDT")
    with pytest.raises(obcore.DecodeError, match="symbol: expected BTCUSDT, received ETHUSDT"):
        live.apply_json(diff(13, 14, s="ETHUSDT"))


@pytest.mark.parametrize("symbol", ["btcusdt", "BTC/USDT", "BTC-USDT", "binance:BTCUSDT"])
def test_a_symbol_may_be_spelled_as_people_do(symbol: str) -> None:
    live = LiveBook(Instrument(symbol, "0.10", "0.001"))

    live.apply_json(snapshot(10))

    assert live.apply_json(diff(11, 12)) is APPLY
    assert live.symbol == "BTCUSDT"


def test_a_symbol_that_is_no_utf8_can_still_be_shown() -> None:
    live = LiveBook(BTC.grid)

    live.apply_json(diff(11, 12).replace(b"BTCUSDT", b"\xff"))

    assert live.symbol == "\N{REPLACEMENT CHARACTER}"
    assert live.symbol in repr(live)


# What is depth.


def test_pictures_and_diffs_are_never_mixed_unseen() -> None:
    picture = enveloped("btcusdt@depth5", snapshot(20))
    live, diffs, pictures = in_sync(), in_sync("diff"), LiveBook(BTC, "topn")

    with pytest.raises(obcore.AmbiguousFormatError):
        live.apply_json(picture)

    assert live.book.state is BookState.SYNCED
    assert diffs.apply_json(picture) is SKIP
    assert pictures.apply_json(picture) is APPLY
    assert pictures.apply_json(enveloped("btcusdt@depth", diff(21, 21))) is SKIP
    assert pictures.book.top(Side.BID).tolist() == [(1_000, 2_000), (990, 1_000)]


def test_bare_futures_depth_is_what_the_caller_says() -> None:
    diffs, pictures = LiveBook(BTC, "diff"), LiveBook(BTC, "topn")
    first, second = diff(11, 12, 10), diff(13, 14, 12, b=[["99.00", "5"]])

    assert [pictures.apply_json(message) for message in (first, second)] == [APPLY, APPLY]
    assert [diffs.apply_json(message) for message in (first, second)] == [BUFFER, BUFFER]
    assert pictures.book.top(Side.BID).tolist() == [(990, 5_000)]
    assert pictures.book.state is BookState.UNVERIFIED


def test_bare_futures_depth_that_nothing_proves_is_doubted_in_the_end() -> None:
    live = LiveBook(BTC)

    for i in range(1, 100):
        live.apply_json(diff(i, i, i - 1))

    with pytest.raises(obcore.AmbiguousFormatError, match="deletion or more than 20 levels"):
        live.apply_json(diff(100, 100, 99))

    assert live.book.state is BookState.STALE
    assert "say which" in live.book.reason


def test_any_other_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind: expected auto, diff or topn, received 'l2'"):
        LiveBook(BTC, kind="l2")


# Bytes and times.


FORMS: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "text": bytes.decode,
    "a part": lambda message: memoryview(b"?" + message)[1:],
    "array": lambda message: np.frombuffer(message, np.uint8),
    "own bytes": type("OwnBytes", (bytes,), {}),
    "own text": lambda message: type("OwnText", (str,), {})(message.decode()),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_message_comes_as_bytes_or_text_in_any_form(form: Callable[[bytes], Any]) -> None:
    live = LiveBook(BTC)

    verdicts = [live.apply_json(form(message)) for message in (snapshot(10), diff(11, 12))]

    assert verdicts == [BUFFER, APPLY]
    assert shown(live.book) == shown(in_sync().book)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (memoryview(b"{x}x")[::2], TypeError),
        (np.frombuffer(b"{x}x", np.uint8)[::2], TypeError),
        (None, TypeError),
        (5, TypeError),
        ([123, 125], TypeError),
        ("\ud800", UnicodeEncodeError),
    ],
)
def test_what_is_no_bytes_in_a_row_is_refused(message: Any, error: type[Exception]) -> None:
    live = in_sync()
    before = shown(live.book)

    with pytest.raises(error):
        live.apply_json(message)

    assert shown(live.book) == before


def test_a_bytearray_may_be_used_again_once_it_was_read_or_refused() -> None:
    live, buffer = LiveBook(BTC), bytearray(diff(11, 12))

    live.apply_json(buffer)
    buffer[:] = b"no"
    with pytest.raises(obcore.DecodeError):
        live.apply_json(buffer)
    buffer += b"thing is held: BufferError else"

    assert live.apply_json(snapshot(10)) is APPLY


def test_receive_times_are_kept_and_a_join_is_no_earlier_than_its_parts() -> None:
    live = LiveBook(BTC)

    live.apply_json(diff(11, 12), 500)
    live.apply_json(snapshot(10), 700)
    joined = live.book.ts_recv_ns
    live.apply_json(diff(13, 14), ts_recv_ns=np.int64(900))  # type: ignore[arg-type]
    later = live.book.ts_recv_ns
    live.apply_json(diff(15, 15))

    assert (joined, later, live.book.ts_recv_ns) == (700, 900, None)


@pytest.mark.parametrize("extreme", [2**63 - 1, -(2**63) + 1])
def test_a_receive_time_may_be_any_that_fits(extreme: int) -> None:
    live = in_sync()

    assert live.apply_json(diff(13, 13), extreme) is APPLY

    assert live.book.ts_recv_ns == extreme


# The view.


def test_the_view_is_one_object_that_follows_the_book() -> None:
    live = in_sync()
    view = live.book

    live.apply_json(diff(13, 14))

    assert live.book is view
    assert type(view) is BookView
    assert (view.sequence, view.best_bid) == (14, (1_000, 14))


def test_the_view_outlives_the_live_book() -> None:
    live = in_sync()
    view, before = live.book, shown(live.book)

    del live
    gc.collect()
    others = [in_sync() for _ in range(20)]  # which would take its memory

    assert shown(view) == before
    assert len(others) == 20


def test_a_view_cannot_be_changed_made_or_saved() -> None:
    live: Any = in_sync()
    view, empty = live.book, np.zeros(0, obcore.LEVEL_DTYPE)
    before = shown(view)

    for change in (
        lambda: Book.apply_delta(view, empty, empty),
        lambda: Book.apply_snapshot(view, empty, empty),
        lambda: Book.clear(view),
        BookView,
        lambda: pickle.dumps(view),
        lambda: pickle.dumps(live),
        lambda: copy.copy(live),
        lambda: copy.deepcopy(view),
    ):
        with pytest.raises(TypeError):
            change()
    for name in ("apply_delta", "apply_snapshot", "apply_batch", "clear"):
        assert not hasattr(view, name)

    assert shown(view) == before


def test_a_copy_of_the_view_is_a_book_of_its_own() -> None:
    live = in_sync()
    twin = copy.copy(live.book)
    before = shown(live.book)

    assert type(twin) is Book
    assert shown(twin) == before
    twin.clear()

    assert shown(live.book) == before


def test_features_read_the_view_and_an_engine_refuses_one_that_is_not_in_sync() -> None:
    live, engine = in_sync(), FeatureEngine(BTC, "mid_price")
    mid = engine.on_book(live.book)

    live.apply_json(diff(20, 21))

    assert mid.tolist() == FeatureSet("mid_price").compute(live.book).tolist() == [100.5]
    with pytest.raises(obcore.ObcoreError, match=r"received GAP \(deltas are missing"):
        engine.on_book(live.book)


# Recorded streams.


class Recorded(NamedTuple):
    """Files that are one recording, and its grid."""

    files: list[str]
    symbol: str
    tick: str
    lot: str


BUNDLED = {
    "sample": Recorded([str(obcore.sample())], "ETHUSDT", "0.01", "0.001"),
    "spot": Recorded(
        [str(FRAMES / "spot_btcusdt_20240808_head.gz")], "BTCUSDT", "0.01", "1e-8"
    ),
    "coin-m": Recorded(
        [str(FRAMES / "cm_btcusd_perp_20240808_head.gz")], "BTCUSD_PERP", "0.1", "1"
    ),
}
SHARED = {
    "usdm_btcusdt": Recorded(["usdm_btcusdt_20240808"], "BTCUSDT", "0.1", "0.001"),
    "usdm_ethusdt": Recorded(
        ["usdm_ethusdt_20240718", "usdm_ethusdt_20240719"], "ETHUSDT", "0.01", "0.001"
    ),
    "spot_btcusdt": Recorded(
        ["spot_btcusdt_20240808", "spot_btcusdt_20240809"], "BTCUSDT", "0.01", "1e-8"
    ),
    "cm_btcusd": Recorded(
        ["cm_btcusd_perp_20240808", "cm_btcusd_perp_20240809"], "BTCUSD_PERP", "0.1", "1"
    ),
}


def lines_of(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as file:
        yield from file


def messages_of(line: bytes) -> tuple[bytes, int | None]:
    time, _, message = line.partition(b" ")
    return (message, int(time)) if time.isdigit() else (line, None)


def check_same_books(paths: list[Path], recorded: Recorded, nth: int) -> None:
    """After every nth line the live book is that of the replay of the same bytes."""
    instrument = Instrument(recorded.symbol, recorded.tick, recorded.lot)
    live, replay, compared = LiveBook(instrument), Replay(grid=instrument.grid), 0

    for path in paths:
        replay.begin(path.name)
        for number, line in enumerate(lines_of(path)):
            replay.feed(line)
            live.apply_json(*messages_of(line))
            if number % nth == 0:
                assert shown(live.book) == shown(replay.book())
                compared += live.book.state is BookState.SYNCED
        replay.end()

    assert shown(live.book) == shown(replay.book())
    assert live.symbol == recorded.symbol
    assert live.book.state is BookState.SYNCED
    assert compared > 20


@pytest.mark.parametrize("recorded", BUNDLED.values(), ids=BUNDLED)
def test_bundled_recordings_give_the_books_of_a_replay(recorded: Recorded) -> None:
    check_same_books([Path(file) for file in recorded.files], recorded, nth=17)


@pytest.mark.slow
@pytest.mark.parametrize("recorded", SHARED.values(), ids=SHARED)
def test_every_shared_recording_gives_the_books_of_a_replay(
    shared_data: Callable[[str], Path], recorded: Recorded
) -> None:
    paths = [shared_data(f"binance_raw/{name}.gz") for name in recorded.files]

    check_same_books(paths, recorded, nth=997)
