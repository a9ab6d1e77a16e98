"""Feeds side by side: what is measured, whose answer counts, and who is left out. No times."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("aiohttp")

import obcore
from obcore.bench.contest import Role
from obcore.bench.feeds import table
from obcore.bench.feeds.course import Course, Target, Touch
from obcore.bench.feeds.entrant import ENTRANTS, Entrant, entrants
from obcore.bench.feeds.process import Child, ChildError
from obcore.bench.feeds.program import FeedRace, Settings
from obcore.bench.feeds.stamps import Stamps, frames
from obcore.bench.feeds.trial import Bench, _equal

if TYPE_CHECKING:
    from pathlib import Path


def race(*racing: Entrant, latencies: bool = False) -> dict[str, Any]:
    """The document of a race that takes seconds."""
    settings = Settings(
        obcore.sample(), symbols=5, rate=1000.0, seconds=0.3, rounds=1, latencies=latencies
    )
    running = FeedRace(settings, racing)
    running.run()
    return running.document()


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return race(*entrants(("floor", "obcore")), latencies=True)


def rows_by_key(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["key"]: row for row in document["rows"]}


@pytest.mark.slow
def test_the_floor_and_obcore_take_every_message_and_have_the_venues_books(
    document: dict[str, Any],
) -> None:
    assert document["not_counted"] == []
    assert set(rows_by_key(document)) == {"floor", "obcore"}
    for row in document["rows"]:
        assert row["paced"]["messages"] == pytest.approx(300, abs=5)  # less snapshots
        assert row["blast"]["messages"] > 0
        assert row["paced"]["cpu_us"][1] > 0.0


@pytest.mark.slow
def test_every_message_at_the_rate_has_a_latency(document: dict[str, Any]) -> None:
    for key in ("floor", "obcore"):
        for arrivals in ("poisson", "recorded"):
            latency = rows_by_key(document)[key]["latency_us"][arrivals]
            assert latency["messages"] == pytest.approx(300, abs=5)
            assert 0.0 < latency["p50"] <= latency["p99"] <= latency["p99.9"]


@pytest.mark.slow
def test_events_are_matched_with_their_messages() -> None:
    (reading,) = entrants(("obcore-events",))
    bench = Bench(Course(str(obcore.sample()), symbols=5, rate=1000.0), seconds=0.3)

    taken = bench.latencies(reading, "poisson")

    assert 0 < taken.messages <= 300
    assert taken.us[0] > 0.0


@pytest.mark.slow
def test_ratios_are_against_the_floor_of_the_same_round(document: dict[str, Any]) -> None:
    rows = rows_by_key(document)
    floor, own = rows["floor"]["blast"], rows["obcore"]["blast"]

    assert floor["times_floor"] == [1.0, 1.0, 1.0]
    assert own["times_floor"][1] == pytest.approx(own["cpu_us"][1] / floor["cpu_us"][1])
    assert own["above_floor_us"][1] == pytest.approx(own["cpu_us"][1] - floor["cpu_us"][1])
    assert own["times_fastest_peer"] is None  # none raced


@pytest.mark.slow
def test_the_document_is_json_and_a_table(document: dict[str, Any]) -> None:
    assert json.loads(json.dumps(document)) == document
    shown = table.rows(document)
    assert [role for role, _ in shown][-1] == "floor"
    assert all(len(cells) == len(table.HEADINGS) for _, cells in shown)
    assert any(line.startswith("target") for line in table.lines(document))


@pytest.mark.slow
def test_a_peer_that_is_not_installed_is_left_out_and_said() -> None:
    (floor,) = entrants(("floor",))
    missing = Entrant("gone", "gone", "runs", "no_such_feed", "Gone", Role.PEER, "never")

    document = race(floor, missing)

    reason = "not installed: there is no module no_such_feed"
    assert document["absent"] == [{"name": "gone", "reason": reason}]
    assert list(rows_by_key(document)) == ["floor"]
    assert f"left out: gone: {reason}" in table.lines(document)


WRONG = """
from obcore.bench.feeds.own import Own


class Wrong(Own):
    def touch(self):
        right = super().touch()
        return {symbol: touch._replace(bid_px=touch.bid_px + 0.01) for symbol, touch in right.items()}
"""


@pytest.mark.slow
def test_who_gives_another_answer_gets_no_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a_tick_beside.py").write_text(WRONG)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("obcore.bench.feeds.trial.ANSWER_S", 0.2)
    wrong = Entrant("wrong", "wrong", "lies", "a_tick_beside", "Wrong", Role.PEER, "never")

    document = race(wrong)

    (failure,) = document["not_counted"]
    assert failure["name"] == "wrong"
    assert "at the end, received" in failure["reason"]
    assert document["rows"] == []


def test_frames_are_stamped_with_the_time_of_their_last_byte() -> None:
    long = b"x" * 300
    data = b"\x81\x7e\x01\x2c" + long + b"\x89\x00" + b"\x81\x01y"

    found = list(frames([(1, data[:100]), (2, data[100:304]), (3, data[304:])]))

    assert found == [(2, long), (3, b"y")]  # the ping in between is no message


def test_latencies_are_matched_by_symbol_and_id_where_states_are_passed_over() -> None:
    payloads = [
        b'{"e":"depthUpdate","s":"AUSDT","U":%d,"u":%d,"pu":1,"b":[]}' % (i, i) for i in (7, 8)
    ]
    stamps = Stamps(
        arrived=[(10 * i, 1, b"\x81" + bytes((len(p),)) + p) for i, p in enumerate(payloads)],
        ready=[(25, ("AUSDT", 8))],
    )

    assert stamps.latencies_ns().tolist() == [15]


@pytest.mark.parametrize("entrant", ENTRANTS, ids=lambda entrant: entrant.key)
def test_an_entrant_survives_its_way_to_the_client(entrant: Entrant) -> None:
    assert Entrant.from_json(entrant.to_json()) == entrant


def test_a_target_survives_its_way_to_the_client() -> None:
    target = Target("binance", "http://127.0.0.1:1", "http://127.0.0.1:2", ("AB", "CD"))

    assert Target.from_json(target.to_json()) == target
    assert target.websocket == "ws://127.0.0.1:1/binance"
    assert target.is_spot


def test_an_unknown_entrant_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"expected some of floor, .* received nobody"):
        entrants(("floor", "nobody"))


@pytest.mark.slow
def test_a_process_that_ends_is_told_with_its_last_words() -> None:
    with (
        Child("obcore.bench.feeds.client", ["no JSON", "{}"]) as child,
        pytest.raises(ChildError, match=r"it has ended; .*Error"),
    ):
        child.hear(30.0)


def test_a_book_with_an_empty_side_is_not_equal_to_a_full_one() -> None:
    full = Touch(1.0, 2.0, 3.0, 4.0)

    assert _equal(full, Touch(1.0, 2.0, 3.0, 4.0))
    assert not _equal(full, Touch(None, None, 3.0, 4.0))
    assert not _equal(full, Touch(1.0, 2.0, 3.0, 4.5))
