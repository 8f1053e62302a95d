"""Turns a submission of a Taipy program into a plan for the coordinator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from taipy_exec.config.application import AppConfig, ScenarioConfig, TaskConfig
from taipy_exec.data.node import Owner
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.model.graph import JobGraph, TaskSpec, build_graph
from taipy_exec.model.job import PROGRAM, JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.store.rows import Instance
from taipy_exec.taipy_plugin import internals
from taipy_exec.taipy_plugin.entity import EntityNode


def plan_of(
    app: AppConfig, submission: Any, jobs: Sequence[Any], identity: str, program: str
) -> tuple[SubmissionPlan, Instance]:
    """The plan of a submission that Taipy has just made, and the scenario that it belongs to."""
    entity = submission_entity(submission)
    tasks = {job.id: internals.task_of(job) for job in jobs}
    if entity is None:
        instance, target = _unstored(submission)
    else:
        scenario, target = _scenario_and_target(entity)
        instance = _instance(scenario, entity)
    configs = {task.config_id: _task_config(app, task) for task in tasks.values()}
    graph = _graph(tasks.values())
    records = _records(graph, jobs, submission.id)
    record = SubmissionRecord(
        id=submission.id,
        scenario=instance.scenario,
        instance=instance.id,
        name=instance.name,
        target=target,
        mode=app.job.mode,
        force=internals.is_forced(jobs[0]),
        config_digest=app.digest,
        created_at=internals.seconds(submission.creation_date),
        coordinator=identity,
        properties={PROGRAM: program},
    )
    for job in records:
        record.counts[job.status] = record.counts.get(job.status, 0) + 1
    plan = SubmissionPlan(
        record=record,
        jobs=list(records),
        graph=graph,
        scenario=app.scenarios.get(instance.scenario) or ScenarioConfig(id=instance.scenario),
        tasks=configs,
        owner=Owner(instance=instance.id),
        nodes={
            node.config_id: EntityNode.of(node)
            for task in tasks.values()
            for node in (*task.input.values(), *task.output.values())
        },
    )
    return plan, instance


def submission_entity(submission: Any) -> Any:
    """The submitted scenario, sequence or task, as it is stored now; None if it is not stored."""
    return _stored(submission.entity_id)


def _stored(id: str) -> Any:
    import taipy.core as tp
    from taipy.core.exceptions import ModelNotFound

    try:
        return tp.get(id)
    except ModelNotFound:
        return None


def _unstored(submission: Any) -> tuple[Instance, str]:
    """An instance and a target for an entity that a program made and submitted without storing."""
    config = submission.entity_config_id or submission.entity_type
    unique = submission.entity_id.rpartition("_")[2]
    id = f"SCENARIO_{config}_{unique}"
    target = f"task:{config}" if submission.entity_type == "TASK" else "scenario"
    return Instance(id=id, scenario=config, name=config, created_at=0), target


def _scenario_and_target(entity: Any) -> tuple[Any, str]:
    """The scenario entity that the submitted one belongs to, if any, and the target within it."""
    kind = entity.id.partition("_")[0]
    if kind == "SCENARIO":
        return entity, "scenario"
    if kind == "SEQUENCE":
        return _stored(entity.owner_id), f"sequence:{entity.get_simple_label()}"
    scenarios = sorted(id for id in entity.parent_ids if str(id).startswith("SCENARIO_"))
    return (_stored(scenarios[0]) if scenarios else None), f"task:{entity.config_id}"


def _instance(scenario: Any, entity: Any) -> Instance:
    if scenario is None:
        # A task without a scenario gets its own instance, in the same form.
        unique = entity.id.rpartition("_")[2]
        id, config = f"SCENARIO_{entity.config_id}_{unique}", entity.config_id
        name, created = "", 0.0
    else:
        id, config = scenario.id, scenario.config_id
        name, created = scenario.name, internals.seconds(scenario.creation_date)
    return Instance(id=id, scenario=config, name=name or config, created_at=created)


def _task_config(app: AppConfig, task: Any) -> TaskConfig:
    """The task's configuration, or what is known of a task that is no longer in it."""
    found = app.tasks.get(task.config_id)
    if found is not None:
        return found
    return TaskConfig(id=task.config_id, skippable=task.skippable)


def _graph(tasks: Any) -> JobGraph:
    return build_graph(
        [
            TaskSpec(
                id=task.config_id,
                inputs=tuple(task.input),
                outputs=tuple(task.output),
                skippable=task.skippable,
            )
            for task in tasks
        ]
    )


def _records(graph: JobGraph, jobs: Sequence[Any], submission: str) -> tuple[JobRecord, ...]:
    by_task = {internals.task_of(job).config_id: job for job in jobs}
    return tuple(
        _record(by_task[spec.id], spec, position, submission)
        for position, spec in enumerate(graph.tasks)
    )


def _record(job: Any, spec: TaskSpec, position: int, submission: str) -> JobRecord:
    task = internals.task_of(job)
    times: Mapping[str, float] = internals.times_of(job)
    record = JobRecord(
        id=job.id,
        task=spec.id,
        submission=submission,
        position=position,
        inputs=tuple(node.id for node in task.input.values()),
        outputs=tuple(node.id for node in task.output.values()),
        skippable=spec.skippable,
        status=Status[internals.status_of(job)],
        submitted_at=times["SUBMITTED"],
        blocked_at=times.get("BLOCKED"),
        pending_at=times.get("PENDING"),
        entity=task.id,
    )
    if record.status.is_final:
        record.finished_at = times[record.status.name]
    return record
