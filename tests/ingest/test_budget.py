"""The request weight of a host: never passed in any minute, and waited for no longer than needed."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obcore.ingest import budget as budget_module
from obcore.ingest.budget import WINDOW_S, WeightBudget, budget_of, retry_after_s

if TYPE_CHECKING:
    from datetime import tzinfo

PER_MINUTE = 100
STEP_S = 0.125  # a fraction of two: sums of it are exact

weights = st.integers(1, PER_MINUTE)
pauses = st.integers(0, 700).map(lambda steps: steps * STEP_S)
# A pause, then what somebody wants to spend.
spendings = st.lists(st.tuples(pauses, weights), max_size=60)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Host:
    """What a host is sent, and how much of it lies within one minute."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.budget = WeightBudget(PER_MINUTE, self.clock)
        self.granted: list[tuple[float, int]] = []

    def ask(self, weight: int) -> float:
        wait = self.budget.try_to_spend(weight)
        if wait == 0:
            self.granted.append((self.clock.now, weight))
        return wait

    def spent_at(self, now: float) -> int:
        return sum(weight for at, weight in self.granted if now - WINDOW_S < at <= now)

    def first_free(self, weight: int) -> float:
        """Return when the weight fits, by trying every moment at which something leaves."""
        now = self.clock.now
        moments = [now, *(at + WINDOW_S for at, _ in self.granted if at + WINDOW_S > now)]
        return next(t for t in sorted(moments) if self.spent_at(t) + weight <= PER_MINUTE)


def used(weight: int) -> dict[str, str]:
    return {"X-MBX-USED-WEIGHT-1M": str(weight)}


# ---- Any minute ---------------------------------------------------------------------------


@given(spendings)
def test_no_minute_holds_more_than_the_host_grants(wanted: list[tuple[float, int]]) -> None:
    host = Host()

    for pause, weight in wanted:
        host.clock.now += pause
        host.ask(weight)

    for start, _ in host.granted:
        minute = sum(w for at, w in host.granted if start <= at < start + WINDOW_S)
        assert minute <= PER_MINUTE


@given(spendings, weights)
def test_a_wait_is_as_long_as_it_has_to_be_and_no_longer(
    wanted: list[tuple[float, int]], weight: int
) -> None:
    host = Host()
    for pause, each in wanted:
        host.clock.now += pause
        host.ask(each)
    free = host.first_free(weight)

    wait = host.budget.wait_s(weight)

    assert wait == free - host.clock.now
    if wait:
        host.clock.now = free - STEP_S / 2
        assert host.ask(weight) > 0
    host.clock.now = free
    assert host.ask(weight) == 0


@given(spendings)
def test_to_ask_how_long_spends_nothing(wanted: list[tuple[float, int]]) -> None:
    asked, silent = Host(), Host()

    for pause, weight in wanted:
        asked.clock.now += pause
        silent.clock.now += pause
        asked.budget.wait_s(weight)
        assert asked.ask(weight) == silent.ask(weight)


def test_who_waits_spends_at_the_moment_that_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    budget = WeightBudget(6_000, clock)
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    sent: list[float] = []

    async def send_all() -> None:
        for _ in range(300):
            await budget.spend(50)
            sent.append(clock.now - 1_000.0)

    asyncio.run(send_all())

    assert [sent.count(t) for t in (0.0, 60.0, 120.0)] == [120, 120, 60]


@pytest.mark.parametrize("weight", [PER_MINUTE + 1, 10 * PER_MINUTE])
def test_a_weight_that_is_never_granted_is_an_error(weight: int) -> None:
    budget = WeightBudget(PER_MINUTE, Clock())

    with pytest.raises(ValueError, match=rf"at most {PER_MINUTE} a minute, received {weight}"):
        asyncio.run(budget.spend(weight))

    assert budget.wait_s(PER_MINUTE) == 0


def test_a_request_counts_until_a_minute_behind_its_answer() -> None:
    # The host counted it when it arrived: somewhere between the two.
    host = Host()
    spent = asyncio.run(host.budget.spend(PER_MINUTE))
    host.clock.now += 5.0
    host.budget.answered(spent)

    host.clock.now += WINDOW_S - 5.0
    assert host.budget.wait_s(1) == 5.0
    host.clock.now += 5.0
    assert host.budget.wait_s(PER_MINUTE) == 0.0


def test_an_answer_that_takes_longer_than_a_minute_counts_too() -> None:
    host = Host()
    spent = asyncio.run(host.budget.spend(PER_MINUTE))
    host.clock.now += 2 * WINDOW_S
    assert host.budget.wait_s(1) == 0.0

    host.budget.answered(spent)

    assert host.budget.wait_s(1) == WINDOW_S


def test_what_the_host_still_counts_of_ours_is_nobody_elses() -> None:
    host = Host()
    first = asyncio.run(host.budget.spend(PER_MINUTE - 10))
    host.budget.answered(first)
    host.clock.now += WINDOW_S - 1.0
    second = asyncio.run(host.budget.spend(10))
    host.clock.now += 1.0  # the first one leaves our window while the second is under way
    host.budget.answered(second)

    host.budget.see_headers(used(PER_MINUTE), second)
    assert host.budget.wait_s(PER_MINUTE - 10) == 0.0

    host.budget.see_headers(used(PER_MINUTE + 5), second)  # and this is somebody else
    assert host.budget.wait_s(PER_MINUTE - 10) > 0.0
    assert host.budget.wait_s(PER_MINUTE - 15) == 0.0


def test_threads_that_share_a_budget_do_not_spend_it_twice() -> None:
    budget = WeightBudget(PER_MINUTE, Clock())
    together = threading.Barrier(8)

    def spend_much(_: int) -> int:
        together.wait()
        return sum(budget.try_to_spend(1) == 0 for _ in range(PER_MINUTE))

    with ThreadPoolExecutor(8) as threads:
        granted = sum(threads.map(spend_much, range(8)))

    assert granted == PER_MINUTE


# ---- What the host says -------------------------------------------------------------------


def test_what_others_spend_at_this_address_is_not_spent_again() -> None:
    host = Host()
    host.ask(10)

    host.budget.see_headers(used(70))

    assert host.ask(31) == WINDOW_S
    assert host.ask(30) == 0


@given(st.integers(0, 3 * PER_MINUTE), weights)
def test_foreign_weight_counts_for_a_minute_from_when_it_was_told(
    foreign: int, weight: int
) -> None:
    host = Host()

    host.budget.see_headers(used(foreign))

    fits = foreign + weight <= PER_MINUTE
    assert host.budget.wait_s(weight) == (0 if fits else WINDOW_S)
    host.clock.now += WINDOW_S
    assert host.budget.wait_s(weight) == 0


def test_what_we_spent_ourselves_is_not_counted_twice() -> None:
    host = Host()
    host.ask(60)

    for said in (20, 60, 60):
        host.budget.see_headers(used(said))

    assert host.ask(40) == 0


@pytest.mark.parametrize("text", ["", "many", "-5", "1.5", "²"])
def test_a_weight_that_cannot_be_read_changes_nothing(text: str) -> None:
    budget = WeightBudget(PER_MINUTE, Clock())

    budget.see_headers({"X-MBX-USED-WEIGHT-1M": text})
    budget.see_headers({"Content-Type": "application/json"})

    assert budget.wait_s(PER_MINUTE) == 0


@pytest.mark.parametrize("seconds", [0.5, 7.0, 120.0])
def test_nothing_is_sent_while_the_host_refuses(seconds: float) -> None:
    host = Host()

    host.budget.close(seconds)

    assert host.budget.closed_s == seconds
    assert host.ask(1) == seconds
    host.clock.now += seconds - STEP_S
    assert host.ask(1) == STEP_S
    host.clock.now += STEP_S
    assert host.budget.closed_s == 0
    assert host.ask(1) == 0


def test_a_shorter_refusal_does_not_end_a_longer_one() -> None:
    host = Host()
    host.budget.close(120.0)  # 418: banned

    host.budget.close(1.0)  # 429: another answer, of a request that was under way

    assert host.budget.closed_s == 120.0


@given(spendings, pauses, weights)
def test_behind_a_refusal_the_minute_still_counts(
    wanted: list[tuple[float, int]], refused_s: float, weight: int
) -> None:
    host = Host()
    for pause, each in wanted:
        host.clock.now += pause
        host.ask(each)
    free = max(host.first_free(weight), host.clock.now + refused_s)

    host.budget.close(refused_s)
    while wait := host.ask(weight):
        host.clock.now += wait

    assert host.clock.now == free


# ---- When everything is sent --------------------------------------------------------------


@pytest.mark.parametrize(
    ("requests", "seconds"),
    [(0, 0), (1, 0), (120, 0), (121, 60), (240, 60), (241, 120), (300, 120), (3_000, 1_440)],
)
def test_the_rest_of_the_requests_takes_a_minute_a_budget(requests: int, seconds: int) -> None:
    budget = WeightBudget(6_000, Clock())

    assert budget.eta_s(requests, 50) == seconds


@given(st.integers(1, 500), weights)
def test_the_time_that_is_told_is_the_time_that_it_takes(requests: int, weight: int) -> None:
    host = Host()
    told = host.budget.eta_s(requests, weight)

    for _ in range(requests):
        while wait := host.ask(weight):
            host.clock.now += wait

    assert host.clock.now == 1_000.0 + told


def test_what_is_spent_already_puts_the_end_off() -> None:
    budget = WeightBudget(6_000, Clock())
    for _ in range(60):
        budget.try_to_spend(50)

    assert budget.eta_s(60, 50) == 0
    assert budget.eta_s(61, 50) == WINDOW_S


def test_a_spent_budget_is_waited_for() -> None:
    clock = Clock()
    budget = WeightBudget(6_000, clock)
    budget.try_to_spend(6_000)
    clock.now += 20.0

    assert budget.eta_s(1, 50) == 40.0
    assert budget.eta_s(121, 50) == 100.0


def test_a_refusal_puts_the_end_off() -> None:
    budget = WeightBudget(6_000, Clock())

    budget.close(30.0)

    assert budget.eta_s(5, 50) == 30.0


# ---- One budget a host --------------------------------------------------------------------


def test_all_who_ask_one_host_share_its_budget() -> None:
    budget = budget_of("https://test_budget.example", 500)

    assert budget_of("https://test_budget.example", 500) is budget
    assert budget_of("https://other.test_budget.example", 500) is not budget
    assert budget.per_minute == 500


def test_what_one_feed_spends_another_one_lacks() -> None:
    host = "https://spent.test_budget.example"

    budget_of(host, PER_MINUTE).try_to_spend(PER_MINUTE)

    assert budget_of(host, PER_MINUTE).wait_s(1) > 0


# ---- Retry-After --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"), [("7", 7.0), (" 120 ", 120.0), ("0", 0.0), ("1.5", 1.5)]
)
def test_a_number_of_seconds_is_waited_for(text: str, seconds: float) -> None:
    assert retry_after_s({"Retry-After": text}, 60.0) == seconds


@pytest.mark.parametrize("text", ["", "soon", "Mon", "12 parsecs", "2026-10-21T07:28:00Z"])
def test_the_usual_wait_stands_for_what_cannot_be_read(text: str) -> None:
    assert retry_after_s({"Retry-After": text}, 60.0) == 60.0


def test_the_usual_wait_stands_where_nothing_is_told() -> None:
    assert retry_after_s({}, 61.5) == 61.5


@pytest.mark.parametrize(("ahead_s", "seconds"), [(90, 90.0), (7_200, 7_200.0), (-30, 0.0)])
def test_a_date_is_waited_for_until_it_comes(
    ahead_s: int, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 10, 21, 7, 28, tzinfo=UTC)

    class Fixed(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(2026, 10, 21, 7, 28, tzinfo=tz)

    monkeypatch.setattr(budget_module, "datetime", Fixed)
    date = format_datetime(now + timedelta(seconds=ahead_s), usegmt=True)

    assert retry_after_s({"Retry-After": date}, 60.0) == seconds
