"""How long a graph of jobs takes from its beginning to its end."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Work(NamedTuple):
    """A job: its seconds and its pool. The ready job with the lowest `order` starts first."""

    seconds: float
    order: tuple[float, ...] = (0.0,)
    pool: str | None = None


def makespan(
    work: Mapping[str, Work],
    predecessors: Mapping[str, Sequence[str]],
    workers: int | None = None,
    limits: Mapping[str, int] | None = None,
) -> float:
    """Seconds until the last job ends, if each starts as soon as it may and a worker is free.

    Among jobs of equal order the first one starts first. Without `workers` there are as many as
    jobs. `limits` maps a pool to the number of jobs that may run in it at once.
    """
    jobs = list(work)
    place = {job: number for number, job in enumerate(jobs)}
    followers: dict[str, list[str]] = {job: [] for job in jobs}
    missing = dict.fromkeys(jobs, 0)
    for job in jobs:
        for earlier in predecessors.get(job, ()):
            if earlier in place:
                followers[earlier].append(job)
                missing[job] += 1
    ready = [(work[job].order, place[job]) for job in jobs if missing[job] == 0]
    heapq.heapify(ready)
    running: list[tuple[float, int]] = []
    used: Counter[str | None] = Counter()
    now = 0.0
    while ready or running:
        aside = []
        while ready and (workers is None or len(running) < workers):
            order, number = heapq.heappop(ready)
            seconds, _, pool = work[jobs[number]]
            if used[pool] >= (limits or {}).get(pool or "", len(jobs)):
                aside.append((order, number))
                continue
            used[pool] += 1
            heapq.heappush(running, (now + seconds, number))
        for one in aside:
            heapq.heappush(ready, one)
        now, number = heapq.heappop(running)
        used[work[jobs[number]].pool] -= 1
        for later in followers[jobs[number]]:
            missing[later] -= 1
            if missing[later] == 0:
                heapq.heappush(ready, (work[later].order, place[later]))
    return now
