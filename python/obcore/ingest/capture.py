"""What a live feed receives, as a capture file: a recording that every command reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

    from obcore.ingest.connection import Route


class CaptureWriter:
    """Writes each frame and each answer as a line, with the nanosecond of its arrival.

    A tap of a feed. Lines name the venues' documented addresses, wherever the feed is connected,
    so that a reader knows whose messages they are; keys and logins are in none of them.

    Parameters
    ----------
    file : binary file
        Where lines go; the caller closes it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._names: dict[int, str] = {}
        self.frames = 0

    def __call__(self, source: Route | str, data: bytes, ts_recv_ns: int) -> None:
        """Write what arrived from a connection, or the answer to a request of this address.

        Nothing from a connection means that it begins.
        """
        if isinstance(source, str):
            self._write("http", "http", ts_recv_ns, {"url": source, "data": data.decode()})
            return
        name = self._names.setdefault(id(source), str(len(self._names)))
        if data:
            self._write("recv", name, ts_recv_ns, {"data": data.decode()})
        else:
            address = source.venue.websocket + source.path.partition("#")[0]
            self._write("connect", name, ts_recv_ns, {"addr": address})
        self.frames += 1

    def _write(self, kind: str, name: str, ts_recv_ns: int, rest: dict[str, str]) -> None:
        seconds, nanos = divmod(ts_recv_ns, 1_000_000_000)
        text = json.dumps(rest)[1:]
        line = f'{{"t":"{kind}","conn":"{name}","ts":{seconds}.{nanos:09d},{text}\n'
        self._file.write(line.encode())
