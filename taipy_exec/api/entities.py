"""Find entities that this process and earlier ones have made, as they are stored now.

Submissions of a Taipy program to the same state are left out: their entities are Taipy's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from taipy_exec.api.cycle import Cycle
from taipy_exec.api.data_node import DataNode
from taipy_exec.api.job import Job
from taipy_exec.api.registry import Registry
from taipy_exec.api.scenario import Scenario
from taipy_exec.api.sequence import Sequence, parts_of_id
from taipy_exec.api.service import Service
from taipy_exec.api.submission import ENTITY, Submission
from taipy_exec.api.submittable import Submittable
from taipy_exec.api.task import Task
from taipy_exec.data.node import Owner, locate, owners_of
from taipy_exec.errors import ModelNotFound, NotFoundError
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.store.rows import Instance

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TASK = re.compile(rf"TASK_(.+)_{_UUID}")
_NODE = re.compile(rf"DATANODE_(.+)_{_UUID}")


# -- scenarios and cycles -----------------------------------------------------------------------


def scenarios() -> list[Scenario]:
    """Every scenario instance, oldest first."""
    service = Service.latest()
    return [Scenario(service, instance) for instance in instances()]


def instances() -> list[Instance]:
    """The stored record of every scenario instance, oldest first."""
    store = Service.latest().store
    foreign = store.instances_of_programs()
    return [instance for instance in store.instances() if instance.id not in foreign]


def scenarios_of_cycle(cycle: str) -> list[Scenario]:
    """The scenario instances of a cycle, oldest first."""
    service = Service.latest()
    return [Scenario(service, instance) for instance in service.store.instances_of_cycle(cycle)]


def find_scenario(id: str) -> Scenario | None:
    service = Service.latest()
    try:
        return Scenario(service, service.store.instance(id))
    except NotFoundError:
        return None


def cycles() -> list[Cycle]:
    """Every cycle with scenario instances, oldest first."""
    return [Cycle(row) for row in Service.latest().store.cycles()]


def find_cycle(id: str) -> Cycle | None:
    row = Service.latest().store.cycle(id)
    return Cycle(row) if row else None


# -- tasks, sequences and data nodes ------------------------------------------------------------


def tasks() -> list[Task]:
    """The tasks of all scenario instances, shared ones once."""
    return list({task.id: task for s in scenarios() for task in s.tasks.values()}.values())


def find_task(id: str) -> Task | None:
    found = _TASK.fullmatch(id)
    if found is None:
        return None
    for scenario in scenarios():
        config = next((c for c in scenario._task_configs if c.id == found[1]), None)
        if config is not None:
            task = Task(scenario, config)
            if task.id == id:
                return task
    return None


def sequences() -> list[Sequence]:
    """The sequences of all scenario instances."""
    return [sequence for s in scenarios() for sequence in s.sequences.values()]


def find_sequence(id: str) -> Sequence | None:
    parts = parts_of_id(id)
    scenario = find_scenario(parts[1]) if parts else None
    return scenario.sequences.get(parts[0]) if scenario and parts else None


def data_nodes() -> list[DataNode]:
    """The data nodes of all scenario instances, shared ones once, and those without scenario."""
    found = {node.id: node for s in scenarios() for node in s.data_nodes.values()}
    for id in Service.latest().store.global_nodes():
        node = None if id in found else global_node(id)
        if node is not None:
            found[id] = node
    return list(found.values())


def global_node(id: str) -> DataNode | None:
    """A data node that a program has made without a scenario, if it is still configured."""
    service = Service.latest()
    match = _NODE.fullmatch(id)
    config = service.app.data_nodes.get(match[1]) if match else None
    if config is None or id not in service.store.global_nodes():
        return None
    owner = Owner(instance="")
    ref = locate(service.app, config, owner)
    return DataNode(ref, owner) if ref.id == id else None


def find_data_node(id: str) -> DataNode | None:
    stored = instances()
    owners = {"", *(i.id for i in stored), *(i.cycle for i in stored)}
    owner = owners_of([id], owners).get(id)
    match = _NODE.fullmatch(id)
    if owner is None or match is None:
        return None
    for instance in stored:
        if owner in ("", instance.id, instance.cycle):
            node = Scenario(Service.latest(), instance).data_nodes.get(match[1])
            if node is not None and node.id == id:
                return node
    return global_node(id)


# -- submissions and jobs -----------------------------------------------------------------------


def submissions() -> Iterator[Submission]:
    """Every submission, newest first. Those of this process are the objects of `submit`."""
    service = Service.latest()
    made = {instance.id: Scenario(service, instance) for instance in instances()}
    for record in service.store.submissions():
        scenario = made.get(record.instance)
        if scenario is not None and record.program is None:
            yield _submission(record, scenario)


def latest_submission(entity: Submittable) -> Submission | None:
    """The last submission of a scenario, sequence or task."""
    scenario = entity._scenario
    if entity.owner_id == scenario.id or entity is scenario:
        records = Service.latest().store.submissions_of(scenario.id)
        mine: Iterator[Submission] = (_submission(record, scenario) for record in records)
    else:
        mine = submissions()  # of any scenario that shares the task
    return next((submission for submission in mine if submission.entity_id == entity.id), None)


def find_submission(id: str) -> Submission | None:
    try:
        record = Service.latest().store.submission(id)
    except NotFoundError:
        return None
    scenario = find_scenario(record.instance) if record.id == id else None
    return _submission(record, scenario) if scenario else None


def _submission(record: SubmissionRecord, scenario: Scenario) -> Submission:
    found = Registry.submissions.get(record.id)
    return found or Submission(record, _submitted(record, scenario))


def _submitted(record: SubmissionRecord, scenario: Scenario) -> Submittable:
    """The submitted entity. For some of a scenario's tasks without a name: the scenario."""
    kind, _, name = record.target.partition(":")
    parts = parts_of_id(str(record.properties.get(ENTITY, "")))
    if kind == "sequence" or parts:
        name = parts[0] if parts else name
        return scenario.sequences.get(name) or Sequence(scenario, name, ())
    if kind == "task" and "," not in name and "retries" not in record.properties:
        return scenario._task(name)
    return scenario


def jobs() -> list[Job]:
    """Every job, with the jobs of the oldest submission first."""
    return [job for submission in reversed(list(submissions())) for job in submission.jobs]


def find_job(id: str) -> Job | None:
    try:
        record = Service.latest().store.find_job(id)
    except NotFoundError:
        return None
    submission = find_submission(record.submission) if record.id == id else None
    return next((job for job in submission.jobs if job.id == id), None) if submission else None


# -- anything by its id -------------------------------------------------------------------------

_FINDERS = {
    "JOB_": find_job,
    "CYCLE": find_cycle,
    "SCENARIO": find_scenario,
    "SEQUENCE": find_sequence,
    "TASK": find_task,
    "DATANODE": find_data_node,
    "SUBMISSION": find_submission,
}


def find(id: str) -> Any:
    """The entity with this id; None if there is none.

    Raises ModelNotFound for a text that is no id of an entity.
    """
    for prefix, finder in _FINDERS.items():
        if id.startswith(prefix):
            return finder(id)
    raise ModelNotFound(f"{id!r} is no id of an entity", f"an id begins with {', '.join(_FINDERS)}")


def is_id(text: object) -> bool:
    """Whether a text looks like the id of an entity."""
    return isinstance(text, str) and text.startswith(tuple(_FINDERS))
