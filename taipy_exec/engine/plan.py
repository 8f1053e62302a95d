"""From a scenario instance to the records of a submission, ready for the board."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from taipy_exec.config.application import AppConfig, ScenarioConfig, TaskConfig
from taipy_exec.data.node import DataNodeRef, Owner, locate_all
from taipy_exec.model.graph import JobGraph
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.store.rows import Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionPlan:
    """A submission with its jobs and everything needed to run them."""

    record: SubmissionRecord
    jobs: tuple[JobRecord, ...]
    graph: JobGraph
    scenario: ScenarioConfig
    tasks: Mapping[str, TaskConfig]
    owner: Owner
    nodes: Mapping[str, DataNodeRef]

    @property
    def predecessors(self) -> dict[str, list[str]]:
        """Job id -> ids of the jobs whose results it reads."""
        ids = {job.task: job.id for job in self.jobs}
        return {
            job.id: [ids[task] for task in self.graph.predecessors[job.task]] for job in self.jobs
        }

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
    jobs: tuple[JobRecord, ...] = (),
) -> SubmissionPlan:
    """The plan of a new submission, or with `jobs` of one that is read back from the store.

    Raises CycleError, and NotFoundError for an unknown sequence or task.
    """
    graph = scenario.graph(record.target)
    owner = Owner(instance=instance.id, cycle=instance.cycle)
    nodes = locate_all(app, scenario.data_nodes, owner)
    keys = {name: node.key for name, node in nodes.items()}
    if not jobs:
        ids = _random_uuids(len(graph.tasks))
        jobs = tuple(
            JobRecord(
                id=f"JOB_{task.id}_{next(ids)}",
                task=task.id,
                submission=record.id,
                position=position,
                submitted_at=record.created_at,
            )
            for position, task in enumerate(graph.tasks)
        )
    specs = {task.id: task for task in graph.tasks}
    for job in jobs:
        spec = specs[job.task]
        job.inputs = tuple(keys[name] for name in spec.inputs)
        job.outputs = tuple(keys[name] for name in spec.outputs)
        job.skippable = spec.skippable
    return SubmissionPlan(
        record=record,
        jobs=jobs,
        graph=graph,
        scenario=scenario,
        tasks={task.id: task for task in scenario.tasks},
        owner=owner,
        nodes=nodes,
    )
