"""The job graph: which task follows which, from the data nodes they share."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from taipy_exec.errors import CycleError


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """A task as the graph needs it: its id and its data nodes, in order."""

    id: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    skippable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobGraph:
    """Tasks in topological order with their edges. Built by `build_graph`, never by hand."""

    tasks: tuple[TaskSpec, ...]
    predecessors: Mapping[str, tuple[str, ...]]
    followers: Mapping[str, tuple[str, ...]]
    levels: tuple[tuple[str, ...], ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Data nodes that are read but written by no task of this graph, in order of use."""
        written = {node for task in self.tasks for node in task.outputs}
        return _unique(n for task in self.tasks for n in task.inputs if n not in written)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Data nodes that are written but read by no task of this graph."""
        read = {node for task in self.tasks for node in task.inputs}
        return _unique(n for task in self.tasks for n in task.outputs if n not in read)

    @property
    def intermediate(self) -> tuple[str, ...]:
        """Data nodes that one task of this graph writes and another reads."""
        read = {node for task in self.tasks for node in task.inputs}
        return _unique(n for task in self.tasks for n in task.outputs if n in read)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def build_graph(tasks: Sequence[TaskSpec]) -> JobGraph:
    """Order `tasks` so that each comes after those that write its inputs.

    The order is deterministic: among tasks that are ready, the first in `tasks` comes first.
    Raises `CycleError`, which names one cycle with its path.
    """
    writers: dict[str, list[str]] = {}
    for task in tasks:
        for node in task.outputs:
            writers.setdefault(node, []).append(task.id)
    predecessors = {
        task.id: _unique(w for node in task.inputs for w in writers.get(node, ())) for task in tasks
    }
    followers: dict[str, list[str]] = {task.id: [] for task in tasks}
    for task in tasks:
        for earlier in predecessors[task.id]:
            followers[earlier].append(task.id)

    place = {task.id: n for n, task in enumerate(tasks)}
    missing = {task_id: len(found) for task_id, found in predecessors.items()}
    level = dict.fromkeys(place, 0)
    ready = [place[task_id] for task_id, n in missing.items() if n == 0]
    heapq.heapify(ready)
    ordered: list[TaskSpec] = []
    while ready:
        task = tasks[heapq.heappop(ready)]
        ordered.append(task)
        for later in followers[task.id]:
            missing[later] -= 1
            level[later] = max(level[later], level[task.id] + 1)
            if missing[later] == 0:
                heapq.heappush(ready, place[later])
    if len(ordered) < len(tasks):
        raise CycleError(_find_cycle(predecessors, {t for t, n in missing.items() if n}))

    levels: list[list[str]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for task in ordered:
        levels[level[task.id]].append(task.id)
    return JobGraph(
        tasks=tuple(ordered),
        predecessors=predecessors,
        followers={task_id: tuple(found) for task_id, found in followers.items()},
        levels=tuple(tuple(names) for names in levels),
    )


def _find_cycle(predecessors: Mapping[str, Sequence[str]], stuck: set[str]) -> list[str]:
    """One cycle among `stuck`; each of these tasks has a predecessor in `stuck`."""
    walk = [min(stuck)]
    seen = {walk[0]: 0}
    while True:
        earlier = min(p for p in predecessors[walk[-1]] if p in stuck)
        if earlier in seen:
            circle = walk[seen[earlier] :]
            circle.reverse()
            start = circle.index(min(circle))
            return [*circle[start:], *circle[:start], circle[start]]
        seen[earlier] = len(walk)
        walk.append(earlier)
