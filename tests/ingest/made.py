"""Long recordings of venues of which there are short ones only: Binance's books in their words.

The books and their times are real. The ids are made up after the venues' documents, with what
those say may happen: OKX repeats an id when nothing has happened, and begins again at small ones
after maintenance; Bybit begins again at 1 with a snapshot after a restart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from obcore.venue.book import Track
from obcore.venue.native import depth_of
from obcore.venue.record import DEPTH, Record, Role
from obcore.venue.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obcore.venue.record import Depth, Levels

MARKETS = {"okx": "BTC-USDT-SWAP", "bybit-linear": "BTCUSDT", "deribit": "BTC-PERPETUAL"}
QUIET_EVERY, RESET_EVERY = 300, 2_000


def made(tape: Tape, market: str) -> Tape:
    """Return the first book of a tape as a venue of `MARKETS` would send it."""
    symbol = MARKETS[market]
    source = next(iter(tape.tracks.values()))
    write = {"okx": _okx, "bybit-linear": _bybit, "deribit": _deribit}[market]
    records = [
        Record(ts, market, symbol, DEPTH, stream, payload.encode(), role)
        for ts, stream, payload, role in write(symbol, _depths(source))
    ]
    track = Track(market, symbol)
    for record in records:
        track.add(record)
    start = records[0].ts_recv_ns
    due = [record.ts_recv_ns - start for record in records]
    return Tape(records, due, {(market, symbol): track})


def _depths(track: Track) -> Iterator[tuple[int, bool, Depth]]:
    """Yield the snapshot, then the diffs behind it."""
    rest = track.rest_snapshot
    assert rest is not None
    snapshot = depth_of(rest)
    yield rest.ts_recv_ns, True, snapshot
    for record in track.records:
        if record.role is Role.DELTA:
            depth = depth_of(record)
            if depth.last_id > snapshot.last_id:
                yield max(record.ts_recv_ns, rest.ts_recv_ns), False, depth


def _okx(
    symbol: str, depths: Iterator[tuple[int, bool, Depth]]
) -> Iterator[tuple[int, str, str, Role]]:
    last, smallest = 5_000_000, 0
    for number, (ts, whole, depth) in enumerate(depths):
        before, last = (-1 if whole else last), last + 1 + number % 5
        if number % RESET_EVERY == RESET_EVERY - 1:
            smallest += 1_000_000  # so that no id comes twice, and the oracle can tell them
            last = smallest
        for previous, now, bids, asks in (
            (before, last, depth.bids, depth.asks),
            *([(last, last, [], [])] if number % QUIET_EVERY == QUIET_EVERY - 1 else []),
        ):
            kind = "snapshot" if whole else "update"
            payload = (
                f'{{"arg":{{"channel":"books","instId":"{symbol}"}},"action":"{kind}","data":['
                f'{{"asks":[{_quoted(asks)}],"bids":[{_quoted(bids)}],'
                f'"ts":"{depth.ts_event_ns // 1_000_000}","checksum":0,'
                f'"prevSeqId":{previous},"seqId":{now}}}]}}'
            )
            yield ts, "books", payload, Role.SNAPSHOT if whole else Role.DELTA


def _bybit(
    symbol: str, depths: Iterator[tuple[int, bool, Depth]]
) -> Iterator[tuple[int, str, str, Role]]:
    topic = f"orderbook.1000.{symbol}"
    for number, (ts, whole, depth) in enumerate(depths):
        kind = "snapshot" if whole else "delta"
        ms = depth.ts_event_ns // 1_000_000
        payload = (
            f'{{"topic":"{topic}","type":"{kind}","ts":{ms},"data":{{"s":"{symbol}",'
            f'"b":[{_quoted(depth.bids, 2)}],"a":[{_quoted(depth.asks, 2)}],'
            f'"u":{7_000_000 + number},"seq":{9_000_000 + 3 * number}}},"cts":{ms}}}'
        )
        yield ts, topic, payload, Role.SNAPSHOT if whole else Role.DELTA


def _deribit(
    symbol: str, depths: Iterator[tuple[int, bool, Depth]]
) -> Iterator[tuple[int, str, str, Role]]:
    channel, last = f"book.{symbol}.100ms", 71_000
    for number, (ts, whole, depth) in enumerate(depths):
        before, last = last, last + 1 + number % 7
        chain = "" if whole else f'"prev_change_id":{before},'
        payload = (
            f'{{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"{channel}",'
            f'"data":{{"type":"{"snapshot" if whole else "change"}",'
            f'"timestamp":{depth.ts_event_ns // 1_000_000},"instrument_name":"{symbol}",'
            f'{chain}"change_id":{last},'
            f'"bids":[{_changes(depth.bids)}],"asks":[{_changes(depth.asks)}]}}}}}}'
        )
        yield ts, channel, payload, Role.SNAPSHOT if whole else Role.DELTA


def _quoted(levels: Levels, fields: int = 4) -> str:
    tail = ',"0","1"' if fields == 4 else ""
    return ",".join(f'["{_shortest(px)}","{_shortest(sz)}"{tail}]' for px, sz, *_ in levels)


def _shortest(text: str) -> str:
    """Return a decimal without the zeros behind it, as OKX prints it: its checksum needs that."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _changes(levels: Levels) -> str:
    return ",".join(
        f'["delete",{px},0]' if not sz.strip("0.") else f'["change",{px},{sz}]'
        for px, sz, *_ in levels
    )
