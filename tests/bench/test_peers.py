"""The peers: those that are here give right answers, those that are not are named."""

from __future__ import annotations

import contextlib
import sys

import numpy as np
import pytest

with contextlib.suppress(ImportError):
    import lrvx  # noqa: F401  cannot be loaded after the core

from obcore.bench.contest import Workload
from obcore.bench.peers import PEERS, Absent, load_peers
from obcore.bench.race import run_heat
from obcore.bench.reference import Reference
from obcore.bench.streams import Stream

NEED_NOTHING = {"numpy_ladder", "plain_dict"}


def test_a_peer_that_is_not_installed_is_named() -> None:
    entries, absent = load_peers(["no_such_book"])

    assert entries == []
    assert absent == [
        Absent(
            "no_such_book",
            "not installed: there is no module obcore.bench.peers.no_such_book",
        )
    ]


def test_a_peer_whose_library_is_missing_names_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "obcore.bench.peers.order_book", raising=False)
    monkeypatch.setitem(sys.modules, "order_book", None)

    _, absent = load_peers(["order_book"])

    assert absent == [Absent("order_book", "not installed: there is no module order_book")]


def test_the_ladders_and_dicts_by_hand_need_no_other_library() -> None:
    assert load_peers(sorted(NEED_NOTHING))[1] == []


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("spacing", [1, 16])
def test_every_peer_that_is_here_gives_the_right_answers(peer: str, spacing: int) -> None:
    entries, absent = load_peers([peer])
    if absent:
        pytest.skip(absent[0].reason)
    stream = Stream.made_up(levels=50, updates=1_000, spacing=spacing)
    reference = Reference(stream)

    reasons = {
        (result.entry.name, workload.value): result.reason
        for workload in Workload
        for result in run_heat(
            workload,
            entries,
            stream,
            reference,
            rounds=1,
            order=np.random.default_rng(1),
        ).results
    }

    assert reasons
    assert set(reasons.values()) == {""}


@pytest.mark.parametrize("peer", sorted(NEED_NOTHING))
def test_books_with_fewer_than_ten_levels_are_read_too(peer: str) -> None:
    entries, _ = load_peers([peer])
    stream = thin_stream()

    results = run_heat(
        Workload.REPLAY,
        entries,
        stream,
        Reference(stream),
        rounds=1,
        order=np.random.default_rng(1),
    ).results

    assert [result.reason for result in results] == [""]


def thin_stream() -> Stream:
    """Three levels a side, and a message that takes one away."""
    whole = Stream.made_up(levels=20, updates=100)
    bids, asks = whole.bids[:3], whole.asks[:3]
    return Stream(
        "thin",
        whole.instrument,
        bids,
        asks,
        np.array([0, 1], dtype=np.uint8),
        np.array([bids["price"][1], asks["price"][0]], dtype=np.int64),
        np.array([0, 5], dtype=np.int64),
        np.array([0, 2], dtype=np.int64),
    )
