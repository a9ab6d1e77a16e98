"""The least that a feed in asyncio can cost: aiohttp receives, and the message is dropped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.client_proto import ResponseHandler

from obcore.bench.feeds.stamps import now

if TYPE_CHECKING:
    from obcore.bench.feeds.course import Target, Touch
    from obcore.bench.feeds.stamps import Stamps


class Floor:
    """A loop over ``receive``, whose messages stay bytes."""

    decode_text = False

    def __init__(self, target: Target, stamps: Stamps | None) -> None:
        self._target, self._stamps = target, stamps
        self.received = -1  # the answer to the subscription is no depth
        if stamps is not None:
            stamps.watch(ResponseHandler)

    def run(self) -> None:
        """Receive until the process ends."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        route = "" if self._target.is_spot else "/public"
        url = f"{self._target.websocket}{route}/stream"
        names = [f"{symbol.lower()}@depth@100ms" for symbol in self._target.symbols]
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, decode_text=self.decode_text) as socket,
        ):
            await socket.send_json({"method": "SUBSCRIBE", "params": names, "id": 1})
            receive, stamps = socket.receive, self._stamps
            if stamps is not None:
                keep = stamps.ready.append
                while (await receive()).type < aiohttp.WSMsgType.CLOSE:
                    keep((now(), None))
                    self.received += 1
            while (await receive()).type < aiohttp.WSMsgType.CLOSE:
                self.received += 1

    @property
    def is_ready(self) -> bool:
        """It has nothing to wait for."""
        return True

    def touch(self) -> dict[str, Touch]:
        """Return nothing: it keeps no book."""
        return {}


class TextFloor(Floor):
    """The same as aiohttp does it if it is not told otherwise: text becomes ``str``."""

    decode_text = True
