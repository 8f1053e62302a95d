"""How long the rest of a submission takes, by its graph, its workers and earlier runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taipy_exec.engine.estimate import Work, makespan
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import FINAL, Status

# Running jobs come before waiting jobs.
_RUNS, _WAITS = (0.0,), (1.0,)


def seconds_left(
    jobs: Sequence[JobRecord], usual: Mapping[str, float], workers: int, now: float
) -> float | None:
    """Seconds until the last job ends; None if less than half of the tasks were ever measured.

    `usual` maps a task to its usual seconds. A task without an entry counts as the mean of the
    others. `now` is in seconds since the epoch.
    """
    waiting = [job for job in jobs if job.status not in FINAL]
    known = [usual[job.task] for job in waiting if job.task in usual]
    if len(known) * 2 < len(waiting) or not known:
        return None
    mean = sum(known) / len(known)
    work = {}
    for job in waiting:
        seconds = usual.get(job.task, mean)
        runs = job.status is Status.RUNNING
        # None while its process is starting.
        if runs and (spent := job.seconds(now)) is not None:
            seconds = max(seconds - spent, 0.0)
        work[job.id] = Work(seconds, _RUNS if runs else _WAITS)
    return makespan(work, _predecessors(waiting), max(workers, 1))


def _predecessors(jobs: Sequence[JobRecord]) -> dict[str, list[str]]:
    """Job id -> ids of the earlier jobs that write its inputs; `jobs` are in topological order."""
    writers: dict[str, str] = {}
    found = {}
    for job in jobs:
        found[job.id] = [writers[node] for node in job.inputs if node in writers]
        writers.update(dict.fromkeys(job.outputs, job.id))
    return found
