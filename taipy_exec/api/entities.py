"""What a program holds in hand: scenarios, sequences, tasks, data nodes, jobs, submissions."""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from taipy_exec.api.service import Service
from taipy_exec.config.application import ScenarioConfig, TaskConfig
from taipy_exec.config.typed_text import Scope
from taipy_exec.data.node import DataNodeRef, cycle_id
from taipy_exec.engine.instances import instance_nodes, make_instance, read_node, write_node
from taipy_exec.engine.plan import SubmissionPlan, node_key
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Status, SubmissionStatus
from taipy_exec.store.rows import Edit, Instance

log = logging.getLogger("taipy_exec")

Callback = Callable[..., Any]


def _when(seconds: float | None) -> dt.datetime | None:
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC)


class _Entity:
    id: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"


class DataNode(_Entity):
    """One piece of data of a scenario instance."""

    def __init__(self, service: Service, ref: DataNodeRef, owner_id: str | None) -> None:
        self._service = service
        self._ref = ref
        self.id = ref.id
        self.config_id = ref.config.id
        self.scope: Scope = ref.config.scope
        self.owner_id = owner_id if ref.config.scope is Scope.SCENARIO else None

    @property
    def properties(self) -> dict[str, Any]:
        """The storage type's properties and the additional ones."""
        found = dict(self._ref.config.properties)
        if self._ref.path is not None:
            found["path"] = self.path
            found["is_generated"] = self._ref.is_generated
        return found

    @property
    def path(self) -> str | None:
        """The file, relative to the working folder where it lies below it."""
        if self._ref.path is None:
            return None
        try:
            return str(self._ref.path.relative_to(self._service.app.root))
        except ValueError:
            return str(self._ref.path)

    @property
    def is_generated(self) -> bool:
        """Whether the path is ours rather than the user's."""
        return self._ref.is_generated

    @property
    def name(self) -> str | None:
        """The property `name`."""
        return self._ref.config.properties.get("name")

    def storage_type(self) -> str:
        """The name of the storage type."""
        return self._ref.config.storage_type

    def read(self) -> Any:
        """The value; None, with a warning, if it was never written."""
        if self._ref.changed_at() is None:
            log.warning(
                "Data node %s from config %s is being read but has never been written.",
                self.id,
                self.config_id,
            )
            return None
        return read_node(self._ref)

    def read_or_raise(self) -> Any:
        """The value. Raises DataError if it was never written."""
        return read_node(self._ref)

    def write(self, data: Any, job_id: str | None = None, **kwargs: Any) -> None:
        """Replace the value; jobs that wait for it may run then."""
        write_node(self._ref, data)
        self.track_edit(job_id=job_id, **kwargs)

    def append(self, data: Any, **kwargs: Any) -> None:
        """Add to the value, by the storage type's rule."""
        self._ref.append(data)
        self.track_edit(**kwargs)

    def track_edit(
        self, job_id: str | None = None, editor: str | None = None, comment: str | None = None
    ) -> None:
        """Record that the value was changed now."""
        edit = Edit(node=self.id, at=time.time(), job=job_id, editor=editor, comment=comment)
        self._service.written(node_key(self._ref), edit)

    @property
    def edits(self) -> list[dict[str, Any]]:
        """Every recorded write: timestamp and, where known, job_id, editor, comment."""
        found = []
        for edit in self._service.store.edits(self.id):
            fields = {
                "timestamp": _when(edit.at),
                "job_id": edit.job,
                "editor": edit.editor,
                "comment": edit.comment,
            }
            found.append({key: value for key, value in fields.items() if value is not None})
        return found

    @property
    def job_ids(self) -> list[str]:
        """The jobs that wrote the value, oldest first."""
        return [edit.job for edit in self._service.store.edits(self.id) if edit.job]

    @property
    def last_edit_date(self) -> dt.datetime | None:
        """When the value last changed, by a record or by the file's own time."""
        changed = self._ref.changed_at()
        if changed is None:
            return None
        recorded = self._service.store.last_edits([self.id]).get(self.id)
        return _when(max(changed, recorded.at if recorded else changed))

    @property
    def edit_in_progress(self) -> bool:
        """Whether an unfinished job is to write it."""
        engine = self._service.engine
        if engine is None:
            return False
        key = node_key(self._ref)
        jobs = list(engine.coordinator.board.jobs.values())
        return any(key in job.outputs and not job.status.is_final for job in jobs)

    @property
    def is_ready_for_reading(self) -> bool:
        """Written, and no job is about to write it."""
        return self._ref.changed_at() is not None and not self.edit_in_progress

    @property
    def is_valid(self) -> bool:
        """Written, and not older than its validity period."""
        edited = self.last_edit_date
        if edited is None:
            return False
        period = self._ref.config.validity_period
        return period is None or dt.datetime.now(dt.UTC) <= edited + period

    @property
    def validity_period(self) -> dt.timedelta | None:
        """How long a value stays valid."""
        return self._ref.config.validity_period

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            properties = self.__dict__["_ref"].config.properties
            if name in properties:
                return properties[name]
        raise AttributeError(f"data node has no attribute or property {name!r}")


class _Submittable(_Entity):
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
        service = self._scenario._service

        def call(record: JobRecord, status: Status) -> None:
            job = Job(record, self, force, service, status)
            for callback in reversed(list(callbacks or ())):
                callback(job)
            for subscriber, params in self._subscribers:
                subscriber(*params, self, job)

        plan = service.submit(
            self._scenario._config,
            self._scenario._instance,
            self._target,
            force=force,
            callbacks=[call] if callbacks or self._subscribers else [],
            properties=properties,
        )
        made = Submission(service, self, plan, properties)
        self._scenario._submissions.append(made)
        Registry.submissions[made.id] = made
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


class Task(_Submittable):
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


class Sequence_(_Submittable):
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


class Scenario(_Submittable):
    """An instance of a scenario, with data nodes of its own."""

    entity_type = "SCENARIO"
    _target = "scenario"

    def __init__(self, service: Service, config: ScenarioConfig, instance: Instance) -> None:
        super().__init__(self)
        self._service = service
        self._config = config
        self._instance = instance
        self._submissions: list[Submission] = []
        self.id = instance.id
        self.config_id = config.id
        self.owner_id = instance.cycle or None
        refs = instance_nodes(service.app, config, instance)
        self.data_nodes = {name: DataNode(service, ref, instance.id) for name, ref in refs.items()}
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


class Job(_Entity):
    """One execution of a task. A callback gets it with the status of the change it is told."""

    def __init__(
        self,
        record: JobRecord,
        entity: _Submittable,
        force: bool,
        service: Service,
        status: Status | None = None,
    ) -> None:
        self._record = record
        self._status = status
        self._entity = entity
        self._service = service
        self.id = record.id
        self.force = force
        self.submit_id = record.submission
        self.submit_entity = entity

    @property
    def submit_entity_id(self) -> str:
        """The id of what was submitted."""
        return self._entity.id

    @property
    def task(self) -> Task:
        """The task."""
        return self._entity._scenario.tasks[self._record.task]

    @property
    def owner_id(self) -> str:
        """The task's id."""
        return self.task.id

    @property
    def status(self) -> Status:
        """The status at this moment."""
        return self._status or self._record.status

    @property
    def reason(self) -> str | None:
        """Why it is in its status."""
        return self._record.reason

    @property
    def history(self) -> tuple[Status, ...]:
        """The statuses that it has been in, in order of time."""
        return self._record.history

    @property
    def stacktrace(self) -> list[str]:
        """The traceback of what it raised, as a list of one text; empty if it did not."""
        failure = self._record.failure
        if failure is None:
            return []
        return [failure.traceback or failure.message]

    @property
    def creation_date(self) -> dt.datetime | None:
        """When it was made, in UTC."""
        return _when(self._record.submitted_at)

    submitted_at = creation_date

    @property
    def run_at(self) -> dt.datetime | None:
        """When it was started, in UTC."""
        return _when(self._record.started_at)

    @property
    def finished_at(self) -> dt.datetime | None:
        """When it ended, in UTC."""
        return _when(self._record.finished_at)

    @property
    def execution_duration(self) -> float | None:
        """Seconds that it ran, so far."""
        record = self._record
        if record.duration is not None or record.started_at is None:
            return record.duration
        return time.time() - record.started_at

    @property
    def pending_duration(self) -> float | None:
        """Seconds from when it could run to when it was started."""
        record = self._record
        if record.pending_at is None:
            return None
        return (record.started_at or record.finished_at or time.time()) - record.pending_at

    @property
    def blocked_duration(self) -> float | None:
        """Seconds that it waited for its inputs."""
        record = self._record
        if record.blocked_at is None:
            return None
        return (record.pending_at or record.finished_at or time.time()) - record.blocked_at

    def is_deletable(self) -> bool:
        """Whether it has ended."""
        return self.is_finished()

    def is_finished(self) -> bool:
        """Whether it has reached a final status."""
        return self.status.is_final

    def is_submitted(self) -> bool:
        return self.status is Status.SUBMITTED

    def is_blocked(self) -> bool:
        return self.status is Status.BLOCKED

    def is_pending(self) -> bool:
        return self.status is Status.PENDING

    def is_running(self) -> bool:
        return self.status is Status.RUNNING

    def is_canceled(self) -> bool:
        return self.status is Status.CANCELED

    def is_failed(self) -> bool:
        return self.status is Status.FAILED

    def is_completed(self) -> bool:
        return self.status is Status.COMPLETED

    def is_skipped(self) -> bool:
        return self.status is Status.SKIPPED

    def is_abandoned(self) -> bool:
        return self.status is Status.ABANDONED


class Submission(_Entity):
    """The jobs created together by one submit."""

    def __init__(
        self,
        service: Service,
        entity: _Submittable,
        plan: SubmissionPlan,
        properties: Mapping[str, Any],
    ) -> None:
        self._service = service
        self._record = plan.record
        self.id = plan.record.id
        self.entity = entity
        self.entity_id = entity.id
        self.entity_type = entity.entity_type
        self.entity_config_id = entity.config_id
        self.properties = dict(properties)
        self.jobs = [Job(job, entity, plan.record.force, service) for job in plan.jobs]

    @property
    def submission_status(self) -> SubmissionStatus:
        """The status by Taipy's rules, at this moment."""
        return self._record.status

    @property
    def is_completed(self) -> bool:
        return self.submission_status is SubmissionStatus.COMPLETED

    @property
    def is_canceled(self) -> bool:
        return self.submission_status is SubmissionStatus.CANCELED

    @property
    def is_abandoned(self) -> bool:
        return any(job.is_abandoned() for job in self.jobs)

    def is_finished(self) -> bool:
        """As Taipy has it: COMPLETED, FAILED or CANCELED, also while other jobs still run."""
        return self.submission_status in (
            SubmissionStatus.COMPLETED,
            SubmissionStatus.FAILED,
            SubmissionStatus.CANCELED,
        )

    def is_deletable(self) -> bool:
        """Whether every job has ended."""
        return self._record.unfinished == 0

    @property
    def creation_date(self) -> dt.datetime | None:
        """When it was made, in UTC."""
        return _when(self._record.created_at)

    submitted_at = creation_date

    @property
    def run_at(self) -> dt.datetime | None:
        """When its first job was started, in UTC."""
        return min((job.run_at for job in self.jobs if job.run_at), default=None)

    @property
    def finished_at(self) -> dt.datetime | None:
        """When its last job ended, in UTC."""
        return _when(self._record.finished_at)

    @property
    def execution_duration(self) -> float | None:
        """Seconds from the first start to the end, so far."""
        if self.run_at is None:
            return None
        end = self.finished_at or dt.datetime.now(dt.UTC)
        return (end - self.run_at).total_seconds()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until every job has ended, or nothing can run any more; whether all have ended.

        `timeout` is in seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._record.unfinished:
            left = None if deadline is None else deadline - time.monotonic()
            if (left is not None and left <= 0) or (
                self._service.is_running and self._service.is_stuck
            ):
                break
            if not self._service.is_running and left is None:
                log.warning("waiting needs Orchestrator().run(): %s stays as it is", self.id)
                break
            with self._service.changed:
                self._service.changed.wait(0.1 if left is None else min(left, 0.1))
        return self._record.unfinished == 0


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
