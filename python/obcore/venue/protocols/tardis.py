"""tardis-machine: replays over HTTP and WebSocket, and the tape as it plays, normalised."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from obcore.venue.normalise import BOOK, BOOK_CHANGE, TRADE, Normaliser
from obcore.venue.protocols.base import Endpoint
from obcore.venue.record import DEPTH
from obcore.venue.record import TRADE as TRADE_CHANNEL
from obcore.venue.replay import native_lines, normalised_lines, wishes
from obcore.venue.top import Follower
from obcore.venue.wire import compact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from obcore.venue.hub import Hub, Message
    from obcore.venue.protocols.base import Handler, Settings
    from obcore.venue.replay import Line, Wish
    from obcore.venue.session import Session

NORMAL, SERVER_FAILED = 1000, 1011
_CHUNK = 1 << 16
_BACKLOG = 1 << 18
_BATCH = 64
_POLL_S = 0.0005
_FAULTS = ("cut", "disconnect")


class Tardis(Endpoint):
    """tardis-machine as its users run it on their own machine.

    Replays read the tape from end to end, whatever is being played; the stream follows what is
    played. Several options are merged in the order of receipt.
    """

    prefix = market = "tardis"

    def __init__(self, hub: Hub, settings: Settings) -> None:
        super().__init__(hub, settings)
        self._replays: set[asyncio.Task[None]] = set()

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return the paths of tardis-machine."""
        return [
            ("GET", "/replay", self.replay),
            ("GET", "/replay-normalized", self.replay_normalised),
            ("GET", "/ws-replay-normalized", self.serve_socket),
            ("GET", "/ws-stream-normalized", self.serve_socket),
            ("GET", "/health-check", self.health),
        ]

    async def health(self, _: web.Request) -> web.Response:
        """Say that the machine lives."""
        return web.json_response({"status": "Healthy"})

    async def replay(self, request: web.Request) -> web.StreamResponse:
        """Answer with native messages; a blank line for each disconnect."""
        return await self._respond(request, native=True)

    async def replay_normalised(self, request: web.Request) -> web.StreamResponse:
        """Answer with normalised messages, one a line."""
        return await self._respond(request, native=False)

    async def _respond(self, request: web.Request, *, native: bool) -> web.StreamResponse:
        try:
            asked = self._asked(request, timed=True, native=native)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            text = str(error)
            body = {"responseText": text, "message": text, "url": request.path_qs}
            return web.json_response(body, status=400)
        response = web.StreamResponse(headers={"Content-Type": "application/x-json-stream"})
        await response.prepare(request)
        lines = (native_lines if native else normalised_lines)(self.hub, asked)
        chunk = bytearray()
        for line in lines:
            data = self._befallen(line, "HTTP", request, native=native)
            if data is None:
                return response
            chunk += data
            if len(chunk) >= _CHUNK:
                await response.write(bytes(chunk))
                chunk.clear()
        await response.write_eof(bytes(chunk))
        return response

    def _befallen(
        self, line: Line, where: str, request: web.Request, *, native: bool
    ) -> bytes | None:
        """Return a line and its end, what a fault makes of it, or None at the end of all."""
        record, wish = line.record, line.wish
        for strike in self.hub.faults.strikes(_FAULTS, record.market, record.channel):
            self.hub.faults.done(
                record.ts_recv_ns, strike.kind, record.market, where, record.channel
            )
            if strike.kind == "cut":
                if request.transport is not None:
                    request.transport.abort()
                return None
            if line.normaliser is not None:
                line.normaliser.follower = Follower()
            notice = wish.notice(record.ts_recv_ns)
            if native:
                return b"\n" if wish.tells_disconnects else b""
            return notice + b"\n" if notice else b""
        return line.payload + b"\n"

    def on_open(self, session: Session, request: web.Request) -> None:
        """Begin to send what the options ask for."""
        is_replay = request.path.endswith("/ws-replay-normalized")
        try:
            asked = self._asked(request, timed=is_replay, native=False)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            session.reply(compact({"error": str(error)}))
            session.flush()
            session.close(SERVER_FAILED, str(error).encode()[:100])
            return
        if is_replay:
            task = asyncio.create_task(self._replay(session, asked))
            self._replays.add(task)
            task.add_done_callback(self._replays.discard)
        else:
            self._stream(session, asked)

    def on_text(self, session: Session, text: str) -> None:
        """Take no notice: everything stands in the options."""

    async def _replay(self, session: Session, asked: list[Wish]) -> None:
        current: list[Line] = []
        session.on_disconnect = lambda _: _lost(current[-1])
        lines: Iterator[Line] = normalised_lines(self.hub, asked)
        for number, line in enumerate(lines):
            if not session.is_open:
                return
            current[:] = [line]
            session.push(line.payload, line.record.market, line.record.channel)
            if number % _BATCH == 0:
                await _drained(session)
        session.finish()
        await _drained(session)
        session.close(NORMAL)

    def _stream(self, session: Session, asked: list[Wish]) -> None:
        normalisers: list[tuple[Wish, Normaliser]] = []
        session.on_disconnect = lambda market: self._lost(normalisers, market)
        for wish in asked:
            for listing in wish.listings:
                normaliser = Normaliser(wish.exchange, listing, wish.types, Follower())
                normalisers.append((wish, normaliser))
                name = f"{wish.exchange}:{listing.symbol}"
                render = _render(session, normaliser)
                if wish.types & {BOOK_CHANGE, BOOK}:
                    self.hub.subscribe(session, f"{name}:book", listing, DEPTH, render)
                if TRADE in wish.types:
                    self.hub.subscribe(session, name, listing, TRADE_CHANNEL, render)

    def _lost(self, normalisers: list[tuple[Wish, Normaliser]], market: str) -> bytes:
        """Forget what the client was shown of a market; return what it is told."""
        notice = b""
        for wish, normaliser in normalisers:
            if normaliser.listing.market == market:
                normaliser.follower = Follower()
                notice = wish.notice(self.hub.now_ns)
        return notice

    def _asked(self, request: web.Request, *, timed: bool, native: bool) -> list[Wish]:
        asked = wishes(self.hub, request.query["options"], timed=timed, native=native)
        if not self.settings.book_pictures or native:
            return asked
        return [_with_pictures(wish) for wish in asked]


def _render(session: Session, normaliser: Normaliser) -> Callable[[Message], bytes | None]:
    def render(message: Message) -> bytes | None:
        payloads = list(normaliser.messages(message))
        for payload in payloads[:-1]:
            session.push(payload, message.record.market, message.record.channel)
        return payloads[-1] if payloads else None

    return render


def _lost(line: Line) -> bytes:
    if line.normaliser is not None:
        line.normaliser.follower = Follower()
    return line.wish.notice(line.record.ts_recv_ns)


def _with_pictures(wish: Wish) -> Wish:
    types: Any = wish.types - {BOOK_CHANGE} | ({BOOK} if BOOK_CHANGE in wish.types else set())
    return type(wish)(
        wish.exchange, wish.listings, types, wish.start_ns, wish.end_ns, wish.tells_disconnects
    )


async def _drained(session: Session) -> None:
    session.flush()
    await asyncio.sleep(0)
    while session.is_open and (session.is_holding or session.backlog > _BACKLOG):  # noqa: ASYNC110
        await asyncio.sleep(_POLL_S)
