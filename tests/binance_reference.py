"""Binance recordings read with ``json`` and dicts: the oracle for decoding and for the join.

One instrument a recording. Lines are ``<receive time in ns> <json>``, or the JSON alone; a file
may instead hold one JSON array of messages.
"""

from __future__ import annotations

import gzip
import json
import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from reference import ReferenceBook

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Message: TypeAlias = dict[str, Any]

# A diff stream, not partial depth: "@depth", "@depth@100ms", never "@depth5@100ms".
DIFF_STREAM = re.compile(r"@depth(@|$)")


class Line(NamedTuple):
    """A message out of its envelope. ``number`` counts lines, or array elements, from 1."""

    number: int
    ts_recv_ns: int | None
    message: Message
    stream: str | None


class Ticker(NamedTuple):
    """Best bid and offer as the venue spelled them."""

    bid_px: str
    bid_sz: str
    ask_px: str
    ask_sz: str


def read_lines(path: Path) -> Iterator[Line]:
    """Every message of a recording, in the order of the file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for number, row in enumerate(file, 1):
            time, _, text = row.partition(" ") if row[0].isdigit() else ("", "", row)
            ts_recv_ns = int(time) if time else None
            content = json.loads(text)
            if isinstance(content, list):
                for element, message in enumerate(content, 1):
                    yield Line(element, ts_recv_ns, message, None)
            elif "stream" in content:
                yield Line(number, ts_recv_ns, content["data"], content["stream"])
            else:
                yield Line(number, ts_recv_ns, content, None)


def scaled(text: str, decimals: int) -> int:
    """``"64250.10"`` with 1 decimal is 642501: digits moved, never a float."""
    whole, _, fraction = text.partition(".")
    digits = fraction.rstrip("0")
    if len(digits) > decimals:
        msg = f"expected at most {decimals} decimals, received {text}"
        raise ValueError(msg)
    return int(whole + digits.ljust(decimals, "0"))


def is_snapshot(line: Line) -> bool:
    return line.stream is None and "lastUpdateId" in line.message


def is_diff(line: Line) -> bool:
    if line.stream is not None and DIFF_STREAM.search(line.stream) is None:
        return False
    return line.message.get("e") == "depthUpdate"


def is_futures(diff: Message) -> bool:
    return "pu" in diff


def is_older(diff: Message, book_id: int) -> bool:
    """Whether the book is past this diff. (On futures ``u == S`` still anchors the next ``pu``.)"""
    return bool(diff["u"] < book_id if is_futures(diff) else diff["u"] <= book_id)


def joins(diff: Message, snapshot_id: int) -> bool:
    """Whether a diff that is not older than a snapshot carries on from it."""
    if is_futures(diff):
        return bool(diff["U"] <= snapshot_id <= diff["u"] or diff["pu"] == snapshot_id)
    empty_new_symbol = snapshot_id == -1
    return empty_new_symbol or diff["U"] <= snapshot_id + 1 <= diff["u"]


def extends(diff: Message, last: Message) -> bool:
    """Whether a buffered diff comes right after the one before it."""
    return bool(diff["pu"] == last["u"] if is_futures(diff) else diff["U"] == last["u"] + 1)


def follows(diff: Message, book_id: int) -> bool:
    """Whether a diff that is not older than a joined book leaves nothing out."""
    return bool(diff["pu"] == book_id if is_futures(diff) else diff["U"] <= book_id + 1)


class _Follower:
    """A book that follows a recording: buffers, joins, applies, and starts over after a gap."""

    def __init__(self, tick_decimals: int, lot_decimals: int) -> None:
        self.book = ReferenceBook()
        self.last_id = -1  # of the last diff applied
        self._decimals = tick_decimals, lot_decimals
        self._joined = False
        self._snapshot: Message | None = None
        self._buffer: list[Message] = []

    def take_snapshot(self, snapshot: Message) -> bool:
        """Whether the book is new: joined. A joined book needs no snapshot."""
        if self._joined:
            return False
        self._snapshot = snapshot
        return self._join()

    def take_diff(self, diff: Message) -> bool:
        """Whether the book is new: joined, or one diff further."""
        if not self._joined:
            if self._buffer and not extends(diff, self._buffer[-1]):
                self._buffer = []
            self._buffer.append(diff)
            return self._join()

        if is_older(diff, self.last_id):
            return False
        self._joined = follows(diff, self.last_id)
        if self._joined:
            self._apply(diff)
        else:
            self._buffer = [diff]
        return self._joined

    def _join(self) -> bool:
        """Load snapshot and buffer if a buffered diff proves that they belong together."""
        if self._snapshot is None:
            return False
        snapshot_id: int = self._snapshot["lastUpdateId"]
        rest = [diff for diff in self._buffer if not is_older(diff, snapshot_id)]
        if not rest:
            return False  # the next diff decides

        snapshot, self._snapshot = self._snapshot, None
        self._joined = joins(rest[0], snapshot_id)
        if self._joined:
            self.book.apply_snapshot(self._side(snapshot["bids"]), self._side(snapshot["asks"]))
            for diff in rest:
                self._apply(diff)
            self._buffer = []
        return self._joined

    def _apply(self, diff: Message) -> None:
        self.book.apply_delta(self._side(diff["b"]), self._side(diff["a"]))
        self.last_id = diff["u"]

    def _side(self, levels: list[list[str]]) -> list[tuple[int, int]]:
        tick_decimals, lot_decimals = self._decimals
        return [(scaled(px, tick_decimals), scaled(sz, lot_decimals)) for px, sz in levels]


def states(
    paths: Iterable[Path], *, tick_decimals: int, lot_decimals: int
) -> Iterator[tuple[int, int, ReferenceBook]]:
    """The book after each join and after every diff applied to it.

    Yields the line of the message that made the state (within its file), the last update id,
    and the book: one object, which changes when the iteration goes on. A join is one state,
    all that was buffered included. A gap ends the states until the next snapshot joins.
    """
    follower = _Follower(tick_decimals, lot_decimals)
    for path in paths:
        for line in read_lines(path):
            if is_snapshot(line):
                is_new = follower.take_snapshot(line.message)
            else:
                is_new = is_diff(line) and follower.take_diff(line.message)
            if is_new:
                yield line.number, follower.last_id, follower.book


def last_ticker(paths: Iterable[Path]) -> dict[int, Ticker]:
    """For the ``u`` of each diff, the last bookTicker whose own ``u`` is not above it.

    By ids, whatever the order of arrival. A diff before the first bookTicker has no entry.
    """
    diff_ids: list[int] = []
    tickers: list[tuple[int, Ticker]] = []
    for line in (line for path in paths for line in read_lines(path)):
        message = line.message
        if is_diff(line):
            diff_ids.append(message["u"])
        elif line.stream is not None and line.stream.endswith("@bookTicker"):
            ticker = Ticker(message["b"], message["B"], message["a"], message["A"])
            tickers.append((message["u"], ticker))

    tickers.sort(key=lambda entry: entry[0])  # stable: of one id, the last to arrive stays last
    ids = [u for u, _ in tickers]
    found = {u: bisect_right(ids, u) for u in diff_ids}
    return {u: tickers[after - 1][1] for u, after in found.items() if after > 0}
