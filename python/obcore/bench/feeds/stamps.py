"""When bytes reached a process and when they were a book: stamps, and how they are matched.

Nothing is looked at while it is measured: chunks of bytes are kept with their times, and taken
apart afterwards.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    # Symbol and update id of a message; None where messages are taken in order.
    Key = tuple[str, int] | None

_KEY = re.compile(rb'"s":"([^"]+)".*?"u":(\d+)', re.DOTALL)
_TEXT, _MEDIUM, _LONG = 0x1, 126, 127
now = time.perf_counter_ns


@dataclass(slots=True)
class Stamps:
    """What arrived and what was ready, since `begin`."""

    arrived: list[tuple[int, int, bytes]] = field(default_factory=list)
    ready: list[tuple[int, Key]] = field(default_factory=list)

    def begin(self) -> None:
        """Forget what was before."""
        self.arrived.clear()
        self.ready.clear()

    def watch(self, protocol: type[Any]) -> None:
        """Stamp whatever reaches the ``data_received`` of an asyncio protocol's class."""
        received, keep = protocol.data_received, self.arrived.append

        def data_received(self: Any, data: bytes) -> None:
            keep((now(), id(self), data))
            received(self, data)

        protocol.data_received = data_received

    def latencies_ns(self) -> NDArray[np.int64]:
        """Return nanoseconds from the arrival of a message's last byte until it was ready."""
        messages = list(self._messages())
        if all(key is None for _, key in self.ready):
            pairs = zip(messages, self.ready, strict=False)
            return np.array([at - arrived for (arrived, _), (at, _) in pairs], dtype=np.int64)
        arrivals = {_key(payload): arrived for arrived, payload in messages}
        return np.array(
            [at - arrivals[key] for at, key in self.ready if key in arrivals], dtype=np.int64
        )

    def _messages(self) -> Iterator[tuple[int, bytes]]:
        chunks: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
        for at, connection, data in self.arrived:
            chunks[connection].append((at, data))
        for of_connection in chunks.values():
            if not of_connection[0][1].startswith(b"HTTP/"):
                yield from frames(of_connection)


def frames(chunks: list[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    r"""Yield the text frames of a connection, each with the time of its last byte.

    Examples
    --------
    >>> list(frames([(1, b"\x81\x02h"), (5, b"i\x81\x01!")]))
    [(5, b'hi'), (5, b'!')]
    """
    data = b"".join(chunk for _, chunk in chunks)
    ends = np.cumsum([len(chunk) for _, chunk in chunks])
    start = 0
    while start + 2 <= len(data):
        size, body = data[start + 1] & 0x7F, start + 2
        if size == _MEDIUM:
            size, body = int.from_bytes(data[body : body + 2], "big"), body + 2
        elif size == _LONG:
            size, body = int.from_bytes(data[body : body + 8], "big"), body + 8
        end = body + size
        if end > len(data):
            return
        if data[start] & 0x0F == _TEXT:
            yield chunks[int(np.searchsorted(ends, end))][0], data[body:end]
        start = end


def _key(payload: bytes) -> Key:
    found = _KEY.search(payload)
    return None if found is None else (found[1].decode(), int(found[2]))
