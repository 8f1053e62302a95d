"""Which jobs a live table shows where there is not room for all, its bar, and its lines above."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.table import Table

from taipy_exec.cli.frame import Frame
from taipy_exec.cli.lines import change_line
from taipy_exec.cli.live_rows import bar, rows
from taipy_exec.model.event import Change
from taipy_exec.model.job import Failure, JobRecord
from taipy_exec.model.status import Reason, Status


def jobs(*statuses: Status) -> list[JobRecord]:
    return [
        JobRecord(
            id=f"J{n}", task=f"t{n}", submission="S", position=n, status=status, finished_at=n
        )
        for n, status in enumerate(statuses)
    ]


def names(found: object) -> list[str]:
    return [job.task for job in found]  # type: ignore[attr-defined]


def test_jobs_that_fit_are_all_shown_in_their_order() -> None:
    found = rows(jobs(*[Status.FAILED] * 3, *[Status.ABANDONED] * 3), 6)
    assert len(found.shown) == 6
    assert not (found.pinned or found.above or found.below)


def test_what_failed_outside_of_the_window_is_pinned_above_what_runs() -> None:
    ended = [Status.COMPLETED] * 10
    found = rows(
        jobs(*ended, Status.FAILED, *ended, Status.RUNNING, *[Status.BLOCKED] * 20, Status.FAILED),
        9,
    )
    assert names(found.pinned) == ["t10", "t42"]
    assert "t21" in names(found.shown)
    assert len(found.pinned) + len(found.shown) == 9
    counted = [*found.pinned, *found.above, *found.shown, *found.below]
    assert sorted(job.position for job in counted) == list(range(43))


def test_of_many_failures_the_latest_take_a_third_of_the_rows() -> None:
    found = rows(jobs(*[Status.FAILED] * 50, *[Status.RUNNING] * 2), 9)
    assert names(found.pinned) == ["t43", "t44", "t45"]
    assert len(found.shown) == 6


def test_once_all_have_ended_only_what_failed_is_shown() -> None:
    found = rows(jobs(*[Status.COMPLETED] * 5, Status.FAILED, *[Status.ABANDONED] * 20), 10)
    assert names(found.pinned) == ["t5"]
    assert not found.shown
    assert len(found.below) == 25


def test_once_all_are_done_the_last_jobs_stay() -> None:
    found = rows(jobs(*[Status.COMPLETED] * 30), 10)
    assert names(found.shown) == [f"t{n}" for n in range(20, 30)]


@pytest.mark.parametrize(
    ("counts", "cells"),
    [
        ({}, (20, 0, 0, 0)),
        ({Status.COMPLETED: 500}, (20, 0, 0, 0)),
        ({Status.COMPLETED: 499, Status.FAILED: 1}, (19, 1, 0, 0)),
        ({Status.COMPLETED: 250, Status.RUNNING: 250}, (10, 0, 0, 10)),
        ({Status.FAILED: 3, Status.BLOCKED: 997}, (0, 1, 0, 19)),
        ({Status.COMPLETED: 5, Status.FAILED: 5, Status.ABANDONED: 10}, (5, 5, 10, 0)),
        ({Status.FAILED: 20}, (0, 20, 0, 0)),
        ({Status.COMPLETED: 59, Status.ABANDONED: 20, Status.RUNNING: 1}, (14, 0, 5, 1)),
        ({Status.COMPLETED: 999, Status.RUNNING: 1}, (19, 0, 0, 1)),
        ({Status.FAILED: 999, Status.CANCELED: 1}, (0, 20, 0, 0)),
    ],
)
def test_the_bar_has_a_cell_for_each_failure_however_few(
    counts: dict[Status, int], cells: tuple[int, int, int, int]
) -> None:
    found = bar(counts, 20)
    assert (found.done, found.failed, found.others, found.rest) == cells


def test_a_lost_worker_is_named_with_the_attempt_that_follows() -> None:
    lost = Change(
        "J", Status.RUNNING, Status.PENDING, 0.0, 2, reason=Reason.WORKER_LOST, worker="host:7"
    )
    assert change_line(lost, "fit").endswith(" fit PENDING: host:7 was lost, attempt 2 follows")


def test_a_failure_is_one_line_without_secrets() -> None:
    failure = Failure(kind=Reason.RAISED, type="ValueError", message="no s3cret\nmore")
    failed = Change(
        "J", Status.RUNNING, Status.FAILED, 0.0, 1, Reason.RAISED, "h:1", failure, duration=1.5
    )
    line = change_line(failed, "fit", lambda text: text.replace("s3cret", "***"))
    assert line.endswith(" fit FAILED in 1.5s: ValueError: no ***")


def test_a_frame_has_no_spaces_at_the_ends_of_its_lines_and_knows_its_rows_elsewhere() -> None:
    file = io.StringIO()
    console = Console(file=file, width=40, color_system=None)
    table = Table("Task", "Reason", box=None, pad_edge=False)
    table.add_row("fit", "x" * 20)
    table.add_row("next", "")
    frame = Frame(table)
    console.print(frame, end="")
    lines = file.getvalue().splitlines()
    assert lines == ["Task  Reason", "fit   " + "x" * 20, "next"]
    assert frame.width == 40
    assert [frame.rows_at(width) for width in (40, 26, 20, 10)] == [3, 3, 4, 6]
