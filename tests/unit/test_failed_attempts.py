"""Jobs that are tried again: which failures, how often, and after how long."""

from __future__ import annotations

import pytest

from taipy_exec.engine.retry_queue import RetryQueue
from taipy_exec.model.decide import decide
from taipy_exec.model.event import Admitted, CancelRequested, Finished, Started
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.job_table import JobTable
from taipy_exec.model.status import Status


@pytest.fixture
def job_table() -> JobTable:
    """Job `one` runs, and `two` follows it."""
    made = JobTable()
    record = SubmissionRecord(id="S", scenario="s", instance="i", name="n")
    jobs = [JobRecord(id=i, task=i, submission="S", position=p) for p, i in enumerate("12")]
    made.admit(record, jobs, {"2": ["1"]})
    for event in (Admitted(submission="S", at=0.0), Started(job="1", worker="w:1", at=1.0)):
        made.apply(*decide(made, event))
    return made


def finish(job_table: JobTable, kind: str, *, attempt: int = 1, retries: int = 2) -> JobRecord:
    failure = Failure(kind=kind, message="no")
    event = Finished(job="1", attempt=attempt, at=2.0, failure=failure, retries=retries)
    job_table.apply(*decide(job_table, event))
    return job_table.jobs["1"]


@pytest.mark.parametrize(
    "kind", ["raised", "process_died", "timed_out", "read_input", "write_output"]
)
def test_what_may_pass_is_tried_again(job_table: JobTable, kind: str) -> None:
    job = finish(job_table, kind)
    assert (job.status, job.attempt, job.reason) == (Status.PENDING, 2, "retried")
    assert job_table.jobs["2"].status is Status.BLOCKED


@pytest.mark.parametrize("kind", ["wrong_result_count", "not_loaded", "config_mismatch"])
def test_what_would_fail_again_is_not(job_table: JobTable, kind: str) -> None:
    assert finish(job_table, kind).status is Status.FAILED
    assert job_table.jobs["2"].status is Status.ABANDONED


def test_it_fails_after_the_last_attempt(job_table: JobTable) -> None:
    for attempt in (1, 2):
        assert finish(job_table, "raised", attempt=attempt).status is Status.PENDING
        job_table.apply(*decide(job_table, Started(job="1", worker="w:1", at=3.0)))
    job = finish(job_table, "raised", attempt=3)
    assert (job.status, job.attempt, job.reason) == (Status.FAILED, 3, "raised")
    assert job_table.jobs["2"].status is Status.ABANDONED


def test_without_retries_nothing_changes(job_table: JobTable) -> None:
    assert finish(job_table, "raised", retries=0).status is Status.FAILED


def test_a_job_that_waits_for_its_next_attempt_can_be_canceled(job_table: JobTable) -> None:
    finish(job_table, "raised")
    job_table.apply(*decide(job_table, CancelRequested(jobs=("1",), reason="canceled", at=3.0)))
    assert job_table.jobs["1"].status is Status.CANCELED
    assert job_table.jobs["2"].status is Status.ABANDONED


def test_a_job_that_is_being_stopped_is_not_tried_again(job_table: JobTable) -> None:
    job_table.apply(*decide(job_table, CancelRequested(jobs=("1",), reason="canceled", at=3.0)))
    assert finish(job_table, "process_died").status is Status.CANCELED


def test_delays_double_and_have_a_bound() -> None:
    queue = RetryQueue()
    for attempt, least in ((2, 3.0), (3, 6.0), (4, 12.0), (30, 3600.0), (3000, 3600.0)):
        assert least <= queue.add("j", attempt, 3.0, 0.0) <= least * 1.25


def test_those_that_are_due_come_in_their_order() -> None:
    queue = RetryQueue()
    assert queue.seconds_left(0.0) == float("inf")
    queue.add("late", 3, 10.0, 0.0)
    queue.add("soon", 2, 1.0, 0.0)
    assert queue.take_due(0.5) == []
    assert 0.4 <= queue.seconds_left(0.5) <= 1.0
    assert queue.take_due(2.0) == ["soon"]
    assert queue.seconds_left(100.0) == 0.0
    assert queue.take_due(100.0) == ["late"]
