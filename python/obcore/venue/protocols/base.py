"""What all protocols share: a client's socket from handshake to end."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from obcore.venue.session import Session

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from obcore.venue.hub import Hub

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

POLICY_VIOLATION = 1008
LARGEST_REQUEST = 1 << 20
_CLOSE_TIMEOUT_S = 1.0
_COUNTED = (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a venue may be told; every protocol takes what concerns it.

    Parameters
    ----------
    weight_budget : int, optional
        Binance: weight an address may spend a minute; the venue's documented one without.
    patience : int
        Binance: refusals with 429 before 418.
    ban_s : float
        Binance: how long 418 lasts.
    relay_key : str, optional
        Relay: the key that clients have to show.
    relay_deltas : bool
        Relay: a snapshot and then changes, not a full picture each time.
    book_pictures : bool
        Tardis: ``{"type":"book"}`` pictures with text pairs in place of ``book_change``.
    """

    weight_budget: int | None = None
    patience: int = 3
    ban_s: float = 120.0
    relay_key: str | None = None
    relay_deltas: bool = False
    book_pictures: bool = False


class Endpoint:
    """A venue's own way to talk, under its own path.

    Parameters
    ----------
    hub : Hub
        What is listed, and where the tape stands.
    settings : Settings
        What the venue was told.
    """

    prefix = ""
    market = ""
    messages_per_second: int | None = None
    ping_every_s: int | None = None

    def __init__(self, hub: Hub, settings: Settings) -> None:
        self.hub = hub
        self.settings = settings
        self._numbers = itertools.count(1)

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return method, path below the prefix and handler of each route."""
        raise NotImplementedError

    def on_open(self, session: Session, request: web.Request) -> None:
        """Greet a client."""

    def on_text(self, session: Session, text: str) -> None:
        """Answer a client's message."""
        raise NotImplementedError

    def on_tick(self, session: Session, second: int) -> None:
        """Do what is due each second."""
        if self.ping_every_s is not None and second % self.ping_every_s == 0:
            session.ping()

    async def serve_socket(self, request: web.Request) -> web.StreamResponse:
        """Serve one WebSocket client until it goes."""
        # Compression would put state between frames, and frames are written past aiohttp.
        socket = web.WebSocketResponse(
            timeout=_CLOSE_TIMEOUT_S,
            autoping=False,
            compress=False,
            max_msg_size=LARGEST_REQUEST,
        )
        await socket.prepare(request)
        transport = request.transport
        if not isinstance(transport, asyncio.Transport):
            return socket
        session = Session(
            socket,
            transport,
            name=f"{self.prefix}#{next(self._numbers)}",
            market=self.market or self.prefix,
            faults=self.hub.faults,
            clock=lambda: self.hub.now_ns,
        )
        session.on_tick = lambda second: self.on_tick(session, second)
        self.hub.sessions.add(session)
        try:
            self.on_open(session, request)
            session.flush()
            await self._listen(session)
        except ConnectionError:
            pass  # a client may go without a word
        finally:
            self.hub.forget(session)
            await session.closed()
        return socket

    async def _listen(self, session: Session) -> None:
        arrivals: deque[float] = deque()
        async for message in session.socket:
            if message.type in _COUNTED and self._is_flood(arrivals):
                session.close(POLICY_VIOLATION, b"Too many requests")
                return
            if message.type is WSMsgType.TEXT:
                self.on_text(session, message.data)
                session.flush()
            elif message.type is WSMsgType.PING:
                await session.socket.pong(message.data)

    def _is_flood(self, arrivals: deque[float]) -> bool:
        limit = self.messages_per_second
        if limit is None:
            return False
        now = asyncio.get_running_loop().time()
        arrivals.append(now)
        while arrivals[0] <= now - 1.0:
            arrivals.popleft()
        return len(arrivals) > limit
