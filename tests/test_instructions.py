"""The guard against slowing down: what it makes of counts, without counting any."""

from __future__ import annotations

import json

import pytest

import instructions
from instructions import Report, Row, compare, without_record

GCC = "gcc 12.2.0 / glibc 2.36 / x86_64 / portable"
CLANG = "clang 14.0.6 / glibc 2.36 / x86_64 / portable"
RENEW = "python bench/instructions.py renew"


def one_row(recorded: int | None, measured: int | None) -> Row:
    (row,) = compare(
        GCC,
        {} if recorded is None else {"decode": recorded},
        {} if measured is None else {"decode": measured},
    )
    return row


@pytest.mark.parametrize("measured", [1_000, 1_029, 1_030, 971, 1])
def test_a_workload_that_grows_by_up_to_3_percent_passes(measured: int) -> None:
    assert not Report([one_row(1_000, measured)], []).is_failure


@pytest.mark.parametrize("measured", [1_031, 2_000])
def test_a_workload_that_grows_by_more_fails(measured: int) -> None:
    assert Report([one_row(1_000, measured)], []).is_failure


def test_one_that_grew_fails_among_many_that_shrank() -> None:
    rows = compare(GCC, {"a": 100, "b": 100, "c": 100}, {"a": 50, "b": 104, "c": 50})

    assert Report(rows, []).is_failure
    assert [row.workload for row in rows if row.is_failure] == ["b"]


def test_growth_is_told_with_counts_percentage_and_what_to_do() -> None:
    assert one_row(10_000, 10_310).note == (
        f"decode on {GCC}: recorded 10,000, measured 10,310, +3.10 %; make it cheaper, or renew "
        f"the record in the same change: {RENEW}"
    )


def test_a_workload_within_the_limit_needs_no_word() -> None:
    assert one_row(1_000, 1_029).note == ""
    assert one_row(1_000, 971).note == ""


def test_shrinking_by_more_than_3_percent_passes_with_a_hint() -> None:
    row = one_row(1_000, 969)

    assert not row.is_failure
    assert row.note.endswith(f"-3.10 %; keep what was won: {RENEW}")


def test_a_new_workload_fails_until_it_has_a_record() -> None:
    row = one_row(None, 1_000)

    assert row.is_failure
    assert row.growth is None
    assert "no record" in row.note
    assert RENEW in row.note


def test_a_record_whose_workload_is_gone_passes_with_a_hint() -> None:
    row = one_row(1_000, None)

    assert not row.is_failure
    assert "no workload any more" in row.note


def test_a_toolchain_without_records_is_skipped_by_name() -> None:
    records = {GCC: {"decode": 1_000}}

    assert without_record(records, [GCC]) == []
    assert without_record(records, [GCC, CLANG]) == [f"no record for {CLANG}; renew makes one"]


def test_the_text_has_every_row_then_notes_then_what_was_skipped() -> None:
    report = Report(
        compare(GCC, {"decode": 1_000}, {"decode": 2_000, "apply": 5}), ["no record for it"]
    )

    lines = report.text().splitlines()

    assert lines[0].startswith(GCC)
    assert lines[1].split() == ["decode", "1,000", "2,000", "+100.00", "%"]
    assert lines[2].split() == ["apply", "none", "5"]
    assert [line.split(":")[0] for line in lines[3:]] == [
        f"decode on {GCC}",
        f"apply on {GCC}",
        "skipped",
    ]


def test_the_json_says_the_same() -> None:
    report = json.loads(Report([one_row(1_000, 1_500)], ["no valgrind"]).json())

    assert report["failed"] is True
    assert report["skipped"] == ["no valgrind"]
    (row,) = report["rows"]
    assert (row["toolchain"], row["workload"]) == (GCC, "decode")
    assert (row["recorded"], row["measured"], row["growth"]) == (1_000, 1_500, 0.5)
    assert row["failed"] is True


def test_without_valgrind_the_check_is_skipped_and_passes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")

    report = instructions.check()

    assert report.text() == "skipped: no valgrind"
    assert not report.is_failure


def test_every_record_is_of_the_same_workloads() -> None:
    records = instructions.read_records()

    assert len({tuple(record) for record in records.values()}) == 1
    assert all(count > 0 for record in records.values() for count in record.values())
