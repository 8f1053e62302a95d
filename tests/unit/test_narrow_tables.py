"""Tables of submissions and jobs on screens of any width."""

from __future__ import annotations

import io
from typing import Any, cast

import pytest
from rich.console import Console, RenderableType

from taipy_exec.cli.live import LiveTable
from taipy_exec.cli.render import submissions_table
from taipy_exec.cli.streams import Streams
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.views.words import most_telling_count

COUNTS = {
    Status.COMPLETED: 4,
    Status.SKIPPED: 2,
    Status.FAILED: 3,
    Status.ABANDONED: 3,
}


def shown(what: RenderableType, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=40, color_system=None)
    console.print(what)
    return [line.rstrip() for line in cast(io.StringIO, console.file).getvalue().splitlines()]


def submission(**given: Any) -> SubmissionRecord:
    fields: dict[str, Any] = {
        "id": "SUBMISSION_05df38b7-0772-445c-be7a-8c368162ffbf",
        "scenario": "nightly",
        "name": "nightly",
        "instance": "SCENARIO_nightly_1",
        "mode": "standalone",
        "created_at": 1_600_000_000.0,
        "finished_at": 1_600_000_004.5,
        "counts": dict(COUNTS),
    }
    return SubmissionRecord(**{**fields, **given})


def live_table(
    width: int, jobs: list[JobRecord], usual: dict[str, float] | None = None
) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=40, color_system=None)

    class Narrow:
        err = console

    table = LiveTable(cast(Streams, Narrow()), submission(), jobs, usual or {}, 1)
    return shown(table.render(), width)


def failed_job() -> JobRecord:
    text = "it did not end within its timeout of 2 s, whatever was tried, and so it was stopped"
    return JobRecord(
        id="JOB_make_features_1", task="make_features", submission="SUBMISSION_1", position=0,
        status=Status.FAILED, duration=2.0,
        failure=Failure(kind="timed_out", type="JobTimeout", message=text),
    )  # fmt: skip


# -- submissions ----------------------------------------------------------------------------


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_a_submission_is_one_line_at_any_usual_width(width: int) -> None:
    lines = shown(submissions_table([submission(), submission()], {}), width)
    assert len(lines) == 4
    assert all(line.startswith("SUBMISSION_05df38b7 ") for line in lines[2:])
    assert all(" FAILED " in line and "3 failed" in line for line in lines[2:])


def test_where_there_is_room_every_column_is_there() -> None:
    head, _, line = shown(submissions_table([submission(name="may")], {}), 200)
    assert head.split() == [
        "Submission", "Scenario", "Name", "Mode", "Status", "Jobs", "Submitted", "Time",
    ]  # fmt: skip
    assert "4 completed, 2 skipped, 3 failed, 3 abandoned" in line


def test_a_narrow_screen_shows_the_most_telling_count_and_leaves_the_mode_out() -> None:
    head, _, line = shown(submissions_table([submission()], {}), 80)
    assert "Mode" not in head and "Name" not in head
    assert "3 failed of 12" in line


def test_a_very_narrow_screen_shows_ids_and_statuses() -> None:
    assert shown(submissions_table([submission()], {}), 40)[2].split() == [
        "SUBMISSION_05df38b7", "FAILED",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({Status.COMPLETED: 4, Status.FAILED: 1, Status.RUNNING: 2}, "1 failed of 7"),
        ({Status.COMPLETED: 4, Status.RUNNING: 2, Status.BLOCKED: 9}, "2 running of 15"),
        ({Status.COMPLETED: 4, Status.PENDING: 1}, "1 pending of 5"),
        ({Status.CANCELED: 4, Status.ABANDONED: 1}, "4 canceled of 5"),
        ({Status.COMPLETED: 4, Status.SKIPPED: 1}, "5"),
        ({}, "0"),
    ],
)
def test_of_the_counts_that_is_told_which_one_looks_for(
    counts: dict[Status, int], text: str
) -> None:
    assert most_telling_count(counts) == text


# -- the live table -------------------------------------------------------------------------


@pytest.mark.parametrize("width", [50, 60, 80, 120, 200])
def test_a_long_reason_takes_no_room_from_the_task_and_its_status(width: int) -> None:
    lines = [line for line in live_table(width, [failed_job()]) if "make_features" in line]
    assert len(lines) == 1
    assert "FAILED" in lines[0] and "2.0s" in lines[0]


def test_a_new_attempt_is_seen_beside_the_usual_time() -> None:
    job = failed_job()
    job.status, job.failure, job.duration = Status.RUNNING, None, None
    job.started_at, job.attempt, job.reason = 1_600_000_000.0, 2, "worker_lost"
    (line,) = [line for line in live_table(120, [job], {job.task: 20.0}) if "RUNNING" in line]
    assert line.endswith("of ~20.0s, attempt 2, worker lost")
