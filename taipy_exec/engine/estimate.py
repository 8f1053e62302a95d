"""How long a graph of jobs takes from its beginning to its end."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence


def makespan(
    durations: Mapping[str, float],
    predecessors: Mapping[str, Sequence[str]],
    workers: int | None = None,
) -> float:
    """Seconds until the last job ends, if each starts as soon as it may and a worker is free.

    The jobs are the keys of `durations`, in topological order; of those that may start, the first
    does. With None, there are as many workers as jobs.
    """
    place = {job: number for number, job in enumerate(durations)}
    jobs = list(durations)
    followers: dict[str, list[str]] = {job: [] for job in jobs}
    missing = dict.fromkeys(jobs, 0)
    for job in jobs:
        for earlier in predecessors.get(job, ()):
            if earlier in place:
                followers[earlier].append(job)
                missing[job] += 1
    ready = [place[job] for job in jobs if missing[job] == 0]
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        while ready and (workers is None or len(running) < workers):
            number = heapq.heappop(ready)
            heapq.heappush(running, (now + durations[jobs[number]], number))
        now, number = heapq.heappop(running)
        for later in followers[jobs[number]]:
            missing[later] -= 1
            if missing[later] == 0:
                heapq.heappush(ready, place[later])
    return now
