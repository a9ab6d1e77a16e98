"""The request weight that one host grants, shared by everything that asks it."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import deque
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WINDOW_S = 60.0


class Spent(NamedTuple):
    """A request that was sent.

    Parameters
    ----------
    at, weight : float, int
        When, and what it costs.
    known, total : int
        What was known to be spent within the window then, this included, and ever.
    """

    at: float
    weight: int
    known: int
    total: int


LONGEST_BAN_S = 3 * 86_400.0  # that any venue here documents
_SECONDS = re.compile(r"\d{1,9}(\.\d+)?")


class WeightBudget:
    """Weight per minute, of any minute: however the host cuts its own, it is never passed.

    Feeds of several threads may share one.

    Parameters
    ----------
    per_minute : int
        What the host grants; its headers tell what others at this address spend.
    clock : callable, optional
        Seconds that never run back.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._spent: deque[tuple[float, int]] = deque()
        self._sum = 0
        self._total = 0
        self._closed_until = 0.0
        self._lock = threading.RLock()

    async def spend(self, weight: int) -> Spent:
        """Wait until the weight may be spent, and spend it; what `answered` is to be told.

        Raises
        ------
        ValueError
            If the host never grants so much at once.
        """
        while True:
            with self._lock:
                wait = self.try_to_spend(weight)
                if wait == 0:
                    return Spent(*self._spent[-1], self._sum, self._total)
            await asyncio.sleep(wait)

    def answered(self, spent: Spent) -> None:
        """Count what was spent from now on: the host did so when it came, and that was before now.

        Counted from when it was sent, a request on a slow way would be forgotten too early.
        """
        with self._lock:
            entry = spent.at, spent.weight
            if entry in self._spent:
                self._spent.remove(entry)
                self._sum -= spent.weight
            self._total -= spent.weight  # it is counted already
            self._note(spent.weight)

    def try_to_spend(self, weight: int) -> float:
        """Spend the weight and return 0, or return the seconds until that may be tried again."""
        if weight > self.per_minute:
            msg = f"weight: expected at most {self.per_minute} a minute, received {weight}"
            raise ValueError(msg)
        with self._lock:
            wait = self.wait_s(weight)
            if wait == 0:
                self._note(weight)
            return wait

    def wait_s(self, weight: int) -> float:
        """Return the seconds until the weight may be spent; 0 where it may be now."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            return self._first_time(weight, now, self._spent, self._sum) - now

    def eta_s(self, requests: int, each: int) -> float:
        """Return the seconds until so many requests of equal weight are sent, at best."""
        with self._lock:
            now = moment = self._clock()
            self._forget(now)
            spent, total = deque(self._spent), self._sum
        for _ in range(requests):
            moment = self._first_time(each, moment, spent, total)
            while spent and spent[0][0] + WINDOW_S <= moment:
                total -= spent.popleft()[1]
            spent.append((moment, each))
            total += each
        return moment - now

    def _first_time(
        self, weight: int, now: float, spent: deque[tuple[float, int]], total: int
    ) -> float:
        """Return the first time, from now on, at which the weight fits the window behind it."""
        earliest = max(now, self._closed_until)
        over = total + weight - self.per_minute
        for spent_at, part in spent:
            if over <= 0:
                break
            over -= part
            earliest = max(earliest, spent_at + WINDOW_S)
        return earliest

    def see_headers(self, headers: Mapping[str, str], spent: Spent | None = None) -> None:
        """Take over what the host says was spent: others may use the same address.

        Parameters
        ----------
        headers : mapping
            Of an answer.
        spent : Spent, optional
            The request that it answers. The host counted when that came: what has left our
            window since then was still in the host's, and is nobody else's.
        """
        used = headers.get("X-MBX-USED-WEIGHT-1M", "")
        if not used.isdecimal():
            return
        with self._lock:
            self._forget(self._clock())
            known = self._sum
            if spent is not None:
                known = max(known, spent.known + self._total - spent.total)
            if int(used) > known:
                self._note(int(used) - known)

    def close(self, seconds: float) -> None:
        """Send nothing for so long: the host has refused."""
        self._closed_until = max(self._closed_until, self._clock() + seconds)

    @property
    def closed_s(self) -> float:
        """Seconds until the host may be asked again after a refusal; 0 where it may be."""
        return max(0.0, self._closed_until - self._clock())

    def _note(self, weight: int) -> None:
        self._spent.append((self._clock(), weight))
        self._sum += weight
        self._total += weight

    def _forget(self, now: float) -> None:
        while self._spent and self._spent[0][0] + WINDOW_S <= now:
            self._sum -= self._spent.popleft()[1]


_budgets: dict[str, WeightBudget] = {}
_budgets_lock = threading.Lock()


def budget_of(host: str, per_minute: int) -> WeightBudget:
    """Return the one budget of a host, which every feed of this process shares.

    The host counts by address: two feeds that each spent all of it would have this address banned.
    """
    with _budgets_lock:
        return _budgets.setdefault(host, WeightBudget(per_minute))


def retry_after_s(headers: Mapping[str, str], usual: float) -> float:
    """Return what ``Retry-After`` asks for, in seconds or as a date; `usual` where it is not told.

    Examples
    --------
    >>> retry_after_s({"Retry-After": "7"}, 60.0), retry_after_s({}, 60.0)
    (7.0, 60.0)
    """
    text = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_BAN_S)
    try:
        until = parsedate_to_datetime(text) - datetime.now(UTC)
    except (ValueError, TypeError, OverflowError):
        return usual
    return min(max(0.0, until.total_seconds()), LONGEST_BAN_S)
