"""What every REST answer of a venue shares: weights, refusals and faults."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from obcore.venue.faults import REQUEST_FAULTS

if TYPE_CHECKING:
    from obcore.venue.book import VenueBook
    from obcore.venue.hub import Hub, Listing

MINUTE_S = 60.0
TOO_MANY, BANNED, SERVER_ERROR = 429, 418, 500


def json_response(
    body: bytes | str, *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """Return an answer whose body is JSON already."""
    data = body.encode() if isinstance(body, str) else body
    return web.Response(
        body=data, status=status, headers=headers, content_type="application/json"
    )


@dataclass(slots=True)
class Budget:
    """The weight an address may spend in a minute, and what happens to who spends more.

    Parameters
    ----------
    limit : int
        Weight a minute.
    patience : int
        Requests answered with 429 in a row before the address is banned with 418.
    ban_s : float
        How long a ban lasts.
    """

    limit: int
    patience: int = 3
    ban_s: float = 120.0
    refused: int = 0
    banned_until: float = -math.inf
    _spent: deque[tuple[float, int]] = field(default_factory=deque)

    def used(self, now: float) -> int:
        """Return the weight spent in the minute before `now`."""
        while self._spent and self._spent[0][0] <= now - MINUTE_S:
            self._spent.popleft()
        return sum(weight for _, weight in self._spent)

    def spend(self, weight: int, now: float) -> tuple[int, float]:
        """Spend a request's weight; returns its status and the seconds to wait."""
        if now < self.banned_until:
            return BANNED, self.banned_until - now
        if self.used(now) + weight <= self.limit:
            self._spent.append((now, weight))
            self.refused = 0
            return 200, 0.0
        self.refused += 1
        if self.refused > self.patience:
            self.refused = 0
            self.banned_until = now + self.ban_s
            return BANNED, self.ban_s
        oldest = self._spent[0][0] if self._spent else now
        return TOO_MANY, oldest + MINUTE_S - now


def retry_after(seconds: float) -> dict[str, str]:
    """Return the header that says when to come back, in whole seconds."""
    return {"Retry-After": str(max(1, math.ceil(seconds)))}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that a fault has the venue refuse."""

    status: int
    wait_s: float


async def befallen(
    hub: Hub, market: str, listing: Listing | None, *, depth: bool
) -> Refusal | int:
    """Do the faults that befall a REST request.

    Parameters
    ----------
    hub : Hub
        For faults and clock.
    market : str
        Who is asked.
    listing : Listing or None
        What is asked for.
    depth : bool
        Whether a book is asked for, which alone can be slow or stale.

    Returns
    -------
    Refusal or int
        The refusal; or how many messages old the book in the answer shall be.
    """
    age = 0
    where = listing.symbol if listing is not None else "REST"
    kinds = REQUEST_FAULTS if depth else REQUEST_FAULTS[:3]
    for strike in hub.faults.strikes(kinds, market, "rest"):
        hub.faults.done(hub.now_ns, strike.kind, market, where, f"{strike.value:g}")
        match strike.kind:
            case "refuse_418":
                return Refusal(BANNED, strike.value)
            case "refuse_429":
                return Refusal(TOO_MANY, strike.value)
            case "error_500":
                return Refusal(SERVER_ERROR, 0.0)
            case "slow_snapshot":
                await asyncio.sleep(strike.value)
            case _:
                age = int(strike.value)
    return age


def book_of_age(listing: Listing, age: int) -> VenueBook:
    """Return the book where the tape stands, or some messages before."""
    return listing.book if age == 0 else listing.book_before(age)
