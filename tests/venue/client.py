"""A client of the local venue: plain aiohttp, and books kept by the venues' published rules."""

from __future__ import annotations

import asyncio
import gzip
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp

from obcore.venue import LocalVenue, Tape, load_tape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
    from pathlib import Path

Result = TypeVar("Result")
TIMEOUT_S = 20.0
QUIET_S = 0.02


@dataclass(slots=True)
class Client:
    """A client of one venue."""

    venue: LocalVenue
    http: aiohttp.ClientSession
    plays_by_itself: bool

    @property
    def is_playing(self) -> bool:
        return self.plays_by_itself and not self.venue.is_finished

    async def open(self, name: str, path: str = "", **query: str) -> Connection:
        url = self.venue.url(name) + path
        socket = await self.http.ws_connect(url, params=query, max_msg_size=0)
        return Connection(socket, self)

    async def get(self, name: str, path: str, **query: str) -> Answer:
        url = self.venue.url(name, "http") + path
        async with self.http.get(url, params=query) as response:
            return Answer(response.status, dict(response.headers), await response.text())


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(slots=True)
class Connection:
    socket: aiohttp.ClientWebSocketResponse
    client: Client
    close_type: aiohttp.WSMsgType | None = None

    async def send(self, *requests: object) -> None:
        for request in requests:
            text = request if isinstance(request, str) else json.dumps(request)
            await self.socket.send_str(text)

    async def text(self) -> str:
        text: str = await self.socket.receive_str(timeout=TIMEOUT_S)
        return text

    async def answer(self, request: object) -> Any:
        await self.send(request)
        return json.loads(await self.text())

    async def texts(self, count: int | None = None) -> list[str]:
        """Return `count` messages, or all until the connection falls silent or closes."""
        found: list[str] = []
        quiet = 0
        while count is None or len(found) < count:
            try:
                message = await self.socket.receive(timeout=TIMEOUT_S if count else QUIET_S)
            except TimeoutError:
                # On a busy machine the clock may run out while a message is there to be read.
                quiet += 1
                if quiet == 2 and not self.client.is_playing:
                    break
                quiet = min(quiet, 1)
                continue
            quiet = 0
            if message.type is not aiohttp.WSMsgType.TEXT:
                self.close_type = message.type
                break
            found.append(message.data)
        return found

    async def texts_of_the_rest(self) -> list[str]:
        """Play what is left of the tape, and return what comes of it."""
        playing = asyncio.create_task(self.client.venue.play())
        found: list[str] = []
        while not playing.done() and self.close_type is None:
            found += await self.texts()
        await playing
        return found + await self.texts()

    async def messages(self, count: int | None = None) -> list[Any]:
        return [json.loads(text) for text in await self.texts(count)]


@cache
def tape(*recordings: Path) -> Tape:
    """Return a tape; tapes are never changed, so that tests may share them."""
    return load_tape(recordings)


@asynccontextmanager
async def serving(recordings: Sequence[Path], **options: Any) -> AsyncIterator[Client]:
    options = {"speed": None, "start": "call"} | options
    async with (
        LocalVenue(tape(*recordings), **options) as venue,
        aiohttp.ClientSession() as http,
    ):
        yield Client(venue, http, plays_by_itself=options["start"] != "call")


def first_lines(path: Path, count: int, folder: Path) -> Path:
    """Return a recording of the first lines of another."""
    shorter = folder / f"{path.stem}_{count}"
    with gzip.open(path) as file:
        shorter.write_bytes(b"".join(islice(file, count)))
    return shorter


def run(main: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    async def within_time() -> Result:
        async with asyncio.timeout(60.0):
            return await main()

    return asyncio.run(within_time())


@dataclass(slots=True)
class NaiveBook:
    """Two dictionaries of text, nothing else."""

    bids: dict[str, str] = field(default_factory=dict)
    asks: dict[str, str] = field(default_factory=dict)

    def load(self, bids: Any, asks: Any) -> None:
        self.bids, self.asks = {}, {}
        self.apply(bids, asks)

    def apply(self, bids: Any, asks: Any) -> None:
        for side, levels in ((self.bids, bids), (self.asks, asks)):
            for px, sz, *_ in levels:
                if float(sz) == 0.0:
                    side.pop(str(px), None)
                else:
                    side[str(px)] = str(sz)

    def top(self, count: int | None = None) -> tuple[list[Any], list[Any]]:
        bids = sorted(self.bids.items(), key=lambda level: -float(level[0]))
        asks = sorted(self.asks.items(), key=lambda level: float(level[0]))
        return bids[:count], asks[:count]


def venue_top(
    venue: LocalVenue, name: str, count: int | None = None
) -> tuple[list[Any], list[Any]]:
    picture = venue.books[name].snapshot(count)
    return picture.bids, picture.asks
