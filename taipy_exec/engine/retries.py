"""A chain of retries: submissions that retry each other, and the newest job of each task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from taipy_exec.config.mapped import whole_name
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import DONE

# A property of a submission: the id of the submission that it retries.
RETRIES = "retries"


def chain_of(
    record: SubmissionRecord, others: Iterable[SubmissionRecord]
) -> list[SubmissionRecord]:
    """`record`, the submissions that it retries, and all retries of these; oldest first.

    `others` are the submissions of the same scenario instance, in any order.
    """
    by_id = {other.id: other for other in others} | {record.id: record}
    first = {id: _first(by_id, id) for id in by_id}
    same = [other for id, other in by_id.items() if first[id] == first[record.id]]
    return sorted(same, key=lambda other: other.created_at)


def _first(by_id: Mapping[str, SubmissionRecord], id: str) -> str:
    """The id of the first submission of the chain that is still stored."""
    seen = {id}
    while (former := by_id[id].properties.get(RETRIES)) in by_id and former not in seen:
        id = str(former)
        seen.add(id)
    return id


def retries(record: SubmissionRecord, other: SubmissionRecord) -> bool:
    """Whether `record` is a retry of `other`."""
    return record.properties.get(RETRIES) == other.id


def newest_jobs(chain: Iterable[Sequence[JobRecord]]) -> list[JobRecord]:
    """The newest job of each task. `chain` holds the jobs of each submission, oldest first.

    The tasks come in the order of the first submission.
    """
    newest: dict[str, JobRecord] = {}
    for jobs in chain:
        newest.update({job.task: job for job in jobs})
    return list(newest.values())


def left_of(jobs: Iterable[JobRecord]) -> list[JobRecord]:
    """The newest jobs that did not complete.

    The jobs of a mapped task's elements do not count once the task itself is done: an earlier
    submission may have had more elements.
    """
    jobs = list(jobs)
    done = {job.task for job in jobs if job.status in DONE}
    return [job for job in jobs if job.task not in done and whole_name(job.task) not in done]


def with_followers(
    wanted: JobRecord, jobs: Sequence[JobRecord], predecessors: Mapping[str, Iterable[str]]
) -> list[JobRecord]:
    """`wanted`, and the jobs after it that are not done and can run once it is.

    `jobs` come in topological order, the newest of each task; `predecessors` maps a task to the
    tasks whose results it reads.
    """
    undone = {job.task for job in jobs if job.status not in DONE}
    chosen = {wanted.task}
    for job in jobs:
        before = set(predecessors.get(job.task, ()))
        if job.task in undone and before & chosen and before & undone <= chosen:
            chosen.add(job.task)
    return [job for job in jobs if job.task in chosen]
