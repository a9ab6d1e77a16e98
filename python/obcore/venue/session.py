"""One WebSocket connection of a client: whole frames to its socket, faults on the way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from obcore.venue.faults import MESSAGE_FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from obcore.venue.faults import Faults, Strike

TEXT_FRAME, PING_FRAME = 0x81, 0x89
GOING_AWAY = 1001
_ENDS = ("drop", "cut", "shutdown", "disconnect", "reorder")
_SHORT, _MEDIUM = 126, 1 << 16


def frame(payload: bytes, first: int = TEXT_FRAME) -> bytes:
    r"""Return a whole WebSocket frame as a server sends it, unmasked (RFC 6455, 5.2).

    Examples
    --------
    >>> frame(b"hi")
    b'\x81\x02hi'
    """
    size = len(payload)
    if size < _SHORT:
        return bytes((first, size)) + payload
    if size < _MEDIUM:
        return bytes((first, _SHORT)) + size.to_bytes(2, "big") + payload
    return bytes((first, _SHORT + 1)) + size.to_bytes(8, "big") + payload


class Session:
    """A client's connection.

    Frames are written to the transport many at a time; aiohttp, which writes whole frames to the
    same transport, is only needed for the handshake, for reading and for closing.

    Parameters
    ----------
    socket : web.WebSocketResponse
        The connection, prepared and without compression.
    transport : asyncio.Transport
        Its transport.
    name : str
        What the log of faults calls it, e.g. ``"binance#2"``.
    market : str
        The market whose limits and faults apply where a message does not tell.
    faults : Faults
        What may befall its messages.
    clock : callable
        Returns the tape's time in nanoseconds.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        *,
        name: str,
        market: str,
        faults: Faults,
        clock: Callable[[], int],
    ) -> None:
        self.socket = socket
        self.name = name
        self.market = market
        self.subscriptions: dict[str, Any] = {}
        self.state: dict[str, Any] = {}
        self.sent = 0
        self.on_tick: Callable[[int], None] = lambda _: None
        self.goodbye: Callable[[], bytes] | None = None
        self.on_disconnect: Callable[[str], bytes] | None = None
        self._transport = transport
        self._faults = faults
        self._clock = clock
        self._frames: list[bytes] = []
        self._size = 0
        self._swapped: bytes | None = None
        self._release: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[bool] | None = None

    @property
    def is_open(self) -> bool:
        """Whether anything can still reach the client."""
        return self._closing is None and not self._transport.is_closing()

    @property
    def backlog(self) -> int:
        """Bytes that the client has not taken yet."""
        return self._size + self._transport.get_write_buffer_size()

    @property
    def is_holding(self) -> bool:
        """Whether messages wait for a fault to end."""
        return self._release is not None

    def reply(self, payload: bytes) -> None:
        """Send an answer, which no fault befalls."""
        self._append(frame(payload))

    def ping(self) -> None:
        """Send a ping frame."""
        self._append(frame(b"", PING_FRAME))

    def push(self, payload: bytes, market: str, channel: str) -> None:
        """Send market data, subject to faults."""
        if not self.is_open:
            return
        if not self._faults.on_messages:
            self.sent += 1
            self._append(frame(payload))
            return
        strikes = self._faults.strikes(MESSAGE_FAULTS, market, channel)
        if strikes:
            self._push_struck(payload, strikes, market, channel)
        else:
            self._queue(payload)

    def flush(self) -> None:
        """Write what has gathered."""
        if self._release is not None or not self._frames:
            return
        if self.is_open:
            self._transport.write(b"".join(self._frames))
        self._frames.clear()
        self._size = 0

    def finish(self) -> None:
        """Send what a fault keeps for a next message that will not come."""
        if self._swapped is not None:
            self._append(frame(self._swapped))
            self._swapped = None
        self.flush()

    def close(self, code: int = GOING_AWAY, reason: bytes = b"") -> None:
        """Send what has gathered, then close in good order."""
        if self.is_open:
            self._stop_holding()
            self._closing = asyncio.ensure_future(self.socket.close(code=code, message=reason))

    async def closed(self) -> None:
        """Close, and wait until it is done."""
        self.close()
        if self._closing is not None:
            await asyncio.gather(self._closing, return_exceptions=True)
        if self._release is not None:
            self._release.cancel()

    def _push_struck(
        self, payload: bytes, strikes: list[Strike], market: str, channel: str
    ) -> None:
        for strike in strikes:
            kept = self._strike(strike, payload, market, channel)
            if kept is None:
                return
            payload = kept
        self._queue(payload)

    def _strike(
        self, strike: Strike, payload: bytes, market: str, channel: str
    ) -> bytes | None:
        """Do a fault; returns the message as it goes on, or None where it ends here."""
        kind, what, rest = strike.kind, channel, None
        if kind in _ENDS:
            if not self._end(kind, payload, market):
                return payload
        elif kind == "truncate":
            length = int(strike.rng.integers(1, max(2, len(payload))))
            what, rest = f"{channel}: {length} of {len(payload)} bytes", payload[:length]
        elif kind == "corrupt":
            rest = _corrupted(payload, strike)
        elif kind == "duplicate":
            rest = payload
            self._queue(payload)
        else:
            what, rest = f"{channel}: {strike.value:g} ms", payload
            self._hold(strike.value / 1000.0)
        self._faults.done(self._clock(), kind, market, self.name, what)
        return rest

    def _end(self, kind: str, payload: bytes, market: str) -> bool:
        """Do a fault after which the message does not go on; False where it cannot be done."""
        if kind == "cut":
            self.flush()
            self._transport.abort()
        elif kind == "shutdown":
            self._say_goodbye()
        elif kind == "disconnect":
            if self.on_disconnect is None:
                return False
            notice = self.on_disconnect(market)
            if notice:
                self._queue(notice)
        elif kind == "reorder":
            if self._swapped is not None:
                return False
            self._swapped = payload
        return True

    def _queue(self, payload: bytes) -> None:
        self.sent += 1
        self._append(frame(payload))
        if self._swapped is not None:
            swapped, self._swapped = self._swapped, None
            self.sent += 1
            self._append(frame(swapped))

    def _append(self, data: bytes) -> None:
        self._frames.append(data)
        self._size += len(data)

    def _say_goodbye(self) -> None:
        if self.goodbye is not None:
            self._append(frame(self.goodbye()))
        self.close()

    def _hold(self, seconds: float) -> None:
        self.flush()
        if self._release is None:
            loop = asyncio.get_running_loop()
            self._release = loop.call_later(seconds, self._stop_holding)

    def _stop_holding(self) -> None:
        if self._release is not None:
            self._release.cancel()
            self._release = None
        self.flush()


def _corrupted(payload: bytes, strike: Strike) -> bytes:
    """Return the message with a few bytes overwritten that no JSON text may contain."""
    damaged = bytearray(payload)
    count = min(len(damaged), int(strike.rng.integers(1, 5)))
    for place in strike.rng.choice(len(damaged), size=count, replace=False).tolist():
        damaged[place] = int(strike.rng.integers(1, 8))
    return bytes(damaged)
