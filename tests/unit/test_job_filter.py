"""Which jobs and submissions `status` and `logs` show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from taipy_exec.errors import UsageError
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.operations.job_filter import JobFilter, job_filter, most_telling, time_of
from taipy_exec.store.rows import Instance
from taipy_exec.store.store import Store

NOW = dt.datetime(2026, 3, 5, 12, 0).timestamp()


def a_filter(**given: object) -> JobFilter:
    fields: dict[str, object] = {
        "failed": False, "statuses": None, "tasks": None, "since": None, "limit": None, "now": NOW,
    }  # fmt: skip
    return job_filter(**{**fields, **given})  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(tmp_path)
    found.add_instance(Instance(id="I", scenario="s", name="s", created_at=1.0))
    yield found
    found.close()


def submission(id: str, **fields: object) -> SubmissionRecord:
    return SubmissionRecord(
        id=id, scenario="s", instance="I", name="s", created_at=1.0, **fields  # type: ignore[arg-type]
    )  # fmt: skip


def filled(store: Store, *statuses: Status) -> SubmissionRecord:
    jobs = [
        JobRecord(
            id=f"JOB_t{n}_1", task=f"t{n}", submission="S", position=n, status=status,
            worker="h:1" if status is Status.RUNNING else None, submitted_at=1.0,
            started_at=None if status is Status.BLOCKED else 10.0 + n,
            finished_at=100.0 + n if status.is_final else None,
        )
        for n, status in enumerate(statuses)
    ]  # fmt: skip
    store.add_submission(submission("S"), jobs)
    return store.submission("S")


def tasks(jobs: list[JobRecord]) -> list[str]:
    return [job.task for job in jobs]


MIXED = (Status.COMPLETED, Status.FAILED, Status.ABANDONED, Status.RUNNING, Status.BLOCKED)


def test_jobs_are_chosen_by_status_task_and_number(store: Store) -> None:
    filled(store, *MIXED)
    assert tasks(a_filter().jobs(store, "S")) == ["t0", "t1", "t2", "t3", "t4"]
    assert tasks(a_filter(failed=True).jobs(store, "S")) == ["t1"]
    assert tasks(a_filter(failed=True, statuses=["running,blocked"]).jobs(store, "S")) == [
        "t1", "t3", "t4",
    ]  # fmt: skip
    assert tasks(a_filter(tasks=["t0,t4", "t2"]).jobs(store, "S")) == ["t0", "t2", "t4"]
    assert tasks(a_filter(limit=2).jobs(store, "S")) == ["t0", "t1"]
    assert len(a_filter(limit=0).jobs(store, "S")) == 5
    assert a_filter(failed=True, tasks=["t0"]).jobs(store, "S") == []


def test_since_a_time_are_those_that_ended_then_and_those_that_run(store: Store) -> None:
    filled(store, *MIXED)
    assert tasks(JobFilter(since=101.5).jobs(store, "S")) == ["t2", "t3"]


def test_an_unknown_status_is_refused_with_those_that_there_are(store: Store) -> None:
    filled(store, *MIXED)
    with pytest.raises(UsageError, match="no job has the status 'BROKEN'"):
        a_filter(statuses=["broken"]).jobs(store, "S")
    with pytest.raises(UsageError, match="no submission has the status 'SKIPPED'"):
        a_filter(statuses=["skipped"]).submissions([])


def test_submissions_are_chosen_by_status_and_time() -> None:
    failed = submission("A", finished_at=50.0, counts={Status.FAILED: 1})
    done = submission("B", finished_at=60.0, counts={Status.COMPLETED: 1})
    runs = submission("C", counts={Status.RUNNING: 1})
    assert a_filter(failed=True).submissions([failed, done, runs]) == [failed]
    assert JobFilter(since=55.0).submissions([failed, done, runs]) == [done, runs]
    assert JobFilter(limit=1).submissions([failed, done]) == [failed]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90m", dt.datetime(2026, 3, 5, 10, 30)),
        ("2d", dt.datetime(2026, 3, 3, 12, 0)),
        ("9:30", dt.datetime(2026, 3, 5, 9, 30)),
        ("9:30:15", dt.datetime(2026, 3, 5, 9, 30, 15)),
        ("09:30:15", dt.datetime(2026, 3, 5, 9, 30, 15)),
        ("2026-01-31", dt.datetime(2026, 1, 31)),
        ("2026-01-31 14:30", dt.datetime(2026, 1, 31, 14, 30)),
        ("2026-01-31T14:30:05", dt.datetime(2026, 1, 31, 14, 30, 5)),
        ("2026-01-31T14:30:05+00:00", dt.datetime(2026, 1, 31, 14, 30, 5, tzinfo=dt.UTC)),
    ],
)
def test_a_time_is_an_age_a_time_of_today_or_a_date(text: str, at: dt.datetime) -> None:
    assert time_of(text, NOW) == pytest.approx(at.timestamp())


@pytest.mark.parametrize(
    "text", ["", "x", "90", "25:00", "9:75", "2026-13-01", "-3m", "0001-01-01"]
)
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="--since takes an age or a time"):
        time_of(text, NOW)


def test_of_many_jobs_what_failed_and_what_runs_comes_first(store: Store) -> None:
    record = filled(
        store, *[Status.COMPLETED] * 10, Status.FAILED, Status.RUNNING, *[Status.BLOCKED] * 10
    )
    found, rest = most_telling(store, record, 4)
    assert tasks(found) == ["t10", "t11", "t0", "t1"]
    assert rest == "not shown: 18 jobs (8 completed, 10 blocked)"


def test_a_few_jobs_are_all_shown_in_their_order(store: Store) -> None:
    found, rest = most_telling(store, filled(store, *MIXED), 5)
    assert (tasks(found), rest) == (["t0", "t1", "t2", "t3", "t4"], None)
