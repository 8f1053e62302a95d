"""Taipy's module-level functions: `tp.create_scenario`, `tp.submit`, `tp.get_scenarios`, ..."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, Literal

from taipy_exec.api import entities, parents
from taipy_exec.api.cycle import Cycle
from taipy_exec.api.data_node import DataNode
from taipy_exec.api.entity import Entity
from taipy_exec.api.job import Job
from taipy_exec.api.registry import Callback
from taipy_exec.api.scenario import Scenario, new_scenario
from taipy_exec.api.sequence import Sequence
from taipy_exec.api.service import Service
from taipy_exec.api.submission import Submission
from taipy_exec.api.submittable import Submittable
from taipy_exec.api.task import Task
from taipy_exec.config.application import DataNodeConfig, ScenarioConfig
from taipy_exec.config.mapped import whole_name
from taipy_exec.config.reference import by_name
from taipy_exec.config.typed_text import Scope
from taipy_exec.data.node import Owner, locate
from taipy_exec.engine.instances import write_default_data
from taipy_exec.errors import (
    DataNodeConfigIsNotGlobal,
    DifferentScenarioConfigs,
    InsufficientScenarioToCompare,
    ModelNotFound,
    NonExistingComparator,
    NonExistingScenarioConfig,
)

log = logging.getLogger("taipy_exec")

SortKey = Literal["name", "id", "config_id", "creation_date", "tags"]


class Orchestrator:
    """The service that runs jobs. `tp.Core` is its older name."""

    def run(self, force_restart: bool = False) -> None:
        """Start running jobs, first those that were submitted before.

        Raises OrchestratorServiceIsAlreadyRunning, and ConfigurationError with every problem of the
        configuration.
        """
        service = Service.get()
        if service.is_running and force_restart:
            service.stop()
            service = Service.get()
        service.start()

    def stop(self, wait: bool = True, timeout: float | None = None) -> None:
        """Stop running jobs. With `wait`, running jobs end first, for at most `timeout` s."""
        if Service.current is not None:
            Service.current.stop(wait, timeout)


def run(*services: Any, **kwargs: Any) -> None:
    """Run each service, as Taipy's `run` does."""
    for service in services:
        service.run(**kwargs)


# -- making and submitting ----------------------------------------------------------------------


def create_scenario(
    config: ScenarioConfig, creation_date: dt.datetime | None = None, name: str | None = None
) -> Scenario:
    """Make a new instance of the scenario, and write its default data.

    It is the primary scenario of its cycle if it is the first one there.
    """
    return new_scenario(config, creation_date, name)


def create_global_data_node(config: DataNodeConfig) -> DataNode:
    """The data node of scope GLOBAL, made if it does not exist.

    Raises DataNodeConfigIsNotGlobal for another scope.
    """
    if config.scope is not Scope.GLOBAL:
        raise DataNodeConfigIsNotGlobal(
            f"data node {config.id!r} has the scope {config.scope.name}, not GLOBAL"
        )
    service = Service.get()
    owner = Owner(instance="")
    ref = locate(service.app, service.app.data_nodes[config.id], owner)
    write_default_data(service.store, [ref])
    service.store.add_global_node(ref.id, time.time())
    return DataNode(ref, owner)


def submit(
    entity: Submittable,
    force: bool = False,
    wait: bool = False,
    timeout: float | None = None,
    *,
    raise_on_failure: bool = False,
    **properties: Any,
) -> Submission:
    """`entity.submit(...)`."""
    return entity.submit(
        None, force, wait, timeout, raise_on_failure=raise_on_failure, **properties
    )


def cancel_job(job: Job | str) -> None:
    """Cancel a waiting job, or stop a running one. The jobs after it are ABANDONED.

    A job that has ended does not change. A job of another process is canceled by that process.
    """
    id = job if isinstance(job, str) else job.id
    found = entities.find_job(id)
    if found is None or found.is_finished():
        log.info("%s has ended or is unknown: there is nothing to cancel", id)
        return
    Service.get().cancel(id, found.submit_id)


def set(entity: Entity) -> None:
    """Store the changes that a `with` block has held back. All others are stored at once."""
    entity.save()


# -- everything that there is -------------------------------------------------------------------


def get(entity_id: str) -> Any:
    """The entity with this id. If there is none: None, and an error in the log.

    Raises ModelNotFound for a text that is no id of an entity.
    """
    found = entities.find(entity_id)
    if found is None:
        log.error("there is no entity %s", entity_id)
    return found


def get_scenarios(
    cycle: Cycle | str | None = None,
    tag: str | None = None,
    is_sorted: bool = False,
    descending: bool = False,
    created_start_time: dt.datetime | None = None,
    created_end_time: dt.datetime | None = None,
    sort_key: SortKey = "name",
) -> list[Scenario]:
    """The scenario instances; if given, only those of a cycle (or its id), a tag or a time.

    The time of creation is at or after `created_start_time`, and before `created_end_time`.
    """
    id = cycle.id if isinstance(cycle, Cycle) else cycle
    found = entities.scenarios_of_cycle(id) if id else entities.scenarios()
    if tag:
        found = [scenario for scenario in found if tag in scenario._instance.tags]
    return _arranged(found, is_sorted, descending, created_start_time, created_end_time, sort_key)


def get_primary(cycle: Cycle) -> Scenario | None:
    """The primary scenario of a cycle."""
    found = entities.scenarios_of_cycle(cycle.id)
    return next((scenario for scenario in found if scenario._instance.is_primary), None)


def get_primary_scenarios(
    is_sorted: bool = False,
    descending: bool = False,
    created_start_time: dt.datetime | None = None,
    created_end_time: dt.datetime | None = None,
    sort_key: SortKey = "name",
) -> list[Scenario]:
    """The primary scenarios of all cycles; if given, only those created in a time."""
    found = [scenario for scenario in entities.scenarios() if scenario._instance.is_primary]
    return _arranged(found, is_sorted, descending, created_start_time, created_end_time, sort_key)


def _arranged(
    found: list[Scenario],
    is_sorted: bool,
    descending: bool,
    start: dt.datetime | None,
    end: dt.datetime | None,
    sort_key: str,
) -> list[Scenario]:
    first = start.timestamp() if start else float("-inf")
    last = end.timestamp() if end else float("inf")
    found = [scenario for scenario in found if first <= scenario._instance.created_at < last]
    if is_sorted:
        keys: dict[str, Callable[[Scenario], Any]] = {
            "name": lambda s: s._given_name(s._instance) or "",
            "id": lambda s: "",
            "config_id": lambda s: s.config_id,
            "creation_date": lambda s: s._instance.created_at,
            "tags": lambda s: sorted(s._instance.tags),
        }
        key = keys.get(sort_key, keys["name"])
        found.sort(key=lambda s: (key(s), s.id), reverse=descending)
    return found


def get_cycles() -> list[Cycle]:
    """The cycles that have scenarios."""
    return entities.cycles()


def get_cycles_scenarios() -> dict[Cycle | None, list[Scenario]]:
    """The scenarios by their cycle; the key None has those without a cycle."""
    cycles = {cycle.id: cycle for cycle in entities.cycles()}
    found: dict[Cycle | None, list[Scenario]] = {}
    for scenario in entities.scenarios():
        found.setdefault(cycles.get(scenario._instance.cycle), []).append(scenario)
    return found


def get_tasks() -> list[Task]:
    """The tasks of all scenarios, shared ones once."""
    return entities.tasks()


def get_sequences() -> list[Sequence]:
    """The sequences of all scenarios."""
    return entities.sequences()


def get_data_nodes() -> list[DataNode]:
    """The data nodes of all scenarios, shared ones once, and those without scenario."""
    return entities.data_nodes()


def get_jobs() -> list[Job]:
    """Every job, with the jobs of the oldest submission first."""
    return entities.jobs()


def get_latest_job(task: Task) -> Job | None:
    """The last job of a task."""
    for submission in entities.submissions():
        for job in submission.jobs:
            if whole_name(job._held.task) == task.config_id and job.task == task:
                return job
    return None


def get_submissions() -> list[Submission]:
    """Every submission, oldest first."""
    return list(entities.submissions())[::-1]


def get_latest_submission(entity: Submittable) -> Submission | None:
    """The last submission of a scenario, sequence or task."""
    return entities.latest_submission(entity)


def get_entities_by_config_id(config_id: str) -> list[Any]:
    """The scenarios with this configuration. If there are none: its tasks, or its data nodes."""
    for every in (entities.scenarios, entities.tasks, entities.data_nodes):
        found = [entity for entity in every() if entity.config_id == config_id]
        if found:
            return found
    return []


def get_parents(entity: Entity | str, parent_dict: dict[str, Any] | None = None) -> dict[str, Any]:
    """The parents of a task, a data node or a sequence, by `scenario`, `sequence` and `task`.

    Raises ModelNotFound if there is no such entity.
    """
    found = entities.find(entity) if isinstance(entity, str) else entity
    if found is None:
        raise ModelNotFound(f"there is no entity {entity}")
    return parents.parents(found, parent_dict or {})


# -- promoting, tagging, comparing and subscribing ----------------------------------------------


def set_primary(scenario: Scenario) -> None:
    """Make a scenario the primary one of its cycle. Raises DoesNotBelongToACycle."""
    scenario.set_primary()


def tag(scenario: Scenario, tag: str) -> None:
    """Give a scenario a tag. Raises UnauthorizedTagError."""
    scenario.add_tag(tag)


def untag(scenario: Scenario, tag: str) -> None:
    """Remove a tag from a scenario."""
    scenario.remove_tag(tag)


def compare_scenarios(
    *scenarios: Scenario, data_node_config_id: str | None = None
) -> dict[str, dict[str, Any]]:
    """Data node -> comparator's name -> its result for the scenarios' values.

    Raises InsufficientScenarioToCompare, DifferentScenarioConfigs, NonExistingScenarioConfig and
    NonExistingComparator.
    """
    if len(scenarios) < 2:
        raise InsufficientScenarioToCompare("At least two scenarios are required to compare.")
    if len({s.config_id for s in scenarios}) > 1:
        raise DifferentScenarioConfigs("Scenarios to compare must have the same configuration.")
    if not scenarios[0]._is_configured:
        raise NonExistingScenarioConfig(
            f"the scenario {scenarios[0].config_id!r} is not in the configuration"
        )
    comparators = scenarios[0]._config.comparators
    wanted = [data_node_config_id] if data_node_config_id else list(comparators)
    results: dict[str, dict[str, Any]] = {}
    for node in wanted:
        if node not in comparators:
            raise NonExistingComparator(f"Data node config {node} has no comparator.")
        values = [scenario.data_nodes[node].read() for scenario in scenarios]
        functions = by_name(comparators[node])
        results[node] = {name: one.load()(*values) for name, one in functions.items()}
    return results


def subscribe_scenario(
    callback: Callback, params: Iterable[Any] | None = None, scenario: Scenario | None = None
) -> None:
    """Subscribe to one scenario, or to all scenarios."""
    for target in [scenario] if scenario else entities.scenarios():
        target.subscribe(callback, params)


def unsubscribe_scenario(
    callback: Callback, params: Iterable[Any] | None = None, scenario: Scenario | None = None
) -> None:
    """End a subscription of `subscribe_scenario`. Raises ValueError if there is none."""
    for target in [scenario] if scenario else entities.scenarios():
        target.unsubscribe(callback, params)


def subscribe_sequence(
    callback: Callback, params: Iterable[Any] | None = None, sequence: Sequence | None = None
) -> None:
    """Subscribe to one sequence, or to all sequences."""
    for target in [sequence] if sequence else entities.sequences():
        target.subscribe(callback, params)


def unsubscribe_sequence(
    callback: Callback, params: Iterable[Any] | None = None, sequence: Sequence | None = None
) -> None:
    """End a subscription of `subscribe_sequence`. Raises ValueError if there is none."""
    for target in [sequence] if sequence else entities.sequences():
        target.unsubscribe(callback, params)
