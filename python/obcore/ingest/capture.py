"""What a live feed receives, as lines of a capture: a recording that every command reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from obcore.ingest.connection import Link


class CaptureLines:
    """Makes the line of each thing that arrives, and knows which connections are open.

    Lines name the venues' documented addresses, wherever the feed is connected, so that a reader
    knows whose messages they are; keys and logins are in none of them.
    """

    def __init__(self) -> None:
        self._names: dict[Link, str] = {}
        self._next = 0

    def of(self, source: Link | str, data: bytes | None, ts_recv_ns: int) -> bytes:
        """Return the line of what arrived from a connection, or of the answer to a request.

        Empty bytes mean that the connection begins, None that it has gone.
        """
        if isinstance(source, str):
            return _line("http", "http", ts_recv_ns, {"url": source, **_text_of(data or b"")})
        if data is None:
            return _line("disconnect", self._names.pop(source), ts_recv_ns, {})
        if data:
            return _line("recv", self._names[source], ts_recv_ns, _text_of(data))
        self._name(source)
        return _line("connect", self._names[source], ts_recv_ns, self._address(source))

    def keep(self, links: Iterable[Link]) -> None:
        """Take it that these are open, and no others: what was told of them is missing."""
        kept = dict.fromkeys(links)
        self._names = {link: name for link, name in self._names.items() if link in kept}
        for link in kept.keys() - self._names.keys():
            self._name(link)

    def open(self, ts_recv_ns: int) -> Iterator[bytes]:
        """Yield lines that say again which connections are open, for whoever begins here."""
        for link, name in self._names.items():
            yield _line("open", name, ts_recv_ns, self._address(link))

    def _name(self, link: Link) -> None:
        self._names[link], self._next = str(self._next), self._next + 1

    def _address(self, link: Link) -> dict[str, str]:
        route = link.route
        address = {"addr": route.venue.websocket + route.path.partition("#")[0]}
        after = self._names.get(link.after) if link.after is not None else None
        return address if after is None else {**address, "after": after}


def lost_line(ts_recv_ns: int, reason: str) -> bytes:
    """Return the line that says that messages may be missing."""
    return _line("lost", "", ts_recv_ns, {"data": reason})


def _text_of(data: bytes) -> dict[str, str]:
    """Return what was received; as it was in hexadecimal digits too where it is no text."""
    try:
        return {"data": data.decode()}
    except UnicodeDecodeError:
        return {"data": data.decode(errors="replace"), "bytes": data.hex()}


def _line(kind: str, name: str, ts_recv_ns: int, rest: dict[str, str]) -> bytes:
    seconds, nanos = divmod(ts_recv_ns, 1_000_000_000)
    text = f",{json.dumps(rest)[1:]}" if rest else "}"
    return f'{{"t":"{kind}","conn":"{name}","ts":{seconds}.{nanos:09d}{text}\n'.encode()


class CaptureWriter:
    """Writes each frame and each answer as a line, with the nanosecond of its arrival.

    A tap of a feed that waits for the file; `obcore.Recorder` is one that never does.

    Parameters
    ----------
    file : binary file
        Where lines go; the caller closes it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines = CaptureLines()
        self.frames = 0

    def __call__(self, source: Link | str, data: bytes | None, ts_recv_ns: int) -> None:
        """Write what arrived."""
        self._file.write(self._lines.of(source, data, ts_recv_ns))
        self.frames += bool(data) and not isinstance(source, str)
