"""Taipy's module-level functions around execution: `tp.create_scenario`, `tp.submit`, ..."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from taipy_exec.api.data_node import DataNode
from taipy_exec.api.job import Job, Submission
from taipy_exec.api.scenario import (
    Registry,
    Scenario,
    Sequence_,
    Submittable,
    Task,
    new_scenario,
)
from taipy_exec.api.service import Service
from taipy_exec.config.application import DataNodeConfig, ScenarioConfig
from taipy_exec.config.typed_text import Scope
from taipy_exec.data.node import Owner, locate
from taipy_exec.engine.instances import write_default_data
from taipy_exec.errors import NotFoundError, UsageError


class Orchestrator:
    """The service that runs jobs. `tp.Core` is its older name."""

    def run(self, force_restart: bool = False) -> None:
        """Start running jobs; what was submitted before is worked off.

        Raises UsageError if it runs already, ConfigurationError with every problem of the
        configuration.
        """
        service = Service.get()
        if service.is_running and force_restart:
            service.stop()
            service = Service.get()
        service.start()

    def stop(self, wait: bool = True, timeout: float | None = None) -> None:
        """Stop running jobs. With `wait`, those that run end first, for at most `timeout` s."""
        if Service.current is not None:
            Service.current.stop(wait, timeout)


def run(*services: Any, **kwargs: Any) -> None:
    """Run each service, as Taipy's `run` does."""
    for service in services:
        service.run(**kwargs)


def create_scenario(
    config: ScenarioConfig, creation_date: dt.datetime | None = None, name: str | None = None
) -> Scenario:
    """A fresh instance of the scenario, with its default data written."""
    return new_scenario(config, creation_date, name)


def create_global_data_node(config: DataNodeConfig) -> DataNode:
    """A data node of scope GLOBAL by itself. Raises UsageError for another scope."""
    if config.scope is not Scope.GLOBAL:
        raise UsageError(f"data node {config.id!r} has the scope {config.scope.name}, not GLOBAL")
    service = Service.get()
    ref = locate(service.app, service.app.data_nodes[config.id], Owner(instance=""))
    write_default_data(service.store, [ref])
    return DataNode(ref, None)


def submit(
    entity: Submittable,
    force: bool = False,
    wait: bool = False,
    timeout: float | None = None,
    **properties: Any,
) -> Submission:
    """`entity.submit(...)`."""
    return entity.submit(None, force, wait, timeout, **properties)


def cancel_job(job: Job | str) -> None:
    """Cancel a job that waits, or stop one that runs; what follows it is ABANDONED.

    A job that has ended stays as it is.
    """
    id = job if isinstance(job, str) else job.id
    Service.get().cancel([id])


def get_jobs() -> list[Job]:
    """Every job of this process, oldest submission first."""
    return [job for submission in Registry.submissions.values() for job in submission.jobs]


def get_latest_job(task: Task) -> Job | None:
    """The last job of a task."""
    return next((job for job in reversed(get_jobs()) if job.task == task), None)


def get_submissions() -> list[Submission]:
    """Every submission of this process, oldest first."""
    return list(Registry.submissions.values())


def get_latest_submission(entity: Submittable) -> Submission | None:
    """The last submission of a scenario, sequence or task."""
    mine = [s for s in Registry.submissions.values() if s.entity_id == entity.id]
    return mine[-1] if mine else None


def get_scenarios(
    cycle: str | None = None,
    tag: str | None = None,
    is_sorted: bool = False,
    descending: bool = False,
    sort_key: str = "name",
) -> list[Scenario]:
    """The scenario instances of this process, optionally of one cycle and sorted."""
    found = [s for s in Registry.scenarios.values() if cycle is None or s.cycle == cycle]
    if is_sorted:
        found.sort(key=lambda s: str(getattr(s, sort_key, "")), reverse=descending)
    return found


def get_tasks() -> list[Task]:
    """The tasks of this process's scenario instances."""
    return [task for scenario in Registry.scenarios.values() for task in scenario.tasks.values()]


def get_sequences() -> list[Sequence_]:
    """The sequences of this process's scenario instances."""
    return [s for scenario in Registry.scenarios.values() for s in scenario.sequences.values()]


def get_data_nodes() -> list[DataNode]:
    """The data nodes of this process's scenario instances, each once."""
    found = {
        node.id: node
        for scenario in Registry.scenarios.values()
        for node in scenario.data_nodes.values()
    }
    return list(found.values())


def get(id: str) -> Any:
    """The entity with this id. Raises NotFoundError."""
    if id in Registry.scenarios:
        return Registry.scenarios[id]
    if id in Registry.submissions:
        return Registry.submissions[id]
    for entities in (get_jobs(), get_tasks(), get_sequences(), get_data_nodes()):
        for entity in entities:
            if entity.id == id:
                return entity
    raise NotFoundError(f"this process has no entity {id}")


def exists(id: str) -> bool:
    """Whether this process has an entity with this id."""
    try:
        get(id)
    except NotFoundError:
        return False
    return True


def delete(id: str) -> None:
    """Forget a scenario instance in this process; its files and its history stay."""
    if Registry.scenarios.pop(id, None) is None:
        raise NotFoundError(f"this process has no scenario instance {id}")


def is_submittable(entity: Submittable | str) -> bool:
    """Whether every input of the entity has a value."""
    return bool((get(entity) if isinstance(entity, str) else entity).is_ready_to_run())


def compare_scenarios(
    *scenarios: Scenario, data_node_config_id: str | None = None
) -> dict[str, dict[str, Any]]:
    """Data node -> comparator's name -> its result for the scenarios' values.

    Raises UsageError for fewer than two scenarios or different configurations.
    """
    if len(scenarios) < 2 or len({s.config_id for s in scenarios}) > 1:
        raise UsageError("give two or more scenarios of the same configuration")
    comparators = scenarios[0]._config.comparators
    wanted = [data_node_config_id] if data_node_config_id else list(comparators)
    results: dict[str, dict[str, Any]] = {}
    for node in wanted:
        if node not in comparators:
            raise NotFoundError(f"there is no comparator for data node {node!r}")
        values = [scenario.data_nodes[node].read() for scenario in scenarios]
        results[node] = {
            ref.path.rpartition(".")[2]: ref.load()(*values) for ref in comparators[node]
        }
    return results


def subscribe_scenario(
    callback: Callable[..., Any],
    params: Iterable[Any] | None = None,
    scenario: Scenario | None = None,
) -> None:
    """Subscribe to one scenario instance, or to all that there are."""
    for target in [scenario] if scenario else list(Registry.scenarios.values()):
        target.subscribe(callback, params)


def unsubscribe_scenario(
    callback: Callable[..., Any],
    params: Iterable[Any] | None = None,
    scenario: Scenario | None = None,
) -> None:
    """End what `subscribe_scenario` began."""
    for target in [scenario] if scenario else list(Registry.scenarios.values()):
        target.unsubscribe(callback, params)
