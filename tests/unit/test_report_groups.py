"""A report of very many jobs: what has a row of its own, and how the others are summed up."""

from __future__ import annotations

from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Status
from taipy_exec.views.report.groups import (
    MOST_FAILED,
    MOST_GROUPS,
    MOST_ROWS,
    MOST_RUNNING,
    SLOWEST,
    group_jobs,
    own_rows,
)


def job(
    n: int, status: Status = Status.COMPLETED, *, task: str = "", ran: float = 1.0
) -> JobRecord:
    return JobRecord(
        id=f"JOB_t{n}",
        task=task or f"t{n}",
        submission="S",
        position=n,
        status=status,
        duration=ran,
        cpu_seconds=ran / 2,
        peak_memory=1_000 * n,
        finished_at=1_000.0 - n,
    )


def test_what_failed_comes_first_in_the_order_of_its_end_then_what_runs() -> None:
    statuses = [Status.COMPLETED, Status.FAILED, Status.RUNNING, Status.FAILED, Status.SKIPPED]
    assert own_rows([job(n, status) for n, status in enumerate(statuses)]) == [3, 1, 2, 0, 4]


def test_of_very_many_jobs_only_some_have_a_row() -> None:
    jobs = [job(n, ran=n) for n in range(MOST_ROWS + 1)]
    jobs[7] = job(7, Status.FAILED)
    jobs[8] = job(8, Status.RUNNING)
    rows = own_rows(jobs)
    assert rows[:2] == [7, 8]
    assert rows[2:] == list(range(MOST_ROWS, MOST_ROWS - SLOWEST, -1))
    many = [job(n, Status.FAILED if n % 2 else Status.RUNNING) for n in range(10 * MOST_ROWS)]
    assert len(own_rows(many)) <= MOST_FAILED + MOST_RUNNING + SLOWEST


def test_the_others_are_grouped_by_status_and_by_name_without_numbers() -> None:
    jobs = [job(n, task=f"step_{n:03}", ran=n) for n in range(4)]
    jobs += [job(9, Status.ABANDONED, task="step_009"), job(10, task="fit_1_2")]
    groups = {(g.name, g.status): g for g in group_jobs(jobs)}
    steps = groups["step_*", Status.COMPLETED]
    assert (steps.count, steps.ran, steps.longest, steps.cpu) == (4, 6.0, 3.0, 3.0)
    assert steps.memory == 3_000
    assert groups["step_*", Status.ABANDONED].count == 1
    assert ("fit_*_*", Status.COMPLETED) in groups


def test_there_are_never_more_groups_than_can_be_read() -> None:
    names = ["".join(chr(97 + int(digit)) for digit in str(n)) for n in range(5_000)]
    groups = group_jobs(job(n, task=name) for n, name in enumerate(names))
    assert len(groups) <= MOST_GROUPS + len(Status)
    assert sum(group.count for group in groups) == 5_000
