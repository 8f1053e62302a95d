"""Make the records of a submission of a scenario instance, ready for the job table."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from taipy_exec.config.application import AppConfig, ScenarioConfig, TaskConfig
from taipy_exec.config.mapped import element_name, split_name, whole_name
from taipy_exec.data.node import DataNodeRef, Owner, locate_all
from taipy_exec.engine.mapping import (
    MappedTasks,
    Tasks,
    mapped_tasks,
    names_and_positions,
    predecessors,
)
from taipy_exec.model.graph import JobGraph
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.store.rows import Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionPlan:
    """A submission with its jobs and everything needed to run them.

    The jobs come in topological order. The jobs of a mapped task's elements are added when the
    number of elements is known. `copies`, in a sweep: job id -> id of the job of an earlier
    combination that does the same.
    """

    record: SubmissionRecord
    jobs: list[JobRecord]
    graph: JobGraph
    scenario: ScenarioConfig
    tasks: Mapping[str, TaskConfig]
    owner: Owner
    nodes: Mapping[str, DataNodeRef]
    mapped: MappedTasks | None = None
    copies: Mapping[str, str] = field(default_factory=dict)

    @property
    def predecessors(self) -> dict[str, list[str]]:
        """Job id -> ids of the jobs whose results it reads."""
        ids = {job.task: job.id for job in self.jobs}
        before: Mapping[str, Sequence[str]] = self.graph.predecessors
        if self.mapped is not None:
            before = predecessors(list(ids), self.graph)
        return {job.id: [ids[task] for task in before[job.task]] for job in self.jobs}

    @property
    def unexpanded(self) -> dict[str, str]:
        """Unfinished job that collects results -> the job that counts the elements.

        Only where no element has a job yet.
        """
        if self.mapped is None:
            return {}
        ids = {job.task: job.id for job in self.jobs}
        collectors = [job for job in self.jobs if job.task in self.mapped.ids]
        return {
            job.id: ids[split_name(job.task)]
            for job in collectors
            if not job.status.is_final and element_name(job.task, 0) not in ids
        }

    def with_parts(self, job: JobRecord) -> list[JobRecord]:
        """The job, and if it collects the results of a mapped task, all jobs of that task."""
        if self.mapped is None or job.task not in self.mapped.ids:
            return [job]
        return [other for other in self.jobs if whole_name(other.task) == job.task]

    def input_nodes(self) -> Iterator[DataNodeRef]:
        """The data nodes that must have a value before anything runs."""
        for name in self.graph.inputs:
            yield self.nodes[name]


def _random_uuids(number: int) -> Iterator[str]:
    """`uuid.uuid4` as text, from one draw for all jobs of a graph."""
    raw = os.urandom(16 * number).hex()
    for start in range(0, len(raw), 32):
        h = raw[start : start + 32]
        yield f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) & 3]}{h[17:20]}-{h[20:]}"


def plan_submission(
    app: AppConfig,
    scenario: ScenarioConfig,
    instance: Instance,
    record: SubmissionRecord,
    jobs: Sequence[JobRecord] = (),
) -> SubmissionPlan:
    """The plan of a new submission, or with `jobs`, of one read back from the store.

    Raises CycleError, and NotFoundError for an unknown sequence or task.
    """
    graph = scenario.graph(record.target)
    owner = Owner(instance=instance.id, cycle=instance.cycle)
    nodes = locate_all(app, scenario.data_nodes, owner)
    keys = {name: node.key for name, node in nodes.items()}
    tasks = Tasks({task.id: task for task in scenario.tasks})
    ids = mapped_tasks(graph, tasks)
    mapped = MappedTasks(app, owner, ids, tasks, nodes) if ids else None
    if not jobs:
        uuids = _random_uuids(len(graph.tasks) + len(ids))
        jobs = [
            JobRecord(
                id=f"JOB_{name}_{next(uuids)}",
                task=name,
                submission=record.id,
                position=position,
                submitted_at=record.created_at,
            )
            for name, position in names_and_positions(graph, ids)
        ]
    specs = {task.id: task for task in graph.tasks}
    for job in jobs:
        spec = specs.get(job.task)
        if spec is not None:
            job.inputs = tuple(keys[name] for name in spec.inputs)
            job.outputs = tuple(keys[name] for name in spec.outputs)
            job.skippable = spec.skippable
    if mapped is not None:
        mapped.connect(jobs)
    return SubmissionPlan(
        record=record,
        jobs=list(jobs),
        graph=graph,
        scenario=scenario,
        tasks=tasks,
        owner=owner,
        nodes=nodes,
        mapped=mapped,
    )
