"""What a sweep's tables say of each combination."""

from __future__ import annotations

import pytest

from taipy_exec.cli import outcome
from taipy_exec.model.job import SWEEP, JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.operations.sweep.rows import (
    CombinationRow,
    counts_of_statuses,
    rows_in_room,
    status_counts,
    value_cells,
    value_columns,
)


def row(number: int, *statuses: str, name: str = "", values: object = None) -> CombinationRow:
    jobs = [
        JobRecord(id=f"J{number}{n}", task=f"t{n}", submission=f"S{number}", position=n)
        for n in range(len(statuses))
    ]
    record = SubmissionRecord(
        id=f"S{number}",
        scenario="s",
        instance=f"i{number}",
        name=name or f"n={number}",
        properties={SWEEP: {"group": "G", "place": number, "values": values or {"n": number}}},
    )
    for job, status in zip(jobs, statuses, strict=True):
        job.status = Status[status]
        record.counts[job.status] = record.counts.get(job.status, 0) + 1
    return CombinationRow(record=record, jobs=jobs)


@pytest.mark.parametrize(
    ("statuses", "word"),
    [
        ("COMPLETED SKIPPED", "COMPLETED"),
        ("FAILED RUNNING", "RUNNING"),
        ("FAILED ABANDONED", "FAILED"),
        ("ABANDONED ABANDONED", "ABANDONED"),
        ("SKIPPED BLOCKED", "BLOCKED"),
        ("CANCELED COMPLETED", "CANCELED"),
    ],
)
def test_a_combination_has_one_word(statuses: str, word: str) -> None:
    assert row(1, *statuses.split()).status == word


def test_swept_data_nodes_have_columns_of_their_own() -> None:
    rows = [row(n, "COMPLETED", values={"window": n, "model": "a"}) for n in (7, 14)]
    columns = value_columns([one.record for one in rows])
    assert columns == ["window", "model"]
    assert [value_cells(one.record, columns) for one in rows] == [["7", "a"], ["14", "a"]]


def test_with_a_name_of_the_users_or_many_data_nodes_the_name_is_shown() -> None:
    named = row(7, "COMPLETED", name="june n=7")
    many = row(7, "COMPLETED", values=dict.fromkeys("abcde", 1))
    for one in (named, many):
        assert value_columns([one.record]) == ["Combination"]
        assert value_cells(one.record, ["Combination"]) == [one.record.name]


def test_of_many_combinations_those_are_shown_that_one_looks_for() -> None:
    rows = [row(n, "COMPLETED") for n in range(10)]
    rows += [row(10, "FAILED"), row(11, "COMPLETED"), row(12, "RUNNING")]
    rows += [row(n, "PENDING") for n in range(13, 20)]
    shown = [one.record.place for one in rows_in_room(rows, 5)]
    assert shown == [10, 12, 13, 14, 15]
    assert rows_in_room(rows[:5], 5) == rows[:5]


def test_at_the_end_the_last_ones_are_shown_next_to_what_failed() -> None:
    rows = [row(n, "FAILED" if n == 3 else "COMPLETED") for n in range(10)]
    assert [one.record.place for one in rows_in_room(rows, 3)] == [3, 8, 9]


def test_statuses_are_counted_with_the_usual_ones_first() -> None:
    rows = [row(1, "FAILED"), row(2, "COMPLETED"), row(3, "COMPLETED"), row(4, "RUNNING")]
    assert counts_of_statuses(status_counts(rows)) == "2 completed, 1 failed, 1 running"


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 3], 3),
        ([3, 4], 4),
        ([4, 1], 1),
        ([1, 130], 130),
        ([130, 5], 5),
        ([5, 143], 143),
    ],
)
def test_the_worst_exit_code_counts_as_it_does_among_jobs(codes: list[int], worst: int) -> None:
    assert outcome.worst(codes) == worst
