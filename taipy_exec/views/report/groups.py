"""The jobs with a row of their own if there are very many, and groups of the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest

from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Status

# Up to so many jobs each has its row. If there are more, only these have one: failed jobs, running
# jobs, and the slowest ones.
MOST_ROWS = 2_000
MOST_FAILED = 500
MOST_RUNNING = 200
SLOWEST = 100
MOST_GROUPS = 200
_NUMBER = re.compile(r"\d+")
_OTHERS = "(others)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Jobs of one status, of tasks whose names differ only in numbers.

    Times are in seconds, of those jobs whose times are known; memory is in bytes.
    """

    name: str
    status: Status
    count: int
    ran: float
    longest: float
    cpu: float
    memory: int


def own_rows(jobs: Sequence[JobRecord]) -> list[int]:
    """The numbers of the jobs that have a row, in order: failed ones come first."""
    failed = [n for n, job in enumerate(jobs) if job.status is Status.FAILED]
    running = [n for n, job in enumerate(jobs) if job.status is Status.RUNNING]
    failed.sort(key=lambda n: jobs[n].finished_at or 0.0)
    if len(jobs) <= MOST_ROWS:
        first = [*failed, *running]
        seen = set(first)
        return [*first, *(n for n in range(len(jobs)) if n not in seen)]
    first = [*failed[:MOST_FAILED], *running[:MOST_RUNNING]]
    seen = set(first)
    known = (n for n, job in enumerate(jobs) if job.duration is not None and n not in seen)
    return [*first, *nlargest(SLOWEST, known, key=lambda n: jobs[n].duration or 0.0)]


def group_jobs(jobs: Iterable[JobRecord]) -> list[Group]:
    """The jobs in groups, the largest first; many small groups become one."""
    found: dict[tuple[str, Status], list[JobRecord]] = {}
    for job in jobs:
        found.setdefault((_NUMBER.sub("*", job.task), job.status), []).append(job)
    largest = sorted(found.items(), key=lambda item: -len(item[1]))
    others: dict[Status, list[JobRecord]] = {}
    for (_, status), members in largest[MOST_GROUPS:]:
        others.setdefault(status, []).extend(members)
    made = [_group(name, status, members) for (name, status), members in largest[:MOST_GROUPS]]
    return [*made, *(_group(_OTHERS, status, members) for status, members in others.items())]


def _group(name: str, status: Status, jobs: Sequence[JobRecord]) -> Group:
    ran = [job.duration for job in jobs if job.duration is not None]
    return Group(
        name=name,
        status=status,
        count=len(jobs),
        ran=sum(ran),
        longest=max(ran, default=0.0),
        cpu=sum(job.cpu_seconds or 0.0 for job in jobs),
        memory=max((job.peak_memory or 0 for job in jobs), default=0),
    )
