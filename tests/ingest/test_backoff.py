"""Waits between tries: they grow, they differ, and a success lets them begin anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obcore.ingest.backoff import Backoff


def made(first: float = 1.0, longest: float = 60.0, seed: int = 7) -> Backoff:
    return Backoff(first=first, longest=longest, random=np.random.default_rng(seed))


@given(
    first=st.floats(0.001, 10.0),
    longest=st.floats(10.0, 1_000.0),
    tries=st.integers(1, 80),
    seed=st.integers(0, 1_000),
)
def test_no_wait_is_longer_than_its_bound_which_doubles_up_to_the_longest(
    first: float, longest: float, tries: int, seed: int
) -> None:
    backoff = made(first, longest, seed)

    for failure in range(tries):
        wait = backoff.next_wait()

        assert backoff.bound == min(longest, first * 2.0 ** min(failure, 32))
        assert 0.0 <= wait <= backoff.bound
        assert backoff.failures == failure + 1


def test_failures_for_days_overflow_nothing() -> None:
    backoff = made()

    waits = [backoff.next_wait() for _ in range(5_000)]

    assert max(waits) <= 60.0
    assert backoff.bound == 60.0


def test_the_jitter_is_full() -> None:
    waits = np.array([made(seed=seed).next_wait() for seed in range(2_000)])

    assert waits.min() < 0.02
    assert waits.max() > 0.98
    assert abs(waits.mean() - 0.5) < 0.03


def test_two_feeds_do_not_come_back_at_the_same_moment() -> None:
    one, other = made(seed=1), made(seed=2)

    assert [one.next_wait() for _ in range(5)] != [other.next_wait() for _ in range(5)]


def test_the_same_seed_waits_the_same() -> None:
    one, other = made(seed=3), made(seed=3)

    assert [one.next_wait() for _ in range(5)] == [other.next_wait() for _ in range(5)]


@pytest.mark.parametrize("failures", [1, 4, 40])
def test_behind_a_success_the_next_failure_is_a_first_one(failures: int) -> None:
    backoff = made()
    for _ in range(failures):
        backoff.next_wait()

    backoff.reset()

    assert (backoff.failures, backoff.bound) == (0, 0.0)
    assert backoff.next_wait() <= 1.0
    assert (backoff.failures, backoff.bound) == (1, 1.0)
