"""Scenario instances with their sequences and tasks: what can be submitted."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from taipy_exec.api.data_node import DataNode
from taipy_exec.api.entity import Entity
from taipy_exec.api.job import Job, Submission
from taipy_exec.api.notebook import table_html
from taipy_exec.api.service import Service
from taipy_exec.config.application import ScenarioConfig, TaskConfig
from taipy_exec.data.node import cycle_id
from taipy_exec.engine.instances import instance_nodes, make_instance
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Status
from taipy_exec.store.rows import Instance

log = logging.getLogger("taipy_exec")

Callback = Callable[..., Any]


class Submittable(Entity):
    """What scenarios, sequences and tasks have in common."""

    _target: str
    entity_type: str
    config_id: str

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._subscribers: list[tuple[Callback, list[Any]]] = []

    def submit(
        self,
        callbacks: Sequence[Callback] | None = None,
        force: bool = False,
        wait: bool = False,
        timeout: float | None = None,
        **properties: Any,
    ) -> Submission:
        """Create the jobs and run them, or queue them where the mode has a queue.

        `callbacks` get each job at each change of its status. With `wait`, return when the
        submission can go no further, or after `timeout` seconds; nothing is raised then.
        """
        service = Service.get()

        def call(record: JobRecord, status: Status) -> None:
            job = Job(record, self, force, service, status)
            calls: list[tuple[Callback, list[Any]]] = [
                *((callback, [job]) for callback in reversed(list(callbacks or ()))),
                *((callback, [*params, self, job]) for callback, params in self._subscribers),
            ]
            for callback, arguments in calls:
                try:
                    callback(*arguments)
                except Exception:
                    log.exception("callback %r raised for job %s", callback, job.id)

        plan = service.new_submission(
            self._scenario._config,
            self._scenario._instance,
            self._target,
            force=force,
            callbacks=[call] if callbacks or self._subscribers else [],
            properties=properties,
        )
        made = Submission(service, self, plan, properties)
        Registry.submissions[made.id] = made
        service.hand_over(plan)
        if wait:
            made.wait(timeout)
        return made

    def subscribe(self, callback: Callback, params: Iterable[Any] | None = None) -> None:
        """Have `callback(*params, self, job)` called at each change of a job's status."""
        self._subscribers.append((callback, list(params or ())))

    def unsubscribe(self, callback: Callback, params: Iterable[Any] | None = None) -> None:
        """End a subscription. Raises ValueError where there is none."""
        wanted = None if params is None else list(params)
        for entry in self._subscribers:
            if entry[0] == callback and (wanted is None or entry[1] == wanted):
                self._subscribers.remove(entry)
                return
        raise ValueError(f"{callback} is not subscribed")

    def _repr_html_(self) -> str:
        mine = (s for s in reversed(Registry.submissions.values()) if s.entity_id == self.id)
        last = next(mine, None)
        if last is not None:
            return last._repr_html_()
        return table_html(self._label, None, (), self._graph(), Service.latest().redact)

    @property
    def _label(self) -> str:
        """What people call it."""
        named = self._scenario.name
        return f"{self.config_id} / {named}" if named else self.config_id

    def _graph(self) -> Any:
        return self._scenario._config.graph(self._target)

    def get_inputs(self) -> set[DataNode]:
        """The data nodes that are read and not written here."""
        return {self._scenario.data_nodes[name] for name in self._graph().inputs}

    def get_outputs(self) -> set[DataNode]:
        """The data nodes that are written and not read here."""
        return {self._scenario.data_nodes[name] for name in self._graph().outputs}

    def get_intermediate(self) -> set[DataNode]:
        """The data nodes that are written and read here."""
        return {self._scenario.data_nodes[name] for name in self._graph().intermediate}

    def is_ready_to_run(self) -> bool:
        """Whether every input has a value."""
        return all(node.is_ready_for_reading for node in self.get_inputs())


class Task(Submittable):
    """A function between data nodes of a scenario instance."""

    entity_type = "TASK"

    def __init__(self, scenario: Scenario, config: TaskConfig) -> None:
        super().__init__(scenario)
        self._config = config
        self._target = f"task:{config.id}"
        self.config_id = config.id
        self.id = f"TASK_{config.id}_{uuid.uuid5(uuid.NAMESPACE_OID, scenario.id)}"
        self.owner_id = scenario.id

    @property
    def function(self) -> Callable[..., Any] | None:
        """The user's function."""
        return self._config.function

    @property
    def skippable(self) -> bool:
        """Whether the task may be skipped when its outputs are up to date."""
        return self._config.skippable

    @property
    def input(self) -> dict[str, DataNode]:
        """Inputs by id, in the order of the arguments."""
        return {name: self._scenario.data_nodes[name] for name in self._config.input_ids}

    @property
    def output(self) -> dict[str, DataNode]:
        """Outputs by id, in the order of the results."""
        return {name: self._scenario.data_nodes[name] for name in self._config.output_ids}

    @property
    def properties(self) -> dict[str, Any]:
        """Additional properties."""
        return dict(self._config.properties)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            config = self.__dict__["_config"]
            if name in (*config.input_ids, *config.output_ids):
                return self._scenario.data_nodes[name]
            if name in config.properties:
                return config.properties[name]
        raise AttributeError(f"task has no attribute, data node or property {name!r}")


class Sequence_(Submittable):
    """Some tasks of a scenario, under a name."""

    entity_type = "SEQUENCE"

    def __init__(self, scenario: Scenario, name: str, tasks: Sequence[TaskConfig]) -> None:
        super().__init__(scenario)
        self._target = f"sequence:{name}"
        self.name = name
        self.config_id = name
        self.id = f"SEQUENCE_{name}_{scenario.id}"
        self.owner_id = scenario.id
        self.tasks = {task.id: scenario.tasks[task.id] for task in tasks}

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            tasks = self.__dict__.get("tasks", {})
            if name in tasks:
                return tasks[name]
            nodes = self.__dict__["_scenario"].data_nodes
            if name in nodes:
                return nodes[name]
        raise AttributeError(f"sequence has no attribute, task or data node {name!r}")


class Scenario(Submittable):
    """An instance of a scenario, with data nodes of its own."""

    entity_type = "SCENARIO"
    _target = "scenario"

    def __init__(self, service: Service, config: ScenarioConfig, instance: Instance) -> None:
        super().__init__(self)
        self._config = config
        self._instance = instance
        self.id = instance.id
        self.config_id = config.id
        self.owner_id = instance.cycle or None
        refs = instance_nodes(service.app, config, instance)
        self.data_nodes = {name: DataNode(ref, instance.id) for name, ref in refs.items()}
        self.additional_data_nodes = {
            node.id: self.data_nodes[node.id] for node in config.additional_data_nodes
        }
        self.tasks = {task.id: Task(self, task) for task in config.tasks}
        self.sequences = {
            name: Sequence_(self, name, tasks) for name, tasks in config.sequences.items()
        }

    @property
    def name(self) -> str | None:
        """The name that was given, if any."""
        return None if self._instance.name == self.id else self._instance.name

    @property
    def creation_date(self) -> dt.datetime:
        """When it was made, in UTC."""
        return dt.datetime.fromtimestamp(self._instance.created_at, dt.UTC)

    @property
    def properties(self) -> dict[str, Any]:
        """Additional properties of the configuration, and the name."""
        found = dict(self._config.properties)
        if self.name:
            found["name"] = self.name
        return found

    @property
    def cycle(self) -> str | None:
        """The id of the cycle that it lies in."""
        return cycle_id(self._config.frequency, self.creation_date) or None

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            for place in ("data_nodes", "tasks", "sequences"):
                found = self.__dict__.get(place, {})
                if name in found:
                    return found[name]
            if name in self._config.properties:
                return self._config.properties[name]
        raise AttributeError(
            f"scenario has no attribute, data node, task, sequence or property {name!r}"
        )


class Registry:
    """The entities that this process has made, in order. Earlier runs' stay in their store."""

    scenarios: dict[str, Scenario] = {}
    submissions: dict[str, Submission] = {}


def new_scenario(
    config: ScenarioConfig, creation_date: dt.datetime | None, name: str | None
) -> Scenario:
    """Make, store and register an instance of a scenario.

    Raises ConfigurationError where the configuration or the graph is invalid.
    """
    service = Service.get()
    frozen = service.app.scenario(config.id)
    frozen.graph()
    instance = make_instance(service.store, service.app, frozen, name=name, created=creation_date)
    scenario = Scenario(service, frozen, instance)
    Registry.scenarios[scenario.id] = scenario
    return scenario
