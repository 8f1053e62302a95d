"""The jobs of a submission's mapped tasks: where they stand, what they read, their elements."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence

from taipy_exec.config.application import AppConfig, TaskConfig
from taipy_exec.config.mapped import (
    MOST_ELEMENTS,
    PartConfig,
    element_name,
    elements_node,
    mapped_input,
    split_name,
    task_named,
    whole_name,
)
from taipy_exec.data.node import DataNodeRef, Owner, located
from taipy_exec.model.graph import JobGraph
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import DONE

# Two tasks of a submission with a mapped task are so far apart: the jobs of elements are between.
_STRIDE = MOST_ELEMENTS + 2


class Tasks(dict[str, TaskConfig]):
    """Tasks by the names of their jobs: those of a scenario, and the parts of mapped ones."""

    def __missing__(self, name: str) -> TaskConfig:
        found = task_named(self, name)
        if found is None:
            raise KeyError(name)
        self[name] = found
        return found


def mapped_tasks(graph: JobGraph, tasks: Mapping[str, TaskConfig]) -> frozenset[str]:
    """The ids of the tasks of the graph that have `map`."""
    configs = (tasks[spec.id] for spec in graph.tasks)
    return frozenset(c.id for c in configs if c.properties and mapped_input(c) is not None)


def names_and_positions(graph: JobGraph, mapped: Collection[str]) -> Iterator[tuple[str, int]]:
    """The jobs that a new submission begins with, in topological order."""
    stride = _STRIDE if mapped else 1
    for place, task in enumerate(graph.tasks):
        if task.id in mapped:
            yield split_name(task.id), place * stride
        yield task.id, place * stride + stride - 1


def predecessors(names: Sequence[str], graph: JobGraph) -> dict[str, list[str]]:
    """Name of a job -> names of the jobs whose results it reads; `names` are all jobs."""
    mapped = {whole_name(name) for name in names if name != whole_name(name)}
    elements: dict[str, list[str]] = {task: [] for task in mapped}
    for name in names:
        whole = whole_name(name)
        if whole in mapped and name not in (whole, split_name(whole)):
            elements[whole].append(name)
    found: dict[str, list[str]] = {}
    for name in names:
        whole = whole_name(name)
        if whole not in mapped or name == split_name(whole):
            found[name] = list(graph.predecessors.get(whole, ()))
        elif name == whole:
            found[name] = [split_name(whole), *elements[whole]]
        else:
            found[name] = [split_name(whole)]
    return found


class MappedTasks:
    """The mapped tasks of one submission.

    `tasks` and `nodes` are the submission's own; the data nodes of parts are added to `nodes`.
    """

    def __init__(
        self,
        app: AppConfig,
        owner: Owner,
        ids: frozenset[str],
        tasks: Tasks,
        nodes: dict[str, DataNodeRef],
    ) -> None:
        self.ids = ids
        self._app = app
        self._owner = owner
        self._tasks = tasks
        self._nodes = nodes
        self._digests: dict[str, tuple[str, ...]] = {}
        for id in ids:
            self._add(tasks[split_name(id)])

    def connect(self, jobs: Sequence[JobRecord]) -> None:
        """Set the data nodes of the jobs of mapped tasks, and read what is known of elements."""
        parts: dict[str, list[str]] = {id: [] for id in self.ids}
        for job in jobs:
            whole = whole_name(job.task)
            if whole in self.ids:
                self._connect(job, self._tasks[job.task], parts[whole])

    def _connect(self, job: JobRecord, task: TaskConfig, parts: list[str]) -> None:
        """`parts` are the keys of the results of elements, which come before their collector."""
        whole = task.whole if isinstance(task, PartConfig) else task
        inputs = tuple(self._nodes[config.id].key for config in whole.inputs)
        elements = self._nodes[elements_node(whole).id].key
        # By this key, which is no data node's, two submissions do not mix their elements.
        lock = f"map {elements}"
        job.skippable = task.skippable
        if not isinstance(task, PartConfig):
            own = tuple(self._nodes[config.id].key for config in task.outputs)
            job.inputs, job.outputs = (*inputs, *parts), (*own, lock)
        elif task.element is None:
            job.inputs, job.outputs = inputs, (elements, lock)
            if job.status in DONE:
                self._read_digests(whole)
        else:
            job.outputs = tuple(node.key for node in self._add(task))
            # The next submission counts its elements after all these have ended.
            job.inputs = (*inputs, elements, lock)
            parts += job.outputs

    def _add(self, task: TaskConfig) -> list[DataNodeRef]:
        found = [located(self._app, config, self._owner) for config in task.outputs]
        self._nodes.update({node.config.id: node for node in found})
        return found

    def is_split(self, name: str) -> bool:
        """Whether a job of this name counts the elements of a mapped task."""
        return name == split_name(whole_name(name))

    def expand(self, jobs: list[JobRecord], split: JobRecord, at: float) -> list[JobRecord]:
        """The jobs of the elements that `split` has counted, put into `jobs` after it.

        None where what it has stored cannot be read: the job that collects the results fails then,
        with the reason.
        """
        task = self._tasks[whole_name(split.task)]
        self._read_digests(task)
        made = [
            JobRecord(
                id=f"JOB_{element_name(task.id, number)}_{uuid.uuid4()}",
                task=element_name(task.id, number),
                submission=split.submission,
                position=split.position + 1 + number,
                submitted_at=at,
            )
            for number in range(len(self._digests[task.id]))
        ]
        place = jobs.index(split) + 1
        jobs[place:place] = made
        self.connect([*made, jobs[place + len(made)]])
        return made

    def _read_digests(self, task: TaskConfig) -> None:
        try:
            found = self._nodes[elements_node(task).id].read()
            self._digests[task.id] = tuple(map(str, found["digests"]))
        except Exception:
            self._digests[task.id] = ()

    # -- what a part is made from -------------------------------------------------------------

    def digest(self, name: str) -> str | None:
        """The digest of a job's element, or of all elements for the collector; otherwise None.

        Empty if it is not known: the job always runs then.
        """
        task = self._tasks[name]
        if isinstance(task, PartConfig):
            return None if task.element is None else self.digest_of_element(name)
        if task.id not in self.ids:
            return None
        known = self._digests.get(task.id, ())
        if "" in known:
            return ""
        every = "\n".join(known)
        return hashlib.sha256(every.encode()).hexdigest()[:16]

    def digest_of_element(self, name: str) -> str:
        """The digest of a job's element. Empty if it is not known, or if the job has no element."""
        task = self._tasks[name]
        if not isinstance(task, PartConfig) or task.element is None:
            return ""
        known = self._digests.get(task.whole.id, ())
        return known[task.element] if task.element < len(known) else ""

    def inputs(self, name: str) -> list[DataNodeRef]:
        """The data nodes that a job reads in addition to its element: other inputs, or results."""
        task = self._tasks[name]
        if isinstance(task, PartConfig):
            mapped = mapped_input(task.whole)
            return [self._nodes[config.id] for config in task.inputs if config is not mapped]
        if task.id not in self.ids:
            return [self._nodes[config.id] for config in task.inputs]
        number = len(self._digests.get(task.id, ()))
        parts = (self._tasks[element_name(task.id, element)] for element in range(number))
        return [self._nodes[config.id] for part in parts for config in part.outputs]
