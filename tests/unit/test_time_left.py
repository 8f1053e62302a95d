"""How long the rest of a submission takes: by the graph, and not by the number of workers alone."""

from __future__ import annotations

from taipy_exec.engine.time_left import seconds_left
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Status

NOW = 1000.0


def chain(length: int) -> list[JobRecord]:
    return [
        JobRecord(
            id=f"j{n}",
            task=f"t{n}",
            submission="s",
            position=n,
            inputs=(f"d{n - 1}",) if n else (),
            outputs=(f"d{n}",),
            status=Status.BLOCKED,
        )
        for n in range(length)
    ]


def usual(jobs: list[JobRecord], seconds: float = 2.0) -> dict[str, float]:
    return {job.task: seconds for job in jobs}


def test_a_chain_takes_as_long_with_many_workers() -> None:
    jobs = chain(10)
    assert seconds_left(jobs, usual(jobs), 4, NOW) == 20.0


def test_jobs_side_by_side_share_the_workers() -> None:
    jobs = chain(10)
    for job in jobs:
        job.inputs = ()
    assert seconds_left(jobs, usual(jobs), 4, NOW) == 6.0


def test_what_has_ended_or_run_counts_no_more() -> None:
    jobs = chain(3)
    jobs[0].status = Status.COMPLETED
    jobs[1].status, jobs[1].started_at = Status.RUNNING, NOW - 0.5
    assert seconds_left(jobs, usual(jobs), 1, NOW) == 3.5


def test_one_long_job_is_as_long_as_it_is() -> None:
    jobs = chain(1)
    jobs[0].status, jobs[0].started_at = Status.RUNNING, NOW - 4
    assert seconds_left(jobs, usual(jobs, 21.5), 4, NOW) == 17.5


def test_what_is_late_is_due_now() -> None:
    jobs = chain(2)
    jobs[0].status, jobs[0].started_at = Status.RUNNING, NOW - 9
    assert seconds_left(jobs, usual(jobs), 1, NOW) == 2.0


def test_too_little_is_known() -> None:
    jobs = chain(3)
    assert seconds_left(jobs, {"t0": 1.0}, 1, NOW) is None
    assert seconds_left(jobs, {"t0": 1.0, "t1": 3.0}, 1, NOW) == 6.0
    assert seconds_left([], {}, 1, NOW) is None
