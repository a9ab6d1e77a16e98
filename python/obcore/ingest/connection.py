"""One connection to a venue that is kept up, and replaced before the venue ends it."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp

from obcore.book import BookState
from obcore.ingest.backoff import Backoff
from obcore.ingest.lines import answer_lines
from obcore.ingest.venue import Control, Say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from obcore.ingest.engine import Engine
    from obcore.ingest.venue import Stream, Venue

logger = logging.getLogger(__name__)

# A whole book in one frame: Coinbase's are the largest, and past it the feed is broken.
MAX_FRAME = 64 << 20
CONNECT_S = 10.0
LOGIN_S = 10.0
# How long the next connection may take to bring every book before the old one goes.
SETTLE_S = 60.0
# A replay whose last message is so much earlier than its end may have been cut off.
EARLY_S = 60.0
_DATA = (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY)


class ConnectionLostError(Exception):
    """The connection has gone; the text says how."""


class Refused(Exception):  # noqa: N818  it says what happened: the venue refused
    """The venue refuses what cannot do without: the login."""


@dataclass(frozen=True, slots=True)
class Route:
    """Streams that share a connection, and the book of each."""

    venue: Venue
    path: str
    streams: tuple[Stream, ...]
    books: tuple[int, ...]

    @property
    def name(self) -> str:
        """What the connection is called in logs."""
        return f"{self.venue.name}{self.path}, {len(self.streams)} streams"


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """One connection of a route, from its beginning to its end; what a tap is called with.

    Parameters
    ----------
    route : Route
        What it brings.
    after : Link or None
        The one that it stands beside, to replace it; None where it is the only one.
    """

    route: Route
    after: Link | None = None


class Connection:
    """Keeps a route's frames coming.

    Parameters
    ----------
    route : Route
        What it brings.
    engine : Engine
        Who takes what it brings, and whose settings it follows.
    """

    def __init__(self, route: Route, engine: Engine) -> None:
        self.route = route
        self._engine = engine
        self._venue = route.venue
        # Two numbers in the core: the next connection stands beside the old one for a moment.
        self._numbers = tuple(
            engine.state.add_connection(
                route.venue.wire, route.venue.depth_levels, dict(route.venue.relay)
            )
            for _ in range(2)
        )
        self._links: dict[int, Link] = {}
        self._socket: aiohttp.ClientWebSocketResponse[Any] | None = None
        self._renew = asyncio.Event()
        self._is_left = False  # the venue said that it will hang up
        self._requests: dict[str, tuple[Stream, ...]] = {}
        self._next_request = 1
        self._may_send_at = 0.0
        self._began_at, self._began_ns = 0.0, 0
        self._backoff = Backoff(
            first=engine.settings.backoff_first_s,
            longest=engine.settings.backoff_longest_s,
            random=engine.random,
        )
        self.connects = 0

    @property
    def is_up(self) -> bool:
        """Whether frames may come."""
        return self._socket is not None and not self._socket.closed

    async def run(self) -> None:
        """Connect, and connect again, for as long as that is wanted."""
        while True:
            reason = await self._one_life()
            if self._venue.is_finite and reason is None:
                return
            settings = self._engine.settings
            if settings.max_attempts is not None and (
                self._backoff.failures >= settings.max_attempts
            ):
                msg = f"{self.route.name}: gave up after {self._backoff.failures} attempts: {reason}"
                raise ConnectionLostError(msg)
            is_first = self._backoff.failures == 0
            wait = self._backoff.next_wait()
            if self._is_left and is_first:  # it said so, and did not fail
                wait = 0.0
            self._is_left = False
            logger.warning("%s: %s; again in %.2f s", self.route.name, reason, wait)
            await asyncio.sleep(wait)

    async def _one_life(self) -> str | None:
        """Serve until there is no socket left; why, or None where the source has ended."""
        current: asyncio.Future[str | None] = asyncio.ensure_future(
            self._serve(self._numbers[0])
        )
        number = 0
        try:
            while True:
                renewal = asyncio.ensure_future(self._renewal_due())
                both: set[asyncio.Future[Any]] = {current, renewal}
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                renewal.cancel()
                if current.done():
                    return current.result()
                number = 1 - number
                current = await self._replace(current, self._numbers[number])
        finally:
            current.cancel()
            await asyncio.gather(current, return_exceptions=True)

    async def _renewal_due(self) -> None:
        lifetime = min(self._venue.limits.lifetime_s, self._engine.settings.lifetime_s)
        lifetime *= 1.0 - 0.05 * float(self._engine.random.uniform())
        try:
            async with asyncio.timeout(lifetime if lifetime < float("inf") else None):
                await self._renew.wait()
        except TimeoutError:
            pass
        self._renew.clear()

    async def _replace(
        self, old: asyncio.Future[str | None], number: int
    ) -> asyncio.Future[str | None]:
        """Open the next connection beside the old one, which goes once the next one is complete."""
        new = asyncio.ensure_future(self._serve(number))
        try:
            await self._settle(new, number)
        except asyncio.CancelledError:
            new.cancel()
            await asyncio.gather(new, return_exceptions=True)
            raise
        if new.done():  # it could not be opened: the old one goes on as long as it can
            logger.warning("%s: the next connection failed: %s", self.route.name, new.result())
            return old if not old.done() else new
        old.cancel()
        await asyncio.gather(old, return_exceptions=True)
        self._is_left = False
        logger.info("%s: replaced before its end", self.route.name)
        return new

    async def _settle(self, new: asyncio.Future[str | None], number: int) -> None:
        """Wait until every book follows the next connection, or it has gone, or for long enough."""
        deadline = time.monotonic() + SETTLE_S
        while not new.done() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            if self._engine.state.is_complete(number):
                return

    # ---- One socket -------------------------------------------------------------------------

    async def _serve(self, number: int) -> str | None:
        """Return why the socket has gone; None where its source has ended."""
        reason: str | None = "closed by us"
        is_answer = self._venue.websocket.startswith("http")
        try:
            reason = await (self._follow_answer if is_answer else self._follow_socket)(number)
        except TimeoutError:  # an OSError too
            reason = f"no connection within {CONNECT_S:.0f} s"
        except (ConnectionLostError, Refused, aiohttp.ClientError, OSError) as error:
            reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        finally:
            self._end(number)
            told = self._farewell() if reason is None else reason
            self._engine.take(self._engine.state.disconnect(number, told, time.time_ns()))
        return reason

    async def _follow_socket(self, number: int) -> str | None:
        venue = self._venue
        socket = await self._connect()
        before = self._socket
        talking: asyncio.Task[None] | None = None
        try:
            self._begin(number)
            self._socket = socket
            if venue.login is not None and venue.key is not None:
                await self._log_in(socket, venue.login(venue.key))
            # A subscription of many streams takes seconds: the first of them speak meanwhile.
            talking = asyncio.create_task(self._talk(socket, self._words(self.route.streams)))
            return await self._read(socket, number)
        finally:
            if talking is not None:
                talking.cancel()
                await asyncio.gather(talking, return_exceptions=True)
            if self._socket is socket:  # the one beside which it stood may go on
                self._socket = before if before is not None and not before.closed else None
            await socket.close()

    async def _follow_answer(self, number: int) -> str | None:
        """Follow an answer of HTTP that has a frame a line."""
        self._begin(number)
        lines = answer_lines(
            self._engine.session,
            self._address(),
            query=self._venue.query(self.route.streams),
            headers=self._headers(),
        )
        async for line in lines:
            await self._take(number, line, time.time_ns())
        return None

    def _begin(self, number: int) -> None:
        """Tell the core what the connection brings."""
        self.connects += 1
        self._began_at = time.monotonic()
        self._began_ns = time.time_ns()
        now = time.time_ns()
        beside = next(iter(self._links.values()), None)
        self._links[number] = link = Link(self.route, after=beside)
        if self._engine.tap is not None:
            self._engine.tap(link, b"", now)
        for stream, book in zip(self.route.streams, self.route.books, strict=True):
            self._engine.state.subscribe(
                number,
                self._venue.symbol_on_wire(stream.symbol),
                book,
                self._venue.has_depth(stream.channel),
                now,
            )

    def _end(self, number: int) -> None:
        """Tell the tap that the connection has gone, unless the whole feed ends."""
        link = self._links.pop(number, None)
        if link is not None and self._engine.tap is not None and not self._engine.is_ending:
            self._engine.tap(link, None, time.time_ns())

    def _farewell(self) -> str:
        """Say how a finite source ended: an early end looks like any other."""
        told = "the source has ended"
        if not self._venue.ends_at:
            return told
        end = datetime.fromisoformat(self._venue.ends_at)
        end_s = end.replace(tzinfo=end.tzinfo or UTC).timestamp()
        last = max(self._engine.state.book(i).ts_recv_ns or 0 for i in self.route.books)
        missing_s = end_s - last / 1e9
        if missing_s > EARLY_S:
            told += f" {missing_s:,.0f} s before {self._venue.ends_at}"
            logger.warning("%s: %s: it may be cut off", self.route.name, told)
        return told

    def _address(self) -> str:
        return self._engine.websocket_base(self._venue) + self.route.path.partition("#")[0]

    def _headers(self) -> Mapping[str, str]:
        return self._venue.headers(self._venue.key) if self._venue.key is not None else {}

    async def _connect(self) -> aiohttp.ClientWebSocketResponse[Any]:
        async with asyncio.timeout(CONNECT_S):
            return await self._engine.session.ws_connect(
                self._address(),
                params=self._venue.query(self.route.streams) or None,
                headers=self._headers(),
                autoping=True,
                max_msg_size=MAX_FRAME,
                decode_text=False,  # the core reads bytes
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            )

    async def _read(
        self, socket: aiohttp.ClientWebSocketResponse[Any], number: int
    ) -> str | None:
        """Hand over each frame with the time of its arrival: the hot path of every feed."""
        on_frame, receive, now = self._engine.state.on_frame, socket.receive, time.time_ns
        is_tapped = self._engine.tap is not None
        message = await receive()
        while message.type in _DATA:
            arrived = now()
            if is_tapped or self._backoff.failures:
                await self._take(number, message.data, arrived)
            elif flags := on_frame(number, message.data, arrived):
                await self._handle(flags, message.data)
            message = await receive()
        if message.type is aiohttp.WSMsgType.ERROR:
            msg = f"broken: {socket.exception()!r}"
            raise ConnectionLostError(msg)
        if self._venue.is_finite and socket.close_code == aiohttp.WSCloseCode.OK:
            return None
        code = f" with code {socket.close_code}" if socket.close_code else ""
        msg = f"closed by the venue{code}"
        raise ConnectionLostError(msg)

    async def _take(self, number: int, frame: bytes, arrived: int) -> None:
        """Take a frame where more has to be done than to hand it over."""
        if self._engine.tap is not None:
            self._engine.tap(self._links[number], frame, arrived)
        # It has outlived the wait before it: the next failure is a first one. Only to speak is
        # not enough, or who hangs up after each hello would be called without a pause.
        if self._backoff.failures and time.monotonic() - self._began_at >= self._backoff.bound:
            self._backoff.reset()
        if flags := self._engine.state.on_frame(number, frame, arrived):
            await self._handle(flags, frame)

    async def _handle(self, flags: int, frame: bytes) -> None:
        if flags & self._engine.CONTROL:
            await self._take_control(frame)
        if flags & self._engine.MALFORMED:
            self._engine.note_malformed(self.route)
        self._engine.take(flags)
        if flags & self._engine.BLOCK:
            await self._engine.wait_for_listeners()

    def _control(self, frame: bytes) -> Control:
        """Return what a message on the connection itself means; of those unheard of, nothing."""
        try:
            return self._venue.read_control(json.loads(frame))
        except ValueError:  # "pong"
            return Control(Say.NOTHING)
        except (AttributeError, KeyError, TypeError, IndexError):
            logger.warning("%s: what is %r?", self.route.name, frame[:200])
            return Control(Say.NOTHING)

    async def _take_control(self, frame: bytes) -> None:
        control = self._control(frame)
        if control.say is Say.LEAVING:
            logger.info("%s: the venue is leaving: %s", self.route.name, control.text)
            self._renew.set()
            self._is_left = True
        elif control.say is Say.ANSWER and self._socket is not None:
            await self._send(self._socket, control.text)
        elif control.say is Say.REFUSED:
            self._note_refusal(control)

    def _note_refusal(self, control: Control) -> None:
        """Tell whom a refusal concerns.

        Some venues answer each stream of a request apart, some answer without its number: whom
        the text names it concerns, and where it names nobody all of the request.
        """
        streams = self._requests.get(control.request, () if control.request else self._mute())
        streams = [s for s in streams if _names(control.text, s.symbol)] or streams
        named = ", ".join(f"{s.symbol} {s.channel}" for s in streams[:5]) or "a request"
        logger.error("%s: refused %s: %s", self.route.name, named, control.text)
        for stream in streams:
            self._engine.note_refusal(self._book_of(stream), control.text)

    def _mute(self) -> list[Stream]:
        """Return the streams whose book nothing has come of."""
        state = self._engine.state
        pairs = zip(self.route.streams, self.route.books, strict=True)
        return [s for s, book in pairs if state.book(book).state is BookState.EMPTY]

    def _book_of(self, stream: Stream) -> int:
        return self.route.books[self.route.streams.index(stream)]

    # ---- What is sent -----------------------------------------------------------------------

    async def _log_in(self, socket: aiohttp.ClientWebSocketResponse[Any], login: str) -> None:
        await self._send(socket, login)
        async with asyncio.timeout(LOGIN_S):
            while True:
                message = await socket.receive()
                if message.type not in _DATA:
                    msg = "closed by the venue at the login"
                    raise ConnectionLostError(msg)
                control = self._control(message.data)
                if control.say is Say.ACCEPTED:
                    return
                if control.say is Say.REFUSED:
                    for book in self.route.books:
                        self._engine.note_refusal(book, f"the login: {control.text}")
                    msg = f"the login: {control.text}"
                    raise Refused(msg)

    def _words(self, streams: Sequence[Stream], *, again: bool = False) -> list[str]:
        """Return what subscribes to the streams; `again` ends them before."""
        size = self._venue.limits.streams_a_message
        words: list[str] = []
        for start in range(0, len(streams), size):
            chunk = tuple(streams[start : start + size])
            if again:
                words += self._venue.unsubscribe(chunk, self._request(()))
            words += self._venue.subscribe(chunk, self._request(chunk))
        return words

    async def _talk(
        self, socket: aiohttp.ClientWebSocketResponse[Any], words: Sequence[str]
    ) -> None:
        """Subscribe, then keep the connection alive; who reads sees where it breaks."""
        with suppress(aiohttp.ClientError, OSError):
            for text in words:
                await self._send(socket, text)
            if self._venue.keepalive is None:
                return
            beat, every_s = self._venue.keepalive
            while not socket.closed:
                await asyncio.sleep(every_s)
                await self._send(socket, beat)

    def _request(self, streams: tuple[Stream, ...]) -> int:
        request, self._next_request = self._next_request, self._next_request + 1
        if streams:
            while len(self._requests) >= 1_000:  # the venue never answered them
                self._requests.pop(next(iter(self._requests)))
            self._requests[str(request)] = streams
        return request

    async def _send(self, socket: aiohttp.ClientWebSocketResponse[Any], text: str) -> None:
        """Send, but no faster than the venue allows."""
        now = time.monotonic()
        wait = max(0.0, self._may_send_at - now)
        self._may_send_at = now + wait + 1.0 / self._venue.limits.sends_a_second
        if wait:
            await asyncio.sleep(wait)
        await socket.send_str(text)

    async def resubscribe(self, books: set[int], *, of_trades: bool = False) -> None:
        """Let the depth of some books begin anew, or their trades, without touching the rest."""
        socket = self._socket
        if socket is None or socket.closed:
            return  # the next connection subscribes to everything
        streams = [
            stream
            for stream, book in zip(self.route.streams, self.route.books, strict=True)
            if book in books and self._venue.has_depth(stream.channel) is not of_trades
        ]
        if not streams:  # another connection has them
            return
        words = self._words(streams, again=True)
        if not words:  # it has none for that
            if not of_trades:  # for trades alone nobody gives a book up
                await self.drop("a stream has to begin anew")
            return
        try:
            for text in words:
                await self._send(socket, text)
        except (aiohttp.ClientError, OSError) as error:
            logger.info("%s: cannot resubscribe: %s", self.route.name, error)
            return
        state, now = self._engine.state, time.time_ns()
        for book in books:
            (state.resubscribed_to_trades if of_trades else state.resubscribed)(book, now)

    async def drop(self, reason: str) -> None:
        """Close the socket, so that a new one is opened."""
        logger.warning("%s: %s", self.route.name, reason)
        if self._socket is not None:
            await self._socket.close(message=reason.encode())

    async def check(self, now_ns: int) -> None:
        """Give up a connection that says nothing at all."""
        if not self.is_up:
            return
        last = max(self._engine.state.frames(number)[1] or 0 for number in self._numbers)
        idle_s = self._venue.limits.idle_s
        if now_ns - max(last, self._began_ns) > idle_s * 1e9:
            await self.drop(f"no frame in {idle_s:.0f} s")


def _names(text: str, symbol: str) -> bool:
    """Return whether a text names the symbol, and not only one that begins or ends like it."""
    return (
        re.search(rf"(?<![\w/-]){re.escape(symbol)}(?![\w/-])", text, re.IGNORECASE) is not None
    )
