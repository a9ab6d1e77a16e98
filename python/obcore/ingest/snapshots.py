"""Snapshots of one host's books, within the weight that it grants."""

from __future__ import annotations

import asyncio
import heapq
import logging
import time
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import aiohttp

from obcore.book import Verdict
from obcore.errors import ObcoreError
from obcore.ingest.backoff import Backoff
from obcore.ingest.budget import budget_of, retry_after_s

if TYPE_CHECKING:
    from obcore.ingest.budget import Spent
    from obcore.ingest.engine import Engine
    from obcore.ingest.venue import Request, Venue

logger = logging.getLogger(__name__)

ANSWER_S = 10.0
AT_ONCE = 16  # requests under way
_TOO_MANY, _BANNED, _TIMEOUT = 429, 418, 408
_URGENT, _REFRESH = 0, 1


class SnapshotDesk:
    """Asks one host for the snapshots that its books want, the most urgent first.

    Parameters
    ----------
    venue : Venue
        Whose host it is.
    engine : Engine
        Who takes the answers.
    """

    def __init__(self, venue: Venue, engine: Engine) -> None:
        self._venue = venue
        self._engine = engine
        self.budget = budget_of(engine.rest_base(venue), venue.limits.weight_a_minute)
        self._waiting: list[tuple[int, int, int]] = []  # a heap of urgency, turn and book
        self._asked: set[int] = set()
        self._turn = count()
        self._arrived = asyncio.Event()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._backoffs: dict[int, Backoff] = {}
        self.requests = 0
        self.refusals = 0

    @property
    def eta_s(self) -> float:
        """Seconds until everything that waits is asked for, as fast as the budget allows."""
        if not self._waiting:
            return 0.0
        weight = self._request(self._waiting[0][2]).weight
        return self.budget.eta_s(len(self._waiting), weight)

    @property
    def waiting(self) -> int:
        """Books whose snapshot was not asked for yet."""
        return len(self._waiting)

    def ask(self, book: int, *, is_refresh: bool) -> None:
        """Ask for a book's snapshot when the budget allows it; once, however often it is said."""
        urgency = _REFRESH if is_refresh else _URGENT
        if book in self._asked:
            self._hurry(book, urgency)
            return
        self._asked.add(book)
        heapq.heappush(self._waiting, (urgency, next(self._turn), book))
        self._arrived.set()

    def _hurry(self, book: int, urgency: int) -> None:
        """Let a book that lost its sync while it waited for a refresh wait no longer for it."""
        for i, (waiting_as, turn, waiting) in enumerate(self._waiting):
            if waiting == book and urgency < waiting_as:
                self._waiting[i] = (urgency, turn, book)
                heapq.heapify(self._waiting)
                return

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as fetches:
            while True:
                if not self._waiting:
                    self._arrived.clear()
                    await self._arrived.wait()
                await self._slots.acquire()
                # Only the head's weight is waited for, and only then it is taken: what became
                # urgent meanwhile goes first.
                spent = await self.budget.spend(self._request(self._waiting[0][2]).weight)
                _, _, book = heapq.heappop(self._waiting)
                fetches.create_task(self._fetch(book, spent))

    def _request(self, book: int) -> Request:
        if self._venue.snapshot is None:
            msg = f"{self._venue.name}: its books begin in the stream"
            raise ValueError(msg)
        return self._venue.snapshot(self._engine.symbol_of(book))

    async def _fetch(self, book: int, spent: Spent) -> None:
        wait: float | None = None
        try:
            wait = await self._try(book, spent)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            logger.info("%s: no snapshot: %r", self._engine.name_of(book), error)
            wait = self._wait_of(book)
        finally:
            self._slots.release()
        if wait is not None:
            await asyncio.sleep(wait)
        self._asked.discard(book)
        if wait is not None:
            self._engine.state.ask_again(book)
            self._engine.take(self._engine.WANTS)

    async def _try(self, book: int, spent: Spent) -> float | None:
        """Return the seconds after which to ask again; None where there is nothing to ask for."""
        request = self._request(book)
        url = self._engine.rest_base(self._venue) + request.path
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        self.requests += 1
        try:
            async with self._engine.session.get(
                url, params=request.query, timeout=timeout
            ) as answer:
                text = await answer.read()
                arrived = time.time_ns()
        finally:
            self.budget.answered(spent)
        self.budget.see_headers(answer.headers, spent)
        if answer.status == 200:
            return self._take(book, request, text, arrived)
        if answer.status in (_TOO_MANY, _BANNED):
            self.refusals += 1
            seconds = retry_after_s(answer.headers, 120.0 if answer.status == _BANNED else 60.0)
            self.budget.close(seconds)
            logger.warning(
                "%s: %d, nothing is sent for %.0f s", self._venue.name, answer.status, seconds
            )
            return 0.0
        if answer.status >= 500 or answer.status == _TIMEOUT:
            return self._wait_of(book)
        reason = f"{answer.status}: {text[:200].decode(errors='replace')}"
        logger.error("%s: the snapshot was refused: %s", self._engine.name_of(book), reason)
        self._engine.note_refusal(book, reason)
        return 60.0  # it may be mended; until then the book says what is wrong

    def _take(self, book: int, request: Request, text: bytes, arrived: int) -> float | None:
        engine = self._engine
        if engine.tap is not None:
            address = f"{self._venue.rest}{request.path}?{urlencode(request.query)}"
            engine.tap(address, text, arrived)
        try:
            verdict, flags = engine.state.on_snapshot(book, self._venue.wire, text, arrived)
        except ObcoreError as error:
            logger.warning("%s: no snapshot: %s", engine.name_of(book), error)
            return self._wait_of(book)
        engine.take(flags)
        if verdict is Verdict.RESYNC:  # older than the deltas at hand
            return self._wait_of(book)
        self._backoffs.pop(book, None)
        engine.forget_refusal(book)
        return None

    def _wait_of(self, book: int) -> float:
        settings = self._engine.settings
        backoff = self._backoffs.get(book)
        if backoff is None:
            backoff = self._backoffs[book] = Backoff(
                first=settings.snapshot_retry_s,
                longest=settings.backoff_longest_s,
                random=self._engine.random,
            )
        return backoff.next_wait()
