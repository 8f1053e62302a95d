"""Which job to start first: the one on which the longest chain of work depends."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

from taipy_exec.model.graph import JobGraph


def remaining_seconds(graph: JobGraph, durations: Mapping[str, float]) -> dict[str, float]:
    """Task -> the seconds from its start to the end of the longest path that begins with it.

    `durations` maps a task to the usual seconds of its jobs. A task that never ran counts as the
    mean of the others, or as 1 s if no task ever ran.
    """
    known = [durations[task.id] for task in graph.tasks if task.id in durations]
    usual = fmean(known) if known else 1.0
    left: dict[str, float] = {}
    for task in reversed(graph.tasks):
        longest = max((left[follower] for follower in graph.followers[task.id]), default=0.0)
        left[task.id] = durations.get(task.id, usual) + longest
    return left
