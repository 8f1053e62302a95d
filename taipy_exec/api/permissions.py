"""Whether an action on an entity is possible, with the reasons if it is not."""

from __future__ import annotations

from typing import Any

from taipy_exec.api.entities import find, is_id
from taipy_exec.api.entity import Entity
from taipy_exec.api.job import Job
from taipy_exec.api.reasons import (
    EntityDoesNotExist,
    EntityIsNotSubmittableEntity,
    JobIsNotFinished,
    NotGlobalScope,
    ReasonCollection,
    ScenarioDoesNotBelongToACycle,
    ScenarioIsThePrimaryScenario,
    SubmissionIsNotFinished,
    WrongConfigType,
)
from taipy_exec.api.scenario import Scenario
from taipy_exec.api.service import Service
from taipy_exec.api.submission import Submission
from taipy_exec.api.submittable import Submittable
from taipy_exec.config.application import DataNodeConfig, ScenarioConfig
from taipy_exec.config.typed_text import Scope
from taipy_exec.errors import NotFoundError


def exists(entity_id: str) -> ReasonCollection:
    """Whether there is an entity with this id.

    Raises ModelNotFound for a text that is no id of an entity.
    """
    reasons = ReasonCollection()
    return reasons if find(entity_id) else reasons.add(entity_id, EntityDoesNotExist(entity_id))


def is_readable(entity: Entity | str) -> ReasonCollection:
    """Whether there is an entity, given as such or by its id."""
    id = entity.id if isinstance(entity, Entity) else str(entity)
    if not is_id(id):
        return ReasonCollection().add(id, EntityDoesNotExist(id))
    return exists(id)


def is_editable(entity: Entity | str) -> ReasonCollection:
    """Whether there is an entity, given as such or by its id."""
    return is_readable(entity)


def is_submittable(entity: Submittable | str) -> ReasonCollection:
    """Whether every input of a scenario, sequence or task has a value and is not edited."""
    reasons = ReasonCollection()
    if isinstance(entity, Submittable):
        return entity.is_ready_to_run()
    if not str(entity).startswith(("SCENARIO", "SEQUENCE", "TASK")):
        return reasons.add(str(entity), EntityIsNotSubmittableEntity(str(entity)))
    found = find(entity)
    if found is None:
        return reasons.add(entity, EntityDoesNotExist(entity))
    return is_submittable(found)


def is_deletable(entity: Scenario | Job | Submission | str) -> ReasonCollection:
    """Whether a scenario, a job or a submission can be deleted."""
    reasons = ReasonCollection()
    found: Any = entity
    if isinstance(entity, str) and entity.startswith(("SCENARIO", "JOB", "SUBMISSION")):
        found = find(entity)
        if found is None:
            return reasons.add(entity, EntityDoesNotExist(entity))
    if isinstance(found, Scenario):
        cycle = found.owner_id
        if found.is_primary and cycle and has_others(found.id, cycle):
            reasons.add(found.id, ScenarioIsThePrimaryScenario(found.id, cycle))
    elif isinstance(found, Job):
        if not found.is_finished() or not has_ended(found.submit_id):
            reasons.add(found.id, JobIsNotFinished(found.id))
    elif isinstance(found, Submission):
        if not has_ended(found.id):
            reasons.add(found.id, SubmissionIsNotFinished(found.id))
    else:
        reasons.add(str(entity), EntityDoesNotExist(str(entity)))
    return reasons


def has_others(scenario: str, cycle: str) -> bool:
    """Whether there are other scenario instances in the cycle of this one."""
    instances = Service.latest().store.instances_of_cycle(cycle)
    return any(instance.id != scenario for instance in instances)


def has_ended(submission: str) -> bool:
    """Whether every job of a submission has ended. Also true if there is no such submission."""
    try:
        return Service.latest().store.submission(submission).finished_at is not None
    except NotFoundError:
        return True


def is_promotable(scenario: Scenario | str) -> ReasonCollection:
    """Whether a scenario can become the primary one of its cycle."""
    reasons = ReasonCollection()
    found = scenario if isinstance(scenario, Scenario) else find(scenario)
    if found is None:
        return reasons.add(str(scenario), EntityDoesNotExist(str(scenario)))
    if found.is_primary:
        reasons.add(found.id, ScenarioIsThePrimaryScenario(found.id, str(found.owner_id)))
    if not found.owner_id:
        reasons.add(found.id, ScenarioDoesNotBelongToACycle(found.id))
    return reasons


def can_create(config: ScenarioConfig | DataNodeConfig | None = None) -> ReasonCollection:
    """Whether a scenario, or a data node without scenario, can be made from a configuration."""
    reasons = ReasonCollection()
    id = str(getattr(config, "id", None) or config)
    if isinstance(config, DataNodeConfig):
        if config.scope is not Scope.GLOBAL:
            reasons.add(id, NotGlobalScope(id))
    elif config is not None and not isinstance(config, ScenarioConfig):
        reasons.add(id, WrongConfigType(id, ScenarioConfig.__name__))
    return reasons
