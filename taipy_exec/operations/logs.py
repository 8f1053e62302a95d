"""The jobs whose output `logs` shows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from taipy_exec.config.mapped import whole_name
from taipy_exec.errors import UsageError
from taipy_exec.operations.chosen import chosen_job

if TYPE_CHECKING:
    from taipy_exec.model.job import JobRecord
    from taipy_exec.operations.job_filter import JobFilter
    from taipy_exec.store.store import Store


def followed(chosen: JobFilter) -> JobFilter:
    """The jobs to follow: those that run later count too.

    Raises UsageError for a filter that leaves jobs out before they have begun.
    """
    if chosen.statuses or chosen.limit is not None:
        raise UsageError(
            "--follow shows jobs that have not begun yet: it cannot be combined with --failed, "
            "--status and --limit",
            "remove one of them",
        )
    return replace(chosen, since=None)


def jobs_with_output(store: Store, wanted: str, chosen: JobFilter) -> list[JobRecord]:
    """The wanted jobs: one job, those of a task, or those of a submission.

    Raises NotFoundError.
    """
    record, job = chosen_job(store, wanted)
    jobs = chosen.jobs(store, record.id)
    if job is None:
        return jobs
    of_task = job.task if job.task == wanted else None
    return [one for one in jobs if one.id == job.id or whole_name(one.task) == of_task]
